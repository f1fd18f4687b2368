package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"slices"
)

// keptSize is how much of its file a sorter keeps for the next window. To write over what is in the page cache takes less
// than to have the space made and freed each time; eight spools together keep half of Lambda's least /tmp.
const keptSize = 32 << 20

// Sort puts the lines into the order of their bytes, so that the same rows make the same object whatever order they came
// in, and tells whether some of them are equal. Append may follow. It needs a few megabytes of memory, however many lines
// there are; runs of sorted lines go through a temporary file. The lines of a Sorted spool are there already; others are
// read back first. To sort again what is sorted costs nothing.
func (s *Spool) Sort() (repeats bool, err error) {
	if s.ordered {
		return s.repeats, nil
	}
	if s.sorter == nil {
		err = s.gather()
	}
	if err == nil {
		err = s.mergeSorted()
	}
	s.ordered = err == nil
	return s.repeats, err
}

// gather puts lines that were compressed as they came into sorted runs.
func (s *Spool) gather() error {
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
	return eachLine(body, s.write)
}

// mergeSorted has the lines compressed in their order. The observer is shown them again where it was shown others.
func (s *Spool) mergeSorted() error {
	sorter, last := s.anew()
	write := s.write
	if s.unseen && s.Observer != nil {
		s.Observer.Reset()
		s.unseen, write = false, s.rewrite
	}
	repeats, err := sorter.merge(last, write)
	err = errors.Join(err, sorter.empty())
	sorter.spare, s.repeats = last[:0], repeats
	return err
}

// unsort has the lines compressed in the order in which they came.
func (s *Spool) unsort() error {
	if s.sorter == nil {
		return nil
	}
	sorter, last := s.anew()
	return errors.Join(sorter.each(last, s.write), sorter.empty())
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
	file   *os.File // nil: there was no run yet
	length int64    // of the file; what is behind the runs means nothing
	runs   []run
	size   int64   // of the runs, in bytes; the one that is being written among them
	came   lengths // of the lines that are gathered
	taken  lengths // of those of the block that is sorted
	sorted []byte
	keys   []lineKey
	other  []lineKey // for the keys while they change their places
	job
}

// run is a block of lines, sorted. It takes the place in the file that the block had among all lines as they came.
type run struct {
	begin, end int64
	order
}

// order is that of the lines of a block.
type order struct {
	lines   []span
	same    int  // how many bytes at their beginning all lines have in common
	repeats bool // some of them are equal
}

// span is where a line was in the block.
type span struct{ begin, length uint32 }

// lineKey is a line of a block, and the part of it by which most lines differ.
type lineKey struct {
	key uint64
	span
}

// lengths are those of lines in a row, where their sum is that of the block; else they are not known. So nothing has to look
// for the ends of lines that came one by one.
type lengths struct {
	all []uint32
	sum int
}

func (l *lengths) add(length int) { l.all, l.sum = append(l.all, uint32(length)), l.sum+length }

func (l *lengths) clear() { l.all, l.sum = l.all[:0], 0 }

// empty gives up the lines.
func (s *sorter) empty() error {
	fault := s.wait() // nobody asks for the lines any more
	s.came.clear()
	if fault != nil || s.file == nil {
		return s.close()
	}
	clear(s.runs)
	s.runs, s.size = s.runs[:0], 0
	if s.length <= keptSize {
		return nil
	}
	s.length = keptSize
	return s.file.Truncate(keptSize)
}

// close gives up the lines and the file.
func (s *sorter) close() (err error) {
	_ = s.wait() // nobody asks for the lines any more
	if s.file != nil {
		err = s.file.Close()
	}
	s.file, s.length, s.runs, s.size, s.fault = nil, 0, nil, 0, nil
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
	s.length = max(s.length, s.size)
	s.runs = append(s.runs, run{begin: at, end: s.size})
	r := &s.runs[len(s.runs)-1]
	s.came, s.taken = s.taken, s.came
	s.came.clear()
	*block, err = s.start(full, func() error {
		r.order = s.sort(full, s.taken)
		if _, err := s.file.WriteAt(s.sorted, at); err != nil {
			return fmt.Errorf("sort the spool: %w", err)
		}
		return nil
	})
	return err
}

