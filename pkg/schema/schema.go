// Package schema infers the schema of a dataset from its lines: which members they have, in how many records, with values
// of which kinds. It holds names, kinds and counts, and no value. It knows no vendor and no type of any reader: package
// table chooses types by it.
package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"yardstick/pkg/snapshot"

	"github.com/go-json-experiment/json/jsontext"
)

// Schema is what was seen of a dataset's lines. The zero Schema has seen nothing yet and can be used. It is not to be
// copied, and not safe for concurrent use: observe with one for each goroutine, and Merge them.
//
// An object whose members, theirs included, are more than 500 at all is taken for a dictionary, whose names are data: of
// it only its kind is known from then on. For the records themselves the limit is 5,000.
type Schema struct {
	unreadable Unreadable
	root       *node // nil: nothing was seen yet

	steps   []step          // of what was followed and not kept
	ends    []int           // of each such value's steps
	kept    int             // how many of them were kept
	head    headed          // that was followed last
	values  []snapshot.Span // of the record that was followed last
	order   []*node         // its members, and what is left of a longer one's
	width   int             // how many it has
	shape   int             // counts how often order or width changed
	record  int64           // number of the line that is being observed; for counting a path once in it
	object  int64           // number of the object; for finding names that it has twice
	faults  fault           // of the line
	line    []byte
	tape    []token
	at      int // the tape before it was walked
	text    bytes.Buffer
	decoder *jsontext.Decoder
	name    []byte   // scratch: a name without its escapes
	names   []hashed // of the open objects whose members are not known
}

// Unreadable counts the records that some readers cannot take, by fault. A record with several counts in each.
type Unreadable struct {
	Records        int64 `json:"records"`         // that have any of them
	RepeatedNames  int64 `json:"repeated_names"`  // an object has a name twice: one of the values is lost, or the record refused
	NamesByCase    int64 `json:"names_by_case"`   // two names of an object differ only in case
	LoneSurrogates int64 `json:"lone_surrogates"` // a text with half a character, such as \ud800 alone
	InvalidUTF8    int64 `json:"invalid_utf8"`    // a text with bytes that are no UTF-8
}

// Any says whether there is a record that some readers cannot take.
func (u Unreadable) Any() bool { return u != Unreadable{} }

// fault is a set of faults of one record.
type fault uint8

const (
	repeated fault = 1 << iota
	byCase
	surrogate
	invalid
)

// token is a piece of the line: a bracket or a whole scalar.
type token struct {
	kind       jsontext.Kind
	start, end int
}

// Observe counts a line, with or without a line's end. It is an error that quotes nothing of the line where that is not one
// JSON value; nothing is counted then. Once all members are known it allocates nothing, and a line without white space between
// its tokens costs a fraction of what others do.
func (s *Schema) Observe(line []byte) error {
	s.Leave()
	bare := bytes.TrimSuffix(line, []byte{'\n'})
	if length := s.Follow(nil, bare).Length; length > 0 && length == len(bare) {
		s.Keep()
		return nil
	}
	return s.parse(line)
}

// parse observes a line of any shape.
func (s *Schema) parse(line []byte) error {
	s.forget()
	if err := s.tokenize(line); err != nil {
		return fmt.Errorf("a line is not one JSON value: %w", err)
	}
	if s.root == nil {
		s.root = &node{limit: rootLimit}
	}
	s.root.live = true
	s.line, s.at, s.faults = line, 0, 0
	s.record++
	s.value(s.root)
	s.line = nil
	s.unreadable.count(s.faults)
	return nil
}

func (u *Unreadable) count(f fault) {
	for _, c := range [...]struct {
		is fault
		of *int64
	}{{^fault(0), &u.Records}, {repeated, &u.RepeatedNames}, {byCase, &u.NamesByCase}, {surrogate, &u.LoneSurrogates}, {invalid, &u.InvalidUTF8}} {
		if f&c.is != 0 {
			*c.of++
		}
	}
}

// tokenize cuts a line into tokens. It comes before anything is counted, so that a broken line counts for nothing.
func (s *Schema) tokenize(line []byte) error {
	s.text = *bytes.NewBuffer(line)
	if s.decoder == nil {
		s.decoder = jsontext.NewDecoder(&s.text)
	}
	d := s.decoder
	d.Reset(&s.text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	s.tape = s.tape[:0]
	for depth := 0; ; {
		kind := d.PeekKind()
		switch kind {
		case '{', '[', '}', ']':
			if _, err := d.ReadToken(); err != nil {
				return masked(err)
			}
			end := int(d.InputOffset())
			s.tape = append(s.tape, token{kind, end - 1, end})
			if depth++; kind == '}' || kind == ']' {
				depth -= 2
			}
		default:
			value, err := d.ReadValue()
			if err != nil {
				return masked(err)
			}
			end := int(d.InputOffset())
			s.tape = append(s.tape, token{kind, end - len(value), end})
		}
		if depth == 0 {
			break
		}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

// masked tells where a line goes wrong, and not what stands there.
func masked(err error) error {
	if at, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("it goes wrong at byte %d", at.ByteOffset)
	}
	return errors.New("it breaks off")
}

// value counts the value that is next on the tape, at a node that is nil where nothing is to be known of it.
func (s *Schema) value(n *node) {
	t := s.tape[s.at]
	s.at++
	raw := s.line[t.start:t.end]
	if n != nil && n.last != s.record {
		n.last = s.record
		n.records++
	}
	kind := kindNull
	switch t.kind {
	case '{':
		kind = kindObject
		s.members(n)
	case '[':
		kind = kindArray
		s.elements(n)
	case '"':
		kind = kindString
		s.judge(raw)
	case 't', 'f':
		kind = kindBoolean
	case '0':
		kind = kindOfNumber(raw)
	}
	if n != nil {
		n.kinds[kind]++
	}
}

func (s *Schema) elements(n *node) {
	element := n.elementFor(s.tape[s.at].kind == ']')
	for s.tape[s.at].kind != ']' {
		s.value(element)
	}
	s.at++
}

func (s *Schema) members(n *node) {
	if n == nil || n.open {
		s.unknown()
		return
	}
	s.object++
	object, begin, position, hint := s.object, s.at, 0, 0
	for ; s.tape[s.at].kind != '}'; position++ {
		t := s.tape[s.at]
		s.at++
		raw := s.line[t.start:t.end]
		var member *node
		if hint < len(n.members) && n.members[hint].live && bytes.Equal(n.members[hint].raw, raw) {
			member = n.members[hint]
			s.faults |= member.odd
		} else {
			s.judge(raw)
			if member, hint = n.find(s.unescaped(raw), raw); member == nil { // it turned out to be too wide: nothing of it is kept
				s.at = begin
				s.unknown()
				return
			}
		}
		hint++
		s.faults |= member.mark(object)
		member.position = max(member.position, position)
		s.value(member)
	}
	s.at++
}

// judge looks for what some readers cannot take in a string, which is quoted.
func (s *Schema) judge(quoted []byte) { s.faults |= faultsOf(quoted) }

// unescaped is a name as it reads. What is no UTF-8 reads U+FFFD. It is good until the next call.
func (s *Schema) unescaped(quoted []byte) []byte {
	if name := quoted[1 : len(quoted)-1]; faultless(name) {
		return name
	}
	s.name, _ = jsontext.AppendUnquote(s.name[:0], quoted) // its error is invalid UTF-8, which was counted
	return s.name
}
