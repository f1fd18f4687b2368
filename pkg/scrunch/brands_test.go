package scrunch

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// configured begins a run for these brands, less the exceptions.
func (w *world) configured(brands, except []int64) {
	w.Helper()
	w.open(func(c *Config, _ *rest.Config) { c.Brands, c.Except = brands, except })
}

func (w *world) parts(dataset string) []string {
	w.Helper()
	parts, err := w.source.Parts(w.Context(), dataset)
	if err != nil {
		w.Fatal(err)
	}
	return parts
}

func TestPartsAreTheBrandsThatAreWanted(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 4, States: map[int]simulator.BrandState{104: simulator.Archived}}, func(w *world, s *simulator.Scrunch) {
		tests := map[string]struct {
			brands, except []int64
			want           string
		}{
			"all that are listed":                     {nil, nil, "brand-101 brand-102 brand-103"},
			"those that are configured, in order":     {[]int64{103, 101}, nil, "brand-103 brand-101"},
			"one that is not listed is a part, too":   {[]int64{101, 104, 999}, nil, "brand-101 brand-104 brand-999"},
			"less the exceptions":                     {nil, []int64{102, 999}, "brand-101 brand-103"},
			"exceptions of those that are configured": {[]int64{101, 102}, []int64{102}, "brand-101"},
			"none that are left":                      {nil, []int64{101, 102, 103}, ""},
		}
		for name, tt := range tests {
			w.configured(tt.brands, tt.except)
			for _, dataset := range []string{"prompts", "brand_daily", "responses"} {
				if got := strings.Join(w.parts(dataset), " "); got != tt.want {
					w.Errorf("%s, %s: %s, expected %s", name, dataset, got, tt.want)
				}
			}
		}
		if n := len(asked(s, simulator.Brands)); n != len(tests) {
			w.Errorf("the brands were listed %d times in %d runs", n, len(tests))
		}
		if got := w.parts("brands"); !slices.Equal(got, []string{"brands"}) || len(asked(s, simulator.Brands)) != len(tests) {
			w.Errorf("brands: %q", got)
		}
	})
}

func TestABrandThatIsNotListedIsRefusedWithoutARequest(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		w.configured([]int64{101, 999}, nil)
		for _, dataset := range []string{"prompts", "brand_daily", "responses"} {
			at := window(dataset, closed)
			at.Part = "brand-999"
			_, _, err := w.read(at)
			w.check(err, export.Error{Kind: export.NotInPlan, Part: true}, "brand 999", "scope", "archived")
		}
		if n := len(s.Requests()); n != 1 {
			w.Errorf("%d requests, expected the list of brands alone", n)
		}
	})
}

func brandRecord(id int) string {
	return fmt.Sprintf(`{"id":%d,"name":"Brand %d","website":"https://b.example"}`, id, id)
}

func brandRecords(ids ...int) (all []string) {
	for _, id := range ids {
		all = append(all, brandRecord(id))
	}
	return all
}

// Pages are told apart by their records, not by what their ids add up to.
func TestBrandsMayStandInAnyOrderOverPages(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, MaxLimit: 2}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Brands, 0, "", brandRecords(1, 4, 2, 3, 5, 7))
		if got := strings.Join(w.parts("prompts"), " "); got != "brand-1 brand-4 brand-2 brand-3 brand-5 brand-7" {
			w.Error(got)
		}
	})
}

func TestBrandsThatComeOrGoWhileTheyAreListed(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(s *simulator.Scrunch, nth int)
		want   string
	}{
		"one is put in": {func(s *simulator.Scrunch, _ int) { s.Insert(simulator.Brands, 0, "", 0, brandRecord(9)) }, "brand-1 brand-2 brand-3 brand-4 brand-5 brand-9"},
		"one goes":      {func(s *simulator.Scrunch, _ int) { s.Remove(simulator.Brands, 0, "", 0, 1) }, "brand-2 brand-3 brand-4 brand-5"},
	} {
		t.Run(name, func(t *testing.T) {
			inScrunch(t, simulator.ScrunchConfig{Brands: 1, MaxLimit: 2}, func(w *world, s *simulator.Scrunch) {
				s.SetRecords(simulator.Brands, 0, "", brandRecords(1, 2, 3, 4, 5))
				s.Fault(on(simulator.Brands, func(r simulator.Request) *simulator.Answer {
					if r.Nth == 2 {
						tt.change(s, r.Nth)
					}
					return nil
				}))
				parts := w.parts("prompts")
				slices.Sort(parts)
				if got := strings.Join(parts, " "); got != tt.want {
					w.Errorf("%s, expected %s", got, tt.want)
				}
			})
		})
	}
}

