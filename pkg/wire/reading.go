package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"yardstick/pkg/export"
)

// reading is what one pass over a list saw: a fingerprint of 8 bytes for each row, and where the pages end.
type reading struct {
	rows   []uint64
	ends   []int          // of each page with rows, in rows
	heads  []int          // of each page, how many rows at its head are the tail of the page before
	pages  map[uint64]int // numbers of the pages, by the sum of their rows: their order does not count
	totals []int64        // the vendor's count as the pages told it; one that repeats stands once
	ended  bool           // no page follows
	taken  int            // how many pages an earlier List read
	moved  string         // how it is known already that the list moved; "": it is not
}

func newReading() *reading { return &reading{pages: map[uint64]int{}} }

// add takes a page with rows. Where an earlier page held the same ones, it answers that page's number instead.
func (r *reading) add(rows []uint64) (same int) {
	var sum uint64
	for _, row := range rows {
		sum += row
	}
	if same = r.pages[sum]; same > 0 {
		return same
	}
	r.heads = append(r.heads, overlap(r.page(len(r.ends)), rows))
	r.rows = append(r.rows, rows...)
	r.ends = append(r.ends, len(r.rows))
	r.pages[sum] = len(r.ends)
	return 0
}

// count takes the total that a page told. A page behind the end that tells 0 tells nothing: some servers count what
// they answer with.
func (r *reading) count(total *int64, rows int) {
	if total != nil && (rows > 0 || len(r.rows) == 0 || *total > 0) {
		r.tell(*total)
	}
}

func (r *reading) tell(total int64) {
	if last, told := r.total(); !told || last != total {
		r.totals = append(r.totals, total)
	}
}

// page is a page's rows; pages are counted from 1.
func (r *reading) page(number int) []uint64 {
	if number < 1 || number > len(r.ends) {
		return nil
	}
	return r.rows[r.begin(number):r.ends[number-1]]
}

// begin is where a page begins, in rows.
func (r *reading) begin(number int) int {
	if number == 1 {
		return 0
	}
	return r.ends[number-2]
}

// total is the vendor's count as it was told last.
func (r *reading) total() (total int64, told bool) {
	if len(r.totals) == 0 {
		return 0, false
	}
	return r.totals[len(r.totals)-1], true
}

// fell says whether the total was ever lower than before.
func (r *reading) fell() bool { return !slices.IsSorted(r.totals) }

// grew says whether the total is higher than it was at first.
func (r *reading) grew() bool {
	total, told := r.total()
	return told && total > r.totals[0]
}

// meets notes, where there is a total, which one the rows meet.
func (r *reading) meets(rows int64) {
	if len(r.totals) > 0 {
		r.tell(rows)
	}
}

func (r *reading) proof() export.Proof {
	p := export.Proof{Pages: int64(max(1, len(r.ends)))}
	if total, told := r.total(); told {
		p.Total = &total
	}
	return p
}

// shifted are the numbers of the rows at the head of a page that are the tail of the page before: rows that were put in
// earlier in the list pushed them over.
func (r *reading) shifted() []int64 {
	var numbers []int64
	for n, k := range r.heads {
		for i := range k {
			numbers = append(numbers, int64(r.begin(n+1)+i))
		}
	}
	return numbers
}

// settle brings rows to those that count, in the order of the sink: without the shifted ones, and with those that are
// added from the first page asked again.
func (r *reading) settle(dropped []int64, added []uint64) {
	kept := r.rows[:0]
	for i, row := range r.rows {
		if len(dropped) > 0 && dropped[0] == int64(i) {
			dropped = dropped[1:]
			continue
		}
		kept = append(kept, row)
	}
	r.rows = append(kept, added...)
}

// shifts is how many rows are shifted.
func (r *reading) shifts() int {
	n := 0
	for _, k := range r.heads {
		n += k
	}
	return n
}

// distinct is how many rows came, less those that are shifted.
func (r *reading) distinct() int64 { return int64(len(r.rows) - r.shifts()) }

// repeats says whether a row stands on two pages without being shifted. Equal rows inside one page are data.
func (r *reading) repeats() bool {
	all := make([]uint64, 0, len(r.rows))
	for n, k := range r.heads {
		begin := len(all)
		all = append(all, r.page(n + 1)[k:]...)
		slices.Sort(all[begin:])
		all = all[:begin+len(slices.Compact(all[begin:]))]
	}
	return Repeats(all)
}

// digestSize is how many bytes a digest has.
const digestSize = sha256.Size

// digest is the same for two readings that saw the very same pages.
func (r *reading) digest() []byte {
	sum := sha256.New()
	var number [8]byte
	write := func(n uint64) {
		binary.BigEndian.PutUint64(number[:], n)
		sum.Write(number[:])
	}
	write(uint64(len(r.ends)))
	for _, end := range r.ends {
		write(uint64(end))
	}
	for _, row := range r.rows {
		write(row)
	}
	return sum.Sum(nil)
}

// equals says whether another reading, given by its digest, saw the very same pages. There may be no other one.
func (r *reading) equals(other []byte) bool { return other != nil && bytes.Equal(other, r.digest()) }

// unseen are those of the places on a page whose rows this reading did not see. A row that it saw on a later page only
// changed its place.
func (r *reading) unseen(page []uint64, places []int) []int {
	return slices.DeleteFunc(slices.Clone(places), func(i int) bool { return slices.Contains(r.rows, page[i]) })
}

// pulledBack says whether the first page, as it is now, holds a row that had been pushed over to the second: then rows
// that were put in before it are gone again.
func (r *reading) pulledBack(now []uint64) bool {
	if len(r.heads) < 2 {
		return false
	}
	return slices.ContainsFunc(r.page(2)[:r.heads[1]], func(row uint64) bool { return slices.Contains(now, row) })
}

// overlap is how many rows at the end of one page are those at the beginning of the next.
func overlap(page, next []uint64) int {
	for k := min(len(page), len(next)); k > 0; k-- {
		if slices.Equal(page[len(page)-k:], next[:k]) {
			return k
		}
	}
	return 0
}

// putIn compares the first page with what it was. Where no row left it, as far as can be seen, it tells the places of
// the new ones: the page holds all its old rows; or it is as full as before, its old rows follow one another from the
// first, and just as many were pushed off its end as were put in before its last row. A row that left would have let
// others in at the end, unless it was among those that were pushed off.
func putIn(was, now []uint64) (added []int, ok bool) {
	count := map[uint64]int{}
	for _, row := range was {
		count[row]++
	}
	var kept []uint64
	for i, row := range now {
		if count[row] > 0 {
			count[row]--
			kept = append(kept, row)
		} else {
			added = append(added, i)
		}
	}
	if len(kept) == len(was) {
		return added, true
	}
	pushed := len(kept) > 0 && slices.Equal(kept, was[:len(kept)]) && len(now) >= len(was) &&
		len(added) > 0 && added[len(added)-1] < len(now)-1
	return added, pushed
}
