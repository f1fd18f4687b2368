package scrunch

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"yardstick/pkg/snapshot/snapshottest"

	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

var (
	_ export.Vendor     = (*Source)(nil)
	_ export.Forecaster = (*Source)(nil)
)

// sideBySide reads windows at once, each into a spool of its own, and gives their lines in the same order.
func sideBySide(w *world, windows []export.Window) [][]string {
	w.Helper()
	lines, faults := make([][]string, len(windows)), make([]error, len(windows))
	var group sync.WaitGroup
	for i, at := range windows {
		spool := snapshottest.NewSpool(w)
		w.Cleanup(func() { _ = spool.Close() })
		group.Go(func() {
			_, faults[i] = w.source.Read(w.Context(), at, spool)
		})
		defer func() {
			if faults[i] == nil {
				lines[i] = snapshottest.Lines(w, spool)
			}
		}()
	}
	group.Wait()
	for i, err := range faults {
		if err != nil {
			w.Errorf("%+v: %v", windows[i], err)
		}
	}
	return lines
}

// windowsOf are all datasets of some days of two brands.
func windowsOf(days int) (all []export.Window) {
	for _, d := range Datasets(reportsOn(), nil, nil) {
		for day := range days {
			for _, brand := range []string{"brand-101", "brand-102"} {
				at := window(d.Name, closed)
				at.Day -= export.Day(day)
				if d.Name != "brands" {
					at.Part = brand
				}
				all = append(all, at)
			}
		}
	}
	return all
}

func TestWindowsMayBeReadSideBySide(t *testing.T) {
	cfg := simulator.ScrunchConfig{Brands: 2, Prompts: 6, Runs: 1, QueryCap: 16, MaxLimit: 20}
	var one [][]string
	windows := slices.DeleteFunc(windowsOf(2), func(at export.Window) bool { // these have no slice that is small enough
		return slices.Contains([]string{"citation_daily", "source_daily", "tag_daily"}, at.Dataset)
	})
	inScrunch(t, cfg, func(w *world, _ *simulator.Scrunch) {
		for _, at := range windows {
			one = append(one, sideBySide(w, []export.Window{at})...)
		}
	})
	inScrunch(t, cfg, func(w *world, s *simulator.Scrunch) {
		var changed sync.Once
		s.Fault(func(r simulator.Request) *simulator.Answer { // the key changes while all of them are at it
			if r.N == 40 {
				changed.Do(func() {
					s.SetKeys(simulator.ScrunchKey{Key: secondKey})
					w.vault.Store(keySecret, secondKey)
				})
			}
			return &simulator.Answer{Delay: time.Duration(r.N%7) * time.Millisecond}
		})
		if diff := cmp.Diff(one, sideBySide(w, windows)); diff != "" {
			w.Errorf("(-one by one +side by side)\n%.2000s", diff)
		}
		if n := w.vault.Count("Current"); n != 2 {
			w.Errorf("the secret was read %d times, expected 2", n)
		}
		if n := len(asked(s, simulator.Brands)); n > 1+4+2 { // the list, each reading of the dataset brands, and refusals
			w.Errorf("%d requests for brands", n)
		}
	})
}

func TestDatasetsStandInTheOrderOfResults(t *testing.T) {
	names := func(all []export.Dataset) string {
		var names []string
		for _, d := range all {
			names = append(names, d.Name)
		}
		return strings.Join(names, " ")
	}
	if got := names(Datasets(Reports(), nil, nil)); got != "brands prompts competitors personas brand_daily platform_daily prompt_daily competitor_daily citation_daily responses" {
		t.Error(got)
	}
	if got := names(Datasets(reportsOn(), nil, map[string]bool{"brands": true, "responses": true, "prompt_daily": true})); got !=
		"prompts competitors personas brand_daily platform_daily competitor_daily citation_daily source_daily tag_daily topic_daily" {
		t.Error(got)
	}
	for _, d := range Datasets(reportsOn(), map[string][]string{"prompts": {"/text"}}, nil) {
		_, isListing := listings[d.Name]
		if listing := isListing && d.Name != "responses"; d.Listing != listing || d.Sorted == isListing || (len(d.Omit) == 1) != (d.Name == "prompts") {
			t.Errorf("%+v", d)
		}
	}
}

