package wire

import (
	"fmt"
	"slices"
	"testing"
	"yardstick/pkg/snapshot/snapshottest"
)

// During each of these readings the list moves: 250 rows, in pages of 100, between the requests that a moment names.
func TestAListThatMoves(t *testing.T) {
	const once, twice = "1 2 3 4 1", "1 2 3 4 1 2 3 4 1"
	tests := []struct {
		name     string
		begins   []string
		moves    meddle
		says     string
		requests string
		want     []string
	}{
		{"added at the end", rows(1, 250), meddle{{1, 3}: add(251)}, "whole", once, rows(1, 251)},
		{"added at the end, on a page that follows", rows(1, 200), meddle{{1, 3}: add(201)}, "whole", once, rows(1, 201)},
		{"added at the end, on the page read last", rows(1, 250), meddle{{1, 4}: add(251)}, "whole", once, rows(1, 250)},
		{"added at the end of the only page", rows(1, 50), meddle{{1, 2}: add(51)}, "whole", "1 2", rows(1, 50)},

		{"put in at the head, before page 2", rows(250, 1), meddle{{1, 2}: put(0, 251)}, "whole", once,
			join(rows(250, 1), rows(251, 251))},
		{"put in at the head, before page 3", rows(250, 1), meddle{{1, 3}: put(0, 251)}, "whole", once,
			join(rows(250, 1), rows(251, 251))},
		{"put in at the head, before the empty page", rows(250, 1), meddle{{1, 4}: put(0, 251)}, "whole", once,
			join(rows(250, 1), rows(251, 251))},
		{"put in at the head, before page 1 again", rows(250, 1), meddle{{2, 1}: put(0, 251)}, "whole", once,
			join(rows(250, 1), rows(251, 251))},
		{"put in at the head all the time", rows(250, 1),
			meddle{{1, 2}: and(put(0, 251), put(0, 252)), {1, 3}: put(0, 253), {1, 4}: put(0, 254), {2, 1}: put(0, 255)},
			"whole", once, join(rows(250, 1), rows(255, 251))},
		{"put in at the head of a full last page", rows(200, 1), meddle{{1, 3}: put(0, 201)}, "whole", once,
			join(rows(200, 1), rows(201, 201))},
		{"put in at the head of a full only page", rows(100, 1), meddle{{1, 2}: put(0, 101)}, "whole", "1 2 3 1",
			join(rows(100, 1), rows(101, 101))},

		{"put in on page 1", rows(1, 250), meddle{{1, 3}: put(50, 900)}, "whole", once, join(rows(1, 250), rows(900, 900))},
		{"put in as the last of page 1", rows(1, 250), meddle{{1, 3}: put(99, 900)}, "whole", twice,
			join(rows(1, 99), rows(900, 900), rows(100, 250))},
		{"put in on page 2 before it is read", rows(1, 250), meddle{{1, 2}: put(150, 900)}, "whole", once,
			join(rows(1, 150), rows(900, 900), rows(151, 250))},
		{"put in on page 2 after it was read", rows(1, 250), meddle{{1, 3}: put(150, 900)}, "whole", twice,
			join(rows(1, 150), rows(900, 900), rows(151, 250))},
		{"put in on page 2 during both readings", rows(1, 250), meddle{{1, 3}: put(150, 900), {2, 3}: put(150, 901)}, "whole",
			twice, join(rows(1, 150), rows(900, 900), rows(151, 250))},
		{"put in on pages 1 and 2", rows(1, 250), meddle{{1, 3}: and(put(150, 900), put(50, 901))}, "whole", twice,
			join(rows(1, 50), rows(901, 901), rows(51, 150), rows(900, 900), rows(151, 250))},

		{"taken from page 1 before page 2", rows(1, 250), meddle{{1, 2}: take(7)}, "whole", twice,
			join(rows(1, 6), rows(8, 250))},
		{"taken from page 1 before page 1 again", rows(1, 250), meddle{{2, 1}: take(7)}, "whole", twice,
			join(rows(1, 6), rows(8, 250))},
		{"taken from page 1, and one added", rows(1, 250), meddle{{1, 2}: and(take(7), add(251))}, "whole", twice,
			join(rows(1, 6), rows(8, 251))},
		{"taken from page 1, and one put in before it", rows(1, 250), meddle{{1, 2}: and(take(7), put(0, 900))}, "whole", twice,
			join(rows(900, 900), rows(1, 6), rows(8, 250))},
		{"taken from page 1 during both readings", rows(1, 250), meddle{{1, 2}: take(7), {2, 2}: take(8)}, "moving", twice, nil},
		{"taken from page 1 so that no page follows", rows(1, 101), meddle{{1, 2}: take(7)}, "whole", "1 2 1 2 1",
			join(rows(1, 6), rows(8, 101))},
		{"taken from page 2 before it is read", rows(1, 250), meddle{{1, 2}: take(150)}, "whole", once,
			join(rows(1, 149), rows(151, 250))},
		{"all taken", rows(1, 250), meddle{{1, 2}: func(s *shelf) { s.rows = nil }}, "whole", "1 2 1", []string{}},

		{"put in and taken out on page 1", rows(1, 250), meddle{{1, 2}: put(0, 900), {1, 3}: take(900)}, "whole", twice,
			rows(1, 250)},
		{"put in and taken out on page 1 during both readings", rows(1, 250),
			meddle{{1, 2}: put(0, 900), {1, 3}: take(900), {2, 2}: put(0, 901), {2, 4}: take(901)}, "moving", twice, nil},
		{"put in on page 1 and others taken out", rows(1, 350), meddle{{1, 2}: and(put(0, 900), put(0, 901)), {1, 4}: take(901)},
			"whole",
			"1 2 3 4 5 1 2 3 4 5 1", join(rows(900, 900), rows(1, 350))},
		{"put in and taken out on page 2", rows(1, 450), meddle{{1, 3}: put(150, 900), {1, 4}: take(900)}, "whole",
			"1 2 3 4 5 6 1 2 3 4 5 6 1", rows(1, 450)},
		{"a row changes its place to page 1", rows(1, 250), meddle{{1, 3}: and(take(250), put(0, 250))}, "whole", once,
			rows(1, 250)},
		{"a row that was read changes its place to page 1", rows(1, 250), meddle{{1, 4}: and(take(230), put(0, 230))}, "whole",
			once, rows(1, 250)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			make := func() *shelf { return &shelf{rows: tt.begins, size: 100, meddler: tt.moves.now} }
			checkShelf(t, make, tt.says, tt.requests, tt.want)
		})
	}
}

