package table

import "strings"

// Kind is what a Type begins with, as Hive spells it.
type Kind string

// The kinds that are needed. A JSON number is a bigint where the vendor says that it is whole, and a double elsewhere.
// Times stay the text that they were sent as. A String also takes what has no type of its own: Athena gives an object or
// a list in a string column as JSON text.
const (
	Bigint  Kind = "bigint"
	Double  Kind = "double"
	Boolean Kind = "boolean"
	String  Kind = "string"
	Array   Kind = "array"
	Struct  Kind = "struct"
)

// Type is the type of a column, or of a part of one. The zero value is no type.
type Type struct {
	Kind    Kind
	Element *Type    // of an array; nil for every other kind
	Members []Column // of a struct; none for every other kind
}

// Column is a column, or a member of a struct. Its name is lower case, and the member's in a line unless it is Renamed.
type Column struct {
	Name    string
	Type    Type
	Renamed bool
	Member  string // the member's name, which may be empty, where it is Renamed
}

// String is the type as Hive and Glue spell it: array<struct<id:bigint,name:string>>.
func (t Type) String() string {
	switch {
	case t.Element != nil:
		return string(t.Kind) + "<" + t.Element.String() + ">"
	case len(t.Members) > 0:
		members := make([]string, len(t.Members))
		for i, m := range t.Members {
			members[i] = m.Name + ":" + m.Type.String()
		}
		return string(t.Kind) + "<" + strings.Join(members, ",") + ">"
	}
	return string(t.Kind)
}

func typed(name string, of Type) Column { return Column{Name: name, Type: of} }

func bigint(name string) Column  { return typed(name, Type{Kind: Bigint}) }
func double(name string) Column  { return typed(name, Type{Kind: Double}) }
func boolean(name string) Column { return typed(name, Type{Kind: Boolean}) }
func text(name string) Column    { return typed(name, Type{Kind: String}) }
func texts(name string) Column   { return list(name, Type{Kind: String}) }

func list(name string, element Type) Column {
	return typed(name, Type{Kind: Array, Element: &element})
}

func object(members ...Column) Type { return Type{Kind: Struct, Members: members} }
