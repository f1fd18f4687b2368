package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxCollisions bounds how many names of colliding members an Encoder remembers.
const maxCollisions = 20

// Encoder turns a vendor's record into a line: the record's own tokens as sent, less white space between them and less
// the members to omit. It notes members of one object that repeat or differ only in case. The zero Encoder omits
// nothing. It is not safe for concurrent use.
type Encoder struct {
	omit       *omission
	collisions map[string]bool
	src        []byte
	pos        int
	dst        []byte
}

// omission is a node of the tree that the pointers to omit make.
type omission struct {
	whole bool // what stands here is left out
	below map[string]*omission
}

// NewEncoder makes an Encoder that leaves out what the JSON pointers (RFC 6901) name. A token that is a number is an
// index where an array stands; each occurrence of a repeated member is left out; what is missing is no fault. A pointer
// of the wrong form, or to the whole record, is an error.
func NewEncoder(omit []string) (*Encoder, error) {
	e := &Encoder{}
	for _, pointer := range omit {
		if !strings.HasPrefix(pointer, "/") {
			return nil, fmt.Errorf("omit %q: expected a JSON pointer to a member, such as /DriverLicense", pointer)
		}
		if e.omit == nil {
			e.omit = &omission{}
		}
		node := e.omit
		for token := range strings.SplitSeq(pointer[1:], "/") {
			name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
			if node.below == nil {
				node.below = map[string]*omission{}
			}
			if node.below[name] == nil {
				node.below[name] = &omission{}
			}
			node = node.below[name]
		}
		node.whole = true
	}
	return e, nil
}