// sort puts the lines of a block into sorted, in order. Lines that are equal are compared with one another: nothing else
// could tell in which order they are.
func (s *sorter) sort(block []byte, known lengths) (o order) {
	o.same = s.split(block, known)
	for i, k := range s.keys {
		s.keys[i].key = key(block[k.begin : k.begin+k.length][o.same:])
	}
	s.byKey()
	for i := 0; i < len(s.keys); {
		first, equal := s.keys[i].key, i+1
		for equal < len(s.keys) && s.keys[equal].key == first {
			equal++
		}
		if equal > i+1 {
			slices.SortFunc(s.keys[i:equal], func(a, b lineKey) int {
				c := bytes.Compare(block[a.begin:][o.same:a.length], block[b.begin:][o.same:b.length])
				o.repeats = o.repeats || c == 0 && a.begin != b.begin
				return c
			})
		}
		i = equal
	}
	s.sorted, o.lines = slices.Grow(s.sorted[:0], len(block)), make([]span, len(s.keys))
	for i, k := range s.keys {
		s.sorted, o.lines[i] = append(s.sorted, block[k.begin:k.begin+k.length]...), k.span
	}
	return o
}

// split finds the lines of a block, and how many bytes at their beginning all have in common.
func (s *sorter) split(block []byte, known lengths) (same int) {
	s.keys, same = s.keys[:0], len(block)
	for begin, i := 0, 0; begin < len(block); i++ {
		length := len(block) - begin
		if known.sum == len(block) {
			length = int(known.all[i])
		} else if end := bytes.IndexByte(block[begin:], '\n'); end >= 0 {
			length = end + 1
		}
		same = inCommon(block[:same], block[begin:begin+length])
		s.keys = append(s.keys, lineKey{span: span{uint32(begin), uint32(length)}})
		begin += length
	}
	return same
}

// byKey sorts the keys, by one byte after another from the last to the first, of those by which they differ: a block has
// too many lines for comparing, half of which are guessed wrong by the processor, to be as cheap.
func (s *sorter) byKey() {
	differ := uint64(0)
	for _, k := range s.keys {
		differ |= k.key ^ s.keys[0].key
	}
	s.other = slices.Grow(s.other[:0], len(s.keys))[:len(s.keys)]
	for shift := 0; shift < 64; shift += 8 {
		if byte(differ>>shift) == 0 {
			continue
		}
		var next [256]uint32 // where a key with that byte goes
		for _, k := range s.keys {
			next[byte(k.key>>shift)]++
		}
		sum := uint32(0)
		for i, count := range next {
			next[i], sum = sum, sum+count
		}
		for _, k := range s.keys {
			to := &next[byte(k.key>>shift)]
			s.other[*to] = k
			*to++
		}
		s.keys, s.other = s.other, s.keys
	}
}

// key is a number by which lines that are equal up to here are ordered, as far as it differs. rest is what follows in a
// line: the numbers of equal lines are equal.
func key(rest []byte) uint64 {
	if len(rest) >= 8 {
		return binary.BigEndian.Uint64(rest)
	}
	var padded [8]byte
	copy(padded[:], rest)
	return binary.BigEndian.Uint64(padded[:])
}

// inCommon is how many bytes at their beginning two texts have in common.
func inCommon(a, b []byte) int {
	length := min(len(a), len(b))
	if bytes.Equal(a[:length], b[:length]) {
		return length
	}
	i := 0
	for ; i+8 <= length; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for a[i] == b[i] {
		i++
	}
	return i
}

// rollback drops all lines that came after so many bytes. What is left of a run is a block again.
func (s *sorter) rollback(size int64, block *[]byte) error {
	s.came.clear()
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
	sorted := s.sorted
	for _, l := range r.lines {
		copy((*block)[l.begin:], sorted[:l.length])
		sorted = sorted[l.length:]
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

// merge gives out the lines of all runs and of the last block in order, and tells whether some are equal. The block's
// memory is used for what is read.
func (s *sorter) merge(last []byte, write func(line []byte) error) (repeats bool, err error) {
	if err := s.wait(); err != nil {
		return false, err
	}
	heads := []*head{{order: s.sort(last, s.came), rest: s.sorted}}
	buffers := last[:cap(last)]
	for i, r := range s.runs {
		size := max(len(buffers)/(len(s.runs)-i), leastRead)
		if size > len(buffers) {
			buffers = make([]byte, (len(s.runs)-i)*leastRead)
		}
		heads = append(heads, &head{order: r.order, file: s.file, at: r.begin, buffer: buffers[:size:size]})
		buffers = buffers[size:]
	}
	return merge(heads, write)
}
