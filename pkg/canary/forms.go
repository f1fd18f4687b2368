// Package canary finds secrets where they must not be: in logs, results, objects. It is for tests. It looks for every
// spelling that a secret may leak in, and tells the secret's name and never its value.
package canary

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Form is one spelling of a secret.
type Form struct{ Name, Text string }

// Forms are the spellings of a secret that differ from each other: as it is; as URLs, JSON, XML and Go source spell it,
// with every choice that encoders have of what to escape and how; in hex and as decimal bytes; in base64 of both
// alphabets, wherever in a longer text the secret begins (of each only the characters that its neighbours do not touch).
func Forms(secret string) []Form {
	all := append([]Form{{"raw", secret}}, urlForms(secret)...)
	for _, f := range jsonForms(secret) {
		all = append(all, f, Form{f.Name + ", in JSON again", inside(quoteJSON(f.Text, false))})
	}
	digits := hex.EncodeToString([]byte(secret))
	all = append(all,
		Form{"XML", html.EscapeString(secret)},
		Form{"Go", inside(strconv.Quote(secret))},
		Form{"Go, ASCII only", inside(strconv.QuoteToASCII(secret))},
		Form{"hex", digits},
		Form{"hex, upper case", strings.ToUpper(digits)},
		Form{"decimal bytes", strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")})
	for offset := range 3 {
		all = append(all,
			Form{fmt.Sprintf("base64 at offset %d", offset), middle(base64.RawStdEncoding, secret, offset)},
			Form{fmt.Sprintf("base64 of URLs at offset %d", offset), middle(base64.RawURLEncoding, secret, offset)})
	}
	return distinct(all)
}

// distinct keeps the first form of each text.
func distinct(all []Form) []Form {
	var kept []Form
	seen := map[string]bool{}
	for _, f := range all {
		if !seen[f.Text] {
			kept, seen[f.Text] = append(kept, f), true
		}
	}
	return kept
}

// middle is the base64 of a secret that begins so many bytes (modulo 3) into a text, less the characters that also
// depend on what stands before and behind it.
func middle(coding *base64.Encoding, secret string, offset int) string {
	text := coding.EncodeToString(append(make([]byte, offset), secret...))
	return text[(8*offset+5)/6 : 8*(offset+len(secret))/6]
}

var percents = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerPercent(text string) string { return percents.ReplaceAllStringFunc(text, strings.ToLower) }

func urlForms(secret string) []Form {
	forms := []Form{
		{"URL query", url.QueryEscape(secret)},
		{"URL path", url.PathEscape(secret)},
		{"URL component", strings.ReplaceAll(url.QueryEscape(secret), "+", "%20")},
	}
	for _, f := range forms {
		forms = append(forms, Form{f.Name + ", lower case", lowerPercent(f.Text)})
	}
	return forms
}

// jsonForms are the spellings inside a JSON string: the least that must be escaped, what Go escapes for HTML, solidus,
// \u00xx where there is a short escape too, ASCII only, and letters and digits only; in both cases of hex digits.
func jsonForms(secret string) []Form {
	short := inside(quoteJSON(secret, false))
	forms := []Form{
		{"JSON", short},
		{"JSON for HTML", inside(quoteJSON(secret, true))},
		{"JSON with solidus", strings.ReplaceAll(short, "/", `\/`)},
	}
	for _, digits := range []string{"x", "X"} {
		add := func(name string, kind func(rune) bool) {
			forms = append(forms, Form{"JSON, \\u00" + digits + digits + " " + name, escape(secret, `\u%04`+digits, kind)})
		}
		add("where needed", mustEscape)
		add("for HTML", func(r rune) bool { return mustEscape(r) || strings.ContainsRune("<>&\u2028\u2029", r) })
		add("and solidus", func(r rune) bool { return mustEscape(r) || r == '/' })
		add("beyond ASCII", func(r rune) bool { return mustEscape(r) || r > '~' })
		add("but letters and digits", func(r rune) bool { return !alphanumeric(r) })
	}
	return forms
}

func mustEscape(r rune) bool { return r < ' ' || r == '"' || r == '\\' }

func alphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// escape writes the characters of a kind as \uxxxx, surrogates where it takes two.
func escape(secret, layout string, kind func(rune) bool) string {
	var out strings.Builder
	for _, r := range secret {
		if !kind(r) {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, layout, unit)
		}
	}
	return out.String()
}

func quoteJSON(text string, forHTML bool) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(forHTML)
	_ = enc.Encode(text) // a string into memory: neither can fail
	return strings.TrimSuffix(out.String(), "\n")
}

// inside is a quoted text without its quotes.
func inside(quoted string) string { return quoted[1 : len(quoted)-1] }
