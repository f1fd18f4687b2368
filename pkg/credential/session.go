package credential

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// How a session was obtained, as Session.ObtainedBy tells it.
const (
	ByExchange = "exchange"
	ByRefresh  = "refresh"
	ByRotation = "rotation"
)

// Session is what a session secret holds: a pair of tokens, and where it came from. The zero value is no session.
type Session struct {
	AccessToken      Secret
	AccessExpiresAt  time.Time
	RefreshToken     Secret // single-use: whoever sends it has spent it
	RefreshExpiresAt time.Time

	RequestsPerMinute int    // what the vendor granted; 0 = it named no usable limit
	KeyVersion        string // VersionId of the API key that it came from
	ObtainedAt        time.Time
	ObtainedBy        string // ByExchange, ByRefresh or ByRotation
}

const (
	sessionFormat = 1
	sessionForm   = "a JSON object as yardstick itself writes it, {} or no value (it makes a new session then)"
)

// ParseSession reads what a session secret holds. No value, or {}, is the zero Session; a text that is no JSON object
// is a *FormError, since it may be somebody else's secret and must not be overwritten. A known member of the wrong type
// counts as absent, and so does every one where the format's version is not 1: that leads to a new session, never to an
// error.
func ParseSession(name string, v Version) (Session, error) {
	text := v.Value.Reveal()
	if strings.TrimSpace(text) == "" {
		return Session{}, nil
	}
	doc, err := parseDocument(text)
	if err != nil {
		return Session{}, &FormError{Secret: name, Found: jsonShape(text), Expected: sessionForm}
	}
	var s Session
	if format, ok := doc.number("version"); ok && format != sessionFormat {
		return s, nil
	}
	s.AccessToken, s.AccessExpiresAt = doc.token("access_token"), doc.time("access_expires_at")
	s.RefreshToken, s.RefreshExpiresAt = doc.token("refresh_token"), doc.time("refresh_expires_at")
	limit, _ := doc.number("requests_per_minute")
	s.RequestsPerMinute = max(limit, 0)
	s.KeyVersion = doc.string("api_key_version")
	s.ObtainedAt, s.ObtainedBy = doc.time("obtained_at"), doc.string("obtained_by")
	return s, nil
}

// encode is the text to store in place of another, which ParseSession took: that one, with the known members replaced
// where they stand. All else in it stays as it is, byte for byte.
func (s Session) encode(over Secret) Secret {
	doc, err := parseDocument(over.Reveal())
	if err != nil { // there was no value
		doc = document{text: "{}"}
	}
	return NewSecret(doc.with([]field{
		{"version", strconv.Itoa(sessionFormat)},
		{"access_token", quote(s.AccessToken.Reveal())},
		{"access_expires_at", quoteTime(s.AccessExpiresAt)},
		{"refresh_token", quote(s.RefreshToken.Reveal())},
		{"refresh_expires_at", quoteTime(s.RefreshExpiresAt)},
		{"requests_per_minute", strconv.Itoa(s.RequestsPerMinute)},
		{"api_key_version", quote(s.KeyVersion)},
		{"obtained_at", quoteTime(s.ObtainedAt)},
		{"obtained_by", quote(s.ObtainedBy)},
	}))
}

// usable says that the access token is there and more than left away from its end.
func (s Session) usable(now time.Time, left time.Duration) bool {
	return !s.AccessToken.Empty() && s.AccessExpiresAt.Sub(now) > left
}

// renewable is until when the refresh token can be spent; the zero Time where there is none.
func (s Session) renewable() time.Time {
	if s.RefreshToken.Empty() {
		return time.Time{}
	}
	return s.RefreshExpiresAt
}

// limit is the pace that the session allows.
func (s Session) limit() int {
	if s.RequestsPerMinute > 0 {
		return s.RequestsPerMinute
	}
	return documentedLimit
}

// assumed says that the session's grant named no usable limit.
func (s Session) assumed() bool { return !s.AccessToken.Empty() && s.RequestsPerMinute <= 0 }

// last is the value that counts where a member repeats: the last one, as most readers of JSON have it.
func (d document) last(name string) string {
	values := d.values(name)
	if len(values) == 0 {
		return "null"
	}
	return values[len(values)-1]
}

func (d document) string(name string) string {
	var text string
	if json.Unmarshal([]byte(d.last(name)), &text) != nil {
		return ""
	}
	return text
}

// token leaves out what no request could carry.
func (d document) token(name string) Secret {
	text := d.string(name)
	if unsendable(text) != "" {
		return Secret{}
	}
	return NewSecret(text)
}

func (d document) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, d.string(name))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func (d document) number(name string) (int, bool) {
	n, err := strconv.Atoi(d.last(name))
	return n, err == nil
}

// quote is text as a JSON string; null where there is none.
func quote(text string) string {
	if text == "" {
		return "null"
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string into memory: neither can fail
	return strings.TrimSuffix(out.String(), "\n")
}

func quoteTime(t time.Time) string {
	if t.IsZero() {
		return "null"
	}
	return quote(t.UTC().Format(time.RFC3339))
}
