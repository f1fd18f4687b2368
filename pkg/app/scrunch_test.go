package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/bubble"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

const (
	scrunchAddress = "127.0.0.1:1003"
	scrunchKey     = "the-key-of-the-organization"
	scrunchSecret  = "yardstick/scrunch/main/api-key"
)

// inScrunch runs a test between a simulated Scrunch and an embedded cloud, in a bubble whose clock stands at noon.
func inScrunch(t *testing.T, c simulator.ScrunchConfig, config string, test func(w *world, s *simulator.Scrunch)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, network: &bubble.Network{}, dir: dir, config: config, source: app.Scrunch}
		w.pass(time.Until(noon))
		c.Now = time.Now
		if c.Keys == nil {
			c.Keys = []simulator.ScrunchKey{{Key: scrunchKey}}
		}
		s := simulator.NewScrunch(c)
		w.serve(scrunchAddress, s)
		if err := w.open().CreateSecret(t.Context(), scrunchSecret, scrunchKey); err != nil {
			t.Fatal(err)
		}
		test(w, s)
	})
}

// part is the key of a brand's object.
func part(dataset, day string, brand int) string {
	return fmt.Sprintf("scrunch/%s/account=main/dt=%s/brand-%d.json.gz", dataset, day, brand)
}

// hits counts the requests to an endpoint that a test allows.
func hits(s *simulator.Scrunch, allow func(simulator.Request) bool) int {
	n := 0
	for _, r := range s.Requests() {
		if allow(r) {
			n++
		}
	}
	return n
}

func TestScrunchFirstRunAndThenNothingNew(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 4}, "start: 2026-11-15", func(w *world, s *simulator.Scrunch) {
		first := w.run(app.Event{}, export.Complete)
		for _, name := range []string{"brands", "prompts", "competitors", "personas", "brand_daily", "platform_daily", "prompt_daily",
			"competitor_daily", "citation_daily", "responses"} {
			d := w.dataset(first, name)
			want := 3 * 4 // brands x days
			switch name {
			case "brands":
				want = 1
			case "prompts", "competitors", "personas":
				want = 3
			}
			if d.Written != want || d.Rows == 0 || d.Remaining != 0 {
				t.Errorf("%s: %s, expected %d written", name, show(d), want)
			}
		}
		before := w.scrunchObjects()
		w.pass(time.Minute)
		second := w.run(app.Event{}, export.Complete)
		for _, d := range second.Accounts[0].Datasets {
			if d.Written != 0 {
				t.Errorf("%s: %s, expected nothing written", d.Dataset, show(d))
			}
		}
		if !slices.Equal(before, w.scrunchObjects()) {
			t.Error("the second run wrote data objects")
		}
		if n := hits(s, func(r simulator.Request) bool { return r.Method != "GET" }); n != 0 {
			t.Errorf("%d requests other than GET", n)
		}
		lines := w.lines(part("platform_daily", "2026-11-16", 101))
		if len(lines) != 4 || !strings.HasPrefix(lines[0], `{"brand_id":101,"brand_name":"`) || !slices.IsSorted(lines) {
			t.Errorf("%q", lines)
		}
		if line := w.lines("scrunch/brands/account=main/dt=2026-11-18/brands.json.gz")[0]; strings.Contains(line, "brand_id") {
			t.Errorf("brands are kept as sent: %s", line)
		}
	})
}

func (w *world) scrunchObjects() []string {
	w.Helper()
	var all []string
	for _, key := range append(w.keys("scrunch/"), w.keys("latest/")...) {
		all = append(all, key+" "+w.bytes(key))
	}
	return all
}

func TestARefusedBrandLeavesTheOthersAndIsNamed(t *testing.T) {
	c := simulator.ScrunchConfig{Prompts: 3, States: map[int]simulator.BrandState{102: simulator.OutOfPlan}}
	inScrunch(t, c, "start: 2026-11-17\nbrands: [101, 102, 999]", func(w *world, s *simulator.Scrunch) {
		r := w.run(app.Event{}, export.Failed)
		d := w.dataset(r, "brand_daily")
		if d.Written != 2 || len(d.Failed) != 2 {
			t.Fatalf("%s; expected two days of brand 101, and one failure each for 102 and 999", show(d))
		}
		for _, f := range d.Failed {
			if f.Kind != export.NotInPlan || !strings.Contains(f.Error, "scope") || !strings.Contains(f.Error, "archived") {
				t.Errorf("%s", show(f))
			}
		}
		if n := hits(s, func(r simulator.Request) bool { return strings.Contains(r.Path, "999") }); n != 0 {
			t.Errorf("%d requests for a brand that is not listed", n)
		}
		if w.bytes(part("responses", "2026-11-17", 101)) == "" {
			t.Error("the responses of brand 101 are missing")
		}
	})
}

