package schema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Kind is what a value is.
type Kind string

// The kinds. The numbers are apart where a type would lose some of them.
const (
	Null          Kind = "null"
	Boolean       Kind = "boolean"
	String        Kind = "string"
	Integer       Kind = "integer"        // spelt without point and exponent, and not beyond 2^53: 64 bits and a double hold it
	Integer64     Kind = "integer_64"     // further, and within 64 bits
	IntegerBeyond Kind = "integer_beyond" // further
	Decimal       Kind = "decimal"        // spelt with a point or exponent; the nearest double is spelt with the same digits
	DecimalBeyond Kind = "decimal_beyond" // has digits that a double has not, or is too large or too small for one
	Object        Kind = "object"
	Array         Kind = "array"
)

const version = 1

type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindString
	kindInteger
	kindInteger64
	kindIntegerBeyond
	kindDecimal
	kindDecimalBeyond
	kindObject
	kindArray
	kinds
)

var kindNames = [kinds]Kind{Null, Boolean, String, Integer, Integer64, IntegerBeyond, Decimal, DecimalBeyond, Object, Array}

// Document is a Schema in a form to be read, as about/schema/<source>/<dataset>.json has it.
type Document struct {
	Version    int        `json:"version"` // 1
	Unreadable Unreadable `json:"unreadable"`
	Value
}

// Value is what is known of the values of one path.
type Value struct {
	Records  int64          `json:"records"`            // that have the path
	Kinds    map[Kind]int64 `json:"kinds"`              // how many values of each kind; those with none are left out
	Open     bool           `json:"open,omitempty"`     // its objects have so many members that their names are data: nothing below is known
	Members  []Member       `json:"members,omitempty"`  // of its objects, in the order of the lines as far as there is one
	Elements *Value         `json:"elements,omitempty"` // of its arrays, all together; nil where none was seen
}

// Member is a member of an object.
type Member struct {
	Name     string `json:"name"`
	Position int    `json:"position"` // the last that it has in an object, from 0
	Value
}

// Count is how many values there are, of all kinds.
func (v Value) Count() (sum int64) {
	for _, n := range v.Kinds {
		sum += n
	}
	return sum
}

// Only says whether there is a value that is not null, and all such are of the given kinds.
func (v Value) Only(kinds ...Kind) bool {
	some := false
	for k := range v.Kinds {
		if k == Null {
			continue
		}
		if !slices.Contains(kinds, k) {
			return false
		}
		some = true
	}
	return some
}

// Records is how many lines were observed.
func (s *Schema) Records() int64 {
	if s.root == nil {
		return 0
	}
	return s.root.records
}

// Unreadable tells the records that some readers cannot take.
func (s *Schema) Unreadable() Unreadable { return s.unreadable }

// Document is all that was seen. It shares nothing with the Schema.
func (s *Schema) Document() Document {
	d := Document{Version: version, Unreadable: s.unreadable, Value: Value{Kinds: map[Kind]int64{}}}
	if s.root != nil {
		d.Value = s.root.value()
	}
	return d
}

func (n *node) value() Value {
	v := Value{Records: n.records, Kinds: map[Kind]int64{}, Open: n.open}
	for k, count := range n.kinds {
		if count > 0 {
			v.Kinds[kindNames[k]] = count
		}
	}
	for _, m := range n.members {
		if m.live {
			v.Members = append(v.Members, Member{Name: m.name, Position: m.position, Value: m.value()})
		}
	}
	slices.SortFunc(v.Members, func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Name, b.Name))
	})
	if n.element != nil && n.element.live {
		elements := n.element.value()
		v.Elements = &elements
	}
	return v
}

// MarshalJSON spells the Document, the same way for all that saw the same lines.
func (s *Schema) MarshalJSON() ([]byte, error) { return json.Marshal(s.Document()) }

// UnmarshalJSON takes what MarshalJSON wrote in place of all that was seen. Lines can be observed on from there. A document of another
// version, or that counts what cannot be, is an error.
func (s *Schema) UnmarshalJSON(text []byte) error {
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("a schema: %w", err)
	}
	if d.Version != version {
		return fmt.Errorf("a schema: found version %d, expected %d", d.Version, version)
	}
	read := Schema{unreadable: d.Unreadable}
	if len(d.Kinds) > 0 {
		read.root = &node{limit: rootLimit}
		if err := read.root.read(d.Value); err != nil {
			return fmt.Errorf("a schema: %w", err)
		}
	}
	*s = read
	return nil
}

func (n *node) read(v Value) error {
	n.live, n.records = true, v.Records
	for name, count := range v.Kinds {
		k := slices.Index(kindNames[:], name)
		if k < 0 || count < 0 {
			return fmt.Errorf("found %d of kind %q, expected a count of one of %q", count, name, kindNames)
		}
		n.kinds[k] = count
	}
	if v.Open {
		n.close()
		return nil
	}
	for _, m := range v.Members {
		if _, twice := n.index[m.Name]; twice || m.Position < 0 {
			return fmt.Errorf("found member %q twice, or at position %d", m.Name, m.Position)
		}
		member := n.member(m.Name)
		member.position = m.Position
		if err := member.read(m.Value); err != nil {
			return err
		}
	}
	if v.Elements != nil {
		n.element = &node{parent: n, limit: memberLimit}
		if err := n.element.read(*v.Elements); err != nil {
			return err
		}
	}
	n.measure()
	return nil
}
