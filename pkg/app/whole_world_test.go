package app_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// ranging keeps closed days unsettled for long, so that the tests of whole answers can give each of their rows a day of
// its own and read all of them in one run.
const ranging = "start: 2026-11-18\nrestate_days: 50\nrestate_every: 0s\nverify_after: 0"

// dayOf is the day of a table's row: the first one is yesterday, the others lie before it.
func dayOf(row int) string { return (snapshot.DayOf(noon) - 1 - snapshot.Day(row)).String() }

// ranged asks for the days of so many rows and nothing else.
func ranged(rows int) app.Event {
	return app.Event{From: day(dayOf(rows - 1)), To: day(dayOf(0)), Datasets: []string{simulator.Purchases}}
}

// tickets are records with the ids from first to last, downwards where first is the greater one.
func tickets(first, last int) []string {
	step := 1
	if last < first {
		step = -1
	}
	var all []string
	for id := first; id != last+step; id += step {
		all = append(all, ticket(id))
	}
	return all
}

func ticket(id int) string { return fmt.Sprintf(`{"id":%d,"ticket":"T-%06d"}`, id, id) }

// kept is all that a reader of the bucket may rely on, byte for byte: data, copies in latest/, ledgers, and spools.
func (w *world) kept() map[string]string {
	w.Helper()
	all := map[string]string{}
	for _, key := range w.keys("") {
		told := strings.HasPrefix(key, "_yardstick/runs/") || strings.HasPrefix(key, "_yardstick/leases/") || strings.HasPrefix(key, "about/")
		if !told {
			all[key] = w.bytes(key)
		}
	}
	return all
}

// changed tells which keys are not as they were before.
func (w *world) changed(before map[string]string) (keys []string) {
	w.Helper()
	now := w.kept()
	for key := range now {
		if text, was := before[key]; !was || text != now[key] {
			keys = append(keys, key)
		}
	}
	for key := range before {
		if _, is := now[key]; !is {
			keys = append(keys, key)
		}
	}
	return slices.Sorted(slices.Values(keys))
}

// pages are the pages of a day that were asked for since a request, in turn.
func (w *world) pages(since int, of string) string {
	var all []string
	for _, r := range w.yard.Requests()[since:] {
		if r.Endpoint == simulator.Purchases && r.From == of {
			all = append(all, fmt.Sprint(r.Page))
		}
	}
	return strings.Join(all, " ")
}

// onDays bends the answers about the days of a table's rows. nth counts the requests for one day from 1.
func (w *world) onDays(rows int, bend func(row, nth int, r simulator.Request) *simulator.Answer) {
	nth := make([]int, rows)
	w.yard.Fault(func(r simulator.Request) *simulator.Answer {
		if r.Endpoint != simulator.Purchases {
			return nil
		}
		row := int(snapshot.DayOf(noon) - 1 - day(r.From))
		if row < 0 || row >= rows {
			return nil
		}
		nth[row]++
		return bend(row, nth[row], r)
	})
}

// holds compares a day in the bucket and its ledger entry with what it should be, in any order.
func (w *world) holds(of string, want []string, pages int) {
	w.Helper()
	entry, ok := w.entry("purchases", of)
	if !ok || entry.Rows != int64(len(want)) || entry.Pages != int64(pages) {
		w.Errorf("%s: the ledger says %s; expected %d rows on %d pages", of, show(entry), len(want), pages)
	}
	if got := w.lines(purchases(of)); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		w.Errorf("%s: %d lines, which are not the %d expected: %.300q", of, len(got), len(want), got)
	}
}

// failsBy checks that a day failed in a run, and that the error names the endpoint and more.
func (w *world) failsBy(r app.Result, of, name string, kind export.Kind, says ...string) {
	w.Helper()
	failed := slices.DeleteFunc(slices.Clone(w.dataset(r, "purchases").Failed), func(f export.Failure) bool { return f.Day != day(of) })
	if len(failed) != 1 || failed[0].Kind != kind || failed[0].Part != "purchases" {
		w.Errorf("%s: %s; expected one failure of kind %s", name, show(failed), kind)
		return
	}
	for _, part := range append(says, "GET /api/v1/purchase: ") {
		if !strings.Contains(failed[0].Error, part) {
			w.Errorf("%s: the error says %q, expected %q in it", name, failed[0].Error, part)
		}
	}
}

// untilSettled runs day after day until the days of so many rows are settled.
func (w *world) untilSettled(rows int) {
	w.Helper()
	for range 10 {
		w.run(ranged(rows), export.Complete)
		open := 0
		for i := range rows {
			if entry, _ := w.entry("purchases", dayOf(i)); !entry.Settled {
				open++
			}
		}
		if open == 0 {
			return
		}
		w.pass(24 * time.Hour)
	}
	w.Error("days are not settled after 10 readings of a yard that stands still")
}
