package snapshot

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
)

// leastRead is how many bytes of a run are read at a time, at least. More is not faster.
const leastRead = 8 << 10

// merge gives out the lines of heads, each of which is sorted, in order, and tells whether some are equal. A line is only
// good until write returns.
func merge(heads []*head, write func(line []byte) error) (repeats bool, err error) {
	heads = slices.DeleteFunc(heads, func(h *head) bool { return len(h.lines) == 0 })
	for _, h := range heads {
		if err := h.next(0); err != nil {
			return false, err
		}
	}
	same := sameOf(heads)
	t := tree{losers: make([]*head, len(heads)), same: same}
	for i, h := range heads {
		h.key, h.leaf = key(h.line[same:]), len(heads)+i
		t.repeats = t.repeats || h.repeats
		t.enter(h)
	}
	for len(heads) > 0 && t.winner.line != nil {
		h := t.winner
		if err := write(h.line); err != nil {
			return false, err
		}
		if err := h.next(same); err != nil {
			return false, err
		}
		t.replay(h)
	}
	return t.repeats, nil
}

// sameOf is how many bytes at their beginning all lines have in common.
func sameOf(heads []*head) (same int) {
	for i, h := range heads {
		if i == 0 {
			same = h.same
		}
		same = inCommon(heads[0].line[:min(same, h.same)], h.line)
	}
	return same
}

// head is a run and its first line that is not given out yet.
type head struct {
	key    uint64      // of the line, behind what all lines have in common
	line   []byte      // nil: there is none left
	order              // lines are those behind it
	rest   []byte      // what was read of them
	file   io.ReaderAt // has what follows; nil: rest has all
	at     int64
	buffer []byte
	leaf   int
}

// next takes the next line, whose key is behind so many bytes.
func (h *head) next(same int) error {
	if len(h.lines) == 0 {
		h.key, h.line = math.MaxUint64, nil
		return nil
	}
	length := int(h.lines[0].length)
	if len(h.rest) == 0 {
		if err := h.read(); err != nil {
			return err
		}
	}
	h.line, h.rest, h.lines = h.rest[:length], h.rest[length:], h.lines[1:]
	h.key = key(h.line[same:])
	return nil
}

// read reads as many lines as there is room for, and one at least.
func (h *head) read() error {
	size := 0
	for _, l := range h.lines {
		if size > 0 && size+int(l.length) > len(h.buffer) {
			break
		}
		size += int(l.length)
	}
	if size > len(h.buffer) {
		h.buffer = make([]byte, size)
	}
	h.rest = h.buffer[:size]
	if _, err := h.file.ReadAt(h.rest, h.at); err != nil {
		return fmt.Errorf("sort the spool: %w", err)
	}
	h.at += int64(size)
	return nil
}

// tree holds heads as a tournament does: in each place but the first the head that lost there, so that one way up tells the
// next winner. Head i plays first in place (len+i)/2, and the winner of place p in p/2.
type tree struct {
	losers  []*head
	winner  *head
	same    int
	repeats bool // some lines are equal: of two that follow one another, both were compared
}

// enter lets a head wait in the first place on its way that nobody came to yet, and plays the others.
func (t *tree) enter(h *head) {
	for i := h.leaf / 2; i > 0; i /= 2 {
		loser := t.losers[i]
		if loser == nil {
			t.losers[i] = h
			return
		}
		if t.before(loser, h) {
			t.losers[i], h = h, loser
		}
	}
	t.winner = h
}

// replay finds the winner after the one before took its next line.
func (t *tree) replay(h *head) {
	for i := h.leaf / 2; i > 0; i /= 2 {
		if loser := t.losers[i]; t.before(loser, h) {
			t.losers[i], h = h, loser
		}
	}
	t.winner = h
}

// before tells whether a is to be given out before b. Heads without a line come last.
func (t *tree) before(a, b *head) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	if a.line == nil || b.line == nil {
		return b.line == nil
	}
	c := bytes.Compare(a.line[t.same:], b.line[t.same:])
	t.repeats = t.repeats || c == 0
	return c < 0
}
