package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// interrupted reads a list whose time ends before requests that cut names, each time with another List and another spool.
// A request that is cut never reaches the server.
func interrupted(t rapid.TB, spools *turn, s *shelf, closed bool, cut func() bool, sink func(*snapshot.Spool) export.Sink) (o outcome, cuts int) {
	t.Helper()
	spool := spools.next(t)
	var cursor []byte
	for {
		l := &List{Closed: closed, Sink: sink(spool), Full: max(s.full, s.size), Cursor: cursor}
		l.Fetch = func(ctx context.Context, number, rows int) (Page, error) {
			if cut() {
				return Page{}, fmt.Errorf("wait for the pace: %w", context.DeadlineExceeded)
			}
			return s.fetch(ctx, number, rows)
		}
		if o.proof, o.err = l.Read(context.Background()); !errors.Is(o.err, context.DeadlineExceeded) {
			break
		}
		cuts++
		stopped, kept := errors.AsType[*export.Unfinished](o.err)
		if pages := len(l.now.ends); kept != (pages > 0 || l.before != nil) {
			t.Fatalf("%v after %d pages", o.err, pages)
		}
		spool, cursor = spools.next(t), nil
		if kept {
			cursor = stopped.Cursor
			moveTo(t, spool, l.Sink)
		}
	}
	if o.err == nil {
		o.kept = snapshottest.Lines(t, spool)
	}
	return o, cuts
}

