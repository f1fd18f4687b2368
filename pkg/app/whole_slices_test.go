package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// asking are the settings of an account with a report of our own, whose fields are these.
func asking(fields string) string {
	return "brands: [101]\nstart: 2026-11-18\nrestate_days: 50\nrestate_every: 0s\nverify_after: 0\nconcurrency: 1\n" +
		"reports: {asked: {fields: [" + fields + "]}}"
}

// reports asks for days of some reports and nothing else.
func reports(first, last string, names ...string) app.Event {
	return app.Event{From: day(first), To: day(last), Datasets: names}
}

// The vendor gives fewer rows than are there and tells nobody, and each answer has its rows in an order of its own.
func TestAReportThatIsClampedIsWholeBySlices(t *testing.T) {
	const fields = "date, prompt_id, ai_platform, responses"
	both := reports(dayOf(0), dayOf(0), "prompt_daily", "asked")
	whole := map[string][]string{}
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, asking(fields), func(w *world, _ *simulator.Scrunch) {
		w.run(both, export.Complete)
		for _, name := range both.Datasets {
			whole[name] = w.lines(part(name, dayOf(0), 101))
		}
	})
	tests := []struct {
		name   string
		vendor simulator.ScrunchConfig
	}{
		{"to a few rows", simulator.ScrunchConfig{QueryCap: 6}},
		{"to a few rows, and negation keeps null", simulator.ScrunchConfig{QueryCap: 6, NegationKeepsNull: true}},
		{"to one row less than there are", simulator.ScrunchConfig{QueryCap: len(whole["asked"]) - 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.vendor.Brands = 1
			inScrunch(t, tt.vendor, asking(fields), func(w *world, s *simulator.Scrunch) {
				w.run(both, export.Complete)
				for _, name := range both.Datasets {
					got, want := w.lines(part(name, dayOf(0), 101)), whole[name]
					if len(want) <= tt.vendor.QueryCap || !slices.Equal(got, want) {
						t.Errorf("%s: %d rows, expected the %d of a vendor that gives all", name, len(got), len(want))
					}
				}
				if n := hits(s, func(r simulator.Request) bool { return len(r.Query["filters"]) > 0 }); n < 2*len(both.Datasets) {
					t.Errorf("%d slices were asked for", n)
				}
			})
		})
	}
}

// One row more than the vendor gives in one answer by its own document, of two platforms in turn.
func TestAReportLongerThanTheDocumentedCapIsWholeBySlices(t *testing.T) {
	const most, rows = 90_000, 90_001
	serve := func(r simulator.Request) *simulator.Answer {
		var passes [2]bool
		for i, platform := range []string{`"A"`, `"B"`} {
			own := cell{platform: platform}
			passes[i] = !slices.ContainsFunc(r.Query["filters"], func(f string) bool { return !own.passes(f) })
		}
		body, at := []byte{'['}, 0
		for n := range rows {
			i := (n*7 + r.N) % rows // another order in each answer
			if !passes[i%2] {
				continue
			}
			if at >= r.Offset && at < r.Offset+min(r.Limit, most) {
				if at > r.Offset {
					body = append(body, ',')
				}
				body = append(strconv.AppendInt(append(body, `{"id":`...), int64(i), 10), `,"ai_platform":"`...)
				body = append(body, "AB"[i%2], '"', '}')
			}
			at++
		}
		return &simulator.Answer{Reply: &simulator.Reply{Header: http.Header{"Content-Type": {"application/json"}}, Body: append(body, ']')}}
	}
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, asking("id, ai_platform"), func(w *world, s *simulator.Scrunch) {
		s.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint != simulator.Query {
				return nil
			}
			return serve(r)
		})
		w.run(reports(dayOf(0), dayOf(0), "asked"), export.Complete)
		got := w.lines(part("asked", dayOf(0), 101))
		if len(got) != rows || !slices.IsSorted(got) || len(slices.Compact(got)) != rows {
			t.Errorf("%d rows, expected each of %d once", len(got), rows)
		}
		// The whole and what follows it; each platform; the rest; what follows them all.
		if n := hits(s, func(r simulator.Request) bool { return r.Endpoint == simulator.Query }); n != 2+2+1+1 {
			t.Errorf("%d requests, expected 6", n)
		}
	})
}

// sheet is a day of a report as a vendor may have it. Its rows come in another order in each answer, but for the last.
type sheet struct {
	rows  []cell
	deaf  bool // filters are not heard
	again bool // an answer to a filter has its first row twice
	grows cell // put in before the fifth request, if it has a country
	asked int
}

