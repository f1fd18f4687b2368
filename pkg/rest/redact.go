package rest

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

const (
	redacted   = "REDACTED"
	maxMessage = 200 // characters of a vendor's message
	maxCause   = 300 // characters of an error of the network
	minSecret  = 4   // bytes; replacing less would tear up any text
)

// clean makes text of others fit to be shown: one line, without control and invisible characters, without what the
// call holds in secret (servers echo it), cut to a number of characters.
func (c *call) clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	text = c.scrub(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}

// scrub replaces the call's secrets: header values, forms, and query values under names that sound like secrets.
func (c *call) scrub(text string) string {
	var secrets []string
	for name, values := range c.Header {
		if !plainHeader(name) {
			for _, value := range values {
				secrets = append(secrets, value, value[strings.LastIndexByte(value, ' ')+1:]) // "Bearer xyz" and "xyz"
			}
		}
	}
	for _, values := range c.Form {
		secrets = append(secrets, values...)
	}
	for name, values := range c.Query {
		if secretName(name) {
			secrets = append(secrets, values...)
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longest first
	for _, secret := range secrets {
		for _, spelt := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if len(spelt) >= minSecret {
				text = strings.ReplaceAll(text, spelt, redacted)
			}
		}
	}
	return text
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

func (c *Client) logAttempt(ctx context.Context, call *call, got *answer, err error, took time.Duration) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	shown := url.Values{}
	for name, values := range call.Query {
		if secretName(name) {
			values = []string{redacted}
		}
		shown[name] = values
	}
	attrs := []slog.Attr{slog.String("method", call.Method), slog.String("path", call.Path),
		slog.String("query", shown.Encode()), slog.Int("attempt", call.sent), slog.Duration("duration", took)}
	if got != nil {
		attrs = append(attrs, slog.Int("status", got.Status), slog.Int64("bytes", got.size))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "http request", attrs...)
}
