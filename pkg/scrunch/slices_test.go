package scrunch

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

var (
	platforms = []string{`"ChatGPT"`, `"Perplexity"`, `"Google Gemini"`}
	stages    = []string{`"Advice"`, `"Awareness"`, `"Comparison"`, `"Q&A: l'été, 100%"`}
	either    = []string{`true`, `false`}
)

// isIncomplete fails the test unless a reading ended so, and says why.
func isIncomplete(t *testing.T, err error, says string) {
	t.Helper()
	known, ok := errors.AsType[*export.Error](err)
	if !ok || known.Kind != export.Incomplete || !strings.HasPrefix(err.Error(), "GET /101/query: ") || !strings.Contains(err.Error(), says) {
		t.Errorf("%v; expected kind incomplete, and %q", err, says)
	}
}

// The cap is nobody's promise, and each answer has an order of its own.
func TestACappedReportIsWholeBySlices(t *testing.T) {
	uncapped := map[string][]string{}
	cfg := simulator.ScrunchConfig{Brands: 1, Prompts: 40}
	inScrunch(t, cfg, func(w *world, _ *simulator.Scrunch) {
		for _, name := range []string{"prompt_daily", "topic_daily", "competitor_daily"} {
			uncapped[name] = w.whole(window(name, closed))
		}
	})
	for name, most := range map[string][]int{"prompt_daily": {6, 15, 40, 100}, "topic_daily": {60, 100}, "competitor_daily": {4, 10}} {
		for i, n := range most {
			cfg.QueryCap, cfg.NegationKeepsNull = n, i%2 > 0
			inScrunch(t, cfg, func(w *world, s *simulator.Scrunch) {
				lines := w.whole(window(name, closed))
				if diff := cmp.Diff(uncapped[name], lines); diff != "" || len(lines) <= n {
					w.Errorf("%s, at most %d: %s", name, n, diff)
				}
			})
		}
	}
}

// bulk serves rows by platform, as many as the limit says.
type bulk struct {
	rows  map[string][][]byte
	asked int
}

func (b *bulk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !q.Has("fields") {
		(&sheet{}).ServeHTTP(w, r)
		return
	}
	b.asked++
	var rows [][]byte
	for platform, all := range b.rows {
		only := !slices.ContainsFunc(q["filters"], func(f string) bool { return !strings.HasPrefix(f, "ai_platform:!") && f != "ai_platform:"+platform })
		if only && !slices.Contains(q["filters"], "ai_platform:!"+platform) {
			rows = append(rows, all...)
		}
	}
	from := min(whole(q.Get("offset")), len(rows))
	rows = rows[from:min(from+whole(q.Get("limit")), len(rows))]
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte{'['})
	_, _ = w.Write(bytes.Join(rows, []byte{','}))
	_, _ = w.Write([]byte{']'})
}

func TestAReportLongerThanTheDocumentedLimitIsWholeBySlices(t *testing.T) {
	b := &bulk{rows: map[string][][]byte{}}
	for platform, n := range map[string]int{"A": 50_000, "B": maxRows - 50_000 + 1} {
		for i := range n {
			b.rows[platform] = append(b.rows[platform], fmt.Appendf(nil, `{"ai_platform":"%s","country":%d,"responses":1}`, platform, i))
		}
	}
	lines, err := readSheet(t, b, "ai_platform", "country")
	if err != nil || len(lines) != maxRows+1 || len(slices.Compact(lines)) != maxRows+1 {
		t.Errorf("%d rows, %v", len(lines), err)
	}
	if want := 2 + 1 + 1 + 1 + 1; b.asked != want { // the whole and what follows it, A, B, the rest, what follows them all
		t.Errorf("%d requests, expected %d", b.asked, want)
	}
}

func TestSlicesAreNestedAsFarAsTheyHaveTo(t *testing.T) {
	values := map[string][]string{"ai_platform": platforms, "stage": stages, "branded": either, "prompt_id": numbers(7), "country": {`"US"`, `"GB"`}}
	fields := []string{"date", "country", "prompt_id", "branded", "stage", "ai_platform"}
	for _, most := range []int{2, 13, 14, 27, 28, 112} {
		s := &sheet{observations: each(values), most: most, order: rand.New(rand.NewPCG(1, 2))}
		lines, err := readSheet(t, s, fields...)
		if diff := cmp.Diff(s.lines(fields...), lines); err != nil || diff != "" {
			t.Errorf("at most %d: %v %.500s", most, err, diff)
		}
	}
	s := &sheet{observations: each(values), most: 1}
	_, err := readSheet(t, s, fields...)
	isIncomplete(t, err, "stops after 1 rows although more follow")
}

// An answer that is cut off shows some of the values only; the others are found in what is left.
func TestValuesThatAreNotShownAreFoundInTheRest(t *testing.T) {
	s := &sheet{observations: each(map[string][]string{"prompt_id": numbers(100), "country": {`"US"`, `null`}}), most: 7}
	lines, err := readSheet(t, s, "date", "prompt_id", "country")
	if diff := cmp.Diff(s.lines("date", "prompt_id", "country"), lines); err != nil || diff != "" {
		t.Errorf("%v %.500s", err, diff)
	}
}