func TestAListThatMovesWithATotal(t *testing.T) {
	tests := []struct {
		name     string
		begins   []string
		moves    meddle
		says     string
		requests string
		want     []string
	}{
		{"grows at the end", rows(1, 250), meddle{{1, 2}: add(251)}, "whole", "1 2 3 1", rows(1, 251)},
		{"grows behind the last request", rows(1, 250), meddle{{2, 1}: add(251)}, "whole", "1 2 3", rows(1, 250)},
		{"grows at the end before page 1 again", rows(1, 250), meddle{{1, 2}: add(251), {2, 1}: add(252)}, "whole", "1 2 3 1",
			rows(1, 251)},
		{"grows at the head", rows(250, 1), meddle{{1, 2}: put(0, 251)}, "whole", "1 2 3 4 1",
			join(rows(250, 1), rows(251, 251))},
		{"grows at the head all the time", rows(250, 1),
			meddle{{1, 2}: put(0, 251), {1, 3}: put(0, 252), {1, 4}: put(0, 253), {2, 1}: put(0, 254)},
			"whole", "1 2 3 4 1", join(rows(250, 1), rows(254, 251))},
		{"grows at both ends before page 1 again", rows(250, 1), meddle{{1, 2}: put(0, 251), {2, 1}: and(put(0, 252), add(900))},
			"whole", "1 2 3 4 1 2 3", join(rows(252, 1), rows(900, 900))},
		{"grows on page 2 after it was read", rows(1, 250), meddle{{1, 3}: put(150, 900)}, "whole", "1 2 3 4 1 2 3",
			join(rows(1, 150), rows(900, 900), rows(151, 250))},
		{"grows on page 2 during both readings", rows(1, 250), meddle{{1, 3}: put(150, 900), {2, 3}: put(150, 901)}, "moving",
			"1 2 3 4 1 2 3 4 1", nil},
		{"grows, and a row of page 1 left", rows(1, 250), meddle{{1, 2}: and(take(7), add(251), add(252))}, "whole",
			"1 2 3 1 2 3", join(rows(1, 6), rows(8, 252))},

		{"shrinks on page 1", rows(1, 250), meddle{{1, 2}: take(7)}, "whole", "1 2 3 1 2 3", join(rows(1, 6), rows(8, 250))},
		{"shrinks on page 2 after it was read", rows(1, 250), meddle{{1, 3}: take(150)}, "whole", "1 2 3 1 2 3",
			join(rows(1, 149), rows(151, 250))},
		{"shrinks so that no page follows", rows(1, 101), meddle{{1, 2}: take(7)}, "whole", "1 2 1 2",
			join(rows(1, 6), rows(8, 101))},
		{"shrinks during both readings", rows(1, 250), meddle{{1, 2}: take(7), {2, 2}: take(8)}, "moving", "1 2 3 1 2 3", nil},
		{"shrinks, and grows again", rows(1, 250), meddle{{1, 2}: take(7), {1, 3}: add(251)}, "whole", "1 2 3 1 2 3",
			join(rows(1, 6), rows(8, 251))},
		{"shrinks before page 1 again", rows(1, 250), meddle{{1, 2}: add(251), {2, 1}: take(251)}, "whole", "1 2 3 1 2 3",
			rows(1, 250)},
		{"stands still, one at the head for the last", rows(1, 250), meddle{{1, 2}: and(put(0, 900), take(250))}, "whole",
			"1 2 3 4 1 2 3",
			join(rows(900, 900), rows(1, 249))},
		{"stands still, one at the head for the last, during both readings", rows(1, 250),
			meddle{{1, 2}: and(put(0, 900), take(250)), {2, 2}: and(put(0, 901), take(249))}, "moving", "1 2 3 4 1 2 3 4", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			make := func() *shelf { return &shelf{rows: tt.begins, size: 100, total: truth, meddler: tt.moves.now} }
			checkShelf(t, make, tt.says, tt.requests, tt.want)
		})
	}
}

