package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// judge is what jsontext says of the value that a text begins with: where it ends, or that it does not.
func judge(text []byte) (end int, err error) {
	d := lenient(text)
	if _, err := d.ReadValue(); err != nil {
		return 0, err
	}
	return int(d.InputOffset()), nil
}

// deepest is how deep a text is nested at most, counted by its brackets.
func deepest(text []byte) int { return bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{")) }

// A scan takes what jsontext takes, to the same end, and calls nothing broken that could still become JSON.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[1,{"c":null}],"d":{}}`, ` [ 1 , "x" , {} , [] ] x`, `{"a":"\u00e9\/\"","a":2}`, "\"\xff\x7f\"", `-0.5e+10`, `01`, `1.`, `1e`, `-`,
		`tru`, `trux`, `nul`, `false `, `{"a"}`, `{"a":}`, `{,}`, `[,]`, `[1,]`, `{"a":1,}`, `[1}`, `{"a":1]`, `"\u12g4"`, `"\x"`, "\"\x1f\"", `"12345678\"12345678"`, "\"1234567\x01", `]`, ``,
		strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat(`{"a":`, 64) + `1` + strings.Repeat("}", 64)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		begin := blank(text, 0)
		got := scan(text, begin)
		want, err := judge(text)
		switch {
		case err == nil && got != want && !(got == broken && deepest(text) > maxScan):
			t.Fatalf("%q: %d, expected %d", text, got, want)
		case err == nil:
			return
		case got >= 0:
			t.Fatalf("%q: taken up to %d, and refused: %v", text, got, err)
		}
		early := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
		if early && got == broken && deepest(text) <= maxScan {
			t.Fatalf("%q: broken, and it only ends too early: %v", text, err)
		}
	})
}

// The texts of every length at which words of eight bytes end.
func TestAScanFindsTheEndOfStringsOfAnyLength(t *testing.T) {
	for length := range 40 {
		for _, tail := range []string{`"`, `" , 1`, `\n"`, `\u0041"x`, `é"`, "\xff\"", `\\"`, `\"" "`} {
			text := []byte(`"` + strings.Repeat("a", length) + tail)
			want, err := judge(text)
			if got := scan(text, 0); err != nil || got != want {
				t.Errorf("%s: %d, expected %d, %v", text, got, want, err)
			}
		}
		for _, tail := range []string{"\n\"", "\x00", `\q"`, `\u00g0"`, "", `\`, `\u00`, "\x1f"} {
			text := []byte(`"` + strings.Repeat("~", length) + tail)
			if got := scan(text, 0); got >= 0 {
				t.Errorf("%q: taken up to %d", text, got)
			}
		}
	}
}

// A tree tells what Document, Members and Elements tell of the same bytes, errors and all.
func FuzzTree(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[1,{"c":null}],"d":{"e":[[]],"f":{}}}`, bom + ` { "a" : { "b" : [ 1 , 2 ] } , "a" :2 } `, `[1,{"a":[]}]`, `[]`, `{}`, `7`, `"x`, `{"a":1]`,
		`{"a" 1}`, `{"a":}`, `{"\ud800:":{"x\":":1}}`, `{} x`, ``, `{"a":[1,]}`, `{"a":[1`, `[1 2]`, `{"a":1 "b":2}`,
		strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat(`{"a":`, 80) + `[1]` + strings.Repeat("}", 80)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tree, err := Tree(body)
		whole, wantErr := Document(body)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !bytes.Equal(tree.Value, whole) {
			t.Fatalf("%q: %q, %v; expected %q, %v", body, tree.Value, err, whole, wantErr)
		}
		if err == nil {
			sameParts(t, tree)
		}
	})
}

// sameParts holds a node's parts against those that its value is cut into by itself.
func sameParts(t *testing.T, n Node) {
	t.Helper()
	elements, err := n.Elements()
	want, wantErr := Elements(n.Value)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || !slices.EqualFunc(elements, want, func(a, b jsontext.Value) bool { return bytes.Equal(a, b) }) {
		t.Fatalf("%q: %q, %v; expected %q, %v", n.Value, elements, err, want, wantErr)
	}
	members, err := n.Members()
	all, wantErr := Members(n.Value)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || !slices.EqualFunc(members, all, func(a Node, b Member) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }) {
		t.Fatalf("%q: %v, %v; expected %v, %v", n.Value, members, err, all, wantErr)
	}
	for _, m := range members {
		sameParts(t, m)
	}
}
