package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	dayBefore = "2026-11-21"
	testDay   = "2026-11-22" // the clock of the tests stands in the day after it
	testToday = "2026-11-23"

	inReports   = "start_date=" + testDay + "&end_date=" + testDay   // testDay, as reports are asked for it
	inResponses = "start_date=" + testDay + "&end_date=" + testToday // and responses
)

// scrunchClient talks to a Scrunch over no network.
type scrunchClient struct {
	*Scrunch
	t     *testing.T
	clock *testClock
	key   string
}

func newScrunchClient(t *testing.T, cfg ScrunchConfig) *scrunchClient {
	t.Helper()
	clock := newClock()
	cfg.Now = clock.now
	if cfg.Keys == nil {
		cfg.Keys = []ScrunchKey{{Key: testKey}}
	}
	return &scrunchClient{NewScrunch(cfg), t, clock, testKey}
}

func (c *scrunchClient) send(method, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/v1"+target, nil)
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func (c *scrunchClient) get(target string) (int, string) {
	w := c.send(http.MethodGet, target)
	return w.Code, w.Body.String()
}

// ok asks for what has to be there.
func (c *scrunchClient) ok(target string) string {
	c.t.Helper()
	status, body := c.get(target)
	if status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %s", target, status, body)
	}
	return body
}

type page struct {
	Total, Offset, Limit int
	Items                []json.RawMessage
}

func (c *scrunchClient) page(target string) (p page) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(c.ok(target)), &p); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// items asks for records as they are spelt.
func (c *scrunchClient) items(target string) []string { return texts(c.page(target).Items) }

func texts(raw []json.RawMessage) (all []string) {
	for _, r := range raw {
		all = append(all, string(r))
	}
	return all
}

// query asks for the rows of a report of one day, as they are spelt.
func (c *scrunchClient) query(brand int, day, fields string, more ...string) []string {
	c.t.Helper()
	values := url.Values{"start_date": {day}, "end_date": {day}, "fields": {fields}}
	for i := 0; i < len(more); i += 2 {
		values.Add(more[i], more[i+1])
	}
	var rows []json.RawMessage
	if err := json.Unmarshal([]byte(c.ok(fmt.Sprintf("/%d/query?%s", brand, values.Encode()))), &rows); err != nil {
		c.t.Fatal(err)
	}
	return texts(rows)
}

func TestScrunchAsksForAKeyAsDocumented(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	tests := map[string]struct {
		header string
		want   int
	}{
		"the key":            {"Bearer " + testKey, 200},
		"scheme in any case": {"bearer " + testKey, 200},
		"another key":        {"Bearer other", 401},
		"no header":          {"", 401},
		"no scheme":          {testKey, 401},
		"another scheme":     {"Basic " + testKey, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/v1/brands", nil)
			r.Header.Set("Authorization", tt.header)
			r.Header.Set("X-Access-Token", testKey)
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			if w.Code != tt.want || (tt.want == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}

func TestScrunchKeysOpenTheirBrandsOnly(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{
		Brands: 5, States: map[int]BrandState{103: Archived, 104: OutOfPlan},
		Keys: []ScrunchKey{
			{Key: testKey}, {Key: "some", Brands: []int{101, 103, 104, 999}}, {Key: "none", Brands: []int{}},
		},
	})
	type statuses map[int]int
	tests := map[string]struct {
		listed   []int
		statuses statuses
	}{
		testKey: {[]int{101, 102, 104, 105}, statuses{101: 200, 102: 200, 103: 403, 104: 402, 105: 200, 106: 404, 0: 404}},
		"some":  {[]int{101, 104}, statuses{101: 200, 102: 403, 103: 403, 104: 402, 105: 403, 106: 403, 999: 404}},
		"none":  {nil, statuses{101: 403, 103: 403, 106: 403}},
	}
	paths := []string{
		"/%d/prompts", "/%d/responses", "/%d/query?fields=date", "/brands/%d/competitors", "/brands/%d/personas",
	}
	for key, tt := range tests {
		c.key = key
		var listed []int
		for _, item := range c.items("/brands") {
			var b struct{ ID int }
			if err := json.Unmarshal([]byte(item), &b); err != nil {
				t.Fatal(err)
			}
			listed = append(listed, b.ID)
		}
		if diff := cmp.Diff(tt.listed, listed); diff != "" {
			t.Errorf("key %s lists other brands: %s", key, diff)
		}
		for brand, want := range tt.statuses {
			for _, path := range paths {
				if status, body := c.get(fmt.Sprintf(path, brand)); status != want {
					t.Errorf("key %s, "+path+": %d %s; expected %d", key, brand, status, body, want)
				}
			}
		}
	}
}

func TestScrunchAccessChangesAtOnce(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	c.SetState(102, Archived)
	if status, _ := c.get("/102/prompts"); status != http.StatusForbidden || len(c.items("/brands")) != 2 {
		t.Errorf("an archived brand: %d, %v", status, c.items("/brands"))
	}
	c.SetState(102, Active)
	c.ok("/102/prompts")
	c.SetKeys(ScrunchKey{Key: "new"})
	if status, _ := c.get("/102/prompts"); status != http.StatusUnauthorized {
		t.Errorf("the old key: %d", status)
	}
	c.key = "new"
	c.ok("/102/prompts")
}

func TestScrunchScopesAreTheDocumentedOnes(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Keys: []ScrunchKey{
		{Key: testKey, Scopes: []Scope{ScopeConfigure, ScopeCreateBrand}},
		{Key: "both", Scopes: []Scope{ScopeConfigure, ScopeQuery}},
	}})
	for path, operation := range readOpenAPI(t).Paths {
		target := strings.Replace(path, "{brand_id}", "101", 1) + "?fields=date"
		want := http.StatusOK
		if len(operation.Get.Security[0]["HTTPBearer"]) > 0 {
			want = http.StatusForbidden
		}
		c.key = testKey
		if status, body := c.get(target); status != want {
			t.Errorf("%s without the query scope: %d %s; expected %d", path, status, body, want)
		}
		c.key = "both"
		c.ok(target)
	}
}

