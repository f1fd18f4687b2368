package snapshot

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// Content is what a finished spool holds: the proof that goes into the ledger and the object's metadata.
type Content struct {
	Rows   int64
	Bytes  int64  // uncompressed
	SHA256 string // of the uncompressed bytes, in hex
}

// Found is a record that was found at the beginning of a text. The zero Found is none.
type Found struct {
	Length int    // of the record in the text, in bytes
	Shape  int    // records of one shape, which is not 0, have members of the same names in the same order, head's included
	Values []Span // of the members that stand in the text, in their order; until the next record is followed
}

// Span is a part of a text.
type Span struct{ Begin, End int }

// Of is the part that it is of a text.
func (s Span) Of(text []byte) []byte { return text[s.Begin:s.End] }

// Observer is shown the lines that a spool holds, without their ends and in no order; a line is only good until the method
// returns. No line is refused for what an Observer thinks of it. Its methods are called by those of the Spool, in the same
// goroutine; what it holds may be looked at once Observed returned.
type Observer interface {
	// Observe takes a line.
	Observe(line []byte)
	// Follow reads the record that text begins with, head put first, if that is like those before: one JSON value without
	// white space between its tokens, no object of which has a name twice, or two that differ only in case. Otherwise, and
	// whenever it cannot tell at a glance, it finds none. So a record that is like those before is gone over once. Several
	// may be followed before they are kept.
	Follow(head, text []byte) Found
	// Keep takes the oldest record that was followed and not kept as Observe does.
	Keep()
	// Leave drops the records that were followed and not kept.
	Leave()
	// Reset says that lines are to be shown anew.
	Reset()
}

// Spool gathers the lines of one window in a temporary file, compressed and counted, so that digest and length are
// known before the first byte is sent and memory stays the same however long the window is. One Spool serves one window
// after another: Begin, or Begin and Restore, Append for each record, Finish, Body. Lines are compressed beside the
// gathering of the next ones, so that an error of the file may come later. After one only Begin, Reset and Close are of
// use. A Spool is not safe for concurrent use. Make it with NewSpool and close it.
type Spool struct {
	// Observer is shown each line as it comes; nil: none is. Set it before Begin. What it was shown is what the spool holds
	// once Observed returns.
	Observer Observer
	// Sorted says that the lines are put into the order of their bytes, by Finish at the latest: they are gathered in sorted
	// runs, and compressed once. Set it before Begin.
	Sorted bool

	encoder *Encoder
	folder  string
	file    *os.File
	pack    *packer
	sorter  *sorter // takes the lines in place of the packer; nil: they are compressed as they come
	idle    *sorter // the one that sorter is at times
	block   []byte  // the last lines, which neither has yet
	rows    int64
	bytes   int64
	writing int  // counts how often the lines were begun anew
	unseen  bool // the observer was not shown the very lines that are held, and is shown none until it is all of them
	ordered bool // the lines are in the order of their bytes
	repeats bool // and some of them are equal
	line    []byte

	followed []followed // records that wait for Take, and those that were taken before them
	taken    int        // how many of them were

	full int // how many bytes of lines are handed on at a time
}

// NewSpool opens an empty spool in a folder for temporary files; "" is the system's. The file is unlinked at once, so
// that a killed process leaves nothing behind.
func NewSpool(folder string) (*Spool, error) {
	file, err := unlinkedFile(folder)
	if err != nil {
		return nil, err
	}
	pack, err := newPacker(file)
	if err != nil {
		return nil, fmt.Errorf("open a spool: %w", errors.Join(err, file.Close()))
	}
	return &Spool{encoder: &Encoder{}, folder: folder, file: file, pack: pack, idle: &sorter{folder: folder},
		full: blockSize}, nil
}

