package scrunch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// counted sets how many rows a report's day has.
func counted(s *simulator.Scrunch, brand int, day string, n int) {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"date":%q,"row":%d}`, strings.ReplaceAll(day, "-", ""), i)
	}
	s.SetRecords(simulator.Query, brand, day, rows)
}

func TestWhatFollowsIsAskedForUntilALongerAnswerWasWhole(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 2}, func(w *world, s *simulator.Scrunch) {
		steps := []struct {
			what, dataset string
			brand, rows   int
			requests      int
		}{
			{"the first day", "brand_daily", 101, 5, 2},
			{"a shorter one", "brand_daily", 101, 4, 1},
			{"none", "brand_daily", 101, 0, 1},
			{"one as long: the cap may be just there", "brand_daily", 101, 5, 2},
			{"a longer one", "brand_daily", 101, 9, 2},
			{"one as long as the first", "brand_daily", 101, 5, 1},
			{"another report", "platform_daily", 101, 5, 2},
			{"another brand", "brand_daily", 102, 5, 2},
		}
		for i, step := range steps {
			at := window(step.dataset, "2026-11-01")
			at.Day += export.Day(i)
			at.Part = fmt.Sprintf("brand-%d", step.brand)
			counted(s, step.brand, at.Day.String(), step.rows)
			before := len(asked(s, simulator.Query))
			if lines := w.whole(at); len(lines) != step.rows {
				w.Errorf("%s: %d rows, expected %d", step.what, len(lines), step.rows)
			}
			all := asked(s, simulator.Query)[before:]
			if len(all) != step.requests {
				w.Errorf("%s: %d requests, expected %d", step.what, len(all), step.requests)
			}
			if probe := all[len(all)-1]; len(all) == 2 && (probe.Limit != 1 || probe.Offset != step.rows) {
				w.Errorf("%s: what follows was asked for with limit %d, offset %d", step.what, probe.Limit, probe.Offset)
			}
			if first := all[0]; first.Limit != maxRows || first.Offset != 0 {
				w.Errorf("%s: limit %d, offset %d", step.what, first.Limit, first.Offset)
			}
		}
		w.open(nil) // another run knows nothing of it
		counted(s, 101, closed, 4)
		before := len(asked(s, simulator.Query))
		w.whole(window("brand_daily", closed))
		if n := len(asked(s, simulator.Query)) - before; n != 2 {
			w.Errorf("%d requests in the next run, expected 2", n)
		}
	})
}

func TestAProofCountsTheAnswersThatHoldTheRows(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, _ *simulator.Scrunch) {
		if proof, _, err := w.read(window("prompt_daily", closed)); err != nil || proof != (export.Proof{Pages: 1}) {
			w.Errorf("%+v, %v", proof, err)
		}
	})
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, QueryCap: 30}, func(w *world, _ *simulator.Scrunch) {
		if proof, _, err := w.read(window("prompt_daily", closed)); err != nil || proof != (export.Proof{Pages: 5}) {
			w.Errorf("%+v, %v; expected 4 platforms and the rest", proof, err)
		}
	})
}

// Every request in turn breaks off in the middle and is sent again: rows that came before the break are there once.
func TestABodyThatBreaksOffLeavesNoRowTwice(t *testing.T) {
	for _, queryCap := range []int{0, 15} {
		var want []string
		requests := 0
		inScrunch(t, simulator.ScrunchConfig{Brands: 1, QueryCap: queryCap}, func(w *world, s *simulator.Scrunch) {
			want = w.whole(window("prompt_daily", closed))
			requests = len(asked(s, simulator.Query))
		})
		for zip, cut := range map[bool]simulator.Cut{false: simulator.CutSized, true: simulator.CutChunked} {
			inScrunch(t, simulator.ScrunchConfig{Brands: 1, QueryCap: queryCap, Gzip: zip}, func(w *world, s *simulator.Scrunch) {
				for nth := range requests {
					from, at := len(asked(s, simulator.Query)), []int{4000, 700, 1}[nth%3]
					s.Fault(on(simulator.Query, func(r simulator.Request) *simulator.Answer {
						if r.Nth == from+nth+1 {
							return &simulator.Answer{Cut: cut, CutAt: at}
						}
						return nil
					}))
					if diff := cmp.Diff(want, w.whole(window("prompt_daily", closed))); diff != "" {
						w.Errorf("cap %d, request %d cut: %s", queryCap, nth+1, diff)
					}
					if n := len(asked(s, simulator.Query)) - from; nth%3 == 2 && n <= nth {
						w.Errorf("%d requests; expected one more for the cut", n)
					}
					w.open(nil)
				}
			})
		}
	}
}

func TestABodyThatAlwaysBreaksOffIsUnavailable(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.Fault(on(simulator.Query, func(simulator.Request) *simulator.Answer {
			return &simulator.Answer{Cut: simulator.CutSized, CutAt: 700}
		}))
		_, _, err := w.read(window("prompt_daily", closed))
		w.check(err, export.Error{Kind: export.Unavailable}, "GET /101/query: ", "no whole answer")
		if n := len(asked(s, simulator.Query)); n != 4 {
			w.Errorf("%d attempts", n)
		}
	})
}

func TestAnAnswerThatIsNoArrayOfRowsIsRefused(t *testing.T) {
	const row = `{"date":"20261117","responses":1}`
	long := `{"detail":"` + strings.Repeat("no ", 500) + `"}`
	tests := map[string]struct {
		contentType, body string
		kind              export.Kind
		says              string
	}{
		"empty":                   {"application/json", ``, export.Malformed, "it ends too early"},
		"white space":             {"application/json", " \n", export.Malformed, "it ends too early"},
		"text":                    {"text/plain", `Service temporarily unavailable`, export.Malformed, "broken syntax"},
		"HTML":                    {"text/html; charset=utf-8", `<html>[]`, export.Malformed, "text/html, expected JSON"},
		"an array called HTML":    {"text/html", `[]`, export.Malformed, "text/html, expected JSON"},
		"null":                    {"application/json", `null`, export.Malformed, "the answer is null, expected an array of rows"},
		"a string":                {"application/json", `"[]"`, export.Malformed, "the answer is a string, expected an array of rows"},
		"an object":               {"application/json", `{"total":0,"items":[]}`, export.Malformed, "the answer is an object, expected an array of rows"},
		"a broken object":         {"application/json", `{"total":`, export.Malformed, "it ends too early"},
		"a detail":                {"application/json", `{"detail":"Query timed out"}`, export.VendorError, "the vendor says no: Query timed out"},
		"a detail with the key":   {"application/json", `{"detail":"no access for ` + firstKey + `"}`, export.VendorError, "no access for REDACTED"},
		"a list of details":       {"application/json", `{"x":[1],"detail":[{"loc":["query","limit"],"msg":"Input should be less"}]}`, export.VendorError, "Input should be less"},
		"a detail of no words":    {"application/json", `{"detail":[]}`, export.VendorError, "(no message)"},
		"a long detail":           {"application/json", long, export.VendorError, "no n…"},
		"a detail of two lines":   {"application/json", `{"detail":"one\n\u0000two"}`, export.VendorError, "one two"},
		"numbers":                 {"application/json", `[1,2]`, export.Malformed, "row 1 is a number, expected an object"},
		"a row that is null":      {"application/json", `[` + row + `,null]`, export.Malformed, "row 2 is null, expected an object"},
		"a row that is an array":  {"application/json", `[` + row + `,[]]`, export.Malformed, "row 2 is an array, expected an object"},
		"cut, as if it were all":  {"application/json", `[` + row + `,{"date":"20261`, export.Malformed, "it ends too early"},
		"cut between two rows":    {"application/json", `[` + row + `,`, export.Malformed, "it ends too early"},
		"cut before the end":      {"application/json", `[` + row, export.Malformed, "it ends too early"},
		"broken":                  {"application/json", `[` + row + `,{"date":20261117,,}]`, export.Malformed, "broken syntax, at byte"},
		"no comma":                {"application/json", `[` + row + row + `]`, export.Malformed, "broken syntax"},
		"two arrays":              {"application/json", `[` + row + `][]`, export.Malformed, "something follows the array of rows"},
		"an object follows":       {"application/json", `[` + row + `]{"detail":"too many rows"}`, export.Malformed, "something follows the array of rows"},
		"text follows":            {"application/json", `[` + row + `] -- end`, export.Malformed, "something follows the array of rows"},
		"a record of too many {s": {"application/json", `[` + strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_000) + `]`, export.Malformed, "not whole JSON"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
				s.Fault(on(simulator.Query, func(simulator.Request) *simulator.Answer { return reply(200, tt.contentType, tt.body) }))
				_, _, err := w.read(window("brand_daily", closed))
				w.check(err, export.Error{Kind: tt.kind}, "GET /101/query: ", tt.says)
				if len(err.Error()) > 350 {
					w.Errorf("a message of %d bytes", len(err.Error()))
				}
				if n := len(asked(s, simulator.Query)); n != 1 {
					w.Errorf("asked %d times: what is wrong stays wrong", n)
				}
			})
		})
	}
}