// Which brands there are is not known then, and an account without its parts cannot be done.
func TestBrandsThatNeverStandStillAreIncomplete(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, MaxLimit: 2}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Brands, 0, "", brandRecords(1, 2, 3, 4, 5, 6, 7, 8, 9))
		s.Fault(on(simulator.Brands, func(r simulator.Request) *simulator.Answer {
			if r.Offset == 2 {
				s.Remove(simulator.Brands, 0, "", 0, 1)
			}
			return nil
		}))
		_, err := w.source.Parts(w.Context(), "prompts")
		w.check(err, export.Error{Kind: export.Incomplete, Account: true}, "GET /brands: ", "total fell")
	})
}

func TestAListOfBrandsThatIsNoneFailsTheAccount(t *testing.T) {
	for record, says := range map[string]string{
		`{"name":"A"}`:                         "no id",
		`{"id":null,"name":"A"}`:               "id is null, expected a whole number",
		`{"id":"101","name":"A"}`:              "id is a string, expected a whole number",
		`{"id":1.5,"name":"A"}`:                "id is a number, expected a whole number",
		`{"id":99999999999999999999,"name":1}`: "id is a number, expected a whole number",
		`{"id":101}`:                           "no name",
		`{"id":101,"name":null}`:               "name is null, expected a string",
		`{"id":101,"name":{"text":"A"}}`:       "name is an object, expected a string",
		`[]`:                                   "record 1 is an array, expected an object",
	} {
		inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
			s.SetRecords(simulator.Brands, 0, "", []string{record})
			_, err := w.source.Parts(w.Context(), "prompts")
			w.check(err, export.Error{Kind: export.Malformed, Account: true}, "GET /brands: page 1: ", says)
			if _, err := w.source.Listed(w.Context()); err == nil {
				w.Error("a failure was kept as a list")
			}
		})
	}
}

// A brand that was renamed while the list was read may stand in it at both places, and another one at none.
func TestABrandThatIsListedTwiceLeavesTheListInDoubt(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Brands, 0, "", append(brandRecords(101, 102), `{"id":101,"name":"Renamed"}`))
		_, err := w.source.Parts(w.Context(), "prompts")
		w.check(err, export.Error{Kind: export.Incomplete, Account: true}, "a record came twice, although each has an id of its own")
	})
}

// A list that failed once is asked for again; one that came is not.
func TestAFailedListOfBrandsIsNotRemembered(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 2}, func(w *world, s *simulator.Scrunch) {
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if _, err := w.source.Listed(ctx); err == nil {
			w.Error("listed although the context had ended")
		}
		for range 3 {
			brands, err := w.source.Listed(w.Context())
			if err != nil || len(brands) != 2 || brands[1].ID != 102 || string(brands[1].Name) != `"Fernwood Coffee Roasters"` {
				w.Errorf("%v, %v", brands, err)
			}
		}
		if n := len(asked(s, simulator.Brands)); n != 1 {
			w.Errorf("%d requests", n)
		}
	})
}