func TestWhereNoSlicesCanBeAskedForTheReportIsIncomplete(t *testing.T) {
	fields := []string{"ai_platform", "country"}
	countries := []string{`"US"`, `"GB"`, `"DE"`, `"FR"`, `"IE"`}
	tests := map[string]struct {
		fields    []string
		platforms []string
		most      int
		says      string
	}{
		"no slicing dimension":           {[]string{"country"}, platforms, 4, "no dimension left"},
		"null is shown":                  {fields, []string{`null`, `"ChatGPT"`}, 6, "no dimension left"},
		"nothing":                        {fields, []string{`""`, `"ChatGPT"`}, 6, "no dimension left"},
		"a value with an alternative":    {fields, []string{`"A|B"`, `"C"`}, 6, "no dimension left"},
		"a value that looks negated":     {fields, []string{`"!A"`, `"A"`}, 6, "no dimension left"},
		"a slice is longer than the cap": {fields, []string{`"ChatGPT"`, `"Claude"`}, 4, "stops after 4 rows"},
		"more values than are asked for": {[]string{"prompt_id"}, platforms, 2_050, "at most 2000 values"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &sheet{observations: each(map[string][]string{"ai_platform": tt.platforms, "country": countries}), most: tt.most}
			if tt.fields[0] == "prompt_id" {
				s.observations = each(map[string][]string{"prompt_id": numbers(2_100)})
			}
			_, err := readSheet(t, s, tt.fields...)
			isIncomplete(t, err, tt.says)
			if len(s.asked) > 4+tt.most {
				t.Errorf("%d requests", len(s.asked))
			}
		})
	}
}

// What is left is asked for by a filter for each value that was shown, and a URL has an end.
func TestWhatIsLeftIsAskedForWithSoManyFiltersOnly(t *testing.T) {
	found := values{}
	for _, n := range numbers(20) {
		found.note(dimensionOf("prompt_id"), jsontext.Value(n))
	}
	r := &report{Report: Report{Name: "asked", Fields: []string{"prompt_id"}}}
	err := r.inSlices(t.Context(), make([]string, maxValues-19), 7, &found, slicing[:])
	if !isKind(err, export.Incomplete) || !strings.Contains(err.Error(), "at most 2000 values") {
		t.Errorf("%v", err)
	}
}

// The vendor documents no null in these dimensions. If one is hidden behind the cap, no filter may let it through.
func TestANullThatTheAnswerDidNotShowIsNotLost(t *testing.T) {
	s := &sheet{observations: each(map[string][]string{"ai_platform": platforms, "prompt_id": numbers(5)}), most: 6}
	s.observations = append(s.observations, map[string]string{"date": `"20261117"`, "ai_platform": `null`, "prompt_id": `9`})
	_, err := readSheet(t, s, "ai_platform", "prompt_id")
	isIncomplete(t, err, "the slices hold 15 rows of the day, and there are more")
	s.keepsNull = true
	if lines, err := readSheet(t, s, "ai_platform", "prompt_id"); err != nil || !slices.Equal(lines, s.lines("ai_platform", "prompt_id")) {
		t.Errorf("%d rows, %v; expected all of them: the rest holds the null", len(lines), err)
	}
}

// On a day that is not over, data may arrive between two slices.
func TestAnOpenDayThatGrowsBetweenItsSlicesIsMoving(t *testing.T) {
	s := &sheet{observations: each(map[string][]string{"ai_platform": platforms, "prompt_id": numbers(5)}), most: 6}
	for _, o := range s.observations {
		o["date"] = `"20261118"`
	}
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(s.asked) == 4 { // the first slice was read
			s.observations = append(s.observations, map[string]string{"date": `"20261118"`, "ai_platform": platforms[0], "prompt_id": `77`})
		}
		s.ServeHTTP(w, r)
	})
	inBubble(t, late, func(w *world) {
		w.reports(Report{Name: "asked", Fields: []string{"date", "ai_platform", "prompt_id", "responses"}})
		if _, _, err := w.read(window("asked", today)); !errors.Is(err, export.ErrMoving) {
			w.Errorf("%v; expected that it moves", err)
		}
		if lines := w.whole(window("asked", today)); len(lines) != 16 {
			w.Errorf("%d rows the next time", len(lines))
		}
	})
}

func TestRowsThatRepeatOverSlicesAreIncomplete(t *testing.T) {
	values := map[string][]string{"ai_platform": platforms, "stage": stages}
	for dimension, says := range map[string]string{"ai_platform": "that a filter keeps out", "stage": "no dimension left"} {
		s := &sheet{observations: each(values), most: 3, deaf: dimension}
		_, err := readSheet(t, s, "ai_platform", "stage")
		isIncomplete(t, err, says)
		if len(s.asked) > 60 {
			t.Errorf("%d requests", len(s.asked))
		}
	}
	twice := reply(200, "application/json", `[{"date":"20261117","responses":1},{"date":"20261117","responses":1}]`)
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.Fault(on(simulator.Query, func(r simulator.Request) *simulator.Answer {
			if r.Offset > 0 {
				return reply(200, "application/json", `[]`)
			}
			return twice
		}))
		_, _, err := w.read(window("brand_daily", closed))
		isIncomplete(w.T, err, "rows came twice")
	})
}

func TestTheFiltersOfAReportHoldInEverySlice(t *testing.T) {
	s := &sheet{observations: each(map[string][]string{"ai_platform": platforms, "stage": stages, "country": {`"US"`, `"GB"`}}), most: 3}
	inBubble(t, s, func(w *world) {
		w.reports(Report{Name: "asked", Fields: []string{"ai_platform", "stage", "responses"}, Filters: []string{"country:US", "stage:!Advice"}})
		lines := w.whole(window("asked", closed))
		if len(lines) != 9 || strings.Contains(strings.Join(lines, ""), "Advice") {
			w.Errorf("%d rows: %q", len(lines), lines)
		}
		for _, q := range s.asked {
			if got := q["filters"]; len(got) < 2 || got[0] != "country:US" || got[1] != "stage:!Advice" {
				w.Errorf("%q", got)
			}
		}
	})
}
