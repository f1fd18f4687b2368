package scrunch

import (
	"slices"
	"strings"

	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// maxValues bounds how many values of a dimension are asked for one by one.
const maxValues = 2_000

// values are what the slicing dimensions show in an answer, in the order of slicing.
type values [len(slicing)]shown

// shown are the values of one dimension.
type shown struct {
	texts []string // as filters spell them; one more than maxValues where there are too many
	null  bool
	last  string            // that came, as it was sent
	sent  map[string]string // all that came, by themselves
	known map[string]bool   // of texts
}

// dimensionOf is a slicing dimension's place in slicing, or -1 for any other name.
func dimensionOf(name string) int {
	return slices.Index(slicing[:], name)
}

func (v *values) note(dimension int, value jsontext.Value) {
	s := &v[dimension]
	switch {
	case value.Kind() == 'n':
		s.null = true
		return
	case len(s.texts) > maxValues || string(value) == s.last:
		return
	}
	if sent, ok := s.sent[string(value)]; ok {
		s.last = sent
		return
	}
	if s.sent == nil {
		s.sent, s.known = map[string]string{}, map[string]bool{}
	}
	s.last = string(value)
	s.sent[s.last] = s.last
	if text := spelt(value); !s.known[text] {
		s.known[text] = true
		s.texts = append(s.texts, text)
	}
}

// texts are a dimension's values, and whether they can be asked for one by one.
func (v *values) texts(dimension string) (texts []string, ok bool) {
	s := &v[dimensionOf(dimension)]
	if s.sent == nil || s.null {
		return nil, false
	}
	return s.texts, !slices.ContainsFunc(s.texts, func(text string) bool {
		return text == "" || strings.HasPrefix(text, "!") || strings.Contains(text, "|")
	})
}

// spelt is a value as a filter spells it.
func spelt(v jsontext.Value) string {
	if v.Kind() == '"' {
		return wire.Text(v)
	}
	return string(v)
}
