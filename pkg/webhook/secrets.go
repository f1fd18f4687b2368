package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const (
	secretPrefix = "whsec_"
	secretForm   = `{"secrets":["whsec_..."]} or one bare whsec_..., each with 24 to 64 bytes in base64 after whsec_`

	shortestKey, longestKey = 24, 64 // bytes, as the standard sets them
	maxSecrets              = 10     // far more than a rotation needs
)

// Secrets are the keys that webhooks are signed with: several while they are rotated. Make them with ParseSecrets; the
// zero value verifies nothing. However they are printed, logged or marshalled, they do not show.
type Secrets struct {
	// Package fmt calls no methods on unexported fields, and with some verbs follows a pointer; a function it prints as an
	// address.
	keys func() [][]byte
}

// Format prints REDACTED for every verb.
func (Secrets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("REDACTED")) }

func (s Secrets) all() [][]byte {
	if s.keys == nil {
		return nil
	}
	return s.keys()
}

// FormError says that what a secret holds has not the form that is expected. It never holds any of the content.
type FormError struct {
	Found    string // the shape only
	Expected string
}

func (e *FormError) Error() string { return "it holds " + e.Found + "; expected " + e.Expected }

// ParseSecrets reads {"secrets":["whsec_..."]}, with any other members beside it, or one bare whsec_... as plain text.
// Anything else is a *FormError.
func ParseSecrets(text string) (Secrets, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff"))
	written, found := []string{text}, ""
	switch {
	case text == "":
		found = "no value"
	case strings.HasPrefix(text, "{"):
		written, found = secretsMember(text)
	}
	var keys [][]byte
	for i, one := range written {
		if found != "" {
			break
		}
		var key []byte
		if key, found = decode(one); found != "" && len(written) > 1 {
			found = fmt.Sprintf("as secret %d of %d %s", i+1, len(written), found)
		}
		keys = append(keys, key)
	}
	if found != "" {
		return Secrets{}, &FormError{Found: found, Expected: secretForm}
	}
	return Secrets{func() [][]byte { return keys }}, nil
}

// secretsMember is the object's list, or what was found in its place.
func secretsMember(text string) (written []string, found string) {
	lists, err := members(text, "secrets")
	var list []*string
	switch {
	case err != nil:
		return nil, "a broken JSON object"
	case len(lists) == 0:
		return nil, "a JSON object without secrets"
	case len(lists) > 1:
		return nil, "a JSON object with secrets more than once"
	case json.Unmarshal(lists[0], &list) != nil:
		return nil, "a JSON object whose secrets is no list of texts"
	case len(list) == 0:
		return nil, "a JSON object whose secrets is empty"
	case len(list) > maxSecrets:
		return nil, fmt.Sprintf("%d secrets, which is more than %d", len(list), maxSecrets)
	}
	for _, one := range list {
		if one == nil {
			return nil, "a JSON object whose secrets is no list of texts"
		}
		written = append(written, *one)
	}
	return written, ""
}

// members are the values of every member of that name.
func members(text, name string) (values []json.RawMessage, err error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New("no JSON")
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		found, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if found == name {
			values = append(values, value)
		}
	}
	return values, nil
}

// decode gives the key of one secret, or what was found in its place.
func decode(text string) (key []byte, found string) {
	coded, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	if !ok {
		return nil, "a text that does not begin with " + secretPrefix
	}
	key, err := base64.StdEncoding.Strict().DecodeString(coded)
	if err != nil || strings.ContainsAny(coded, "\r\n") { // line ends, the decoder passes over
		return nil, "a text that is no base64 after " + secretPrefix
	}
	if len(key) < shortestKey || len(key) > longestKey {
		return nil, fmt.Sprintf("a key of %d bytes", len(key))
	}
	return key, ""
}
