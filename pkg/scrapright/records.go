package scrapright

import (
	"strconv"
	"strings"

	"yardstick/pkg/credential"
	"yardstick/pkg/wire"
)

// finder finds the records and the total in an answer: where the configuration says, or where they plainly are.
type finder struct{ records, total string }

// page reads an answer to a call that was made with a token.
func (f finder) page(body []byte, token credential.Secret) (wire.Page, error) {
	e, err := parseEnvelope(body, token)
	if err != nil {
		return wire.Page{}, err
	}
	array, beside, err := f.array(e)
	if err != nil {
		return wire.Page{}, err
	}
	var p wire.Page
	if p.Records, err = array.Elements(); err != nil {
		return wire.Page{}, wire.Malformed("the records are %w, expected an array of objects", err)
	}
	if err := wire.Objects(p.Records); err != nil {
		return wire.Page{}, err
	}
	p.Total, err = f.count(e, beside)
	return p, err
}

// array is the array of records, and the object that it is a member of.
func (f finder) array(e envelope) (array, beside wire.Node, err error) {
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
func (f finder) count(e envelope, beside wire.Node) (*int64, error) {
	if f.total != "" {
		v, err := at(e.whole, "total", f.total)
		if err != nil {
			return nil, err
		}
		n := wire.Whole(v.Value)
		if n < 0 {
			return nil, wire.Malformed("total %s is %s, expected a whole number, 0 or more", f.total, wire.Shape(v.Value))
		}
		return &n, nil
	}
	objects := []wire.Node{e.whole, beside}
	if len(beside.Value) == len(e.whole.Value) {
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
