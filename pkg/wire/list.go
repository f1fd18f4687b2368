package wire

import (
	"context"
	"fmt"

	"yardstick/pkg/export"

	"github.com/go-json-experiment/json/jsontext"
)

// Page is one answer's records and the vendor's total beside them, nil where there is none.
type Page struct {
	Records []jsontext.Value
	Total   *int64
}

// List reads a paged list whole and shows that it is whole.
//
// It ends with an empty page, or where the vendor's total is met; never with a short page, since servers clamp sizes and
// leave rows out. Several pages without a total that stands still are closed by asking the first page again: offsets
// over a list that moves lose rows or repeat them. Rows put in are no loss; where rows left, the list is read once more.
//
// What this cannot see is a deletion behind the place that is being read, of a row that the first page does not show
// again: one of a later page, one that was put in meanwhile, or one that rows put in before it would have pushed off
// the first page. With a total that stands still it is one made up for by a row put in. Each costs the reading one row of
// the next page. A single page that is not full, and has no total, is not asked for again. And two readings of a list that
// moves in the very same way both times are taken for those of one that stands still.
type List struct {
	Closed bool // the day is over: a list that still moves is a fault
	Sink   export.Sink
	Full   int // rows that a page holds at most, unless the server clamps it to fewer
	// Fetch asks for a page, counted from 1, that begins after so many rows.
	Fetch func(ctx context.Context, number, rows int) (Page, error)
}

// Read reads the list, once more if it moved, and leaves its rows in the sink. It blocks for the requests, and ends with
// ctx. Errors: those of Fetch and Sink, with the page's number; an *export.Error of kind Incomplete; export.ErrMoving.
func (l *List) Read(ctx context.Context) (export.Proof, error) {
	var before *reading
	var first *Page
	for {
		r, err := l.pass(ctx, first)
		if err != nil {
			return export.Proof{}, err
		}
		v, err := l.close(ctx, r, before)
		if err != nil {
			return export.Proof{}, err
		}
		switch {
		case v.whole:
			return r.proof(), nil
		case before == nil:
			before, first = r, v.first
		case l.Closed:
			return export.Proof{}, Incomplete("%s, and again when it was read once more", v.why)
		default:
			return export.Proof{}, fmt.Errorf("%w: %s, twice", export.ErrMoving, v.why)
		}
		if err := l.Sink.Reset(); err != nil {
			return export.Proof{}, err
		}
	}
}

// pass reads the pages in turn. The first one may be at hand already.
func (l *List) pass(ctx context.Context, first *Page) (*reading, error) {
	r := newReading()
	for number := 1; ; number++ {
		p := first
		if number > 1 || p == nil {
			var err error
			if p, err = l.page(ctx, number, len(r.rows)); err != nil {
				return nil, err
			}
		}
		rows, err := l.append(p.Records)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", number, err)
		}
		r.count(p.Total, len(rows))
		if len(rows) == 0 {
			return r, nil
		}
		if same := r.add(rows); same > 0 {
			return nil, Incomplete("page %d holds the same records as page %d: the server does not turn the page, or served one twice",
				number, same)
		}
		if l.met(r) {
			return r, nil
		}
	}
}

// met says whether the total shows that no page follows. One that a full page meets may count no more than that page:
// then the next one is asked for.
func (l *List) met(r *reading) bool {
	total, told := r.total()
	distinct := r.distinct()
	return told && (distinct > total || distinct == total && !l.mayGoOn(r))
}

// mayGoOn says whether the last page is full, as far as that is known.
func (l *List) mayGoOn(r *reading) bool {
	pages := len(r.ends)
	last := len(r.page(pages))
	return pages > 0 && (last >= l.Full || pages > 1 && last >= len(r.page(1)))
}

func (l *List) page(ctx context.Context, number, rows int) (*Page, error) {
	p, err := l.Fetch(ctx, number, rows)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", number, err)
	}
	return &p, nil
}

