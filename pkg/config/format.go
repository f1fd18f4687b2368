package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// format is one kind of value: how it is read, what a person is told that it should be, and its JSON Schema.
type format[V any] struct {
	expected string
	schema   object
	// read answers the value at n. Where it is none, it notes the fault under the key at.
	read func(w *walk, at string, n *node) (V, bool)
	// spell is the value as the schema names a default; nil: none is named.
	spell func(V) any
}

// named is the same format, whose schema is to be found among the definitions under that name.
func (f format[V]) named(name string) format[V] {
	f.schema = object{{"$ref", "#/$defs/" + name}}
	return f
}

// text is a format that is spelt as text.
type text[V any] struct {
	expected string
	pattern  string                       // matched by every spelling that fits; in the schema too
	longest  int                          // characters; 0: as many as one likes
	enum     []string                     // nothing else fits; nil: anything
	fit      func(string) (V, bool)       // the value of a spelling
	show     func(spelling string) string // how a fault shows what does not fit; nil: as it stands
}

// asWritten is the fit of texts that their pattern says everything about.
func asWritten(s string) (string, bool) { return s, true }

func (t text[V]) format() format[V] {
	schema := object{{"type", "string"}}
	if t.enum != nil {
		schema = object{{"enum", t.enum}}
	}
	if t.pattern != "" {
		schema = append(schema, member{"pattern", t.pattern})
	}
	if t.longest > 0 {
		schema = append(schema, member{"maxLength", t.longest})
	}
	pattern := regexp.MustCompile(t.pattern)
	read := func(w *walk, at string, n *node) (V, bool) {
		if isText(n) && pattern.MatchString(n.Value) && t.allows(n.Value) {
			if v, ok := t.fit(n.Value); ok {
				return v, true
			}
		}
		w.fault(at, n, t.found(n), t.expected)
		return *new(V), false
	}
	return format[V]{t.expected, schema, read, func(v V) any { return fmt.Sprint(v) }}
}

func (t text[V]) allows(spelling string) bool {
	return (t.enum == nil || slices.Contains(t.enum, spelling)) &&
		(t.longest == 0 || utf8.RuneCountInString(spelling) <= t.longest)
}

func (t text[V]) found(n *node) string {
	switch {
	case t.show == nil:
		return describe(n)
	case isText(n):
		return t.show(n.Value)
	default:
		return kindOf(n)
	}
}

var plainDigits = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// wholeNumber goes from low to high, or without end where high is below low. It is spelt in plain decimal digits:
// 0x10, 1_000 and 010 mean different things to different readers.
func wholeNumber[V int | int64](low, high V) format[V] {
	schema := object{{"type", "integer"}, {"minimum", low}}
	expected := fmt.Sprintf("a whole number, %d or more", low)
	switch {
	case high == low:
		expected = fmt.Sprintf("the number %d", low)
	case high > low:
		expected = fmt.Sprintf("a whole number from %d to %d", low, high)
	}
	if high >= low {
		schema = append(schema, member{"maximum", high})
	}
	read := func(w *walk, at string, n *node) (V, bool) {
		v, err := strconv.ParseInt(n.Value, 10, 64)
		fits := err == nil && n.ShortTag() == "!!int" && plainDigits.MatchString(n.Value) &&
			V(v) >= low && (high < low || V(v) <= high)
		if !fits {
			w.fault(at, n, describe(n), expected)
			return 0, false
		}
		return V(v), true
	}
	return format[V]{expected, schema, read, func(v V) any { return v }}
}

func boolean() format[bool] {
	const expected = "true or false"
	read := func(w *walk, at string, n *node) (bool, bool) {
		v, err := strconv.ParseBool(n.Value)
		if err != nil || n.ShortTag() != "!!bool" {
			w.fault(at, n, describe(n), expected)
			return false, false
		}
		return v, true
	}
	return format[bool]{expected, object{{"type", "boolean"}}, read, func(v bool) any { return v }}
}

// sequence is a list. Where an item has a fault, its place in the answer holds a zero value.
func sequence[V any](items string, element format[V]) format[[]V] {
	expected := "a list of " + items
	read := func(w *walk, at string, n *node) ([]V, bool) {
		if !isList(n) {
			w.fault(at, n, kindOf(n), expected)
			return nil, false
		}
		var all []V
		for i, child := range n.Content {
			v, _ := element.read(w, w.step(item(at, i), child), resolve(child))
			all = append(all, v)
		}
		return all, true
	}
	return format[[]V]{expected: expected, schema: object{{"type", "array"}, {"items", element.schema}}, read: read}
}

// set is a list that holds nothing twice.
func set[V comparable](items string, element format[V]) format[[]V] {
	f := sequence(items, element)
	readAll := f.read
	f.schema = append(f.schema, member{"uniqueItems", true})
	f.read = func(w *walk, at string, n *node) ([]V, bool) {
		all, ok := readAll(w, at, n)
		first, none := map[V]int{}, *new(V)
		for i, v := range all {
			if j, again := first[v]; again && v != none {
				w.fault(item(at, i), resolve(n.Content[i]),
					"the same as "+item(at, j), "each once")
				continue
			}
			first[v] = i
		}
		return all, ok
	}
	return f
}

// some is a list that is not empty.
func some[V any](f format[[]V]) format[[]V] {
	readAny := f.read
	f.schema = append(f.schema, member{"minItems", 1})
	f.expected += ", at least one"
	f.read = func(w *walk, at string, n *node) ([]V, bool) {
		all, ok := readAny(w, at, n)
		if ok && len(all) == 0 {
			w.fault(at, n, "an empty list", f.expected)
		}
		return all, ok
	}
	return f
}

// optional is a value that may be missing: nil.
func optional[V any](f format[V]) format[*V] {
	read := func(w *walk, at string, n *node) (*V, bool) {
		v, ok := f.read(w, at, n)
		return &v, ok
	}
	return format[*V]{expected: f.expected, schema: f.schema, read: read}
}

// step notes where the value of a key stands.
func (w *walk) step(at string, n *node) string {
	w.nodes[at] = resolve(n)
	return at
}
