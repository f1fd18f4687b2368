package snapshot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/gzip"
)

// copyRemedy is what to do about an object that is not what it should be.
const copyRemedy = "restore an earlier version of it, or delete it to have its day read again"

// Copy is a data object on this machine. Unless it is Gone, it is whole, and was shown to be what was published.
type Copy struct {
	Part
	Content Content
	// Differs says that the object proves itself by its metadata, and the ledger tells of another: a run is about to write
	// that, or was cut off before it did.
	Differs bool
	Gone    bool // the ledger has an entry, and there is no such object

	file        *os.File
	begin, size int64 // in the file
}

// Lines calls f with each line, its end included. The line is only good until f returns. An error of f ends it.
func (c *Copy) Lines(f func(line []byte) error) error {
	if c.Gone {
		return nil
	}
	if err := eachLine(c.body(), f); err != nil {
		return fmt.Errorf("%s: %w", c.Key, err)
	}
	return nil
}

// WriteTo writes the lines as they are stored.
func (c *Copy) WriteTo(w io.Writer) (int64, error) {
	if c.Gone {
		return 0, nil
	}
	plain, err := gzip.NewReader(c.body())
	if err != nil {
		return 0, fmt.Errorf("%s: %w", c.Key, err)
	}
	n, err := io.Copy(w, plain)
	if err != nil {
		err = fmt.Errorf("%s: %w", c.Key, err)
	}
	return n, err
}

func (c *Copy) body() io.Reader { return io.NewSectionReader(c.file, c.begin, c.size) }

// lane takes copies of objects into a file of its own, one after another.
type lane struct {
	store Reader
	file  *os.File
	end   int64
	zip   gzip.Reader
}

// clear frees the file of the copies so far.
func (l *lane) clear() error {
	l.end = 0
	return l.file.Truncate(0)
}

// fetch takes a copy of an object behind those before.
func (l *lane) fetch(ctx context.Context, p Part) (*Copy, error) {
	body, info, err := l.store.Get(ctx, p.Key)
	if errors.Is(err, ErrNotFound) {
		return &Copy{Part: p, Gone: true}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take a copy: %w", err)
	}
	c, err := l.take(body, p, info)
	return c, errors.Join(err, body.Close())
}

func (l *lane) take(body io.Reader, p Part, info Info) (*Copy, error) {
	there := &tally{sum: sha256.New()}
	file := &section{file: l.file, end: l.end}
	source := &copied{from: body, to: file}
	err := l.zip.Reset(source)
	if err == nil {
		_, err = io.Copy(there, &l.zip)
	}
	if fault := source.fault(); fault != nil {
		return nil, fmt.Errorf("take a copy: %w", fault)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it breaks off")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: %w; %s", p.Key, ErrForm, err, copyRemedy)
	}
	c := &Copy{Part: p, Content: there.content(), file: l.file, begin: l.end, size: file.end - l.end}
	l.end = file.end
	want, where := proof(p.Entry, info)
	if c.Content.Rows != want.Rows || c.Content.SHA256 != want.SHA256 {
		return nil, fmt.Errorf("read %s: %w: it holds %d rows with a SHA-256 of %s, and %s of %d and %s; %s", p.Key, ErrForm,
			c.Content.Rows, c.Content.SHA256, where, want.Rows, want.SHA256, copyRemedy)
	}
	c.Differs = want.Rows != p.Entry.Rows || want.SHA256 != p.Entry.SHA256
	return c, nil
}

// proof is what an object has to hold: what its metadata say, or, where they do not, the ledger.
func proof(e Entry, info Info) (c Content, where string) {
	rows, err := strconv.ParseInt(info.Metadata["rows"], 10, 64)
	if sum := info.Metadata["sha256"]; err == nil && sum != "" {
		return Content{Rows: rows, SHA256: sum}, "its metadata tell"
	}
	return Content{Rows: e.Rows, SHA256: e.SHA256}, "the ledger tells"
}

// tally counts what is written.
type tally struct {
	sum         hash.Hash
	rows, bytes int64
}

func (t *tally) Write(p []byte) (int, error) {
	t.sum.Write(p)
	t.rows += int64(bytes.Count(p, []byte{'\n'}))
	t.bytes += int64(len(p))
	return len(p), nil
}

func (t *tally) content() Content {
	return Content{Rows: t.rows, Bytes: t.bytes, SHA256: hex.EncodeToString(t.sum.Sum(nil))}
}

// section writes to a file from a place on.
type section struct {
	file *os.File
	end  int64
}

func (s *section) Write(p []byte) (int, error) {
	n, err := s.file.WriteAt(p, s.end)
	s.end += int64(n)
	return n, err
}
