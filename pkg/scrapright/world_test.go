package scrapright

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/bubble"
	scan "yardstick/pkg/canary" // canary is a record's value in these tests
	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

const (
	keySecret     = "yard/api-key"
	sessionSecret = "yard/session"
	yardKey       = "the-first-key-of-the-yard"
	yardAddress   = "127.0.0.1:1001"
	today         = "2026-11-18" // a Wednesday
)

func isRefused(err error) bool { return errors.Is(err, credential.ErrRefused) }

// yard is a source before a simulated yard, on fake time. Its logs and errors are looked through for keys and tokens when
// the test ends.
type yard struct {
	*testing.T
	*simulator.Yard
	watch   *scan.Watch
	log     *slog.Logger
	told    bytes.Buffer // logs and errors
	source  *Source
	vault   *credentialtest.Memory
	network *bubble.Network
	spool   *snapshot.Spool
}

// inYard runs a test in a bubble, at noon of today. The yard grants 6,000 requests a minute unless told otherwise.
func inYard(t *testing.T, cfg simulator.YardConfig, test func(y *yard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(time.Until(time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)))
		cfg.APIKey, cfg.Now = yardKey, time.Now
		if cfg.RequestsPerMinute == 0 {
			cfg.RequestsPerMinute = 6000
		}
		if cfg.Customers == 0 {
			cfg.Customers = 250
		}
		y := &yard{T: t, Yard: simulator.NewYard(cfg), network: &bubble.Network{}, spool: snapshottest.NewSpool(t)}
		y.watch = scan.NewWatch(y.Yard)
		y.log = slog.New(slog.NewJSONHandler(&y.told, &slog.HandlerOptions{Level: slog.LevelDebug}))
		y.network.Serve(t, yardAddress, y.watch)
		y.open(0)
		y.vault.Store(keySecret, yardKey)
		test(y)
		if twice := y.RefreshTokensSentTwice(); len(twice) > 0 {
			t.Errorf("refresh tokens sent twice: %q", twice)
		}
		y.noSecretIsTold()
	})
}

func (y *yard) noSecretIsTold() {
	y.Helper()
	scanner, err := scan.New(y.watch.Secrets())
	if err != nil {
		y.Fatal(err)
	}
	for _, found := range scanner.Text("a log or an error", y.told.String()) {
		y.Errorf("%s", found)
	}
}

// open begins a run with a vault of its own. Answers may be that large; 0: as large as usual.
func (y *yard) open(maxBody int64) {
	y.Helper()
	pace := rest.NewPace(time.Now)
	client, err := rest.New(rest.Config{BaseURL: "http://" + yardAddress, Transport: y.network.Transport(y), Pace: pace,
		Now: time.Now, Log: y.log, MaxBody: maxBody})
	if err != nil {
		y.Fatal(err)
	}
	y.source, y.vault = newSource(client, pace, map[string]Dataset{
		"purchases":  {Path: "/api/v1/purchase", From: "startDate", To: "endDate", DateFormat: "2006-01-02", PageSize: 100},
		"customers":  {Path: "/api/v1/customer", PageSize: 100},
		"businesses": {Path: "/api/v1/business", PageSize: 100},
	})
	y.source.Ladder = credential.New(credential.Config{Vault: y.vault, KeySecret: keySecret, SessionSecret: sessionSecret,
		Issuer: Issuer{Client: client}, Granted: pace.SetLimit, Now: time.Now, Log: y.log})
}

func (y *yard) window(dataset string) export.Window {
	return export.Window{Dataset: dataset, Part: dataset, Day: date(y.T, today)}
}

// read reads a dataset as of today.
func (y *yard) read(dataset string) (export.Proof, []string, error) {
	y.Helper()
	if err := y.spool.Reset(); err != nil {
		y.Fatal(err)
	}
	proof, err := y.source.Read(y.Context(), y.window(dataset), y.spool)
	if err != nil {
		y.log.Error("what is told of a failure", "error", err, "as %#v", fmt.Sprintf("%#v", err))
		return proof, nil, err
	}
	return proof, snapshottest.Lines(y, y.spool), nil
}

// whole reads a dataset and fails the test unless it is whole.
func (y *yard) whole(dataset string) export.Proof {
	y.Helper()
	proof, rows, err := y.read(dataset)
	if err != nil {
		y.Fatal(err)
	}
	day := ""
	if dataset == simulator.Purchases {
		day = today
	}
	if want := y.Records(dataset, day); !slices.Equal(want, rows) && len(want)+len(rows) > 0 {
		y.Fatalf("%d rows of %s; expected the %d that there are", len(rows), dataset, len(want))
	}
	return proof
}

// pages are the pages of a dataset that were asked for since the nth request, and how each was answered.
func (y *yard) pages(dataset string, since int) (pages []asked) {
	for _, r := range y.Requests()[since:] {
		if r.Endpoint == dataset {
			pages = append(pages, asked{r.Page, r.Status})
		}
	}
	return pages
}

type asked struct{ page, status int }

// tokenCalls fails the test unless there were so many.
func (y *yard) tokenCalls(exchanges, refreshes int) {
	y.Helper()
	if e, r := y.Count(simulator.TokenEndpoint), y.Count(simulator.RefreshEndpoint); e != exchanges || r != refreshes {
		y.Errorf("%d exchanges and %d refreshes; expected %d and %d", e, r, exchanges, refreshes)
	}
}

// onPage is a fault for one page of a dataset.
func onPage(dataset string, page int, answer func() *simulator.Answer) func(simulator.Request) *simulator.Answer {
	return func(r simulator.Request) *simulator.Answer {
		if r.Endpoint == dataset && r.Page == page {
			return answer()
		}
		return nil
	}
}

// check holds a failure against what is expected of it: every one names endpoint and page, and shows no secret.
func (y *yard) check(err error, kind export.Kind, account bool, says ...string) {
	y.Helper()
	known, ok := errors.AsType[*export.Error](err)
	if !ok || known.Kind != kind || known.Account != account {
		y.Fatalf("%#v: %v; expected kind %s, account %v", err, err, kind, account)
	}
	err = known // what others show of it
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			y.Errorf("%q; expected %q in it", err, part)
		}
	}
	session, _ := y.vault.Held(sessionSecret)
	for secret := range strings.SplitSeq(session, `"`) {
		if len(secret) > 100 && strings.Contains(err.Error(), secret) {
			y.Errorf("%q shows a token", err)
		}
	}
	if strings.Contains(err.Error(), yardKey) {
		y.Errorf("%q shows the key", err)
	}
}
