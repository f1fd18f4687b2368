package snapshot

import (
	"bufio"
	"bytes"
	"container/heap"
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
	heap.Init(&heads)
	for len(heads) > 0 {
		if err := write(heads[0].line); err != nil {
			return err
		}
		more, err := heads[0].next()
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&heads, 0)
		default:
			heap.Pop(&heads)
		}
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

type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return bytes.Compare(h[i].line, h[j].line) < 0 }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
