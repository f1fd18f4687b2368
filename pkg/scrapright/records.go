package scrapright

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// page is one answer's records and the vendor's total beside them, nil where there is none.
type page struct {
	records []jsontext.Value
	total   *int64
}

// finder finds the records and the total in an answer: where the configuration says, or where they plainly are.
type finder struct{ records, total string }

func (f finder) page(body []byte) (page, error) {
	e, err := parseEnvelope(body)
	if err != nil {
		return page{}, err
	}
	array, beside, err := f.array(e)
	if err != nil {
		return page{}, err
	}
	var p page
	if p.records, err = elements(array); err != nil {
		return page{}, malformed("the records are %w, expected an array of objects", err)
	}
	for i, record := range p.records {
		if record.Kind() != '{' {
			return page{}, malformed("record %d is %s, expected an object", i+1, shape(record))
		}
	}
	p.total, err = f.count(e, beside)
	return p, err
}

// array is the array of records, and the object that it is a member of.
func (f finder) array(e envelope) (array, beside jsontext.Value, err error) {
	if f.records != "" {
		if array = at(e.whole, f.records); array == nil {
			return nil, nil, malformed("there is nothing at records %s", f.records)
		}
		return array, at(e.whole, parent(f.records)), nil
	}
	if e.data.Kind() == '[' {
		return e.data, e.whole, nil
	}
	data, err := members(e.data)
	if err != nil {
		return nil, nil, malformed("Data is %w, expected an array of records, or an object with one", err)
	}
	var names []string
	for _, m := range data {
		if ofObjects(m.value) {
			names, array = append(names, m.name), m.value
		}
	}
	switch len(names) {
	case 0:
		return nil, nil, malformed("Data is an object without an array of objects; name the place of the records in the dataset's `records`")
	case 1:
		return array, e.data, nil
	}
	return nil, nil, malformed("Data has %d arrays that may be the records (%s); name one in the dataset's `records`, such as /Data/%s",
		len(names), strings.Join(names, ", "), names[0])
}

// ofObjects says whether a value is an array that is empty or begins with an object.
func ofObjects(v jsontext.Value) bool {
	if v.Kind() != '[' {
		return false
	}
	first := strings.TrimLeft(string(v[1:min(len(v), 64)]), " \t\r\n")
	return strings.HasPrefix(first, "{") || strings.HasPrefix(first, "]") || first == ""
}

// totals are the names that plainly mean the count of all records, without their underscores and in lower case.
var totals = map[string]bool{"total": true, "totalcount": true, "totalrecords": true, "totalitems": true, "totalrows": true,
	"totalresults": true, "recordstotal": true}

// count is the vendor's total. One that is configured must be there; else a whole number of a plain name counts, beside
// the records or in the envelope, if there is just one.
func (f finder) count(e envelope, beside jsontext.Value) (*int64, error) {
	if f.total != "" {
		n := whole(at(e.whole, f.total))
		if n < 0 {
			return nil, malformed("there is no whole number at total %s", f.total)
		}
		return &n, nil
	}
	for _, object := range []jsontext.Value{beside, e.whole} {
		found, err := members(object)
		if err != nil {
			continue // records at the top of an array of the configured pointer have no object beside them
		}
		var counts []int64
		for _, m := range found {
			if n := whole(m.value); n >= 0 && totals[strings.ReplaceAll(strings.ToLower(m.name), "_", "")] {
				counts = append(counts, n)
			}
		}
		if len(counts) == 1 {
			return &counts[0], nil
		}
	}
	return nil, nil
}

// at is the value that a JSON pointer names, or nil.
func at(v jsontext.Value, pointer string) jsontext.Value {
	if pointer == "" {
		return v
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		v = child(v, name)
		if v == nil {
			return nil
		}
	}
	return v
}

func child(v jsontext.Value, name string) jsontext.Value {
	switch v.Kind() {
	case '{':
		found, _ := members(v) // v was read whole before
		for _, m := range found {
			if m.name == name {
				return m.value
			}
		}
	case '[':
		found, _ := elements(v)
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(found) && strconv.Itoa(i) == name {
			return found[i]
		}
	}
	return nil
}

func parent(pointer string) string { return pointer[:strings.LastIndexByte(pointer, '/')] }
