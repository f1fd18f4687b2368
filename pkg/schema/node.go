package schema

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

	members []*node // of its objects, in the order in which they were first seen
	index   map[string]int
	folds   map[string]*int64
	element *node // of its arrays; nil: none had one
	size    int   // nodes below
	limit   int   // of size
	open    bool  // there were more; nothing below is known

	// Of a member:
	name     string
	raw      []byte // quoted, as it was first spelt
	odd      fault  // of that spelling
	position int    // the last within an object
	seen     int64  // the last object that had it
	fold     *int64 // the last object that had it in any case
}

// mark notes that an object has the member.
func (n *node) mark(object int64) (f fault) {
	switch {
	case n.seen == object:
		return repeated
	case *n.fold == object:
		f = byCase
	}
	n.seen, *n.fold = object, object
	return f
}

// find is the member of a name, which is made where it is new, and its index. It is nil where nothing is to be known.
func (n *node) find(name, raw []byte) (*node, int) {
	if i, ok := n.index[string(name)]; ok {
		if known := n.members[i]; known.raw == nil { // it was read from a document
			known.raw, known.odd = append([]byte{}, raw...), faultsOf(raw)
		}
		return n.members[i], i
	}
	if n.cut() {
		return nil, 0
	}
	m := n.member(string(name))
	m.raw = append([]byte{}, raw...)
	m.odd = faultsOf(raw)
	if !n.grow() {
		return nil, 0
	}
	return m, len(n.members) - 1
}

// member makes a new member, and leaves size to the caller.
func (n *node) member(name string) *node {
	m := &node{parent: n, limit: memberLimit, name: name}
	if n.index == nil {
		n.index, n.folds = map[string]int{}, map[string]*int64{}
	}
	folded := string(fold([]byte(name)))
	if n.folds[folded] == nil {
		n.folds[folded] = new(int64)
	}
	m.fold = n.folds[folded]
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
		if !n.grow() {
			return nil
		}
	}
	return n.element
}

// grow counts one node more below n. It is false where that was too many, for n or what n is below of.
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
	n.members, n.index, n.folds, n.element = nil, nil, nil, nil
}

// merge adds what was seen at the same path of other lines.
func (n *node) merge(o *node) {
	n.records += o.records
	for k, count := range o.kinds {
		n.kinds[k] += count
	}
	if n.open || o.open {
		n.close()
		return
	}
	n.size = 0
	for _, theirs := range o.members {
		i, known := n.index[theirs.name]
		if !known {
			i = len(n.members)
			m := n.member(theirs.name)
			m.raw, m.odd = theirs.raw, theirs.odd
		}
		n.members[i].position = max(n.members[i].position, theirs.position)
		n.members[i].merge(theirs)
	}
	for _, m := range n.members {
		n.size += 1 + m.size
	}
	if o.element != nil {
		if n.element == nil {
			n.element = &node{parent: n, limit: memberLimit}
		}
		n.element.merge(o.element)
	}
	if n.element != nil {
		n.size += 1 + n.element.size
	}
	if n.size > n.limit {
		n.close()
	}
}

// Merge adds what another Schema has seen. The order of merging does not matter. The other one is left as it is.
func (s *Schema) Merge(other *Schema) {
	s.unreadable.RepeatedNames += other.unreadable.RepeatedNames
	s.unreadable.NamesByCase += other.unreadable.NamesByCase
	s.unreadable.LoneSurrogates += other.unreadable.LoneSurrogates
	s.unreadable.InvalidUTF8 += other.unreadable.InvalidUTF8
	if other.root == nil {
		return
	}
	if s.root == nil {
		s.root = &node{limit: rootLimit}
	}
	s.root.merge(other.root)
}
