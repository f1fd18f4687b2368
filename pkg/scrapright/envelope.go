package scrapright

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"

	"github.com/go-json-experiment/json/jsontext"
)

// envelope is an answer that says yes.
type envelope struct {
	whole jsontext.Value
	data  jsontext.Value
}

// saysNo is an answer whose IsError says so, whatever its status was.
type saysNo struct{ message string }

func (e *saysNo) Error() string { return fmt.Sprintf("the vendor says no: %s", e.message) }

type namedValue struct {
	name  string
	value jsontext.Value
}

// lenient reads JSON as it was sent: what is odd inside a record is the vendor's own.
func lenient(body []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// parseEnvelope reads an answer of {"IsError":0,"Message":"...","Data":...}: one document, with a BOM or without.
// An IsError other than 0, false or null is a *saysNo, whose message does not repeat the secret that was sent; anything
// else that is not such an answer is malformed.
func parseEnvelope(body []byte, sent credential.Secret) (envelope, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(body)) == 0 {
		return envelope{}, malformed("the answer is empty, expected JSON with IsError, Message and Data")
	}
	d := lenient(body)
	whole, err := d.ReadValue()
	if err != nil {
		return envelope{}, malformed("the answer is not whole JSON: %s", broken(err))
	}
	end := d.InputOffset()
	whole = body[end-int64(len(whole)) : end]
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return envelope{}, malformed("something follows the JSON document")
	}
	top, err := members(whole)
	if err != nil {
		return envelope{}, malformed("the answer is %w, expected an object with IsError, Message and Data", err)
	}
	e := envelope{whole: whole}
	var message string
	var failed bool
	seen := map[string]bool{}
	for _, m := range top {
		if seen[m.name] {
			return envelope{}, malformed("%s stands in the answer twice", brief(m.name))
		}
		seen[m.name] = true
		switch m.name {
		case "IsError":
			failed = !isZero(m.value)
		case "Message":
			message = text(m.value)
		case "Data":
			e.data = m.value
		}
	}
	if failed {
		return envelope{}, &export.Error{Kind: export.VendorError, Err: &saysNo{line(message, sent)}}
	}
	return e, nil
}

// broken is a syntax error without the bytes around it: they may be a record's.
func broken(err error) string {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		cause := "broken syntax"
		if errors.Is(syntax, io.ErrUnexpectedEOF) {
			cause = "it ends too early"
		}
		return fmt.Sprintf("%s, at byte %d", cause, syntax.ByteOffset)
	}
	return "broken syntax"
}

// isZero says whether IsError means no error: 0, false, null, or those as text.
func isZero(v jsontext.Value) bool {
	switch spelt := strings.TrimSpace(string(v)); v.Kind() {
	case 'n', 'f':
		return true
	case '0':
		n, err := strconv.ParseFloat(spelt, 64)
		return err == nil && n == 0
	case '"':
		t := strings.ToLower(strings.TrimSpace(text(v)))
		return t == "" || t == "0" || t == "false"
	}
	return false
}

// line makes a vendor's message fit to be shown: one line of at most 200 characters, without what was sent in secret.
func line(message string, sent credential.Secret) string {
	if secret := sent.Reveal(); secret != "" {
		message = strings.NewReplacer(secret, sent.String(), url.QueryEscape(secret), sent.String()).Replace(message)
	}
	if message = shown(message, 200); message == "" {
		return "(no message)"
	}
	return message
}

// brief is a member's name, which may be anything.
func brief(name string) string { return shown(name, 40) }

// shown is text of others without control and invisible characters, cut to a number of characters.
func shown(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

// members are the members of an object. Any other value is an error that says what it is.
func members(v jsontext.Value) ([]namedValue, error) {
	if v.Kind() != '{' {
		return nil, errors.New(shape(v))
	}
	d := lenient(v)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var found []namedValue
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		m := namedValue{name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.InputOffset()
		m.value = v[end-int64(len(value)) : end]
		found = append(found, m)
	}
	return found, nil
}

// elements are the elements of an array, as they stand in it.
func elements(v jsontext.Value) ([]jsontext.Value, error) {
	if v.Kind() != '[' {
		return nil, errors.New(shape(v))
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

func shape(v jsontext.Value) string {
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

// whole is a whole number that is not negative, or -1 for any other value.
func whole(v jsontext.Value) int64 {
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
