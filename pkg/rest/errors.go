package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// StatusError is an answer with a status other than 2xx, or with 206, that was not, or not successfully, tried again.
type StatusError struct {
	Method, Path string
	Status       int
	// Message is the first useful text of the body: the JSON string under Message, message, detail or error if there is
	// one, else the text without HTML tags; without control characters and what the request held in secret, and cut
	// to 200 characters. It may be empty.
	Message string
	Body    []byte // the first 64 KiB, as sent; never part of the error's text
}

// Error shows method, path, status and message.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: status %d", e.Method, e.Path, e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text += " " + name
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Format prints the error's text for every verb, so that none shows the body.
func (e *StatusError) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, e.Error()) }

// LimitedError says that no request is allowed before Until: the pace, or the vendor by a 429 or a 503, stands in the
// way.
type LimitedError struct {
	Method, Path string
	Until        time.Time // the earliest moment at which the request could be sent
	// Deadline is the context's, which the wait would have outlasted; the error then unwraps to
	// context.DeadlineExceeded. Zero: there was time, but 429 answers did not end.
	Deadline time.Time
	// After is what the attempt before met, nil if this was to be the first. It is shown and not unwrapped.
	After error
}

// Error shows method, path, the moment, and the answer before.
func (e *LimitedError) Error() string {
	text := fmt.Sprintf("%s %s: ", e.Method, e.Path)
	if e.Deadline.IsZero() {
		text += fmt.Sprintf("limited %d times in a row, now until %s", maxThrottled+1, stamp(e.Until))
	} else {
		text += fmt.Sprintf("no request allowed before %s, and the deadline is %s", stamp(e.Until), stamp(e.Deadline))
	}
	if e.After != nil {
		text += fmt.Sprintf(" (before that: %v)", e.After)
	}
	return text
}

// Unwrap is context.DeadlineExceeded where a deadline was in the way, else nil.
func (e *LimitedError) Unwrap() error {
	if e.Deadline.IsZero() {
		return nil
	}
	return context.DeadlineExceeded
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// TransportError says that no whole answer came: no connection, TLS, the attempt's timeout, a cut body or cut gzip, or
// the end of the caller's context. Only the last makes it a context.DeadlineExceeded or context.Canceled.
type TransportError struct {
	Method, Path string
	Sent         bool // the server may have got and processed the request; false: it certainly did not
	Err          error
}

// Error shows method, path and cause.
func (e *TransportError) Error() string {
	if e.Sent {
		return fmt.Sprintf("%s %s: no whole answer: %v", e.Method, e.Path, e.Err)
	}
	return fmt.Sprintf("%s %s: not sent: %v", e.Method, e.Path, e.Err)
}

// Unwrap is the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// TooLargeError says that a body is larger than Config.MaxBody. The request is not repeated.
type TooLargeError struct {
	Method, Path string
	Limit        int64 // bytes
}

// Error shows method, path and limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s %s: the answer is larger than %d bytes", e.Method, e.Path, e.Limit)
}

// RedirectError is a redirect that was not followed. It unwraps to a StatusError with the same status.
type RedirectError struct {
	Method, Path string
	Status       int
	To           string // scheme and host only
	Reason       string
}

// Error shows method, path, status, where the redirect led, and why it was not followed.
func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s %s: status %d, a redirect to %s: %s", e.Method, e.Path, e.Status, e.To, e.Reason)
}

// Unwrap is a StatusError without message and body, which could repeat the address.
func (e *RedirectError) Unwrap() error {
	return &StatusError{Method: e.Method, Path: e.Path, Status: e.Status}
}

// cause stands for an error whose text may hold secrets, or whose chain passes for the caller's deadline: errors.Is
// sees through it, but for the contexts' errors, and nothing else does.
type cause struct {
	text string
	err  error
}

func (c *cause) Error() string { return c.text }

// Is looks through to the error that is hidden.
func (c *cause) Is(target error) bool {
	return target != context.DeadlineExceeded && target != context.Canceled && errors.Is(c.err, target)
}

// statusError makes the typed error of an answer that is not 2xx.
func (c *call) statusError(a *answer) *StatusError {
	message := c.veil.Show(messageIn(a.Body), maxMessage)
	return &StatusError{Method: c.Method, Path: c.Path, Status: a.Status, Message: message, Body: a.Body}
}

// notAdmitted makes the typed error of a request that the pace did not let through, or whose context ended before.
func (c *call) notAdmitted(err, last error) error {
	if past, ok := errors.AsType[*pastDeadline](err); ok {
		return &LimitedError{Method: c.Method, Path: c.Path, Until: past.until, Deadline: past.deadline, After: last}
	}
	return &TransportError{Method: c.Method, Path: c.Path, Sent: wasSent(last), Err: err}
}
