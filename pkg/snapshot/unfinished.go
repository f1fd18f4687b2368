package snapshot

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
)

const (
	unfinishedVersion = 2
	maxHead           = 64 << 20 // bytes: the cursor of some millions of rows
)

// Unfinished tells of a window whose reading time cut short: what was asked, when that began, and how to go on. It is the
// first line of an object whose rest are the lines read so far, compressed as in a data object.
type Unfinished struct {
	Version    int       `json:"version"`
	Key        string    `json:"key"`      // of the data object that the window is to become
	Spec       string    `json:"spec"`     // fingerprint of what was asked
	Settings   string    `json:"settings"` // and of all else that the requests depended on
	Run        string    `json:"run"`      // that left it there
	Began      time.Time `json:"began"`    // the clock of the run that began the reading
	Real       time.Time `json:"real"`     // real time then
	Rows       int64     `json:"rows"`     // so far, as all that follows
	Bytes      int64     `json:"bytes"`    // uncompressed
	SHA256     string    `json:"sha256"`   // of the uncompressed bytes
	Collisions []string  `json:"collisions,omitempty"`
	Cursor     []byte    `json:"cursor"` // the vendor's
}

// Save is the spool so far as an object that Restore takes up: u with the counts, and the lines. Append may follow, and
// ends the object. Memory does not grow with the lines. A cursor of more than some 48 million bytes is an error.
func (s *Spool) Save(u Unfinished) (io.ReadSeeker, error) {
	if err := s.unsort(); err != nil {
		return nil, fmt.Errorf("save the spool: %w", err)
	}
	end, err := s.endMember()
	if err != nil {
		return nil, fmt.Errorf("save the spool: %w", err)
	}
	u.Version, u.Rows, u.Bytes, u.SHA256, u.Collisions = unfinishedVersion, s.rows, s.bytes, s.digest(), s.encoder.Collisions()
	head, err := json.Marshal(u)
	if err != nil {
		return nil, fmt.Errorf("save the spool: %w", err)
	}
	if len(head) >= maxHead {
		return nil, fmt.Errorf("save the spool: its first line has %d bytes, expected less than %d", len(head), maxHead)
	}
	both := &headed{head: append(head, '\n'), lines: s.file}
	return io.NewSectionReader(both, 0, int64(len(both.head))+end), nil
}

// Save puts an object of Spool.Save in place over the version that was read (have, an ETag; empty: there was none).
// ErrConflict where another run was there first, or where that version is gone: its window was published, or given up.
func (p *Publisher) Save(ctx context.Context, key string, body io.ReadSeeker, have string) error {
	options := PutOptions{CreateOnly: have == "", IfMatch: have, ContentType: "application/octet-stream",
		Metadata: map[string]string{"run": p.Run}}
	_, err := p.Store.Put(ctx, key, body, options)
	if errors.Is(err, ErrNotFound) && have != "" {
		err = ErrConflict
	}
	if errors.Is(err, ErrPrecondition) {
		there, fault := p.Store.Head(ctx, key)
		if fault == nil && there.Metadata["run"] == p.Run {
			return nil // its answer was lost: a run saves a window once
		}
		err = errors.Join(ErrConflict, fault)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// headed reads a head and then the lines.
type headed struct {
	head  []byte
	lines io.ReaderAt
}

func (h *headed) ReadAt(p []byte, offset int64) (int, error) {
	length := int64(len(h.head))
	if offset >= length {
		return h.lines.ReadAt(p, offset-length)
	}
	n := copy(p, h.head[offset:])
	if n == len(p) {
		return n, nil
	}
	more, err := h.lines.ReadAt(p[n:], 0)
	return n + more, err
}

// ReadUnfinished reads the first line of an object that Save made, and nothing of its lines. ErrForm where it is no such
// line.
func ReadUnfinished(object io.Reader) (Unfinished, error) {
	return readHead(bufio.NewReader(object))
}

func readHead(object *bufio.Reader) (Unfinished, error) {
	var u Unfinished
	var text []byte
	for {
		part, err := object.ReadSlice('\n')
		text = append(text, part...)
		if err == nil {
			break
		}
		if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) && len(text) > maxHead {
			return u, fmt.Errorf("read an unfinished window: %w: its first line has no end", ErrForm)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return u, fmt.Errorf("read an unfinished window: %w", err)
		}
	}
	if err := json.Unmarshal(text, &u); err != nil {
		return Unfinished{}, fmt.Errorf("read an unfinished window: %w: %w", ErrForm, err)
	}
	if u.Version != unfinishedVersion {
		return Unfinished{}, fmt.Errorf("read an unfinished window: %w: its version is %d, expected %d", ErrForm, u.Version, unfinishedVersion)
	}
	return u, nil
}

// Restore brings an empty spool, after Begin, to what it was when Save made the object: Append goes on from there, and
// Finish tells the same as if nothing lay between. Memory does not grow with the lines. ErrForm where the object is not
// whole, or none that Save made; then, as after an error of the object or the spool's file, only Begin, Reset and Close
// are of use. Each line is read once, to see that it is as it was.
func (s *Spool) Restore(object io.Reader) (Unfinished, error) {
	lines := bufio.NewReaderSize(object, 64<<10)
	u, err := readHead(lines)
	if err != nil {
		return Unfinished{}, err
	}
	if err := s.reset(); err != nil {
		return Unfinished{}, err
	}
	if err := s.copyLines(lines); err != nil {
		return Unfinished{}, fmt.Errorf("restore the spool: %w", err)
	}
	if s.rows != u.Rows || s.bytes != u.Bytes || s.digest() != u.SHA256 {
		return Unfinished{}, fmt.Errorf("restore the spool: %w: %d rows of %d bytes with a SHA-256 of %s, expected %d, %d and %s",
			ErrForm, s.rows, s.bytes, s.digest(), u.Rows, u.Bytes, u.SHA256)
	}
	s.encoder.remember(u.Collisions)
	s.unseen = true
	return u, nil
}

// copyLines takes compressed lines over as they are, and counts them.
func (s *Spool) copyLines(object io.Reader) error {
	source := &copied{from: object, to: s.pack.out}
	plain, err := gzip.NewReader(source)
	if err == nil {
		_, err = io.Copy(&counted{s}, plain)
	}
	if fault := source.fault(); fault != nil {
		return fault
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if err := s.pack.out.Flush(); err != nil {
		return err
	}
	s.pack.to(s.file)
	return nil
}

// copied reads bytes and writes them to another place. What fails there is told apart from what the bytes are.
type copied struct {
	from           io.Reader
	to             io.Writer
	reads, written error
}

func (c *copied) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if n > 0 && c.written == nil {
		_, c.written = c.to.Write(p[:n])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.reads = err
	}
	return n, err
}

func (c *copied) fault() error { return errors.Join(c.reads, c.written) }

// counted adds to the digest and the counts of a spool what is written elsewhere.
type counted struct{ *Spool }

func (c *counted) Write(p []byte) (int, error) {
	c.pack.sum.Write(p)
	c.rows += int64(bytes.Count(p, []byte{'\n'}))
	c.bytes += int64(len(p))
	return len(p), nil
}
