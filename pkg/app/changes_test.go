package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// told are the changes in a run's file.
func (w *world) told(r app.Result) []export.Change {
	w.Helper()
	var file struct{ Changes []export.Change }
	text := w.bytes("_yardstick/runs/dt=" + r.Time.Format(time.DateOnly) + "/" + r.Run + ".json")
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		w.Fatal(err)
	}
	alone, _, cut := strings.Cut(text, `,"changes":[`) // as functions/backfill.asl.yaml does
	if answer, err := json.Marshal(r); err != nil || cut != (len(file.Changes) > 0) || cut && alone+"}" != string(answer) {
		w.Errorf("less the changes the file is\n%s\nexpected\n%s (%v)", alone, answer, err)
	}
	return file.Changes
}

func ids(lexemes ...string) []json.RawMessage {
	raw := []json.RawMessage{}
	for _, l := range lexemes {
		raw = append(raw, json.RawMessage(l))
	}
	return raw
}

func TestAPurchaseVoidedOrEditedWeeksLaterIsToldInTheRunsFile(t *testing.T) {
	const sold = "2026-11-12"
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-10", func(w *world) {
		w.yard.SetRecords(simulator.Purchases, sold, []string{`{"PurchaseId":"T-<4711>","net":10.50}`, `{"PurchaseId":4712.0,"net":7}`, `{"PurchaseId":"T-4713","net":9}`})
		if first := w.run(app.Event{}, export.Complete); len(w.told(first)) != 0 {
			t.Errorf("a first run tells of changes: %s", show(w.told(first)))
		}
		w.yard.SetRecords(simulator.Purchases, sold, []string{`{"PurchaseId":4712.0,"net":8}`, `{"PurchaseId":"T-4713","net":9}`})
		w.pass(31 * 24 * time.Hour)
		r := w.run(app.Event{}, export.Complete)
		if d := w.dataset(r, "purchases"); d.Vanished != 1 || d.Changed != 1 {
			t.Errorf("%s; expected one row vanished and one changed", show(d))
		}
		want := []export.Change{{Account: "main", Dataset: "purchases", Day: day(sold), Part: "purchases", Vanished: 1, Changed: 1,
			VanishedIDs: ids(`"T-<4711>"`), ChangedIDs: ids(`4712.0`)}}
		if diff := cmp.Diff(want, w.told(r)); diff != "" {
			t.Errorf("the run's file: %s", diff)
		}
		for _, text := range []string{w.said.String(), w.logged.String()} {
			if strings.Contains(text, "4711") || strings.Contains(text, "4712") {
				t.Error("an id is in an answer or a log")
			}
		}
		w.pass(time.Hour)
		next := w.run(app.Event{From: day(sold), To: day(sold), Force: true}, export.Complete)
		if d := w.dataset(next, "purchases"); d.Vanished != 0 || d.Changed != 0 || d.Unchanged != 1 || len(w.told(next)) != 0 {
			t.Errorf("read again with the same rows: %s", show(d))
		}
		if e, _ := w.entry("purchases", sold); e.Vanished != 1 || e.Changed != 1 || e.Rows != 2 {
			t.Errorf("the ledger keeps the counts of the reading that replaced the object: %s", show(e))
		}
	})
}

func TestAListingTellsWhatChangedSinceItsReadingOfTheSameDay(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18\nrefresh: 1h\ndatasets: {businesses: {omit: [/id]}}", func(w *world) {
		for _, listing := range []string{simulator.Customers, simulator.Businesses} {
			w.yard.SetRecords(listing, "", []string{`{"id":1,"name":"a"}`, `{"id":2,"name":"b"}`, `{"id":3,"name":"c"}`})
		}
		w.run(app.Event{}, export.Complete)
		for _, listing := range []string{simulator.Customers, simulator.Businesses} {
			w.yard.SetRecords(listing, "", []string{`{"id":2,"name":"B"}`, `{"id":4,"name":"d"}`})
		}
		w.pass(2 * time.Hour)
		r := w.run(app.Event{}, export.Complete)
		want := []export.Change{
			{Account: "main", Dataset: "customers", Day: day("2026-11-18"), Part: "customers", Vanished: 2, Changed: 1,
				VanishedIDs: ids("1", "3"), ChangedIDs: ids("2")},
			// Without its id nobody can tell a row that was changed from one that went while another came.
			{Account: "main", Dataset: "businesses", Day: day("2026-11-18"), Part: "businesses", Vanished: 1,
				VanishedIDs: ids(), ChangedIDs: ids()},
		}
		if diff := cmp.Diff(want, w.told(r)); diff != "" {
			t.Errorf("the run's file: %s", diff)
		}
	})
}
