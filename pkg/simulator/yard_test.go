package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testKey = "key-of-the-test"

// testClock is a clock that stands until it is moved.
type testClock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *testClock {
	return &testClock{t: time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC)} // a Monday
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// yardClient talks to a yard over no network.
type yardClient struct {
	*Yard
	t       *testing.T
	clock   *testClock
	access  string
	refresh string
}

// newYardClient starts with a session, at an unhurried limit.
func newYardClient(t *testing.T, cfg YardConfig) *yardClient {
	t.Helper()
	clock := newClock()
	cfg.Now = clock.now
	if cfg.APIKey == "" {
		cfg.APIKey = testKey
	}
	if cfg.RequestsPerMinute == 0 {
		cfg.RequestsPerMinute = 1_000_000
	}
	c := &yardClient{Yard: NewYard(cfg), t: t, clock: clock}
	c.login()
	return c
}

// login exchanges the key and keeps the pair.
func (c *yardClient) login() {
	c.t.Helper()
	status, body := c.exchangeKey(c.cfg.APIKey)
	if status != http.StatusOK {
		c.t.Fatalf("exchange: %d %s", status, body)
	}
	c.keep(body)
}

func (c *yardClient) keep(body string) {
	c.t.Helper()
	var a tokenAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		c.t.Fatal(err)
	}
	c.access, c.refresh = a.Data.AccessToken, a.Data.RefreshToken
}

func (c *yardClient) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func (c *yardClient) exchangeKey(key string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/authorization/token", nil)
	r.Header.Set("X-Api-Key", key)
	w := c.do(r)
	return w.Code, w.Body.String()
}

func (c *yardClient) useRefresh(token string) (int, string) {
	form := url.Values{"refreshToken": {token}}.Encode()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/authorization/refresh-token", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := c.do(r)
	return w.Code, w.Body.String()
}

func (c *yardClient) get(target string) (int, string) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("X-Access-Token", c.access)
	w := c.do(r)
	return w.Code, w.Body.String()
}

// rows asks for a page whose Data is an array and gives its records as they were spelt.
func (c *yardClient) rows(target string) []string {
	c.t.Helper()
	status, body := c.get(target)
	if status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %s", target, status, body)
	}
	var answer struct {
		IsError int
		Data    []json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.IsError != 0 {
		c.t.Fatalf("GET %s: %v in %s", target, err, body)
	}
	var rows []string
	for _, r := range answer.Data {
		rows = append(rows, string(r))
	}
	return rows
}