func TestAYardThatAddsTicketsDuringEveryReadingIsWhole(t *testing.T) {
	for _, ascending := range []bool{true, false} {
		for _, counts := range []bool{true, false} {
			t.Run(fmt.Sprintf("ascending %v, total %v", ascending, counts), func(t *testing.T) {
				s := &shelf{size: 100, rows: rows(150, 1)}
				ticket := func(s *shelf) { s.insert(0, row(len(s.rows)+1)) }
				if ascending {
					s.rows, ticket = rows(1, 150), func(s *shelf) { s.insert(len(s.rows), row(len(s.rows)+1)) }
				}
				if counts {
					s.total = truth
				}
				s.meddler = func(s *shelf, _, _ int) { ticket(s); ticket(s) }
				for range 5 {
					began := slices.Clone(s.rows)
					s.asked = nil
					o := readShelf(t, s, false)
					if o.err != nil {
						t.Fatal(o.err)
					}
					missing(t, began, o.kept)
					if pages := (len(began) + 99) / 100; len(s.asked) > pages+3 {
						t.Errorf("requests %s for %d rows", s.requests(), len(began))
					}
				}
			})
		}
	}
}

// missing finds rows that were lost, and those kept twice.
func missing(t *testing.T, want, kept []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, row := range kept {
		if seen[row] {
			t.Errorf("%s is there twice", row)
		}
		seen[row] = true
	}
	for _, row := range want {
		if !seen[row] {
			t.Errorf("%s is missing", row)
		}
	}
}

// A list in another order for each request has no pages.
func TestAListWithoutAnOrderIsNotWhole(t *testing.T) {
	for _, total := range []func([]string) int{nil, truth} {
		s := &shelf{rows: rows(1, 250), size: 100, total: total}
		s.meddler = func(s *shelf, _, number int) { s.rows = join(s.rows[130:], s.rows[:130]) }
		if o := readShelf(t, s, false); o.says() != "moving" {
			t.Errorf("%s (%v); expected moving", o.says(), o.err)
		}
	}
}

