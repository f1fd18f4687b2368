package simulator

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"time"
)

const (
	defaultRows = 50_000 // of a report
	mostRows    = 90_000
	defaultDays = 30
	streamFrom  = 1000 // rows; a shorter answer tells its length
)

// reportQuery is what a report is asked for.
type reportQuery struct {
	from, to time.Time // both days among them
	fields   []field
	filters  []filter
	having   []having
}

// query serves a report.
func (s *Scrunch) query(c *scrunchCall, p *params) scrunchWork {
	at := pageRange{p.integer("limit", defaultRows, 1, mostRows), p.integer("offset", 0, 0, 1<<62)}
	if c.pageInstead != 0 {
		at.offset = (c.pageInstead - 1) * at.limit
	}
	return func(b *brand, _ ScrunchKey) *Reply {
		q, err := s.readQuery(b, p)
		if err != nil {
			return detail(http.StatusBadRequest, err.Error())
		}
		rows := s.report(b, q)
		if !s.cfg.StableOrder {
			rows.shuffle(newDice(s.cfg.Seed, diceOfShuffle, uint64(c.N)))
		}
		rows.cut(at, s.cfg)
		return rows.reply(c.rows)
	}
}

func (s *Scrunch) readQuery(b *brand, p *params) (*reportQuery, error) {
	q := &reportQuery{}
	var err error
	if q.from, q.to, err = p.dates(s.today().AddDate(0, 0, -defaultDays), s.today()); err != nil {
		return nil, err
	}
	if q.fields, err = s.readFields(p.text("fields")); err != nil {
		return nil, err
	}
	for _, text := range p.values["filters"] {
		f, err := s.readFilter(b, text)
		if err != nil {
			return nil, err
		}
		q.filters = append(q.filters, f)
	}
	for _, text := range p.values["having"] {
		h, err := s.readHaving(text)
		if err != nil {
			return nil, err
		}
		q.having = append(q.having, h)
	}
	return q, nil
}

// report makes the rows of a report, in the order in which they are first met, and after them what somebody wrote in
// place of a day.
func (s *Scrunch) report(b *brand, q *reportQuery) *report {
	r := &report{brand: b, groups: newAggregation(q, s.cfg.NegationKeepsNull)}
	for _, day := range days(q.from, q.to.AddDate(0, 0, 1)) {
		if raw, ok := s.stock.find(shelfOf(Query, b.id, day)); ok {
			r.raw = append(r.raw, raw...)
			continue
		}
		for o := range s.answers(b, day).each() {
			r.groups.add(o)
		}
	}
	for group := range r.groups.keys {
		if q.lets(&r.groups.tallies[group]) {
			r.order = append(r.order, int32(group))
		}
	}
	for i := range r.raw {
		r.order = append(r.order, int32(-1-i))
	}
	return r
}

// lets says whether a group passes every having.
func (q *reportQuery) lets(t *tally) bool {
	for i := range q.having {
		if !q.having[i].passes(t) {
			return false
		}
	}
	return true
}

// report is rows to be served. They are written when they are sent.
type report struct {
	brand  *brand
	groups *aggregation
	raw    []string
	order  []int32 // groups, and -1-i for raw row i
}

func (r *report) shuffle(d *dice) {
	for i := len(r.order) - 1; i > 0; i-- {
		k := d.below(i + 1)
		r.order[i], r.order[k] = r.order[k], r.order[i]
	}
}

// cut leaves the rows that are asked for, and that a cap lets through.
func (r *report) cut(at pageRange, cfg ScrunchConfig) {
	if most := cfg.QueryCap; most > 0 {
		at.limit = min(at.limit, most)
		if cfg.QueryCapEnds {
			r.order = r.order[:min(len(r.order), most)]
		}
	}
	from := min(at.offset, len(r.order))
	r.order = r.order[from:min(from+at.limit, len(r.order))]
}

func (r *report) appendRow(dst []byte, at int32) []byte {
	if at < 0 {
		return append(dst, r.raw[-1-at]...)
	}
	return r.groups.appendRow(dst, r.brand, int(at))
}

// reply sends the rows, after a fault has changed them.
func (r *report) reply(change func([]string) []string) *Reply {
	if change != nil {
		r.materialize(change)
	}
	reply := vendorJSON(http.StatusOK, nil)
	if len(r.order) >= streamFrom {
		reply.stream = r.write
		return reply
	}
	var body bytes.Buffer
	_ = r.write(&body) // a Buffer takes everything
	reply.Body = body.Bytes()
	return reply
}

func (r *report) materialize(change func([]string) []string) {
	rows := make([]string, len(r.order))
	for i, at := range r.order {
		rows[i] = string(r.appendRow(nil, at))
	}
	r.raw = change(rows)
	r.order = r.order[:0]
	for i := range r.raw {
		r.order = append(r.order, int32(-1-i))
	}
}

// write writes the rows as a JSON array.
func (r *report) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	row := []byte{'['}
	for i, at := range r.order {
		if i > 0 {
			row = append(row, ',')
		}
		row = r.appendRow(row, at)
		if _, err := out.Write(row); err != nil {
			return err
		}
		row = row[:0]
	}
	if _, err := out.Write(append(row, ']')); err != nil {
		return err
	}
	return out.Flush()
}
