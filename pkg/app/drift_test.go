package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// recordOf is a purchase of one record a day, with more members.
func recordOf(id int, more string) []string { return []string{fmt.Sprintf(`{"id":%d%s}`, id, more)} }

func TestDriftIsToldOnceAndTheTablesFollow(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		const today, table, known = "2026-11-18", "about/tables/athena/scrapright_purchases.sql", "about/schema/scrapright/purchases.json"
		for _, step := range []struct {
			records  []string
			drift    []string
			has, not string // of the table
		}{
			{recordOf(1, `,"net":5,"note":"a"`), nil, "`net` bigint", "`weight`"},
			{recordOf(1, `,"net":5,"note":"b"`), nil, "`net` bigint", "`weight`"},
			{recordOf(1, `,"net":5,"note":"b","weight":1`), []string{"weight appeared"}, "`weight` bigint", "`net` double"},
			{recordOf(1, `,"net":5.5,"note":"b","weight":1`), []string{"net retyped"}, "`net` double", "`net` bigint"},
			{recordOf(1, `,"net":5.5,"note":{"text":"b"},"weight":1`), []string{"note retyped"}, "`note` string", "`note` struct"},
			{recordOf(1, `,"net":5.5,"weight":1`), []string{"note vanished"}, "`note` string", "`note` struct"},
			{recordOf(2, `,"net":6,"weight":1`), nil, "`note` string", "`net` bigint"},
		} {
			w.yard.SetRecords(simulator.Purchases, today, step.records)
			w.pass(time.Minute)
			before := w.bytes(purchases(today))
			r := w.run(app.Event{}, export.Complete)
			var drift []string
			for _, d := range w.dataset(r, "purchases").Drift {
				drift = append(drift, d.Path+" "+string(d.Change))
			}
			warned := slices.ContainsFunc(r.Warnings, func(x app.Warning) bool { return x.Kind == "schema_drift" && x.Dataset == "purchases" })
			if !slices.Equal(drift, step.drift) || warned != (len(drift) > 0) || w.dataset(r, "purchases").Drifted != len(drift) {
				t.Errorf("%s: drift %q, warnings %s; expected %q", step.records, drift, show(r.Warnings), step.drift)
			}
			if text := w.bytes(table); !strings.Contains(text, step.has) || strings.Contains(text, step.not) {
				t.Errorf("%s: expected %s and no %s in\n%s", step.records, step.has, step.not, text)
			}
			if before == w.bytes(purchases(today)) || !slices.Equal(w.lines(purchases(today)), step.records) {
				t.Errorf("%s is not in the bucket", step.records)
			}
		}
		var doc struct {
			Accounts []string
			Drift    []struct{ Run, Account, Path, Change string }
			Members  []struct {
				Name  string
				Kinds map[string]int
			}
		}
		if err := json.Unmarshal([]byte(w.bytes(known)), &doc); err != nil || len(doc.Drift) != 4 || doc.Drift[0].Path != "weight" ||
			doc.Drift[0].Account != "main" || doc.Drift[0].Run == "" || !slices.Equal(doc.Accounts, []string{"main"}) {
			t.Errorf("%v %s", err, show(doc))
		}
		if strings.Contains(w.bytes(known), `"b"`) {
			t.Error("a value of a record is in the schema")
		}
	})
}

func TestAWarningOfADriftStaysALineWhateverTheVendorCallsItsMembers(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		long := strings.Repeat("n", 5000)
		for _, step := range []struct{ more, want string }{
			{``, ""},
			{`,"a\u202eb\u0007":1`, `members that are not as before: "a\u202eb\u0007" appeared`},
			{`,"a\u202eb\u0007":1,"` + long + `":1`, "members that are not as before: " + long[:99] + "… appeared"},
		} {
			w.yard.SetRecords(simulator.Purchases, "2026-11-18", recordOf(1, step.more))
			w.pass(time.Minute)
			r := w.run(app.Event{}, export.Complete)
			got := ""
			for _, x := range r.Warnings {
				if x.Kind == "schema_drift" {
					got += x.Message
				}
			}
			if got != step.want {
				t.Errorf("%q, expected %q", got, step.want)
			}
		}
	})
}
