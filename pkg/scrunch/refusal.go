package scrunch

import (
	"errors"
	"fmt"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// maxMessage is how many characters of a vendor's message are shown.
const maxMessage = 200

// saysNo is an answer with FastAPI's detail in place of what was asked for, although its status says yes.
type saysNo struct{ detail string }

func (e *saysNo) Error() string { return "the vendor says no" } // the detail may repeat the key

// told is err with what the vendor says in it.
func (s *Source) told(err error) error {
	no, ok := errors.AsType[*saysNo](err)
	if !ok {
		return err
	}
	said := s.Client.Veil().Show(no.detail, maxMessage)
	if said == "" {
		said = "(no message)"
	}
	return &export.Error{Kind: export.VendorError, Err: fmt.Errorf("%w: %s", no, said)}
}

// saying is the text of a detail: a string, or the first of a list of what is wrong (schema HTTPValidationError).
func saying(detail jsontext.Value) string {
	switch detail.Kind() {
	case '[':
		if all, err := wire.Elements(detail); err == nil && len(all) > 0 {
			return saying(all[0])
		}
	case '{':
		members, _ := wire.Members(detail) // it is an object
		for _, m := range members {
			if m.Name == "msg" {
				return wire.Text(m.Value)
			}
		}
	}
	return wire.Text(detail)
}

// noRows is the failure of an answer that does not begin as an array.
func noRows(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		value, err := d.ReadValue()
		if err != nil {
			return wire.Broken(err)
		}
		return wire.Malformed("the answer is %s, expected an array of rows", wire.Shape(value))
	}
	if _, err := d.ReadToken(); err != nil {
		return wire.Broken(err)
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return wire.Broken(err)
		}
		name := token.String()
		value, err := d.ReadValue()
		switch {
		case err != nil:
			return wire.Broken(err)
		case name == "detail":
			return &saysNo{saying(value)}
		}
	}
	return wire.Malformed("the answer is an object, expected an array of rows")
}
