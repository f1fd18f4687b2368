// Package rest makes one HTTP call well: to one host only, at the pace that its vendor grants, tried again where that
// is safe and fits the deadline, with bounded time and size, and with errors that callers can act on and that show no
// secret. It knows no vendor: what an answer means is judged by the caller.
package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

const (
	defaultTimeout  = 60 * time.Second
	defaultMaxBody  = 32 << 20
	defaultAttempts = 4
)

// Config says whom a Client calls and how.
type Config struct {
	// BaseURL is https://host[:port][/base], without user, query and fragment. Plain http is taken for a loopback
	// address (or localhost) only. Required.
	BaseURL string
	// Transport sends the requests. Nil: a transport of the Client's own, with HTTP/1.1, keep-alive, gzip, and the
	// proxy of the environment. An *http.Transport must not be changed afterwards.
	Transport http.RoundTripper
	// Pace is asked before every request. Clients of one account share it. Required.
	Pace *Pace
	// Timeout bounds one attempt, from sending to the last byte of the body. Zero: 60 s.
	Timeout time.Duration
	// MaxBody bounds an answer's decompressed body, in bytes. Zero: 32 MiB.
	MaxBody int64
	// Attempts bounds how often a repeatable request is sent that fails in passing. Zero: 4.
	Attempts int
	// Now is the clock. Required.
	Now func() time.Time
	// Log takes one debug line for each attempt: method, path, query without secrets, status, duration, attempt, bytes.
	// Nil: nothing is logged.
	Log *slog.Logger
	// UserAgent names the caller to the vendor. Empty: Go's own.
	UserAgent string
}

// Client calls one host. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	shared    http.RoundTripper // keeps connections
	fresh     http.RoundTripper // a new connection each time, for requests that may be sent only once
	pace      *Pace
	timeout   time.Duration
	maxBody   int64
	attempts  int
	now       func() time.Time
	log       *slog.Logger
	userAgent string
	veil      *Veil
}

// Veil hides what the Client's calls sent in secret so far, and what it is told to hide beside.
func (c *Client) Veil() *Veil { return c.veil }

// New makes a Client. The error names every fault of the Config.
func New(cfg Config) (*Client, error) {
	base, err := parseBase(cfg.BaseURL)
	if err = errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	c := &Client{
		base: base, pace: cfg.Pace, now: cfg.Now, userAgent: cfg.UserAgent, veil: &Veil{},
		timeout: cmp.Or(cfg.Timeout, defaultTimeout), maxBody: cmp.Or(cfg.MaxBody, defaultMaxBody),
		attempts: cmp.Or(cfg.Attempts, defaultAttempts), log: cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)),
	}
	c.shared, c.fresh = transports(cfg.Transport)
	return c, nil
}

func (cfg Config) check() error {
	var faults []error
	fault := func(wrong bool, text string) {
		if wrong {
			faults = append(faults, errors.New(text))
		}
	}
	fault(cfg.Pace == nil, "rest: Config.Pace is nil; expected the account's Pace")
	fault(cfg.Now == nil, "rest: Config.Now is nil; expected a clock")
	fault(cfg.Timeout < 0, fmt.Sprintf("rest: Config.Timeout is %s; expected 0 or more", cfg.Timeout))
	fault(cfg.MaxBody < 0, fmt.Sprintf("rest: Config.MaxBody is %d; expected 0 or more", cfg.MaxBody))
	fault(cfg.Attempts < 0, fmt.Sprintf("rest: Config.Attempts is %d; expected 0 or more", cfg.Attempts))
	return errors.Join(faults...)
}

// Do sends a request and answers a whole 2xx response, even one with an empty body. It blocks for the pace, for the
// vendor's limits and between attempts, and ends with ctx; no wait begins that would outlast ctx's deadline.
//
// A request that is not Once is repeated after a failure in passing: no whole answer, 408, 500, 502, 503 or 504, and
// after a 429 up to 8 times in a row. A redirect of a GET is followed up to 5 times on the same scheme, host and port.
// A cut body is known by its length, its chunks or its gzip; where only the end of the connection ends a body, whether
// it is whole is for its reader to judge.
//
// Errors: *StatusError for any other status, and for 206, since no part of an answer is asked for; *LimitedError where the
// pace or a 429 stands in the way, *TransportError where no whole answer came, *TooLargeError and *RedirectError; or a
// plain error for a Request that cannot be sent.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	call, err := c.prepare(r)
	if err != nil {
		return nil, err
	}
	tries := newTries(c.attempts)
	for {
		answer, err := c.attempt(ctx, call, tries)
		switch {
		case err != nil:
		case answer.whole():
			return &answer.Response, nil
		case isRedirect(answer):
			if err := call.follow(answer); err != nil {
				return nil, err
			}
			continue
		default:
			err = call.statusError(answer)
		}
		if err := c.again(ctx, call, tries, answer, err); err != nil {
			return nil, err
		}
	}
}
