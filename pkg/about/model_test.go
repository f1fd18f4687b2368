package about_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// written is what a test knows of one part of one day.
type written struct {
	entry snapshot.Entry
	gone  bool // its object is
}

// story is all that befell a dataset, as the model has it.
type story struct {
	listing bool
	start   snapshot.Day
	parts   []string // wanted, of all that there are
	there   map[snapshot.Day]map[string]written
	failed  map[snapshot.Day]map[string]time.Time // the newest failure
}

const today = snapshot.Day(739943) // 2026-11-23

var allParts = [...]string{"brand-1", "brand-2", "brand-30"}

func drawStory(t *rapid.T) story {
	s := story{listing: rapid.Bool().Draw(t, "listing"), there: map[snapshot.Day]map[string]written{}, failed: map[snapshot.Day]map[string]time.Time{}}
	if rapid.Bool().Draw(t, "start is configured") {
		s.start = today - snapshot.Day(rapid.IntRange(0, 40).Draw(t, "start"))
	}
	s.parts = rapid.SampledFrom([][]string{{"brand-1"}, {"brand-1", "brand-2"}, {"brand-1", "brand-2", "brand-30"}, {}}).Draw(t, "parts")
	hour := rapid.IntRange(0, 72)
	for range rapid.IntRange(0, 40).Draw(t, "entries") {
		day, part := today-snapshot.Day(rapid.IntRange(-1, 60).Draw(t, "days ago")), rapid.SampledFrom(allParts[:]).Draw(t, "part")
		e := snapshot.Entry{Rows: rapid.Int64Range(0, 2).Draw(t, "rows"), Settled: rapid.Bool().Draw(t, "settled"),
			FetchedAt: noon().Add(-time.Duration(hour.Draw(t, "read")) * time.Hour), Spec: rapid.SampledFrom([]string{"as now", "as now", "as before"}).Draw(t, "spec")}
		if s.there[day] == nil {
			s.there[day] = map[string]written{}
		}
		s.there[day][part] = written{e, rapid.IntRange(0, 4).Draw(t, "gone") == 0}
	}
	for range rapid.IntRange(0, 6).Draw(t, "failures") {
		day, part := today-snapshot.Day(rapid.IntRange(0, 60).Draw(t, "days ago")), rapid.SampledFrom(allParts[:]).Draw(t, "part")
		if s.failed[day] == nil {
			s.failed[day] = map[string]time.Time{}
		}
		s.failed[day][part] = noon().Add(-time.Duration(hour.Draw(t, "failed")) * time.Hour)
	}
	return s
}

// told puts the story into a bucket and gathers the status of its one dataset.
func (s story) told(t *rapid.T) about.Dataset {
	b := newBucket()
	name := func(day snapshot.Day, part string) snapshot.Name {
		return snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "main", Day: day, Part: part}
	}
	for day, parts := range s.there {
		for part, w := range parts {
			b.export(name(day, part), noon(), func(e *snapshot.Entry) { w.entry.Key = e.Key; *e = w.entry })
			if w.gone {
				must(b.Delete(t.Context(), layout.Data(name(day, part))))
			}
		}
	}
	runs := map[time.Time][]export.Failure{}
	for day, parts := range s.failed {
		for part, at := range parts {
			runs[at] = append(runs[at], export.Failure{Day: day, Part: part, Kind: export.Malformed, Error: "no JSON"})
		}
	}
	for at, failed := range runs {
		b.ran("scrunch", at, export.Failed, export.AccountResult{Account: "main", Requests: 1,
			Datasets: []export.DatasetResult{{Dataset: "brand_daily", Failed: failed}}})
	}
	status, err := about.Gather(t.Context(), b, layout, []about.Wanted{{Source: "scrunch", Account: "main", Zone: time.UTC, Start: s.start,
		Datasets: []about.WantedDataset{{Dataset: "brand_daily", Listing: s.listing, Spec: "as now", Parts: s.parts}}}}, noon())
	if err != nil {
		t.Fatal(err)
	}
	return status.Sources[0].Accounts[0].Datasets[0]
}

