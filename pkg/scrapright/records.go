package scrapright

import (
	"bytes"
	"strconv"
	"strings"

	"yardstick/pkg/credential"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
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
	if p.Records, err = wire.Elements(array); err != nil {
		return wire.Page{}, wire.Malformed("the records are %w, expected an array of objects", err)
	}
	if err := wire.Objects(p.Records); err != nil {
		return wire.Page{}, err
	}
	p.Total, err = f.count(e, beside)
	return p, err
}

// array is the array of records, and the object that it is a member of.
func (f finder) array(e envelope) (array, beside jsontext.Value, err error) {
	if f.records != "" {
		if beside, err = at(e.whole, "records", parent(f.records)); err != nil {
			return nil, nil, err
		}
		if array, err = at(e.whole, "records", f.records); array == nil && err == nil {
			err = wire.Malformed("there is nothing at records %s", f.records)
		}
		return array, beside, err
	}
	if e.data.Kind() == '[' {
		return e.data, e.whole, nil
	}
	data, err := wire.Members(e.data)
	if err != nil {
		return nil, nil, wire.Malformed("Data is %w, expected an array of records, or an object with one", err)
	}
	var names []string
	for _, m := range data {
		if ofObjects(m.Value) {
			names, array = append(names, m.Name), m.Value
		}
	}
	switch len(names) {
	case 0:
		return nil, nil, wire.Malformed("Data is an object without an array of objects; " +
			"name the place of the records in the dataset's `records`")
	case 1:
		return array, e.data, nil
	}
	return nil, nil, wire.Malformed("Data has %d arrays that may be the records (%s); "+
		"name one in the dataset's `records`, such as /Data/%s", len(names), wire.Shown(strings.Join(names, ", "), 120), brief(names[0]))
}

// ofObjects says whether a value is an array that is empty or begins with an object.
func ofObjects(v jsontext.Value) bool {
	if v.Kind() != '[' {
		return false
	}
	d := wire.Decoder(bytes.NewBuffer(v))
	if _, err := d.ReadToken(); err != nil {
		return false
	}
	first := d.PeekKind()
	return first == '{' || first == ']'
}

// totals are the names that plainly mean the count of all records, without their underscores and in lower case.
var totals = map[string]bool{"total": true, "totalcount": true, "totalrecords": true, "totalitems": true, "totalrows": true,
	"totalresults": true, "recordstotal": true}

// count is the vendor's total. One that is configured must be there; else a whole number of a plain name counts, beside
// the records or in the envelope, if there is just one in all.
func (f finder) count(e envelope, beside jsontext.Value) (*int64, error) {
	if f.total != "" {
		v, err := at(e.whole, "total", f.total)
		if err != nil {
			return nil, err
		}
		n := wire.Whole(v)
		if n < 0 {
			return nil, wire.Malformed("total %s is %s, expected a whole number, 0 or more", f.total, wire.Shape(v))
		}
		return &n, nil
	}
	objects := []jsontext.Value{e.whole, beside}
	if len(beside) == len(e.whole) {
		objects = objects[:1] // the records stand in the envelope itself
	}
	var counts []int64
	for _, object := range objects {
		found, err := wire.Members(object)
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

// at is the value that a JSON pointer names, or nil. It is an error where members of one name leave that open. setting
// is the name of the pointer in the configuration.
func at(v jsontext.Value, setting, pointer string) (jsontext.Value, error) {
	if pointer == "" {
		return v, nil
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		found := children(v, name)
		switch len(found) {
		case 0:
			return nil, nil
		case 1:
			v = found[0]
		default:
			return nil, wire.Malformed("%s %s names %d values: %s stands there more than once",
				setting, pointer, len(found), brief(name))
		}
	}
	return v, nil
}

// children are the members of an object of that name, or the element of an array of that number.
func children(v jsontext.Value, name string) (found []jsontext.Value) {
	switch v.Kind() {
	case '{':
		all, _ := wire.Members(v) // v was read whole before
		for _, m := range all {
			if m.Name == name {
				found = append(found, m.Value)
			}
		}
	case '[':
		all, _ := wire.Elements(v)
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(all) && strconv.Itoa(i) == name {
			found = all[i : i+1]
		}
	}
	return found
}

func parent(pointer string) string { return pointer[:strings.LastIndexByte(pointer, '/')] }
