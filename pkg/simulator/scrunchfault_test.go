package simulator

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// scrunchSocket talks to a Scrunch over the loopback, each request on a connection of its own.
type scrunchSocket struct {
	*scrunchClient
	base string
	http *http.Client
}

func newScrunchSocket(t *testing.T, cfg ScrunchConfig) *scrunchSocket {
	t.Helper()
	c := newScrunchClient(t, cfg)
	base, stop, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &scrunchSocket{c, base, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// fetch gives the answer and how reading it ended.
func (c *scrunchSocket) fetch(ctx context.Context, target string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+target, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), errors.Join(err, resp.Body.Close())
}

func TestScrunchStartsBelowItsBase(t *testing.T) {
	c := newScrunchSocket(t, ScrunchConfig{})
	if !strings.HasPrefix(c.base, "http://127.0.0.1:") || !strings.HasSuffix(c.base, "/v1") {
		t.Errorf("served at %s", c.base)
	}
	resp, body, err := c.fetch(t.Context(), "/brands")
	const begins = `{"total":3,"offset":0,"limit":100,"items":[{"id":101,`
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(body, begins) {
		t.Errorf("%v %s", err, body)
	}
}

func TestScrunchFaultSeesWhatWasAsked(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	var seen []Request
	c.Fault(func(r Request) *Answer {
		seen = append(seen, r)
		return nil
	})
	c.get("/101/query?start_date=2026-11-19&end_date=2026-11-20&fields=date" +
		"&filters=stage:Advice&filters=branded:true&limit=9&token=abc")
	c.get("/brands?offset=3&limit=x")
	c.get("/brands/102/personas")
	c.get("/103/responses?limit=0")
	c.get("/103/responses")
	c.key = ""
	c.get("/elsewhere?fields=x")
	own := shortHash(testKey)
	want := []Request{
		{N: 1, Nth: 1, Endpoint: Query, Method: "GET", Path: "/v1/101/query", Brand: 101, Limit: 9,
			From: "2026-11-19", To: "2026-11-20", Credential: own, Status: 200,
			Query: url.Values{"start_date": {"2026-11-19"}, "end_date": {"2026-11-20"}, "fields": {"date"},
				"filters": {"stage:Advice", "branded:true"}, "limit": {"9"}, "token": {"(not kept)"}}},
		{N: 2, Nth: 1, Endpoint: Brands, Method: "GET", Path: "/v1/brands", Offset: 3, Credential: own, Status: 422,
			Query: url.Values{"offset": {"3"}, "limit": {"x"}}},
		{N: 3, Nth: 1, Endpoint: Personas, Method: "GET", Path: "/v1/brands/102/personas", Brand: 102,
			Credential: own, Status: 200, Query: url.Values{}},
		{N: 4, Nth: 1, Endpoint: Responses, Method: "GET", Path: "/v1/103/responses", Brand: 103,
			Credential: own, Status: 422, Query: url.Values{"limit": {"0"}}},
		{N: 5, Nth: 2, Endpoint: Responses, Method: "GET", Path: "/v1/103/responses", Brand: 103,
			Credential: own, Status: 200, Query: url.Values{}},
		{N: 6, Nth: 1, Method: "GET", Path: "/v1/elsewhere", Status: 404, Query: url.Values{"fields": {"(not kept)"}}},
	}
	if diff := cmp.Diff(want, c.Requests(), cmpopts.IgnoreFields(Request{}, "Time")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, seen, cmpopts.IgnoreFields(Request{}, "Time", "Status")); diff != "" {
		t.Error(diff)
	}
	if c.Count(Responses) != 2 || c.Count(Prompts) != 0 || c.CountStatus(422) != 2 {
		t.Errorf("counts: %+v", c.Requests())
	}
}

func TestScrunchLogHoldsNoKey(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	c.get("/brands?api_key=" + testKey)
	c.get("/101/prompts?token=" + testKey + "&limit=1")
	if text := fmt.Sprintf("%+v", c.Requests()); strings.Contains(text, testKey) {
		t.Error(text)
	}
}

func TestScrunchFaultsChangeTheAnswer(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{StableOrder: true})
	const list, report = "/101/prompts?limit=3&offset=6", "/101/query?fields=prompt_id&" + inReports
	firstPage := c.ok("/101/prompts?limit=3&offset=0")
	tests := map[string]struct {
		answer *Answer
		target string
		status int
		body   string
	}{
		"refused":       {RefuseDetail(http.StatusForbidden, "no"), list, 403, `{"detail":"no"}`},
		"a whole reply": {&Answer{Reply: &Reply{Body: []byte("<p>502</p>"), Status: 502}}, list, 502, "<p>502</p>"},
		"another page":  {&Answer{Page: 1}, list, 200, firstPage},
		"rows of a list": {&Answer{Rows: func(rows []string) []string { return rows[:0] }}, list, 200,
			`{"total":10,"offset":6,"limit":3,"items":[]}`},
		"rows of a report": {&Answer{Rows: func([]string) []string { return []string{`{"prompt_id":1e2}`, "{}"} }}, report, 200,
			`[{"prompt_id":1e2},{}]`},
		"rewritten": {&Answer{Rewrite: func(r *Reply) { r.Body = append(r.Body[:1:1], '?') }}, report, 200, "[?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c.Fault(func(Request) *Answer { return tt.answer })
			if status, body := c.get(tt.target); status != tt.status || body != tt.body {
				t.Errorf("%d %s; expected %d %s", status, body, tt.status, tt.body)
			}
		})
	}
}

