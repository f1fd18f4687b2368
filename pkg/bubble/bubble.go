// Package bubble is a network without sockets, for tests. Inside a bubble of testing/synctest time goes on only while
// every goroutine waits for the bubble's own things; a socket is none of them, a net.Pipe is.
package bubble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Network connects clients and servers of one process by address. The zero Network is empty and ready. It is safe for
// concurrent use.
type Network struct {
	mu      sync.Mutex
	servers map[string]*listener
}

type listener struct {
	address string
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return address(l.address) }

type address string

func (address) Network() string  { return "bubble" }
func (a address) String() string { return string(a) }

// Serve serves a handler at an address such as "127.0.0.1:1001" until the test ends.
func (n *Network) Serve(t testing.TB, addr string, h http.Handler) {
	t.Helper()
	l := &listener{address: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	if n.servers == nil {
		n.servers = map[string]*listener{}
	}
	n.servers[addr] = l
	n.mu.Unlock()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("stop %s: %v", addr, err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve %s: %v", addr, err)
		}
	})
}

// Dial connects to a server of this network. An address without one refuses the connection.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	n.mu.Lock()
	l := n.servers[addr]
	n.mu.Unlock()
	refused := &net.OpError{Op: "dial", Net: network, Addr: address(addr), Err: fmt.Errorf("connection refused")}
	if l == nil {
		return nil, refused
	}
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Transport is a new HTTP transport into this network. Its idle connections are closed when the test ends.
func (n *Network) Transport(t testing.TB) *http.Transport {
	t.Helper()
	transport := &http.Transport{DialContext: n.Dial, MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// SDKTransport is such a transport for an AWS client whose answers may be longer than a buffer of HTTP, 4 KiB.
func (n *Network) SDKTransport(t testing.TB) http.RoundTripper {
	t.Helper()
	return reading{n.Transport(t)}
}

// reading has a request's body read, and not written by the body itself. The AWS SDK closes a body as soon as the answer's
// head is there; a body that writes itself then fails the request that was sent already, and takes the connection away from
// an answer that is still being read. A pipe answers soon enough for that, at times.
type reading struct{ next http.RoundTripper }

func (r reading) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		request = request.WithContext(request.Context()) // a copy
		request.Body = struct{ io.ReadCloser }{request.Body}
	}
	return r.next.RoundTrip(request)
}
