package snapshot

import "bytes"

// Bounds of a shape: records whose names differ all the time do not make it grow, and cost no long search.
const (
	maxNodes    = 4096
	maxBranches = 8
	maxNodeName = 256 // bytes
)

// shape is what objects looked like so far: a tree of the names that followed one another in them without a collision.
// Records of one table have the same few shapes, so that most names are known by one comparison, and known not to collide.
type shape struct {
	first *node
	nodes int
}

// node is a name, after those on the way to it.
type node struct {
	parent   *node
	quoted   []byte // as it is spelt
	name     []byte // as names are compared
	simple   bool
	branches []*node // the one that came last is the first
}

// root is the shape of an object without members.
func (s *shape) root() *node {
	if s.first == nil {
		s.first = &node{}
	}
	return s.first
}

// after is the name that a text begins with, if it followed before.
func (n *node) after(text []byte) *node {
	if n == nil {
		return nil
	}
	for i, branch := range n.branches {
		if bytes.HasPrefix(text, branch.quoted) {
			if i > 0 {
				n.branches[0], n.branches[i] = branch, n.branches[0]
			}
			return branch
		}
	}
	return nil
}

// add makes a name follow, and answers nil where there is no room for it.
func (s *shape) add(n *node, quoted, name []byte, simple bool) *node {
	if n == nil || s.nodes >= maxNodes || len(n.branches) >= maxBranches || len(quoted) > maxNodeName {
		return nil
	}
	s.nodes++
	branch := &node{parent: n, quoted: bytes.Clone(quoted), name: bytes.Clone(name), simple: simple}
	n.branches = append(n.branches, branch)
	return branch
}
