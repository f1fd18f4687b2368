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
	sent  map[string]string // all that came, as they were sent, by themselves
	// recent has some of them, each in a place by its length and a character: a look at it costs a fraction of one at sent.
	recent [8]string
	known  map[string]bool // of texts
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
	case len(s.texts) > maxValues:
		return
	}
	recent := &s.recent[(len(value)+int(value[len(value)/2]))%len(s.recent)]
	if string(value) == *recent {
		return
	}
	if sent, ok := s.sent[string(value)]; ok {
		*recent = sent
		return
	}
	if s.sent == nil {
		s.sent, s.known = map[string]string{}, map[string]bool{}
	}
	*recent = string(value)
	s.sent[*recent] = *recent
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
