package wire

import (
	"yardstick/pkg/rest"

	"github.com/go-json-experiment/json/jsontext"
)

// Text is what a JSON string says, "" for any other value. What is broken in it, such as half an escaped pair, reads as
// U+FFFD.
func Text(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	text, _ := jsontext.AppendUnquote(nil, v) // the error says only that something reads as U+FFFD
	return string(text)
}

// Shown is text of others made fit to be shown: one line, without control and invisible characters, cut to a number of
// characters.
func Shown(text string, limit int) string { return (*rest.Veil)(nil).Show(text, limit) }
