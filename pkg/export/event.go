package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"yardstick/pkg/snapshot"
)

// placeholder is what stands in scheduledTime where a scheduler did not fill in its template.
const placeholder = "<aws.scheduler.scheduled-time>"

// Event asks for a run. The zero Event asks for everything that is due now.
type Event struct {
	ScheduledTime time.Time // the run's clock; zero: now
	Account       string    // only this account; "": all
	Datasets      []string  // only these; none: all
	From, To      snapshot.Day
	Force         bool   // read again what is settled or fresh
	ExecutionID   string // as the schedule sent it, for the log
	// Attempt counts the tries at the work of one ScheduledTime, as the schedule and a result's next tell it: "2". Ranged work
	// that is tried again goes on where the tries before it ended.
	Attempt string
}

// EventError says what is wrong with an event: each fault names the member, what was found and what was expected.
type EventError struct{ Faults []string }

func (e *EventError) Error() string { return "event: " + strings.Join(e.Faults, "; ") }

// Ranged says that the event asks for certain work and not for whatever is due: it waits for the account's lease.
func (e Event) Ranged() bool { return e.From != 0 || e.To != 0 || e.Force }

// Continues says that the event tries ranged work again: what was read at this very clock is done.
func (e Event) Continues() bool { return e.Ranged() && !e.ScheduledTime.IsZero() && e.attempt() > 1 }

// attempt is the number of the try, 1 where none is told.
func (e Event) attempt() int {
	n, err := strconv.Atoi(e.Attempt)
	if err != nil {
		return 1 // a placeholder that a scheduler did not fill in
	}
	return max(1, n)
}

func (e Event) backwards() []string {
	if e.From != 0 && e.To != 0 && e.From > e.To {
		return []string{fmt.Sprintf("from %s is after to %s", e.From, e.To)}
	}
	return nil
}

// ParseEvent reads an export event. Every fault is told at once, as *EventError; an empty text or null is the zero Event.
func ParseEvent(text []byte) (Event, error) {
	var e Event
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return e, nil
	}
	members, err := readMembers(text)
	if err != nil {
		return e, &EventError{[]string{"expected a JSON object such as {\"scheduledTime\":\"2026-11-23T05:00:00Z\"}: " + err.Error()}}
	}
	var faults []string
	for _, m := range members {
		if err := e.set(m.name, m.value); err != nil {
			faults = append(faults, err.Error())
		}
	}
	faults = append(faults, e.backwards()...)
	if len(faults) > 0 {
		return Event{}, &EventError{faults}
	}
	return e, nil
}

var eventMembers = [...]string{"scheduledTime", "account", "datasets", "from", "to", "force", "executionId", "attempt"}

type member struct {
	name  string
	value json.RawMessage
}

// readMembers keeps names as they are spelt: encoding/json would take "Force" for "force".
func readMembers(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.Join(errors.New("it is not an object"), err)
	}
	var members []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(members, func(o member) bool { return o.name == m.name }) {
			return nil, fmt.Errorf("%q stands there twice", m.name)
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return members, nil
}

// set takes a member; null says nothing of it.
func (e *Event) set(name string, value json.RawMessage) error {
	if string(value) == "null" && slices.Contains(eventMembers[:], name) {
		return nil
	}
	switch name {
	case "scheduledTime":
		return e.setTime(value)
	case "account":
		return setText(name, value, &e.Account)
	case "executionId":
		return setText(name, value, &e.ExecutionID)
	case "attempt":
		if value[0] != '"' && (value[0] < '0' || value[0] > '9') {
			return fmt.Errorf("attempt: found %s, expected a number", brief(value))
		}
		e.Attempt = strings.Trim(string(value), `"`)
		return nil
	case "datasets":
		if json.Unmarshal(value, &e.Datasets) != nil {
			return fmt.Errorf("datasets: found %s, expected a list of names such as [\"purchases\"]", brief(value))
		}
		return nil
	case "from":
		return setDay(name, value, &e.From)
	case "to":
		return setDay(name, value, &e.To)
	case "force":
		if json.Unmarshal(value, &e.Force) != nil {
			return fmt.Errorf("force: found %s, expected true or false", brief(value))
		}
		return nil
	default:
		last := len(eventMembers) - 1
		return fmt.Errorf("unknown member %q; expected %s or %s", name, strings.Join(eventMembers[:last], ", "), eventMembers[last])
	}
}

func (e *Event) setTime(value json.RawMessage) error {
	var text string
	if err := json.Unmarshal(value, &text); err == nil && text == placeholder {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 1970 {
		return fmt.Errorf("scheduledTime: found %s, expected a time such as 2026-11-23T05:00:00Z", brief(value))
	}
	e.ScheduledTime = t.UTC()
	return nil
}

func setText(name string, value json.RawMessage, into *string) error {
	if json.Unmarshal(value, into) != nil || *into == "" {
		return fmt.Errorf("%s: found %s, expected text", name, brief(value))
	}
	return nil
}

func setDay(name string, value json.RawMessage, into *snapshot.Day) error {
	var text string
	if json.Unmarshal(value, &text) == nil {
		if day, err := snapshot.ParseDay(text); err == nil && text >= "1970" {
			*into = day
			return nil
		}
	}
	return fmt.Errorf("%s: found %s, expected a date such as 2026-11-22, from 1970 on", name, brief(value))
}

func brief(value json.RawMessage) string {
	if len(value) > 60 {
		return string(value[:60]) + "..."
	}
	return string(value)
}

// MarshalJSON spells the event as ParseEvent reads it; what is not set is left out.
func (e Event) MarshalJSON() ([]byte, error) {
	type spelt struct {
		Account       string       `json:"account,omitempty"`
		Datasets      []string     `json:"datasets,omitempty"`
		From          snapshot.Day `json:"from,omitzero"`
		To            snapshot.Day `json:"to,omitzero"`
		Force         bool         `json:"force,omitempty"`
		ScheduledTime time.Time    `json:"scheduledTime,omitzero"`
		ExecutionID   string       `json:"executionId,omitempty"`
		Attempt       string       `json:"attempt,omitempty"`
	}
	return json.Marshal(spelt{e.Account, e.Datasets, e.From, e.To, e.Force, e.ScheduledTime, e.ExecutionID, e.Attempt})
}
