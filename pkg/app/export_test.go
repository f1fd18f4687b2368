package app_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

func TestAFirstRunExportsThirtyDaysAndTheSecondNothingNew(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		first := w.run(app.Event{}, export.Complete)
		if d := w.dataset(first, "purchases"); d.Written != 31 || d.Remaining != 0 {
			t.Errorf("purchases: %s; expected 31 days written", show(d))
		}
		if first.Accounts[0].Session != "exchanged" {
			t.Errorf("session %q, expected exchanged", first.Accounts[0].Session)
		}
		for _, key := range []string{purchases("2026-10-19"), purchases("2026-11-18"),
			"scrapright/customers/account=main/dt=2026-11-18/customers.json.gz",
			"latest/scrapright/customers/account=main/customers.json.gz",
			"latest/scrapright/businesses/account=main/businesses.json.gz",
			"_yardstick/runs/dt=2026-11-18/" + first.Run + ".json"} {
			if w.bytes(key) == "" {
				t.Errorf("%s is missing", key)
			}
		}
		before := w.snapshot()
		w.pass(time.Minute)
		second := w.run(app.Event{}, export.Complete)
		if d := w.dataset(second, "purchases"); d.Written != 0 || d.Unchanged != 1 {
			t.Errorf("purchases: %s; expected one day unchanged", show(d))
		}
		if second.Accounts[0].Session != "cached" {
			t.Errorf("session %q, expected cached", second.Accounts[0].Session)
		}
		if after := w.snapshot(); !slices.Equal(before, after) {
			t.Error("the second run wrote data objects")
		}
	})
}

// snapshot is each data object with its time of writing: one that is written again with the same bytes differs.
func (w *world) snapshot() []string {
	w.Helper()
	var all []string
	for _, key := range append(w.keys("scrapright/"), w.keys("latest/")...) {
		info, err := os.Stat(w.path(key))
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, key+" "+info.ModTime().String())
	}
	return all
}

func TestADayWithNoRecordsIsAnObjectWithNoLines(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.yard.SetRecords(simulator.Purchases, "2026-11-17", nil)
		w.run(app.Event{}, export.Complete)
		if lines := w.lines(purchases("2026-11-17")); len(lines) != 0 {
			t.Errorf("%d lines", len(lines))
		}
		if e, ok := w.entry("purchases", "2026-11-17"); !ok || e.Rows != 0 || e.Pages != 1 {
			t.Errorf("ledger: %v %s", ok, show(e))
		}
	})
}

func TestTheLedgerProvesEachDay(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 300, Customers: 5, Businesses: 5}, "", func(w *world) {
		w.run(app.Event{}, export.Complete)
		lines := w.lines(purchases("2026-11-17"))
		e, ok := w.entry("purchases", "2026-11-17")
		if !ok || e.Rows != int64(len(lines)) || e.Pages != (e.Rows+99)/100 || e.Key != purchases("2026-11-17") ||
			e.Bytes != int64(len(strings.Join(lines, "\n"))+1) || !e.FetchedAt.Equal(noon) || e.Total != nil || e.ETag == "" ||
			strings.Contains(e.ETag, `"`) {
			t.Errorf("%d lines, and the ledger says %s", len(lines), show(e))
		}
		var raw map[string]map[string]map[string]map[string]json.RawMessage
		text := w.bytes("_yardstick/ledger/scrapright/purchases/account=main/2026-11.json")
		_ = json.Unmarshal([]byte(text), &raw) // the members that are no objects do not fit, and are not asked for
		members := slices.Sorted(keysOf(raw["days"]["2026-11-17"]["purchases"]))
		if want := []string{"bytes", "changed", "etag", "fetched_at", "key", "pages", "rows", "settled", "sha256", "spec", "total", "vanished", "window"}; !slices.Equal(members, want) {
			t.Errorf("members of an entry: %q, expected %q", members, want)
		}
	})
}

