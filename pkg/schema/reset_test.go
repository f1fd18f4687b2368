package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"yardstick/pkg/schema"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func observeAll(t *rapid.T, s *schema.Schema, lines []string) {
	for _, line := range lines {
		if err := s.Observe([]byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// However often a Schema was reset, it is as one that has seen only what came after: alone, and merged or compared with others.
func TestAResetSchemaHasSeenNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s schema.Schema
		windows := rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(values(3), values(3), wide), 0, 5), 1, 5).Draw(t, "windows")
		var others schema.Schema
		for _, lines := range windows {
			s.Reset()
			fresh, into, intoFresh := &schema.Schema{}, &schema.Schema{}, &schema.Schema{}
			observeAll(t, &s, lines)
			observeAll(t, fresh, lines)
			if diff := cmp.Diff(text(t, fresh), text(t, &s)); diff != "" {
				t.Fatalf("(-fresh +reset)\n%s", diff)
			}
			if got, want := s.Records(), fresh.Records(); got != want {
				t.Fatalf("%d records, expected %d", got, want)
			}
			if diff := cmp.Diff(schema.Diff(&others, fresh), schema.Diff(&others, &s)); diff != "" {
				t.Fatalf("drift (-fresh +reset)\n%s", diff)
			}
			into.Merge(&others)
			into.Merge(&s)
			intoFresh.Merge(&others)
			intoFresh.Merge(fresh)
			if diff := cmp.Diff(text(t, intoFresh), text(t, into)); diff != "" {
				t.Fatalf("merged (-fresh +reset)\n%s", diff)
			}
			if rapid.Bool().Draw(t, "merge") {
				s.Merge(&others)
				fresh.Merge(&others)
				if diff := cmp.Diff(text(t, fresh), text(t, &s)); diff != "" {
					t.Fatalf("with others merged into it (-fresh +reset)\n%s", diff)
				}
			}
			others.Merge(into)
		}
	})
}

func TestWindowAfterWindowIsObservedWithoutAllocation(t *testing.T) {
	for name, line := range lines {
		s, text := of(t, line), []byte(line)
		if n := testing.AllocsPerRun(100, func() {
			s.Reset()
			for range 3 {
				if err := s.Observe(text); err != nil {
					t.Fatal(err)
				}
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a window", name, n)
		}
	}
}

// A shape is kept over a window that has nothing of it; names that never come again are not kept for ever.
func TestWhatIsKeptOverResetsIsBounded(t *testing.T) {
	s := of(t, lines["purchase"])
	kept := s.Nodes()
	s.Reset()
	s.Reset()
	if got := s.Nodes(); got != kept {
		t.Errorf("%d paths are kept of a shape, expected %d", got, kept)
	}
	for window := range 60 {
		members := []string{}
		for i := range 400 {
			members = append(members, fmt.Sprintf(`"%d of %d":1`, i, window))
		}
		line := `{"by_name":{` + strings.Join(members, ",") + `}}`
		if err := s.Observe([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(spelt(t, of(t, line)), spelt(t, s)); diff != "" {
			t.Fatalf("window %d (-fresh +reset)\n%s", window, diff)
		}
		if n := s.Nodes(); n > 5500 {
			t.Fatalf("%d paths are kept after window %d", n, window)
		}
		s.Reset()
	}
}
