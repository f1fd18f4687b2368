package swagger

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// node is what is known of one place in an answer.
type node struct {
	kind    kind
	members map[string]*node // of an object, where they are told
	items   *node            // of an array, nil where not told
}

type kind int

const (
	unknown kind = iota
	object
	array
	integer
	other
)

const (
	maxDepth = 3 // of the envelope: /Data/Paging/Total; records are not looked into
	maxHops  = 6
)

// answer is the shape of an operation's answer.
type answer struct{ root *node }

// answerOf is the shape of the JSON that an operation answers when all is well.
func answerOf(o *openapi3.Operation) answer {
	for _, status := range []string{"200", "2XX", "2xx", "default"} {
		ref := o.Responses.Value(status)
		if ref == nil || ref.Value == nil {
			continue
		}
		content := ref.Value.Content
		names := slices.Sorted(maps.Keys(content))
		slices.SortStableFunc(names, func(a, b string) int { return jsonRank(a) - jsonRank(b) })
		for _, name := range names {
			if media := content[name]; media != nil && media.Schema != nil {
				return answer{read(media.Schema, maxDepth, maxHops)}
			}
		}
		break
	}
	return answer{&node{}}
}

func jsonRank(mediaType string) int {
	switch {
	case strings.HasPrefix(mediaType, "application/json"):
		return 0
	case strings.Contains(mediaType, "json"):
		return 1
	}
	return 2
}

// read takes over a schema: what allOf puts together, and the one choice that is not null. depth bounds how far down
// members are looked at, hops how often one schema stands for another on the way.
func read(ref *openapi3.SchemaRef, depth, hops int) *node {
	n := &node{}
	if ref == nil || ref.Value == nil || hops == 0 {
		return n
	}
	s := ref.Value
	for _, part := range slices.Concat(s.AllOf, soleChoice(s.OneOf), soleChoice(s.AnyOf)) {
		n.merge(read(part, depth, hops-1))
	}
	switch {
	case s.Type.Includes(openapi3.TypeArray) || s.Items != nil:
		n.kind, n.items = array, read(s.Items, 0, maxHops)
	case s.Type.Includes(openapi3.TypeObject) || len(s.Properties) > 0:
		n.kind = object
	case s.Type.Includes(openapi3.TypeInteger):
		n.kind = integer
	case s.Type != nil:
		n.kind = other
	}
	if depth > 0 {
		for name, property := range s.Properties {
			n.merge(&node{members: map[string]*node{name: read(property, depth-1, maxHops)}})
		}
	}
	return n
}

// soleChoice is the one schema of several that is not null, if there is just one.
func soleChoice(choices openapi3.SchemaRefs) openapi3.SchemaRefs {
	choices = slices.DeleteFunc(slices.Clone(choices), func(c *openapi3.SchemaRef) bool {
		return c == nil || c.Value == nil || c.Value.Type.Is(openapi3.TypeNull)
	})
	if len(choices) != 1 {
		return nil
	}
	return choices
}

func (n *node) merge(m *node) {
	if m.kind != unknown {
		n.kind, n.items = m.kind, m.items
	}
	if n.members == nil {
		n.members = map[string]*node{}
	}
	maps.Copy(n.members, m.members)
}

// ofObjects says whether an array may hold records.
func (n *node) ofObjects() bool {
	return n.kind == array && (n.items == nil || n.items.kind == object || n.items.kind == unknown)
}

// at is the node at a JSON pointer, or nil where the answer is known not to have it. What is beyond something that is
// not told is not told either.
func (n *node) at(pointer string) *node {
	if pointer == "" {
		return n
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		if n.kind == unknown || n.kind == object && len(n.members) == 0 {
			return &node{}
		}
		if n = n.members[unescape(token)]; n == nil {
			return nil
		}
	}
	return n
}

