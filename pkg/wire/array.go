package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// arrayBuffer is how much of an array is read at a time; it grows for an element that is larger.
const arrayBuffer = 64 << 10

// Array reads a bare array as it arrives, element by element, and never holds it whole. Objects are cut out and taken
// apart in one pass; anything else is left to the tokenizer from there on, so that its word counts. It is not safe for
// concurrent use. Make it with NewArray.
type Array struct {
	from   io.Reader
	buffer []byte
	at     int   // how far buffer was given out
	gone   int64 // bytes that came before buffer
	fault  error // of from, io.EOF among them
	count  int   // of the elements that were given out
	cutter Cutter

	d     *jsontext.Decoder // what is left, once a scan took it no further
	begin int64             // how far into the array d began
}

// NewArray begins to read.
func NewArray(from io.Reader) *Array { return &Array{from: from, buffer: make([]byte, 0, arrayBuffer)} }

// Opens goes past the bracket that opens the array. It is false where the answer does not begin with one: then nothing was
// read of the Decoder, with which to see what it is.
func (a *Array) Opens() (*jsontext.Decoder, bool) {
	const mark = "\uFEFF" // of the order of bytes: some servers begin with it
	for more := true; more && len(a.buffer) < len(mark) && strings.HasPrefix(mark, string(a.buffer)); {
		more = a.more()
	}
	a.buffer = bytes.TrimPrefix(a.buffer, []byte(mark)) // no place in the array counts it
	for {
		a.at = blank(a.buffer, a.at)
		if a.at < len(a.buffer) || !a.more() {
			break
		}
	}
	if a.at == len(a.buffer) || a.buffer[a.at] != '[' {
		a.at = 0
		return a.left(""), false
	}
	a.at++
	return nil, true
}

// Next is the next element, and its members where it is an object; both are good until the next call. io.EOF is the end
// of the array, behind which nothing came. Broken syntax, and something that follows, are malformed.
func (a *Array) Next() (element jsontext.Value, members []Member, err error) {
	for a.d == nil {
		begin, end := a.object()
		switch {
		case end >= 0:
			a.at = end
			a.count++
			return a.buffer[begin:end], a.cutter.found, nil
		case end == broken || !a.more():
			a.decode()
		}
	}
	return a.decoded()
}

// Ahead is what is at hand of the array from its next element on: all of it, a part or nothing.
func (a *Array) Ahead() []byte {
	next := a.next()
	if a.d != nil || next < 0 {
		return nil
	}
	return a.buffer[next:]
}

// Skip goes past the next element, where Ahead had all of it: an object of that many bytes.
func (a *Array) Skip(length int) {
	a.at = a.next() + length
	a.count++
}

// next is where the next element begins in the buffer.
func (a *Array) next() int {
	i := blank(a.buffer, a.at)
	if a.count > 0 {
		if i < len(a.buffer) && a.buffer[i] != ',' {
			return broken // or the end
		}
		i = blank(a.buffer, i+1)
	}
	if i >= len(a.buffer) {
		return cut
	}
	return i
}

// object finds the next object in the buffer.
func (a *Array) object() (begin, end int) {
	switch i := a.next(); {
	case i < 0:
		return 0, i
	case a.buffer[i] != '{':
		return 0, broken
	default:
		return i, a.cutter.cut(a.buffer, i)
	}
}

// more reads on until there is twice as much of the next element as there was, so that one of any length is gone over a
// few times only; what was given out is gone then. It is false at the end, or where reading fails.
func (a *Array) more() bool {
	rest := a.buffer[a.at:]
	want := 2*len(rest) + 1
	if a.fault != nil {
		return false
	}
	a.gone += int64(a.at)
	a.at = 0
	if want > cap(a.buffer) {
		a.buffer = append(make([]byte, 0, 2*want), rest...)
	} else {
		a.buffer = a.buffer[:copy(a.buffer[:cap(a.buffer)], rest)]
	}
	before := len(a.buffer)
	for len(a.buffer) < want && a.fault == nil {
		var n int
		n, a.fault = a.from.Read(a.buffer[len(a.buffer):cap(a.buffer)])
		a.buffer = a.buffer[:len(a.buffer)+n]
	}
	return len(a.buffer) > before
}

// left is a Decoder of what was not given out yet, behind a text that was.
func (a *Array) left(before string) *jsontext.Decoder {
	rest := []io.Reader{bytes.NewReader([]byte(before)), bytes.NewReader(a.buffer[a.at:])}
	if a.fault != nil {
		rest = append(rest, failed{a.fault})
	} else {
		rest = append(rest, a.from)
	}
	return Decoder(io.MultiReader(rest...))
}

// failed is a reader that is at its end, or fails.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// decode leaves the rest to the tokenizer, as if the array began there: with the element that was given out last, if any.
func (a *Array) decode() {
	before := "["
	if a.count > 0 {
		before = "[{}" // an object came, and what follows cannot be taken for a part of it
	}
	a.d, a.begin = a.left(before), a.gone+int64(a.at-len(before))
	_, _ = a.d.ReadToken() // the bracket
	if a.count > 0 {
		_, _ = a.d.ReadValue()
	}
}

// decoded is Next by the tokenizer.
func (a *Array) decoded() (element jsontext.Value, members []Member, err error) {
	if a.d.PeekKind() != ']' {
		element, err := a.d.ReadValue()
		if err != nil {
			return nil, nil, brokenAt(err, a.begin)
		}
		a.count++
		if element.Kind() == '{' {
			members, err = a.cutter.Members(element)
		}
		return element, members, err
	}
	if _, err := a.d.ReadToken(); err != nil {
		return nil, nil, brokenAt(err, a.begin)
	}
	if _, err := a.d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, nil, Malformed("something follows the array of rows")
	}
	return nil, nil, io.EOF
}
