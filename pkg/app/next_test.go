package app_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"

	gocmp "github.com/google/go-cmp/cmp"
)

// Ranged work that was never begun is all left, and read once the reason is gone.
func TestNextIsAllOfTheWorkWhereNothingWasDone(t *testing.T) {
	asked := app.Event{From: day("2026-11-10"), To: day("2026-11-12"), Datasets: []string{"purchases"}, Force: true}
	for name, c := range map[string]struct {
		prevent func(w *world) (undo func())
		status  export.Status
		kind    export.Kind
	}{
		"another run holds the account": {func(w *world) func() {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				if _, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{}); err != nil {
					w.Error(err)
				}
			}()
			w.pass(time.Second)
			return func() { <-ended }
		}, export.Failed, export.Busy},
		"it was stopped before it knew what is due": {func(w *world) func() {
			w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
				if c.Operation == "ListObjectsV2" {
					return &faultproxy.Answer{Delay: time.Hour}
				}
				return nil
			})
			return func() { w.aws.Fault(nil) }
		}, export.Partial, ""},
		"the key is refused": {func(w *world) func() {
			w.yard.Fault(func(r simulator.Request) *simulator.Answer {
				if r.Endpoint == simulator.TokenEndpoint {
					return simulator.Refuse(http.StatusUnauthorized, "no such key")
				}
				return nil
			})
			return func() { w.yard.Fault(nil) }
		}, export.Failed, export.CredentialRefused},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-11-10", func(w *world) {
				undo := c.prevent(w)
				clock := time.Now().UTC()
				ctx, cancel := context.WithTimeout(w.Context(), time.Minute/2)
				r, err := w.open().Export(ctx, app.ScrapRight, asked)
				cancel()
				if fault := r.Accounts[0].Error; r.Status != c.status || (fault != nil) != (c.kind != "") || fault != nil && fault.Kind != c.kind {
					t.Fatalf("%v %s", err, show(r))
				}
				want := asked
				want.ScheduledTime, want.Account = clock, "main"
				if r.Next == nil || !gocmp.Equal(*r.Next, want) {
					t.Fatalf("next is %s, expected %s", show(r.Next), show(want))
				}
				undo()
				w.pass(2 * time.Minute)
				done := w.run(*r.Next, export.Complete)
				if d := w.dataset(done, "purchases"); d.Written+d.Unchanged != 3 && c.kind != export.Busy || done.Next != nil {
					t.Errorf("%s", show(done))
				}
			})
		})
	}
}

// An event with a clock that another run had before is no second try: force reads again what was read at that very clock.
func TestForceReadsAgainAtTheSameClockAndASecondTryDoesNot(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-16", func(w *world) {
		w.run(app.Event{ScheduledTime: noon}, export.Complete)
		force := app.Event{ScheduledTime: noon, From: day("2026-11-16"), Force: true}
		if d := w.dataset(w.run(force, export.Complete), "purchases"); d.Unchanged != 3 {
			t.Errorf("%s; expected three days read again", show(d))
		}
		since := len(w.yard.Requests())
		force.Attempt = "2"
		if r := w.run(force, export.Complete); len(w.yard.Requests()) != since {
			t.Errorf("a second try read again what the first one did: %s", show(r))
		}
		force.ScheduledTime = noon.Add(time.Minute)
		w.pass(time.Minute)
		if d := w.dataset(w.run(force, export.Complete), "purchases"); d.Unchanged != 3 {
			t.Errorf("%s; a second try at another clock's work has nothing done", show(d))
		}
	})
}

// The window in hand when the whole account fails is left like the others.
func TestNextNamesTheWindowAtWhichTheAccountFailed(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-16", func(w *world) {
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.From == "2026-11-14" || r.Endpoint == simulator.TokenEndpoint && w.yard.Count(simulator.TokenEndpoint) > 1 {
				return simulator.Refuse(http.StatusUnauthorized, "no")
			}
			return nil
		})
		r, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{From: day("2026-11-10"), To: day("2026-11-15")})
		if !errors.As(err, new(*app.ExportFailed)) || r.Next == nil || r.Next.From != day("2026-11-10") || r.Next.To != day("2026-11-14") || r.Next.Attempt != "2" {
			t.Errorf("%v; next is %s, expected the days from the 10th to the 14th", err, show(r.Next))
		}
	})
}
