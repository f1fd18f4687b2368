package schema

// Parse observes a line without following what is known.
func (s *Schema) Parse(line []byte) error { return s.parse(line) }

// Nodes is how many paths are kept, whether they count or not.
func (s *Schema) Nodes() int {
	if s.root == nil {
		return 0
	}
	return s.root.nodes()
}

func (n *node) nodes() int {
	all := 1
	for _, m := range n.members {
		all += m.nodes()
	}
	if n.element != nil {
		all += n.element.nodes()
	}
	return all
}

// PastNumber is the kind of a number that a line begins with, how long that is, and whether it was found.
func PastNumber(line []byte) (Kind, int, bool) {
	k, end := pastNumber(line, 0)
	return kindNames[k], end, end >= 0
}

// KindOfNumber is what a line that is parsed takes a number for.
func KindOfNumber(spelling []byte) Kind { return kindNames[kindOfNumber(spelling)] }

// KindOfDecimal is what a line that is followed takes it for.
func KindOfDecimal(digits uint64, places int) (Kind, bool) {
	k, sure := kindOfDecimal(digits, places)
	return kindNames[k], sure
}

// Follows observes a line if it can be followed to its end.
func (s *Schema) Follows(line []byte) bool {
	length := s.Follow(nil, line).Length
	if length == 0 || length < len(line) {
		return false
	}
	s.Keep()
	return true
}
