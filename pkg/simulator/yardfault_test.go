package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// socketClient talks to a yard over the loopback, each request on a connection of its own.
type socketClient struct {
	*yardClient
	base string
	http *http.Client
}

func newSocketClient(t *testing.T, cfg YardConfig) *socketClient {
	t.Helper()
	c := newYardClient(t, cfg)
	base, stop, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &socketClient{c, base, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// fetch gives the answer and how reading it ended.
func (c *socketClient) fetch(ctx context.Context, target string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+target, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("X-Access-Token", c.access)
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), errors.Join(err, resp.Body.Close())
}

func (c *socketClient) post(path, form string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+path, strings.NewReader(form))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	return resp, err
}

func TestFaultSeesWhatWasAsked(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	var seen []Request
	c.Fault(func(r Request) *Answer {
		seen = append(seen, r)
		return nil
	})
	c.get("/api/v1/purchase?page=3&pageSize=50&startDate=2026-11-19&endDate=2026-11-20&token=abc")
	c.get("/api/v1/customer?page=x")
	c.useRefresh(c.refresh)
	c.get("/nowhere?startDate=" + c.refresh)
	want := []Request{
		{N: 2, Nth: 1, Endpoint: Purchases, Method: "GET", Path: "/api/v1/purchase", Page: 3, PageSize: 50,
			From: "2026-11-19", To: "2026-11-20", Credential: shortHash(c.access), Generation: 1, Status: 200},
		{N: 3, Nth: 1, Endpoint: Customers, Method: "GET", Path: "/api/v1/customer",
			Credential: shortHash(c.access), Generation: 1, Status: 400},
		{N: 4, Nth: 1, Endpoint: RefreshEndpoint, Method: "POST", Path: refreshPath,
			Credential: shortHash(c.refresh), Generation: 1, Status: 200},
		{N: 5, Nth: 1, Method: "GET", Path: "/nowhere", Credential: shortHash(c.access), Generation: 1, Status: 404},
	}
	notCompared := cmpopts.IgnoreFields(Request{}, "Time", "Query")
	if diff := cmp.Diff(want, c.Requests()[1:], notCompared); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, seen, notCompared, cmpopts.IgnoreFields(Request{}, "Status")); diff != "" {
		t.Error(diff)
	}
	if c.Count(Purchases) != 1 || c.Count(TokenEndpoint) != 1 || c.CountStatus(200) != 3 {
		t.Errorf("counts: %+v", c.Requests())
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.get("/api/v1/customer?access_token=" + c.access)
	c.get("/elsewhere?page=" + c.access + "&x=" + testKey)
	c.get(refreshPath + "?refreshToken=" + c.refresh)
	c.useRefresh(c.refresh)
	for _, r := range c.Requests() {
		text := fmt.Sprintf("%+v", r)
		for _, secret := range []string{c.access, c.refresh, testKey} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret in %s", text)
			}
		}
	}
}

func TestFaultsInPlaceOfAnAnswer(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.SetRecords(Customers, "", numbered(250))
	_, real := c.get("/api/v1/customer?page=2&pageSize=100")
	_, one := c.get("/api/v1/customer?page=1&pageSize=100")
	tests := map[string]struct {
		answer *Answer
		status int
		body   string
	}{
		"none":         {nil, 200, real},
		"zero":         {&Answer{}, 200, real},
		"refused":      {Refuse(503, "Down."), 503, `{"IsError":1,"Message":"Down.","Data":null}`},
		"error in 200": {Refuse(200, "Oops."), 200, `{"IsError":1,"Message":"Oops.","Data":null}`},
		"html":         {&Answer{Reply: &Reply{Body: []byte("<html>")}}, 200, "<html>"},
		"empty":        {&Answer{Reply: &Reply{Status: 204}}, 204, ""},
		"other page":   {&Answer{Page: 1}, 200, one},
		"row missing": {&Answer{Rows: func(p []string) []string { return append(p[:50:50], p[51:]...) }}, 200,
			strings.Replace(real, `{"Id":151},`, "", 1)},
		"rewritten": {&Answer{Rewrite: func(r *Reply) {
			r.Status = 500
			r.Body = bytes.Replace(r.Body, []byte(`"IsError":0`), []byte(`"IsError":"1"`), 1)
		}}, 500, strings.Replace(real, `"IsError":0`, `"IsError":"1"`, 1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c.Fault(func(Request) *Answer { return tt.answer })
			status, body := c.get("/api/v1/customer?page=2&pageSize=100")
			if status != tt.status || body != tt.body {
				t.Errorf("%d %s", status, body)
			}
			if log := c.Requests(); log[len(log)-1].Status != tt.status {
				t.Errorf("the log has status %d", log[len(log)-1].Status)
			}
		})
	}
}