// The probe's answer is held to the same form, and its failure says what was asked for.
func TestWhatFollowsMayFailToo(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.Fault(on(simulator.Query, func(r simulator.Request) *simulator.Answer {
			if r.Offset > 0 {
				return reply(200, "application/json", `{"detail":"offset is too large"}`)
			}
			return nil
		}))
		_, _, err := w.read(window("platform_daily", closed))
		w.check(err, export.Error{Kind: export.VendorError}, "GET /101/query: what follows row 4: ", "offset is too large")
	})
}

func TestWhiteSpaceAndOddRowsAreKeptAsSent(t *testing.T) {
	rows := []string{
		` { "date" : "20261117" , "n" : 1.50e+02 , "n" : -0 } `,
		`{"date":"20261117","text":"é\u00e9\ud800 \/","deep":[{"a":[[]]}],"brand_id":7}`,
		"{\"date\":\"20261117\",\"bytes\":\"\xff\xfe\"}",
	}
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.SetRecords(simulator.Query, 101, closed, rows)
		name := `"brand_name":"Harborlight Insurance",`
		want := []string{
			`{` + name + `"date":"20261117","text":"é\u00e9\ud800 \/","deep":[{"a":[[]]}],"brand_id":7}`,
			`{"brand_id":101,` + name + `"date":"20261117","n":1.50e+02,"n":-0}`,
			`{"brand_id":101,` + name + "\"date\":\"20261117\",\"bytes\":\"\xff\xfe\"}",
		}
		slices.Sort(want)
		if got := w.whole(window("brand_daily", closed)); !slices.Equal(got, want) {
			w.Errorf("%s", cmp.Diff(want, got))
		}
	})
}

func TestAReportLargerThanItMayBeIsMalformed(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, _ *simulator.Scrunch) {
		w.open(func(_ *Config, client *rest.Config) { client.MaxBody = 1000 })
		_, _, err := w.read(window("prompt_daily", closed))
		w.check(err, export.Error{Kind: export.Malformed}, "GET /101/query", "larger than 1000 bytes")
	})
}

// A reading that has no time left is no failure: the next run does it.
func TestTheEndOfTimeIsNoFailure(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		s.Fault(on(simulator.Query, func(simulator.Request) *simulator.Answer { return &simulator.Answer{Delay: time.Hour} }))
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		defer cancel()
		_, err := w.source.Read(ctx, window("brand_daily", closed), w.spool)
		if _, named := errors.AsType[*export.Error](err); named || !errors.Is(err, context.DeadlineExceeded) {
			w.Errorf("%v", err)
		}
	})
}
