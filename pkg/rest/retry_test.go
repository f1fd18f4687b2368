package rest

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFailureInPassingIsRepeatedAndOthersAreFinal(t *testing.T) {
	for status, repeated := range map[int]bool{
		400: false, 401: false, 402: false, 403: false, 404: false, 408: true, 409: false, 422: false,
		500: true, 501: false, 502: true, 503: true, 504: true, 304: false, 300: false, 206: false,
	} {
		for _, method := range []string{"GET", "POST"} {
			synctest.Test(t, func(t *testing.T) {
				pace := fastPace()
				client := bubbleClient(t, pace, refuseFirst(2, status, nil))
				got, err := client.Do(t.Context(), Request{Method: method, Path: "/x"})
				if repeated {
					if err != nil || got.Status != 200 || pace.Requests() != 3 {
						t.Errorf("%s %d: %v after %d requests; expected success at the third", method, status, err, pace.Requests())
					}
					return
				}
				refused, is := errors.AsType[*StatusError](err)
				if !is || refused.Status != status || pace.Requests() != 1 {
					t.Errorf("%s %d: %v after %d requests; expected it to be final", method, status, err, pace.Requests())
				}
			})
		}
	}
}

func TestRepeatingEndsAfterTheAttemptsWithTheLastError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := fastPace()
		client := bubbleClient(t, pace, refuseFirst(100, 502, nil))
		began := time.Now()
		_, err := client.Do(t.Context(), Request{Path: "/api/v1/customer"})
		if want := "GET /api/v1/customer: status 502 Bad Gateway: Slow Slow down & wait"; err == nil || err.Error() != want {
			t.Errorf("%v; expected %s", err, want)
		}
		if took := time.Since(began); pace.Requests() != 4 || took == 0 || took > 3500*time.Millisecond {
			t.Errorf("%d requests in %s; expected 4 with waits up to 0.5, 1 and 2 s", pace.Requests(), took)
		}
	})
}

func TestTheWaitsGrowAreSpreadAndEndAt15s(t *testing.T) {
	tries := newTries(1)
	most := 500 * time.Millisecond
	for range 12 {
		if wait := tries.backoff.NextBackOff(); wait < 0 || wait > most+1 {
			t.Errorf("waits %s; expected at most %s", wait, most)
		}
		most = min(2*most, 15*time.Second)
	}
	sum := time.Duration(0)
	for range 1000 {
		sum += tries.backoff.NextBackOff()
	}
	if mean := sum / 1000; mean < 6*time.Second || mean > 9*time.Second {
		t.Errorf("the mean wait at the end is %s; expected about 7.5 s", mean)
	}
}

func TestNoWaitBetweenAttemptsOutlastsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := bubbleClient(t, fastPace(), refuseFirst(1000, 500, nil), func(c *Config) { c.Attempts = 1000 })
		ctx := within(t, time.Minute)
		_, err := client.Do(ctx, Request{Path: "/x"})
		if refused, is := errors.AsType[*StatusError](err); !is || refused.Status != 500 || ctx.Err() != nil {
			t.Errorf("%v, context %v; expected the last answer before the deadline", err, ctx.Err())
		}
	})
}

func TestAWaitBetweenAttemptsEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		client := bubbleClient(t, fastPace(), func(w http.ResponseWriter, _ *http.Request) {
			time.AfterFunc(time.Nanosecond, cancel)
			w.WriteHeader(500)
		})
		_, err := client.Do(ctx, Request{Path: "/x"})
		lost, is := errors.AsType[*TransportError](err)
		if !is || !lost.Sent || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "status 500") {
			t.Errorf("%v; expected a cancelled TransportError that tells the answer before", err)
		}
	})
}

// broken answers with the beginning of something, then closes the connection.
func broken(beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buffer, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = buffer.WriteString(beginning)
		_ = buffer.Flush()
		_ = conn.Close()
	}
}

func cutGzip() string {
	var all strings.Builder
	z := gzip.NewWriter(&all)
	_, _ = io.WriteString(z, strings.Repeat("record ", 1000))
	_ = z.Close()
	half := all.String()[:all.Len()/2]
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(half), half)
}

