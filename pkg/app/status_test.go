package app_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/about"
	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// status is the status of the world's one account, with the whole of it.
func (w *world) status() (app.Status, app.AccountStatus) {
	w.Helper()
	s, err := w.open().Status(w.Context())
	if err != nil || len(s.Sources) != 1 || len(s.Sources[0].Accounts) != 1 {
		w.Fatal(err, show(s))
	}
	return s, s.Sources[0].Accounts[0]
}

func TestTheStatusAfterARunIsThatAllIsWellAndNothingIsChanged(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-09", func(w *world) {
		r := w.run(app.Event{}, export.Complete)
		w.pass(10 * time.Minute)
		before, asked := w.keys(""), len(w.yard.Requests())
		s, a := w.status()
		if troubles := s.Troubles(); len(troubles) > 0 || len(s.Faults) > 0 || len(a.Notes) > 0 {
			w.Errorf("troubles %q, faults %q, notes %q; expected none", troubles, s.Faults, a.Notes)
		}
		if len(s.Sources[0].Runs) != 1 || s.Sources[0].Runs[0].Run != r.Run || s.Sources[0].Runs[0].Requests != r.Accounts[0].Requests {
			w.Errorf("runs %s, expected that of %s", show(s.Sources[0].Runs), r.Run)
		}
		if !a.FreshAt.Equal(r.Accounts[0].FreshAt) || !a.Credential.RenewableUntil.Equal(r.Accounts[0].RenewableUntil) || a.Credential.State != about.Good {
			w.Errorf("fresh at %s, credential %s; the run says %s and %s", a.FreshAt, show(a.Credential), r.Accounts[0].FreshAt, r.Accounts[0].RenewableUntil)
		}
		if f := w.forecast(app.Event{}); a.Backlog.Parts != 1 || a.Backlog.Open != 1 || a.Backlog.Requests != f.Requests || a.Backlog.Hours == nil {
			w.Errorf("backlog %s, expected the open day and %d requests", show(a.Backlog), f.Requests)
		}
		if d := a.Datasets[0]; d.Rows != w.dataset(r, "purchases").Rows || d.Count(about.Missing) != 0 {
			w.Errorf("%s, expected the %d rows that the run read", show(d), w.dataset(r, "purchases").Rows)
		}
		if diff := cmp.Diff(before, w.keys("")); diff != "" || len(w.yard.Requests()) != asked {
			w.Errorf("the status asked the yard %d times, and changed the bucket:\n%s", len(w.yard.Requests())-asked, diff)
		}
	})
}

func TestTheStatusSeesWhatIsGoneAndStale(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-09", func(w *world) {
		w.run(app.Event{}, export.Complete)
		if err := os.Remove(w.path(purchases("2026-11-12"))); err != nil {
			w.Fatal(err)
		}
		w.pass(48 * time.Hour)
		s, a := w.status()
		if d := a.Datasets[0]; d.Count(about.Missing) != 3 || !d.Stale || a.Backlog.Missing != 2 || a.Backlog.Open != 1 {
			w.Errorf("%s, expected three missing days: one that is gone, and two that were never read", show(a))
		}
		if want := []string{"scrapright/main: stale"}; !slices.Equal(s.Troubles(), want) {
			w.Errorf("troubles %q, expected %q", s.Troubles(), want)
		}
	})
}

func TestTheStatusOfARefusedKeyAndOfANewOne(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.yard.Revoke("the-new-key")
		w.pass(2 * time.Hour)
		w.run(app.Event{}, export.Failed)
		if s, a := w.status(); a.Credential.State != about.Refused || a.Error == nil || !strings.HasPrefix(s.Troubles()[0], "scrapright/main: its API key was refused") {
			w.Errorf("credential %s, troubles %q; expected that it is refused", show(a.Credential), s.Troubles())
		}
		w.pass(time.Minute)
		if _, err := w.putKey(keySecret, "the-new-key", false); err != nil {
			w.Fatal(err)
		}
		if _, a := w.status(); a.Credential.State != about.Good {
			w.Errorf("credential %s, expected that the new one is ok", show(a.Credential))
		}
	})
}

// silent is a vendor that does not answer.
type silent struct{ http.RoundTripper }

func (d silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != scrunchAddress {
		return d.RoundTripper.RoundTrip(r)
	}
	<-r.Context().Done()
	return nil, errors.Join(r.Context().Err(), io.ErrUnexpectedEOF)
}

func TestTheStatusWorksWhileTheVendorIsDown(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 2}, "start: 2026-11-15", func(w *world, _ *simulator.Scrunch) {
		w.run(app.Event{}, export.Complete)
		w.pass(time.Hour)
		_, up := w.status()
		o := w.options()
		o.Transport = silent{o.Transport}
		a, err := app.Open(w.Context(), o)
		if err != nil {
			w.Fatal(err)
		}
		began := time.Now()
		s, err := a.Status(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if took := time.Since(began); took > 30*time.Second {
			w.Errorf("it took %s", took)
		}
		account := s.Sources[0].Accounts[0]
		if len(account.Notes) != 1 || !strings.Contains(account.Notes[0], "those of the ledger are told") || account.Credential.State != about.Good {
			w.Errorf("notes %q, credential %s; expected one note", account.Notes, show(account.Credential))
		}
		if account.Backlog.Parts != up.Backlog.Parts || account.Backlog.Parts == 0 || len(s.Troubles()) > 0 {
			w.Errorf("backlog %s, expected %d parts as while it was up", show(account.Backlog), up.Backlog.Parts)
		}
		if diff := cmp.Diff(up.Datasets, account.Datasets); diff != "" {
			w.Errorf("the datasets differ (- up, + down):\n%s", diff)
		}
	})
}

func TestTheStatusOfAScrunchKeyThatIsRefusedNow(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 2}, "start: 2026-11-17", func(w *world, s *simulator.Scrunch) {
		w.run(app.Event{}, export.Complete)
		s.SetKeys(simulator.ScrunchKey{Key: "another-key"})
		if _, a := w.status(); a.Credential.State != about.Refused || len(a.Notes) != 1 {
			w.Errorf("credential %s, notes %q; expected that it is refused", show(a.Credential), a.Notes)
		}
	})
}

func TestTheStatusWithoutSecretsTellsOfTheBucket(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
		w.run(app.Event{}, export.Complete)
		o := w.options()
		o.Config = strings.Replace(o.Config, keySecret, "no/such/secret", 1)
		a, err := app.Open(w.Context(), o)
		if err != nil {
			w.Fatal(err)
		}
		s, err := a.Status(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		account := s.Sources[0].Accounts[0]
		if len(account.Notes) != 2 || !strings.Contains(account.Notes[0], "no/such/secret") || account.Datasets[0].Count(about.Missing) != 0 {
			w.Errorf("notes %q, expected two that name the secret", account.Notes)
		}
	})
}