// A spec is a fingerprint of what is asked: it tells every question from every other, and not how one is written down.
func TestASpecIsOfWhatIsAsked(t *testing.T) {
	spec := func(r Report, omit ...string) string {
		for _, d := range Datasets([]Report{r}, map[string][]string{r.Name: omit}, nil) {
			if d.Name == r.Name {
				return d.Spec
			}
		}
		return ""
	}
	seen := map[string]string{}
	for what, s := range map[string]string{
		"one field": spec(Report{Name: "a", Fields: []string{"date"}}), "two": spec(Report{Name: "a", Fields: []string{"date", "stage"}}),
		"in another order": spec(Report{Name: "a", Fields: []string{"stage", "date"}}),
		"a filter":         spec(Report{Name: "a", Fields: []string{"date"}, Filters: []string{"stage:Advice"}}),
		"two filters":      spec(Report{Name: "a", Fields: []string{"date"}, Filters: []string{"stage:Advice", "branded:true"}}),
		"omit":             spec(Report{Name: "a", Fields: []string{"date"}}, "/date"),
		"omit two":         spec(Report{Name: "a", Fields: []string{"date"}}, "/date", "/stage"),
	} {
		if other, ok := seen[s]; ok || len(s) != 16 {
			t.Errorf("%s and %s have the spec %q", what, other, s)
		}
		seen[s] = what
	}
	for _, same := range []string{spec(Report{Name: "b", Fields: []string{"date"}}, "/stage", "/date")} {
		if seen[same] != "omit two" {
			t.Errorf("%q is %q, expected that of the same pointers in another order", same, seen[same])
		}
	}
	all := map[string]string{}
	for _, d := range Datasets(reportsOn(), nil, nil) {
		if other, ok := all[d.Spec]; ok {
			t.Errorf("%s and %s have one spec", d.Name, other)
		}
		all[d.Spec] = d.Name
	}
}

func TestReportsAreTheCallersOwn(t *testing.T) {
	mine := Reports()
	mine[0].Name, mine[1].Fields[0] = "mine", "mine"
	if again := Reports(); again[0].Name != "brand_daily" || again[1].Fields[0] != "date" {
		t.Errorf("%+v", again[:2])
	}
}

func TestTheForecastCountsAnswersAndWhatFollowsThem(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		for _, tt := range []struct {
			dataset string
			last    export.Reading
			want    string
		}{
			{"prompts", export.Reading{}, "1 false"},
			{"prompts", export.Reading{Rows: 250}, "3 false"},
			{"prompts", export.Reading{Pages: 3, Rows: 250, Total: true}, "3 true"},
			{"prompts", export.Reading{Pages: 3, Rows: 300, Total: true}, "4 true"},
			{"personas", export.Reading{Pages: 1, Total: true}, "1 true"},
			{"responses", export.Reading{Pages: 3, Rows: 150, Total: true}, "3 false"}, // 50 a page, or 70 and 10
			{"responses", export.Reading{Pages: 3, Rows: 151, Total: true}, "3 true"},
			{"brands", export.Reading{Pages: 1, Rows: 3}, "1 false"},
			{"brand_daily", export.Reading{}, "1 false"},
			{"brand_daily", export.Reading{Pages: 1, Rows: 1}, "1 false"},
			{"mine", export.Reading{Pages: 7, Rows: 100}, "7 false"},
		} {
			n, exact := w.source.Requests(tt.dataset, tt.last)
			if got := fmt.Sprint(n, exact); got != tt.want {
				w.Errorf("%+v: %s", tt, got)
			}
		}
		w.source.Resume(export.Past{Requests: []time.Time{time.Now()}})
		if n, tokens, err := w.source.PerMinute(w.Context()); n != 0 || tokens != 0 || err != nil || len(s.Requests()) != 0 {
			w.Errorf("%d a minute, %v: no limit is documented, and no vendor is called", n, err)
		}
		if u := w.source.Usage(); u.Requests != 0 || u.Recent != nil || !u.WaitUntil.IsZero() {
			w.Errorf("%+v before the first request", u)
		}
	})
}
