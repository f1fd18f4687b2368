package app_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// read is what a reading writes and tells. It fails the test where there is an error.
func (w *world) read(r app.Reading) (string, app.ReadResult) {
	w.Helper()
	var text bytes.Buffer
	result, err := w.open().Read(w.Context(), r, &text)
	if err != nil {
		w.Fatalf("%+v: %v", r, err)
	}
	return text.String(), result
}

// stored are the lines of data objects, one after another.
func (w *world) stored(keys ...string) string {
	w.Helper()
	var text strings.Builder
	for _, key := range keys {
		for _, line := range w.lines(key) {
			text.WriteString(line + "\n")
		}
	}
	return text.String()
}

// twoYards has a second account at the same yard, with purchases alone.
func twoYards(w *world) {
	w.more = "  - account: annex\n    url: http://" + yardAddress + "\n    api_key_secret: annex-key\n    session_secret: annex-session\n" +
		"    start: 2026-11-16\n    datasets: {customers: {off: true}, businesses: {off: true}}\n"
	if err := w.open().CreateSecret(w.Context(), "annex-key", apiKey); err != nil {
		w.Fatal(err)
	}
}

func TestReadGivesTheLinesAsStoredOfAllAccountsInOrder(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-15", func(w *world) {
		twoYards(w)
		w.run(app.Event{}, export.Complete)
		annex := func(d string) string { return strings.Replace(purchases(d), "account=main", "account=annex", 1) }
		both := []string{annex("2026-11-16"), annex("2026-11-17"), purchases("2026-11-16"), purchases("2026-11-17")}
		asked := app.Reading{Dataset: "purchases", From: day("2026-11-16"), To: day("2026-11-17")}
		text, result := w.read(asked)
		want := w.stored(both...)
		if text != want || want == "" {
			t.Errorf("read\n%s, expected\n%s", text, want)
		}
		told := app.ReadResult{Source: "scrapright", Accounts: []string{"annex", "main"}, Objects: 4, Rows: int64(strings.Count(want, "\n"))}
		if diff := cmp.Diff(told, result); diff != "" {
			t.Error(diff)
		}
		asked.Account = "main"
		if text, _ = w.read(asked); text != w.stored(both[2:]...) {
			t.Errorf("account main:\n%s", text)
		}
		asked.Account, asked.CSV = "", true
		text, _ = w.read(asked)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 1+int(told.Rows) || rows[0][0] != "account" || rows[0][1] != "dt" || rows[0][2] != "Id" ||
			rows[1][0] != "annex" || rows[1][1] != "2026-11-16" || rows[len(rows)-1][0] != "main" || rows[len(rows)-1][1] != "2026-11-17" {
			t.Errorf("%v\n%s", err, text)
		}
		text, result = w.read(app.Reading{Dataset: "customers"})
		if text != w.stored("scrapright/customers/account=main/dt=2026-11-18/customers.json.gz") || !cmp.Equal(result.Off, []string{"annex"}) {
			t.Errorf("customers, with %v off:\n%s", result.Off, text)
		}
		_, result = w.read(app.Reading{Dataset: "customers", Account: "annex"})
		if want := []app.ReadGap{{Account: "annex", Off: true}}; !cmp.Equal(result.Gaps, want) {
			t.Errorf("customers of annex: %+v", result)
		}
	})
}

