package rest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
)

const (
	redacted  = "REDACTED"
	minSecret = 4  // bytes; replacing less would tear up any text
	maxHidden = 64 // secrets kept: an account has a key and a few generations of tokens
)

// Veil shows text of others without what is secret: servers repeat keys and tokens, in answers to calls that sent others too.
// The zero Veil, and a nil one, hides nothing. It is safe for concurrent use.
type Veil struct {
	mu      sync.Mutex
	secrets []string // in the order in which they were last told
}

// Hide adds secrets to what is hidden. Of very many the last ones told count.
func (v *Veil) Hide(secrets ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		if i := slices.Index(v.secrets, secret); i >= 0 {
			v.secrets = slices.Delete(v.secrets, i, i+1)
		}
		v.secrets = append(v.secrets, secret)
	}
	v.secrets = v.secrets[max(0, len(v.secrets)-maxHidden):]
}

// Show makes text fit to be shown: one line, without control and invisible characters, without what is hidden, cut to a
// number of characters.
func (v *Veil) Show(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	text = v.over(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}

// over is text without what is hidden: as it is, and as URLs, JSON and HTML spell it, also one in the other.
func (v *Veil) over(text string) string {
	if v == nil {
		return text
	}
	v.mu.Lock()
	secrets := slices.Clone(v.secrets)
	v.mu.Unlock()
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longest first
	for _, secret := range secrets {
		for _, spelt := range []string{secret, url.QueryEscape(secret)} { // which spells a space by a sign of its own
			text = strings.ReplaceAll(text, spelt, redacted)
		}
		for _, layers := range spellings() {
			if strings.ContainsAny(text, layers[0]) {
				text = spell(text, layers...).without(secret)
			}
		}
	}
	return text
}

// cover hides what a request holds in secret: header values, forms, and query values under names that sound like secrets.
func (v *Veil) cover(r *Request) {
	for name, values := range r.Header {
		if !plainHeader(name) {
			for _, value := range values {
				v.Hide(value, value[strings.LastIndexByte(value, ' ')+1:]) // "Bearer xyz" and "xyz"
			}
		}
	}
	for _, values := range r.Form {
		v.Hide(values...)
	}
	for name, values := range r.Query {
		if secretName(name) {
			v.Hide(values...)
		}
	}
}

func plainHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Accept-Language", "Content-Type", "User-Agent":
		return true
	}
	return false
}

// secretName says whether a query parameter's name sounds like a secret's.
func secretName(name string) bool {
	hints := []string{"key", "token", "secret", "pass", "pwd", "auth", "sig", "cred", "session", "jwt", "code"}
	return slices.ContainsFunc(hints, func(hint string) bool { return strings.Contains(strings.ToLower(name), hint) })
}
