package schema

import "bytes"

// step is a value that was followed.
type step struct {
	node *node
	kind kind
}

// mostMissing is how many members in a row may be missing from an object before its next is looked up by name.
const mostMissing = 8

// Follow observes a line, without its end, that holds nothing but what was seen before, and nothing odd: it is one JSON value
// without white space between its tokens, in UTF-8, and no object has a name twice, or two that differ only in case. Where
// it is false nothing was counted, and the line is for Observe. It reads the bytes along what is known, which takes a
// fraction of the time that reading them without does.
func (s *Schema) Follow(line []byte) bool {
	if s.root == nil {
		return false
	}
	s.steps = s.steps[:0]
	at := s.followValue(s.root, line, 0)
	if at != len(line) {
		return false
	}
	s.record++
	for _, done := range s.steps {
		n := done.node
		n.kinds[done.kind]++
		if n.last != s.record {
			n.last = s.record
			n.records++
		}
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
		k, at = kindString, pastText(line, at+1)
	case '{':
		k, at = kindObject, s.followMembers(n, line, at+1)
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

func (s *Schema) followMembers(n *node, line []byte, at int) int {
	if at < len(line) && line[at] == '}' {
		return at + 1
	}
	s.object++
	object, link := s.object, &n.first
	for position := 0; ; position++ {
		m := *link
		if m == nil || !m.isAt(line, at) {
			if m = n.search(link, line, at); m == nil {
				return -1
			}
		}
		if m.seen == object || position > m.position {
			return -1
		}
		m.seen = object
		at = s.followValue(m, line, at+len(m.key))
		if at < 0 || at >= len(line) {
			return -1
		}
		at++
		if c := line[at-1]; c != ',' {
			return endsWith(c, '}', at)
		}
		link = &m.next
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
