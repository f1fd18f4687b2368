package app

import (
	"context"
	"io"

	"yardstick/pkg/config"
)

// Verification is the handler of verify-key in an environment of the test's own.
func Verification(o Options, metrics io.Writer) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &verifyHandler{opener: opener{options: o}, metrics: metrics}
}

// WriteMetrics is one line with one count.
func WriteMetrics(w io.Writer, o Options, source string, about map[string]string, name string, value int64) error {
	return writeMetrics(w, o.Now(), source, about, count(name, value))
}

// SameSecret says which of the names and ARNs in configured an event's means; "" for none.
func SameSecret(told string, configured ...string) string {
	a := &App{Configured: &Config{}}
	for _, name := range configured {
		a.Configured.Scrunch = append(a.Configured.Scrunch, config.Scrunch{Common: config.Common{APIKeySecret: name}})
	}
	if users := a.keyUsers(told); len(users) > 0 {
		return users[0].secret
	}
	return ""
}
