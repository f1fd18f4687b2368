// Package sheet turns JSON lines into the rows of a CSV file, for spreadsheets and the like: a column for each member that
// any of the lines has, and every value spelt as it is stored.
package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Sheet is one CSV file. First Note each line, so that all columns are known; then Header, and Row for each line again. It
// keeps the names and no line. It is not safe for concurrent use. Make it with New.
type Sheet struct {
	// Safe puts a ' before what a spreadsheet would take for a formula: names and strings that begin with = + - @ or with
	// white space other than blanks. Numbers stay as they are.
	Safe bool

	lead    int // how many columns stand before those of the members
	columns []column
	spelt   map[string]int // the first column of a name, by its spelling
	named   map[string]int // the same by what the name says
	line    int            // counts the lines
	cells   []jsontext.Value
	broken  int64

	body bytes.Buffer
	d    jsontext.Decoder
	text []byte
}

// column is a member's. A name that repeats within a line has a further column for each time.
type column struct {
	name string
	next int // the column of the next repetition; 0: there is none
	// In a name's first column: the line that had the name last, and the column that was taken there last.
	line, taken int
}

// New is a sheet whose first columns have these names; Row is told their values.
func New(lead ...string) *Sheet {
	s := &Sheet{lead: len(lead), spelt: map[string]int{}, named: map[string]int{}}
	for _, name := range lead {
		s.columns = append(s.columns, column{name: name})
	}
	s.cells = make([]jsontext.Value, len(lead))
	return s
}

// Note learns the names of a line's members. Columns come in the order in which they are first seen. A line that is no JSON
// object is an error that quotes nothing of it.
func (s *Sheet) Note(line []byte) error { return s.members(line, s.add) }

// Header is the first row, with its end.
func (s *Sheet) Header() []byte {
	var row []byte
	for i, c := range s.columns {
		if i > 0 {
			row = append(row, ',')
		}
		row = s.field(row, []byte(c.name))
	}
	return append(row, '\r', '\n')
}

// Row appends the row of a line that was noted, with its end, to dst. lead are the values of
// the first columns, as many as New was told names. A number,
// true, false, an array or an object is spelt as in the line; a string is its text, quoted where it is empty; null and a
// member that the line has not are nothing at all.
func (s *Sheet) Row(dst []byte, lead [][]byte, line []byte) ([]byte, error) {
	if err := s.members(line, nil); err != nil {
		return dst, err
	}
	for i, value := range s.cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i < s.lead {
			dst = s.field(dst, lead[i])
		} else {
			dst = s.cell(dst, value)
		}
	}
	return append(dst, '\r', '\n'), nil
}

// Broken is how many values of all rows held what is no Unicode, such as half of a surrogate pair, and have U+FFFD there.
func (s *Sheet) Broken() int64 { return s.broken }

func (s *Sheet) cell(dst []byte, value jsontext.Value) []byte {
	if len(value) == 0 || value[0] == 'n' {
		return dst
	}
	if value[0] != '"' {
		if !utf8.Valid(value) {
			s.broken++
			value = bytes.ToValidUTF8(value, []byte("\uFFFD"))
		}
		return appendField(dst, value)
	}
	var err error
	if s.text, err = jsontext.AppendUnquote(s.text[:0], value); err != nil {
		s.broken++ // the value is a whole string: members saw to that
	}
	return s.field(dst, s.text)
}

// field appends a text, made safe if that is wanted.
func (s *Sheet) field(dst, text []byte) []byte {
	if s.Safe && len(text) > 0 && strings.IndexByte("=+-@\t\r\n", text[0]) >= 0 {
		text = append([]byte{'\''}, text...)
	}
	return appendField(dst, text)
}

// appendField appends a field as RFC 4180 has it. An empty text is quoted, so that it differs from nothing; blanks at an
// end are, since some readers drop them; \. is, since PostgreSQL takes it for the end.
func appendField(dst, text []byte) []byte {
	if plain(text) {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, text[:i+1]...), '"')
		text = text[i+1:]
	}
	return append(append(dst, text...), '"')
}

func plain(text []byte) bool {
	n := len(text)
	if n == 0 || text[0] == ' ' || text[n-1] == ' ' || string(text) == `\.` {
		return false
	}
	for _, c := range text {
		if c == '"' || c == ',' || c == '\r' || c == '\n' {
			return false
		}
	}
	return true
}

var errUnknown = errors.New("the line has a member that was not noted")

// members puts the values of a line into cells; add makes a column that is missing.
func (s *Sheet) members(line []byte, add func(quoted []byte) int) error {
	clear(s.cells)
	s.line++
	s.body = *bytes.NewBuffer(line)
	s.d.Reset(&s.body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if s.d.PeekKind() != '{' {
		return errors.New("the line is no JSON object")
	}
	if _, err := s.d.ReadToken(); err != nil {
		return broken(err)
	}
	for s.d.PeekKind() != '}' {
		quoted, err := s.d.ReadValue()
		if err != nil {
			return broken(err)
		}
		column := s.column(quoted, add)
		value, err := s.d.ReadValue()
		if err != nil {
			return broken(err)
		}
		if column < 0 {
			return errUnknown
		}
		end := s.d.InputOffset()
		s.cells[column] = line[end-int64(len(value)) : end]
	}
	_, err := s.d.ReadToken()
	if err == nil && len(bytes.Trim(line[s.d.InputOffset():], " \t\r\n")) > 0 {
		err = errors.New("something follows it")
	}
	if err != nil {
		return broken(err)
	}
	return nil
}

func broken(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("the line is no JSON object: it goes wrong at byte %d", syntax.ByteOffset)
	}
	return fmt.Errorf("the line is no JSON object: %w", err)
}

// column is where the value of a name goes, -1 where there is no such column and none is to be made.
func (s *Sheet) column(quoted []byte, add func(quoted []byte) int) int {
	first, known := s.spelt[string(quoted)]
	if !known {
		name := identity(quoted)
		if first, known = s.named[name]; !known {
			if add == nil {
				return -1
			}
			first = add(quoted)
			s.named[name] = first
		}
		s.spelt[string(quoted)] = first
	}
	c := &s.columns[first]
	if c.line != s.line {
		c.line, c.taken = s.line, first
		return first
	}
	next := s.columns[c.taken].next
	if next == 0 {
		if add == nil {
			return -1
		}
		next = add(quoted)
		s.columns[s.columns[first].taken].next = next
	}
	s.columns[first].taken = next
	return next
}

// add makes a column.
func (s *Sheet) add(quoted []byte) int {
	name, _ := jsontext.AppendUnquote(nil, quoted) // what is no Unicode reads as U+FFFD
	s.columns = append(s.columns, column{name: string(name)})
	s.cells = append(s.cells, nil)
	return len(s.columns) - 1
}

// identity is what a name says; of one that is no Unicode its spelling, so that two of them stay apart.
func identity(quoted []byte) string {
	name, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return "\xff" + string(quoted)
	}
	return string(name)
}