var cuts = map[string]string{
	"before the status":              "",
	"in the head":                    "HTTP/1.1 200 OK\r\nContent-Le",
	"body with Content-Length":       "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Data\":[",
	"body in chunks":                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"Data\":[\r\n",
	"gzip inside a whole body":       cutGzip(),
	"no gzip though it says so":      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n{\"Data\":[],\"more\":1}",
	"an encoding not asked for":      "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd",
	"something that is not HTTP":     "SSH-2.0-OpenSSH_9.6\r\n",
	"gzip body with Content-Length+": strings.Replace(cutGzip(), "Content-Length: ", "Content-Length: 9", 1),
}

func TestACutAnswerIsRepeatedUnlessOnce(t *testing.T) {
	for name, beginning := range cuts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace, seen := fastPace(), 0
				client := bubbleClient(t, pace, func(w http.ResponseWriter, r *http.Request) {
					if seen++; seen <= 2 {
						broken(beginning)(w, r)
						return
					}
					ok(w, r)
				})
				_, err := client.Do(t.Context(), Request{Method: "POST", Path: "/refresh", Once: true})
				lost, is := errors.AsType[*TransportError](err)
				if !is || !lost.Sent || seen != 1 {
					t.Errorf("%v after %d requests; expected a TransportError, sent, and no repetition", err, seen)
				}
				got, err := client.Do(t.Context(), Request{Path: "/x"})
				if err != nil || string(got.Body) != "ok" || seen != 3 || pace.Requests() != 3 {
					t.Errorf("%v after %d requests, %d counted; expected success at the third", err, seen, pace.Requests())
				}
			})
		})
	}
}

func TestOnceIsNeverRepeatedAfterHavingBeenSent(t *testing.T) {
	for _, status := range []int{408, 500, 502, 503, 504} {
		synctest.Test(t, func(t *testing.T) {
			pace := fastPace()
			client := bubbleClient(t, pace, refuseFirst(1, status, nil))
			_, err := client.Do(t.Context(), Request{Method: "POST", Path: "/x", Once: true})
			if refused, is := errors.AsType[*StatusError](err); !is || refused.Status != status || pace.Requests() != 1 {
				t.Errorf("%d: %v after %d requests; expected one", status, err, pace.Requests())
			}
		})
	}
}

func TestOnceIsNotRepeatedAfterA429WhichHoldsBackWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := fastPace()
		client := bubbleClient(t, pace, refuseFirst(1, 429, say("5")))
		_, err := client.Do(t.Context(), Request{Method: "POST", Path: "/x", Once: true})
		if _, limited := errors.AsType[*LimitedError](err); !limited || pace.Requests() != 1 {
			t.Errorf("%v after %d requests; expected a *LimitedError after one", err, pace.Requests())
		}
		began := time.Now()
		if _, err := client.Do(t.Context(), Request{Path: "/y"}); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %s; expected the next request after 5 s", err, time.Since(began))
		}
	})
}

func TestAConnectionThatIsRefusedIsTriedAgainEvenForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		transport := servePipes(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen++ }))
		dial, refusals := transport.DialContext, 2
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if refusals--; refusals >= 0 {
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
			}
			return dial(ctx, network, addr)
		}
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: transport, Pace: fastPace(), Now: time.Now})
		if _, err := client.Do(t.Context(), Request{Method: "POST", Path: "/x", Once: true}); err != nil || seen != 1 {
			t.Errorf("%v, %d requests seen; expected success with one", err, seen)
		}
		transport.CloseIdleConnections()
		refusals = 100
		_, err := client.Do(t.Context(), Request{Path: "/x"})
		lost, is := errors.AsType[*TransportError](err)
		if !is || lost.Sent || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v; expected a TransportError, not sent, for the refused connection", err)
		}
	})
}

func TestATransportThatTellsNothingOfConnectionsIsTakenToHaveSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Pace: fastPace(), Now: time.Now,
			Transport: roundTrip(func(*http.Request) (*http.Response, error) { sent++; return nil, io.ErrClosedPipe })})
		_, err := client.Do(t.Context(), Request{Method: "POST", Path: "/x", Once: true})
		if lost, is := errors.AsType[*TransportError](err); !is || !lost.Sent || sent != 1 {
			t.Errorf("%v after %d requests; expected one, taken as sent", err, sent)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestACertificateOfNobodyKnownIsATransportErrorNotSent(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client := newClient(t, Config{BaseURL: server.URL, Pace: fastPace(), Now: time.Now, Attempts: 1})
	_, err := client.Do(t.Context(), Request{Path: "/x"})
	lost, is := errors.AsType[*TransportError](err)
	if !is || lost.Sent || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v; expected a TransportError about the certificate, not sent", err)
	}
}

// A connection kept alive that died is what net/http by itself would send a GET again on.
func TestEveryRequestThatReachesTheServerIsCounted(t *testing.T) {
	var seen atomic.Int32
	client := realClient(t, func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1)%2 == 0 {
			broken("")(w, r)
			return
		}
		ok(w, r)
	})
	for range 4 {
		if _, err := client.Do(t.Context(), Request{Path: "/x"}); err != nil {
			t.Fatal(err)
		}
	}
	if client.pace.Requests() != int(seen.Load()) {
		t.Errorf("%d requests counted, %d seen", client.pace.Requests(), seen.Load())
	}
}

