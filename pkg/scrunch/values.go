package scrunch

import (
	"slices"
	"strings"

	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// maxValues bounds how many values of a dimension are asked for one by one.
const maxValues = 2_000

// values are what the slicing dimensions show in an answer.
type values map[string]*shown

// shown are the values of one dimension.
type shown struct {
	texts []string // as filters spell them; one more than maxValues where there are too many
	null  bool
	sent  map[string]bool // as they were sent
	known map[string]bool // of texts
}

func (v values) note(dimension string, value jsontext.Value) {
	s := v[dimension]
	if s == nil {
		s = &shown{sent: map[string]bool{}, known: map[string]bool{}}
		v[dimension] = s
	}
	switch {
	case value.Kind() == 'n':
		s.null = true
	case len(s.texts) <= maxValues && !s.sent[string(value)]:
		s.sent[string(value)] = true
		if text := spelt(value); !s.known[text] {
			s.known[text] = true
			s.texts = append(s.texts, text)
		}
	}
}

// texts are a dimension's values, and whether they can be asked for one by one.
func (v values) texts(dimension string) (texts []string, ok bool) {
	s := v[dimension]
	if s == nil || s.null {
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
