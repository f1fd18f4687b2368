package snapshot

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// told counts how often an observer was shown each line since it was reset.
type told struct {
	times    map[string]int
	followed string
}

func (t *told) Observe(line []byte) { t.times[string(line)]++ }
func (t *told) Reset()              { clear(t.times) }

// Follow takes what it was shown before.
func (t *told) Follow(head, text []byte) (found Found) {
	if t.followed = string(head) + string(text); t.times[t.followed] > 0 {
		found.Length = len(text)
	}
	return found
}

func (t *told) Leave() {}

func (t *told) Keep() { t.times[t.followed]++ }

// A spool that knows from the beginning that its lines will be sorted holds what one holds that is told at the end.
func TestASortedSpoolIsWhatASortedListIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spool, err := NewSpool("")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = spool.Close() }()
		observer := &told{times: map[string]int{}}
		spool.full = rapid.IntRange(1, 60).Draw(t, "block")
		spool.Sorted, spool.Observer = true, observer
		if err := spool.Begin(&Encoder{}); err != nil {
			t.Fatal(err)
		}
		m := sortedModel{spool: spool, marks: []place{{}}}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			m.step(t)
		}
		slices.Sort(m.lines)
		for range rapid.IntRange(0, 2).Draw(t, "asked to sort") {
			m.sort(t)
		}
		m.holds(t)
		if err := spool.Observed(); err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for _, line := range m.lines {
			want[line]++
		}
		if fmt.Sprint(observer.times) != fmt.Sprint(want) {
			t.Fatalf("shown %v, expected %v", observer.times, want)
		}
	})
}

type place struct {
	mark Mark
	rows int
}

// sortedModel is a list of lines beside a spool.
type sortedModel struct {
	spool *Spool
	lines []string
	marks []place
}

func (m *sortedModel) step(t *rapid.T) {
	var err error
	switch rapid.IntRange(0, 12).Draw(t, "what") {
	case 0:
		var mark Mark
		mark, err = m.spool.Mark()
		m.marks = append(m.marks, place{mark, len(m.lines)})
	case 1:
		i := rapid.IntRange(0, len(m.marks)-1).Draw(t, "mark")
		err = m.spool.Rollback(m.marks[i].mark)
		m.lines, m.marks = m.lines[:m.marks[i].rows], m.marks[:i+1]
	case 2:
		if len(m.lines) > 0 && rapid.IntRange(0, 4).Draw(t, "drops") == 0 {
			i := rapid.IntRange(0, len(m.lines)-1).Draw(t, "line")
			err = m.spool.Drop([]int64{int64(i)})
			m.lines, m.marks = slices.Delete(m.lines, i, i+1), m.marks[:1]
		}
	case 3:
		if rapid.IntRange(0, 4).Draw(t, "saves") == 0 {
			var saved io.Reader
			if saved, err = m.spool.Save(Unfinished{}); err == nil {
				_, err = m.spool.Restore(saved)
			}
			m.marks = m.marks[:1]
		}
	case 4:
		if rapid.IntRange(0, 4).Draw(t, "sorts") == 0 {
			slices.Sort(m.lines)
			m.sort(t)
			m.marks = m.marks[:1]
		}
	default:
		line := fmt.Sprintf(`{"same":%q,"n":%d}`, sharing(t), rapid.IntRange(0, 120).Draw(t, "n"))
		_, err = m.spool.Append([]byte(line))
		m.lines = append(m.lines, line)
	}
	if err != nil {
		t.Fatal(err)
	}
	if m.spool.Rows() != int64(len(m.lines)) {
		t.Fatalf("%d rows, expected %d", m.spool.Rows(), len(m.lines))
	}
}

// sort has the spool sort its lines, and compares what it tells of them.
func (m *sortedModel) sort(t *rapid.T) {
	want := len(slices.Compact(slices.Clone(m.lines))) < len(m.lines)
	if repeats, err := m.spool.Sort(); err != nil || repeats != want {
		t.Fatalf("lines repeat: %v, %v; expected %v of %q", repeats, err, want, m.lines)
	}
}

// holds finishes the spool and compares the lines.
func (m *sortedModel) holds(t *rapid.T) {
	content, err := m.spool.Finish()
	if err != nil {
		t.Fatal(err)
	}
	body, err := m.spool.Body()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := eachLine(body, func(line []byte) error { got.Write(line); return nil }); err != nil {
		t.Fatal(err)
	}
	want := strings.Join(m.lines, "\n")
	if len(m.lines) > 0 {
		want += "\n"
	}
	if got.String() != want || content.Rows != int64(len(m.lines)) || content.Bytes != int64(len(want)) {
		t.Fatalf("%+v\n%s\nexpected\n%s", content, got.String(), want)
	}
}
