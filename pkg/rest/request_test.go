package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestABaseURLIsHTTPSOrLoopbackAndBare(t *testing.T) {
	for text, want := range map[string]string{ // the fault, or nothing
		"https://acme.scrapright.example":      "",
		"https://acme.example:8443/base/":      "",
		"http://127.0.0.1:8080":                "",
		"http://[::1]:8080/v1":                 "",
		"http://localhost":                     "",
		"http://acme.example":                  "no loopback address",
		"http://127.0.0.1.evil.example":        "no loopback address",
		"http://2130706433":                    "no loopback address",
		"ftp://acme.example":                   `the scheme "ftp"`,
		"acme.example":                         `the scheme ""`,
		"https://":                             "has no host",
		"https://:443":                         "has no host",
		"https:acme.example":                   "has no host",
		"https://user:canary@acme.example":     "user or password",
		"https://acme.example?key=canary":      "query",
		"https://acme.example/?":               "query",
		"https://acme.example#canary":          "fragment",
		"https://acme.example/#":               "fragment",
		"https://acme.example/a/../b":          `".."`,
		"https://acme.example/a/%2e%2E/b":      `".."`,
		"https://user:canary@acme.example:x/":  "cannot be read",
		"https://acme.example/%zz?key=canary ": "cannot be read",
		"":                                     `the scheme ""`,
	} {
		_, err := New(Config{BaseURL: text, Pace: fastPace(), Now: time.Now})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; expected %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the error shows a secret: %v", text, err)
		}
	}
}

func TestEveryFaultOfTheConfigIsNamed(t *testing.T) {
	_, err := New(Config{BaseURL: "nowhere", Timeout: -1, MaxBody: -1, Attempts: -1})
	for _, want := range []string{"base URL", "Pace", "Now", "Timeout", "MaxBody", "Attempts"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestARequestThatCannotBeSentIsRefusedBeforehand(t *testing.T) {
	client := realClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.URL) })
	for want, r := range map[string]Request{
		"expected one":           {Path: "x"},
		"is not relative":        {Path: ""},
		"not relative to":        {Path: "//evil.example/x"},
		"the base URL":           {Path: "https://evil.example/x"},
		`holds ".."`:             {Path: "/a/../x"},
		`a/%2e%2e/x" holds ".."`: {Path: "/a/%2e%2e/x"},
		`..%2fx" holds`:          {Path: "/..%2fx"},
		"backslash":              {Path: `/a\..\x`},
		"control character":      {Path: "/a%0d%0ax"},
		"escaped wrongly":        {Path: "/a%zz"},
		"holds a query":          {Path: "/a?page=1"},
		"or fragment":            {Path: "/a#b"},
		"GET or POST":            {Method: "DELETE", Path: "/x"},
		"a GET has a form":       {Path: "/x", Form: url.Values{"a": {"b"}}},
		"no header name":         {Path: "/x", Header: http.Header{"X Y": {"z"}}},
		"header X-Api-Key holds": {Path: "/x", Header: http.Header{"X-Api-Key": {"canary\ncanary"}}},
	} {
		_, err := client.Do(t.Context(), r)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v; expected %q", r, err, want)
		}
	}
	if n := client.pace.Requests(); n != 0 {
		t.Errorf("%d requests counted", n)
	}
}

func TestWhatIsSentIsWhatWasAsked(t *testing.T) {
	tests := []struct {
		name    string
		request Request
		want    string
	}{
		{"a listing", Request{Path: "/api/v1/customer", Query: url.Values{"pageSize": {"25"}, "page": {"1"}},
			Header: http.Header{"X-Access-Token": {"eyJ"}, "Accept-Encoding": {"br"}}},
			"GET /base/api/v1/customer?page=1&pageSize=25 HTTP/1.1|Accept-Encoding: gzip|User-Agent: yard/1|X-Access-Token: eyJ|"},
		{"a form", Request{Method: "POST", Path: "/api/v1/refresh", Form: url.Values{"refreshToken": {"a+b/c="}}, Once: true},
			"POST /base/api/v1/refresh HTTP/1.1|Accept-Encoding: gzip|Connection: close|Content-Length: 25|" +
				"Content-Type: application/x-www-form-urlencoded|User-Agent: yard/1|refreshToken=a%2Bb%2Fc%3D"},
		{"no form", Request{Method: "POST", Path: "/token", Header: http.Header{"User-Agent": {"own"}}},
			"POST /base/token HTTP/1.1|Accept-Encoding: gzip|Content-Length: 0|User-Agent: own|"},
		{"an escaped path", Request{Path: "/brand%2F1/a b/ü"},
			"GET /base/brand%2F1/a%20b/%C3%BC HTTP/1.1|Accept-Encoding: gzip|User-Agent: yard/1|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			client := realClient(t, func(_ http.ResponseWriter, r *http.Request) {
				r.Host = ""
				dump, err := httputil.DumpRequest(r, true)
				if err != nil {
					t.Error(err)
				}
				got = strings.NewReplacer("\r\n\r\n", "|", "\r\n", "|").Replace(string(dump))
			}, func(c *Config) { c.BaseURL += "/base/"; c.UserAgent = "yard/1" })
			if _, err := client.Do(t.Context(), tt.request); err != nil {
				t.Fatal(err)
			}
			if got = strings.Replace(got, "Host: |", "", 1); got != tt.want {
				t.Errorf("sent %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTheCallersRequestIsNotChanged(t *testing.T) {
	client := realClient(t, ok, func(c *Config) { c.UserAgent = "yard/1" })
	header := http.Header{"Accept-Encoding": {"br"}}
	if _, err := client.Do(t.Context(), Request{Path: "/x", Header: header}); err != nil {
		t.Fatal(err)
	}
	if len(header) != 1 || header.Get("Accept-Encoding") != "br" {
		t.Errorf("the header became %v", header)
	}
}

func TestAnAnswerIsGivenWholeAndAsItIs(t *testing.T) {
	for name, body := range map[string]string{"empty": "", "with a byte order mark": "\uFEFF{}", "binary": "\x00\xff\r\n"} {
		client := realClient(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Total", "7")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, body)
		})
		got, err := client.Do(t.Context(), Request{Path: "/x"})
		if err != nil || got.Status != 201 || got.Header.Get("X-Total") != "7" || string(got.Body) != body {
			t.Errorf("%s: %v, %v; expected the body as sent", name, got, err)
		}
	}
}

func TestAStatusErrorHoldsTheBeginningOfTheBody(t *testing.T) {
	client := realClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"IsError":1,"Message":"Not in plan.","More":"`+strings.Repeat("x", 100_000)+`"}`)
	})
	_, err := client.Do(t.Context(), Request{Path: "/x"})
	refused, is := errors.AsType[*StatusError](err)
	if !is || len(refused.Body) != 64<<10 || !strings.HasPrefix(string(refused.Body), `{"IsError":1`) {
		t.Fatalf("%v; expected a StatusError with 64 KiB of the body", err)
	}
	if text := fmt.Sprintf("%#v", refused); text != refused.Error() || len(text) > 300 {
		t.Errorf("printed as %s", text)
	}
}
