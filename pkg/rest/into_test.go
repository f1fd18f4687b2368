package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestABodyGoesIntoItsReaderOnceForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := 0
		transport := servePipes(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			served++
			w.Header().Set("Content-Length", "10")
			if served == 1 {
				_, _ = io.WriteString(w, "01234")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, "0123456789")
		}))
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: transport, Pace: fastPace(), Now: time.Now})
		var seen []string
		got, err := client.Do(t.Context(), Request{Path: "/x", Into: func(h http.Header, body io.Reader) error {
			text, err := io.ReadAll(body)
			seen = append(seen, string(text))
			if h.Get("Content-Length") != "10" {
				t.Errorf("headers %v", h)
			}
			return err
		}})
		if err != nil || got.Body != nil || strings.Join(seen, " ") != "01234 0123456789" {
			t.Errorf("%v %q %v", err, seen, got)
		}
	})
}

func TestAnErrorOfTheReaderIsFinalAndItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := servePipes(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") }))
		pace := fastPace()
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: transport, Pace: pace, Now: time.Now, MaxBody: 10})
		broken := errors.New("not what was expected")
		_, err := client.Do(t.Context(), Request{Path: "/x", Into: func(http.Header, io.Reader) error { return broken }})
		if !errors.Is(err, broken) || pace.Requests() != 1 {
			t.Errorf("%v after %d requests", err, pace.Requests())
		}
		client = newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: transport, Pace: pace, Now: time.Now, MaxBody: 9})
		_, err = client.Do(t.Context(), Request{Path: "/x", Into: func(_ http.Header, body io.Reader) error {
			_, err := io.Copy(io.Discard, body)
			return err
		}})
		if !errors.As(err, new(*TooLargeError)) || pace.Requests() != 2 {
			t.Errorf("%v after %d requests, expected a TooLargeError", err, pace.Requests())
		}
	})
}

func TestABufferIsUsedAgainForTheNextBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		texts := []string{"a longer text", "short", ""}
		transport := servePipes(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			text := texts[0]
			texts = texts[1:]
			if text == "" {
				w.Header().Set("Content-Length", "10")
				_, _ = io.WriteString(w, "01234")
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, text)
		}))
		client := newClient(t, Config{BaseURL: "http://127.0.0.1", Transport: transport, Pace: fastPace(), Now: time.Now, Attempts: 1})
		var buffer bytes.Buffer
		for _, want := range []string{"a longer text", "short"} {
			got, err := client.Do(t.Context(), Request{Path: "/x", Buffer: &buffer})
			if err != nil || string(got.Body) != want || &got.Body[0] != &buffer.Bytes()[0] {
				t.Errorf("%v %v, expected %q", got, err, want)
			}
		}
		if got, err := client.Do(t.Context(), Request{Path: "/x", Buffer: &buffer}); !errors.As(err, new(*TransportError)) {
			t.Errorf("%v %v, expected a body that is cut to be a TransportError", got, err)
		}
	})
}
