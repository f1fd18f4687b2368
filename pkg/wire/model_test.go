package wire

import (
	"fmt"
	"slices"
	"testing"
	"yardstick/pkg/snapshot/snapshottest"

	"yardstick/pkg/snapshot"

	"pgregory.net/rapid"
)

// history is a shelf that remembers, request by request, what a judge has to know.
type history struct {
	*shelf
	moments []sight
	begins  int  // the request with which the last reading began
	reset   bool // and no request since
	next    int  // id
	left    int  // changes: a list that grew forever would be read forever
}

// sight is the list at one request: what it held, and what was done to it just before.
type sight struct {
	number  int
	rows    []string
	put     []string
	deleted []deletion
}

// deletion is a row and where it stood.
type deletion struct {
	row string
	at  int
}

// resets is a sink that tells when a reading begins anew.
type resets struct {
	*snapshot.Spool
	h *history
}

func (r resets) Reset() error {
	r.h.begins, r.h.reset = len(r.h.moments)-1, true // the first page may be the one just asked for again
	return r.Spool.Reset()
}

// meddleAtRandom puts rows in and takes rows out before a request. No id comes twice.
func (h *history) meddleAtRandom(t *rapid.T, most int, kinds *rapid.Generator[string]) {
	if h.reset && h.asked[len(h.asked)-1] == 1 {
		h.begins = len(h.moments)
	}
	h.reset = false
	now := sight{number: h.asked[len(h.asked)-1]}
	for range rapid.IntRange(0, min(most, h.left)).Draw(t, "changes") {
		h.left--
		kind := kinds.Draw(t, "change")
		switch n := len(h.rows); {
		case kind == "delete" && n > 0:
			at := rapid.IntRange(0, n-1).Draw(t, "at")
			now.deleted = append(now.deleted, deletion{h.rows[at], at})
			h.rows = slices.Delete(slices.Clone(h.rows), at, at+1)
		case kind != "delete":
			at := map[string]int{"head": 0, "end": n}[kind]
			if kind == "anywhere" {
				at = rapid.IntRange(0, n).Draw(t, "at")
			}
			now.put = append(now.put, row(h.next))
			h.insert(at, row(h.next))
			h.next++
		}
	}
	now.rows = h.rows
	h.moments = append(h.moments, now)
}

// last is the part of the history that the accepted reading took.
func (h *history) last() []sight { return h.moments[h.begins:] }

// throughout are the rows that the list held at each request of it.
func (h *history) throughout() []string {
	all := slices.Clone(h.last()[0].rows)
	for _, now := range h.last() {
		all = slices.DeleteFunc(all, func(row string) bool { return !slices.Contains(now.rows, row) })
	}
	return all
}

// page1 is the first page as a request saw it.
func (h *history) page1(now sight) []string { return now.rows[:min(h.size, len(now.rows))] }

// excused is how many rows a reading that passes for whole may lack: one for each deletion behind the place that was
// being read which
//   - first page asked again could not show: of a row that did not stand on it at first, or stood at its end and
//     would have been pushed off it by rows put in meanwhile,
//   - or, with a total that stood still, as many rows put in made up for,
//   - or, of a list without a total, was on its only page, which was not full.
func (h *history) excused() (rows int) {
	last := h.last()
	first, closing := h.page1(last[0]), last[len(last)-1]
	closed := len(last) > 1 && closing.number == 1
	read, puts := 0, 0
	for _, now := range last {
		for _, d := range now.deleted {
			behind := d.at < read
			at := slices.Index(first, d.row)
			var shown bool
			if at >= 0 && closed {
				shown = slices.ContainsFunc(first[at+1:],
					func(row string) bool { return slices.Contains(h.page1(closing), row) }) ||
					len(closing.rows) < len(first)
			}
			switch {
			case !behind:
			case closed && !shown:
				rows++
			case !closed && h.total != nil && puts+len(now.put) > 0 && h.stoodStill():
				rows++
			case !closed && h.total == nil && len(first) < h.full:
				rows++
			}
		}
		puts += len(now.put)
		read = max(read, now.number*h.size)
	}
	return rows
}

// stoodStill says whether every request saw as many rows.
func (h *history) stoodStill() bool {
	return !slices.ContainsFunc(h.last(), func(now sight) bool { return len(now.rows) != len(h.last()[0].rows) })
}

// twins says whether two readings saw the very same pages: then rows that stand on two of them pass for data.
func (h *history) twins() bool {
	pages := func(part []sight) (all [][]string) {
		for _, now := range part {
			begin := min((now.number-1)*h.size, len(now.rows))
			all = append(all, now.rows[begin:min(begin+h.size, len(now.rows))])
		}
		return all
	}
	before, last := pages(h.moments[:len(h.moments)-len(h.last())+1]), pages(h.last())
	n := min(len(before), len(last))
	return h.begins > 0 && slices.EqualFunc(before[:n], last[:n], slices.Equal)
}