// all asks for page after page until an empty one.
func (c *yardClient) all(target string) (rows []string, pages int) {
	c.t.Helper()
	for pages = 1; ; pages++ {
		page := c.rows(target + "&page=" + itoa(pages))
		if len(page) == 0 {
			return rows, pages
		}
		rows = append(rows, page...)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestTokenAnswerIsTheDocumentedOne(t *testing.T) {
	c := newYardClient(t, YardConfig{RequestsPerMinute: 10})
	_, body := c.exchangeKey(testKey)
	c.keep(body)
	body = strings.NewReplacer(c.access, "eyJ...", c.refresh, "eyJ...").Replace(body)
	want := `{"IsError":0,"Message":"Token generated successfully.","Data":{"access_token":"eyJ...",` +
		`"refresh_token":"eyJ...","token_type":"Bearer","expires_in":3600,"refresh_token_expires_in":2592000,` +
		`"requestLimitPerMinute":10}}`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	for _, token := range []string{c.access, c.refresh} {
		if !strings.HasPrefix(token, "eyJ") || strings.Count(token, ".") != 2 {
			t.Errorf("a token that is no JWT: %q", token)
		}
	}
}

func TestDocumentedListingCall(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	if got := len(c.rows("/api/v1/customer?page=1&pageSize=25")); got != 25 {
		t.Errorf("%d records; expected 25", got)
	}
}

func TestYardServesOverARealSocket(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	base, stop, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(base, "http://127.0.0.1:") {
		t.Errorf("served at %s; expected the loopback", base)
	}
	resp, err := http.Get(base + "/api/v1/swagger")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("swagger: %s %v", resp.Status, err)
	}
	stop()
	stop()
	if _, err := http.Get(base + "/api/v1/swagger"); err == nil {
		t.Error("the stopped yard still answers")
	}
}

func TestRefusals(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	token := func(value string) http.Header { return http.Header{"X-Access-Token": {value}} }
	bearer := func(value string) http.Header { return http.Header{"Authorization": {"Bearer " + value}} }
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	inJSON := http.Header{"Content-Type": {"application/json"}}
	const customers, purchases = "/api/v1/customer", "/api/v1/purchase"
	tests := map[string]struct {
		method, target, body string
		header               http.Header
		status               int
		message              string
	}{
		"no key":        {"POST", tokenPath, "", nil, 401, "X-Api-Key"},
		"wrong key":     {"POST", tokenPath, "", http.Header{"X-Api-Key": {"other"}}, 401, "Invalid API key"},
		"key as bearer": {"POST", tokenPath, "", bearer(testKey), 401, "X-Api-Key"},
		"token by GET":  {"GET", tokenPath, "", http.Header{"X-Api-Key": {testKey}}, 405, "GET"},

		"refresh by GET":   {"GET", refreshPath + "?refreshToken=" + c.refresh, "", nil, 405, "GET"},
		"refresh in JSON":  {"POST", refreshPath, `{"refreshToken":"` + c.refresh + `"}`, inJSON, 415, "urlencoded"},
		"refresh untyped":  {"POST", refreshPath, "refreshToken=" + c.refresh, nil, 415, "urlencoded"},
		"refresh in query": {"POST", refreshPath + "?refreshToken=" + c.refresh, "", form, 400, "refreshToken"},
		"refresh unknown":  {"POST", refreshPath, "refreshToken=abc", form, 401, "Invalid refresh token"},
		"access to it":     {"POST", refreshPath, "refreshToken=" + c.access, form, 401, "Invalid refresh token"},

		"no token":          {"GET", customers, "", nil, 401, "X-Access-Token"},
		"bearer header":     {"GET", customers, "", bearer(c.access), 401, "X-Access-Token"},
		"bearer prefix":     {"GET", customers, "", token("Bearer " + c.access), 401, "Bearer prefix"},
		"refresh as access": {"GET", customers, "", token(c.refresh), 401, "Invalid access"},
		"key as access":     {"GET", customers, "", token(testKey), 401, "Invalid access"},

		"unknown path": {"GET", "/api/v1/purchases", "", token(c.access), 404, "not found"},
		"wrong method": {"POST", customers, "", token(c.access), 405, "POST"},
		"HEAD":         {"HEAD", customers, "", token(c.access), 405, "HEAD"},

		"page 0":     {"GET", customers + "?page=0", "", token(c.access), 400, "page"},
		"page -1":    {"GET", customers + "?page=-1", "", token(c.access), 400, "page"},
		"page x":     {"GET", customers + "?page=x", "", token(c.access), 400, "'x'"},
		"page empty": {"GET", customers + "?page=", "", token(c.access), 400, "page"},
		"pageSize 0": {"GET", customers + "?pageSize=0", "", token(c.access), 400, "pageSize"},

		"no dates": {"GET", purchases, "", token(c.access), 400, "startDate"},
		"no end":   {"GET", purchases + "?startDate=2026-11-20", "", token(c.access), 400, "endDate"},
		"other form": {
			"GET", purchases + "?startDate=11/20/2026&endDate=2026-11-20", "", token(c.access), 400, "startDate",
		},
		"no such date": {
			"GET", purchases + "?startDate=2026-02-29&endDate=2026-03-01", "", token(c.access), 400, "startDate",
		},
		"dates turned": {
			"GET", purchases + "?startDate=2026-11-20&endDate=2026-11-19", "", token(c.access), 400, "after",
		},
		"range too long": {
			"GET", purchases + "?startDate=2024-01-01&endDate=2026-11-19", "", token(c.access), 400, "366 days",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
			for name, values := range tt.header {
				r.Header[name] = values
			}
			w := c.do(r)
			var got struct {
				IsError int
				Message string
				Data    json.RawMessage
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%v in %s", err, w.Body)
			}
			asExpected := w.Code == tt.status && got.IsError == 1 && string(got.Data) == "null"
			if !asExpected || !strings.Contains(got.Message, tt.message) {
				t.Errorf("%d %s; expected %d and %q", w.Code, w.Body, tt.status, tt.message)
			}
		})
	}
	if err := c.CheckPair(c.access, c.refresh); err != nil {
		t.Errorf("a refused request used up a token: %v", err)
	}
}

func TestConfigThatCannotWorkPanicsWithEveryFault(t *testing.T) {
	defer func() {
		text, _ := recover().(string)
		for _, want := range []string{"Now", "APIKey", "Customers", "widgets", "the refresh", "begins with a slash"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q does not name %s", text, want)
			}
		}
	}()
	NewYard(YardConfig{Customers: -1, Routes: map[string]Route{
		"widgets": {}, Customers: {Path: refreshPath}, Businesses: {Path: "business"},
	}})
	t.Error("no panic")
}