// Collisions are the names, in lower case and sorted, of members that repeated or differed only in case within an
// object, over all lines so far: at most 20 of them.
func (e *Encoder) Collisions() []string {
	names := make([]string, 0, len(e.collisions))
	for name := range e.collisions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

var errNotJSON = errors.New("the record is not one JSON value")

// Line appends the record to dst without a line's end. The record must be one valid JSON value, as a tokenizer cut it
// out; what breaks the grammar of the tokens' order is an error.
func (e *Encoder) Line(dst, record []byte) (line []byte, err error) {
	e.src, e.pos, e.dst = record, 0, dst
	defer func() { e.src, e.dst = nil, nil }()
	e.space()
	if !e.value(e.omit) {
		return dst, errNotJSON
	}
	if e.space(); e.pos != len(e.src) {
		return dst, errNotJSON
	}
	return e.dst, nil
}

func (e *Encoder) peek() byte {
	if e.pos < len(e.src) {
		return e.src[e.pos]
	}
	return 0
}

func (e *Encoder) space() {
	for e.pos < len(e.src) {
		switch e.src[e.pos] {
		case ' ', '\t', '\r', '\n':
			e.pos++
		default:
			return
		}
	}
}

// value copies one value and says whether there was one.
func (e *Encoder) value(o *omission) bool {
	switch e.peek() {
	case '{':
		return e.object(o)
	case '[':
		return e.array(o)
	case '"':
		start := e.pos
		_, ok := e.skipString()
		e.dst = append(e.dst, e.src[start:e.pos]...)
		return ok
	default:
		start := e.pos
		for e.pos < len(e.src) && !delimiter(e.src[e.pos]) {
			e.pos++
		}
		e.dst = append(e.dst, e.src[start:e.pos]...)
		return e.pos > start
	}
}

func delimiter(c byte) bool {
	return c <= ' ' || c == ',' || c == ']' || c == '}' || c == ':' || c == '"' || c == '[' || c == '{'
}

// skipString goes past a string. It is simple where it holds neither escapes nor bytes beyond ASCII.
func (e *Encoder) skipString() (simple, ok bool) {
	simple = true
	for e.pos++; e.pos < len(e.src); e.pos++ {
		switch c := e.src[e.pos]; {
		case c == '"':
			e.pos++
			return simple, true
		case c == '\\':
			simple = false
			e.pos++
		case c < ' ':
			return false, false
		case c >= 0x80:
			simple = false
		}
	}
	e.pos = len(e.src)
	return false, false
}

func (e *Encoder) array(o *omission) bool {
	e.pos++
	e.dst = append(e.dst, '[')
	for index, kept := 0, 0; ; index++ {
		if e.space(); e.peek() == ']' && index == 0 {
			break
		}
		child := o.at(index)
		mark := len(e.dst)
		if kept > 0 {
			e.dst = append(e.dst, ',')
		}
		if !e.value(child) {
			return false
		}
		if child != nil && child.whole {
			e.dst = e.dst[:mark]
		} else {
			kept++
		}
		if e.space(); e.peek() == ']' {
			break
		}
		if e.peek() != ',' {
			return false
		}
		e.pos++
	}
	e.pos++
	e.dst = append(e.dst, ']')
	return true
}

func (e *Encoder) object(o *omission) bool {
	e.pos++
	e.dst = append(e.dst, '{')
	var names members
	for index, kept := 0, 0; ; index++ {
		if e.space(); e.peek() == '}' && index == 0 {
			break
		}
		start := e.pos
		if e.peek() != '"' {
			return false
		}
		simple, ok := e.skipString()
		name := e.src[start:e.pos]
		if e.space(); !ok || e.peek() != ':' {
			return false
		}
		e.pos++
		child := o.member(name)
		mark := len(e.dst)
		if kept > 0 {
			e.dst = append(e.dst, ',')
		}
		e.dst = append(append(e.dst, name...), ':')
		e.space()
		if !e.value(child) {
			return false
		}
		if child != nil && child.whole {
			e.dst = e.dst[:mark]
		} else {
			kept++
			if names.add(name, simple) {
				e.collide(name)
			}
		}
		if e.space(); e.peek() == '}' {
			break
		}
		if e.peek() != ',' {
			return false
		}
		e.pos++
	}
	e.pos++
	e.dst = append(e.dst, '}')
	return true
}

func (e *Encoder) collide(quoted []byte) {
	if e.collisions == nil {
		e.collisions = map[string]bool{}
	}
	if len(e.collisions) < maxCollisions {
		e.collisions[strings.ToLower(unquote(quoted))] = true
	}
}

func (o *omission) member(quoted []byte) *omission {
	if o == nil || o.below == nil {
		return nil
	}
	return o.below[unquote(quoted)]
}

func (o *omission) at(index int) *omission {
	if o == nil || o.below == nil {
		return nil
	}
	return o.below[strconv.Itoa(index)]
}

// unquote reads a JSON string; a broken escape reads as U+FFFD.
func unquote(quoted []byte) string {
	text, _ := jsontext.AppendUnquote(nil, quoted) // what could be read is answered beside the error
	return string(text)
}

// members are the names seen in one object. A set of 64 bits answers most questions without a look at the names.
type members struct {
	seen    uint64
	plain   bool // no name so far needs unquoting
	quoted  [][]byte
	backing [32][]byte
}

// add says whether the object has such a name already, repeated or in another case.
func (m *members) add(quoted []byte, simple bool) (collides bool) {
	if m.quoted == nil {
		m.quoted, m.plain = m.backing[:0], true
	}
	bit := foldedBit(quoted)
	m.plain = m.plain && simple
	if m.seen&bit != 0 || !m.plain {
		for _, other := range m.quoted {
			if sameFolded(other, quoted, m.plain) {
				collides = true
				break
			}
		}
	}
	m.seen |= bit
	m.quoted = append(m.quoted, quoted)
	return collides
}

func foldedBit(quoted []byte) uint64 {
	hash := uint32(2166136261)
	for _, c := range quoted {
		hash = (hash ^ uint32(c|0x20)) * 16777619
	}
	return 1 << (hash >> 26)
}

func sameFolded(a, b []byte, plain bool) bool {
	if !plain {
		return strings.EqualFold(unquote(a), unquote(b))
	}
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
