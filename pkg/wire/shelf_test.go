package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// shelf is a server's list, of which pages are cut as it is at that moment.
type shelf struct {
	rows    []string
	size    int                     // rows a page; fewer than are asked for where the server clamps
	full    int                     // rows asked for; 0: 100
	total   func(rows []string) int // nil: the server tells none
	asked   []int                   // numbers of the pages, in order
	firsts  int                     // how often page 1 was asked for
	meddler func(s *shelf, turn, number int)
	bend    func(turn, number int, rows []string) []string // what the server makes of a page; nil: nothing
}

// fetch is a list's. Before it looks at the rows, the meddler may change them: turn is how often page 1 was asked for,
// this time included.
func (s *shelf) fetch(_ context.Context, number, _ int) (Page, error) {
	s.asked = append(s.asked, number)
	if number == 1 {
		s.firsts++
	}
	if s.meddler != nil {
		s.meddler(s, s.firsts, number)
	}
	begin := min((number-1)*s.size, len(s.rows))
	rows := s.rows[begin:min(begin+s.size, len(s.rows))]
	if s.bend != nil {
		rows = s.bend(s.firsts, number, slices.Clone(rows))
	}
	var p Page
	for _, row := range rows {
		p.Records = append(p.Records, jsontext.Value(row))
	}
	if s.total != nil {
		n := int64(s.total(s.rows))
		p.Total = &n
	}
	return p, nil
}

// truth is the total of an honest server.
func truth(rows []string) int { return len(rows) }

// about is the total of a server that is wrong by n.
func about(n int) func([]string) int { return func(rows []string) int { return len(rows) + n } }

func (s *shelf) insert(at int, row string) { s.rows = slices.Insert(slices.Clone(s.rows), at, row) }

// change is something that happens to a list between two requests.
type change func(*shelf)

// put puts a new row in before a position.
func put(at, id int) change { return func(s *shelf) { s.insert(at, row(id)) } }

// add puts a new row in at the end.
func add(id int) change { return func(s *shelf) { s.insert(len(s.rows), row(id)) } }

// take takes the row of that id out.
func take(id int) change {
	return func(s *shelf) {
		s.rows = slices.DeleteFunc(slices.Clone(s.rows), func(r string) bool { return r == row(id) })
	}
}

// and is one change after another.
func and(changes ...change) change {
	return func(s *shelf) {
		for _, c := range changes {
			c(s)
		}
	}
}

// moment is just before page 1 is asked for the turn-th time, or another page after that.
type moment struct{ turn, page int }

// meddle is what happens when.
type meddle map[moment]change

func (m meddle) now(s *shelf, turn, number int) {
	if c := m[moment{turn, number}]; c != nil {
		c(s)
	}
}

// requests are the pages asked for, as "1 2 3".
func (s *shelf) requests() string { return strings.Trim(fmt.Sprint(s.asked), "[]") }

// row is a record of that id, and rows are those from one id to another, both included.
func row(id int) string { return fmt.Sprintf(`{"Id":%d}`, id) }

func rows(from, to int) []string {
	step := 1
	if to < from {
		step = -1
	}
	all := []string{row(from)}
	for from != to {
		from += step
		all = append(all, row(from))
	}
	return all
}

// join is lists one after the other.
func join(lists ...[]string) []string { return slices.Concat(lists...) }

// outcome is how a reading ended.
type outcome struct {
	proof export.Proof
	kept  []string // in the spool
	err   error
}

// says is "whole", "moving", or the kind of the failure.
func (o outcome) says() string {
	known, ok := errors.AsType[*export.Error](o.err)
	switch {
	case o.err == nil:
		return "whole"
	case ok:
		return string(known.Kind)
	case errors.Is(o.err, export.ErrMoving):
		return "moving"
	}
	return o.err.Error()
}

// readShelf reads a list into a spool, asking for pages of 100.
func readShelf(t rapid.TB, s *shelf, closed bool) outcome {
	t.Helper()
	spool := snapshottest.NewSpool(t)
	o := readInto(t, s, spool, spool, closed)
	if err := spool.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

// readInto is readShelf by way of a sink, behind which the spool is.
func readInto(t rapid.TB, s *shelf, sink export.Sink, spool *snapshot.Spool, closed bool) (o outcome) {
	t.Helper()
	l := &List{Closed: closed, Sink: sink, Full: cmp.Or(s.full, maxPage), Fetch: s.fetch}
	if o.proof, o.err = l.Read(context.Background()); o.err == nil {
		o.kept = snapshottest.Lines(t, spool)
	}
	return o
}

// maxPage is how many rows the tests ask for at a time.
const maxPage = 100

// failing is a fetch whose nth request ends with an error.
func failing(s *shelf, nth int, err error) func(context.Context, int, int) (Page, error) {
	return func(ctx context.Context, number, rows int) (Page, error) {
		p, _ := s.fetch(ctx, number, rows)
		if len(s.asked) == nth {
			return Page{}, err
		}
		return p, nil
	}
}
