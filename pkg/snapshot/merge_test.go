package snapshot

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sharing is a text that has its beginning in common with others, is one's beginning, or is longer than what is read at a
// time.
func sharing(t *rapid.T) string {
	text := strings.Repeat("the same ", rapid.SampledFrom([]int{0, 0, 1, 1, 1, 2, 5}).Draw(t, "same"))
	text += rapid.OneOf(rapid.StringMatching("[ab~]{0,12}"), rapid.SampledFrom([]string{"", "a", "ab", "abababab"})).Draw(t, "own")
	if rapid.IntRange(0, 60).Draw(t, "is long") == 0 {
		text += strings.Repeat("long", leastRead/2)
	}
	return text
}

// sorterModel is a list of lines beside a sorter and its last block.
type sorterModel struct {
	sorter *sorter
	block  []byte
	full   int
	lines  []string
}

func (m *sorterModel) step(t *rapid.T) {
	var err error
	if rapid.IntRange(0, 15).Draw(t, "what") == 0 {
		m.lines = m.lines[:rapid.IntRange(0, len(m.lines)).Draw(t, "left")]
		err = m.sorter.rollback(int64(len(strings.Join(m.lines, ""))), &m.block)
	} else {
		line := sharing(t) + "\n"
		if rapid.IntRange(0, 8).Draw(t, "highest") == 0 {
			line = strings.Repeat("\xff", rapid.IntRange(7, 10).Draw(t, "length")) + "\n"
		}
		m.lines, m.block = append(m.lines, line), append(m.block, line...)
		if len(m.block) >= m.full {
			err = m.sorter.keep(&m.block)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a sorter gives out are the lines of this window and none of an earlier one, which the file has still.
func TestASorterGivesItsLinesInOrderOrAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := sorterModel{sorter: &sorter{}}
		defer func() { _ = m.sorter.close() }()
		for range rapid.IntRange(1, 3).Draw(t, "windows") {
			m.full = rapid.IntRange(1, 200).Draw(t, "full")
			m.block, m.lines = m.block[:0], m.lines[:0]
			for range rapid.IntRange(0, 80).Draw(t, "steps") {
				m.step(t)
			}
			var got []string
			take := func(line []byte) error { got = append(got, string(line)); return nil }
			var err error
			if rapid.Bool().Draw(t, "in order") {
				slices.Sort(m.lines)
				var repeats bool
				repeats, err = m.sorter.merge(m.block, take)
				if want := len(slices.Compact(slices.Clone(m.lines))) < len(m.lines); repeats != want {
					t.Fatalf("lines repeat: %v, expected %v of %q", repeats, want, m.lines)
				}
			} else {
				err = m.sorter.each(m.block, take)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, m.lines) {
				t.Fatalf("got %q, expected %q", got, m.lines)
			}
			if err := m.sorter.empty(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// filled is a sorter with so many lines of a megabyte, each of them a run.
func filled(t *testing.T, s *sorter, lines int) {
	for i := range lines {
		block := append(bytes.Repeat([]byte{'a' + byte(i%7)}, 1<<20-1), '\n')
		if err := s.keep(&block); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
}

func TestASorterKeepsItsFileAndGivesBackWhatIsLong(t *testing.T) {
	s := &sorter{folder: t.TempDir()}
	for _, c := range []struct{ lines, kept int64 }{{2, 2 << 20}, {keptSize>>20 + 2, keptSize}, {1, keptSize}} {
		kept := s.file
		filled(t, s, int(c.lines))
		if kept != nil && kept != s.file {
			t.Error("another file, expected the first one")
		}
		if err := s.empty(); err != nil {
			t.Fatal(err)
		}
		if info, err := s.file.Stat(); err != nil || info.Size() != c.kept {
			t.Errorf("%v, %v; expected a file of %d", info, err, c.kept)
		}
	}
	file := s.file
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Stat(); err == nil {
		t.Error("the file is open, expected it to be closed with the sorter")
	}
}

func TestWhatFailsInASortersFileIsTold(t *testing.T) {
	ignore := func([]byte) error { return nil }
	merge := func(s *sorter) error { _, err := s.merge(nil, ignore); return err }
	for name, c := range map[string]struct {
		spoil func(*os.File) error
		want  string
	}{
		"closed": {(*os.File).Close, os.ErrClosed.Error()},
		"short":  {func(f *os.File) error { return f.Truncate(3<<20 - 1) }, io.EOF.Error()},
	} {
		s := &sorter{folder: t.TempDir()}
		filled(t, s, 3)
		if err := c.spoil(s.file); err != nil {
			t.Fatal(err)
		}
		var block []byte
		for what, err := range map[string]error{
			"merge":    merge(s),
			"each":     s.each(nil, ignore),
			"rollback": s.rollback(2<<20+10, &block),
		} {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v; expected %q", name, what, err, c.want)
			}
		}
		_ = s.close()
	}
}

func TestAFileThatCannotBeWrittenIsToldOfByTheNextCallAndGivenUp(t *testing.T) {
	s := &sorter{folder: t.TempDir()}
	filled(t, s, 1)
	if err := s.file.Close(); err != nil {
		t.Fatal(err)
	}
	block := []byte("a\n")
	if err := s.keep(&block); err != nil {
		t.Fatal(err)
	}
	if _, err := s.merge(nil, func([]byte) error { return nil }); err == nil {
		t.Error("no error, expected that of the file")
	}
	if err := s.empty(); err == nil {
		t.Error("no error, expected that of closing it twice")
	}
	filled(t, s, 1)
	if err := s.close(); err != nil {
		t.Error(err)
	}
}
