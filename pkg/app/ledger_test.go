package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// brokenMonth is what a run told of a month whose ledger cannot be used.
func (w *world) brokenMonth(r app.Result, dataset, day string) {
	w.Helper()
	d := w.dataset(r, dataset)
	if a := r.Accounts[0]; a.Error != nil || len(d.Failed) != 1 {
		w.Fatalf("expected one failure of %s and none of the account: %s", dataset, show(a))
	}
	f := d.Failed[0]
	if f.Day.String() != day || f.Part != "" || f.Kind != export.Storage ||
		!strings.Contains(f.Error, "/"+day[:7]+".json cannot be used") || !strings.Contains(f.Error, "restore an earlier version") {
		w.Errorf("%s", show(f))
	}
	if says := r.Failures(); !strings.HasPrefix(says, "scrapright/main "+dataset+" "+day+": storage: the ledger ") {
		w.Errorf("the failure reads %q", says)
	}
}

// toldDay is the state of a day on the page's own data.
func (w *world) toldDay(dataset, day string) about.State {
	w.Helper()
	for _, d := range w.page().Sources[0].Accounts[0].Datasets {
		for _, m := range d.Months {
			if d.Dataset == dataset && m.Month == day[:7] {
				n, _ := strconv.Atoi(day[8:])
				return about.State(m.Days[n-1])
			}
		}
	}
	w.Fatalf("%s of %s is not told", day, dataset)
	return 0
}

func TestABrokenLedgerFailsItsMonthAloneAndIsGoneWhenRepaired(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2}, "start: 2026-09-20\nrefresh: 0s", func(w *world) {
		w.run(app.Event{}, export.Complete)
		const key = "_yardstick/ledger/scrapright/purchases/account=main/2026-10.json"
		good := w.bytes(key)
		w.put(key, []byte(good[:len(good)/2]), nil)
		w.remove(purchases("2026-11-05"), purchases("2026-10-25"))
		w.pass(24 * time.Hour)
		r := w.run(app.Event{}, export.Failed)
		w.brokenMonth(r, "purchases", "2026-10-31")
		if n := w.dataset(r, "purchases").Written; n < 2 { // the new day, and the one that was removed
			t.Errorf("the other months were not gone on with: %s", show(r))
		}
		if d := w.dataset(r, "customers"); d.Written+d.Unchanged != 1 || len(d.Failed) != 0 {
			t.Errorf("the other datasets were not gone on with: %s", show(r))
		}
		if len(w.keys(purchases("2026-11-05"))) != 1 || len(w.keys(purchases("2026-10-25"))) != 0 || w.bytes(key) != good[:len(good)/2] {
			t.Error("what stands in the bucket is not what the run told")
		}
		for day, want := range map[string]about.State{"2026-10-01": about.Failed, "2026-10-31": about.Failed, "2026-11-05": about.Exported} {
			if got := w.toldDay("purchases", day); got != want {
				t.Errorf("%s is told as %c, expected %c", day, got, want)
			}
		}
		w.pass(time.Hour)
		w.run(app.Event{Datasets: []string{"customers"}}, export.Complete) // which does not look at it
		if got := w.toldDay("purchases", "2026-10-01"); got != about.Failed {
			t.Errorf("forgotten by a run that was not about it: %c", got)
		}
		w.put(key, []byte(good), nil)
		w.pass(time.Hour)
		r = w.run(app.Event{}, export.Complete)
		w.tells("repaired", r)
		if len(w.keys(purchases("2026-10-25"))) != 1 || w.toldDay("purchases", "2026-10-01") != about.Exported {
			t.Errorf("the month did not come back: %s", show(r))
		}
	})
}

func TestABrokenLedgerOfTodayStopsOneDatasetAlone(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2}, "", func(w *world) { // no start: the oldest day is looked for
		w.run(app.Event{}, export.Complete)
		keys := w.keys("_yardstick/ledger/scrapright/purchases/")
		for _, key := range keys {
			w.put(key, []byte(`{"version":1`), nil)
		}
		w.pass(24 * time.Hour)
		r := w.run(app.Event{}, export.Failed)
		if d := w.dataset(r, "purchases"); len(d.Failed) != len(keys) || d.Written != 0 {
			t.Errorf("expected a failure for each of %q: %s", keys, show(d))
		}
		for _, name := range []string{"customers", "businesses"} {
			if d := w.dataset(r, name); d.Written+d.Unchanged != 1 {
				t.Errorf("%s was not read: %s", name, show(r))
			}
		}
		if _, err := w.open().Plan(w.Context(), w.source, app.Event{}, time.Minute); err == nil || !strings.Contains(err.Error(), "cannot be used") {
			t.Errorf("a forecast without these months: %v", err)
		}
		w.remove(keys...)
		w.pass(time.Hour)
		w.tells("deleted", w.run(app.Event{}, export.Complete))
	})
}
