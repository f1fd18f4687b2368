package snapshot_test

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"yardstick/pkg/snapshot"
)

// FuzzLine holds Line to its word for any bytes: no panic, no line's end inside a line, and what is JSON stays the same
// tokens, less what the pointer names.
func FuzzLine(f *testing.F) {
	f.Fuzz(func(t *testing.T, record []byte, omit string) {
		var pointers []string
		e, err := snapshot.NewEncoder([]string{omit})
		if err == nil {
			pointers = []string{omit}
		} else {
			e = new(snapshot.Encoder)
		}
		sent := bytes.Clone(record)
		got, err := e.Line(nil, record)
		if !bytes.Equal(sent, record) {
			t.Fatalf("the record %q became %q", sent, record)
		}
		if bytes.ContainsAny(got, "\r\n") {
			t.Fatalf("%q became %q, which is more than a line", record, got)
		}
		if err == nil {
			if again, err := new(snapshot.Encoder).Line(nil, got); err != nil || !bytes.Equal(again, got) {
				t.Fatalf("the line %q became %q, %v", got, again, err)
			}
		}
		if !jsontext.Value(record).IsValid(asSent...) {
			return
		}
		if err != nil {
			t.Fatalf("%q was refused: %v", record, err)
		}
		tree, err := parse(record)
		if err != nil {
			t.Fatal(err)
		}
		if want := tree.without(pointers, nil).compact(); string(got) != want {
			t.Fatalf("%q less %q became %q, expected %q", record, omit, got, want)
		}
	})
}