// cell is a row's values, as JSON. "" is no such member.
type cell struct{ platform, stage, country string }

func (c cell) line(date string) string {
	line := fmt.Sprintf(`{"date":"%s"`, strings.ReplaceAll(date, "-", ""))
	for _, m := range [][2]string{{"ai_platform", c.platform}, {"stage", c.stage}, {"country", c.country}} {
		if m[1] != "" {
			line += fmt.Sprintf(`,%q:%s`, m[0], m[1])
		}
	}
	return line + `,"responses":1}`
}

// cells are one for each of some countries.
func cells(platform, stage string, countries int) (all []cell) {
	for i := range countries {
		all = append(all, cell{platform, stage, fmt.Sprintf(`"C%02d"`, i)})
	}
	return all
}

// passes says whether a row passes a filter such as stage:Advice or stage:!Advice. A null passes none.
func (c cell) passes(filter string) bool {
	name, value, _ := strings.Cut(filter, ":")
	own := map[string]string{"ai_platform": c.platform, "stage": c.stage}[name]
	if value, not := strings.CutPrefix(value, "!"); not {
		return own != "null" && own != fmt.Sprintf("%q", value)
	}
	return own == fmt.Sprintf("%q", value)
}

// answer gives no more than so many rows.
func (s *sheet) answer(r simulator.Request, most int) *simulator.Answer {
	if s.asked++; s.asked == 5 && s.grows.country != "" && most < 100 {
		s.rows = slices.Insert(s.rows, 0, s.grows)
	}
	rows := slices.Clone(s.rows)
	order := rand.New(rand.NewPCG(1, uint64(r.N)))
	order.Shuffle(len(rows)-1, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	filters := r.Query["filters"]
	if !s.deaf {
		rows = slices.DeleteFunc(rows, func(c cell) bool {
			return slices.ContainsFunc(filters, func(f string) bool { return !c.passes(f) })
		})
	}
	if s.again && len(filters) == 1 && len(rows) > 0 && most < 100 {
		rows = append(rows, rows[0])
	}
	from := min(r.Offset, len(rows))
	var lines []string
	for _, c := range rows[from:min(from+min(r.Limit, most), len(rows))] {
		lines = append(lines, c.line(r.From))
	}
	return answer(http.StatusOK, "application/json", "["+strings.Join(lines, ",")+"]")
}

// lines are all rows as they lie in the bucket, less what says whose they are.
func (s *sheet) lines(date string) (all []string) {
	for _, c := range s.rows {
		all = append(all, c.line(date))
	}
	return slices.Sorted(slices.Values(all))
}

// sliced is a day that is asked for in slices, at most 6 rows an answer, and what becomes of it.
type sliced struct {
	name  string
	sheet sheet
	says  string // "": whole; else why the day is incomplete
	asks  int    // requests
}

func slicedDays() []sliced {
	const none = "no dimension left"
	both := func() []cell { return slices.Concat(cells(`"A"`, "", 4), cells(`"B"`, "", 4)) }
	var many []cell
	for i := range 15 {
		many = append(many, cell{fmt.Sprintf(`"P%02d"`, i), "", `"C"`})
	}
	return []sliced{
		{"by one dimension", sheet{rows: both()}, "", 6},
		{"by one dimension and another", sheet{rows: slices.Concat(cells(`"A"`, `"X"`, 4), cells(`"A"`, `"Y"`, 3), cells(`"B"`, `"Y"`, 5))}, "", 10},
		{"values that no answer showed are found in the rest", sheet{rows: many}, "", 18},
		{"a dimension with nulls", sheet{rows: slices.Concat(cells(`"A"`, "", 5), cells(`null`, "", 5))}, none, 2},
		{"a null that no answer showed", sheet{rows: append(both(), cell{`null`, "", `"C99"`})}, "the slices hold 8 rows of the day, and there are more", 6},
		{"rows that repeat in a slice", sheet{rows: both(), again: true}, "rows came twice", 6},
		{"filters that are not heard", sheet{rows: both(), deaf: true}, none, 4},
		{"no further dimension", sheet{rows: cells(`"A"`, "", 8)}, none, 4},
		{"no dimension at all", sheet{rows: cells("", "", 8)}, none, 2},
		{"rows that come between the slices", sheet{rows: both(), grows: cell{`"A"`, "", `"C50"`}},
			"rows of the day, and there are more", 6},
	}
}

// Each row has a day of its own: read for the first time, then whole by a vendor without a cap, then again with one.
func TestADayIsWholeBySlicesOrIncompleteAndNotWritten(t *testing.T) {
	days := slicedDays()
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, asking("date, ai_platform, stage, country, responses"), func(w *world, s *simulator.Scrunch) {
		most := 6
		s.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint != simulator.Query {
				return nil
			}
			return days[int(snapshot.DayOf(noon)-1-day(r.From))].sheet.answer(r, most)
		})
		w.slices(s, days, true)

		most = 1000
		w.pass(time.Minute)
		w.run(reports(dayOf(len(days)-1), dayOf(0), "asked"), export.Complete)
		for i := range days {
			w.sheetIs(dayOf(i), days[i])
			if days[i].sheet.grows.country != "" {
				days[i].sheet.grows.country = `"C51"`
			}
			days[i].sheet.asked = 0
			days[i].sheet.rows[0].country = `"another"` // so that a reading which is let through would be seen
		}
		most = 6
		w.pass(time.Minute)
		w.slices(s, days, false)
	})
}