func TestEachDatasetAsksForOneDayInItsOwnWay(t *testing.T) {
	const settings = "start: 2026-11-17\nbrands: [101]\nreports: {source_daily: {on: true}, tag_daily: {on: true}, topic_daily: {on: true}, citation_daily: {off: true}}"
	inScrunch(t, simulator.ScrunchConfig{Prompts: 3}, settings, func(w *world, s *simulator.Scrunch) {
		r := w.run(app.Event{From: day("2026-11-17"), To: day("2026-11-17")}, export.Complete)
		for _, d := range r.Accounts[0].Datasets {
			if d.Dataset == "citation_daily" {
				t.Error("a report that is off was exported")
			}
		}
		queries, responses := 0, 0
		for _, r := range s.Requests() {
			switch {
			case strings.HasSuffix(r.Path, "/query"):
				queries++
				if r.Query.Get("start_date") != "2026-11-17" || r.Query.Get("end_date") != "2026-11-17" {
					t.Errorf("query asks for %v; both of its dates are inclusive", r.Query)
				}
			case strings.HasSuffix(r.Path, "/responses"):
				responses++
				if r.Query.Get("start_date") != "2026-11-17" || r.Query.Get("end_date") != "2026-11-18" {
					t.Errorf("responses asks for %v; its end is exclusive", r.Query)
				}
			case strings.HasSuffix(r.Path, "/prompts") && r.Query.Get("status") != "all":
				t.Errorf("prompts asks for %v", r.Query)
			}
		}
		if queries == 0 || responses == 0 {
			t.Errorf("%d queries, %d requests for responses", queries, responses)
		}
		for _, line := range w.lines(part("responses", "2026-11-17", 101)) {
			if !strings.Contains(line, `"created_at":"2026-11-17T`) {
				t.Errorf("a response of another day: %.200s", line)
			}
		}
	})
}

func TestAnAnswerThatIsCutOffIsReadInSlicesOrIsIncomplete(t *testing.T) {
	whole := func(w *world, dataset string) []string { return w.lines(part(dataset, "2026-11-17", 101)) }
	var uncapped, uncappedCitations []string
	event := app.Event{From: day("2026-11-17"), To: day("2026-11-17"), Datasets: []string{"prompt_daily", "citation_daily"}}
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, "", func(w *world, _ *simulator.Scrunch) {
		w.run(event, export.Complete)
		uncapped, uncappedCitations = whole(w, "prompt_daily"), whole(w, "citation_daily")
	})
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, QueryCap: 15}, "", func(w *world, _ *simulator.Scrunch) {
		r := w.run(event, export.Failed)
		if got := whole(w, "prompt_daily"); len(uncapped) <= 15 || !slices.Equal(got, uncapped) {
			t.Errorf("%d rows by slices, expected %d", len(got), len(uncapped))
		}
		failed := w.dataset(r, "citation_daily").Failed
		if len(uncappedCitations) <= 60 || len(failed) != 1 || failed[0].Kind != export.Incomplete {
			t.Errorf("%d rows; %s; expected kind incomplete: only ai_platform can be sliced", len(uncappedCitations), show(failed))
		}
	})
}

func TestABrandThatIsNoLongerExportedLosesItsCopyInLatest(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 3}, "start: 2026-11-18", func(w *world, s *simulator.Scrunch) {
		w.run(app.Event{}, export.Complete)
		const gone = "latest/scrunch/prompts/account=main/brand-103.json.gz"
		if w.bytes(gone) == "" {
			t.Fatal("no copy in latest/")
		}
		s.SetState(103, simulator.Archived)
		w.pass(7 * time.Hour)
		w.run(app.Event{}, export.Complete)
		if w.bytes(gone) != "" || w.bytes("latest/scrunch/prompts/account=main/brand-101.json.gz") == "" || w.bytes(part("prompts", "2026-11-18", 103)) == "" {
			t.Error("the archived brand's copy should go, and all else stay")
		}
	})
}

