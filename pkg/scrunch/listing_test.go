package scrunch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// pages are the offsets that a listing was asked for with, as "0 100 200".
func pages(w *world, all []simulator.Request) string {
	w.Helper()
	var offsets []string
	for _, r := range all {
		if r.Limit != pageSize {
			w.Errorf("limit %d, expected %d", r.Limit, pageSize)
		}
		offsets = append(offsets, fmt.Sprint(r.Offset))
	}
	return strings.Join(offsets, " ")
}

// The next page begins after what came, whatever was asked for, and the list ends where the vendor's total is met.
func TestOffsetsFollowWhatCame(t *testing.T) {
	tests := []struct {
		records, most int
		offsets       string
	}{
		{0, 0, "0"}, {1, 0, "0"}, {99, 0, "0"}, {100, 0, "0 100"}, {101, 0, "0 100"}, {250, 0, "0 100 200"}, {300, 0, "0 100 200 300"},
		{250, 100, "0 100 200"}, {100, 37, "0 37 74"}, {74, 37, "0 37 74"}, {3, 1, "0 1 2 3"},
	}
	for _, tt := range tests {
		inScrunch(t, simulator.ScrunchConfig{Brands: 1, Prompts: max(1, tt.records), MaxLimit: tt.most}, func(w *world, s *simulator.Scrunch) {
			if tt.records == 0 {
				s.SetRecords(simulator.Prompts, 101, "", nil)
			}
			proof, lines, err := w.read(window("prompts", today))
			if diff := cmp.Diff(tagged(s, s.Records(simulator.Prompts, 101, "")), lines); err != nil || diff != "" && tt.records > 0 {
				w.Errorf("%d records: %v %s", tt.records, err, diff)
			}
			if proof.Total == nil || *proof.Total != int64(tt.records) || proof.Pages < 1 {
				w.Errorf("%d records: proof %+v", tt.records, proof)
			}
			if got := pages(w, asked(s, simulator.Prompts)); got != tt.offsets {
				w.Errorf("%d records, pages of at most %d: offsets %s, expected %s", tt.records, tt.most, got, tt.offsets)
			}
		})
	}
}

func TestEveryListingIsReadInPages(t *testing.T) {
	cfg := simulator.ScrunchConfig{Brands: 5, Prompts: 7, Competitors: 6, Personas: 7, MaxLimit: 3}
	for _, dataset := range []string{"brands", "prompts", "competitors", "personas", "responses"} {
		for _, order := range []simulator.Order{simulator.Ascending, simulator.Descending} {
			cfg.Order = order
			inScrunch(t, cfg, func(w *world, s *simulator.Scrunch) {
				brand, day := 101, ""
				switch dataset {
				case "brands":
					brand = 0
				case "responses":
					day = closed
				}
				want := s.Records(dataset, brand, day)
				if brand != 0 {
					want = tagged(s, want)
				}
				if diff := cmp.Diff(want, w.whole(window(dataset, closed))); diff != "" || len(want) < 5 {
					w.Errorf("%s of %d: %s", dataset, len(want), diff)
				}
			})
		}
	}
}

func TestAListingThatDoesNotMeetItsTotalIsIncomplete(t *testing.T) {
	onPage := func(offset int, change func(rows []string) []string) func(simulator.Request) *simulator.Answer {
		return on(simulator.Responses, func(r simulator.Request) *simulator.Answer {
			if r.Offset >= offset && r.Offset < offset+10 {
				return &simulator.Answer{Rows: change}
			}
			return nil
		})
	}
	retold := func(total int) func(simulator.Request) *simulator.Answer {
		return on(simulator.Responses, func(simulator.Request) *simulator.Answer {
			return &simulator.Answer{Rewrite: func(r *simulator.Reply) {
				_, rest, _ := strings.Cut(string(r.Body), ",")
				r.Body = fmt.Appendf(nil, `{"total":%d,%s`, total, rest)
			}}
		})
	}
	tests := map[string]struct {
		fault func(simulator.Request) *simulator.Answer
		says  string
	}{
		"a row is left out of the middle":       {onPage(10, func(rows []string) []string { return slices.Delete(rows, 4, 5) }), "a record came twice"},
		"a row is left out of the end":          {onPage(20, func(rows []string) []string { return rows[:len(rows)-1] }), "24 came"},
		"a page is empty":                       {onPage(10, func([]string) []string { return nil }), "10 came"},
		"a page is served twice":                {on(simulator.Responses, func(simulator.Request) *simulator.Answer { return &simulator.Answer{Page: 1} }), "same records"},
		"a total of more":                       {retold(26), "total says 26 records, and 25 came"},
		"a total of less":                       {retold(12), "total says 12 records, and 20 came"},
		"a total of none":                       {retold(0), "total says 0 records, and 10 came"},
		"a total of more than could ever come":  {retold(1 << 50), "25 came"},
		"a page that is empty and a total of 0": {on(simulator.Responses, func(r simulator.Request) *simulator.Answer { return empties(r) }), "10 came"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inScrunch(t, simulator.ScrunchConfig{Brands: 1, MaxLimit: 10}, func(w *world, s *simulator.Scrunch) {
				s.SetResponseCount(101, closed, 25)
				s.Fault(tt.fault)
				_, _, err := w.read(window("responses", closed))
				w.check(err, export.Error{Kind: export.Incomplete}, "GET /101/responses: ", tt.says)
			})
		})
	}
}

