package scrapright

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"

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
func (s *shelf) fetch(_ context.Context, number int) (page, error) {
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
	var p page
	for _, row := range rows {
		p.records = append(p.records, jsontext.Value(row))
	}
	if s.total != nil {
		n := int64(s.total(s.rows))
		p.total = &n
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
	spool := newSpool(t)
	o := readInto(t, s, spool, spool, closed)
	if err := spool.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

// readInto is readShelf by way of a sink, behind which the spool is.
func readInto(t rapid.TB, s *shelf, sink export.Sink, spool *snapshot.Spool, closed bool) (o outcome) {
	t.Helper()
	l := &list{window: export.Window{Closed: closed}, sink: sink, full: cmp.Or(s.full, maxPage), fetch: s.fetch}
	if o.proof, o.err = l.read(context.Background()); o.err == nil {
		o.kept = kept(t, spool)
	}
	return o
}

// failing is a fetch whose nth request ends with an error.
func failing(s *shelf, nth int, err error) func(context.Context, int) (page, error) {
	return func(ctx context.Context, number int) (page, error) {
		p, _ := s.fetch(ctx, number)
		if len(s.asked) == nth {
			return page{}, err
		}
		return p, nil
	}
}

func newSpool(t rapid.TB) *snapshot.Spool {
	t.Helper()
	spool, err := snapshot.NewSpool("")
	if err != nil {
		t.Fatal(err)
	}
	return spool
}

// kept are the lines of a spool, which is finished by that.
func kept(t rapid.TB, spool *snapshot.Spool) []string {
	t.Helper()
	content, err := spool.Finish()
	if err != nil {
		t.Fatal(err)
	}
	body, err := spool.Body()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	scanner := bufio.NewScanner(plain)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if int64(len(lines)) != content.Rows {
		t.Fatalf("the spool says %d rows and holds %d", content.Rows, len(lines))
	}
	return lines
}
