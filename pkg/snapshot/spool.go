package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// gzipLevel trades size for time; one level for all objects.
const gzipLevel = gzip.DefaultCompression

// Content is what a finished spool holds: the proof that goes into the ledger and the object's metadata.
type Content struct {
	Rows   int64
	Bytes  int64  // uncompressed
	SHA256 string // of the uncompressed bytes, in hex
}

// Observer is shown the lines that a spool holds, without their ends and in no order; a line is only good until Observe
// returns. Reset says that they are to be shown anew. No line is refused for what an Observer thinks of it.
type Observer interface {
	Observe(line []byte)
	Reset()
}

// Spool gathers the lines of one window in a temporary file, compressed and counted, so that digest and length are
// known before the first byte is sent and memory stays the same however long the window is. One Spool serves one window
// after another: Begin, or Begin and Restore, Append for each record, Finish, Body. After an error of its file only Begin, Reset and Close are
// of use. It is not safe for concurrent use. Make it with NewSpool and close it.
type Spool struct {
	// Observer is shown each line as it comes; nil: none is. Set it before Begin. What it was shown is what the spool holds
	// once Observed returns.
	Observer Observer

	encoder *Encoder
	folder  string
	file    *os.File
	out     *bufio.Writer
	zip     *gzip.Writer
	sum     hash.Hash
	rows    int64
	bytes   int64
	writing int  // counts how often the lines were begun anew
	unseen  bool // the observer was not shown the very lines that are held
	line    []byte
}

// NewSpool opens an empty spool in a folder for temporary files; "" is the system's. The file is unlinked at once, so
// that a killed process leaves nothing behind.
func NewSpool(folder string) (*Spool, error) {
	zip, err := gzip.NewWriterLevel(io.Discard, gzipLevel)
	if err != nil {
		return nil, fmt.Errorf("open a spool: %w", err)
	}
	file, err := unlinkedFile(folder)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(file, 64<<10)
	zip.Reset(out)
	return &Spool{encoder: &Encoder{}, folder: folder, file: file, out: out, zip: zip, sum: sha256.New()}, nil
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

// Close frees the spool and its file.
func (s *Spool) Close() error { return s.file.Close() }

// Begin empties the spool for a window whose records go through the encoder. A new spool needs no Begin where nothing is
// omitted.
func (s *Spool) Begin(e *Encoder) error {
	s.encoder = e
	return s.Reset()
}

// Reset drops every line, to read the window again.
func (s *Spool) Reset() error {
	s.out.Reset(s.file)
	s.zip.Reset(s.out)
	s.sum.Reset()
	s.rows, s.bytes, s.writing = 0, 0, s.writing+1
	if s.unseen = false; s.Observer != nil {
		s.Observer.Reset()
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	if err := s.file.Truncate(0); err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	return nil
}

// Append adds a record as the next line. Its fingerprint is 8 bytes of the line's SHA-256: equal lines have the same. A
// record that Encoder.Line refuses is its error, and nothing was added then.
func (s *Spool) Append(record []byte) (fingerprint uint64, err error) {
	if s.line, err = s.encoder.Line(s.line[:0], record); err != nil {
		return 0, err
	}
	fingerprint = lineFingerprint(s.line)
	s.line = append(s.line, '\n')
	return fingerprint, s.write(s.line)
}

// Fingerprint is the fingerprint that Append would give for the record; nothing is added, but to Collisions.
func (s *Spool) Fingerprint(record []byte) (fingerprint uint64, err error) {
	if s.line, err = s.encoder.Line(s.line[:0], record); err != nil {
		return 0, err
	}
	return lineFingerprint(s.line), nil
}

func lineFingerprint(line []byte) uint64 {
	sum := sha256.Sum256(line)
	return binary.BigEndian.Uint64(sum[:8])
}

func (s *Spool) write(line []byte) error {
	s.sum.Write(line)
	s.rows++
	s.bytes += int64(len(line))
	if _, err := s.zip.Write(line); err != nil {
		return fmt.Errorf("write to the spool: %w", err)
	}
	if s.Observer != nil {
		return s.show(line)
	}
	return nil
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
		return s.write(line)
	})
}

// renew empties the spool to have its lines written anew, and answers what it held, to be read until whole is closed.
func (s *Spool) renew() (body io.Reader, whole *os.File, err error) {
	if _, err := s.Finish(); err != nil {
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
	if err := s.Reset(); err != nil {
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
	if err := s.zip.Close(); err != nil {
		return Content{}, fmt.Errorf("finish the spool: %w", err)
	}
	if err := s.out.Flush(); err != nil {
		return Content{}, fmt.Errorf("finish the spool: %w", err)
	}
	return Content{Rows: s.rows, Bytes: s.bytes, SHA256: s.digest()}, nil
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
	if err := eachLine(body, s.show); err != nil {
		return err
	}
	s.unseen = false
	return nil
}

func (s *Spool) show(line []byte) error {
	s.Observer.Observe(bytes.TrimSuffix(line, []byte{'\n'}))
	return nil
}

// digest is that of the lines so far, in hex.
func (s *Spool) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

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