// wanted says whether a day of a part is.
func (s story) wanted(day snapshot.Day, part string) bool {
	oldest := today
	for day := range s.there {
		oldest = min(oldest, day)
	}
	switch {
	case !strings.Contains(strings.Join(s.parts, " ")+" ", part+" "), day > today:
		return false
	case s.listing:
		return day == today
	case s.start != 0:
		return day >= s.start
	}
	return day >= min(oldest, today-30)
}

// failing says whether the last that is known of a part is that it failed.
func (s story) failing(day snapshot.Day, part string) bool {
	at, failed := s.failed[day][part]
	if !failed || !strings.Contains(strings.Join(s.parts, " ")+" ", part+" ") {
		return false
	}
	var newest time.Time // run
	for _, parts := range s.failed {
		for _, at := range parts {
			newest = later(newest, at)
		}
	}
	if w := s.there[day][part]; !s.listing && w.entry.Settled && !w.gone && w.entry.Spec == "as now" && at != newest {
		return false // as good as ever, and not failed again
	}
	later, made := false, false // a listing on that day or later, and a reading since
	for other, parts := range s.there {
		w, ok := parts[part]
		if !ok || other > today || !s.listing && other != day {
			continue
		}
		later = later || other >= day
		made = made || !w.entry.FetchedAt.Before(at)
	}
	return !later || !made
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// state is what a day is.
func (s story) state(day snapshot.Day) about.State {
	var is [256]bool
	for _, part := range allParts {
		w, known := s.there[day][part]
		there := known && !w.gone && day <= today
		current := there && w.entry.Spec == "as now"
		is[about.Failed] = is[about.Failed] || s.failing(day, part)
		is[about.Missing] = is[about.Missing] || s.wanted(day, part) && !current
		is[about.Unsettled] = is[about.Unsettled] || s.wanted(day, part) && current && !w.entry.Settled
		is[about.Exported] = is[about.Exported] || there && w.entry.Rows > 0
		is[about.Empty] = is[about.Empty] || there
	}
	for _, state := range "fmue0" {
		if is[state] {
			return about.State(state)
		}
	}
	return about.Unwanted
}

func (s story) rows(day snapshot.Day) (rows int64) {
	for _, w := range s.there[day] {
		if !w.gone && day <= today {
			rows += w.entry.Rows
		}
	}
	return rows
}

func TestStatesOfDaysAgreeWithAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t)
		d := s.told(t)
		first, seen := date(d.Months[0].Month+"-01"), 0
		for _, m := range d.Months {
			day := date(m.Month + "-01")
			if len(m.Days) != len(m.Rows) || day != first+snapshot.Day(seen) || (day+snapshot.Day(len(m.Days))).FirstOfMonth() != day+snapshot.Day(len(m.Days)) {
				t.Fatalf("%s has %d days and %d rows, after %d days since %s", m.Month, len(m.Days), len(m.Rows), seen, first)
			}
			seen += len(m.Days)
			for i := range m.Days {
				if got, want := about.State(m.Days[i]), s.state(day+snapshot.Day(i)); got != want {
					t.Fatalf("%s is %c, expected %c", day+snapshot.Day(i), got, want)
				}
				if got, want := m.Rows[i], s.rows(day+snapshot.Day(i)); got != want {
					t.Fatalf("%s has %d rows, expected %d", day+snapshot.Day(i), got, want)
				}
			}
		}
		if d.Months[len(d.Months)-1].Month != today.Month() {
			t.Fatalf("the last month is %s", d.Months[len(d.Months)-1].Month)
		}
		for day := first - 100; day < first; day++ {
			if state := s.state(day); state != about.Unwanted {
				t.Fatalf("%s is %c and not told", day, state)
			}
		}
	})
}

func TestAStateIsWorseThanThoseAfterIt(t *testing.T) {
	all := []about.State{about.Failed, about.Missing, about.Unsettled, about.Exported, about.Empty, about.Unwanted}
	for i, a := range all {
		for j, b := range all {
			if got, want := a.Worse(b), i < j; got != want {
				t.Errorf("%s: %v, expected %v", fmt.Sprintf("%c worse than %c", a, b), got, want)
			}
		}
	}
}
