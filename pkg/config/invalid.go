package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Invalid is the error of a text that is no configuration. Its faults are in the order of their places in the text.
type Invalid struct{ Faults []Fault }

// Error lists the faults, one a line.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Fault is one thing wrong. It never holds a value that might be a secret.
type Fault struct {
	Key      string // path of the key, such as scrapright[0].url; "configuration" for the text as a whole
	Found    string
	Expected string
	Line     int // in the text, from 1
}

// String is the fault in one line.
func (f Fault) String() string {
	return fmt.Sprintf("%s: found %s, expected %s", f.Key, f.Found, f.Expected)
}

// placed is a fault with the rest of its place, which orders faults inside a line.
type placed struct {
	Fault
	column int
}

// whole stands where a fault has no key.
const whole = "configuration"

func (w *walk) fault(at string, n *node, found, expected string) {
	if at == "" {
		at = whole
	}
	w.faults = append(w.faults, placed{Fault{Key: at, Found: found, Expected: expected, Line: n.Line}, n.Column})
}

// invalid is the error of the faults so far.
func (w *walk) invalid() *Invalid {
	slices.SortStableFunc(w.faults, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.column, b.column))
	})
	e := &Invalid{Faults: make([]Fault, len(w.faults))}
	for i, f := range w.faults {
		e.Faults[i] = f.Fault
	}
	return e
}
