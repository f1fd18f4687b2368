package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// node is one value of the text, with its place and its spelling.
type node = yaml.Node

// walk goes through the text once and gathers what is wrong.
type walk struct {
	faults []placed
	nodes  map[string]*node // every value that was looked at, by its key
}

const oneDocument = "one YAML or JSON document with version, bucket and at least one account"

// top parses the text and answers the value of its one document, or nil if there is none.
func (w *walk) top(text []byte) *node {
	decoder := yaml.NewDecoder(bytes.NewReader(plainJSON(text)))
	var first, second node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		w.fault("", &node{Line: 1, Column: 1}, "an empty text", oneDocument)
		return nil
	} else if err != nil {
		w.syntax(err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		w.fault("", &second, "a second document", oneDocument)
	} else if !errors.Is(err, io.EOF) {
		w.syntax(err)
	}
	return first.Content[0]
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax tells what the YAML parser stumbled over. JSON is YAML too.
func (w *walk) syntax(err error) {
	at := node{Line: 1}
	said := syntaxLine.ReplaceAllString(err.Error(), "")
	if strings.HasPrefix(said, "unknown anchor") { // it would name what may be a secret that begins with a star
		said = "an alias (*) without its anchor (&)"
	}
	found := "text that cannot be read: " + printable(said)
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		at.Line, _ = strconv.Atoi(m[1])
		found += ", near line " + m[1]
	}
	w.fault("", &at, found, oneDocument)
}

// plainJSON respells what JSON may escape and YAML's parser does not know: a slash, and the pairs of \u escapes by
// which characters above U+FFFF are written. Text that is not JSON is left alone.
func plainJSON(text []byte) []byte {
	if !bytes.Contains(text, []byte{'\\'}) || !json.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		pair := utf16.DecodeRune(escaped(text[i:]), escaped(text[min(i+6, len(text)):]))
		switch {
		case pair != utf8.RuneError:
			out = utf8.AppendRune(out, pair)
			i += 12
		case bytes.HasPrefix(text[i:], []byte(`\/`)):
			out = append(out, '/')
			i += 2
		case text[i] == '\\': // what follows belongs to it, another backslash too
			out = append(out, text[i:i+2]...)
			i += 2
		default:
			out = append(out, text[i])
			i++
		}
	}
	return out
}

// escaped is the UTF-16 unit whose \u escape text begins with, or utf8.RuneError.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return utf8.RuneError
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(unit)
}

// resolve follows an alias to the value that it stands for.
func resolve(n *node) *node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// isText says that n can be taken as text. Numbers and dates can, as they are spelt: account: 007 is "007". What YAML
// reads as true, false or nothing is not meant as text.
func isText(n *node) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!timestamp":
		return true
	}
	return false
}

// isMapping and isList say what n is. A tag can claim another kind than the one that is written.
func isMapping(n *node) bool { return n.Kind == yaml.MappingNode && n.ShortTag() == "!!map" }
func isList(n *node) bool    { return n.Kind == yaml.SequenceNode && n.ShortTag() == "!!seq" }

// kindOf names the kind of a value and not the value, which may be a secret.
func kindOf(n *node) string {
	switch {
	case isMapping(n):
		return "a mapping"
	case isList(n):
		return "a list"
	case n.Kind != yaml.ScalarNode:
		return "a tagged value"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!str", "!!timestamp", "!!merge":
		return "a text"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	default:
		return "a tagged value"
	}
}

// describe tells a value as it stands: texts in quotes, all else as it is spelt.
func describe(n *node) string {
	switch {
	case isText(n) && n.ShortTag() == "!!str":
		return quoted(n.Value)
	case isText(n), n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool":
		return printable(n.Value)
	default:
		return kindOf(n)
	}
}

// shown is how many characters of a value a fault shows at most.
const shown = 60

func cut(s string) string {
	if utf8.RuneCountInString(s) <= shown {
		return s
	}
	return string([]rune(s)[:shown-3]) + "..."
}

func quoted(s string) string { return strconv.Quote(cut(s)) }

// printable is s in one line.
func printable(s string) string {
	q := quoted(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
