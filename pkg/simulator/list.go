package simulator

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// Order is the order of records over the pages of a listing.
type Order int

// The orders. Ascending is the zero value.
const (
	Ascending  Order = iota // oldest, lowest id first
	Descending              // newest, highest id first
)

// list is records in the order in which pages are cut from them. It does not change.
type list interface {
	size() int
	records(from, to int) iter.Seq[string] // each as JSON text; 0 <= from <= to <= size
}

// fixed is a list that somebody wrote.
type fixed []string

func (f fixed) size() int                             { return len(f) }
func (f fixed) records(from, to int) iter.Seq[string] { return slices.Values(f[from:to]) }

// chain is lists one after the other.
type chain []list

func (c chain) size() (n int) {
	for _, l := range c {
		n += l.size()
	}
	return n
}

func (c chain) records(from, to int) iter.Seq[string] {
	return func(yield func(string) bool) {
		base := 0
		for _, l := range c {
			n := l.size()
			lo, hi := max(from-base, 0), min(to-base, n)
			base += n
			if lo >= hi {
				continue
			}
			for r := range l.records(lo, hi) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// sift keeps the records that have a text in them and fit, as far as T is read from them. One that cannot be read fits
// nothing.
func sift[T any](all list, text string, fits func(T) bool) (kept fixed) {
	for record := range all.records(0, all.size()) {
		if !strings.Contains(record, text) {
			continue
		}
		var t T
		if err := json.Unmarshal([]byte(record), &t); err == nil && fits(t) {
			kept = append(kept, record)
		}
	}
	return kept
}
