package export

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Request is an export event that somebody outside sends.
type Request struct {
	Source string // the vendor's name as it was sent; "": not told
	Event  Event
}

// ParseRequest reads an export event with a source beside its members. What only a schedule tells (scheduledTime,
// executionId, attempt) is a fault. Every fault is told at once, as *EventError; an empty text or null is the zero
// Request.
func ParseRequest(text []byte) (Request, error) {
	var r Request
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return r, nil
	}
	members, err := readMembers(text)
	if err != nil {
		return r, &EventError{[]string{`expected a JSON object such as {"source":"...","account":"main"}: ` + err.Error()}}
	}
	var faults []string
	for _, m := range members {
		if err := r.set(m.name, m.value); err != nil {
			faults = append(faults, err.Error())
		}
	}
	faults = append(faults, r.Event.backwards()...)
	if len(faults) > 0 {
		return Request{}, &EventError{faults}
	}
	return r, nil
}

func (r *Request) set(name string, value json.RawMessage) error {
	const expected = "expected source, account, datasets, from, to or force"
	switch name {
	case "scheduledTime", "executionId", "attempt":
		return fmt.Errorf("%s: only a schedule may say that; %s", name, expected)
	case "source", "account", "datasets", "from", "to", "force":
	default:
		return fmt.Errorf("unknown member %s; %s", brief(json.RawMessage(fmt.Sprintf("%q", name))), expected)
	}
	switch {
	case string(value) == "null":
		return nil
	case name == "source":
		return setText(name, value, &r.Source)
	}
	return r.Event.set(name, value)
}