// empties answers every page but the first with nothing, and counts what it answers with.
func empties(r simulator.Request) *simulator.Answer {
	if r.Offset == 0 {
		return nil
	}
	return reply(200, "application/json", `{"total":0,"items":[]}`)
}

func TestAListingThatIsNoneIsRefused(t *testing.T) {
	tests := map[string]struct {
		contentType, body string
		kind              export.Kind
		says              string
	}{
		"empty":                {"application/json", ``, export.Malformed, "the answer is empty, expected JSON"},
		"HTML":                 {"text/html", `<h1>Sign in</h1>`, export.Malformed, "text/html, expected JSON"},
		"text":                 {"text/plain", `ok`, export.Malformed, "not whole JSON"},
		"cut":                  {"application/json", `{"total":1,"items":[{"id":1`, export.Malformed, "it ends too early"},
		"two documents":        {"application/json", `{"total":0,"items":[]}{}`, export.Malformed, "something follows"},
		"an array":             {"application/json", `[]`, export.Malformed, "an array, expected an object with total and items"},
		"null":                 {"application/json", `null`, export.Malformed, "null, expected an object"},
		"no total":             {"application/json", `{"items":[]}`, export.Malformed, "no items or no total"},
		"no items":             {"application/json", `{"total":0}`, export.Malformed, "no items or no total"},
		"items null":           {"application/json", `{"total":0,"items":null}`, export.Malformed, "items is null, expected an array"},
		"items an object":      {"application/json", `{"total":0,"items":{}}`, export.Malformed, "items is an object, expected an array"},
		"total null":           {"application/json", `{"total":null,"items":[]}`, export.Malformed, "total is null, expected a whole number"},
		"total a text":         {"application/json", `{"total":"1","items":[]}`, export.Malformed, "total is a string"},
		"total below zero":     {"application/json", `{"total":-1,"items":[]}`, export.Malformed, "total is a number, expected a whole number"},
		"an item is no object": {"application/json", `{"total":2,"items":[{"id":1},7]}`, export.Malformed, "record 2 is a number, expected an object"},
		"a detail":             {"application/json", `{"detail":"Try again with ` + firstKey + `"}`, export.VendorError, "the vendor says no: Try again with REDACTED"},
		"a list of details":    {"application/json", `{"detail":[{"msg":"Input should be less"}]}`, export.VendorError, "the vendor says no: Input should be less"},
	}
	for name, tt := range tests {
		for _, dataset := range []string{"prompts", "responses"} {
			inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
				s.Fault(on(dataset, func(simulator.Request) *simulator.Answer { return reply(200, tt.contentType, tt.body) }))
				_, _, err := w.read(window(dataset, closed))
				w.check(err, export.Error{Kind: tt.kind}, "GET /101/"+dataset+": page 1: ", tt.says)
			})
			if t.Failed() {
				t.Fatalf("%s of %s", name, dataset)
			}
		}
	}
}

// What an item is called beside total and items, and a detail beside them, changes nothing.
func TestAListingMayHoldMore(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.Fault(on(simulator.Personas, func(simulator.Request) *simulator.Answer {
			return reply(200, "application/json", "\xef\xbb\xbf"+` {"metadata":{"items":[1]},"items":[ {"id":1} ],"detail":"fine","limit":null,"total":1e0}`)
		}))
		if got := w.whole(window("personas", today)); len(got) != 1 || got[0] != `{"brand_id":101,"brand_name":"Harborlight Insurance","id":1}` {
			w.Errorf("%q", got)
		}
	})
}

func TestAListingThatMovesWhileItIsRead(t *testing.T) {
	moving := func(times int, change func(s *simulator.Scrunch)) func(s *simulator.Scrunch) {
		return func(s *simulator.Scrunch) {
			s.Fault(on(simulator.Responses, func(r simulator.Request) *simulator.Answer {
				if r.Offset == 20 && times > 0 {
					times--
					change(s)
				}
				return nil
			}))
		}
	}
	leaves := func(s *simulator.Scrunch) { s.Remove(simulator.Responses, 101, closed, 0, 1) }
	comes := func(s *simulator.Scrunch) { s.Insert(simulator.Responses, 101, closed, 0, `{"id":-1}`) }
	for name, tt := range map[string]struct {
		meddle func(s *simulator.Scrunch)
		moves  bool
		want   int
	}{
		"a row leaves once":  {moving(1, leaves), false, 24},
		"a row is put in":    {moving(1, comes), false, 26},
		"rows always leave":  {moving(9, leaves), true, 0},
		"rows come and stay": {moving(9, comes), false, 26},
	} {
		t.Run(name, func(t *testing.T) {
			inScrunch(t, simulator.ScrunchConfig{Brands: 1, MaxLimit: 10}, func(w *world, s *simulator.Scrunch) {
				s.SetResponseCount(101, closed, 25)
				tt.meddle(s)
				open := window("responses", closed)
				open.Closed = false
				_, lines, err := w.read(open)
				if tt.moves != errors.Is(err, export.ErrMoving) || !tt.moves && (err != nil || len(lines) != tt.want) {
					w.Errorf("%d rows, %v; expected %d", len(lines), err, tt.want)
				}
				slices.Sort(lines)
				if len(slices.Compact(lines)) != tt.want {
					w.Error("a row came twice")
				}
			})
		})
	}
}
