package scrunch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// oneBrand answers for a brand without any data, and keeps what it is asked.
func oneBrand() *recorder {
	return &recorder{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"total":0,"items":[]}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/brands"):
			body = `{"total":1,"items":[{"id":101,"name":"Larkspur Running"}]}`
		case strings.HasSuffix(r.URL.Path, "/query"):
			body = `[]`
		}
		_, _ = w.Write([]byte(body))
	})}
}

// What one day, or a listing, is asked for with, by dataset. Pages and fields are left out.
func TestEachDatasetsWindow(t *testing.T) {
	day := func(end string) func(day, next string) url.Values {
		return func(day, next string) url.Values {
			return url.Values{"start_date": {day}, "end_date": {map[string]string{"same day": day, "next day": next}[end]}}
		}
	}
	whole := func(q url.Values) func(day, next string) url.Values {
		return func(string, string) url.Values { return q }
	}
	datasets := map[string]func(day, next string) url.Values{
		"brands": whole(url.Values{}), "competitors": whole(url.Values{}), "personas": whole(url.Values{}),
		"prompts": whole(url.Values{"status": {"all"}}), "responses": day("next day"),
		"brand_daily": day("same day"), "platform_daily": day("same day"), "prompt_daily": day("same day"), "competitor_daily": day("same day"),
		"citation_daily": day("same day"), "source_daily": day("same day"), "tag_daily": day("same day"), "topic_daily": day("same day"),
	}
	if all := Datasets(reportsOn(), nil, nil); len(all) != len(datasets) {
		t.Errorf("%d datasets, and %d are tested", len(all), len(datasets))
	}
	for dataset, want := range datasets {
		for _, days := range [][2]string{{"2026-11-17", "2026-11-18"}, {"2026-02-28", "2026-03-01"}, {"2028-02-28", "2028-02-29"}, {"2025-12-31", "2026-01-01"}} {
			t.Run(dataset+" "+days[0], func(t *testing.T) {
				r := oneBrand()
				inBubble(t, r, func(w *world) {
					w.whole(window(dataset, days[0]))
					got := r.seen[len(r.seen)-1].URL.Query()
					for _, page := range []string{"limit", "offset", "fields"} {
						got.Del(page)
					}
					if diff := cmp.Diff(want(days[0], days[1]), got); diff != "" {
						w.Errorf("(-expected +asked)\n%s", diff)
					}
				})
			})
		}
	}
}

func TestResponsesOfADayAreThoseBeforeTheNextOne(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		for _, day := range []string{closed, today} {
			lines := w.whole(window("responses", day))
			if diff := cmp.Diff(tagged(s, s.Records(simulator.Responses, 101, day)), lines); diff != "" || len(lines) == 0 {
				w.Errorf("%s: %s", day, diff)
			}
		}
	})
}

// reportDatasets are the names of all reports.
func reportDatasets() (names []string) {
	for _, r := range Reports() {
		names = append(names, r.Name)
	}
	return names
}

func TestEachReportTakesTheDateAsTextAndAsANumber(t *testing.T) {
	for _, dataset := range reportDatasets() {
		t.Run(dataset, func(t *testing.T) {
			for _, numeric := range []bool{false, true} {
				inScrunch(t, simulator.ScrunchConfig{Brands: 1, Prompts: 3, NumericDates: numeric}, func(w *world, _ *simulator.Scrunch) {
					want := map[bool]string{false: `"date":"20261117",`, true: `"date":20261117,`}[numeric]
					for _, line := range w.whole(window(dataset, closed)) {
						if !strings.Contains(line, want) {
							w.Errorf("%s; expected %s", line, want)
						}
					}
					if w.spool.Rows() == 0 {
						w.Error("no rows")
					}
				})
			}
		})
	}
}

// A row of another date shows that the vendor took the ends otherwise than it documents.
func TestEachReportRefusesARowOfAnotherDate(t *testing.T) {
	row := func(date string) string { return `{"date":` + date + `,"responses":1}` }
	tests := map[string]struct{ date, says string }{
		"the next day":           {`"20261118"`, "20261118"},
		"the day before":         {`"20261116"`, "20261116"},
		"the next day, a number": {`20261118`, "20261118"},
		"with hyphens":           {`"2026-11-17"`, "2026-11-17"},
		"a month":                {`"202611"`, "202611"},
		"null":                   {`null`, "null"},
		"an object":              {`{}`, "an object"},
		"nothing":                {`""`, `""`},
		"a long text":            {`"` + strings.Repeat("x", 1000) + `"`, "xxx…"},
		"control characters":     {`"2026\u0000\n"`, "2026"},
	}
	for _, dataset := range reportDatasets() {
		t.Run(dataset, func(t *testing.T) {
			for name, tt := range tests {
				inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
					s.SetRecords(simulator.Query, 101, closed, []string{row(`"20261117"`), row(tt.date)})
					s.Fault(on(simulator.Query, func(simulator.Request) *simulator.Answer { // the order is the vendor's: here it stands still
						return &simulator.Answer{Rows: func(rows []string) []string { return []string{row(`"20261117"`), row(tt.date)} }}
					}))
					_, _, err := w.read(window(dataset, closed))
					w.check(err, export.Error{Kind: export.Malformed}, "GET /101/query: row 2: ", tt.says, "20261117 was asked for")
					if len(err.Error()) > 200 {
						w.Errorf("%s: a message of %d bytes", name, len(err.Error()))
					}
				})
			}
		})
	}
}

// Escapes are another spelling of the same date.
func TestADateMayBeSpeltWithEscapes(t *testing.T) {
	const row = `{"date":"2026\u00311\u00317","responses":1}`
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Query, 101, closed, []string{row})
		if got := w.whole(window("brand_daily", closed)); len(got) != 1 || !strings.HasSuffix(got[0], row[1:]) {
			w.Errorf("%q", got)
		}
	})
}

// A row that has no date although it was asked for cannot be shown to be of the day.
func TestARowWithoutTheDateThatWasAskedForIsRefused(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Query, 101, closed, []string{`{"responses":1}`})
		_, _, err := w.read(window("brand_daily", closed))
		w.check(err, export.Error{Kind: export.Malformed}, "row 1", "date")
		s.SetRecords(simulator.Query, 101, closed, []string{`{"date":"20261117","responses":1}`, `{"Date":"20261117","responses":1}`})
		_, _, err = w.read(window("brand_daily", closed))
		w.check(err, export.Error{Kind: export.Malformed}, "a row has no date")
		s.SetRecords(simulator.Query, 101, closed, []string{`{"responses":1}`})
		w.reports(Report{Name: "brand_daily", Fields: []string{"date_week", "responses"}})
		if got := w.whole(window("brand_daily", closed)); len(got) != 1 {
			w.Errorf("%q; expected the row: no date was asked for", got)
		}
	})
}

func TestADatasetThatIsNoneIsRefused(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, _ *simulator.Scrunch) {
		if _, _, err := w.read(window("visits_daily", closed)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", "visits_daily")) {
			w.Errorf("%v", err)
		}
	})
}
