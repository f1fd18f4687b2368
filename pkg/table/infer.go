package table

import (
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/schema"
)

// Infer is the table with the columns that its lines call for: those that it has, then the members that it does not know,
// in the order of the lines. A column keeps its type as long as that takes every value that was seen; else, and where it
// is new, the type is the narrowest that loses none:
//
//   - bigint: whole numbers within 64 bits, spelt without point and exponent.
//   - double: numbers, if each is spelt with the digits that the nearest double is spelt with (2.8200 is; zeros at the
//     end are no digits), and whole ones are not beyond 2^53. Money of up to 15 digits thus is a double, and is shown as
//     it was sent; to add it up to the cent, cast it to decimal first.
//   - boolean: nothing but booleans.
//   - array, struct: nothing but arrays, or objects, and their parts are of such types in turn. An object that is wide as
//     a dictionary, has no member, or has two that differ only in case is no struct.
//   - string: all else. Texts stay as they are and numbers are spelt out; an object or array is JSON text.
//
// Null and a missing member are NULL in every type. What readers do of their own, and why not decimal: OpenX (as Trino has
// it: lib/trino-hive-formats, openxjson) makes what does not fit a bigint NULL without a word, renders a number in a
// string column by BigDecimal, and rounds a decimal column to its scale, which no schema can foresee. DuckDB 2.0 reads
// numbers by way of double even into DECIMAL and VARCHAR, whole ones beyond 64 bits excepted; so its snippet puts those
// that a double cannot hold in quotes before they are read. pandas makes a whole column float64 where one value is missing; its snippet
// names nullable types.
//
// A table of lines that are not all objects, or of none, stays as it is. So does the order of the columns that it has.
func (t Table) Infer(d schema.Document) Table {
	if !d.Only(schema.Object) || d.Kinds[schema.Null] > 0 || d.Open || len(d.Members) == 0 {
		return t
	}
	known := t.Columns
	if t.Lines() {
		known = nil
	}
	n := newNames(t, d.Value)
	t.Columns = n.columns(known, d.Members)
	return t
}

// Key is the name of the column's member in a line.
func (c Column) Key() string {
	if c.Renamed {
		return c.Member
	}
	return c.Name
}

// columns are the known ones, with the types that what was seen calls for, and those of the other members.
func (n *names) columns(known []Column, members []schema.Member) []Column {
	seen := map[string]schema.Value{}
	for _, m := range members {
		seen[m.Name] = m.Value
	}
	columns := make([]Column, 0, len(members))
	has := map[string]bool{}
	for _, c := range known {
		c.Type = n.resolve(&c.Type, seen[c.Key()])
		has[c.Key()] = true
		columns = append(columns, c)
	}
	for _, m := range members {
		if has[m.Name] {
			continue
		}
		c := Column{Name: n.of[m.Name], Type: n.resolve(nil, m.Value)}
		if c.Name != m.Name {
			c.Renamed, c.Member = true, m.Name
		}
		columns = append(columns, c)
	}
	return columns
}

// resolve is the type of what was seen: the known one (nil: none is) if it takes that, else the narrowest.
func (n *names) resolve(known *Type, v schema.Value) Type {
	if known == nil {
		known = &Type{}
	}
	for _, scalar := range [...]struct {
		kind  Kind
		takes []schema.Kind
	}{
		{Boolean, []schema.Kind{schema.Boolean}},
		{Bigint, []schema.Kind{schema.Integer, schema.Integer64}},
		{Double, []schema.Kind{schema.Integer, schema.Decimal}},
	} {
		if v.Only(scalar.takes...) && (known.Kind == scalar.kind || known.Kind == "" || !takes(*known, v)) {
			return Type{Kind: scalar.kind}
		}
	}
	switch {
	case takes(*known, v):
		return *known
	case v.Only(schema.Array) && known.Kind != String:
		element := n.resolve(known.Element, elements(v))
		return Type{Kind: Array, Element: &element}
	case v.Only(schema.Object) && known.Kind != String && plain(v):
		return Type{Kind: Struct, Members: n.columns(known.Members, v.Members)}
	}
	return Type{Kind: String}
}

func elements(v schema.Value) schema.Value {
	if v.Elements == nil {
		return schema.Value{}
	}
	return *v.Elements
}

// takes says whether a scalar type takes all that was seen. Any type takes nothing, or nulls.
func takes(t Type, v schema.Value) bool {
	if v.Count() == v.Kinds[schema.Null] {
		return t.Kind != ""
	}
	switch t.Kind {
	case String:
		return true
	case Boolean:
		return v.Only(schema.Boolean)
	case Bigint:
		return v.Only(schema.Integer, schema.Integer64)
	case Double:
		return v.Only(schema.Integer, schema.Decimal)
	}
	return false
}

// plain says whether objects can be a struct.
func plain(v schema.Value) bool {
	seen := map[string]bool{}
	for _, m := range v.Members {
		folded := strings.ToLower(m.Name)
		if seen[folded] {
			return false
		}
		seen[folded] = true
	}
	return !v.Open && len(v.Members) > 0
}

// names gives each member's name one column name of lower case, at every depth the same: the mapping of names that OpenX
// takes is one for all depths.
type names struct {
	of    map[string]string
	taken map[string]bool
}

func newNames(t Table, v schema.Value) *names {
	n := &names{of: map[string]string{}, taken: map[string]bool{}}
	for _, c := range t.Partitions() {
		n.taken[c.Name] = true
	}
	if !t.Lines() {
		n.keep(t.Columns)
	}
	for level := []schema.Value{v}; len(level) > 0; {
		var below []schema.Value
		for _, v := range level {
			for _, m := range v.Members {
				n.name(m.Name)
				below = append(below, m.Value)
			}
			if v.Elements != nil {
				below = append(below, *v.Elements)
			}
		}
		level = below
	}
	return n
}

// keep reserves the names of columns that are known.
func (n *names) keep(columns []Column) {
	for _, c := range columns {
		n.of[c.Key()], n.taken[c.Name] = c.Name, true
		n.keep(c.Type.Members)
		if c.Type.Element != nil {
			n.keep(c.Type.Element.Members)
		}
	}
}

// longestName leaves room for a number below the 255 bytes that Glue takes.
const longestName = 240

// name chooses the column name of a member.
func (n *names) name(member string) {
	if n.of[member] != "" {
		return
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, member)
	if plain == "" {
		plain = "_"
	}
	plain = plain[:min(len(plain), longestName)]
	chosen := plain
	for i := 2; n.taken[chosen]; i++ {
		chosen = fmt.Sprintf("%s_%d", plain, i)
	}
	n.of[member], n.taken[chosen] = chosen, true
}

// mapping are all members, at any depth, whose column has another name: column and member, in the columns' order.
func mapping(columns []Column) (pairs [][2]string) {
	for _, c := range columns {
		if pair := [2]string{c.Name, c.Member}; c.Renamed && !slices.Contains(pairs, pair) {
			pairs = append(pairs, pair)
		}
		of := c.Type
		for of.Element != nil {
			of = *of.Element
		}
		for _, pair := range mapping(of.Members) {
			if !slices.Contains(pairs, pair) {
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}
