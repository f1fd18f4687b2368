package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxRefusal is how much is read of a body whose status is not 2xx.
const maxRefusal = 64 << 10

// maxGrow is how much room is made for a body on the word of its length alone.
const maxGrow = 1 << 20

var errTimeout = errors.New("timeout of the attempt")

// answer is a response and what its head said of waiting.
type answer struct {
	Response
	size int64         // of the body as it was read
	wait time.Duration // of a usable Retry-After, else 0
}

// whole says whether the answer is one that was asked for: no part of one ever is.
func (a *answer) whole() bool { return a.Status/100 == 2 && a.Status != http.StatusPartialContent }

// transports gives one transport that keeps connections and one that does not, as far as the given one lets itself
// be copied.
func transports(given http.RoundTripper) (shared, fresh http.RoundTripper) {
	if given == nil {
		given = newTransport()
	}
	t, ok := given.(*http.Transport)
	if !ok {
		return given, given
	}
	single := t.Clone()
	single.DisableKeepAlives = true
	return t, single
}

// newTransport speaks HTTP/1.1 only: a connection that dies then fails the one request on it, and is not used again.
func newTransport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second, // a frozen sandbox wakes up with dead connections
		MaxResponseHeaderBytes: 1 << 20,
		Protocols:              &protocols,
	}
}

// attempt waits for the pace, sends the call once and reads the answer. The request counts from the moment it was
// admitted, whatever becomes of it.
func (c *Client) attempt(ctx context.Context, call *call, tries *tries) (*answer, error) {
	slot, err := c.pace.take(ctx)
	if err != nil {
		return nil, call.notAdmitted(err, tries.last)
	}
	call.sent++
	began := c.now()
	got, err := c.exchange(ctx, call, slot)
	c.logAttempt(ctx, call, got, err, c.now().Sub(began))
	return got, err
}

func (c *Client) exchange(ctx context.Context, call *call, slot *slot) (*answer, error) {
	timed, cancel := context.WithTimeoutCause(ctx, c.timeout, errTimeout)
	defer cancel()
	lost := func(sent bool, err error) (*answer, error) {
		return nil, &TransportError{Method: call.Method, Path: call.Path, Sent: sent, Err: c.cause(ctx, timed, err)}
	}
	transport := c.shared
	if call.Once {
		transport = c.fresh
	}
	var connection connection
	resp, err := transport.RoundTrip(call.httpRequest(connection.watch(timed)))
	if err != nil {
		c.pace.answered(slot, 0, 0)
		return lost(!connection.neverMade(), err)
	}
	defer func() { _ = resp.Body.Close() }() // everything needed was read, or the reading failed

	got := &answer{wait: retryAfter(resp.Header, c.now())}
	got.Status, got.Header = resp.StatusCode, resp.Header
	c.pace.answered(slot, got.Status, got.wait)
	if !got.whole() {
		got.Body, _ = io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // the status says enough without the rest
		got.size = int64(len(got.Body))
		return got, nil
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return lost(true, fmt.Errorf("the body has the content encoding %q, which was not asked for", encoding))
	}
	body := &bodyReader{body: resp.Body, left: c.maxBody}
	switch {
	case call.Into != nil:
		err = call.Into(resp.Header, body)
	case call.Buffer != nil:
		call.Buffer.Reset()
		call.Buffer.Grow(int(min(max(0, resp.ContentLength), maxGrow)) + bytes.MinRead)
		_, err = call.Buffer.ReadFrom(body)
		got.Body = call.Buffer.Bytes()
	default:
		got.Body, err = io.ReadAll(body)
	}
	got.size = body.read
	switch {
	case body.left < 0:
		return nil, &TooLargeError{Method: call.Method, Path: call.Path, Limit: c.maxBody}
	case body.err != nil:
		return lost(true, fmt.Errorf("body cut after %d bytes: %w", body.read, body.err))
	}
	return got, err
}

// bodyReader reads a body up to a limit, and remembers how that went whatever its reader makes of it.
type bodyReader struct {
	body io.Reader
	read int64
	left int64 // below 0: the body is longer than it may be
	err  error // of the reading; nil at the end
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLong
	}
	n, err := b.body.Read(p)
	b.read, b.left = b.read+int64(n), b.left-int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	if b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

var errTooLong = errors.New("the body is longer than it may be")

// cause is err without what must not be told on: secrets, and a deadline that was not the caller's.
func (c *Client) cause(ctx, timed context.Context, err error) error {
	if ended := c.ended(ctx); ended != nil {
		return ended
	}
	if errors.Is(context.Cause(timed), errTimeout) {
		return fmt.Errorf("no whole answer within %s", c.timeout)
	}
	return &cause{text: c.veil.Show(err.Error(), maxCause), err: err}
}

// ended is ctx's error. A connection's own timer may fire a moment before ctx's does, hence the look at the clock.
func (c *Client) ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !c.now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// connection watches whether a request got one.
type connection struct{ wanted, got atomic.Bool }

func (c *connection) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	})
}

// neverMade is certain only of transports that report their connections; of others nothing is known.
func (c *connection) neverMade() bool { return c.wanted.Load() && !c.got.Load() }
