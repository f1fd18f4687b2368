package rest

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spelling is what a text says, and where in the text each byte of that is spelt.
type spelling struct {
	text string
	says []byte
	at   []int // of each byte in says, where its spelling begins in text; and the end
}

// The signs that escapes of URLs (%2b), of JSON (\u002b, \/) and of HTML (&#x2B;, &amp;) begin with.
const inURLs, inJSON, inHTML = "%", `\`, "&"

// spellings are the layers of escapes in which a secret is looked for, from the outermost on: what was put into one thing, or
// into two, and whatever was mixed. A secret may have signs of its own that look like an escape.
func spellings() [][]string {
	const mixed = inURLs + inJSON + inHTML
	all := [][]string{{mixed}, {mixed, mixed}, {mixed, mixed, mixed}}
	for _, outer := range []string{inURLs, inJSON, inHTML} {
		all = append(all, []string{outer})
		for _, inner := range []string{inURLs, inJSON, inHTML} {
			all = append(all, []string{outer, inner})
		}
	}
	return all
}

// spell takes off layers of escapes, each of those that begin with one of some signs.
func spell(text string, layers ...string) spelling {
	s := spelling{text: text, says: []byte(text), at: make([]int, len(text)+1)}
	for i := range s.at {
		s.at[i] = i
	}
	for _, signs := range layers {
		s = s.plainer(signs)
	}
	return s
}

func (s spelling) plainer(signs string) spelling {
	p := spelling{text: s.text}
	for i := 0; i < len(s.says); {
		said, length := unescaped(s.says[i:], signs)
		for range len(said) {
			p.at = append(p.at, s.at[i])
		}
		p.says = append(p.says, said...)
		i += length
	}
	p.at = append(p.at, s.at[len(s.says)])
	return p
}

// without is the text in whose place a secret is spelt redacted.
func (s spelling) without(secret string) string {
	var out strings.Builder
	done := 0 // of text
	for i := 0; ; {
		n := bytes.Index(s.says[i:], []byte(secret))
		if n < 0 {
			break
		}
		begin, end := s.at[i+n], s.at[i+n+len(secret)]
		i += n + len(secret)
		if begin < done {
			continue
		}
		out.WriteString(s.text[done:begin] + redacted)
		done = end
	}
	return out.String() + s.text[done:]
}

// maxEntity is how long an escape of HTML is at most, of those that stand for a sign in a key.
const maxEntity = 12

// unescaped is what the first escape of a text says, and how long it is; of any other text its first byte.
func unescaped(text []byte, signs string) (says []byte, length int) {
	if strings.IndexByte(signs, text[0]) < 0 {
		return text[:1], 1
	}
	switch text[0] {
	case '%':
		if n, ok := hex(text, 1, 2); ok {
			return []byte{byte(n)}, 3
		}
	case '\\':
		if len(text) > 1 && text[1] == 'u' {
			if n, ok := hex(text, 2, 4); ok {
				return utf8.AppendRune(nil, rune(n)), 6
			}
		}
		if len(text) > 1 && strings.IndexByte("\"\\/'", text[1]) >= 0 {
			return text[1:2], 2
		}
	case '&':
		end := strings.IndexByte(string(text[:min(len(text), maxEntity)]), ';')
		if end > 0 {
			if entity := string(text[:end+1]); html.UnescapeString(entity) != entity {
				return []byte(html.UnescapeString(entity)), end + 1
			}
		}
	}
	return text[:1], 1
}

// hex is a number of so many digits from a place on.
func hex(text []byte, from, digits int) (n uint64, ok bool) {
	if len(text) < from+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[from:from+digits]), 16, 32)
	return n, err == nil
}
