// Package wire is what the vendors' rooms have in common: records cut out of JSON as they were sent, a paged list read
// whole, and the kind of a call that failed. It knows no vendor.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Member is a member of an object. Its value is as it was sent.
type Member struct {
	Name  string
	Value jsontext.Value
}

// Decoder reads JSON as it was sent: what is odd inside a record is the vendor's own.
func Decoder(r io.Reader) *jsontext.Decoder {
	d := &jsontext.Decoder{}
	reset(d, r)
	return d
}

func reset(d *jsontext.Decoder, r io.Reader) {
	d.Reset(r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func lenient(body []byte) *jsontext.Decoder { return Decoder(bytes.NewBuffer(body)) }

// Document is a body's one JSON value, with a byte order mark before it or without. An empty body, broken syntax, and
// something that follows are malformed.
func Document(body []byte) (jsontext.Value, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, Malformed("the answer is empty, expected JSON")
	}
	d := lenient(body)
	whole, err := d.ReadValue()
	if err != nil {
		return nil, Broken(err)
	}
	end := d.InputOffset()
	whole = body[end-int64(len(whole)) : end]
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, Malformed("something follows the JSON document")
	}
	return whole, nil
}

// Broken is a Decoder's error as a malformed answer, without the bytes around it: they may be a record's.
func Broken(err error) error { return brokenAt(err, 0) }

// brokenAt is Broken of a Decoder that began so many bytes into the answer.
func brokenAt(err error, begin int64) error {
	where := ""
	cause := "broken syntax"
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		cause = "it ends too early"
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		where = fmt.Sprintf(", at byte %d", begin+syntax.ByteOffset)
	}
	return Malformed("the answer is not whole JSON: %s%s", cause, where)
}

// Objects says which record, if any, is no object.
func Objects(records []jsontext.Value) error {
	for i, record := range records {
		if record.Kind() != '{' {
			return Malformed("record %d is %s, expected an object", i+1, Shape(record))
		}
	}
	return nil
}

// Members are the members of an object, in its order. Any other value is an error that says what it is.
func Members(v jsontext.Value) ([]Member, error) { return new(Cutter).Members(v) }

// Elements are the elements of an array, as they stand in it.
func Elements(v jsontext.Value) ([]jsontext.Value, error) {
	if v.Kind() != '[' {
		return nil, errors.New(Shape(v))
	}
	d := lenient(v)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var found []jsontext.Value
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.InputOffset()
		found = append(found, v[end-int64(len(value)):end])
	}
	return found, nil
}

// Shape says in words what a value is.
func Shape(v jsontext.Value) string {
	switch v.Kind() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "missing"
}

// Whole is a whole number that is not negative, or -1 for any other value.
func Whole(v jsontext.Value) int64 {
	if v.Kind() != '0' {
		return -1
	}
	spelt := strings.TrimSpace(string(v))
	if n, err := strconv.ParseInt(spelt, 10, 64); err == nil && n >= 0 {
		return n
	}
	if f, err := strconv.ParseFloat(spelt, 64); err == nil && f >= 0 && f == math.Trunc(f) && f < 1<<53 {
		return int64(f)
	}
	return -1
}
