package schema

import (
	"bytes"

	"yardstick/pkg/snapshot"
)

// step is a value that was followed.
type step struct {
	node *node
	kind kind
}

// mostMissing is how many members in a row may be missing from an object before its next is looked up by name.
const mostMissing = 8

// Follow reads the value that text begins with along what is known, and answers how long it is. It holds nothing but what
// was seen before, and nothing odd: there is no white space between its tokens, it is UTF-8, and no object has a name
// twice, or two that differ only in case. Otherwise nothing is found. A head, such as {"a":1, that ends with a comma, is
// read as if its members stood first in the object. A number that text ends with may go on; what follows the value is not
// looked at. To read along what is known takes a fraction of the time that reading without does. Nothing is counted before
// Keep, and several values may be followed before they are kept, in turn.
func (s *Schema) Follow(head, text []byte) snapshot.Found {
	s.values = s.values[:0]
	begin, length := len(s.steps), -1
	switch {
	case s.root == nil:
	case len(head) == 0 && (len(text) == 0 || text[0] != '{'):
		length = s.followValue(s.root, text, 0)
	default:
		length = s.followRecord(head, text)
	}
	if length <= 0 {
		s.steps = s.steps[:begin]
		return snapshot.Found{}
	}
	s.ends = append(s.ends, len(s.steps))
	return snapshot.Found{Length: length, Shape: 1 + s.shape, Values: s.values}
}

// Keep counts the oldest value that was followed and not kept; where there is none it does nothing.
func (s *Schema) Keep() {
	if s.kept == len(s.ends) {
		return
	}
	begin := 0
	if s.kept > 0 {
		begin = s.ends[s.kept-1]
	}
	s.record++
	for _, done := range s.steps[begin:s.ends[s.kept]] {
		n := done.node
		n.kinds[done.kind]++
		if n.last != s.record {
			n.last = s.record
			n.records++
		}
	}
	if s.kept++; s.kept == len(s.ends) {
		s.Leave()
	}
}

// Leave forgets what was followed and not kept. Observe and Reset do, too.
func (s *Schema) Leave() { s.steps, s.ends, s.kept = s.steps[:0], s.ends[:0], 0 }

// forget drops what was found out by following: what is known is about to change.
func (s *Schema) forget() {
	s.Leave()
	s.head.text = s.head.text[:0]
}

// followRecord reads an object as a whole record, and tells where it ends in text.
func (s *Schema) followRecord(head, text []byte) int {
	if !s.root.live || len(text) == 0 || text[0] != '{' {
		return -1
	}
	s.steps = append(s.steps, step{s.root, kindObject})
	into := s.open(s.root)
	if len(head) > 1 {
		if !s.followHead(&into, head) {
			return -1
		}
		s.values = s.values[:0]
	}
	at := 2
	if len(text) == 1 || text[1] != '}' || into.more {
		at = s.followMembers(&into, text, 1)
	}
	if at < 0 || into.more {
		return -1
	}
	if s.width != into.position {
		s.width, s.shape = into.position, s.shape+1
	}
	return at
}

// headed is a head that was followed.
type headed struct {
	text  []byte // empty: none was since what is known has changed
	steps []step
	link  **node
}

// followHead reads the members that a head has. It is the same for one record after another, and then taken as it was.
func (s *Schema) followHead(into *reading, head []byte) bool {
	if string(head) == string(s.head.text) {
		for position, done := range s.head.steps {
			done.node.seen = into.object
			s.place(done.node, position)
		}
		s.steps = append(s.steps, s.head.steps...)
		into.link, into.position, into.more = s.head.link, len(s.head.steps), true
		return true
	}
	begin := len(s.steps)
	if head[0] != '{' || s.followMembers(into, head, 1) != len(head) || !into.more {
		return false
	}
	if into.position == len(s.steps)-begin { // no member has members
		s.head.text, s.head.steps = append(s.head.text[:0], head...), append(s.head.steps[:0], s.steps[begin:]...)
		s.head.link = into.link
	}
	return true
}

