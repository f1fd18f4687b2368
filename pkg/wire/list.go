package wire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"yardstick/pkg/export"

	"github.com/go-json-experiment/json/jsontext"
)

// Page is one answer's records and the vendor's total beside them, nil where there is none.
type Page struct {
	Records []jsontext.Value
	Total   *int64
	// Followed says that the list's sink has followed all of these records in turn, and is to take them. The first page has to
	// be read without: it may be asked for only to be looked at.
	Followed bool
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
//
// A reading whose time ends after the first page tells where it stopped, and another List goes on from there, with the
// same requests and the same rules as if no time lay between: all that the list did meanwhile it did between two pages.
// A List reads one window once.
type List struct {
	Closed bool // the day is over: a list that still moves is a fault
	// ID names the member by which records are known, of which no two have the same: one that comes twice, changed or not, shows
	// that the list moved, or that the pages leave others out. "", and for a record without it: all that the record is.
	ID   string
	Sink export.Sink
	Full int // rows that a page holds at most, unless the server clamps it to fewer
	// Cursor is that of an *export.Unfinished, to go on from there; the sink holds the rows that were read until then. One
	// that cannot be read counts as none, and the sink is emptied. nil: from the first page.
	Cursor []byte
	// Fetch asks for a page, counted from 1, that begins after so many rows. The records of a page are not looked at any more
	// when the next one is asked for.
	Fetch func(ctx context.Context, number, rows int) (Page, error)

	now    *reading
	before []byte   // digest of the reading that moved, if there was one
	rows   []uint64 // fingerprints of the page at hand
	cutter Cutter
}

// Read reads the list, once more if it moved, and leaves its rows in the sink. It blocks for the requests, and ends with
// ctx. Errors: those of Fetch and Sink, with the page's number; an *export.Error of kind Incomplete; export.ErrMoving;
// around an error of Fetch that came since time ran out, an *export.Unfinished.
func (l *List) Read(ctx context.Context) (export.Proof, error) {
	if err := l.begin(); err != nil {
		return export.Proof{}, err
	}
	var first *Page
	for {
		if err := l.pass(ctx, first); err != nil {
			return export.Proof{}, err
		}
		v, err := l.close(ctx)
		if err != nil {
			return export.Proof{}, err
		}
		switch {
		case v.whole && l.ID != "" && Repeats(l.now.rows):
			return export.Proof{}, Incomplete("a record came twice, although each has an %s of its own: the pages leave others out", l.ID)
		case v.whole:
			return l.now.proof(), nil
		case l.before == nil:
			l.before, l.now, first = l.now.digest(), newReading(), v.first
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

// begin takes up what the cursor tells.
func (l *List) begin() error {
	l.now, l.before = newReading(), nil
	if len(l.Cursor) == 0 {
		return nil
	}
	now, before, err := parseCursor(l.Cursor)
	if err != nil {
		return l.Sink.Reset()
	}
	l.now, l.before = now, before
	return nil
}

// pass reads the pages that are left in turn. The first one may be at hand already.
func (l *List) pass(ctx context.Context, first *Page) error {
	for r := l.now; !r.ended; {
		number := len(r.ends) + 1
		p := first
		if number > 1 || p == nil {
			var err error
			if p, err = l.page(ctx, number, len(r.rows)); err != nil {
				return err
			}
		}
		rows, err := l.append(p)
		if err != nil {
			return fmt.Errorf("page %d: %w", number, err)
		}
		r.count(p.Total, len(rows))
		if len(rows) > 0 {
			same := r.add(rows)
			if same > 0 && number != r.taken+1 {
				return Incomplete("page %d holds the same records as page %d: the server does not turn the page, or served one twice",
					number, same)
			}
			if same > 0 { // as many rows as make whole pages came before it in the time between the runs
				r.moved = fmt.Sprintf("page %d holds the records that page %d held before the reading was taken up again", number, same)
			}
		}
		r.ended = len(rows) == 0 || r.moved != "" || l.met(r)
	}
	return nil
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

// page asks for a page. Where time runs out, what was read until then is for another List.
func (l *List) page(ctx context.Context, number, rows int) (*Page, error) {
	p, err := l.Fetch(ctx, number, rows)
	if err == nil {
		return &p, nil
	}
	err = fmt.Errorf("page %d: %w", number, err)
	if (len(l.now.ends) > 0 || l.before != nil) && (ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded)) {
		err = &export.Unfinished{Cursor: l.now.cursor(l.before), Err: err}
	}
	return nil, err
}

// append adds a page's records, and answers their fingerprints until it is called again.
func (l *List) append(p *Page) ([]uint64, error) {
	l.rows = l.rows[:0]
	for i, record := range p.Records {
		add := l.Sink.Append
		if p.Followed {
			add = l.take
		}
		line, err := add(record)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		l.rows = append(l.rows, l.fingerprint(record, line))
	}
	return l.rows, nil
}

// fingerprint is what a record is known by: that of its id, where it has one.
func (l *List) fingerprint(record jsontext.Value, line export.Line) uint64 {
	if l.ID == "" {
		return line.Fingerprint()
	}
	members, err := l.cutter.Members(record)
	i := slices.IndexFunc(members, func(m Member) bool { return m.Name == l.ID })
	if err != nil || i < 0 {
		return line.Fingerprint()
	}
	sum := sha256.Sum256(members[i].Value) // the same for ever: cursors keep it
	return binary.BigEndian.Uint64(sum[:])
}

// take adds a record that the sink has followed.
func (l *List) take([]byte) (export.Line, error) { return l.Sink.Take() }

// verdict says whether a reading is whole, and why not.
type verdict struct {
	whole bool
	why   string
	first *Page // the first page as it stood at the end, to begin the next reading with
}

// close judges a reading, and brings it and the sink to the rows that count.
func (l *List) close(ctx context.Context) (verdict, error) {
	r := l.now
	total, told := r.total()
	switch {
	case r.moved != "":
		return verdict{why: r.moved}, nil
	case r.fell():
		return verdict{why: fell(r)}, nil
	case told && !r.grew():
		return l.closeByTotal(r, total)
	case !told && len(r.ends) <= 1 && !l.mayGoOn(r):
		return verdict{whole: true}, nil
	}
	return l.closeByFirstPage(ctx, r)
}

// closeByTotal judges a reading against a total that stood still.
func (l *List) closeByTotal(r *reading, total int64) (verdict, error) {
	came := int64(len(r.rows))
	switch {
	case came != total && r.distinct() != total:
		return verdict{}, Incomplete("the vendor's total says %d records, and %d came on %d pages",
			total, r.distinct(), len(r.ends))
	case came == total && r.equals(l.before):
		return verdict{whole: true}, nil // nothing moves: rows that are equal on two pages are data
	case came == total && r.shifts() > 0, r.repeats():
		return verdict{why: "records stand on two pages, and the vendor's total stands still: as many left as came"}, nil
	}
	return verdict{whole: true}, l.settle(r, nil, nil)
}

// closeByFirstPage judges a reading by the first page asked again.
func (l *List) closeByFirstPage(ctx context.Context, r *reading) (verdict, error) {
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
	case len(added) == 0 && r.equals(l.before):
		return verdict{whole: true}, nil // nothing moves: rows that are equal on two pages are data
	case r.pulledBack(now):
		v.why = "records were put in and left page 1 again while the list was read"
	case r.repeats():
		v.why = "records stand on two pages: the list has no order that lasts"
	case l.before == nil && r.shifts() > len(added):
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
		line, err := l.Sink.Line(record)
		if err != nil {
			return nil, nil, fmt.Errorf("asked again: page 1: record %d: %w", i+1, err)
		}
		rows[i] = l.fingerprint(record, line)
	}
	return p, rows, nil
}

// settle takes out the rows that were seen twice and adds the ones that were put in, given by their places on the first
// page asked again.
func (l *List) settle(r *reading, again *Page, fresh []int) error {
	twice := r.shifted()
	if err := l.Sink.Drop(twice); err != nil {
		return err
	}
	added := make([]uint64, len(fresh))
	for i, place := range fresh {
		record := again.Records[place]
		line, err := l.Sink.Append(record)
		if err != nil {
			return err
		}
		added[i] = l.fingerprint(record, line)
	}
	r.settle(twice, added)
	return nil
}