// moveTo brings what a sink holds to another spool, as one run leaves it to the next.
func moveTo(t rapid.TB, to *snapshot.Spool, from export.Sink) {
	t.Helper()
	old, ok := from.(*snapshot.Spool)
	if r, wrapped := from.(resets); wrapped {
		old, ok = r.Spool, true
	}
	if !ok {
		t.Fatalf("a sink of type %T", from)
	}
	object, err := old.Save(snapshot.Unfinished{})
	if err == nil {
		_, err = to.Restore(object)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// turn is two spools that are used in turn: a run's and the next run's.
type turn struct{ spools [2]*snapshot.Spool }

func newTurn(t *testing.T) *turn {
	return &turn{[2]*snapshot.Spool{snapshottest.NewSpool(t), snapshottest.NewSpool(t)}}
}

func (u *turn) next(t rapid.TB) *snapshot.Spool {
	u.spools[0], u.spools[1] = u.spools[1], u.spools[0]
	if err := u.spools[0].Begin(&snapshot.Encoder{}); err != nil {
		t.Fatal(err)
	}
	return u.spools[0]
}

func plainly(s *snapshot.Spool) export.Sink { return s }

// script is what happens to a list before each of its requests, at places given in parts of 1,000.
type script [][]step

type step struct {
	out bool
	at  int
}

func (c script) shelf(n, size, full int, total bool) *shelf {
	s := &shelf{size: size, full: full}
	if n > 0 {
		s.rows = rows(1, n)
	}
	if total {
		s.total = truth
	}
	id := n
	s.meddler = func(s *shelf, _, _ int) {
		if len(s.asked) > len(c) {
			return
		}
		for _, step := range c[len(s.asked)-1] {
			switch at := step.at * len(s.rows) / 1000; {
			case !step.out:
				id++
				s.insert(at, row(id))
			case len(s.rows) > 0:
				s.rows = slices.Delete(slices.Clone(s.rows), at, at+1)
			}
		}
	}
	return s
}

// Time that ends costs nothing: the requests, the rows, the proof and the verdict are those of a reading without
// interruption of a list to which the same happens between requests.
func TestAnInterruptedReadingEndsLikeAnother(t *testing.T) {
	changes := rapid.Custom(func(t *rapid.T) step {
		return step{out: rapid.Bool().Draw(t, "out"), at: rapid.SampledFrom([]int{0, 0, 999, 500, 250}).Draw(t, "at")}
	})
	spools := newTurn(t)
	many(t, 3, func(t *rapid.T) {
		happens := script(rapid.SliceOfN(rapid.SliceOfN(changes, 0, 2), 0, 12).Draw(t, "script"))
		n, size := rapid.IntRange(0, 20).Draw(t, "rows"), rapid.IntRange(1, 6).Draw(t, "size")
		full := rapid.SampledFrom([]int{size, maxPage}).Draw(t, "full")
		total, closed := rapid.Bool().Draw(t, "total"), rapid.Bool().Draw(t, "closed")
		whole := happens.shelf(n, size, full, total)
		want := readShelf(t, whole, closed)
		if want.err != nil && strings.Contains(want.err.Error(), "does not turn the page") {
			return // after an interruption the list counts as moved then
		}
		s := happens.shelf(n, size, full, total)
		most := rapid.IntRange(0, 30).Draw(t, "most cuts")
		got, cuts := interrupted(t, spools, s, closed, func() bool {
			most--
			return most >= 0 && rapid.Bool().Draw(t, "cut")
		}, plainly)
		if got.says() != want.says() || fmt.Sprint(got.err) != fmt.Sprint(want.err) || s.requests() != whole.requests() {
			t.Fatalf("%d cuts: %s (%v) by requests %s, expected %s (%v) by %s", cuts, got.says(), got.err, s.requests(), want.says(), want.err, whole.requests())
		}
		if diff := cmp.Diff(want.kept, got.kept); diff != "" || !cmp.Equal(want.proof, got.proof) {
			t.Fatalf("%d cuts: proof %+v, expected %+v; rows (-want +got)\n%s", cuts, got.proof, want.proof, diff)
		}
	})
}

// What passes for whole after interruptions is whole, by the rules for readings without.
func TestWhatPassesForWholeAfterInterruptionsIsWhole(t *testing.T) {
	spools := newTurn(t)
	many(t, 3, func(t *rapid.T) {
		n := rapid.IntRange(0, 14).Draw(t, "rows")
		h := &history{next: n + 1, left: 20, shelf: &shelf{size: rapid.IntRange(1, 6).Draw(t, "size")}}
		h.full = rapid.SampledFrom([]int{maxPage, h.size}).Draw(t, "full")
		if n > 0 {
			h.rows = rows(1, n)
		}
		if rapid.Bool().Draw(t, "total") {
			h.total = truth
		}
		kinds := rapid.SampledFrom(rapid.SampledFrom([][]string{
			{"delete", "head", "end", "anywhere"}, {"delete"}, {"head"}, {"end"}, {"head", "delete"},
		}).Draw(t, "kinds"))
		most := rapid.IntRange(0, h.size).Draw(t, "most changes before a request")
		h.meddler = func(*shelf, int, int) { h.meddleAtRandom(t, most, kinds) }
		left := rapid.IntRange(0, 20).Draw(t, "most cuts")
		o, _ := interrupted(t, spools, h.shelf, rapid.Bool().Draw(t, "closed"), func() bool {
			left--
			return left >= 0 && rapid.Bool().Draw(t, "cut")
		}, func(s *snapshot.Spool) export.Sink { return resets{s, h} })
		h.judge(t, o)
	})
}

// Between two runs as many rows may come as fill whole pages. That is no server that does not turn the page.
func TestAPageThatIsPushedOverBetweenTwoRunsIsReadOnceMore(t *testing.T) {
	for pages := 1; pages <= 2; pages++ {
		s := &shelf{rows: rows(500, 1), size: 100}
		s.meddler = func(s *shelf, turn, number int) {
			if turn == 1 && number == 3 {
				for id := 501; id <= 500+100*pages; id++ {
					s.insert(0, row(id))
				}
			}
		}
		n := 0
		o, cuts := interrupted(t, newTurn(t), s, true, func() bool { n++; return n == 3 }, plainly)
		if o.err != nil || cuts != 1 || !slices.Equal(o.kept, rows(500+100*pages, 1)) {
			t.Errorf("%d pages: %v, %d rows by requests %s", pages, o.err, len(o.kept), s.requests())
		}
	}
}

func TestACursorThatCannotBeReadCountsAsNone(t *testing.T) {
	for _, cursor := range []string{"x", "\x01", "\x09\x00\x00\x00", "\x02\x00\x00\x00", "\x03\x00\x00\x00", "\x01\x02", "\x01\x00\x00\x01\x01", strings.Repeat("\xff", 99)} {
		s := &shelf{rows: rows(1, 250), size: 100}
		spool := snapshottest.NewSpool(t)
		if _, err := spool.Append([]byte(row(999))); err != nil {
			t.Fatal(err)
		}
		l := &List{Sink: spool, Full: 100, Fetch: s.fetch, Cursor: []byte(cursor)}
		if _, err := l.Read(t.Context()); err != nil || s.requests() != "1 2 3 4 1" {
			t.Fatalf("%q: %v by requests %s", cursor, err, s.requests())
		}
		if got := snapshottest.Lines(t, spool); !slices.Equal(got, rows(1, 250)) {
			t.Errorf("%q: %d rows", cursor, len(got))
		}
	}
}

func TestOnlyTheEndOfTimeLeavesACursor(t *testing.T) {
	broken := errors.New("the line broke")
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name string
		ctx  context.Context
		nth  int
		err  error
		want bool
	}{
		{"another failure", t.Context(), 3, broken, false},
		{"a deadline", t.Context(), 3, fmt.Errorf("wait: %w", context.DeadlineExceeded), true},
		{"a failure as time was over", ended, 3, broken, true},
		{"on the first page", t.Context(), 1, context.DeadlineExceeded, false},
		{"on the first page asked again", t.Context(), 5, context.DeadlineExceeded, true},
	} {
		s := &shelf{rows: rows(1, 250), size: 100}
		l := &List{Sink: snapshottest.NewSpool(t), Full: 100, Fetch: failing(s, c.nth, c.err)}
		_, err := l.Read(c.ctx)
		stopped, got := errors.AsType[*export.Unfinished](err)
		if got != c.want || !errors.Is(err, errors.Unwrap(c.err)) && !errors.Is(err, c.err) || !strings.Contains(fmt.Sprint(err), "page") {
			t.Errorf("%s: %v", c.name, err)
		}
		if got && len(stopped.Cursor) < 8*100 {
			t.Errorf("%s: a cursor of %d bytes", c.name, len(stopped.Cursor))
		}
	}
}

func TestUniqueRecordsDoNotComeTwice(t *testing.T) {
	twice := join(rows(1, 10), rows(5, 5))
	for _, id := range []string{"", "id"} {
		s := &shelf{rows: twice, size: 100}
		l := &List{ID: id, Sink: snapshottest.NewSpool(t), Full: 100, Fetch: s.fetch}
		_, err := l.Read(t.Context())
		if o := (outcome{err: err}); (o.says() == "incomplete") != (id != "") {
			t.Errorf("known by %q: %v", id, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x03\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x07"))
	r := newReading()
	total := int64(900)
	for page := range 3 {
		fingerprints := make([]uint64, 4)
		for i := range fingerprints {
			fingerprints[i] = uint64(page*4+i) << 40
		}
		r.count(&total, 4)
		r.add(fingerprints)
		total++
	}
	f.Add(r.cursor(nil))
	r.ended = true
	f.Add(r.cursor(r.digest()))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, before, err := parseCursor(text)
		if err != nil {
			if !errors.Is(err, errCursor) || r != nil || before != nil {
				t.Fatalf("%v with %v", err, r)
			}
			return
		}
		if len(r.ends) == 0 && before == nil || len(r.rows)*8 > len(text) || len(r.ends) > 0 && r.ends[len(r.ends)-1] != len(r.rows) {
			t.Fatalf("%d rows to %v of %d bytes", len(r.rows), r.ends, len(text))
		}
		again, secondly, err := parseCursor(r.cursor(before))
		if err != nil || !bytes.Equal(before, secondly) || !cmp.Equal(again, r, cmp.AllowUnexported(reading{})) {
			t.Fatalf("%v: %+v, expected %+v", err, again, r)
		}
	})
}

// A cursor is as long as the fingerprints of the rows and little more.
func TestACursorIsSmall(t *testing.T) {
	s := &shelf{rows: rows(1, 25_000), size: 100, total: truth}
	l := &List{Sink: snapshottest.NewSpool(t), Full: 100, Fetch: failing(s, 250, io.ErrUnexpectedEOF)}
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := l.Read(ended)
	stopped, ok := errors.AsType[*export.Unfinished](err)
	if !ok || len(stopped.Cursor) < 8*24_900 || len(stopped.Cursor) > 8*24_900+500 {
		t.Fatalf("%v", err)
	}
}