// slices reads every day by slices, and checks what became of each.
func (w *world) slices(s *simulator.Scrunch, days []sliced, first bool) {
	w.Helper()
	before, since := w.kept(), len(s.Requests())
	r := w.run(reports(dayOf(len(days)-1), dayOf(0), "asked"), export.Failed)
	changed := w.changed(before)
	for i, d := range days {
		asks := 0
		for _, r := range s.Requests()[since:] {
			if r.Endpoint == simulator.Query && r.From == dayOf(i) {
				asks++
			}
		}
		if asks != d.asks {
			w.Errorf("%s: %d requests, expected %d", d.name, asks, d.asks)
		}
		if d.says == "" {
			w.sheetIs(dayOf(i), d)
			continue
		}
		failed := slices.DeleteFunc(slices.Clone(w.dataset(r, "asked").Failed), func(f export.Failure) bool { return f.Day != day(dayOf(i)) })
		if len(failed) != 1 || failed[0].Kind != export.Incomplete || failed[0].Part != "brand-101" ||
			!strings.Contains(failed[0].Error, "GET /101/query: ") || !strings.Contains(failed[0].Error, d.says) {
			w.Errorf("%s: %s; expected kind incomplete, and %q", d.name, show(failed), d.says)
		}
		key := part("asked", dayOf(i), 101)
		if slices.Contains(changed, key) || (first && w.bytes(key) != "") {
			w.Errorf("%s: the day was written", d.name)
		}
		if entry, there := w.reportEntry(dayOf(i)); there == first || !first && !entry.FetchedAt.Before(r.Time) {
			w.Errorf("%s: the ledger says %s", d.name, show(entry))
		}
	}
}

func (w *world) reportEntry(of string) (snapshot.Entry, bool) {
	w.Helper()
	var l snapshot.Ledger
	if text := w.bytes("_yardstick/ledger/scrunch/asked/account=main/" + day(of).Month() + ".json"); text != "" {
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			w.Fatal(err)
		}
	}
	entry, ok := l.Days[day(of)]["brand-101"]
	return entry, ok
}

// sheetIs checks that a day in the bucket has the rows of its sheet.
func (w *world) sheetIs(of string, d sliced) {
	w.Helper()
	var got []string
	for _, line := range w.lines(part("asked", of, 101)) {
		_, own, _ := strings.Cut(line, `"date"`)
		got = append(got, `{"date"`+own)
	}
	slices.Sort(got)
	if want := d.sheet.lines(of); !slices.Equal(got, want) {
		w.Errorf("%s: %q, expected %q", d.name, got, want)
	}
}

// On a day that is not over, rows that come between the slices are no fault: the day is left for the next run.
func TestAnOpenDayThatGrowsBetweenItsSlicesIsLeftForTheNextRun(t *testing.T) {
	const today = "2026-11-18"
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, asking("date, ai_platform, country, responses"), func(w *world, s *simulator.Scrunch) {
		page := sheet{rows: slices.Concat(cells(`"A"`, "", 4), cells(`"B"`, "", 4)), grows: cell{`"A"`, "", `"C50"`}}
		s.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint != simulator.Query {
				return nil
			}
			return page.answer(r, 6)
		})
		r := w.run(reports(today, today, "asked"), export.Partial)
		if len(r.Warnings) != 1 || r.Warnings[0].Kind != "moving" || w.bytes(part("asked", today, 101)) != "" {
			t.Errorf("%s; expected one warning of kind moving, and no object", show(r))
		}
		w.pass(time.Minute)
		w.run(reports(today, today, "asked"), export.Complete)
		w.sheetIs(today, sliced{name: "the next run", sheet: page})
	})
}
