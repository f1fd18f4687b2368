package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	keyForm = `{"api_key":"..."} or the bare key as plain text, in visible ASCII characters without white space`

	// Servers commonly refuse header lines above 8 KiB; no vendor's key comes near.
	maxKey = 8000

	byteOrderMark = "\ufeff"
)

// ReadKey reads the API key that the vault keeps under name, and its VersionId (told beside a *FormError too). Every
// error is a *SecretFault, but for that of a context that ended. What fails in passing is tried again, a few times.
func ReadKey(ctx context.Context, vault Vault, name string) (key Secret, version string, err error) {
	v, err := current(ctx, vault, name)
	if err != nil {
		return Secret{}, "", faultOf(ctx, name, readingKey, err)
	}
	if key, err = ParseKey(name, v); err != nil {
		return Secret{}, v.ID, &SecretFault{name, readingKey, err}
	}
	return key, v.ID, nil
}

// ParseKey takes the API key out of what a secret holds: {"api_key":"..."}, with any other members beside it, or the
// bare key as plain text. Surrounding white space (and the byte order mark that some editors put first) is dropped.
// Anything else is a *FormError; so is a key that could not be sent in an HTTP header.
func ParseKey(name string, v Version) (Secret, error) {
	text := trim(v.Value.Reveal())
	key, found := text, ""
	switch {
	case text == "":
		found = "no value"
	case strings.HasPrefix(text, "{"):
		key, found = keyMember(text)
	case json.Valid([]byte(text)) && jsonShape(text) != "a JSON number": // a key of digits alone is still a key
		found = jsonShape(text)
	case strings.HasPrefix(text, "["), strings.HasPrefix(text, `"`):
		found = "a text that begins like JSON and is none"
	}
	if found == "" {
		found = unsendable(key)
	}
	if found != "" {
		return Secret{}, &FormError{Secret: name, Found: found, Expected: keyForm}
	}
	return NewSecret(key), nil
}

// keyMember is the object's api_key, or what was found in its place.
func keyMember(text string) (key, found string) {
	doc, err := parseDocument(text)
	if err != nil {
		return "", "a broken JSON object"
	}
	values := doc.values("api_key")
	switch {
	case len(values) == 0:
		return "", "a JSON object without api_key"
	case len(values) > 1:
		return "", "a JSON object with api_key more than once"
	case json.Unmarshal([]byte(values[0]), &key) != nil || values[0] == "null":
		return "", "a JSON object whose api_key is " + jsonShape(values[0])
	}
	key = trim(key)
	if key == "" {
		return "", "a JSON object whose api_key is empty"
	}
	return key, ""
}

func trim(text string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), byteOrderMark))
}

// unsendable says why text cannot be the value of an HTTP header, or nothing where it can.
func unsendable(text string) string {
	if len(text) > maxKey {
		return fmt.Sprintf("a text of %d bytes", len(text))
	}
	for _, c := range []byte(text) {
		switch {
		case c == ' ' || '\t' <= c && c <= '\r':
			return "a text with white space inside"
		case c < ' ' || c == 0x7f:
			return "a text with control characters"
		case c > 0x7f:
			return "a text with characters beyond ASCII"
		}
	}
	return ""
}

// jsonShape names what a text is as JSON, and nothing of its content.
func jsonShape(text string) string {
	if !json.Valid([]byte(text)) {
		return "a text that is no JSON"
	}
	switch strings.TrimSpace(text)[0] {
	case '{':
		return "a JSON object"
	case '[':
		return "a JSON array"
	case '"':
		return "a JSON string"
	case 'n':
		return "JSON null"
	case 't', 'f':
		return "a JSON boolean"
	default:
		return "a JSON number"
	}
}