// followValue reads the value that begins at a byte, and tells where it ends; less than 0 where it is for parse, as all of these do.
func (s *Schema) followValue(n *node, line []byte, at int) int {
	if !n.live || at >= len(line) {
		return -1
	}
	k := kindNull
	switch c := line[at]; c {
	case '"':
		k = kindString
		if end := pastPlain(line, at+1); end < len(line) && line[end] == '"' {
			at = end + 1
		} else {
			at = pastText(line, at+1)
		}
	case '{':
		k, at = kindObject, s.followObject(n, line, at+1)
	case '[':
		k, at = kindArray, s.followElements(n, line, at+1)
	case 'n':
		at = pastLiteral(line, at, "null")
	case 't':
		k, at = kindBoolean, pastLiteral(line, at, "true")
	case 'f':
		k, at = kindBoolean, pastLiteral(line, at, "false")
	default:
		k, at = pastNumber(line, at)
	}
	s.steps = append(s.steps, step{n, k})
	return at
}

func (s *Schema) followElements(n *node, line []byte, at int) int {
	if at < len(line) && line[at] == ']' {
		return at + 1
	}
	if n.element == nil {
		return -1
	}
	for {
		at = s.followValue(n.element, line, at)
		if at < 0 || at >= len(line) {
			return -1
		}
		at++
		if c := line[at-1]; c != ',' {
			return endsWith(c, ']', at)
		}
	}
}

// reading is an object that is being read.
type reading struct {
	node     *node
	object   int64
	link     **node // to the member that is expected next
	position int
	more     bool // the last thing was a comma
}

func (s *Schema) open(n *node) reading {
	s.object++
	return reading{node: n, object: s.object, link: &n.first}
}

func (s *Schema) followObject(n *node, line []byte, at int) int {
	if at < len(line) && line[at] == '}' {
		return at + 1
	}
	into := s.open(n)
	at = s.followMembers(&into, line, at)
	if into.more {
		return -1
	}
	return at
}

// followMembers reads members to the end of the object, or to a comma that the line ends with.
func (s *Schema) followMembers(into *reading, line []byte, at int) int {
	object, link, root := into.object, into.link, into.node == s.root
	for ; ; into.position++ {
		m := *link
		if m == nil || !m.isAt(line, at) {
			if m = into.node.search(link, line, at); m == nil {
				return -1
			}
		}
		if m.seen == object || into.position > m.position {
			return -1
		}
		m.seen = object
		begin := at + len(m.key)
		at = s.followValue(m, line, begin)
		if at < 0 || at >= len(line) {
			return -1
		}
		if root {
			s.values = append(s.values, snapshot.Span{Begin: begin, End: at})
			s.place(m, into.position)
		}
		at++
		if c := line[at-1]; c != ',' {
			into.more = false
			into.position++
			return endsWith(c, '}', at)
		}
		link = &m.next
		if at == len(line) {
			into.link, into.more = link, true
			into.position++
			return at
		}
	}
}

// place notes which member stands at a position of the record.
func (s *Schema) place(m *node, position int) {
	if position == len(s.order) {
		s.order = append(s.order, nil)
	}
	if s.order[position] != m {
		s.order[position] = m
		s.shape++
	}
}

// endsWith is at where a byte is the bracket that it has to be.
func endsWith(c, bracket byte, at int) int {
	if c == bracket {
		return at
	}
	return -1
}

// isAt says whether the member begins at a byte of the line.
func (n *node) isAt(line []byte, at int) bool {
	return n.key != nil && len(line)-at >= len(n.key) && string(line[at:at+len(n.key)]) == string(n.key)
}

// search finds the member that begins at a byte, and is not the one that was expected there: some that the objects before
// had may be missing, or it comes in another order, which is then expected from here on.
func (n *node) search(link **node, line []byte, at int) *node {
	for m, missing := *link, 0; m != nil && missing < mostMissing; missing++ {
		if m = m.next; m != nil && m.isAt(line, at) {
			return m
		}
	}
	if at >= len(line) {
		return nil
	}
	length := bytes.IndexByte(line[at+1:], '"')
	if length < 0 {
		return nil
	}
	i, known := n.index[string(line[at+1:at+1+length])]
	if !known || !n.members[i].isAt(line, at) {
		return nil
	}
	*link = n.members[i]
	return n.members[i]
}
