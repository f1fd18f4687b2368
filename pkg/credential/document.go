package credential

import (
	"encoding/json"
	"errors"
	"strings"
)

// document is a JSON object as it was read. It can be changed member by member; every other byte stays as it is.
type document struct {
	text    string
	members []member
}

// member is one member of a document: its name, and where its value lies in the text.
type member struct {
	name       string
	start, end int
}

var errNoObject = errors.New("not a JSON object")

// parseDocument takes text apart, which must be one JSON object.
func parseDocument(text string) (document, error) {
	if !json.Valid([]byte(text)) || jsonShape(text) != "a JSON object" {
		return document{}, errNoObject
	}
	doc := document{text: text}
	dec := json.NewDecoder(strings.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return document{}, err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return document{}, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return document{}, err
		}
		end := int(dec.InputOffset())
		doc.members = append(doc.members, member{name: name.(string), start: end - len(value), end: end})
	}
	return doc, nil
}

// values are the values of every member of that name, in order.
func (d document) values(name string) []string {
	var all []string
	for _, m := range d.members {
		if m.name == name {
			all = append(all, d.text[m.start:m.end])
		}
	}
	return all
}

// field is a new value for a member.
type field struct{ name, value string }

// with is the document's text with those members' values replaced where they stand (each time, where a name repeats),
// and appended where there are none.
func (d document) with(fields []field) string {
	values := make(map[string]string, len(fields))
	for _, f := range fields {
		values[f.name] = f.value
	}
	var out strings.Builder
	at := strings.IndexByte(d.text, '{') + 1
	out.WriteString(d.text[:at])
	stood := make(map[string]bool, len(fields))
	for _, m := range d.members {
		value, known := values[m.name]
		if !known {
			value = d.text[m.start:m.end]
		}
		out.WriteString(d.text[at:m.start])
		out.WriteString(value)
		at, stood[m.name] = m.end, true
	}
	empty := len(d.members) == 0
	for _, f := range fields {
		if stood[f.name] {
			continue
		}
		if !empty {
			out.WriteByte(',')
		}
		out.WriteString(`"` + f.name + `":` + f.value)
		empty = false
	}
	out.WriteString(d.text[at:])
	return out.String()
}
