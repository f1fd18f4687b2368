package snapshot_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// value is a JSON value as a tree of lexemes, from which the slow model of Encoder works.
type value struct {
	kind    byte     // '{', '[', or 0
	lexeme  string   // of a scalar
	names   []string // of an object's members, as they are spelt, quotes included
	members []value  // an object's or array's
}

// write spells the value, with what space answers between the tokens.
func (v value) write(b *strings.Builder, space func() string) {
	b.WriteString(space())
	defer func() { b.WriteString(space()) }()
	if v.kind == 0 {
		b.WriteString(v.lexeme)
		return
	}
	b.WriteByte(v.kind)
	for i, member := range v.members {
		if i > 0 {
			b.WriteByte(',')
		}
		if v.kind == '{' {
			b.WriteString(space() + v.names[i] + space() + ":")
		}
		member.write(b, space)
	}
	if len(v.members) == 0 {
		b.WriteString(space())
	}
	b.WriteByte(v.kind + 2)
}

func (v value) compact() string {
	var b strings.Builder
	v.write(&b, func() string { return "" })
	return b.String()
}

// without is the value less what stands at the pointers; path is where the value stands.
func (v value) without(pointers, path []string) value {
	rest := value{kind: v.kind, lexeme: v.lexeme}
	for i, member := range v.members {
		token := strconv.Itoa(i)
		if v.kind == '{' {
			token = unquoted(v.names[i])
		}
		at := append(slices.Clone(path), token)
		if slices.Contains(pointers, pointer(at)) {
			continue
		}
		if v.kind == '{' {
			rest.names = append(rest.names, v.names[i])
		}
		rest.members = append(rest.members, member.without(pointers, at))
	}
	return rest
}

// collisions adds the names that repeat or differ only in case within an object.
func (v value) collisions(found map[string]bool) {
	for i, name := range v.names {
		for _, before := range v.names[:i] {
			if strings.EqualFold(unquoted(before), unquoted(name)) {
				found[strings.ToLower(unquoted(name))] = true
			}
		}
	}
	for _, member := range v.members {
		member.collisions(found)
	}
}

func pointer(path []string) string {
	var b strings.Builder
	for _, token := range path {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

func unquoted(lexeme string) string {
	var text string
	if err := json.Unmarshal([]byte(lexeme), &text); err != nil {
		panic(err)
	}
	return text
}

// asSent are the options by which jsontext reads and writes lexemes as they are.
var asSent = []jsontext.Options{
	jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true),
}

var errMore = errors.New("more than one value")

// parse cuts a text that is one JSON value into its lexemes.
func parse(text []byte) (value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text), asSent...)
	v, err := parseNext(d)
	if err != nil {
		return value{}, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return value{}, errors.Join(errMore, err)
	}
	return v, nil
}

func parseNext(d *jsontext.Decoder) (v value, err error) {
	switch kind := d.PeekKind(); kind {
	case '{', '[':
		v.kind = byte(kind)
	default:
		raw, err := d.ReadValue()
		return value{lexeme: string(raw)}, err
	}
	if _, err := d.ReadToken(); err != nil {
		return value{}, err
	}
	for d.PeekKind() != jsontext.Kind(v.kind+2) {
		if v.kind == '{' {
			name, err := d.ReadValue()
			if err != nil {
				return value{}, err
			}
			v.names = append(v.names, string(name))
		}
		member, err := parseNext(d)
		if err != nil {
			return value{}, err
		}
		v.members = append(v.members, member)
	}
	_, err = d.ReadToken()
	return v, err
}

var (
	nameLexemes = []string{
		`"a"`, `"A"`, `"\u0061"`, `"b"`, `"k"`, `"\u212a"`, `"K"`, `""`, `"0"`, `"1"`, `"x/y"`, `"x\/Y"`, `"m~n"`, `"~1"`,
		`"é"`, `"É"`, `"\u00e9"`, `"straße"`, `"ſ"`, `"s"`, `"😀"`, `"\ud83d\ude00"`, `"\ud800"`, `"a b"`, `"quote\""`,
		`"PurchaseId"`, `"purchaseID"`,
	}
	scalarLexemes = []string{
		`null`, `true`, `false`, `0`, `-0`, `1`, `0.1000`, `1E5`, `1e+05`, `9007199254740993`, `18446744073709551617`, `1e400`,
		`0.123456789012345678901234567890`,
		`""`, `"text"`, `" a  b "`, `"\u00e9"`, `"é"`, `"\/"`, `"a\nb"`, `"\ud800"`, "\"\u2028\"",
		`"{\"a\" : [1, 2]}"`, `"\\"`, `"\\\""`,
	}
)

// values draws trees of JSON, with names that collide and lexemes that parsers like to change.
func values(depth int) *rapid.Generator[value] {
	return rapid.Custom(func(t *rapid.T) value {
		kinds := []byte{0, 0, '{', '{', '['}
		if depth == 0 {
			kinds = kinds[:1]
		}
		v := value{kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch v.kind {
		case '{':
			v.names = rapid.SliceOfN(rapid.SampledFrom(nameLexemes), 0, 6).Draw(t, "names")
			v.members = rapid.SliceOfN(values(depth-1), len(v.names), len(v.names)).Draw(t, "members")
		case '[':
			v.members = rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "elements")
		default:
			v.lexeme = rapid.SampledFrom(scalarLexemes).Draw(t, "lexeme")
		}
		return v
	})
}

// pointers draws JSON pointers of names that values has.
func pointers() *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		var path []string
		for _, lexeme := range rapid.SliceOfN(rapid.SampledFrom(nameLexemes), 1, 3).Draw(t, "path") {
			path = append(path, unquoted(lexeme))
		}
		return pointer(path)
	}), 0, 4)
}
