package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxThrottled is how often a request is repeated after a 429 in a row.
const maxThrottled = 8

const (
	minRetryAfter = time.Second
	maxRetryAfter = time.Hour
)

// tries is what one call has used up.
type tries struct {
	left      int // attempts that may still follow a failure in passing
	throttled int // 429 answers in a row
	backoff   backoff.ExponentialBackOff
	last      error // of the attempt before
}

// newTries waits a random time up to 500 ms, 1 s, 2 s ... 15 s: the intervals are the middles, which a factor of 1
// spreads from nothing to their double.
func newTries(attempts int) *tries {
	return &tries{left: attempts - 1, backoff: backoff.ExponentialBackOff{
		InitialInterval: 250 * time.Millisecond, MaxInterval: 7500 * time.Millisecond,
		Multiplier: 2, RandomizationFactor: 1,
	}}
}

// again answers nil when the call may be sent once more, after having waited for that, else the final error. The waits
// that a server asked for are the pace's, which holds back all requests and not only this one.
func (c *Client) again(ctx context.Context, call *call, tries *tries, got *answer, err error) error {
	tries.last = err
	if got != nil && got.Status == http.StatusTooManyRequests {
		if tries.throttled++; call.Once || tries.throttled > maxThrottled {
			return &LimitedError{Method: call.Method, Path: call.Path, Until: c.pace.HeldUntil(), After: err}
		}
		return nil
	}
	tries.throttled = 0
	if !call.repeatable(err) || c.ended(ctx) != nil || tries.left == 0 {
		return err
	}
	tries.left--
	if got != nil && got.Status == http.StatusServiceUnavailable && got.wait > 0 {
		return nil
	}
	return c.pause(ctx, tries.backoff.NextBackOff(), call, err)
}

// pause waits, unless that would outlast ctx's deadline: then err is the last word.
func (c *Client) pause(ctx context.Context, wait time.Duration, call *call, err error) error {
	if deadline, ok := ctx.Deadline(); ok && !c.now().Add(wait).Before(deadline) {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &TransportError{Method: call.Method, Path: call.Path, Sent: wasSent(err),
			Err: fmt.Errorf("%w while waiting to repeat it after: %w", ctx.Err(), err)}
	}
}

// repeatable says whether a failure may pass, and sending the call again do no harm.
func (c *call) repeatable(err error) bool {
	if lost, ok := errors.AsType[*TransportError](err); ok {
		return !lost.Sent || !c.Once
	}
	refused, ok := errors.AsType[*StatusError](err)
	return ok && !c.Once && isPassing(refused.Status)
}

// wasSent says whether the server may have processed what ended with err; nil is a request not yet sent.
func wasSent(err error) bool {
	if lost, ok := errors.AsType[*TransportError](err); ok {
		return lost.Sent
	}
	refused, ok := errors.AsType[*StatusError](err)
	return ok && refused.Status != http.StatusTooManyRequests
}

func isPassing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter is the wait that a Retry-After header asks for, in seconds or as a date, between 1 s and 1 h; 0 where
// there is none that can be used. A date is compared with the answer's own Date if it has one, since clocks differ.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		text = strings.TrimLeft(text, "0")
		if len(text) > len("3600") {
			return maxRetryAfter
		}
		var seconds time.Duration
		for _, digit := range []byte(text) {
			seconds = seconds*10 + time.Duration(digit-'0')
		}
		return min(max(seconds*time.Second, minRetryAfter), maxRetryAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	wait := at.Sub(now)
	if wait < 0 {
		return 0
	}
	return min(max(wait, minRetryAfter), maxRetryAfter)
}
