package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func redirectTo(location string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<a href="%s">%[1]s</a>`, location)
	}
}

func TestARedirectOnTheSameHostIsFollowedWithItsHeadersAndCounted(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"/moved/here?page=2#top", "here?page=2", "http://HOST/moved/here?page=2",
			"//HOST/x/../moved/here?page=2"} {
			client := realClient(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Header.Get("X-Access-Token") != "eyJ":
					t.Error("the header is missing")
				case r.URL.Path == "/moved/old":
					redirectTo(strings.Replace(location, "HOST", r.Host, 1), status)(w, r)
				case r.URL.RequestURI() != "/moved/here?page=2":
					t.Errorf("%s leads to %s", location, r.URL)
				}
			})
			header := http.Header{"X-Access-Token": {"eyJ"}}
			if _, err := client.Do(t.Context(), Request{Path: "/moved/old", Header: header}); err != nil {
				t.Errorf("%d to %s: %v", status, location, err)
			}
			if n := client.pace.Requests(); n != 2 {
				t.Errorf("%d to %s: %d requests; expected 2", status, location, n)
			}
		}
	}
}

func TestARedirectElsewhereIsRefusedByNameOfSchemeAndHostOnly(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was called", r.URL)
	}))
	defer elsewhere.Close()
	for location, to := range map[string]string{
		elsewhere.URL + "/canary?canary=canary#canary": elsewhere.URL, // another port
		"https://HOST/canary":                          "https://HOST",
		"//evil.example/canary":                        "http://evil.example",
		"http://canary:canary@HOST/":                   "http://HOST",
		"http://127.0.0.1.evil.example/canary":         "http://127.0.0.1.evil.example",
		"http:canary":                                  "http://",
		"mailto:canary":                                "mailto://",
		"http://evil.example/%zz":                      "an unreadable address",
		"http://localhost:1/canary":                    "http://localhost:1",
	} {
		var host string
		client := realClient(t, func(w http.ResponseWriter, r *http.Request) {
			host = r.Host
			redirectTo(strings.Replace(location, "HOST", host, 1), http.StatusFound)(w, r)
		})
		_, err := client.Do(t.Context(), Request{Path: "/x"})
		refused, is := errors.AsType[*RedirectError](err)
		if !is || client.pace.Requests() != 1 {
			t.Errorf("%s: %v after %d requests; expected a RedirectError", location, err, client.pace.Requests())
			continue
		}
		if want := strings.Replace(to, "HOST", host, 1); refused.To != want || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v; expected no more than %s", location, err, want)
		}
		status, is := errors.AsType[*StatusError](err)
		if !is || status.Status != 302 || status.Message != "" || status.Body != nil {
			t.Errorf("%s: %v; expected a bare StatusError inside", location, status)
		}
	}
}

func TestRedirectsOfCallsThatGoToOneAddressAreRefused(t *testing.T) {
	for _, r := range []Request{
		{Method: "POST", Path: "/x"}, {Method: "POST", Path: "/x", Token: true},
		{Path: "/x", Token: true}, {Path: "/x", Once: true},
	} {
		client := realClient(t, redirectTo("/y", http.StatusTemporaryRedirect))
		_, err := client.Do(t.Context(), r)
		if _, is := errors.AsType[*RedirectError](err); !is || client.pace.Requests() != 1 {
			t.Errorf("%s: %v after %d requests; expected a RedirectError", r, err, client.pace.Requests())
		}
	}
}

func TestARedirectIsFollowedFiveTimesAndNotMore(t *testing.T) {
	for hops, fine := range map[int]bool{5: true, 6: false} {
		left := hops
		client := realClient(t, func(w http.ResponseWriter, r *http.Request) {
			if left--; left >= 0 {
				redirectTo("/again", http.StatusFound)(w, r)
			}
		})
		_, err := client.Do(t.Context(), Request{Path: "/x"})
		if (err == nil) != fine || client.pace.Requests() != 6 {
			t.Errorf("%d redirects: %v after %d requests", hops, err, client.pace.Requests())
		}
	}
}

func TestARedirectWithoutAnAddressIsAStatusError(t *testing.T) {
	client := realClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })
	_, err := client.Do(t.Context(), Request{Path: "/x"})
	if _, is := errors.AsType[*RedirectError](err); is || err == nil {
		t.Errorf("%v; expected a StatusError", err)
	}
}

func TestOneOriginIsKnownHoweverItIsSpelt(t *testing.T) {
	for location, same := range map[string]bool{
		"https://ACME.example:443/y": true, "https://acme.example/y": true, "https://acme.example:8443/y": false,
		"http://acme.example:443/y": false, "https://acme.example./y": false,
	} {
		base, err := parseBase("https://acme.example/base")
		if err != nil {
			t.Fatal(err)
		}
		c := &call{Request: Request{Method: "GET", Path: "/x"}, base: base, url: base}
		a := &answer{Response: Response{Status: 302, Header: http.Header{"Location": {location}}}}
		if err := c.follow(a); (err == nil) != same {
			t.Errorf("%s: %v; expected same = %v", location, err, same)
		}
	}
}
