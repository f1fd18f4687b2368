package scrunch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// row is one row of a report, as sent.
type row = jsontext.Value

// rows takes a report's rows into the sink and counts them. It notes which values the slicing dimensions have, and that each
// row is of the day asked for.
type rows struct {
	sink   *tagger
	date   string // as YYYYMMDD
	dated  bool   // the date is among the fields asked for
	values values
	count  int
}

func newRows(sink *tagger, fields []string, day export.Day) *rows {
	return &rows{sink: sink, date: strings.ReplaceAll(day.String(), "-", ""), dated: slices.Contains(fields, "date")}
}

// glance takes the row that text begins with where it is like the one before, and answers its length; else 0.
func (r *rows) glance(text []byte) (length int, err error) {
	found, ok := r.sink.follow(text)
	if !ok {
		return 0, nil
	}
	if err := r.note(func(member int) jsontext.Value { return found.Values[member].Of(text) }); err != nil {
		return 0, err
	}
	return found.Length, r.came(r.sink.Take())
}

// add takes a row.
func (r *rows) add(record row, members []wire.Member) error {
	r.sink.fit(members)
	if err := r.note(func(member int) jsontext.Value { return members[member].Value }); err != nil {
		return err
	}
	return r.came(r.sink.add(record))
}

// note holds a row, which the layout fits, to what was asked for, and notes what it may be sliced by.
func (r *rows) note(value func(member int) jsontext.Value) error {
	of := &r.sink.layout
	for _, date := range of.dates {
		if v := value(date); !r.isDate(v) {
			return wire.Malformed("a row is of the date %s, and %s was asked for", brief(v), r.date)
		}
	}
	if r.dated && len(of.dates) == 0 {
		return wire.Malformed("a row has no date, and %s was asked for", r.date)
	}
	for _, d := range of.dimensions {
		r.values.note(d.place, value(d.member))
	}
	return nil
}

func (r *rows) came(_ export.Line, err error) error {
	if err == nil {
		r.count++
	}
	return err
}

// twice puts the rows into order, and says whether one came twice.
func (r *rows) twice() (bool, error) { return r.sink.Sort() }

// isDate takes the date as a string and as a number (parameter fields of operation query).
func (r *rows) isDate(v jsontext.Value) bool {
	if quote := len(v) - 1; quote > 1 && v[0] == '"' && string(v[1:quote]) == r.date {
		return true
	}
	return spelt(v) == r.date
}

// brief is a value that should have been another, made fit to be shown.
func brief(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		return `"` + wire.Shown(wire.Text(v), 40) + `"`
	case '0':
		return wire.Shown(string(v), 40)
	}
	return wire.Shape(v)
}

// place is a place in the rows.
type place struct {
	mark export.Mark
	rows int
}

func (r *rows) mark() (place, error) {
	mark, err := r.sink.Mark()
	return place{mark, r.count}, err
}

// rollback drops the rows after a place, and what was noted of their values.
func (r *rows) rollback(p place) error {
	r.count, r.values = p.rows, values{}
	return r.sink.Rollback(p.mark)
}

// taker takes the rows of an answer.
type taker interface {
	// glance takes the row that text begins with if it can at a glance, and answers its length. 0: it is for add.
	glance(text []byte) (length int, err error)
	// add takes a row, cut into its members.
	add(record row, members []wire.Member) error
}

// unread are rows of which only the number matters.
type unread struct{}

func (unread) glance([]byte) (int, error)   { return 0, nil }
func (unread) add(row, []wire.Member) error { return nil }

// rows makes one request to /query. Each attempt begins with begin; the rows of the bare array go into the taker.
func (s *Source) rows(ctx context.Context, path string, q url.Values, begin func() error, into taker) (count int, err error) {
	_, err = s.get(ctx, rest.Request{Path: path, Query: q, Into: func(h http.Header, body io.Reader) error {
		if err := wire.JSONType(h); err != nil {
			return err
		}
		if err := begin(); err != nil {
			return err
		}
		count, err = eachRow(body, into)
		return err
	}})
	return count, s.told(err)
}

// eachRow reads a bare array of objects as it arrives.
func eachRow(body io.Reader, into taker) (count int, err error) {
	answer := wire.NewArray(body)
	if other, opens := answer.Opens(); !opens {
		return 0, noRows(other)
	}
	for {
		err := oneRow(answer, into, count+1)
		switch {
		case errors.Is(err, io.EOF):
			return count, nil
		case err != nil:
			return count, err
		}
		count++
	}
}

// oneRow gives the next row to the taker. io.EOF is the end of the answer.
func oneRow(answer *wire.Array, into taker, number int) error {
	if ahead := answer.Ahead(); len(ahead) > 0 {
		length, err := into.glance(ahead)
		if err != nil {
			return fmt.Errorf("row %d: %w", number, err)
		}
		if length > 0 {
			answer.Skip(length)
			return nil
		}
	}
	record, members, err := answer.Next()
	if err != nil {
		return err
	}
	if record.Kind() != '{' {
		return wire.Malformed("row %d is %s, expected an object", number, wire.Shape(record))
	}
	if err := into.add(record, members); err != nil {
		return fmt.Errorf("row %d: %w", number, err)
	}
	return nil
}