func keysOf(m map[string]json.RawMessage) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestWhatIsDueFollowsTheCalendar(t *testing.T) {
	const settings = "start: 2026-11-10\nrestate_days: 2\nrestate_every: 6h\nrefresh: 12h\nverify_after: 0"
	inWorld(t, simulator.YardConfig{}, settings, func(w *world) {
		asked := func(e app.Event) []string {
			w.Helper()
			before := len(w.yard.Requests())
			w.run(e, export.Complete)
			days := map[string]json.RawMessage{}
			for _, r := range w.yard.Requests()[before:] {
				switch r.Endpoint {
				case simulator.Purchases:
					days[r.From] = nil
				case simulator.Customers, simulator.Businesses:
					days[r.Endpoint] = nil
				}
			}
			return slices.Sorted(keysOf(days))
		}
		expect := func(what string, got, want []string) {
			w.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s: asked for %q, expected %q", what, got, want)
			}
		}
		asked(app.Event{})
		w.pass(time.Hour)
		expect("an hour later", asked(app.Event{}), []string{"2026-11-18"})
		w.pass(6 * time.Hour) // 19:00
		expect("unsettled days, 7 hours old", asked(app.Event{}), []string{"2026-11-16", "2026-11-17", "2026-11-18"})
		w.pass(6 * time.Hour) // 01:00 of the 19th
		got := asked(app.Event{})
		expect("the next day, with listings", got, []string{"2026-11-19", "businesses", "customers"})
		w.pass(time.Hour) // 02:00: the 16th to 18th were read at 19:00
		expect("7 hours after", asked(app.Event{}), []string{"2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"})
		if e, _ := w.entry("purchases", "2026-11-16"); !e.Settled {
			t.Errorf("read two days after its end, the 16th is %s", show(e))
		}
		if e, _ := w.entry("purchases", "2026-11-17"); e.Settled {
			t.Errorf("the 17th is %s", show(e))
		}
		w.pass(7 * time.Hour)
		expect("settled ones no more", asked(app.Event{}), []string{"2026-11-17", "2026-11-18", "2026-11-19"})
		expect("forced", asked(app.Event{From: day("2026-11-12"), To: day("2026-11-13"), Force: true}), []string{"2026-11-12", "2026-11-13"})
		expect("ranged and fresh", asked(app.Event{From: day("2026-11-12"), To: day("2026-11-13")}), []string{})
		expect("before start", asked(app.Event{From: day("2026-11-08"), To: day("2026-11-08")}), []string{"2026-11-08"})
		expect("one dataset", asked(app.Event{Datasets: []string{"customers"}, Force: true}), []string{"customers"})
	})
}

func TestTheBucketIsTheState(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-10", func(w *world) {
		w.run(app.Event{}, export.Complete)
		was := w.bytes(purchases("2026-11-12"))
		if err := os.Remove(w.path(purchases("2026-11-12"))); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Written != 1 || w.bytes(purchases("2026-11-12")) != was {
			t.Errorf("a deleted object did not come back as it was: %s", show(d))
		}
		w.config = "start: 2026-11-05"
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Written != 5 || w.bytes(purchases("2026-11-05")) == "" {
			t.Errorf("history did not fill in: %s", show(d))
		}
		w.pass(7 * 24 * time.Hour)
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Remaining != 0 || w.bytes(purchases("2026-11-21")) == "" {
			t.Errorf("a week that was skipped is missing: %s", show(d))
		}
		w.config = "start: 2026-11-05\ndatasets: {purchases: {omit: [/notes]}}"
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Written+d.Unchanged != 21 {
			t.Errorf("asked differently, only these days were read again: %s", show(d))
		}
	})
}

func TestAnEventOfLastWeekChangesNothingNewer(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-05", func(w *world) {
		w.run(app.Event{}, export.Complete)
		before := w.snapshot()
		r := w.run(app.Event{ScheduledTime: noon.Add(-7 * 24 * time.Hour), Datasets: []string{"purchases"}}, export.Complete)
		if r.Accounts[0].Requests != 0 || !slices.Equal(before, w.snapshot()) {
			t.Errorf("%d requests", r.Accounts[0].Requests)
		}
	})
}
