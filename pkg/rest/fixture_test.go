package rest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are pipes in memory: time in a synctest bubble goes on while they wait.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	close    func()
}

func newPipes() *pipes {
	p := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.accepted <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// servePipes serves a handler inside a bubble and gives the transport that leads there.
func servePipes(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	listener := newPipes()
	var handling sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handling.Add(1)
		defer handling.Done()
		handler.ServeHTTP(w, r)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
		synctest.Wait()
		handling.Wait() // also for those whose client has gone
	})
	return transport
}

// bubbleClient makes a client of a handler inside a bubble.
func bubbleClient(t *testing.T, pace *Pace, handler http.HandlerFunc, with ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{BaseURL: "http://127.0.0.1", Transport: servePipes(t, handler), Pace: pace, Now: time.Now}
	return newClient(t, cfg, with...)
}

// realClient makes a client of a handler behind a real socket.
func realClient(t *testing.T, handler http.HandlerFunc, with ...func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newClient(t, Config{BaseURL: server.URL, Pace: fastPace(), Now: time.Now}, with...)
}

func newClient(t *testing.T, cfg Config, with ...func(*Config)) *Client {
	t.Helper()
	for _, change := range with {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if own, ok := c.shared.(*http.Transport); ok {
			own.CloseIdleConnections()
		}
	})
	return c
}

// fastPace never stands in the way.
func fastPace() *Pace {
	p := NewPace(time.Now)
	p.SetLimit(1_000_000)
	return p
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }

// seconds rounds a time in a bubble, in which nothing takes time by itself.
func seconds(d time.Duration) int { return int(d.Round(time.Second) / time.Second) }