// What one reading cannot see, as the comment at list says, and the next one heals.
func TestWhatOneReadingCannotSee(t *testing.T) {
	tests := []struct {
		name  string
		size  int
		moves meddle
		total func([]string) int
		lost  int // the row that is there and was not read
	}{
		{"a deletion on a later page already read", 100, meddle{{1, 3}: take(150)}, nil, 201},
		{"a deletion on page 1 of a row that was pushed off it", 100, meddle{{1, 2}: take(100), {2, 1}: put(0, 900)}, nil, 101},
		{"a row put in and taken out behind page 2, twice", 100,
			meddle{{1, 3}: put(0, 900), {1, 4}: take(900), {2, 3}: put(0, 901), {2, 4}: take(901)}, nil, 300},
		{"two readings that move in the very same way", 100,
			meddle{{1, 2}: put(0, 900), {1, 3}: take(900), {2, 2}: put(0, 901), {2, 3}: take(901)}, nil, 200},
		{"as many put in as were deleted, with a total", 100, meddle{{1, 2}: and(take(7), add(351))}, truth, 101},
		{"a deletion on the only page of a server that clamps", 349, meddle{{1, 2}: take(7)}, nil, 350},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &shelf{rows: rows(1, 350), size: tt.size, total: tt.total, meddler: tt.moves.now}
			spool := snapshottest.NewSpool(t)
			l := &List{Sink: spool, Full: 1000, Fetch: s.fetch}
			if _, err := l.Read(t.Context()); err != nil {
				t.Fatalf("%v; expected the reading to pass for whole", err)
			}
			if slices.Contains(snapshottest.Lines(t, spool), row(tt.lost)) || !slices.Contains(s.rows, row(tt.lost)) {
				t.Errorf("row %d is not the one that is lost", tt.lost)
			}
			if o := readShelf(t, s, true); o.err != nil || !slices.Contains(o.kept, row(tt.lost)) {
				t.Errorf("the next reading: %v; expected row %d to be in it", o.err, tt.lost)
			}
		})
	}
}

// A row that is changed, and with that goes to the list's end, stands on two pages, and another row on none: the total says nothing
// of it, nor do equal rows. Who knows rows by their ids sees it.
func TestAChangedRowIsTheSameRow(t *testing.T) {
	revised := func(id, times int) string { return fmt.Sprintf(`{"Id":%d,"revised":%d}`, id, times) }
	revise := func(id, times int) change {
		return func(s *shelf) { and(take(id), func(s *shelf) { s.rows = append(s.rows, revised(id, times)) })(s) }
	}
	for _, c := range []struct {
		name, id string
		closed   bool
		moves    meddle
		says     string
		requests string
		want     []string
	}{
		{"not known by ids", "", false, meddle{{1, 2}: revise(7, 1)}, "whole", "1 2 3",
			join(rows(1, 100), rows(102, 250), []string{revised(7, 1)})}, // without 101
		{"once", "Id", false, meddle{{1, 2}: revise(7, 1)}, "whole", "1 2 3 1 2 3", join(rows(1, 6), rows(8, 250), []string{revised(7, 1)})},
		{"where it stands", "Id", false, meddle{{1, 2}: func(s *shelf) { s.rows = join(rows(1, 6), []string{revised(7, 1)}, rows(8, 250)) }},
			"whole", "1 2 3", rows(1, 250)},
		{"in both readings", "Id", false, meddle{{1, 2}: revise(7, 1), {2, 2}: revise(8, 1)}, "moving", "1 2 3 1 2 3", nil},
		{"in both readings of a closed day", "Id", true, meddle{{1, 2}: revise(7, 1), {2, 2}: revise(8, 1)}, "incomplete", "1 2 3 1 2 3", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shelf{rows: rows(1, 250), size: 100, total: truth}
			s.meddler = func(s *shelf, turn, number int) { c.moves.now(s, turn, number) }
			spool := snapshottest.NewSpool(t)
			l := &List{ID: c.id, Closed: c.closed, Sink: spool, Full: 100, Fetch: s.fetch}
			var o outcome
			if o.proof, o.err = l.Read(t.Context()); o.err == nil {
				o.kept = snapshottest.Lines(t, spool)
			}
			if o.says() != c.says || s.requests() != c.requests || c.want != nil && !slices.Equal(o.kept, c.want) {
				t.Errorf("%s (%v) by requests %s, %d rows", o.says(), o.err, s.requests(), len(o.kept))
			}
		})
	}
}
