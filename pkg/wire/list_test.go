package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"yardstick/pkg/snapshot/snapshottest"

	"yardstick/pkg/export"

	"github.com/google/go-cmp/cmp"
)

// checkShelf reads a list, of a closed day and of an open one, and compares all that can be seen of it.
func checkShelf(t *testing.T, make func() *shelf, says, requests string, want []string) {
	t.Helper()
	for _, closed := range []bool{true, false} {
		s := make()
		o := readShelf(t, s, closed)
		expected := says
		if says == "moving" && closed {
			expected = "incomplete"
		}
		if o.says() != expected || s.requests() != requests {
			t.Errorf("closed %v: %s (%v) by requests %s; expected %s by %s", closed, o.says(), o.err, s.requests(), expected,
				requests)
		}
		if o.err == nil && !slices.Equal(o.kept, want) {
			t.Errorf("closed %v: rows (-want +got)\n%s", closed, cmp.Diff(want, o.kept))
		}
	}
}

func TestAListThatStandsStill(t *testing.T) {
	same := rows(1, 3)
	tests := []struct {
		name     string
		rows     []string
		size     int
		total    func([]string) int
		bend     func(turn, number int, rows []string) []string
		says     string
		requests string
	}{
		{name: "none", size: 100, requests: "1"},
		{name: "none, with a total", size: 100, total: truth, requests: "1"},
		{name: "one", rows: rows(1, 1), size: 100, requests: "1 2"},
		{name: "one page", rows: rows(1, 99), size: 100, requests: "1 2"},
		{name: "one full page", rows: rows(1, 100), size: 100, requests: "1 2 1"},
		{name: "two full pages", rows: rows(1, 200), size: 100, requests: "1 2 3 1"},
		{name: "three pages", rows: rows(1, 250), size: 100, requests: "1 2 3 4 1"},
		{name: "the server clamps to 37", rows: rows(1, 100), size: 37, requests: "1 2 3 4 1"},
		{name: "exactly 3 x 37", rows: rows(1, 111), size: 37, requests: "1 2 3 4 1"},
		{name: "the server clamps to 1", rows: rows(1, 4), size: 1, requests: "1 2 3 4 5 1"},

		{name: "a total", rows: rows(1, 250), size: 100, total: truth, requests: "1 2 3"},
		{name: "a total on one page", rows: rows(1, 99), size: 100, total: truth, requests: "1"},
		{name: "a total that a full page meets", rows: rows(1, 200), size: 100, total: truth, requests: "1 2 3"},
		{name: "a total over clamped pages", rows: rows(1, 100), size: 37, total: truth, requests: "1 2 3"},
		{name: "a total too high", rows: rows(1, 150), size: 100, total: about(1), requests: "1 2 3", says: "incomplete"},
		{name: "a total of an empty list", size: 100, total: about(5), requests: "1", says: "incomplete"},
		{name: "a total too low", rows: rows(1, 150), size: 100, total: about(-1), requests: "1 2", says: "incomplete"},
		{name: "a total of the page alone", rows: rows(1, 150), size: 100, total: func([]string) int { return 100 },
			requests: "1 2", says: "incomplete"},
		{name: "a total too low by a page", rows: rows(1, 250), size: 100, total: func([]string) int { return 200 },
			requests: "1 2 3", says: "incomplete"},

		{name: "a total too low by a clamped page", rows: rows(1, 100), size: 37, total: func([]string) int { return 74 },
			requests: "1 2 3", says: "incomplete"},

		{name: "the server ignores page", rows: rows(1, 50), size: 100, requests: "1 2", says: "incomplete",
			bend: func(int, int, []string) []string { return rows(1, 50) }},
		{name: "the server ignores page, in any order", rows: rows(1, 50), size: 100, requests: "1 2", says: "incomplete",
			bend: func(_, number int, _ []string) []string {
				if number%2 == 0 {
					return rows(50, 1)
				}
				return rows(1, 50)
			}},
		{name: "the server begins again behind the end", rows: rows(1, 250), size: 100, requests: "1 2 3 4", says: "incomplete",
			bend: func(_, number int, page []string) []string {
				if number == 4 {
					return rows(1, 100)
				}
				return page
			}},
		{name: "the server stays on the last page", rows: rows(1, 150), size: 100, requests: "1 2 3", says: "incomplete",
			bend: func(_, number int, page []string) []string {
				if number > 2 {
					return rows(101, 150)
				}
				return page
			}},
		{name: "a page served twice", rows: rows(1, 350), size: 100, requests: "1 2 3", says: "incomplete",
			bend: func(_, number int, page []string) []string {
				if number == 3 {
					return rows(101, 200)
				}
				return page
			}},
		{name: "a page served twice, with a total", rows: rows(1, 350), size: 100, total: truth, requests: "1 2 3",
			says: "incomplete",
			bend: func(_, number int, page []string) []string {
				if number == 3 {
					return rows(101, 200)
				}
				return page
			}},

		{name: "equal rows on a page", rows: join(same, same, rows(4, 150)), size: 100, requests: "1 2 3 1"},
		{name: "equal rows on a page, with a total", rows: join(same, same, rows(4, 150)), size: 100, total: truth,
			requests: "1 2"},
		{name: "equal rows on two pages", rows: join(same, rows(4, 150), same), size: 100, requests: "1 2 3 1 2 3 1"},
		{name: "equal rows on two pages, with a total", rows: join(same, rows(4, 150), same), size: 100, total: truth,
			requests: "1 2 1 2"},
		{name: "equal rows at the border of two pages", rows: join(rows(11, 107), same, same, rows(111, 150)), size: 100,
			requests: "1 2 3 1 2 3 1"},
		{name: "equal rows at the border of two pages, with a total", rows: join(rows(11, 107), same, same, rows(111, 150)),
			size: 100, total: truth, requests: "1 2 3 1 2 3"},
		{name: "pages that overlap always, with a total", rows: rows(1, 150), size: 100, total: truth, requests: "1 2",
			bend: func(_, number int, page []string) []string {
				if number == 2 {
					return rows(100, 150)
				}
				return page
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.says == "" {
				tt.says = "whole"
			}
			make := func() *shelf { return &shelf{rows: tt.rows, size: tt.size, total: tt.total, bend: tt.bend} }
			checkShelf(t, make, tt.says, tt.requests, tt.rows)
		})
	}
}