func TestReadWithoutDaysIsYesterdayWhereTheAccountIs(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-14\ntimezone: America/Chicago", func(w *world) {
		w.run(app.Event{}, export.Complete)
		if text, _ := w.read(app.Reading{Dataset: "purchases"}); text != w.stored(purchases("2026-11-17")) {
			t.Errorf("at noon:\n%s", text)
		}
		w.pass(15 * time.Hour) // 03:00 of the 19th in UTC, 21:00 of the 18th in Chicago
		if text, _ := w.read(app.Reading{Dataset: "purchases"}); text != w.stored(purchases("2026-11-17")) {
			t.Errorf("in the evening:\n%s", text)
		}
		text, result := w.read(app.Reading{Dataset: "purchases", From: day("2026-11-16")})
		if text != w.stored(purchases("2026-11-16"), purchases("2026-11-17")) || len(result.Gaps) > 0 {
			t.Errorf("from the 16th:\n%s", text)
		}
		if text, _ = w.read(app.Reading{Dataset: "purchases", From: day("2026-11-18")}); text != w.stored(purchases("2026-11-18")) {
			t.Errorf("today:\n%s", text)
		}
		w.pass(24 * time.Hour)
		_, result = w.read(app.Reading{Dataset: "customers", From: day("2026-11-17")})
		want := []app.ReadGap{{Account: "main", First: day("2026-11-17"), Last: day("2026-11-17")}, {Account: "main", First: day("2026-11-19"), Last: day("2026-11-19"), Again: true}}
		if diff := cmp.Diff(want, result.Gaps); diff != "" || result.Objects != 1 {
			t.Errorf("a listing's days: %s", diff)
		}
	})
}

func TestReadNamesWhatIsNotThere(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-12", func(w *world) {
		if _, result := w.read(app.Reading{Dataset: "customers"}); !cmp.Equal(result.Gaps, []app.ReadGap{{Account: "main", Again: true}}) {
			t.Errorf("before any export: %+v", result)
		}
		w.run(app.Event{}, export.Complete)
		if err := os.Remove(w.path(purchases("2026-11-14"))); err != nil {
			t.Fatal(err)
		}
		text, result := w.read(app.Reading{Dataset: "purchases", From: day("2026-11-10"), To: day("2026-11-20")})
		want := []app.ReadGap{{Account: "main", First: day("2026-11-10"), Last: day("2026-11-11"), Again: true}, {Account: "main", First: day("2026-11-19"), Last: day("2026-11-20")}}
		if diff := cmp.Diff(want, result.Gaps); diff != "" || !cmp.Equal(result.Gone, []string{purchases("2026-11-14")}) || result.Objects != 6 {
			t.Errorf("%s, gone %q, %d objects", diff, result.Gone, result.Objects)
		}
		if want := w.stored(purchases("2026-11-12"), purchases("2026-11-13"), purchases("2026-11-15"), purchases("2026-11-16"), purchases("2026-11-17"), purchases("2026-11-18")); text != want {
			t.Errorf("read\n%s, expected\n%s", text, want)
		}
	})
}

func TestReadOfADamagedDayEndsThereAndOfACSVBeforeItBegins(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-12", func(w *world) {
		w.run(app.Event{}, export.Complete)
		key := purchases("2026-11-14")
		whole := w.bytes(key)
		write := func(text string) {
			if err := os.WriteFile(w.path(key), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(whole[:200])
		defer func() { write(whole) }() // the search for secrets reads all objects
		asked := app.Reading{Dataset: "purchases", From: day("2026-11-12"), To: day("2026-11-17")}
		for csv, want := range map[bool]string{false: w.stored(purchases("2026-11-12"), purchases("2026-11-13")), true: ""} {
			var text bytes.Buffer
			asked.CSV = csv
			_, err := w.open().Read(w.Context(), asked, &text)
			if !errors.Is(err, snapshot.ErrForm) || !strings.Contains(err.Error(), key) || text.String() != want {
				t.Errorf("CSV %v: %v\n%s, expected\n%s", csv, err, text.String(), want)
			}
		}
	})
}