func TestCutAnswers(t *testing.T) {
	c := newSocketClient(t, YardConfig{})
	c.SetRecords(Businesses, "", numbered(5))
	_, whole, err := c.fetch(t.Context(), "/api/v1/business")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		cut    Cut
		at     int
		length int64
		looks  error // how the end of the body looks to the client
	}{
		"with a length":     {CutSized, 40, int64(len(whole)), io.ErrUnexpectedEOF},
		"in chunks":         {CutChunked, 40, -1, io.ErrUnexpectedEOF},
		"without a length":  {CutUnsized, 40, -1, nil},
		"before everything": {CutUnsized, 0, -1, nil},
		"no chunk at all":   {CutChunked, 0, -1, io.ErrUnexpectedEOF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c.Fault(func(Request) *Answer { return &Answer{Cut: tt.cut, CutAt: tt.at} })
			resp, body, err := c.fetch(t.Context(), "/api/v1/business")
			if resp == nil {
				t.Fatal(err)
			}
			if !errors.Is(err, tt.looks) || body != whole[:tt.at] || resp.ContentLength != tt.length || resp.StatusCode != 200 {
				t.Errorf("%d, length %d, %q, %v", resp.StatusCode, resp.ContentLength, body, err)
			}
		})
	}
}

func TestDroppedConnection(t *testing.T) {
	c := newSocketClient(t, YardConfig{})
	c.Fault(func(Request) *Answer { return &Answer{Drop: true} })
	if _, _, err := c.fetch(t.Context(), "/api/v1/business"); !errors.Is(err, io.EOF) {
		t.Errorf("%v; expected EOF", err)
	}
	if log := c.Requests(); log[len(log)-1].Status != 0 {
		t.Errorf("the log has an answer: %+v", log[len(log)-1])
	}
}

func TestWorkDoneAndAnswerLost(t *testing.T) {
	tests := map[string]struct {
		answer *Answer
		spent  bool
		status int // 0: no answer at all
	}{
		"dropped after the work":   {Lose(), true, 0},
		"dropped before the work":  {&Answer{Drop: true}, false, 0},
		"replaced after the work":  {&Answer{Act: true, Reply: refusal(500, "Late.")}, true, 500},
		"replaced before the work": {Refuse(500, "Early."), false, 500},
		"cut after the work":       {&Answer{Cut: CutSized, CutAt: 30}, true, 200},
		"rewritten": {&Answer{Rewrite: func(r *Reply) {
			r.Body = bytes.ReplaceAll(r.Body, []byte("refresh_token"), []byte("other"))
		}}, true, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newSocketClient(t, YardConfig{})
			c.Fault(func(r Request) *Answer {
				if r.Endpoint == RefreshEndpoint && r.Nth == 1 {
					return tt.answer
				}
				return nil
			})
			status := 0
			if resp, err := c.post(refreshPath, "refreshToken="+c.refresh); err == nil {
				status = resp.StatusCode
			}
			if status != tt.status {
				t.Errorf("answered %d; expected %d", status, tt.status)
			}
			if spent := c.CheckPair(c.access, c.refresh) != nil; spent != tt.spent {
				t.Errorf("the refresh token is spent: %v; expected %v", spent, tt.spent)
			}
		})
	}
}

func TestAnswerHeldBackUntilTold(t *testing.T) {
	c := newSocketClient(t, YardConfig{})
	asked, told := make(chan struct{}), make(chan struct{})
	c.Fault(func(Request) *Answer {
		close(asked)
		return &Answer{Until: told}
	})
	answered := make(chan error)
	go func() {
		_, _, err := c.fetch(t.Context(), "/api/v1/business")
		answered <- err
	}()
	<-asked
	select {
	case err := <-answered:
		t.Fatalf("answered before it was told to: %v", err)
	default:
	}
	close(told)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestHeldAnswerEndsWithTheClient(t *testing.T) {
	c := newSocketClient(t, YardConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	c.Fault(func(Request) *Answer {
		cancel()
		return &Answer{Until: make(chan struct{}), Delay: time.Hour}
	})
	if _, _, err := c.fetch(ctx, "/api/v1/business"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; expected that the client gave up", err)
	}
}

func TestDelayedAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newYardClient(t, YardConfig{})
		c.Fault(func(Request) *Answer { return &Answer{Delay: 70 * time.Second} })
		begin := time.Now()
		status, _ := c.get("/api/v1/business")
		if took := time.Since(begin); status != http.StatusOK || took != 70*time.Second {
			t.Errorf("%d after %v", status, took)
		}
	})
}

func TestMutationFromAFault(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.SetRecords(Customers, "", numbered(4))
	c.Fault(func(r Request) *Answer {
		if r.Page == 2 {
			c.Remove(Customers, "", 0, 1)
		}
		return nil
	})
	rows, _ := c.all("/api/v1/customer?pageSize=2")
	if want := []string{`{"Id":1}`, `{"Id":2}`, `{"Id":4}`}; !equal(rows, want) {
		t.Errorf("%v; expected %v", rows, want)
	}
}

func TestCompressedAnswers(t *testing.T) {
	for _, on := range []bool{false, true} {
		c := newSocketClient(t, YardConfig{Gzip: on})
		_, want := c.get("/api/v1/business")
		resp, body, err := c.fetch(t.Context(), "/api/v1/business")
		if err != nil || body != want || resp.Uncompressed != on {
			t.Errorf("Gzip %v: compressed %v, %v", on, resp.Uncompressed, err)
		}
	}
}