func (l *List) append(records []jsontext.Value) ([]uint64, error) {
	rows := make([]uint64, len(records))
	for i, record := range records {
		var err error
		if rows[i], err = l.Sink.Append(record); err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	return rows, nil
}

// verdict says whether a reading is whole, and why not.
type verdict struct {
	whole bool
	why   string
	first *Page // the first page as it stood at the end, to begin the next reading with
}

// close judges a reading, and brings the sink to the rows that count. before is the reading that moved, if there was one.
func (l *List) close(ctx context.Context, r, before *reading) (verdict, error) {
	total, told := r.total()
	switch {
	case r.fell():
		return verdict{why: fell(r)}, nil
	case told && !r.grew():
		return l.closeByTotal(r, before, total)
	case !told && len(r.ends) <= 1 && !l.mayGoOn(r):
		return verdict{whole: true}, nil
	}
	return l.closeByFirstPage(ctx, r, before)
}

// closeByTotal judges a reading against a total that stood still.
func (l *List) closeByTotal(r, before *reading, total int64) (verdict, error) {
	came := int64(len(r.rows))
	switch {
	case came != total && r.distinct() != total:
		return verdict{}, Incomplete("the vendor's total says %d records, and %d came on %d pages",
			total, r.distinct(), len(r.ends))
	case came == total && r.equals(before):
		return verdict{whole: true}, nil // nothing moves: rows that are equal on two pages are data
	case came == total && r.shifts() > 0, r.repeats():
		return verdict{why: "records stand on two pages, and the vendor's total stands still: as many left as came"}, nil
	}
	return verdict{whole: true}, l.settle(r, nil, nil)
}

// closeByFirstPage judges a reading by the first page asked again.
func (l *List) closeByFirstPage(ctx context.Context, r, before *reading) (verdict, error) {
	again, now, err := l.again(ctx)
	if err != nil {
		return verdict{}, err
	}
	atEnd, told := r.total()
	r.count(again.Total, len(now))
	total, _ := r.total()
	added, ok := putIn(r.page(1), now)
	fresh := r.unseen(now, added)
	came := r.distinct() + int64(len(fresh))
	v := verdict{first: again}
	switch {
	case !ok:
		v.why = "records left page 1 while the list was read"
	case r.fell():
		v.why = fell(r)
	case told && came != atEnd && came != total: // what was added at the end since then is no part of this reading
		v.why = fmt.Sprintf("the vendor's total grew to %d while %d records came", total, came)
	case len(added) == 0 && r.equals(before):
		return verdict{whole: true}, nil // nothing moves: rows that are equal on two pages are data
	case r.pulledBack(now):
		v.why = "records were put in and left page 1 again while the list was read"
	case r.repeats():
		v.why = "records stand on two pages: the list has no order that lasts"
	case before == nil && r.shifts() > len(added):
		v.why = "records moved from one page to the next while the list was read"
	default:
		r.meets(came)
		return verdict{whole: true}, l.settle(r, again, fresh)
	}
	return v, nil
}

func fell(r *reading) string {
	total, _ := r.total()
	return fmt.Sprintf("the vendor's total fell while the list was read, and is %d now", total)
}

// again asks for the first page once more.
func (l *List) again(ctx context.Context) (*Page, []uint64, error) {
	p, err := l.page(ctx, 1, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("asked again: %w", err)
	}
	rows := make([]uint64, len(p.Records))
	for i, record := range p.Records {
		if rows[i], err = l.Sink.Fingerprint(record); err != nil {
			return nil, nil, fmt.Errorf("asked again: page 1: record %d: %w", i+1, err)
		}
	}
	return p, rows, nil
}

// settle takes out the rows that were seen twice and adds the ones that were put in, given by their places on the first
// page asked again.
func (l *List) settle(r *reading, again *Page, fresh []int) error {
	if err := l.Sink.Drop(r.shifted()); err != nil {
		return err
	}
	for _, i := range fresh {
		if _, err := l.Sink.Append(again.Records[i]); err != nil {
			return err
		}
	}
	return nil
}
