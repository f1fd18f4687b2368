package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Node is a value of a document, as it was sent. The zero Node is one that is missing.
type Node struct {
	Name  string // of a member
	Value jsontext.Value

	cut      bool // into its parts, when the document was read
	members  []Node
	elements []jsontext.Value
}

// Tree reads a document as the function of that name does, and cuts it into its parts in the same pass: the members of
// objects that stand in objects alone, and the elements of arrays that do. So a page of records is gone over once.
func Tree(body []byte) (Node, error) {
	text := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	root, end := cutNode(text, blank(text, 0), 1)
	if end >= 0 && blank(text, end) == len(text) {
		return root, nil
	}
	whole, err := Document(body) // it says what is wrong, or takes what is nested too deep for a scan
	return Node{Value: whole}, err
}

// Members are the members of an object, in its order. Any other value is an error that says what it is.
func (n Node) Members() ([]Node, error) {
	if n.cut && n.Value.Kind() == '{' {
		return n.members, nil
	}
	found, err := Members(n.Value)
	members := make([]Node, len(found))
	for i, m := range found {
		members[i] = Node{Name: m.Name, Value: m.Value}
	}
	return members, err
}

// Elements are the elements of an array, as they stand in it. Any other value is an error that says what it is.
func (n Node) Elements() ([]jsontext.Value, error) {
	if n.cut && n.Value.Kind() == '[' {
		return n.elements, nil
	}
	return Elements(n.Value)
}

// cutNode cuts the value at i, which stands at that depth, and answers where it ends.
func cutNode(b []byte, i, depth int) (n Node, end int) {
	switch {
	case i >= len(b):
		return n, cut
	case b[i] == '{' && depth < maxScan:
		n.cut = true
		n.members, end = cutObject(b, i, depth)
	case b[i] == '[':
		n.cut = true
		n.elements, end = cutArray(b, i)
	default:
		end = scan(b, i)
	}
	if end >= 0 {
		n.Value = b[i:end]
	}
	return n, end
}

func cutObject(b []byte, i, depth int) (members []Node, end int) {
	for i, more := opened(b, i); ; i, more = parted(b, i, '}') {
		if i < 0 || !more {
			return members, i
		}
		begin := i
		if i = scanName(b, i); i < 0 {
			return nil, i
		}
		m, end := cutNode(b, i, depth+1)
		if end < 0 {
			return nil, end
		}
		m.Name = Text(jsontext.Value(b[begin:scanText(b, begin)]))
		members, i = append(members, m), end
	}
}

func cutArray(b []byte, i int) (elements []jsontext.Value, end int) {
	for i, more := opened(b, i); ; i, more = parted(b, i, ']') {
		if i < 0 || !more {
			return elements, i
		}
		end := scan(b, i)
		if end < 0 {
			return nil, end
		}
		elements, i = append(elements, b[i:end]), end
	}
}

// opened goes past the bracket at i to the first part, or past the end of what has none.
func opened(b []byte, i int) (at int, more bool) {
	end := b[i] + 2
	switch i = blank(b, i+1); {
	case i >= len(b):
		return cut, false
	case b[i] == end:
		return i + 1, false
	}
	return i, true
}

// parted goes from behind a part to the next one, or past the end.
func parted(b []byte, i int, end byte) (at int, more bool) {
	if i+1 < len(b) && b[i] == ',' && b[i+1] > ' ' {
		return i + 1, true // as it is nearly always
	}
	switch i = blank(b, i); {
	case i >= len(b):
		return cut, false
	case b[i] == end:
		return i + 1, false
	case b[i] != ',':
		return broken, false
	}
	return blank(b, i+1), true
}
