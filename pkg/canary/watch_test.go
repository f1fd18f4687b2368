package canary_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/canary"
	"yardstick/pkg/simulator"
)

const key = "the-key-of-a-yard"

// call makes one request and gives the answer's body as far as it came.
func call(t *testing.T, method, address, header, value, form string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header, value)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return ""
	}
	body, _ := io.ReadAll(answer.Body) // cut off where the test wants it
	_ = answer.Body.Close()
	return string(body)
}

func tokens(t *testing.T, body string) (access, refresh string) {
	t.Helper()
	var answer struct {
		Data struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data.Access, answer.Data.Refresh
}

func TestAWatchKnowsWhateverCredentialPassed(t *testing.T) {
	for _, zip := range []bool{false, true} {
		yard := simulator.NewYard(simulator.YardConfig{APIKey: key, Now: time.Now, Gzip: zip})
		watch := canary.NewWatch(yard)
		server := httptest.NewServer(watch)
		const exchange, renew = "/api/v1/authorization/token", "/api/v1/authorization/refresh-token"
		call(t, "POST", server.URL+exchange, "X-Api-Key", "a-wrong-key", "")
		access, refresh := tokens(t, call(t, "POST", server.URL+exchange, "X-Api-Key", key, ""))
		next, after := tokens(t, call(t, "POST", server.URL+renew, "X-None", "", url.Values{"refreshToken": {refresh}}.Encode()))
		call(t, "GET", server.URL+"/api/v1/customer", "X-Access-Token", "a-made-up-token", "")
		call(t, "GET", server.URL+"/api/v1/customer", "Authorization", "Bearer a-bearer-key", "")
		watch.Note("API key", "a-key-that-is-stored")
		watch.Note("API key", "short")
		want := []string{"a-wrong-key", key, access, refresh, next, after, "a-made-up-token", "a-bearer-key", "a-key-that-is-stored"}
		if got := slices.Sorted(maps.Values(watch.Secrets())); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("gzip %v: %q, expected %q", zip, got, want)
		}
		if watch.Secrets()["access token 1"] != access || watch.Secrets()["refresh token 2"] != after {
			t.Errorf("the names do not tell kind and order: %q", watch.Secrets())
		}
		server.Close()
	}
}

// TestAWatchSeesAnAnswerThatIsCutOff holds a token, or most of it, to be known although its answer came by a connection
// that was taken over.
func TestAWatchSeesAnAnswerThatIsCutOff(t *testing.T) {
	yard := simulator.NewYard(simulator.YardConfig{APIKey: key, Now: time.Now})
	yard.Fault(func(simulator.Request) *simulator.Answer {
		return &simulator.Answer{Cut: simulator.CutUnsized, CutAt: 200}
	})
	watch := canary.NewWatch(yard)
	server := httptest.NewServer(watch)
	defer server.Close()
	body := call(t, "POST", server.URL+"/api/v1/authorization/token", "X-Api-Key", key, "")
	secrets := watch.Secrets()
	cut := secrets["access token 1"]
	if len(body) != 200 || len(cut) < 50 || !strings.HasSuffix(body, cut) {
		t.Errorf("of %q, %q is known", body, secrets)
	}
	yard.Fault(nil)
	call(t, "POST", server.URL+"/api/v1/authorization/token", "X-Api-Key", key, "")
	watch.Note("token", secrets["API key 1"][:10])
	if n := len(watch.Secrets()); n != 4 {
		t.Errorf("%q; expected the key, the token that was cut off, and a pair", watch.Secrets())
	}
}
