package schema

import "bytes"

const (
	rootLimit   = 5000
	memberLimit = 500
)

// node is what was seen at one path.
type node struct {
	parent  *node
	records int64 // that have the path
	last    int64 // the last of them
	kinds   [kinds]int64
	live    bool // it was seen since the last Reset; one that was not counts for nothing, and is kept for its shape

	members []*node // of its objects, in the order in which they were first seen
	index   map[string]int
	folds   map[string]*folded
	first   *node // that the last object began with, as far as is known
	element *node // of its arrays; nil: none had one
	size    int   // live nodes below
	limit   int   // of size
	open    bool  // there were more; nothing below is known

	// Of a member:
	name     string
	raw      []byte // quoted, as it was first spelt; nil where it was read from a document
	odd      fault  // of that spelling
	key      []byte // raw and a colon; nil where follow is to leave the member to walk
	next     *node  // that came after it in the last object, as far as is known
	position int    // the last within an object
	seen     int64  // the last object that had it
	fold     *folded
}

// folded is a name regardless of case.
type folded struct {
	object int64 // the last that had it
	member *node // the first of those that are so named
	shared bool  // there are several
}

// spell notes how a member is spelt.
func (n *node) spell(raw []byte) {
	n.raw, n.odd = bytes.Clone(raw), faultsOf(raw)
	if n.odd == 0 && !n.fold.shared {
		n.key = append(bytes.Clone(raw), ':')
	}
}

// mark notes that an object has the member.
func (n *node) mark(object int64) (f fault) {
	switch {
	case n.seen == object:
		return repeated
	case n.fold.object == object:
		f = byCase
	}
	n.seen, n.fold.object = object, object
	return f
}

// find is the member of a name, which is made where it is new, and its index. It is nil where nothing is to be known.
func (n *node) find(name, raw []byte) (*node, int) {
	i, known := n.index[string(name)]
	if !known || !n.members[i].live {
		if n.cut() {
			return nil, 0
		}
		if !known {
			i = len(n.members)
			n.member(string(name))
		}
	}
	m := n.members[i]
	if m.raw == nil {
		m.spell(raw)
	}
	if !m.live {
		m.live = true
		if !n.grow() {
			return nil, 0
		}
	}
	return m, i
}

// member makes a new member, and leaves liveness and size to the caller.
func (n *node) member(name string) *node {
	m := &node{parent: n, limit: memberLimit, name: name}
	if n.index == nil {
		n.index, n.folds = map[string]int{}, map[string]*folded{}
	}
	same := string(fold([]byte(name)))
	if f := n.folds[same]; f == nil {
		n.folds[same] = &folded{member: m}
	} else {
		f.shared, f.member.key = true, nil
	}
	m.fold = n.folds[same]
	n.index[name] = len(n.members)
	n.members = append(n.members, m)
	return m
}

// elementFor is what the elements of an array are counted at; none where the array is empty, or nothing is to be known.
func (n *node) elementFor(empty bool) *node {
	if n == nil || empty || n.cut() {
		return nil
	}
	if n.element == nil {
		n.element = &node{parent: n, limit: memberLimit}
	}
	if !n.element.live {
		n.element.live = true
		if !n.grow() {
			return nil
		}
	}
	return n.element
}

// grow counts one live node more below n. It is false where that was too many, for n or what n is below of.
func (n *node) grow() bool {
	within := true
	for ; n != nil; n = n.parent {
		if n.size++; n.size > n.limit {
			n.close()
			within = false
		}
	}
	return within
}

// cut says whether nothing more is to be known below n: n is open, or was cut off by what was seen before in its line.
func (n *node) cut() bool {
	for ; n != nil; n = n.parent {
		if n.open {
			return true
		}
	}
	return false
}

// close forgets what is below.
func (n *node) close() {
	n.open, n.size = true, n.limit+1
	n.members, n.index, n.folds, n.first, n.element = nil, nil, nil, nil, nil
}

// reset forgets what was counted, and tells how many nodes are kept.
func (n *node) reset() (kept int) {
	n.records, n.kinds, n.live, n.open, n.size, n.position = 0, [kinds]int64{}, false, false, 0, 0
	for _, m := range n.members {
		kept += m.reset()
	}
	if n.element != nil {
		kept += n.element.reset()
	}
	return kept + 1
}

// merge adds what was seen at the same path of other lines.
func (n *node) merge(o *node) {
	n.live = true
	n.records += o.records
	for k, count := range o.kinds {
		n.kinds[k] += count
	}
	if n.open || o.open {
		n.close()
		return
	}
	for _, theirs := range o.members {
		if theirs.live {
			m := n.like(theirs)
			m.position = max(m.position, theirs.position)
			m.merge(theirs)
		}
	}
	if o.element != nil && o.element.live {
		if n.element == nil {
			n.element = &node{parent: n, limit: memberLimit}
		}
		n.element.merge(o.element)
	}
	n.measure()
}

// like is the member that has the name of another object's.
func (n *node) like(theirs *node) *node {
	if i, known := n.index[theirs.name]; known {
		return n.members[i]
	}
	m := n.member(theirs.name)
	if theirs.raw != nil {
		m.spell(theirs.raw)
	}
	return m
}

// measure counts the live nodes below n anew, and closes it where they are too many.
func (n *node) measure() {
	n.size = 0
	for _, m := range n.members {
		if m.live {
			n.size += 1 + m.size
		}
	}
	if n.element != nil && n.element.live {
		n.size += 1 + n.element.size
	}
	if n.size > n.limit {
		n.close()
	}
}

// Merge adds what another Schema has seen. The order of merging does not matter. The other one is left as it is.
func (s *Schema) Merge(other *Schema) {
	s.unreadable.Records += other.unreadable.Records
	s.unreadable.RepeatedNames += other.unreadable.RepeatedNames
	s.unreadable.NamesByCase += other.unreadable.NamesByCase
	s.unreadable.LoneSurrogates += other.unreadable.LoneSurrogates
	s.unreadable.InvalidUTF8 += other.unreadable.InvalidUTF8
	if other.root == nil || !other.root.live {
		return
	}
	s.forget()
	if s.root == nil {
		s.root = &node{limit: rootLimit}
	}
	s.root.merge(other.root)
}

// Reset forgets all that was counted, and keeps what it has learnt of the lines' shape: so a Schema that is used again
// for like lines allocates nothing. It then tells only of lines that come after, as the zero Schema would.
func (s *Schema) Reset() {
	s.unreadable = Unreadable{}
	s.forget()
	if s.root != nil && s.root.reset() > rootLimit { // shapes that change all the time are not worth their memory
		s.root = nil
	}
}