// A list of unique ids that changes at random between requests is never passed for whole with an id kept twice, nor with
// one missing that it held all the time, but for what one reading cannot see.
func TestWhatPassesForWholeIsWhole(t *testing.T) {
	spool := snapshottest.NewSpool(t)
	many(t, 20, func(t *rapid.T) {
		n := rapid.IntRange(0, 14).Draw(t, "rows")
		h := &history{next: n + 1, left: 20, shelf: &shelf{size: rapid.IntRange(1, 6).Draw(t, "size")}}
		if h.full = maxPage; rapid.Bool().Draw(t, "full pages") {
			h.full = h.size
		}
		if n > 0 {
			h.rows = rows(1, n)
		}
		if rapid.Bool().Draw(t, "total") {
			h.total = truth
		}
		most := rapid.IntRange(0, 3).Draw(t, "most changes before a request")
		kinds := rapid.SampledFrom(rapid.SampledFrom([][]string{
			{"delete", "head", "end", "anywhere"}, {"delete"}, {"head"}, {"end"}, {"anywhere"}, {"head", "delete"}, {"end",
				"delete"},
		}).Draw(t, "kinds"))
		h.meddler = func(*shelf, int, int) { h.meddleAtRandom(t, most, kinds) }
		if err := spool.Begin(&snapshot.Encoder{}); err != nil {
			t.Fatal(err)
		}
		o := readInto(t, h.shelf, resets{spool, h}, spool, rapid.Bool().Draw(t, "closed"))
		h.judge(t, o)
	})
}

// many checks a property for times as many lists as rapid does by itself.
func many(t *testing.T, times int, property func(*rapid.T)) {
	for i := range times {
		t.Run(fmt.Sprint(i), rapid.MakeCheck(property))
	}
}

func (h *history) judge(t *rapid.T, o outcome) {
	if o.err != nil {
		if o.says() != "moving" && o.says() != "incomplete" {
			t.Fatalf("%s", o.says())
		}
		return
	}
	kept := slices.Sorted(slices.Values(o.kept))
	if distinct := slices.Compact(slices.Clone(kept)); len(distinct) < len(kept) && !h.twins() {
		t.Fatalf("a row is kept twice: %q, by requests %s", o.kept, h.requests())
	}
	missing := slices.DeleteFunc(h.throughout(), func(row string) bool { return slices.Contains(kept, row) })
	if len(missing) > h.excused() && !h.twins() {
		t.Fatalf("%q is missing in %q, by requests %s", missing, o.kept, h.requests())
	}
	for _, row := range kept {
		if !slices.ContainsFunc(h.last(), func(now sight) bool { return slices.Contains(now.rows, row) }) {
			t.Fatalf("%s was not in the list during the last reading", row)
		}
	}
}

// A list that grows at one end while it is read, by less than a page, is whole at the first reading: each row once, and
// no request beyond the pages, the empty one, and the first one asked again.
func TestAListThatGrowsAtOneEndIsReadOnce(t *testing.T) {
	spool := snapshottest.NewSpool(t)
	many(t, 5, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		h := &history{next: n + 1, shelf: &shelf{size: rapid.IntRange(1, 6).Draw(t, "size")}}
		h.left = rapid.IntRange(0, h.size-1).Draw(t, "most changes in all")
		if n > 0 {
			h.rows = rows(1, n)
		}
		if rapid.Bool().Draw(t, "total") {
			h.total = truth
		}
		kinds := rapid.SampledFrom([]string{rapid.SampledFrom([]string{"head", "end"}).Draw(t, "where")})
		h.meddler = func(*shelf, int, int) { h.meddleAtRandom(t, 2, kinds) }
		if err := spool.Begin(&snapshot.Encoder{}); err != nil {
			t.Fatal(err)
		}
		o := readInto(t, h.shelf, resets{spool, h}, spool, true)
		if o.err != nil || h.begins > 0 {
			t.Fatalf("%v, by requests %s", o.err, h.requests())
		}
		h.judge(t, o)
		if pages := int(o.proof.Pages); len(h.asked) > pages+2 {
			t.Fatalf("requests %s for %d pages", h.requests(), pages)
		}
		if total := o.proof.Total; (total != nil) != (h.total != nil) || total != nil && int(*total) != len(o.kept) {
			t.Fatalf("total %v for %d rows", total, len(o.kept))
		}
	})
}
