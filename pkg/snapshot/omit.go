package snapshot

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// omission is a node of the tree that the pointers to omit make. A nil node omits nothing, here or below.
type omission struct {
	whole bool // what stands here is left out
	below map[string]*omission
}

// add puts a pointer into the tree.
func (o *omission) add(pointer string) error {
	if !strings.HasPrefix(pointer, "/") {
		return fmt.Errorf("omit %q: expected a JSON pointer to a member, such as /DriverLicense", pointer)
	}
	if strings.Count(pointer, "~") != strings.Count(pointer, "~0")+strings.Count(pointer, "~1") {
		return fmt.Errorf("omit %q: expected ~0 for ~ and ~1 for / within a name", pointer)
	}
	node := o
	for token := range strings.SplitSeq(pointer[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if node.below == nil {
			node.below = map[string]*omission{}
		}
		if node.below[name] == nil {
			node.below[name] = &omission{}
		}
		node = node.below[name]
	}
	node.whole = true
	return nil
}

// member is what to omit of an object's member. A simple name is its own spelling.
func (o *omission) member(quoted []byte, simple bool) *omission {
	if o == nil || o.below == nil {
		return nil
	}
	if simple {
		return o.below[string(quoted[1:len(quoted)-1])]
	}
	return o.below[string(unquote(quoted))]
}

// element is what to omit of an array's element.
func (o *omission) element(index int) *omission {
	if o == nil || o.below == nil {
		return nil
	}
	var digits [20]byte
	return o.below[string(strconv.AppendInt(digits[:0], int64(index), 10))]
}

// unquote reads a JSON string; half a surrogate pair and bytes that are not UTF-8 read as U+FFFD.
func unquote(quoted []byte) []byte {
	text, _ := jsontext.AppendUnquote(nil, quoted) // what could be read is answered beside the error
	return text
}
