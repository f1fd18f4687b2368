package snapshot

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

const (
	maxCollisions = 20  // names that an Encoder remembers
	fewMembers    = 512 // of an object, among which a name is looked for one by one
)

// members are the names of one object so far: Encoder.names from base on.
type members struct {
	shape  *node // of the names so far; nil: they collided, or no shape is known
	noted  bool  // the names are in Encoder.names; otherwise the shape has them
	base   int
	filter [16]uint64      // has a bit for each name: most of them need no closer look
	folded map[string]bool // where there are many: the first ones, by known
	known  int
}

// note takes down a member's name, and that it collides where the object has it already, repeated or in another case. next
// is what the shape becomes by the name, where that is known already: then it does not collide.
func (e *Encoder) note(m *members, quoted []byte, simple bool, next *node) {
	if next != nil && !m.noted {
		m.shape = next
		return
	}
	if !m.noted {
		m.noted = true
		e.recall(m, m.shape)
	}
	name := quoted[1 : len(quoted)-1]
	if !simple {
		name = fold(unquote(quoted))
	}
	suspect := m.mark(name)
	e.names = append(e.names, name)
	switch {
	case suspect && m.has(e.names[m.base:]):
		m.shape = nil
		e.collide(quoted)
	case next == nil:
		m.shape = e.shape.add(m.shape, quoted, name, simple)
	default:
		m.shape = next
	}
}

// recall takes down the names that a shape stands for.
func (e *Encoder) recall(m *members, n *node) {
	if n.parent != nil {
		e.recall(m, n.parent)
		m.mark(n.name)
		e.names = append(e.names, n.name)
	}
}

// forget drops the names of an object that ends.
func (e *Encoder) forget(base int) {
	clear(e.names[base:]) // they are parts of the record
	e.names = e.names[:base]
}

func (e *Encoder) collide(quoted []byte) {
	e.remember([]string{strings.ToLower(string(unquote(quoted)))})
}

// remember adds to the names that collide.
func (e *Encoder) remember(names []string) {
	if e.collisions == nil {
		e.collisions = map[string]bool{}
	}
	for _, name := range names {
		if len(e.collisions) < maxCollisions {
			e.collisions[name] = true
		}
	}
}

// mark sets the name's bit in the filter and says whether it was set before.
func (m *members) mark(name []byte) bool {
	hash := uint32(2166136261)
	for _, c := range name {
		hash = (hash ^ uint32(c|0x20)) * 16777619
	}
	word, bit := &m.filter[hash>>28], uint64(1)<<(hash>>22&63)
	set := *word&bit != 0
	*word |= bit
	return set
}

// has says whether the last name is among those before it.
func (m *members) has(names [][]byte) bool {
	before, name := names[:len(names)-1], names[len(names)-1]
	if len(before) <= fewMembers {
		return slices.ContainsFunc(before, func(other []byte) bool { return bytes.EqualFold(other, name) })
	}
	if m.folded == nil {
		m.folded = map[string]bool{}
	}
	for ; m.known < len(before); m.known++ {
		m.folded[string(fold(before[m.known]))] = true
	}
	return m.folded[string(fold(name))]
}

// fold gives all spellings of a name that differ only in case the same one.
func fold(name []byte) []byte {
	return bytes.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}
