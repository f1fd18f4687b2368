package rest

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"unicode/utf8"
)

// messageIn finds the text of a refusal that is meant for people, as it was sent.
func messageIn(body []byte) string {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	var value any
	if json.Unmarshal(body, &value) == nil {
		if text := messageOf(value); text != "" {
			return text
		}
	}
	return withoutTags(string(body))
}

// messageOf finds a message in JSON: a string, or one under a usual name, also in an object or list found there.
func messageOf(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case []any:
		if len(value) > 0 {
			return messageOf(value[0])
		}
	case map[string]any:
		for _, name := range []string{"Message", "message", "detail", "error", "msg", "title"} {
			if text := messageOf(value[name]); text != "" {
				return text
			}
		}
	}
	return ""
}

// withoutTags is the text of an HTML page, or a plain text as it is: tags, comments, scripts and styles are dropped.
func withoutTags(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "<")
		out.WriteString(before)
		if !found {
			return html.UnescapeString(out.String())
		}
		if first, _ := utf8.DecodeRuneInString(rest); !strings.ContainsRune("/!?", first) && !isLetter(first) {
			out.WriteByte('<') // a sign and no tag
			text = rest
			continue
		}
		out.WriteByte(' ')
		text = afterTag(rest)
	}
}

// afterTag is what follows a tag whose "<" was cut off, and its content too where that is no text. What never ends
// leaves nothing.
func afterTag(tag string) string {
	end := ">"
	lower := strings.ToLower(tag[:min(len(tag), len("script"))])
	switch {
	case strings.HasPrefix(tag, "!--"):
		end = "-->"
	case strings.HasPrefix(lower, "script"):
		end = "</script>"
	case strings.HasPrefix(lower, "style"):
		end = "</style>"
	}
	for i := range len(tag) - len(end) + 1 {
		if strings.EqualFold(tag[i:i+len(end)], end) {
			return tag[i+len(end):]
		}
	}
	return ""
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
