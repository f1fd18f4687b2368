package scrunch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// row is one row of a report, as sent.
type row = jsontext.Value

// null is how a null is noted among the values of a dimension.
const null = "\x00null"

// maxValues bounds how many values of a dimension are noted: more cannot be asked for one by one.
const maxValues = 2_000

// rows takes a report's rows into the sink. It notes which values the slicing dimensions have, that each row is of the day
// asked for, and that none comes twice.
type rows struct {
	sink   export.Sink
	fields []string
	date   string
	values map[string][]string
	seen   []uint64
}

func newRows(sink export.Sink, fields []string, day export.Day) *rows {
	return &rows{sink: sink, fields: fields, date: strings.ReplaceAll(day.String(), "-", ""), values: map[string][]string{}}
}

func (r *rows) add(record row) error {
	found, err := wire.Members(record)
	if err != nil {
		return wire.Malformed("a row is %w, expected an object", err)
	}
	for _, m := range found {
		if m.Name == "date" && spelt(m.Value) != r.date {
			return wire.Malformed("a row is of the date %s, and %s was asked for", spelt(m.Value), r.date)
		}
		if slices.Contains(slicing, m.Name) {
			r.note(m.Name, m.Value)
		}
	}
	fingerprint, err := r.sink.Append(record)
	r.seen = append(r.seen, fingerprint)
	return err
}

func (r *rows) note(dimension string, value jsontext.Value) {
	text := spelt(value)
	if noted := r.values[dimension]; len(noted) <= maxValues && !slices.Contains(noted, text) {
		r.values[dimension] = append(noted, text)
	}
}

// spelt is a value as a filter spells it.
func spelt(v jsontext.Value) string {
	switch v.Kind() {
	case 'n':
		return null
	case '"':
		text, _ := jsontext.AppendUnquote(nil, v) // a broken escape reads as U+FFFD, and the slice will be found empty
		return string(text)
	}
	return string(v)
}

// usable says whether a dimension's values can be asked for one by one.
func usable(values []string) bool {
	return len(values) > 0 && len(values) <= maxValues && !slices.ContainsFunc(values, func(v string) bool {
		return v == null || v == "" || strings.HasPrefix(v, "!") || strings.ContainsAny(v, "|")
	})
}

// repeats says whether a row came twice.
func (r *rows) repeats() bool {
	sorted := slices.Clone(r.seen)
	slices.Sort(sorted)
	return len(slices.Compact(sorted)) != len(r.seen)
}

// place is a place in the rows.
type place struct {
	mark export.Mark
	rows int
}

func (r *rows) mark() (place, error) {
	mark, err := r.sink.Mark()
	return place{mark, len(r.seen)}, err
}

// rollback drops the rows after a place, and what was noted of their values.
func (r *rows) rollback(p place) error {
	r.seen, r.values = r.seen[:p.rows], map[string][]string{}
	return r.sink.Rollback(p.mark)
}

// rows makes one request to /query and gives each row of the bare array to each. An attempt that breaks off in the middle
// is taken back before the next one.
func (s *Source) rows(ctx context.Context, path string, q url.Values, into *rows, each func(row) error) (count int, err error) {
	began, err := into.mark()
	if err != nil {
		return 0, err
	}
	_, err = s.get(ctx, rest.Request{Path: path, Query: q, Into: func(_ http.Header, body io.Reader) error {
		if err := into.rollback(began); err != nil {
			return err
		}
		count, err = eachRow(body, each)
		return err
	}})
	return count, err
}

// eachRow reads a bare array of objects as it arrives.
func eachRow(body io.Reader, each func(row) error) (count int, err error) {
	d := wire.Decoder(body)
	broken := func(err error) error { return wire.Broken(err) }
	token, err := d.ReadToken()
	if err != nil {
		return 0, broken(err)
	}
	if token.Kind() != '[' {
		return 0, wire.Malformed("the answer is no array of rows")
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return count, broken(err)
		}
		if value.Kind() != '{' {
			return count, wire.Malformed("row %d is %s, expected an object", count+1, wire.Shape(value))
		}
		if err := each(value); err != nil {
			return count, fmt.Errorf("row %d: %w", count+1, err)
		}
		count++
	}
	if _, err := d.ReadToken(); err != nil {
		return count, broken(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return count, wire.Malformed("something follows the array of rows")
	}
	return count, nil
}

// tagger is a Sink that puts brand_id and brand_name first in each record, where it has no such member.
type tagger struct {
	export.Sink
	brand  Brand
	record []byte
}

// Append adds the record with the brand put first.
func (t *tagger) Append(record []byte) (uint64, error) {
	tagged, err := t.tag(record)
	if err != nil {
		return 0, err
	}
	return t.Sink.Append(tagged)
}

// Fingerprint is that of the record with the brand put first.
func (t *tagger) Fingerprint(record []byte) (uint64, error) {
	tagged, err := t.tag(record)
	if err != nil {
		return 0, err
	}
	return t.Sink.Fingerprint(tagged)
}

func (t *tagger) tag(record []byte) ([]byte, error) {
	found, err := wire.Members(record)
	if err != nil {
		return nil, wire.Malformed("a record is %w, expected an object", err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(found, func(m wire.Member) bool { return m.Name == name })
	}
	t.record = append(t.record[:0], '{')
	if !has("brand_id") {
		t.record = strconv.AppendInt(append(t.record, `"brand_id":`...), t.brand.ID, 10)
		t.record = append(t.record, ',')
	}
	if !has("brand_name") {
		t.record = append(append(append(t.record, `"brand_name":`...), t.brand.Name...), ',')
	}
	if len(found) == 0 {
		return append(t.record[:len(t.record)-1], '}'), nil
	}
	rest := strings.IndexByte(string(record), '{') + 1
	return append(t.record, record[rest:]...), nil
}
