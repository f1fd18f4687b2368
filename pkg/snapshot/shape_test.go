package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What an Encoder remembers of earlier records changes nothing of what it makes of a record.
func TestAnEncoderThatKnowsShapesIsAsOneThatKnowsNone(t *testing.T) {
	names := []string{"a", "A", "b", "c", "d", "e", `\u0061`, "é", "É", "f", "g", "h", "i", "j"}
	rapid.Check(t, func(t *rapid.T) {
		pointers := []string{"/b", "/c/a"}[:rapid.IntRange(0, 2).Draw(t, "pointers")]
		used, err := NewEncoder(pointers)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range rapid.IntRange(1, 30).Draw(t, "records") {
			record := "{"
			for i, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 6).Draw(t, "names") {
				if i > 0 {
					record += ","
				}
				record += fmt.Sprintf(`"%s"%s:%s`, name, rapid.SampledFrom([]string{"", " "}).Draw(t, "space"),
					rapid.SampledFrom([]string{`1`, `{"a":1,"b":2}`, `{"b":{"B":1}}`, `[{"A":1,"a":2}]`}).Draw(t, "value"))
			}
			record += "}"
			fresh, err := NewEncoder(pointers)
			if err != nil {
				t.Fatal(err)
			}
			want, wantErr := fresh.Line(nil, []byte(record))
			got, err := used.Line(nil, []byte(record))
			if string(got) != string(want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%s: %s, %v; expected %s, %v", record, got, err, want, wantErr)
			}
			for _, name := range fresh.Collisions() {
				seen[name] = true
			}
			if len(seen) != len(used.Collisions()) {
				t.Fatalf("%s: %q collide, expected %v", record, used.Collisions(), seen)
			}
		}
	})
}

// Names that differ all the time are no more than some to remember, and collisions are seen all the same.
func TestAShapeDoesNotGrowWithoutEnd(t *testing.T) {
	e := &Encoder{}
	line := make([]byte, 0, 1<<20)
	for i := range 2 * maxNodes {
		record := fmt.Sprintf(`{"x%d":1,"%s":2,"y%d":{"z":3}}`, i%7, strings.Repeat("n", i), i)
		if _, err := e.Line(line, []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if e.shape.nodes > maxNodes {
		t.Errorf("%d names are remembered", e.shape.nodes)
	}
	for _, record := range []string{`{"x1":1,"other":2,"X1":3}`, `{"new":1,"x2":2,"NEW":3}`} {
		if _, err := e.Line(line, []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Collisions(); !slices.Equal(got, []string{"new", "x1"}) {
		t.Errorf("%q collide", got)
	}
	full := []byte(`{"x1":1,"y900000":{"w":1},"q":[{"r":1}]}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = e.Line(line, full) }); n != 0 {
		t.Errorf("%v allocations for a record of a new shape", n)
	}
}