// places are the pointers to all nodes of objects inside objects for which want says yes, the shallow ones first.
func (n *node) places(want func(name string, n *node) bool) []string {
	type level struct {
		pointer string
		n       *node
	}
	var found []string
	for queue := []level{{"", n}}; len(queue) > 0; queue = queue[1:] {
		l := queue[0]
		for _, name := range slices.Sorted(maps.Keys(l.n.members)) {
			m, pointer := l.n.members[name], l.pointer+"/"+escape(name)
			if want(name, m) {
				found = append(found, pointer)
			}
			if m.kind == object {
				queue = append(queue, level{pointer, m})
			}
		}
	}
	return found
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

func parent(pointer string) string { return pointer[:max(0, strings.LastIndexByte(pointer, '/'))] }

// openEnded says whether records may lie where the description does not look: the answer, or its Data, is not told.
func (a answer) openEnded() bool {
	notTold := func(n *node) bool { return n.kind == unknown || n.kind == object && len(n.members) == 0 }
	if notTold(a.root) {
		return true
	}
	for name, m := range a.root.members {
		if strings.EqualFold(name, "data") && notTold(m) {
			return true
		}
	}
	return false
}

// lists says whether the answer may be a list of records.
func (a answer) lists() bool {
	return a.openEnded() || a.root.ofObjects() || len(a.records("")) > 0
}

// records are the pointers to where the records of a dataset may lie, the most likely ones. More than one is a tie.
func (a answer) records(noun string) []string {
	all := a.root.places(func(_ string, n *node) bool { return n.ofObjects() })
	for _, better := range []func(pointer string) bool{
		func(p string) bool { return strings.EqualFold(p, "/Data") },
		func(p string) bool { return strings.HasPrefix(strings.ToLower(p), "/data/") },
		func(p string) bool { return noun != "" && slices.Contains(words(nameOf(p)), noun) },
		func(p string) bool {
			return slices.Contains([]string{"items", "records", "results", "rows", "list", "value"}, strings.ToLower(nameOf(p)))
		},
	} {
		if few := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return !better(p) }); len(few) > 0 {
			all = few
		}
	}
	return all
}

func nameOf(pointer string) string { return unescape(pointer[strings.LastIndexByte(pointer, '/')+1:]) }

// foundByShape is where yardstick finds the records if the configuration names no place: Data itself, or its one member
// that is an array. "" where it cannot.
func (a answer) foundByShape() string {
	data := a.root.members["Data"]
	if data == nil {
		return ""
	}
	if data.kind == array {
		return "/Data"
	}
	var arrays []string
	for name, m := range data.members {
		if m.kind == array { // whatever it holds: an empty one could be the records'
			arrays = append(arrays, "/Data/"+escape(name))
		}
	}
	if len(arrays) != 1 {
		return ""
	}
	return arrays[0]
}

// plainTotals are the names that yardstick takes for the count of all records, without underscores and in lower case.
var plainTotals = []string{"total", "totalcount", "totalrecords", "totalitems", "totalrows", "totalresults", "recordstotal"}

// likelyTotals are further names that mean it, and have to be configured.
var likelyTotals = []string{"totalrecordcount", "totalitemcount", "totalrowcount", "totalresultcount", "totalelements",
	"totalhits", "totalentries", "totalnumberofrecords", "numberofrecords", "overallcount", "totalsize", "fullcount"}

func totalName(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "") }

// totalByName says whether yardstick finds a total by itself: one whole number of a plain name, beside the records or at
// the top.
func (a answer) totalByName(records string) bool {
	for _, pointer := range []string{parent(records), ""} {
		n := 0
		if holder := a.root.at(pointer); holder != nil {
			for name, m := range holder.members {
				if m.kind == integer && slices.Contains(plainTotals, totalName(name)) {
					n++
				}
			}
		}
		if n == 1 {
			return true
		}
	}
	return false
}

// total is the pointer to the one count of all records that the answer plainly has somewhere, or "".
func (a answer) total() string {
	all := a.root.places(func(name string, n *node) bool {
		plain := totalName(name)
		return n.kind == integer && (slices.Contains(plainTotals, plain) || slices.Contains(likelyTotals, plain))
	})
	if len(all) != 1 {
		return ""
	}
	return all[0]
}