func TestReadOfBrands(t *testing.T) {
	const reports = "start: 2026-11-16\nreports: {platform_daily: {off: true}, prompt_daily: {off: true}, competitor_daily: {off: true}, citation_daily: {off: true}}"
	inScrunch(t, simulator.ScrunchConfig{Prompts: 2}, reports, func(w *world, _ *simulator.Scrunch) {
		w.run(app.Event{}, export.Complete)
		asked := app.Reading{Dataset: "brand_daily", From: day("2026-11-16"), To: day("2026-11-17")}
		text, _ := w.read(asked)
		var keys []string
		for _, d := range []string{"2026-11-16", "2026-11-17"} {
			for _, brand := range []int{101, 102, 103} {
				keys = append(keys, part("brand_daily", d, brand))
			}
		}
		if want := w.stored(keys...); text != want || strings.Count(want, "\n") != 6 {
			t.Errorf("all brands\n%s, expected\n%s", text, want)
		}
		asked.Brands = []int64{102, 7}
		text, result := w.read(asked)
		if want := []app.ReadGap{{Account: "main", Part: "brand-7", First: day("2026-11-16"), Last: day("2026-11-17")}}; text != w.stored(keys[1], keys[4]) || !cmp.Equal(result.Gaps, want) {
			t.Errorf("brands 102 and 7: %+v\n%s", result.Gaps, text)
		}
		text, result = w.read(app.Reading{Dataset: "personas", Brands: []int64{101}, CSV: true})
		if !strings.HasPrefix(text, "account,dt,brand_id,brand_name,id,") || !strings.Contains(text, "\r\nmain,2026-11-18,101,") || result.Objects != 1 {
			t.Errorf("%+v\n%s", result, text)
		}
		w.config += "\nbrands: [101, 102, 9]"
		asked.Brands = nil
		if _, result = w.read(asked); len(result.Gaps) != 1 || result.Gaps[0].Part != "brand-9" || result.Objects != 6 {
			t.Errorf("with brand 9 wanted: %+v", result)
		}
	})
}

func TestAReadingOfWhatThereIsNotIsInvalid(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.more = "scrunch:\n  - {account: web, api_key_secret: k, reports: {purchases: {fields: [date, responses]}}}\n"
		for _, test := range []struct {
			asked app.Reading
			says  string
		}{
			{app.Reading{Dataset: "purchase"}, `dataset: found "purchase", expected one of ["brand_daily" "brands" "businesses" `},
			{app.Reading{Dataset: "brands", Source: "scrapright"}, `dataset: found "brands", expected one of ["businesses" "customers" "purchases"]`},
			{app.Reading{Dataset: "purchases"}, `"purchases" is a dataset of scrapright and of scrunch; say which one is meant: --source scrapright`},
			{app.Reading{Dataset: "customers", Source: "scrap"}, `--source: found "scrap", expected one that the configuration has accounts of: ["scrapright" "scrunch"]`},
			{app.Reading{Dataset: "customers", Account: "web"}, `--account: found "web", expected one of ["main"]`},
			{app.Reading{Dataset: "customers", Brands: []int64{1}}, "--brand: customers is not kept by brand"},
			{app.Reading{Dataset: "brands", Brands: []int64{1}}, "--brand: brands is not kept by brand"},
		} {
			var text bytes.Buffer
			result, err := w.open().Read(w.Context(), test.asked, &text)
			if _, invalid := errors.AsType[*app.ReadInvalid](err); !invalid || !strings.Contains(fmt.Sprint(err), test.says) || text.Len() > 0 || result.Objects > 0 {
				t.Errorf("%+v: %v", test.asked, err)
			}
		}
		for _, source := range []string{"scrapright", "scrunch"} {
			if _, result := w.read(app.Reading{Dataset: "purchases", Source: source}); result.Source != source || len(result.Gaps) != 1 {
				t.Errorf("%s: %+v", source, result)
			}
		}
	})
}

// TestReadAsksForLittle reads a month with one listing, a request for the ledger and one for each object.
func TestReadAsksForLittle(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-01", func(w *world) {
		w.run(app.Event{}, export.Complete)
		a, since := w.open(), len(w.aws.Calls())
		if _, err := a.Read(w.Context(), app.Reading{Dataset: "purchases", From: day("2026-11-01"), CSV: true}, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		calls := map[string]int{}
		for _, c := range w.aws.Calls()[since:] {
			calls[c.Operation]++
		}
		if diff := cmp.Diff(map[string]int{"ListObjectsV2": 1, "GetObject": 1 + 17}, calls); diff != "" {
			t.Error(diff)
		}
	})
}
