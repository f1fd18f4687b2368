package about

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// markup is written as it stands, but for its slots. Only constants are markup; a test reads the calls of put for that.
// html/template is not used because it keeps every method of a program: a function would be 6.5 MB (half) larger.
type markup string

// value fills a slot: what it spells is escaped, whatever it is.
type value interface{ spell() string }

type (
	text   string    // any text, of anybody
	number int64     // with commas: 1,204
	moment time.Time // 2026-11-23 05:00 UTC
	stamp  time.Time // the same for programs: RFC 3339
)

func (t text) spell() string   { return visible(string(t)) }
func (n number) spell() string { return grouped(int64(n)) }
func (m moment) spell() string { return time.Time(m).UTC().Format("2006-01-02 15:04 UTC") }
func (s stamp) spell() string  { return time.Time(s).UTC().Format(time.RFC3339) }

// document is HTML while it is written.
type document struct{ b []byte }

// put appends m, its slots ("{}") filled in order.
func (d *document) put(m markup, values ...value) {
	rest := string(m)
	for _, v := range values {
		before, after, _ := strings.Cut(rest, "{}")
		d.b = append(d.b, before...)
		d.b = append(d.b, html.EscapeString(v.spell())...)
		rest = after
	}
	d.b = append(d.b, rest...)
}

// visible is s with nothing in it that cannot be seen and changes how other text is shown: control characters, marks of
// the direction of writing, and what is not UTF-8 at all are spelled out. Line breaks and tabs become spaces.
func visible(s string) string {
	clean := func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	}
	if strings.IndexFunc(s, clean) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		case clean(r):
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// grouped is n with a comma at each three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// anchor is the name of a place on the page, of letters, digits, "_" and "-".
func anchor(names ...string) text {
	return text(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(strings.Join(names, "-"))))
}
