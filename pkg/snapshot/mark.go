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

// Mark remembers the place after the lines so far. Unless lines are to be sorted, it ends a member of the compressed file;
// a file of several members is one object to its readers.
func (s *Spool) Mark() (Mark, error) {
	m := Mark{rows: s.rows, bytes: s.bytes, writing: s.writing}
	if s.rows == 0 {
		return Mark{}, nil
	}
	if s.sorter != nil {
		return m, nil
	}
	var err error
	if m.offset, err = s.endMember(); err != nil {
		return Mark{}, fmt.Errorf("mark the spool: %w", err)
	}
	if m.sum, err = s.pack.sum.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
		return Mark{}, fmt.Errorf("mark the spool: %w", err)
	}
	return m, nil
}

// endMember ends a member of the compressed file and answers how long the file is then. Append may follow.
func (s *Spool) endMember() (offset int64, err error) {
	if err := s.all(); err != nil {
		return 0, err
	}
	if err := s.pack.end(); err != nil {
		return 0, err
	}
	s.pack.to(s.file)
	return s.file.Seek(0, io.SeekCurrent)
}

// Rollback drops the lines after a mark. Append may follow. A mark from before a Begin, Reset, Drop or Sort, or of lines
// to be sorted from before a Save, is an error, and nothing was dropped then.
func (s *Spool) Rollback(m Mark) error {
	if m.rows == 0 {
		return s.Reset()
	}
	if m.writing != s.writing {
		return errors.New("roll the spool back: its lines were written anew since the mark was made")
	}
	s.Leave()
	if m.rows == s.rows {
		return nil
	}
	s.rows, s.bytes, s.unseen = m.rows, m.bytes, true
	if s.sorter != nil {
		if err := s.sorter.rollback(m.bytes, &s.block); err != nil {
			return fmt.Errorf("roll the spool back: %w", err)
		}
		return nil
	}
	s.block = s.block[:0]
	s.pack.to(s.file)
	if err := s.pack.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(m.sum); err != nil {
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
