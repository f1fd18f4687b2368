package snapshot

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// maxDepth is how deep arrays and objects may stand in one another; a JSON tokenizer of this project goes no deeper.
const maxDepth = 10_000

// Encoder turns a vendor's record into a line: the record's own tokens as sent, less white space between them and less
// the members to omit. It notes members of one object that repeat or differ only in case. The zero Encoder omits
// nothing. It is not safe for concurrent use.
type Encoder struct {
	omit       *omission
	collisions map[string]bool

	src   []byte // the record
	pos   int    // src before it was looked at
	from  int    // src before it was copied or left out; src[from:pos] is still to be copied
	dst   []byte
	depth int
	muted bool     // what stands here is left out: its names are not noted
	names [][]byte // of objects that are open, the innermost one's at the end
	shape shape    // of the objects so far
}

// NewEncoder makes an Encoder that leaves out what the JSON pointers (RFC 6901) name. A token that is a number is an
// index where an array stands; each occurrence of a repeated member is left out; what is missing is no fault. A pointer
// of the wrong form, or to the whole record, is an error.
func NewEncoder(omit []string) (*Encoder, error) {
	e := &Encoder{}
	for _, pointer := range omit {
		if e.omit == nil {
			e.omit = &omission{}
		}
		if err := e.omit.add(pointer); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Collisions are the names, in lower case and sorted, of members that repeated or differed only in case within an
// object, over all lines so far: the first 20 of them. What was left out does not count.
func (e *Encoder) Collisions() []string {
	names := make([]string, 0, len(e.collisions))
	for name := range e.collisions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Line appends the record to dst without a line's end. The record must be one valid JSON value, as a tokenizer cut it
// out; the spelling of numbers and literals is not looked at. Tokens in an order that JSON has not, a string with a
// control character, and nesting deeper than 10,000 are errors that quote nothing of the record; line is dst then.
// Nothing is allocated but what dst has to grow by, as long as names are plain ASCII and do not collide.
func (e *Encoder) Line(dst, record []byte) (line []byte, err error) {
	e.src, e.pos, e.from, e.dst, e.depth, e.muted, e.names = record, 0, 0, dst, 0, false, e.names[:0]
	defer func() { e.src, e.dst = nil, nil }()
	e.space()
	ok := e.value(e.omit)
	if e.depth > maxDepth {
		return dst, fmt.Errorf("the record is nested more than %d deep", maxDepth)
	}
	if e.space(); !ok || e.pos != len(e.src) {
		return dst, fmt.Errorf("the record is not one JSON value: it breaks off or goes wrong at byte %d of %d",
			e.pos, len(e.src))
	}
	e.flush()
	return e.dst, nil
}

// peek is the next byte, or 0 at the end.
func (e *Encoder) peek() byte {
	if e.pos < len(e.src) {
		return e.src[e.pos]
	}
	return 0
}

// flush copies what was looked at.
func (e *Encoder) flush() {
	e.dst = append(e.dst, e.src[e.from:e.pos]...)
	e.from = e.pos
}

// length is what dst would hold after a flush.
func (e *Encoder) length() int { return len(e.dst) + e.pos - e.from }

// cut leaves out all that was looked at since the length was that.
func (e *Encoder) cut(length int) {
	e.flush()
	e.dst = e.dst[:length]
}

// space leaves out white space.
func (e *Encoder) space() {
	if c := e.peek(); c > ' ' {
		return
	}
	e.flush()
	for e.pos < len(e.src) && isSpace(e.src[e.pos]) {
		e.pos++
	}
	e.from = e.pos
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// value goes past one value, and says whether there was one.
func (e *Encoder) value(o *omission) (ok bool) {
	switch e.peek() {
	case '{':
		return e.enter() && e.object(o)
	case '[':
		return e.enter() && e.array(o)
	case '"':
		return e.string()
	}
	i := e.pos
	for i < len(e.src) && (e.src[i] >= '-' && e.src[i] <= '9' || !delimits(e.src[i])) {
		i++
	}
	start := e.pos
	e.pos = i
	return i > start
}

func delimits(c byte) bool {
	switch c {
	case ',', ':', '"', '[', ']', '{', '}':
		return true
	}
	return c <= ' '
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// string goes past a string, eight bytes at a time where none of them is a quote, a backslash or a control character.
func (e *Encoder) string() bool {
	for i := e.pos + 1; i < len(e.src); i++ {
		for i+8 <= len(e.src) {
			eight := binary.LittleEndian.Uint64(e.src[i:])
			quote, backslash := eight^(ones*'"'), eight^(ones*'\\')
			found := ((quote-ones)&^quote | (backslash-ones)&^backslash | (eight-ones*' ')&^eight) & highs
			if found != 0 {
				i += bits.TrailingZeros64(found) / 8 // what the first one carries into is behind it
				break
			}
			i += 8
		}
		if i >= len(e.src) {
			break
		}
		switch c := e.src[i]; {
		case c == '"':
			e.pos = i + 1
			return true
		case c < ' ':
			e.pos = i
			return false
		case c == '\\' && i+1 < len(e.src) && e.src[i+1] > ' ':
			i++
		}
	}
	e.pos = len(e.src)
	return false
}

// text goes past a string as string does, byte by byte. It is simple where it holds neither escapes nor bytes beyond ASCII.
func (e *Encoder) text() (simple, ok bool) {
	simple = true
	for i := e.pos + 1; i < len(e.src); i++ {
		switch c := e.src[i]; {
		case c == '"':
			e.pos = i + 1
			return simple, true
		case c < ' ':
			e.pos = i
			return false, false
		case c >= 0x80:
			simple = false
		case c == '\\':
			simple = false
			if i+1 < len(e.src) && e.src[i+1] > ' ' {
				i++
			}
		}
	}
	e.pos = len(e.src)
	return false, false
}

// enter goes past the bracket that opens an object or array.
func (e *Encoder) enter() bool {
	e.pos++
	e.depth++
	return e.depth <= maxDepth
}

// next goes to the next part of an object or array, or past its end. The comma before the part stays only if a part
// before it did.
func (e *Encoder) next(end byte, index, kept int) (more, ok bool) {
	if kept > 0 && e.pos+1 < len(e.src) && e.src[e.pos] == ',' && e.src[e.pos+1] > ' ' {
		e.pos++ // as it is nearly always
		return true, true
	}
	e.space()
	switch c := e.peek(); {
	case c == end:
		e.pos++
		e.depth--
		return false, true
	case index == 0:
		return true, true
	case c != ',':
		return false, false
	}
	mark := e.length()
	e.pos++
	if kept == 0 {
		e.cut(mark)
	}
	e.space()
	return true, true
}

// part goes past the value of an element or member, and keeps it or leaves out all since mark.
func (e *Encoder) part(o *omission, mark int) (kept int, ok bool) {
	if o == nil || !o.whole {
		return 1, e.value(o)
	}
	e.muted = true
	ok = e.value(nil)
	e.muted = false
	e.cut(mark)
	return 0, ok
}

func (e *Encoder) array(o *omission) bool {
	kept := 0
	for index := 0; ; index++ {
		mark := e.length()
		if more, ok := e.next(']', index, kept); !more {
			return ok
		}
		n, ok := e.part(o.element(index), mark)
		if !ok {
			return false
		}
		kept += n
	}
}

func (e *Encoder) object(o *omission) bool {
	seen := members{base: len(e.names), shape: e.shape.root()}
	defer e.forget(seen.base)
	kept := 0
	for index := 0; ; index++ {
		mark := e.length()
		if more, ok := e.next('}', index, kept); !more {
			return ok
		}
		name, simple, next, ok := e.name(seen.shape)
		if !ok {
			return false
		}
		n, ok := e.part(o.member(name, simple), mark)
		if !ok {
			return false
		}
		if kept += n; n > 0 && !e.muted {
			e.note(&seen, name, simple, next)
		}
	}
}

// name goes past a member's name, to its value. next is what the shape of the object becomes by it, where that is known.
func (e *Encoder) name(known *node) (quoted []byte, simple bool, next *node, ok bool) {
	start := e.pos
	if next = known.after(e.src[start:]); next != nil {
		e.pos += len(next.quoted)
		quoted, simple = e.src[start:e.pos], next.simple
	} else {
		if e.peek() != '"' {
			return nil, false, nil, false
		}
		if simple, ok = e.text(); !ok {
			return nil, false, nil, false
		}
		quoted = e.src[start:e.pos]
	}
	if e.pos+1 < len(e.src) && e.src[e.pos] == ':' && e.src[e.pos+1] > ' ' {
		e.pos++ // as it is nearly always
		return quoted, simple, next, true
	}
	if e.space(); e.peek() != ':' {
		return nil, false, nil, false
	}
	e.pos++
	e.space()
	return quoted, simple, next, true
}
