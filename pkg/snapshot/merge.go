package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// merge gives out the lines of sources, each of which is sorted, in order. A line is only good until write returns.
func merge(sources []io.Reader, write func(line []byte) error) error {
	var heads heads
	for _, source := range sources {
		h := &head{lines: bufio.NewReaderSize(source, 16<<10)}
		more, err := h.next()
		if err != nil {
			return err
		}
		if more {
			heads = append(heads, h)
		}
	}
	for i := len(heads)/2 - 1; i >= 0; i-- {
		heads.sink(i)
	}
	for len(heads) > 0 {
		if err := write(heads[0].line); err != nil {
			return err
		}
		more, err := heads[0].next()
		if err != nil {
			return err
		}
		if !more {
			last := len(heads) - 1
			heads[0], heads = heads[last], heads[:last]
		}
		heads.sink(0)
	}
	return nil
}

// head is a source and its first line that is not given out yet.
type head struct {
	lines *bufio.Reader
	line  []byte
	long  []byte // holds a line that the reader's buffer does not
}

func (h *head) next() (more bool, err error) {
	h.long = h.long[:0]
	for {
		part, err := h.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			h.long = append(h.long, part...)
		case err == nil && len(h.long) == 0:
			h.line = part
			return true, nil
		case err == nil:
			h.long = append(h.long, part...)
			h.line = h.long
			return true, nil
		case errors.Is(err, io.EOF) && len(part)+len(h.long) == 0:
			return false, nil
		default:
			return false, fmt.Errorf("sort the spool: %w", err)
		}
	}
}

// heads are a heap: none comes before the one at half its place. container/heap would call an interface for each of the
// comparisons, of which there are a dozen for a line.
type heads []*head

// sink moves the head at i down to where it belongs.
func (h heads) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if bytes.Compare(h[child].line, h[least].line) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