func TestScrunchRefusesInFastAPIsShape(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	const noInteger = `"msg":"Input should be a valid integer, unable to parse string as an integer"`
	tests := map[string]struct {
		method, target string
		status         int
		body           string
	}{
		"unknown path":  {"GET", "/nowhere", 404, `{"detail":"Not Found"}`},
		"too deep":      {"GET", "/101/query/more", 404, `{"detail":"Not Found"}`},
		"slash at end":  {"GET", "/brands/", 404, `{"detail":"Not Found"}`},
		"no brand":      {"GET", "//query", 404, `{"detail":"Not Found"}`},
		"wrong method":  {"POST", "/brands", 405, `{"detail":"Method Not Allowed"}`},
		"deleting":      {"DELETE", "/101/prompts", 405, `{"detail":"Method Not Allowed"}`},
		"no such brand": {"GET", "/999/query", 404, `{"detail":"Brand not found"}`},
		"brand no id": {"GET", "/abc/query", 422,
			`{"detail":[{"type":"int_parsing","loc":["path","brand_id"],` + noInteger + `,"input":"abc"}]}`},
		"limit too low": {"GET", "/101/query?limit=0", 422,
			`{"detail":[{"type":"greater_than_equal","loc":["query","limit"],` +
				`"msg":"Input should be greater than or equal to 1","input":"0","ctx":{"ge":1}}]}`},
		"limit too high": {"GET", "/101/query?limit=90001", 422,
			`{"detail":[{"type":"less_than_equal","loc":["query","limit"],` +
				`"msg":"Input should be less than or equal to 90000","input":"90001","ctx":{"le":90000}}]}`},
		"two at once": {"GET", "/101/prompts?limit=x&offset=-1", 422,
			`{"detail":[{"type":"int_parsing","loc":["query","limit"],` + noInteger + `,"input":"x"},` +
				`{"type":"greater_than_equal","loc":["query","offset"],` +
				`"msg":"Input should be greater than or equal to 0","input":"-1","ctx":{"ge":0}}]}`},
		"status": {"GET", "/101/prompts?status=gone", 422,
			`{"detail":[{"type":"enum","loc":["query","status"],` +
				`"msg":"Input should be 'active', 'archived' or 'all'","input":"gone","ctx":{"expected":"'active', 'archived' or 'all'"}}]}`},
		"shopping": {"GET", "/101/responses?has_shopping_data=perhaps", 422,
			`{"detail":[{"type":"bool_parsing","loc":["query","has_shopping_data"],` +
				`"msg":"Input should be a valid boolean, unable to interpret input","input":"perhaps"}]}`},
		"date": {"GET", "/101/query?start_date=20261122", 400,
			`{"detail":"Invalid start_date '20261122'. Expected format: YYYY-MM-DD"}`},
		"no date": {"GET", "/101/responses?end_date=2026-02-30", 400,
			`{"detail":"Invalid end_date '2026-02-30'. Expected format: YYYY-MM-DD"}`},
		"backwards": {"GET", "/101/query?start_date=2026-11-22&end_date=2026-11-21", 400,
			`{"detail":"start_date must not be after end_date"}`},
		"field": {"GET", "/101/query?fields=date,colour", 400, `{"detail":"Unknown field: 'colour'"}`},
		"filter's shape": {"GET", "/101/query?filters=stage", 400,
			`{"detail":"Invalid filter 'stage'. Expected format: field:value"}`},
		"filter of nothing": {"GET", "/101/query?filters=stage:!", 400,
			`{"detail":"Invalid filter 'stage:!'. Expected format: field:value"}`},
		"filter no more": {"GET", "/101/query?filters=source_domain:a.example", 400,
			`{"detail":"Filtering by 'source_domain' is not supported"}`},
		"filter by metric": {"GET", "/101/query?filters=responses:1", 400,
			`{"detail":"Filtering by 'responses' is not supported"}`},
		"filter no number": {"GET", "/101/query?filters=prompt_id:first", 400,
			`{"detail":"Invalid value 'first' for filter 'prompt_id'. Expected an integer"}`},
		"filter no truth": {"GET", "/101/query?filters=branded:True", 400,
			`{"detail":"Invalid value 'True' for filter 'branded'. Expected true or false"}`},
		"filter no quarter": {"GET", "/101/query?filters=date_quarter:20264", 400,
			`{"detail":"Invalid value '20264' for filter 'date_quarter'. Expected a quarter such as 2026Q4"}`},
		"having's shape": {"GET", "/101/query?having=responses:1", 400,
			`{"detail":"Invalid having 'responses:1'. Expected format: metric:operator:value"}`},
		"having dimension": {"GET", "/101/query?having=stage:eq:1", 400,
			`{"detail":"Unknown metric in having: 'stage'"}`},
		"having operator": {"GET", "/101/query?having=responses:is:1", 400,
			`{"detail":"Unknown operator in having: 'is'. Expected gt, gte, lt, lte, eq or neq"}`},
		"having value": {"GET", "/101/query?having=responses:eq:one", 400,
			`{"detail":"Invalid value in having: 'one'. Expected a number"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := c.send(tt.method, tt.target)
			if diff := cmp.Diff(fmt.Sprint(tt.status, " ", tt.body), fmt.Sprint(w.Code, " ", w.Body)); diff != "" {
				t.Error(diff)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("content type %q", got)
			}
		})
	}
}

func TestScrunchLimitsRequests(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{RequestsPerMinute: 2, RetryAfter: true})
	c.ok("/brands")
	c.key = "wrong"
	c.get("/brands")
	c.key = testKey
	c.clock.add(15500 * time.Millisecond)
	w := c.send(http.MethodGet, "/brands")
	const body = `{"detail":"Rate limit exceeded: 2 per 1 minute"}`
	if w.Code != 429 || w.Header().Get("Retry-After") != "45" || w.Body.String() != body {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	c.SetLimit(3)
	c.ok("/brands")

	silent := newScrunchClient(t, ScrunchConfig{RequestsPerMinute: 1})
	silent.ok("/brands")
	if w := silent.send(http.MethodGet, "/brands"); w.Code != 429 || w.Header().Get("Retry-After") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestScrunchConfigNamesEveryFault(t *testing.T) {
	defer func() {
		text := fmt.Sprint(recover())
		for _, want := range []string{
			"Now is nil", "Brands is -1", "17 competitors", "Late is -1s", "brand 7;", `"altavista"`, "key number 2", `scope "read"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("nothing of %q in %s", want, text)
			}
		}
	}()
	NewScrunch(ScrunchConfig{
		Brands: -1, Competitors: 17, Late: -time.Second, States: map[int]BrandState{7: Archived},
		Platforms: []string{"chatgpt", "altavista"}, Keys: []ScrunchKey{{Key: "a"}, {Key: "a", Scopes: []Scope{"read"}}},
	})
}

func TestScrunchBearsConcurrentUse(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Late: time.Hour})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			c.get("/101/query?fields=date,ai_platform,responses")
			c.get("/101/responses")
			c.Insert(Personas, 101, "", -1, `{"id":1}`)
			c.SetState(102, BrandState(i%2))
			c.SetResponseCount(101, testDay, 10+i)
			c.Requests()
		})
	}
	all.Wait()
	if got := len(c.Records(Personas, 101, "")); got != 3+8 {
		t.Errorf("%d personas; expected 11: an insertion was lost", got)
	}
}
