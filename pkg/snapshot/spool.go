package snapshot

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// Spool gathers the lines of one window in a temporary file, compressed and counted, so that digest and length are
// known before the first byte is sent and memory stays the same however long the window is. One Spool serves one window
// after another. It is not safe for concurrent use.
type Spool struct {
	encoder *Encoder
	file    *os.File
	out     *bufio.Writer
	zip     *gzip.Writer
	sum     hash.Hash
	rows    int64
	bytes   int64
	line    []byte
}

// NewSpool opens an empty spool in a folder for temporary files; "" is the system's. The file is unlinked at once, so
// that a killed process leaves nothing behind.
func NewSpool(folder string) (*Spool, error) {
	file, err := os.CreateTemp(folder, "yardstick-spool-*")
	if err != nil {
		return nil, fmt.Errorf("open a spool: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("open a spool: %w", err)
	}
	s := &Spool{encoder: &Encoder{}, file: file, out: bufio.NewWriterSize(file, 64<<10), sum: sha256.New()}
	s.zip, err = gzip.NewWriterLevel(s.out, gzipLevel)
	if err != nil {
		return nil, fmt.Errorf("open a spool: %w", err)
	}
	return s, nil
}

// Close frees the spool and its file.
func (s *Spool) Close() error { return s.file.Close() }

// Begin empties the spool for a window whose records go through the encoder.
func (s *Spool) Begin(e *Encoder) error {
	s.encoder = e
	return s.Reset()
}

// Reset drops every line, to read the window again.
func (s *Spool) Reset() error {
	s.out.Reset(s.file)
	s.zip.Reset(s.out)
	s.sum.Reset()
	s.rows, s.bytes = 0, 0
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	if err := s.file.Truncate(0); err != nil {
		return fmt.Errorf("reset the spool: %w", err)
	}
	return nil
}

// Append adds a record as the next line. Its fingerprint is 8 bytes of the line's SHA-256: equal lines have the same.
func (s *Spool) Append(record []byte) (fingerprint uint64, err error) {
	if s.line, err = s.encoder.Line(s.line[:0], record); err != nil {
		return 0, err
	}
	fingerprint = lineFingerprint(s.line)
	return fingerprint, s.write(append(s.line, '\n'))
}

// Fingerprint is the fingerprint that Append would give for the record; nothing is added.
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
	return nil
}

// Drop takes out the lines of the given numbers (from 0, ascending): rows that were seen twice while a list moved.
func (s *Spool) Drop(lines []int64) error {
	if len(lines) == 0 {
		return nil
	}
	if _, err := s.Finish(); err != nil {
		return err
	}
	whole, err := NewSpool("")
	if err != nil {
		return err
	}
	defer func() { _ = whole.Close() }()
	body, err := s.Body()
	if err != nil {
		return err
	}
	if _, err := io.Copy(whole.file, body); err != nil {
		return fmt.Errorf("copy the spool: %w", err)
	}
	if body, err = whole.Body(); err != nil {
		return err
	}
	if err := s.Reset(); err != nil {
		return err
	}
	number := int64(-1)
	return eachLine(body, func(line []byte) error {
		if number++; len(lines) > 0 && lines[0] == number {
			lines = lines[1:]
			return nil
		}
		return s.write(line)
	})
}

// eachLine calls f with each line of a compressed object, its end included. The line is only good until f returns.
func eachLine(object io.Reader, f func(line []byte) error) error {
	plain, err := gzip.NewReader(object)
	if err != nil {
		return fmt.Errorf("read compressed lines: %w", err)
	}
	lines := bufio.NewReaderSize(plain, 64<<10)
	var long []byte
	for {
		line, err := lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			long = append(long, line...)
			continue
		}
		if err == io.EOF && len(line)+len(long) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read compressed lines: %w", err)
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if err := f(line); err != nil {
			return err
		}
		long = long[:0]
	}
}

// Finish ends the window and tells what it holds. Only Body, Begin, Reset and Close may follow.
func (s *Spool) Finish() (Content, error) {
	if err := s.zip.Close(); err != nil {
		return Content{}, fmt.Errorf("finish the spool: %w", err)
	}
	if err := s.out.Flush(); err != nil {
		return Content{}, fmt.Errorf("finish the spool: %w", err)
	}
	return Content{Rows: s.rows, Bytes: s.bytes, SHA256: hex.EncodeToString(s.sum.Sum(nil))}, nil
}

// Rows is how many lines there are so far.
func (s *Spool) Rows() int64 { return s.rows }

// Collisions are the names of colliding members, as Encoder.Collisions tells them.
func (s *Spool) Collisions() []string { return s.encoder.Collisions() }

// Body is the finished object, from its beginning. It is good until the next Begin or Reset.
func (s *Spool) Body() (io.ReadSeeker, error) {
	end, err := s.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("read the spool: %w", err)
	}
	return io.NewSectionReader(s.file, 0, end), nil
}
