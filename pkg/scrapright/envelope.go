package scrapright

import (
	"fmt"
	"strconv"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// envelope is an answer that says yes.
type envelope struct {
	whole wire.Node
	data  wire.Node
}

// saysNo is an answer whose IsError says so, whatever its status was.
type saysNo struct{ message string }

func (e *saysNo) Error() string { return fmt.Sprintf("the vendor says no: %s", e.message) }

// parseEnvelope reads an answer of {"IsError":0,"Message":"...","Data":...}: one document, with a BOM or without.
// An IsError other than 0, false or null is a *saysNo, whose message shows nothing that the veil hides; anything
// else that is not such an answer is malformed.
func parseEnvelope(body []byte, veil *rest.Veil) (envelope, error) {
	whole, err := wire.Tree(body)
	if err != nil {
		return envelope{}, err
	}
	top, err := whole.Members()
	if err != nil {
		return envelope{}, wire.Malformed("the answer is %w, expected an object with IsError, Message and Data", err)
	}
	e := envelope{whole: whole}
	var message string
	var failed bool
	seen := map[string]bool{}
	for _, m := range top {
		if seen[m.Name] {
			return envelope{}, wire.Malformed("%s stands in the answer twice", brief(m.Name))
		}
		seen[m.Name] = true
		switch m.Name {
		case "IsError":
			failed = !isZero(m.Value)
		case "Message":
			message = wire.Text(m.Value)
		case "Data":
			e.data = m
		}
	}
	if failed {
		return envelope{}, &export.Error{Kind: export.VendorError, Err: &saysNo{line(message, veil)}}
	}
	return e, nil
}

// isZero says whether IsError means no error: 0, false, null, or those as text.
func isZero(v jsontext.Value) bool {
	switch spelt := strings.TrimSpace(string(v)); v.Kind() {
	case 'n', 'f':
		return true
	case '0':
		n, err := strconv.ParseFloat(spelt, 64)
		return err == nil && n == 0
	case '"':
		t := strings.ToLower(strings.TrimSpace(wire.Text(v)))
		return t == "" || t == "0" || t == "false"
	}
	return false
}

// line makes a vendor's message fit to be shown: one line of at most 200 characters.
func line(message string, veil *rest.Veil) string {
	if message = veil.Show(message, 200); message == "" {
		return "(no message)"
	}
	return message
}

// brief is a member's name, which may be anything.
func brief(name string) string { return wire.Shown(name, 40) }
