package snapshot

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Sort puts the lines into the order of their bytes, so that the same rows make the same object whatever order they came
// in. Append may follow. It needs a few megabytes of memory, however many lines there are; runs of sorted lines go
// through a temporary file. The lines of a Sorted spool are there already; others are read back first.
func (s *Spool) Sort() error {
	if s.sorter != nil {
		return s.mergeSorted()
	}
	if err := s.all(); err != nil {
		return err
	}
	observer, unseen := s.Observer, s.unseen
	s.Observer = nil // it knows the lines, in whatever order
	defer func() { s.Observer, s.unseen = observer, unseen }()
	body, whole, err := s.renew()
	if err != nil {
		return err
	}
	defer func() { _ = whole.Close() }() // body reads it until then
	s.sorter = s.idle
	if err := eachLine(body, s.write); err != nil {
		return err
	}
	return s.mergeSorted()
}

// mergeSorted has the lines compressed in their order. The observer is shown them again where it was shown others.
func (s *Spool) mergeSorted() error {
	sorter, last := s.anew()
	write := s.write
	if s.unseen && s.Observer != nil {
		s.Observer.Reset()
		s.unseen, write = false, s.rewrite
	}
	err := errors.Join(sorter.merge(last, write), sorter.close())
	sorter.spare = last[:0]
	return err
}

// unsort has the lines compressed in the order in which they came.
func (s *Spool) unsort() error {
	if s.sorter == nil {
		return nil
	}
	sorter, last := s.anew()
	return errors.Join(sorter.each(last, s.write), sorter.close())
}

// anew takes the lines from the sorter: those that are written from now on are compressed.
func (s *Spool) anew() (sorter *sorter, last []byte) {
	sorter, last = s.sorter, s.block
	_ = sorter.wait() // whoever asks for the lines is told
	s.sorter, s.block, sorter.spare = nil, sorter.spare[:0], nil
	s.rows, s.bytes, s.writing = 0, 0, s.writing+1
	return sorter, last
}

// sorter holds lines in sorted runs, one after another in a file. The last lines are its user's, in a block.
type sorter struct {
	folder string
	file   *os.File // nil: there is no run yet
	runs   []run
	size   int64 // of the runs, in bytes; the one that is being written among them
	sorted []byte
	keys   []lineKey
	job
}

// run is a block of lines, sorted. It takes the place in the file that the block had among all lines as they came.
type run struct {
	begin, end int64
	came       []uint32 // where each of its lines began in the block
}

// lineKey is a line of a block, and the part of it by which most lines differ.
type lineKey struct {
	key        uint64
	begin, end uint32
}

// close gives up the lines and the file.
func (s *sorter) close() (err error) {
	_ = s.wait() // nobody asks for the lines any more
	if s.file != nil {
		err = s.file.Close()
	}
	s.file, s.runs, s.size, s.fault = nil, nil, 0, nil
	return err
}

// keep begins to sort a full block and to write it out, and puts an empty one in its place. An error may be that of an
// earlier block.
func (s *sorter) keep(block *[]byte) (err error) {
	if err := s.wait(); err != nil {
		return err
	}
	if s.file == nil {
		if s.file, err = unlinkedFile(s.folder); err != nil {
			return err
		}
	}
	full, at := *block, s.size
	s.size += int64(len(full))
	s.runs = append(s.runs, run{begin: at, end: s.size})
	last := &s.runs[len(s.runs)-1]
	*block, err = s.start(full, func() error {
		last.came = s.sort(full)
		if _, err := s.file.WriteAt(s.sorted, at); err != nil {
			return fmt.Errorf("sort the spool: %w", err)
		}
		return nil
	})
	return err
}

// sort puts the lines of a block into sorted, in order, and tells where each of them began.
func (s *sorter) sort(block []byte) (came []uint32) {
	s.keys = s.keys[:0]
	same := -1 // bytes at their beginning that all lines have in common
	for line := range bytes.Lines(block) {
		begin := uint32(0)
		if n := len(s.keys); n > 0 {
			begin = s.keys[n-1].end
		}
		s.keys = append(s.keys, lineKey{begin: begin, end: begin + uint32(len(line))})
		if same < 0 {
			same = len(line)
		}
		same = min(same, len(line))
		for !bytes.Equal(line[:same], block[:same]) {
			same--
		}
	}
	for i, k := range s.keys {
		var differs [8]byte
		copy(differs[:], block[int(k.begin)+same:k.end])
		s.keys[i].key = binary.BigEndian.Uint64(differs[:])
	}
	slices.SortFunc(s.keys, func(a, b lineKey) int {
		if c := cmp.Compare(a.key, b.key); c != 0 {
			return c
		}
		return bytes.Compare(block[int(a.begin)+same:a.end], block[int(b.begin)+same:b.end])
	})
	s.sorted, came = s.sorted[:0], make([]uint32, len(s.keys))
	for i, k := range s.keys {
		s.sorted, came[i] = append(s.sorted, block[k.begin:k.end]...), k.begin
	}
	return came
}

// rollback drops all lines that came after so many bytes. What is left of a run is a block again.
func (s *sorter) rollback(size int64, block *[]byte) error {
	if size >= s.size {
		*block = (*block)[:size-s.size]
		return nil
	}
	if err := s.wait(); err != nil {
		return err
	}
	last := slices.IndexFunc(s.runs, func(r run) bool { return r.end > size })
	r := s.runs[last]
	if err := s.load(r, block); err != nil {
		return err
	}
	s.runs, s.size = s.runs[:last], r.begin
	*block = (*block)[:size-r.begin]
	return nil
}

// load reads a run back into the block that it was.
func (s *sorter) load(r run, block *[]byte) error {
	length := int(r.end - r.begin)
	s.sorted = slices.Grow(s.sorted[:0], length)[:length]
	*block = slices.Grow((*block)[:0], length)[:length]
	if _, err := s.file.ReadAt(s.sorted, r.begin); err != nil {
		return fmt.Errorf("read sorted lines back: %w", err)
	}
	i := 0
	for line := range bytes.Lines(s.sorted) {
		copy((*block)[r.came[i]:], line)
		i++
	}
	return nil
}

// each gives out the lines as they came; the last block's are at the end.
func (s *sorter) each(last []byte, write func(line []byte) error) error {
	if err := s.wait(); err != nil {
		return err
	}
	var block []byte
	for _, r := range s.runs {
		if err := s.load(r, &block); err != nil {
			return err
		}
		for line := range bytes.Lines(block) {
			if err := write(line); err != nil {
				return err
			}
		}
	}
	for line := range bytes.Lines(last) {
		if err := write(line); err != nil {
			return err
		}
	}
	return nil
}

// merge gives out the lines of all runs and of the last block in order.
func (s *sorter) merge(last []byte, write func(line []byte) error) error {
	if err := s.wait(); err != nil {
		return err
	}
	s.sort(last)
	sources := []io.Reader{bytes.NewReader(s.sorted)}
	for _, r := range s.runs {
		sources = append(sources, io.NewSectionReader(s.file, r.begin, r.end-r.begin))
	}
	return merge(sources, write)
}