// A row is there for the server's count and its pages, and not for those who ask.
func TestAPageThatLacksARowEndsNothing(t *testing.T) {
	hide := func(_, number int, page []string) []string {
		if number == 2 {
			return slices.Delete(page, 50, 51)
		}
		return page
	}
	visible := join(rows(1, 150), rows(152, 350))
	make := func() *shelf { return &shelf{rows: rows(1, 350), size: 100, bend: hide} }
	checkShelf(t, make, "whole", "1 2 3 4 5 1", visible)
	counting := func() *shelf { return &shelf{rows: rows(1, 350), size: 100, bend: hide, total: truth} }
	checkShelf(t, counting, "incomplete", "1 2 3 4 5", nil)
	honest := func() *shelf { return &shelf{rows: rows(1, 350), size: 100, bend: hide, total: about(-1)} }
	checkShelf(t, honest, "whole", "1 2 3 4", visible)
}

func TestATotalOf0BehindTheEndCountsNothing(t *testing.T) {
	s := &shelf{rows: rows(1, 200), size: 100}
	s.total = func(all []string) int {
		if s.asked[len(s.asked)-1] > 2 {
			return 0
		}
		return len(all)
	}
	if o := readShelf(t, s, true); o.says() != "whole" || len(o.kept) != 200 || *o.proof.Total != 200 {
		t.Errorf("%s (%v), %d rows; expected 200 by the total that page 2 told", o.says(), o.err, len(o.kept))
	}
}

func TestAProofTellsPagesAndTheTotalThatWasMet(t *testing.T) {
	number := func(n int64) *int64 { return &n }
	tests := map[string]struct {
		shelf shelf
		want  export.Proof
	}{
		"none":           {shelf{size: 100}, export.Proof{Pages: 1}},
		"none, counted":  {shelf{size: 100, total: truth}, export.Proof{Pages: 1, Total: number(0)}},
		"one page":       {shelf{size: 100, rows: rows(1, 5)}, export.Proof{Pages: 1}},
		"pages":          {shelf{size: 100, rows: rows(1, 201)}, export.Proof{Pages: 3}},
		"full pages":     {shelf{size: 100, rows: rows(1, 300)}, export.Proof{Pages: 3}},
		"pages, counted": {shelf{size: 100, rows: rows(1, 201), total: truth}, export.Proof{Pages: 3, Total: number(201)}},
		"pages, growing": {shelf{size: 100, rows: rows(1, 201), total: truth, meddler: meddle{{1, 3}: put(0, 900)}.now},
			export.Proof{Pages: 3, Total: number(202)}},
		"growing at the end": {shelf{size: 100, rows: rows(1, 201), total: truth,
			meddler: meddle{{1, 3}: add(202), {2, 1}: add(203)}.now}, export.Proof{Pages: 3, Total: number(202)}},
		"growing later on": {shelf{size: 100, rows: rows(1, 201), total: truth,
			meddler: meddle{{1, 3}: put(0, 900), {2, 1}: put(0, 901)}.now}, export.Proof{Pages: 3, Total: number(203)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := readShelf(t, &tt.shelf, true)
			if o.err != nil {
				t.Fatal(o.err)
			}
			if diff := cmp.Diff(tt.want, o.proof); diff != "" {
				t.Error(diff)
			}
			if o.proof.Total != nil && int(*o.proof.Total) != len(o.kept) {
				t.Errorf("%d rows, and a total of %d", len(o.kept), *o.proof.Total)
			}
		})
	}
}

func TestEveryFailureOfAListNamesItsPage(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		shelf shelf
		says  string
	}{
		"a fetch": {shelf{rows: rows(1, 250), size: 100}, "page 3: broken"},
		"a repeated page": {shelf{rows: rows(1, 250), size: 100,
			bend: func(_, _ int, _ []string) []string { return rows(1, 9) }}, "page 2 holds the same records as page 1"},
		"a record that is none": {shelf{rows: join(rows(1, 250), []string{"{"}), size: 100}, "page 3: record 51: "},
		"a total":               {shelf{rows: rows(1, 250), size: 100, total: about(3)}, "253 records, and 250 came on 3 pages"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := &List{Closed: true, Sink: snapshottest.NewSpool(t), Full: maxPage, Fetch: tt.shelf.fetch}
			if name == "a fetch" {
				l.Fetch = failing(&tt.shelf, 3, broken)
			}
			if _, err := l.Read(t.Context()); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v; expected it to say %q", err, tt.says)
			}
		})
	}
	l := &List{Sink: snapshottest.NewSpool(t), Full: maxPage, Fetch: failing(&shelf{rows: rows(1, 100), size: 100}, 3, broken)}
	if _, err := l.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "asked again: page 1: ") {
		t.Errorf("%v; expected it to name the first page asked again", err)
	}
}
