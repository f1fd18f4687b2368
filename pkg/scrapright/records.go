package scrapright

import (
	"bytes"
	"strconv"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// finder finds the records and the total in an answer: where the configuration says, or where they plainly are. It
// remembers how an answer began, and knows one at a glance that begins in the same way.
type finder struct {
	records, total string

	before []byte // the answer that was read last, up to its records
	frame  []byte // scratch
}

// maxBefore bounds how much is remembered of an answer.
const maxBefore = 4 << 10

// answer is an answer with the array of its records, and the object that the array is a member of.
type answer struct {
	envelope
	array, beside wire.Node
}

// page reads an answer. What the vendor says in it is shown under the veil.
func (f *finder) page(body []byte, veil *rest.Veil) (wire.Page, error) {
	a, err := f.read(body, veil)
	if err != nil {
		return wire.Page{}, err
	}
	var p wire.Page
	if p.Records, err = a.array.Elements(); err != nil {
		return wire.Page{}, wire.Malformed("the records are %w, expected an array of objects", err)
	}
	if err := wire.Objects(p.Records); err != nil {
		return wire.Page{}, err
	}
	f.before = f.before[:0]
	if begin := offset(body, a.array.Value); begin >= 0 && begin < maxBefore {
		f.before = append(f.before, body[:begin+1]...)
	}
	p.Total, err = f.count(a)
	return p, err
}

func (f *finder) read(body []byte, veil *rest.Veil) (a answer, err error) {
	if a.envelope, err = parseEnvelope(body, veil); err != nil {
		return a, err
	}
	a.array, a.beside, err = f.array(a.envelope)
	return a, err
}

// glance reads an answer that begins as the one before did, and whose records the sink can follow. So they are gone over
// once, and not once to cut them and once to add them. What stands around them is read as an answer without records, and
// has to be one. It is false where anything is not as expected: then page has to read the answer, and nothing is to be taken.
func (f *finder) glance(body []byte, veil *rest.Veil, sink export.Follower) (p wire.Page, ok bool) {
	if len(f.before) == 0 || !bytes.HasPrefix(body, f.before) {
		return p, false
	}
	sink.Leave()
	records, rest := follow(body[len(f.before):], sink)
	if len(rest) == 0 {
		return p, false
	}
	f.frame = append(append(f.frame[:0], f.before...), rest...)
	a, err := f.read(f.frame, veil)
	if err != nil || offset(f.frame, a.array.Value) != len(f.before)-1 {
		return p, false
	}
	p.Total, err = f.count(a)
	p.Records, p.Followed = records, true
	return p, err == nil
}

// follow has the sink follow the records that a text begins with, and answers what is left of it behind them: the end of
// their array and what follows that, or nothing where not all could be followed.
func follow(text []byte, sink export.Follower) (records []jsontext.Value, rest []byte) {
	for len(text) > 0 && text[0] == '{' {
		length := sink.Follow(nil, text).Length
		if length == 0 || length == len(text) {
			return nil, nil
		}
		records = append(records, text[:length])
		if text = text[length:]; text[0] == ']' {
			return records, text
		}
		if text[0] != ',' {
			return nil, nil
		}
		text = text[1:]
	}
	return nil, nil
}

// offset is where a part of a text stands in it; less than 0 where it is no part.
func offset(text, part []byte) int {
	at := cap(text) - cap(part)
	if len(part) == 0 || at < 0 || at >= len(text) || &text[at] != &part[0] {
		return -1
	}
	return at
}

// array is the array of records, and the object that it is a member of.
func (f *finder) array(e envelope) (array, beside wire.Node, err error) {
	if f.records != "" {
		if beside, err = at(e.whole, "records", parent(f.records)); err != nil {
			return wire.Node{}, wire.Node{}, err
		}
		if array, err = at(e.whole, "records", f.records); array.Value == nil && err == nil {
			err = wire.Malformed("there is nothing at records %s", f.records)
		}
		return array, beside, err
	}
	if e.data.Value.Kind() == '[' {
		return e.data, e.whole, nil
	}
	data, err := e.data.Members()
	if err != nil {
		return wire.Node{}, wire.Node{}, wire.Malformed("Data is %w, expected an array of records, or an object with one", err)
	}
	var names []string
	for _, m := range data {
		if ofObjects(m) {
			names, array = append(names, m.Name), m
		}
	}
	switch len(names) {
	case 0:
		return wire.Node{}, wire.Node{}, wire.Malformed("Data is an object without an array of objects; " +
			"name the place of the records in the dataset's `records`")
	case 1:
		return array, e.data, nil
	}
	return wire.Node{}, wire.Node{}, wire.Malformed("Data has %d arrays that may be the records (%s); "+
		"name one in the dataset's `records`, such as /Data/%s", len(names), wire.Shown(strings.Join(names, ", "), 120), brief(names[0]))
}

// ofObjects says whether a value is an array that is empty or begins with an object.
func ofObjects(n wire.Node) bool {
	elements, err := n.Elements()
	return err == nil && (len(elements) == 0 || elements[0].Kind() == '{')
}

// totals are the names that plainly mean the count of all records, without their underscores and in lower case.
var totals = map[string]bool{"total": true, "totalcount": true, "totalrecords": true, "totalitems": true, "totalrows": true,
	"totalresults": true, "recordstotal": true}

// count is the vendor's total. One that is configured must be there; else a whole number of a plain name counts, beside
// the records or in the envelope, if there is just one in all.
func (f *finder) count(a answer) (*int64, error) {
	if f.total != "" {
		v, err := at(a.whole, "total", f.total)
		if err != nil {
			return nil, err
		}
		n := wire.Whole(v.Value)
		if n < 0 {
			return nil, wire.Malformed("total %s is %s, expected a whole number, 0 or more", f.total, wire.Shape(v.Value))
		}
		return &n, nil
	}
	objects := []wire.Node{a.whole, a.beside}
	if len(a.beside.Value) == len(a.whole.Value) {
		objects = objects[:1] // the records stand in the envelope itself
	}
	var counts []int64
	for _, object := range objects {
		found, err := object.Members()
		if err != nil {
			continue // a configured pointer may lead into an array, which has no members
		}
		for _, m := range found {
			if n := wire.Whole(m.Value); n >= 0 && totals[strings.ReplaceAll(strings.ToLower(m.Name), "_", "")] {
				counts = append(counts, n)
			}
		}
	}
	if len(counts) != 1 {
		return nil, nil
	}
	return &counts[0], nil
}

// at is the value that a JSON pointer names, or the zero Node. It is an error where members of one name leave that open. setting
// is the name of the pointer in the configuration.
func at(n wire.Node, setting, pointer string) (wire.Node, error) {
	if pointer == "" {
		return n, nil
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		found := children(n, name)
		switch len(found) {
		case 0:
			return wire.Node{}, nil
		case 1:
			n = found[0]
		default:
			return wire.Node{}, wire.Malformed("%s %s names %d values: %s stands there more than once",
				setting, pointer, len(found), brief(name))
		}
	}
	return n, nil
}

// children are the members of an object of that name, or the element of an array of that number.
func children(n wire.Node, name string) (found []wire.Node) {
	switch n.Value.Kind() {
	case '{':
		all, _ := n.Members() // it was read whole before
		for _, m := range all {
			if m.Name == name {
				found = append(found, m)
			}
		}
	case '[':
		all, _ := n.Elements()
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(all) && strconv.Itoa(i) == name {
			found = append(found, wire.Node{Value: all[i]})
		}
	}
	return found
}

func parent(pointer string) string { return pointer[:strings.LastIndexByte(pointer, '/')] }