func TestOnceGoesOverANewConnection(t *testing.T) {
	addresses := map[string]int{}
	client := realClient(t, func(_ http.ResponseWriter, r *http.Request) { addresses[r.RemoteAddr]++ })
	for _, once := range []bool{false, false, true, true, false} {
		if _, err := client.Do(t.Context(), Request{Method: "POST", Path: "/x", Once: once}); err != nil {
			t.Fatal(err)
		}
	}
	if len(addresses) != 3 {
		t.Errorf("%d connections; expected one that is kept and one for each Once", len(addresses))
	}
}

func TestAnAttemptEndsAfterItsTimeout(t *testing.T) {
	slow := map[string]http.HandlerFunc{
		"no answer": func(http.ResponseWriter, *http.Request) { time.Sleep(90 * time.Second) },
		"a body that drips": func(w http.ResponseWriter, _ *http.Request) {
			for range 30 {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(3 * time.Second)
			}
		},
	}
	for name, handler := range slow {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := fastPace()
				client := bubbleClient(t, pace, handler, func(c *Config) { c.Timeout, c.Attempts = 10*time.Second, 2 })
				began := time.Now()
				_, err := client.Do(within(t, time.Hour), Request{Path: "/x"})
				lost, is := errors.AsType[*TransportError](err)
				if !is || !lost.Sent || !strings.Contains(err.Error(), "within 10s") {
					t.Errorf("%v; expected a TransportError, sent, for the timeout", err)
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("the attempt's timeout passes for the caller's deadline")
				}
				if took := time.Since(began); pace.Requests() != 2 || took < 20*time.Second || took > 21*time.Second {
					t.Errorf("%d requests in %s; expected 2 in a little over 20 s", pace.Requests(), took)
				}
				_, err = client.Do(within(t, 5*time.Second), Request{Path: "/x"})
				if !errors.Is(err, context.DeadlineExceeded) || pace.Requests() != 3 {
					t.Errorf("%v; expected the caller's deadline", err)
				}
			})
		})
	}
}

func TestADialThatTimesOutIsNotTheCallersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, _ := net.Pipe()
			_ = near.SetReadDeadline(time.Now().Add(time.Second))
			_, err := near.Read(make([]byte, 1))
			return nil, &net.OpError{Op: "dial", Err: errors.Join(err, context.DeadlineExceeded)}
		}}
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: far, Pace: fastPace(), Now: time.Now})
		_, err := client.Do(within(t, time.Hour), Request{Path: "/x"})
		if lost, is := errors.AsType[*TransportError](err); !is || lost.Sent || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; expected a TransportError, not sent, and no deadline", err)
		}
	})
}

func TestAConnectionsTimerThatIsEarlierThanTheContextsMeansTheSameDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := roundTrip(func(*http.Request) (*http.Response, error) {
			time.Sleep(10*time.Second - time.Millisecond)
			return nil, os.ErrDeadlineExceeded
		})
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: early, Pace: fastPace(),
			Now: func() time.Time { return time.Now().Add(time.Millisecond) }})
		_, err := client.Do(within(t, 10*time.Second), Request{Path: "/x"})
		if !errors.Is(err, context.DeadlineExceeded) || client.pace.Requests() != 1 {
			t.Errorf("%v after %d requests; expected the caller's deadline", err, client.pace.Requests())
		}
	})
}

func TestAnEndedContextSendsNothing(t *testing.T) {
	client := realClient(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Do(ctx, Request{Path: "/x"}); !errors.Is(err, context.Canceled) || client.pace.Requests() != 0 {
		t.Errorf("%v, %d requests; expected none", err, client.pace.Requests())
	}
}

func TestABodyIsTakenUpToTheLimitAfterDecompression(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		body := strings.Repeat("0123456789", 100)
		handler := func(w http.ResponseWriter, _ *http.Request) {
			var out io.Writer = w
			if compressed {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				defer func() { _ = z.Close() }()
				out = z
			}
			_, _ = io.WriteString(out, body)
		}
		fits := realClient(t, handler, func(c *Config) { c.MaxBody = 1000 })
		if got, err := fits.Do(t.Context(), Request{Path: "/x"}); err != nil || string(got.Body) != body {
			t.Errorf("compressed %v: %v; expected the body", compressed, err)
		}
		small := realClient(t, handler, func(c *Config) { c.MaxBody = 999 })
		_, err := small.Do(t.Context(), Request{Path: "/x"})
		large, is := errors.AsType[*TooLargeError](err)
		if !is || large.Limit != 999 || small.pace.Requests() != 1 {
			t.Errorf("compressed %v: %v after %d requests; expected a TooLargeError", compressed, err, small.pace.Requests())
		}
	}
}