func unlinkedFile(folder string) (*os.File, error) {
	file, err := os.CreateTemp(folder, "yardstick-spool-*")
	if err != nil {
		return nil, fmt.Errorf("open a spool: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("open a spool: %w", errors.Join(err, file.Close()))
	}
	return file, nil
}

// Close frees the spool and its files.
func (s *Spool) Close() error {
	_ = s.pack.wait() // nobody asks for the lines any more
	return errors.Join(s.file.Close(), s.idle.close())
}

// Begin empties the spool for a window whose records go through the encoder. A new spool needs no Begin where nothing is
// omitted or sorted.
func (s *Spool) Begin(e *Encoder) error {
	s.encoder = e
	return s.Reset()
}

// Reset drops every line, to read the window again.
func (s *Spool) Reset() error {
	if err := s.reset(); err != nil {
		return err
	}
	if s.Sorted {
		s.sorter = s.idle
	}
	return nil
}

// reset drops every line; those that follow are compressed as they come.
func (s *Spool) reset() error {
	s.block = s.block[:0]
	s.pack.begin(s.file)
	s.rows, s.bytes, s.ordered, s.writing = 0, 0, false, s.writing+1
	s.Leave()
	if s.unseen = false; s.Observer != nil {
		s.Observer.Reset()
	}
	err := s.idle.empty()
	s.sorter = nil
	if err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	if err := s.file.Truncate(0); err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	return nil
}

// Append adds a record as the next line, which it answers, and drops those that were followed and not taken. A record that
// Encoder.Line refuses is its error, and nothing was added then.
func (s *Spool) Append(record []byte) (line Line, err error) {
	s.Leave()
	if length := s.Follow(nil, record).Length; length > 0 && length == len(record) {
		return s.Take()
	}
	s.Leave()
	begin := len(s.block)
	if s.block, err = s.encoder.Line(s.block, record); err != nil {
		return nil, err
	}
	s.observe(s.block[begin:])
	return s.ended(begin)
}

// followed is a record, and what is put first in it.
type followed struct{ head, text []byte }

// maxFollowed bounds how many records are followed and not taken yet.
const maxFollowed = 1000

// Follow finds the record that text begins with where it is like those before and can be added as it stands, with the
// members of head, such as {"a":1, before its own. Otherwise Append has to look. Nothing is added before Take, and several
// may be followed before they are taken.
func (s *Spool) Follow(head, text []byte) Found {
	if s.Observer == nil || s.unseen || s.encoder.omit != nil || len(s.followed) >= maxFollowed {
		return Found{}
	}
	found := s.Observer.Follow(head, text)
	if found.Length > 0 {
		s.followed = append(s.followed, followed{head, text[:found.Length]})
	}
	return found
}

// Take adds the oldest record that Follow found and that was not taken, as Append would: its text must still be there.
// Where there is none, it is an error.
func (s *Spool) Take() (line Line, err error) {
	if s.taken == len(s.followed) {
		return nil, errors.New("take a record: none was followed")
	}
	s.Observer.Keep()
	next := s.followed[s.taken]
	if s.taken++; s.taken == len(s.followed) {
		s.followed, s.taken = s.followed[:0], 0
	}
	begin, rest := len(s.block), next.text
	if len(next.head) > 0 {
		s.block, rest = append(s.block, next.head...), rest[1:]
	}
	s.block = append(s.block, rest...)
	return s.ended(begin)
}

// Leave drops the records that were followed and not taken.
func (s *Spool) Leave() {
	if len(s.followed) > 0 {
		s.Observer.Leave()
		s.followed, s.taken = s.followed[:0], 0
	}
}

// ended ends the line that begins there in the block. The block may be handed on then, but not filled again before the
// next line is there.
func (s *Spool) ended(begin int) (line Line, err error) {
	s.block = append(s.block, '\n')
	line = s.block[begin : len(s.block)-1]
	return line, s.added(begin)
}

// observe shows the observer a line.
func (s *Spool) observe(line []byte) {
	if s.Observer != nil && !s.unseen {
		s.Observer.Observe(line)
	}
}

// Line is the line that Append would add for the record; nothing is added, but to Collisions.
func (s *Spool) Line(record []byte) (line Line, err error) {
	if s.line, err = s.encoder.Line(s.line[:0], record); err != nil {
		return nil, err
	}
	return s.line, nil
}

// write adds a line with its end.
func (s *Spool) write(line []byte) error {
	begin := len(s.block)
	s.block = append(s.block, line...)
	return s.added(begin)
}

// rewrite adds a line that is shown again, with its end.
func (s *Spool) rewrite(line []byte) error {
	s.observe(bytes.TrimSuffix(line, []byte{'\n'}))
	return s.write(line)
}

// added counts the line that begins there in the block, and hands the block on when it is full.
func (s *Spool) added(begin int) error {
	s.rows, s.ordered = s.rows+1, false
	s.bytes += int64(len(s.block) - begin)
	if s.sorter != nil {
		s.sorter.came.add(len(s.block) - begin)
	}
	switch {
	case len(s.block) < s.full:
		return nil
	case s.sorter != nil:
		return s.sorter.keep(&s.block)
	}
	return s.flush()
}

// flush has the block compressed.
func (s *Spool) flush() (err error) {
	s.block, err = s.pack.pack(s.block)
	return err
}

// Drop takes out the lines of the given numbers (from 0, ascending): rows that were seen twice while a list moved. It
// writes the others anew, so that Append may follow. A number that no line has is an error, and nothing was dropped then.
func (s *Spool) Drop(lines []int64) error {
	if len(lines) == 0 {
		return nil
	}
	last := int64(-1)
	for _, number := range lines {
		if number <= last || number >= s.rows {
			return fmt.Errorf("drop line %d after line %d of %d: expected ascending numbers from 0", number, last, s.rows)
		}
		last = number
	}
	if err := s.unsort(); err != nil {
		return err
	}
	body, whole, err := s.renew()
	if err != nil {
		return err
	}
	defer func() { _ = whole.Close() }() // body reads it until then
	number := int64(-1)
	return eachLine(body, func(line []byte) error {
		if number++; len(lines) > 0 && lines[0] == number {
			lines = lines[1:]
			return nil
		}
		return s.rewrite(line)
	})
}

// renew empties the spool to have its lines written anew, and answers what it held, to be read until whole is closed.
func (s *Spool) renew() (body io.Reader, whole *os.File, err error) {
	if err := s.end(); err != nil {
		return nil, nil, err
	}
	if body, err = s.Body(); err != nil {
		return nil, nil, err
	}
	file, err := unlinkedFile(s.folder)
	if err != nil {
		return nil, nil, err
	}
	whole, s.file = s.file, file
	if err := s.reset(); err != nil {
		return nil, nil, errors.Join(err, whole.Close())
	}
	return body, whole, nil
}

// eachLine calls f with each line of a compressed object, its end included where it has one. The line is only good until
// f returns.
func eachLine(object io.Reader, f func(line []byte) error) error {
	plain, err := gzip.NewReader(object)
	if errors.Is(err, io.EOF) {
		return errors.New("read compressed lines: there is not one byte; expected gzip")
	}
	if err != nil {
		return fmt.Errorf("read compressed lines: %w", err)
	}
	lines := bufio.NewReaderSize(plain, 64<<10)
	var long []byte
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read compressed lines: %w", err)
		}
		if len(long) > 0 {
			long = append(long, line...)
			line, long = long, long[:0]
		}
		if len(line) > 0 {
			if err := f(line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

// Finish ends the window and tells what it holds. Its object is there from then on, one gzip member even where there is
// no line, and another for each Mark. Only Finish, Body, Begin, Reset and Close may follow.
func (s *Spool) Finish() (Content, error) {
	if s.Sorted {
		if _, err := s.Sort(); err != nil {
			return Content{}, err
		}
	}
	if err := s.end(); err != nil {
		return Content{}, err
	}
	return Content{Rows: s.rows, Bytes: s.bytes, SHA256: s.digest()}, nil
}

// end writes all lines out.
func (s *Spool) end() error {
	err := s.all()
	if err == nil {
		err = s.pack.end()
	}
	if err != nil {
		return fmt.Errorf("finish the spool: %w", err)
	}
	return nil
}

// all has every line so far compressed.
func (s *Spool) all() error {
	if len(s.block) > 0 {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return s.pack.wait()
}

// Observed sees to it that the Observer was shown just the lines of the finished spool. Where lines were restored, or
// dropped by Rollback, it reads them all again.
func (s *Spool) Observed() error {
	if !s.unseen || s.Observer == nil {
		return nil
	}
	body, err := s.Body()
	if err != nil {
		return err
	}
	s.Observer.Reset()
	err = eachLine(body, func(line []byte) error {
		s.Observer.Observe(bytes.TrimSuffix(line, []byte{'\n'}))
		return nil
	})
	if err != nil {
		return err
	}
	s.unseen = false
	return nil
}

// digest is that of the lines that were compressed, in hex.
func (s *Spool) digest() string { return hex.EncodeToString(s.pack.sum.Sum(nil)) }

// Rows is how many lines there are so far.
func (s *Spool) Rows() int64 { return s.rows }

// Collisions are the names of colliding members, as Encoder.Collisions tells them.
func (s *Spool) Collisions() []string { return s.encoder.Collisions() }

// Body is the finished object, from its beginning. Several may be read side by side. It is good until the next Begin,
// Reset or Close.
func (s *Spool) Body() (io.ReadSeeker, error) {
	end, err := s.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("read the spool: %w", err)
	}
	return io.NewSectionReader(s.file, 0, end), nil
}
