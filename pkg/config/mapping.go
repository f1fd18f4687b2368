package config

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping is the format of a mapping that is read into a T: a table of its keys.
type mapping[T any] struct {
	initial func() T // what an empty mapping stands for; nil: a zero T
	keys    []key[T]
	others  *others[T] // keys with names of people's own; nil: there are none
	also    object     // what the schema says beside the keys
	// check finds what no key can tell alone. Where a key has a fault, its place in from is as initial left it.
	check func(w *walk, at string, from *T)
}

// key is one key of a mapping.
type key[T any] struct {
	name, about string
	required    bool
	expected    string
	schema      object
	initial     func(from *T) any // its default as the schema spells it; nil: none is named
	read        func(w *walk, at string, n *node, into *T)
}

// others are the keys of a mapping that no table can list.
type others[T any] struct {
	expected string // what their names look like
	names    object // the JSON Schema of their names
	fits     func(name string) bool
	key      func(name string) key[T]
}

// entry is a key whose value has format f and goes to the place that at points to.
func entry[T, V any](name string, f format[V], about string, at func(*T) *V) key[T] {
	k := key[T]{name: name, about: about, expected: f.expected, schema: f.schema}
	if f.spell != nil {
		k.initial = func(from *T) any { return f.spell(*at(from)) }
	}
	k.read = func(w *walk, path string, n *node, into *T) {
		if v, ok := f.read(w, path, n); ok {
			*at(into) = v
		}
	}
	return k
}

// choice is a key of a mapping by name.
func choice[V any](name string, f format[V], about string) key[map[string]V] {
	return key[map[string]V]{name: name, about: about, expected: f.expected, schema: f.schema,
		read: func(w *walk, path string, n *node, into *map[string]V) {
			if v, ok := f.read(w, path, n); ok {
				(*into)[name] = v
			}
		}}
}

// must makes a key required.
func (k key[T]) must() key[T] {
	k.required, k.initial = true, nil
	return k
}

// lift makes keys of a part into keys of what it is part of.
func lift[Outer, Inner any](keys []key[Inner], part func(*Outer) *Inner) []key[Outer] {
	var lifted []key[Outer]
	for _, k := range keys {
		l := key[Outer]{name: k.name, about: k.about, required: k.required, expected: k.expected, schema: k.schema,
			read: func(w *walk, at string, n *node, into *Outer) { k.read(w, at, n, part(into)) }}
		if k.initial != nil {
			l.initial = func(from *Outer) any { return k.initial(part(from)) }
		}
		lifted = append(lifted, l)
	}
	return lifted
}

func (m mapping[T]) format() format[T] {
	return format[T]{expected: "a mapping with " + m.names(), schema: m.schema(), read: m.read}
}

// names lists what may stand in the mapping.
func (m mapping[T]) names() string {
	var names []string
	for _, k := range m.keys {
		names = append(names, k.name)
	}
	if m.others != nil {
		names = append(names, m.others.expected)
	}
	return strings.Join(names, ", ")
}

func (m mapping[T]) start() (v T) {
	if m.initial != nil {
		return m.initial()
	}
	return v
}

func (m mapping[T]) read(w *walk, at string, n *node) (T, bool) {
	v := m.start()
	if !isMapping(n) {
		w.fault(at, n, kindOf(n), "a mapping with "+m.names())
		return v, false
	}
	lines := map[string]int{}
	for i := 0; i < len(n.Content); i += 2 {
		name, child := resolve(n.Content[i]), n.Content[i+1]
		if k, ok := m.find(w, at, name); ok && w.once(at, name, lines) {
			path := below(at, k.name)
			k.read(w, w.step(path, child), resolve(child), &v)
		}
	}
	for _, k := range m.keys {
		if lines[k.name] == 0 && k.required {
			w.fault(below(at, k.name), n, "nothing", k.expected)
		}
	}
	if m.check != nil {
		m.check(w, at, &v)
	}
	return v, true
}

// find is the key that a name stands for. A name that stands for none is a fault; its value is never looked at, since
// it may be a secret.
func (m mapping[T]) find(w *walk, at string, name *node) (k key[T], ok bool) {
	switch {
	case name.Kind != yaml.ScalarNode:
		w.fault(at, name, kindOf(name)+" in place of a key", "one of "+m.names())
		return k, false
	case name.ShortTag() == "!!merge":
		w.fault(below(at, name.Value), name, "a merge of mappings", "each key written out")
		return k, false
	}
	for _, k := range m.keys {
		if k.name == name.Value {
			return k, true
		}
	}
	if m.others != nil && m.others.fits(name.Value) {
		return m.others.key(name.Value), true
	}
	w.fault(below(at, name.Value), name, "an unknown key", "one of "+m.names())
	return k, false
}

// once says whether a key comes up for the first time. Twice is a fault.
func (w *walk) once(at string, name *node, lines map[string]int) bool {
	if first := lines[name.Value]; first != 0 {
		w.fault(below(at, name.Value), name, fmt.Sprintf("the key again, after line %d", first), "each key once")
		return false
	}
	lines[name.Value] = name.Line
	return true
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// below is the path of a key in the mapping at a path. A name that might be a secret in the wrong place is not shown.
func below(at, name string) string {
	switch {
	case strings.HasPrefix(name, webhookSecretPrefix):
		name = webhookSecretPrefix + "..."
	case !plainName.MatchString(name):
		name = "[" + quoted(name) + "]"
		return at + name
	default:
		name = cut(name)
	}
	if at == "" {
		return name
	}
	return at + "." + name
}
