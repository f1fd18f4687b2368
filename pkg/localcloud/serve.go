package localcloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// closeGrace is how long Close lets open requests end by themselves. It is short because a connection on which a
// client has not asked anything yet counts as open.
const closeGrace = 250 * time.Millisecond

// Start serves both services on a free port of 127.0.0.1 until Close, and answers the endpoint, such as
// "http://127.0.0.1:4566". It does not block. The SDK uses path style with it by itself.
func (c *Cloud) Start() (endpoint string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not block
	if err != nil {
		return "", fmt.Errorf("listen for the local cloud: %w", err)
	}
	s, err := c.newServer()
	if err != nil {
		return "", errors.Join(err, l.Close())
	}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			c.log.Error("the local cloud stopped serving", "error", err)
		}
	}()
	return "http://" + l.Addr().String(), nil
}

// Serve serves both services on a listener, and blocks until Close, which also closes the listener; it then answers
// nil. Any listener will do, one over net.Pipe too.
func (c *Cloud) Serve(l net.Listener) error {
	s, err := c.newServer()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the local cloud: %w", err)
	}
	return nil
}

func (c *Cloud) newServer() (*http.Server, error) {
	s := &http.Server{
		Handler:           c.Handler(),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(c.log.Handler(), slog.LevelWarn),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, errors.New("the local cloud is closed")
	}
	c.servers = append(c.servers, s)
	return s, nil
}

func (c *Cloud) stopServers() error {
	c.mu.Lock()
	servers := c.servers
	c.servers, c.stopped = nil, true
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	var errs []error
	for _, s := range servers {
		err := s.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) { // a client that holds its request open is cut off
			err = s.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
