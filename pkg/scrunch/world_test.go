package scrunch

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/bubble"
	"yardstick/pkg/canary"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

const (
	address   = "127.0.0.1:1003"
	keySecret = "scrunch/main/api-key"
	firstKey  = "the-key-of-the-organization"
	closed    = "2026-11-17" // a day that is over
	today     = "2026-11-18" // a Wednesday; tests begin at its noon
)

// world is a source before a server, on fake time. Its logs and errors are looked through for keys when the test ends.
type world struct {
	*testing.T
	watch   *canary.Watch
	log     *slog.Logger
	told    bytes.Buffer // logs and errors
	source  *Source
	vault   *credentialtest.Memory
	network *bubble.Network
	spool   *snapshot.Spool
}

// inBubble runs a test in a bubble, at noon of today, before a server of its own.
func inBubble(t *testing.T, server http.Handler, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pass(time.Until(time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)))
		w := newWorld(t, server)
		test(w)
	})
}

// pass lets time go by.
func pass(d time.Duration) { <-time.After(d) }

func newWorld(t *testing.T, server http.Handler) *world {
	t.Helper()
	w := &world{T: t, network: &bubble.Network{}, vault: credentialtest.NewMemory(), spool: snapshottest.NewSpool(t)}
	t.Cleanup(func() { _ = w.spool.Close() })
	w.watch, w.log = canary.NewWatch(server), slog.New(slog.NewJSONHandler(&w.told, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.watch.Note("API key", firstKey)
	t.Cleanup(w.noKeyIsTold)
	w.network.Serve(t, address, w.watch)
	w.vault.Store(keySecret, firstKey)
	w.open(nil)
	return w
}

func (w *world) noKeyIsTold() {
	w.Helper()
	scanner, err := canary.New(w.watch.Secrets())
	if err != nil {
		w.Fatal(err)
	}
	for _, found := range scanner.Text("a log or an error", w.told.String()) {
		w.Errorf("%s", found)
	}
}

// open begins a run; configure changes its settings.
func (w *world) open(configure func(c *Config, client *rest.Config)) {
	w.Helper()
	pace := rest.NewPace(time.Now)
	with := rest.Config{BaseURL: "http://" + address + "/v1", Transport: w.network.Transport(w), Pace: pace, Now: time.Now, Log: w.log}
	c := Config{Pace: pace, Vault: w.vault, KeySecret: keySecret, Reports: Reports()}
	if configure != nil {
		configure(&c, &with)
	}
	var err error
	if c.Client, err = rest.New(with); err != nil {
		w.Fatal(err)
	}
	w.source = New(c)
}

// reports begins a run with these reports in place of the known ones.
func (w *world) reports(reports ...Report) {
	w.Helper()
	w.open(func(c *Config, _ *rest.Config) { c.Reports = reports })
}

// inScrunch runs a test in a bubble before a simulated Scrunch, which takes the first key unless the test says otherwise.
func inScrunch(t *testing.T, c simulator.ScrunchConfig, test func(w *world, s *simulator.Scrunch)) {
	t.Helper()
	s := newScrunch(c)
	inBubble(t, s, func(w *world) { test(w, s) })
}

func newScrunch(c simulator.ScrunchConfig) *simulator.Scrunch {
	c.Now = time.Now
	if c.Keys == nil {
		c.Keys = []simulator.ScrunchKey{{Key: firstKey}}
	}
	return simulator.NewScrunch(c)
}

// window is a day of a dataset, of the first brand where it has brands.
func window(dataset, day string) export.Window {
	w := export.Window{Dataset: dataset, Part: "brand-101", Day: dayOf(day), Closed: day < today}
	if dataset == "brands" {
		w.Part = dataset
	}
	return w
}

func dayOf(text string) export.Day {
	day, err := snapshot.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return day
}

// read reads a window into the spool.
func (w *world) read(window export.Window) (export.Proof, []string, error) {
	w.Helper()
	if err := w.spool.Reset(); err != nil {
		w.Fatal(err)
	}
	proof, err := w.source.Read(w.Context(), window, w.spool)
	if err != nil {
		w.log.Error("what is told of a failure", "error", err, "as %#v", fmt.Sprintf("%#v", err))
		return proof, nil, err
	}
	return proof, snapshottest.Lines(w, w.spool), nil
}

// whole reads a window and fails the test unless it is whole.
func (w *world) whole(window export.Window) []string {
	w.Helper()
	_, lines, err := w.read(window)
	if err != nil {
		w.Fatal(err)
	}
	return lines
}

// check holds a failure against what is expected of it: a kind, how far it reaches, one line, and no secret.
func (w *world) check(err error, want export.Error, says ...string) {
	w.Helper()
	known, ok := errors.AsType[*export.Error](err)
	if !ok || known.Kind != want.Kind || known.Part != want.Part || known.Account != want.Account {
		w.Fatalf("%#v: %v; expected %+v", known, err, want)
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			w.Errorf("%q; expected %q in it", err, part)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\x00") || strings.Contains(err.Error(), firstKey) {
		w.Errorf("%q is not fit to be shown", err)
	}
}

// asked are the requests that reached an endpoint of a simulated Scrunch.
func asked(s *simulator.Scrunch, endpoint string) (all []simulator.Request) {
	for _, r := range s.Requests() {
		if r.Endpoint == endpoint {
			all = append(all, r)
		}
	}
	return all
}

// on is a fault for every request to an endpoint.
func on(endpoint string, answer func(simulator.Request) *simulator.Answer) func(simulator.Request) *simulator.Answer {
	return func(r simulator.Request) *simulator.Answer {
		if r.Endpoint == endpoint {
			return answer(r)
		}
		return nil
	}
}

// reply is an answer of that body.
func reply(status int, contentType, body string) *simulator.Answer {
	return &simulator.Answer{Reply: &simulator.Reply{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}}
}

// tagged are records as they are exported for the first brand of a simulated Scrunch.
func tagged(s *simulator.Scrunch, records []string) []string {
	brand := s.Records(simulator.Brands, 0, "")[0] // {"id":101,"name":"...","website":"..."}
	_, name, _ := strings.Cut(brand, `"name":`)
	name, _, _ = strings.Cut(name, `,"website"`)
	lines := make([]string, len(records))
	for i, record := range records {
		lines[i] = fmt.Sprintf(`{"brand_id":101,"brand_name":%s,%s`, name, record[1:])
	}
	return lines
}
