package snapshot

import (
	"encoding"
	"errors"
	"fmt"
	"io"
)

// Mark is a place in a spool, between two lines. The zero Mark is its beginning.
type Mark struct {
	offset, rows, bytes int64
	sum                 []byte // state of the digest
	writing             int    // which of the spool's writings it belongs to
}

// Mark remembers the place after the lines so far. It ends a member of the compressed file; a file of several members is
// one object to its readers.
func (s *Spool) Mark() (Mark, error) {
	if s.rows == 0 {
		return Mark{}, nil
	}
	offset, err := s.endMember()
	if err != nil {
		return Mark{}, fmt.Errorf("mark the spool: %w", err)
	}
	sum, err := s.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return Mark{}, fmt.Errorf("mark the spool: %w", err)
	}
	return Mark{offset: offset, rows: s.rows, bytes: s.bytes, sum: sum, writing: s.writing}, nil
}

// endMember ends a member of the compressed file and answers how long the file is then. Append may follow.
func (s *Spool) endMember() (offset int64, err error) {
	if err := s.zip.Close(); err != nil {
		return 0, err
	}
	if err := s.out.Flush(); err != nil {
		return 0, err
	}
	s.zip.Reset(s.out)
	return s.file.Seek(0, io.SeekCurrent)
}

// Rollback drops the lines after a mark. Append may follow. A mark from before a Begin, Reset, Drop or Sort is an error,
// and nothing was dropped then.
func (s *Spool) Rollback(m Mark) error {
	if m.rows == 0 {
		return s.Reset()
	}
	if m.writing != s.writing {
		return errors.New("roll the spool back: its lines were written anew since the mark was made")
	}
	if m.rows == s.rows {
		return nil
	}
	s.out.Reset(s.file)
	s.zip.Reset(s.out)
	s.unseen = true
	s.rows, s.bytes = m.rows, m.bytes
	if err := s.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(m.sum); err != nil {
		return fmt.Errorf("roll the spool back: %w", err)
	}
	if _, err := s.file.Seek(m.offset, io.SeekStart); err != nil {
		return fmt.Errorf("roll the spool back: %w", err)
	}
	if err := s.file.Truncate(m.offset); err != nil {
		return fmt.Errorf("roll the spool back: %w", err)
	}
	return nil
}
