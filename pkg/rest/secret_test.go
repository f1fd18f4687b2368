package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/canary"
)

// Each is in a place of its own, with characters that change when they are escaped.
var canaries = []string{"canary-key+1/", "canary-bearer=2", "canary form&3", "canary-query/4", "canary-body-5"}

func secretRequest(method string) Request {
	r := Request{Method: method, Path: "/x",
		Header: http.Header{"X-Api-Key": {canaries[0]}, "Authorization": {"Bearer " + canaries[1]}},
		Query:  url.Values{"page": {"1"}, "access_token": {canaries[3]}}}
	if method == http.MethodPost {
		r.Form = url.Values{"refreshToken": {canaries[2]}}
	}
	return r
}

// echo is what a careless server sends back.
func echo(r *http.Request) string {
	form, _ := io.ReadAll(r.Body)
	return fmt.Sprintf("%s %s %s %s %s", r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"), form, r.RequestURI,
		r.URL.Query().Get("access_token"))
}

func TestNoSecretIsInAnErrorOrALogLine(t *testing.T) {
	json400 := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		_ = json.NewEncoder(w).Encode(map[string]string{"Message": "bad: " + echo(r)})
	}
	handlers := map[string]http.HandlerFunc{
		"success":            func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, canaries[4]) },
		"refused in JSON":    json400,
		"refused in text":    func(w http.ResponseWriter, r *http.Request) { http.Error(w, echo(r), 401) },
		"refused in HTML":    func(w http.ResponseWriter, r *http.Request) { http.Error(w, "<p>"+echo(r)+"</p>", 403) },
		"failing":            func(w http.ResponseWriter, r *http.Request) { http.Error(w, echo(r), 500) },
		"limited":            func(w http.ResponseWriter, r *http.Request) { http.Error(w, echo(r), 429) },
		"redirected":         func(w http.ResponseWriter, r *http.Request) { redirectTo("/y?t="+canaries[4], 302)(w, r) },
		"redirected away":    redirectTo("https://evil.example/"+canaries[4], 302),
		"redirected by echo": func(w http.ResponseWriter, r *http.Request) { redirectTo("https://"+echo(r), 302)(w, r) },
		"not HTTP":           func(w http.ResponseWriter, r *http.Request) { broken(echo(r)+"\r\n\r\n")(w, r) },
		"a bad head":         func(w http.ResponseWriter, r *http.Request) { broken("HTTP/1.1 200 OK\r\n"+echo(r)+"\r\n\r\n")(w, r) },
		"a bad status":       func(w http.ResponseWriter, r *http.Request) { broken("HTTP/1.1 "+echo(r)+"\r\n\r\n")(w, r) },
		"a bad length": func(w http.ResponseWriter, r *http.Request) {
			broken("HTTP/1.1 200 OK\r\nContent-Length: "+echo(r)+"\r\n\r\n")(w, r)
		},
		"a bad encoding name": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", r.Header.Get("X-Api-Key"))
		},
		"cut":  func(w http.ResponseWriter, r *http.Request) { broken(cuts["body with Content-Length"])(w, r) },
		"slow": func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) },
	}
	for name, handler := range handlers {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var log bytes.Buffer
					client := bubbleClient(t, fastPace(), handler, func(c *Config) {
						c.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
					})
					request := secretRequest(method)
					got, err := client.Do(within(t, time.Minute), request)
					client.log.Info("what callers may log", "request", request, "error", err)
					if got != nil {
						client.log.Info("what callers may log", "response", got)
					}
					if !strings.Contains(log.String(), `"path":"/x"`) || (err == nil) != (name == "success") {
						t.Errorf("%v, log %s", err, &log)
					}
					noCanary(t, log.String())
					for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
						noCanary(t, fmt.Sprintf(verb, request), fmt.Sprintf(verb, got), fmt.Sprintf(verb, err))
					}
				})
			})
		}
	}
}

// noCanary fails the test where a text holds a canary in any spelling, or a part of one.
func noCanary(t *testing.T, texts ...string) {
	t.Helper()
	secrets := map[string]string{}
	for i, secret := range canaries {
		secrets[fmt.Sprintf("canary %d", i)] = secret
	}
	scanner, err := canary.New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		for _, found := range scanner.Text("a text", text) {
			t.Errorf("%s: %s", found, text)
		}
		for _, part := range []string{"canary", fmt.Sprintf("%x", "canary")} {
			if strings.Contains(text, part) {
				t.Errorf("a secret in %s", text)
			}
		}
	}
}

func TestALogLineTellsWhatWasSentAndCameBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		client := bubbleClient(t, fastPace(), refuseFirst(1, 502, nil), func(c *Config) {
			c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug,
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					if a.Key == slog.TimeKey {
						return slog.Attr{}
					}
					return a
				}}))
		})
		if _, err := client.Do(t.Context(), Request{Path: "/x", Query: url.Values{"page": {"2"}, "sig": {"s"}}}); err != nil {
			t.Fatal(err)
		}
		want := `level=DEBUG msg="http request" method=GET path=/x query="page=2&sig=REDACTED" attempt=1 duration=0s status=502 bytes=65
level=DEBUG msg="http request" method=GET path=/x query="page=2&sig=REDACTED" attempt=2 duration=0s status=200 bytes=0
`
		if log.String() != want {
			t.Errorf("logged\n%s", &log)
		}
	})
}

func TestTheReasonSurvivesWhereItsTextIsHidden(t *testing.T) {
	err := error(&TransportError{Err: &cause{text: "shown", err: fmt.Errorf("hidden: %w",
		fmt.Errorf("%w, %w", io.ErrUnexpectedEOF, context.DeadlineExceeded))}})
	if !strings.Contains(err.Error(), "shown") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v", err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) {
		t.Error("expected the cut body and no deadline to be found")
	}
}
