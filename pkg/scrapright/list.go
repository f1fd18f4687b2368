package scrapright

import (
	"context"
	"fmt"
	"slices"

	"yardstick/pkg/export"

	"github.com/go-json-experiment/json/jsontext"
)

// list reads a paged list whole and shows that it is whole.
//
// It ends where the vendor's total is met, or with an empty page; never with a short one, since servers clamp sizes and
// leave rows out. Several pages without a total are closed by asking the first page again: offsets over a list that
// moves lose rows or repeat them. Rows put in are no loss; where rows left, the list is read once more.
type list struct {
	window  export.Window
	sink    export.Sink
	records finder
	fetch   func(ctx context.Context, number int) ([]byte, error)
}

// reading is what one pass over the list saw: a fingerprint of 8 bytes for each row, and where the pages end.
type reading struct {
	rows   []uint64
	ends   []int // of each page with rows, in rows
	totals []int64
}

// read reads the list, once more if it moved, and leaves its rows in the sink.
func (l *list) read(ctx context.Context) (export.Proof, error) {
	first, err := l.pass(ctx, nil)
	if err != nil {
		return export.Proof{}, err
	}
	verdict, err := l.close(ctx, first, nil)
	if err != nil {
		return export.Proof{}, err
	}
	if verdict.whole {
		return first.proof(), nil
	}
	if err := l.sink.Reset(); err != nil {
		return export.Proof{}, err
	}
	second, err := l.pass(ctx, verdict.firstPage)
	if err != nil {
		return export.Proof{}, err
	}
	if verdict, err = l.close(ctx, second, first); err != nil {
		return export.Proof{}, err
	}
	switch {
	case verdict.whole:
		return second.proof(), nil
	case l.window.Closed:
		return export.Proof{}, incomplete("%s, and again when it was read once more", verdict.why)
	default:
		return export.Proof{}, fmt.Errorf("%w: %s, twice", export.ErrMoving, verdict.why)
	}
}

// pass reads the pages in turn. The first one may be at hand already.
func (l *list) pass(ctx context.Context, p *page) (*reading, error) {
	r := &reading{}
	for number := 1; ; number++ {
		if p == nil {
			var err error
			if p, err = l.page(ctx, number); err != nil {
				return nil, err
			}
		}
		rows, err := l.append(p.records)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", number, err)
		}
		if p.total != nil {
			r.totals = append(r.totals, *p.total)
		}
		if len(rows) == 0 {
			return r, nil
		}
		if number > 1 && slices.Equal(rows, r.page(number-1)) {
			return nil, incomplete("page %d holds the same records as page %d: the server ignores `page`, or served one twice", number, number-1)
		}
		r.rows = append(r.rows, rows...)
		r.ends = append(r.ends, len(r.rows))
		if total, ok := r.total(); ok && int64(len(r.rows)-len(r.shifted())) >= total {
			return r, nil
		}
		p = nil
	}
}

func (l *list) page(ctx context.Context, number int) (*page, error) {
	body, err := l.fetch(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", number, err)
	}
	p, err := l.records.page(body)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", number, err)
	}
	return &p, nil
}