func TestScrunchAnswersCanBeCut(t *testing.T) {
	c := newScrunchSocket(t, ScrunchConfig{StableOrder: true})
	c.SetResponseCount(101, testDay, 2*streamFrom)
	const long = "/101/query?fields=prompt_id,ai_platform&" + inReports
	for target, what := range map[string]string{long: "streamed", "/brands": "short"} {
		whole := c.ok(target)
		for cut, looks := range map[Cut]error{CutSized: io.ErrUnexpectedEOF, CutChunked: io.ErrUnexpectedEOF, CutUnsized: nil} {
			c.Fault(func(Request) *Answer { return &Answer{Cut: cut, CutAt: len(whole) / 2} })
			resp, body, err := c.fetch(t.Context(), target)
			if !errors.Is(err, looks) || body != whole[:len(whole)/2] || resp.StatusCode != http.StatusOK {
				t.Errorf("%s, cut %d: %v, %d bytes of %d", what, cut, err, len(body), len(whole))
			}
			c.Fault(nil)
		}
	}
	c.Fault(func(Request) *Answer { return &Answer{Drop: true} })
	if _, _, err := c.fetch(t.Context(), "/brands"); err == nil {
		t.Error("a dropped connection gave an answer")
	}
}

func TestScrunchAnswersCanBeDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScrunchClient(t, ScrunchConfig{})
		c.Fault(func(Request) *Answer { return &Answer{Delay: time.Hour} })
		begun := time.Now()
		c.ok("/brands")
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("answered after %v", took)
		}
	})
}

func TestScrunchFaultCountsAgainstTheLimit(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{RequestsPerMinute: 2})
	c.Fault(func(r Request) *Answer {
		if r.N == 1 {
			return RefuseDetail(http.StatusInternalServerError, "once")
		}
		return nil
	})
	for n, want := range []int{500, 200, 429} {
		if status, body := c.get("/brands"); status != want {
			t.Errorf("request %d: %d %s; expected %d", n+1, status, body, want)
		}
	}
}

func TestScrunchCompresses(t *testing.T) {
	plain := newScrunchClient(t, ScrunchConfig{StableOrder: true})
	packed := newScrunchSocket(t, ScrunchConfig{StableOrder: true, Gzip: true})
	plain.SetResponseCount(101, testDay, 2*streamFrom)
	packed.SetResponseCount(101, testDay, 2*streamFrom)
	packed.http.Transport = &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	for _, target := range []string{"/brands", "/101/query?fields=prompt_id,prompt,ai_platform&" + inReports} {
		if _, body, err := packed.fetch(t.Context(), target); err != nil || body != plain.ok(target) {
			t.Errorf("%s, to a client that takes no gzip: %v, %d bytes", target, err, len(body))
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, packed.base+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+testKey)
		r.Header.Set("Accept-Encoding", "gzip")
		resp, err := packed.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(resp.Body)
		if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v %v", target, err, resp.Header)
		}
		body, err := io.ReadAll(z)
		if err = errors.Join(err, resp.Body.Close()); err != nil || string(body) != plain.ok(target) {
			t.Errorf("%s: %v, %d bytes", target, err, len(body))
		}
	}
}
