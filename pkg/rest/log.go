package rest

import (
	"context"
	"log/slog"
	"net/url"
	"time"
)

const (
	maxMessage = 200 // characters of a vendor's message
	maxCause   = 300 // characters of an error of the network
)

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