func (l *list) append(records []jsontext.Value) ([]uint64, error) {
	rows := make([]uint64, len(records))
	for i, record := range records {
		var err error
		if rows[i], err = l.sink.Append(record); err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	return rows, nil
}

// verdict says whether a reading is whole, and why not.
type verdict struct {
	whole     bool
	why       string
	firstPage *page // as it stood at the end, to begin the next reading with
}

// close judges a reading, and brings the sink to the rows that count. before is the reading that moved, if there was one.
func (l *list) close(ctx context.Context, r, before *reading) (verdict, error) {
	if total, ok := r.total(); ok {
		return l.closeByTotal(ctx, r, total)
	}
	if len(r.ends) <= 1 {
		return verdict{whole: true}, nil
	}
	again, fingerprints, err := l.again(ctx)
	if err != nil {
		return verdict{}, err
	}
	moved := verdict{firstPage: again}
	added, ok := putIn(r.page(1), fingerprints)
	if !ok {
		moved.why = "rows left the first page while the list was read"
		return moved, nil
	}
	shifted := r.shifted()
	if !r.repeats() && len(added) == 0 {
		return verdict{whole: true}, nil
	}
	if len(added) == 0 && before != nil && slices.Equal(before.rows, r.rows) && slices.Equal(before.ends, r.ends) {
		return verdict{whole: true}, nil // nothing moves: rows that are equal on two pages are data
	}
	if r.without(shifted).repeats() {
		moved.why = "rows stand on two pages: the list has no order that lasts"
		return moved, nil
	}
	if len(added) == 0 && before == nil {
		moved.why = "rows moved from one page to the next while the list was read"
		return moved, nil
	}
	return verdict{whole: true}, l.settle(r, shifted, again, added)
}

// closeByTotal judges a reading against the vendor's own count.
func (l *list) closeByTotal(ctx context.Context, r *reading, total int64) (verdict, error) {
	raw := int64(len(r.rows))
	shifted := r.shifted()
	distinct := raw - int64(len(shifted))
	first := r.totals[0]
	switch {
	case total < slices.Max(r.totals):
		return verdict{why: fmt.Sprintf("the vendor's total fell from %d to %d while the list was read", slices.Max(r.totals), total)}, nil
	case raw == total && total == first:
		return verdict{whole: true}, nil
	case distinct == total:
		return verdict{whole: true}, l.settle(r, shifted, nil, nil)
	case total == first:
		return verdict{}, incomplete("the vendor's total says %d records, and %d came", total, distinct)
	case distinct > total:
		return verdict{why: fmt.Sprintf("the vendor's total grew to %d while %d records came", total, distinct)}, nil
	}
	again, fingerprints, err := l.again(ctx)
	if err != nil {
		return verdict{}, err
	}
	added, ok := putIn(r.page(1), fingerprints)
	grown := total
	if again.total != nil {
		grown = *again.total
	}
	if !ok || distinct+int64(len(added)) != grown {
		return verdict{why: fmt.Sprintf("the vendor's total grew to %d while %d records came", grown, distinct), firstPage: again}, nil
	}
	r.totals = append(r.totals, grown)
	return verdict{whole: true}, l.settle(r, shifted, again, added)
}

// again asks for the first page once more.
func (l *list) again(ctx context.Context) (*page, []uint64, error) {
	p, err := l.page(ctx, 1)
	if err != nil {
		return nil, nil, fmt.Errorf("asked again: %w", err)
	}
	rows := make([]uint64, len(p.records))
	for i, record := range p.records {
		if rows[i], err = l.sink.Fingerprint(record); err != nil {
			return nil, nil, fmt.Errorf("page 1, asked again: record %d: %w", i+1, err)
		}
	}
	return p, rows, nil
}

// settle takes out the rows that were seen twice and adds the ones that were put in, given by their places on the first
// page asked again. One that was seen on a later page only changed its place.
func (l *list) settle(r *reading, shifted []int64, again *page, added []int) error {
	if err := l.sink.Drop(shifted); err != nil {
		return err
	}
	for _, i := range added {
		fingerprint, err := l.sink.Fingerprint(again.records[i])
		if err != nil {
			return err
		}
		if slices.Contains(r.rows, fingerprint) {
			continue
		}
		if _, err := l.sink.Append(again.records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) page(number int) []uint64 {
	if number > len(r.ends) {
		return nil
	}
	begin := 0
	if number > 1 {
		begin = r.ends[number-2]
	}
	return r.rows[begin:r.ends[number-1]]
}

// total is the vendor's count as it was told last.
func (r *reading) total() (int64, bool) {
	if len(r.totals) == 0 {
		return 0, false
	}
	return r.totals[len(r.totals)-1], true
}

func (r *reading) proof() export.Proof {
	p := export.Proof{Pages: int64(max(1, len(r.ends)))}
	if total, ok := r.total(); ok {
		p.Total = &total
	}
	return p
}

// shifted are the numbers of rows at the head of a page that are the tail of the page before: rows that were put in
// earlier in the list pushed them over.
func (r *reading) shifted() []int64 {
	var numbers []int64
	for n := 2; n <= len(r.ends); n++ {
		before, page := r.page(n-1), r.page(n)
		for k := min(len(before), len(page)); k > 0; k-- {
			if slices.Equal(before[len(before)-k:], page[:k]) {
				for i := range k {
					numbers = append(numbers, int64(r.ends[n-2]+i))
				}
				break
			}
		}
	}
	return numbers
}

// without is the reading less some rows.
func (r *reading) without(numbers []int64) *reading {
	if len(numbers) == 0 {
		return r
	}
	left, i := &reading{}, int64(0)
	for n := range r.ends {
		for _, row := range r.page(n + 1) {
			if len(numbers) > 0 && numbers[0] == i {
				numbers = numbers[1:]
			} else {
				left.rows = append(left.rows, row)
			}
			i++
		}
		left.ends = append(left.ends, len(left.rows))
	}
	return left
}

// repeats says whether a row stands on two pages. Equal rows inside one page are data.
func (r *reading) repeats() bool {
	all := make([]uint64, 0, len(r.rows))
	for n := range r.ends {
		page := slices.Clone(r.page(n + 1))
		slices.Sort(page)
		all = append(all, slices.Compact(page)...)
	}
	slices.Sort(all)
	for i := 1; i < len(all); i++ {
		if all[i] == all[i-1] {
			return true
		}
	}
	return false
}

// putIn compares the first page with what it was. Where no row left it, it tells the places of the new ones: the page
// holds all its old rows; or it is as full as before, its old rows follow one another from the first, and just as many
// were pushed off its end as were put in before its last row. A row that left would have let others in at the end.
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
