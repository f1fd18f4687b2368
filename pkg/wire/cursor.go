package wire

import (
	"encoding/binary"
	"errors"
)

// A cursor is what a reading saw so far, for another List to go on from: its form's version, what it says of the
// reading, the totals that pages told, how many rows each page has, and the rows' fingerprints, 8 bytes each.
const (
	cursorVersion = 3      // those before had other fingerprints
	cursorEnded   = 1 << 0 // the pass over the pages is done, and only the closing is left
	cursorSecond  = 1 << 1 // the list is read once more; the digest of the reading before follows
)

// errCursor says that a cursor is not one that cursor made.
var errCursor = errors.New("the cursor is not of the form that is written here")

// cursor spells a reading. Totals that repeat are kept once: only their changes count.
func (r *reading) cursor(before []byte) []byte {
	flags := byte(0)
	if r.ended {
		flags |= cursorEnded
	}
	if before != nil {
		flags |= cursorSecond
	}
	text := append([]byte{cursorVersion, flags}, before...)
	text = binary.AppendUvarint(text, uint64(len(r.totals)))
	for _, total := range r.totals {
		text = binary.AppendVarint(text, total)
	}
	text = binary.AppendUvarint(text, uint64(len(r.ends)))
	for number := range r.ends {
		text = binary.AppendUvarint(text, uint64(len(r.page(number+1))))
	}
	for _, row := range r.rows {
		text = binary.BigEndian.AppendUint64(text, row)
	}
	return text
}

// parseCursor reads back what cursor spelt: a reading, and the digest of the one before it, nil where it is the first;
// then it has a page at least. Anything else is errCursor.
func parseCursor(text []byte) (r *reading, before []byte, err error) {
	if len(text) < 2 || text[0] != cursorVersion || text[1]&^(cursorEnded|cursorSecond) != 0 {
		return nil, nil, errCursor
	}
	flags, rest := text[1], text[2:]
	if flags&cursorSecond != 0 {
		if len(rest) < digestSize {
			return nil, nil, errCursor
		}
		before, rest = rest[:digestSize:digestSize], rest[digestSize:]
	}
	r = newReading()
	r.ended = flags&cursorEnded != 0
	p := &cursorParser{rest: rest}
	for range p.count() {
		r.totals = append(r.totals, p.varint())
	}
	lengths := make([]uint64, p.count())
	for i := range lengths {
		lengths[i] = p.uvarint()
	}
	for _, length := range lengths {
		if page := p.rows(length); !p.broken && r.add(page) > 0 {
			p.broken = true
		}
	}
	if p.broken || len(p.rest) > 0 || len(lengths) == 0 && before == nil {
		return nil, nil, errCursor
	}
	r.taken = len(r.ends)
	return r, before, nil
}

// cursorParser takes numbers off the front of a cursor, and zeros once it is broken.
type cursorParser struct {
	rest   []byte
	broken bool
}

// took says whether a number of n bytes was there, and goes past it.
func (p *cursorParser) took(n int) bool {
	if p.broken = p.broken || n <= 0; p.broken {
		return false
	}
	p.rest = p.rest[n:]
	return true
}

func (p *cursorParser) uvarint() uint64 {
	v, n := binary.Uvarint(p.rest)
	if !p.took(n) {
		return 0
	}
	return v
}

func (p *cursorParser) varint() int64 {
	v, n := binary.Varint(p.rest)
	if !p.took(n) {
		return 0
	}
	return v
}

// count is how many things follow, each of a byte at least: what could not be there is not made room for.
func (p *cursorParser) count() uint64 {
	n := p.uvarint()
	if n > uint64(len(p.rest)) {
		p.broken = true
		return 0
	}
	return n
}

// rows are the fingerprints of a page, which has one at least.
func (p *cursorParser) rows(n uint64) []uint64 {
	if p.broken = p.broken || n == 0 || n > uint64(len(p.rest)/8); p.broken {
		return nil
	}
	rows := make([]uint64, n)
	for i := range rows {
		rows[i] = binary.BigEndian.Uint64(p.rest[8*i:])
	}
	p.rest = p.rest[8*n:]
	return rows
}
