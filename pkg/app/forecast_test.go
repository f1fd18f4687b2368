package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

func (w *world) forecast(e app.Event) export.AccountForecast {
	w.Helper()
	f, err := w.open().Plan(w.Context(), w.source, e, limit)
	if err != nil || len(f.Accounts) != 1 {
		w.Fatal(err, show(f))
	}
	return f.Accounts[0]
}

// A run that reads again what was read once asks for what the plan says, token calls too: days without rows, of one page, of
// one that is full, and of many, and listings, where the vendor gives a total and where it does not.
func TestThePlanOfASecondRunIsWhatItAsks(t *testing.T) {
	for _, total := range []bool{false, true} {
		for _, later := range []time.Duration{time.Minute, 3 * time.Hour} {
			t.Run(fmt.Sprintf("total %v, after %s", total, later), func(t *testing.T) {
				yard := simulator.YardConfig{Total: total, Customers: 250, Businesses: 100, TicketsPerDay: 20}
				inWorld(t, yard, "start: 2026-11-09\nrestate_days: 60\nrestate_every: 0s\nrefresh: 0s", func(w *world) {
					for i, n := range []int{0, 1, 99, 100, 101, 199, 200, 201, 350, 7} {
						w.yard.SetTicketCount(fmt.Sprintf("2026-11-%02d", 9+i), n)
					}
					asked := w.run(app.Event{}, export.Complete).Accounts[0].Requests
					w.pass(later)
					f := w.forecast(app.Event{})
					r := w.run(app.Event{}, export.Complete).Accounts[0]
					if f.Requests != r.Requests || f.AtLeast || f.Requests < asked/2 {
						t.Errorf("%d foretold (at least: %v), %d asked; %d the first time\n%s", f.Requests, f.AtLeast, r.Requests, asked, show(f))
					}
					if want := map[bool]int{true: 1}[later > time.Hour]; f.Opening != want {
						t.Errorf("%d requests before the first window, expected %d: the session is %s", f.Opening, want, r.Session)
					}
				})
			})
		}
	}
}

// The forecast of days that were never read knows no pages: a page and the empty one of each. Where they are such days, hours
// and runs are what the forecast says.
func TestTheForecastOfABackfillOf90DaysIsItsLength(t *testing.T) {
	for _, every := range []time.Duration{0, time.Hour} { // back to back, and by a schedule
		t.Run(fmt.Sprint("every ", every), func(t *testing.T) {
			yard := simulator.YardConfig{RequestsPerMinute: 10, TicketsPerDay: 40, Customers: 12, Businesses: 5}
			inWorld(t, yard, "start: 2026-11-18\nverify_after: 0", func(w *world) {
				e := app.Event{From: day("2026-08-21")}
				f := w.forecast(e)
				began, runs, requests, worked := time.Now(), 0, 0, time.Duration(0)
				for next := &e; next != nil; {
					if runs++; runs > 1 {
						w.pass(time.Until(began.Add(time.Duration(runs-1) * every)))
					}
					at := time.Now()
					r := w.within(limit, *next)
					worked += time.Since(at)
					requests += r.Accounts[0].Requests
					next = r.Next
				}
				t.Logf("foretold %d requests, %ds, %d runs; %d requests, %s, %d runs", f.Requests, f.Seconds, f.Runs, requests, worked, runs)
				within := func(what string, foretold, was float64) {
					if foretold < was*0.85 || foretold > was*1.15 {
						t.Errorf("%s: %.1f foretold, and it was %.1f", what, foretold, was)
					}
				}
				within("requests", float64(f.Requests), float64(requests))
				within("seconds", float64(f.Seconds), worked.Seconds())
				if runs != f.Runs || !f.AtLeast {
					t.Errorf("%d runs foretold (at least: %v), and there were %d", f.Runs, f.AtLeast, runs)
				}
			})
		})
	}
}

func TestAnAccountThatCannotBePlannedLeavesTheOthersForecast(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-10", func(w *world) {
		w.more = "  - {account: west, url: 'http://" + yardAddress + "', api_key_secret: none/key, session_secret: none/session}"
		f, err := w.open().Plan(w.Context(), w.source, app.Event{}, limit)
		if err == nil || !strings.Contains(err.Error(), "scrapright/west: ") || strings.Contains(err.Error(), "main") {
			t.Errorf("%v, expected that of west", err)
		}
		if len(f.Accounts) != 1 || f.Accounts[0].Account != "main" || f.Accounts[0].Requests == 0 {
			t.Errorf("%s", show(f))
		}
	})
}
