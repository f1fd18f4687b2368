package snapshot

import (
	"bufio"
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// sortChunk is how many bytes of lines are sorted in memory at a time.
const sortChunk = 4 << 20

// Sort puts the lines into the order of their bytes, so that the same rows make the same object whatever order they came
// in. Append may follow. It needs a few megabytes of memory, however many lines there are; runs of sorted lines go
// through a temporary file.
func (s *Spool) Sort() error {
	observer, unseen := s.Observer, s.unseen
	s.Observer = nil // it knows the lines, in whatever order
	defer func() { s.Observer, s.unseen = observer, unseen }()
	body, whole, err := s.renew()
	if err != nil {
		return err
	}
	defer func() { _ = whole.Close() }() // body reads it until then
	runs, err := sortedRuns(body, s.folder)
	if err != nil {
		return err
	}
	defer func() { _ = runs.file.Close() }() // a temporary file without a name
	return runs.merge(s.write)
}

// runs are sorted pieces of the lines, one after another in a file.
type runs struct {
	file *os.File
	ends []int64
}

func sortedRuns(object io.Reader, folder string) (*runs, error) {
	file, err := unlinkedFile(folder)
	if err != nil {
		return nil, err
	}
	r := &runs{file: file}
	out := bufio.NewWriterSize(file, 64<<10)
	var text []byte
	var lines [][2]int
	end := int64(0)
	flush := func() error {
		slices.SortFunc(lines, func(a, b [2]int) int { return bytes.Compare(text[a[0]:a[1]], text[b[0]:b[1]]) })
		for _, line := range lines {
			if _, err := out.Write(text[line[0]:line[1]]); err != nil {
				return err
			}
		}
		end += int64(len(text))
		r.ends = append(r.ends, end)
		text, lines = text[:0], lines[:0]
		return nil
	}
	err = eachLine(object, func(line []byte) error {
		lines = append(lines, [2]int{len(text), len(text) + len(line)})
		if text = append(text, line...); len(text) < sortChunk {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = errors.Join(flush(), out.Flush())
	}
	if err != nil {
		return nil, fmt.Errorf("sort the spool: %w", errors.Join(err, file.Close()))
	}
	return r, nil
}

// merge gives out the lines of all runs in order.
func (r *runs) merge(write func(line []byte) error) error {
	var heads heads
	begin := int64(0)
	for _, end := range r.ends {
		h := &head{lines: bufio.NewReaderSize(io.NewSectionReader(r.file, begin, end-begin), 64<<10)}
		more, err := h.next()
		if err != nil {
			return err
		}
		if more {
			heads = append(heads, h)
		}
		begin = end
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

// head is a run and its first line that is not given out yet.
type head struct {
	lines *bufio.Reader
	line  []byte
}

func (h *head) next() (more bool, err error) {
	h.line = h.line[:0]
	for {
		part, err := h.lines.ReadSlice('\n')
		h.line = append(h.line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil:
			return true, nil
		case errors.Is(err, io.EOF) && len(h.line) == 0:
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