func TestTheLastBrandThatIsNoLongerExportedLosesItsCopyToo(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, Prompts: 3}, "start: 2026-11-18", func(w *world, s *simulator.Scrunch) {
		w.run(app.Event{}, export.Complete)
		s.SetState(101, simulator.Archived)
		w.pass(time.Minute)
		w.run(app.Event{}, export.Complete)
		if left := w.keys("latest/scrunch/prompts/"); len(left) != 0 {
			t.Errorf("%q is still there", left)
		}
	})
}

func TestABrandThatIsRefusedIsOneFailure(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 2, Prompts: 3}, "start: 2026-11-01", func(w *world, s *simulator.Scrunch) {
		s.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint == simulator.Query && r.Brand == 101 {
				return simulator.RefuseDetail(403, "not in your plan")
			}
			return nil
		})
		r := w.run(app.Event{Datasets: []string{"brand_daily"}}, export.Failed)
		d := w.dataset(r, "brand_daily")
		if r.Next != nil || len(d.Failed) != 1 || d.Failed[0].Kind != export.NotInPlan || d.Remaining != 18 || d.Written != 18 {
			t.Errorf("%s, next %v; expected one failure, and 18 days that stay due", show(d), r.Next)
		}
	})
}

func TestARefusedScrunchKeyFailsTheAccountByName(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{}, "", func(w *world, s *simulator.Scrunch) {
		s.SetKeys(simulator.ScrunchKey{Key: "another-key"})
		r := w.run(app.Event{}, export.Failed)
		if fault := r.Accounts[0].Error; fault == nil || fault.Kind != export.CredentialRefused || !strings.Contains(fault.Error, scrunchSecret) {
			t.Errorf("%s", show(r))
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests with a refused key", n)
		}
	})
}

func TestCheckTellsWhichBrandsTheKeyMayRead(t *testing.T) {
	c := simulator.ScrunchConfig{Prompts: 3, Keys: []simulator.ScrunchKey{{Key: scrunchKey, Brands: []int{101, 103}}}}
	inScrunch(t, c, "brands: [101, 102]", func(w *world, _ *simulator.Scrunch) {
		var faults, all []string
		for _, f := range w.open().Check(w.Context()).Findings {
			if f.Source == app.Scrunch {
				all = append(all, f.Message)
				if f.Level == app.Fault {
					faults = append(faults, f.Message)
				}
			}
		}
		if len(faults) != 1 || !strings.Contains(faults[0], "102") || !strings.Contains(faults[0], "archived") {
			t.Errorf("faults %q", faults)
		}
		if text := strings.Join(all, "\n"); !strings.Contains(text, "2 brands: 101 ") || strings.Contains(text, scrunchKey) {
			t.Errorf("%s", text)
		}
	})
}

func TestAListOfBrandsThatTheGuardRefusesRemovesNoCopies(t *testing.T) {
	const settings = "start: 2026-11-18\nguard: %s\nrefresh: 0s\nreports: {brand_daily: {off: true}, platform_daily: {off: true}, prompt_daily: {off: true}, " +
		"competitor_daily: {off: true}, citation_daily: {off: true}}\ndatasets: {responses: {off: true}, competitors: {off: true}, personas: {off: true}}"
	for guard, want := range map[string]struct {
		status export.Status
		left   int
		says   string
	}{
		"refuse": {export.Failed, 60, "55 of 60 copies in latest/ are of what is no longer exported, and were kept"},
		"warn":   {export.Complete, 5, "55 of 60 copies in latest/ are of what is no longer exported, and were removed"},
	} {
		inScrunch(t, simulator.ScrunchConfig{Prompts: 1, Brands: 60}, fmt.Sprintf(settings, guard), func(w *world, s *simulator.Scrunch) {
			w.run(app.Event{}, export.Complete)
			var few []string
			for _, line := range w.lines("scrunch/brands/account=main/dt=2026-11-18/brands.json.gz")[:5] {
				few = append(few, line)
			}
			s.SetRecords(simulator.Brands, 0, "", few)
			w.pass(time.Minute)
			r := w.run(app.Event{}, want.status)
			if n := len(w.keys("latest/scrunch/prompts/")); n != want.left {
				t.Errorf("%s: %d copies are left, expected %d", guard, n, want.left)
			}
			if told := show(r.Warnings); !strings.Contains(told, want.says) {
				t.Errorf("%s: %s, expected %q", guard, told, want.says)
			}
			if guard == "refuse" {
				w.pass(time.Minute)
				w.run(app.Event{Force: true}, export.Complete)
				if n := len(w.keys("latest/scrunch/prompts/")); n != 5 {
					t.Errorf("forced: %d copies are left", n)
				}
			}
		})
	}
}