// The brand is put first only where the record has no such member, and its name is spelt as the vendor spells it.
func TestTheBrandIsPutFirst(t *testing.T) {
	const id, name = `"brand_id":101`, `"brand_name":"Larkspur"`
	tests := []struct{ name, record, want string }{
		{`"Larkspur"`, `{"a":1}`, `{` + id + `,` + name + `,"a":1}`},
		{`"Larkspur"`, `{}`, `{` + id + `,` + name + `}`},
		{`"Larkspur"`, " {\n } ", `{` + id + `,` + name + `}`},
		{`"Larkspur"`, " \t{ \"a\" : [ 1 , {} ] }", `{` + id + `,` + name + `,"a":[1,{}]}`},
		{`"Larkspur"`, `{"a":1,"brand_id":5}`, `{` + name + `,"a":1,"brand_id":5}`},
		{`"Larkspur"`, `{"brand_name":null}`, `{` + id + `,"brand_name":null}`},
		{`"Larkspur"`, `{"brand_id":5,"brand_name":"x","a":1}`, `{"brand_id":5,"brand_name":"x","a":1}`},
		{`"Larkspur"`, `{"brand\u005fid":5}`, `{` + name + `,"brand\u005fid":5}`},
		{`"Larkspur"`, `{"Brand_ID":5}`, `{` + id + `,` + name + `,"Brand_ID":5}`},
		{`"Larkspur"`, `{"a":{"brand_id":5,"brand_name":"x"}}`, `{` + id + `,` + name + `,"a":{"brand_id":5,"brand_name":"x"}}`},
		{`"Larkspur"`, `{"{":"}"}`, `{` + id + `,` + name + `,"{":"}"}`},
		{`"\"Quoted\" \\ \/ é\u00e9 ☕\ud83d\ude00"`, `{"a":1}`, `{` + id + `,"brand_name":"\"Quoted\" \\ \/ é\u00e9 ☕\ud83d\ude00","a":1}`},
		{`""`, `{"a":1}`, `{` + id + `,"brand_name":"","a":1}`},
	}
	for _, tt := range tests {
		spool := snapshottest.NewSpool(t)
		sink := &tagger{Sink: spool, brand: Brand{ID: 101, Name: jsontext.Value(tt.name)}}
		before, err := sink.Line([]byte(tt.record))
		if err != nil {
			t.Fatal(err)
		}
		line, err := sink.Append([]byte(tt.record))
		if !bytes.Equal(line, before) {
			t.Errorf("%s: appended as %s, and %s before", tt.record, line, before)
		}
		if got := snapshottest.Lines(t, spool); err != nil || len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: %s %v, expected %s", tt.record, got, err, tt.want)
		}
		_ = spool.Close()
	}
	all := snapshottest.NewSpool(t)
	sink := &tagger{Sink: all, brand: Brand{ID: 101, Name: jsontext.Value(`"Larkspur"`)}}
	var want []string
	for i := range 4 * len(tests) { // whatever names the record before had
		tt := tests[i*5%len(tests)]
		if tt.name != `"Larkspur"` {
			continue
		}
		want = append(want, tt.want)
		if _, err := sink.Append([]byte(tt.record)); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(want, snapshottest.Lines(t, all)); diff != "" {
		t.Error(diff)
	}
	for _, append := range []func([]byte) (export.Line, error){sink.Append, sink.Line} {
		if _, err := append([]byte(`[1]`)); !isKind(err, export.Malformed) || !strings.Contains(err.Error(), "a record is an array, expected an object") {
			t.Errorf("%v", err)
		}
	}
}

// As it goes from the list of brands into the lines.
func TestANameGoesAsSentFromTheListIntoTheLines(t *testing.T) {
	const brand = ` {"website":"x", "name" : "L\u00e9a \"& Co\" \/ 🙂" ,"id": 101 }`
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, Prompts: 3}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Brands, 0, "", []string{brand})
		for _, dataset := range []string{"personas", "brand_daily", "responses"} {
			for _, line := range w.whole(window(dataset, closed)) {
				if !strings.HasPrefix(line, `{"brand_id":101,"brand_name":"L\u00e9a \"& Co\" \/ 🙂",`) {
					w.Errorf("%s: %.200s", dataset, line)
				}
			}
		}
		if diff := cmp.Diff([]string{`{"website":"x","name":"L\u00e9a \"& Co\" \/ 🙂","id":101}`}, w.whole(window("brands", today))); diff != "" {
			w.Error(diff)
		}
	})
}
