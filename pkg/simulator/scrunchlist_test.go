package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// answerRecord is a record of /responses, as far as tests look into it.
type answerRecord struct {
	ID                 int64
	CreatedAt          time.Time `json:"created_at"`
	PromptID           int       `json:"prompt_id"`
	Prompt             string
	PersonaID          *int    `json:"persona_id"`
	PersonaName        *string `json:"persona_name"`
	Country            *string
	Stage              string
	Branded            bool
	Tags               []string
	KeyTopics          []string `json:"key_topics"`
	Platform           string
	BrandPresent       bool     `json:"brand_present"`
	BrandSentiment     *string  `json:"brand_sentiment"`
	BrandPosition      *string  `json:"brand_position"`
	CompetitorsPresent []string `json:"competitors_present"`
	ResponseText       string   `json:"response_text"`
	Citations          []citedPage
	Competitors        []ratedCompetitor
	QueryFanout        *struct{ Queries []string } `json:"query_fanout"`
	ShoppingResults    []json.RawMessage           `json:"shopping_results"`
}

type citedPage struct {
	URL, Domain string
	SourceType  string `json:"source_type"`
}

type ratedCompetitor struct {
	ID                  int
	Name                string
	Present             bool
	Position, Sentiment *string
}

func (c *scrunchClient) answers(target string) (all []answerRecord) {
	c.t.Helper()
	for _, item := range c.items(target) {
		var r answerRecord
		if err := json.Unmarshal([]byte(item), &r); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestScrunchListingsComeInPages(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Brands: 7, Prompts: 80, Competitors: 9, Personas: 11})
	targets := map[string]int{
		"/brands?": 7, "/102/prompts?status=all": 80, "/102/prompts?": 67, "/brands/102/competitors?": 9,
		"/brands/102/personas?": 11, "/102/responses?start_date=2026-11-20&end_date=2026-11-21": 0,
	}
	wholes := map[string]page{}
	for target, total := range targets {
		whole := c.page(target + "&limit=1000000")
		if total > 0 && whole.Total != total || whole.Total != len(whole.Items) || whole.Total == 0 {
			t.Errorf("%s: total %d of %d items", target, whole.Total, len(whole.Items))
		}
		wholes[target] = whole
	}
	rapid.Check(t, func(r *rapid.T) {
		target := rapid.SampledFrom(slices.Sorted(maps.Keys(targets))).Draw(r, "target")
		limit, offset := rapid.IntRange(1, 100).Draw(r, "limit"), rapid.IntRange(0, 100).Draw(r, "offset")
		whole := wholes[target]
		from := min(offset, whole.Total)
		want := page{whole.Total, offset, limit, whole.Items[from:min(whole.Total, from+limit)]}
		got := c.page(fmt.Sprintf("%s&limit=%d&offset=%d", target, limit, offset))
		if fmt.Sprintf("%d %d %d %s", got.Total, got.Offset, got.Limit, got.Items) !=
			fmt.Sprintf("%d %d %d %s", want.Total, want.Offset, want.Limit, want.Items) {
			r.Errorf("%s limit %d offset %d: %d items, total %d", target, limit, offset, len(got.Items), got.Total)
		}
	})
}

func TestScrunchClampsALimitWithoutAWord(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{MaxLimit: 7})
	for _, target := range []string{"/102/prompts?status=all&limit=100", "/102/prompts?status=all", "/102/responses?limit=8"} {
		if p := c.page(target); len(p.Items) != 7 || p.Limit != 7 || p.Total < 12 {
			t.Errorf("%s: %d items, limit %d, total %d", target, len(p.Items), p.Limit, p.Total)
		}
	}
	if p := c.page("/102/prompts?limit=2"); len(p.Items) != 2 || p.Limit != 2 {
		t.Errorf("a limit below: %d items", len(p.Items))
	}
}

func TestScrunchListsPromptsByStatusAndStage(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Prompts: 50})
	type prompt struct{ Status, Stage, Text string }
	read := func(query string) (all []prompt) {
		for _, item := range c.items("/101/prompts?limit=1000&" + query) {
			var p prompt
			if err := json.Unmarshal([]byte(item), &p); err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
		return all
	}
	everything := read("status=all")
	texts := map[string]bool{}
	for _, p := range everything {
		texts[p.Text] = true
	}
	if len(texts) != 50 {
		t.Errorf("%d different texts of 50 prompts", len(texts))
	}
	for _, status := range []string{"", "active", "archived", "all"} {
		for _, stage := range []string{"", "Evaluation", "Renewal", "renewal", "No such"} {
			query := "stage=" + strings.ReplaceAll(stage, " ", "+")
			if status != "" {
				query += "&status=" + status
			}
			var want []prompt
			for _, p := range everything {
				isStatus := status == "all" || p.Status == status || status == "" && p.Status == "active"
				if isStatus && (stage == "" || p.Stage == stage) {
					want = append(want, p)
				}
			}
			if diff := cmp.Diff(want, read(query)); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
	}
}

func TestScrunchResponsesEndBeforeTheirEndDate(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	day := c.items("/101/responses?limit=1000&start_date=" + testDay + "&end_date=" + testToday)
	if len(day) == 0 {
		t.Fatal("no answers on a day")
	}
	for _, item := range day {
		if !strings.Contains(item, `"created_at":"`+testDay+"T") {
			t.Errorf("not of %s: %s", testDay, item)
		}
	}
	if got := c.page("/101/responses?start_date=" + testDay + "&end_date=" + testDay); got.Total != 0 {
		t.Errorf("a range that ends where it begins has %d answers", got.Total)
	}
	before := c.items("/101/responses?limit=1000&start_date=" + dayBefore + "&end_date=" + testDay)
	both := c.items("/101/responses?limit=1000&start_date=" + dayBefore + "&end_date=" + testToday)
	if diff := cmp.Diff(slices.Concat(before, day), both); diff != "" {
		t.Error(diff)
	}
	whole := c.page("/101/responses")
	today := c.page("/101/responses?start_date=" + testToday)
	if until := c.page("/101/responses?end_date=" + testToday); until.Total+today.Total != whole.Total || today.Total == 0 {
		t.Errorf("%d before today and %d today; %d in all", until.Total, today.Total, whole.Total)
	}
}

func TestScrunchResponsesByWhatIsInThem(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	base := "/101/responses?limit=1000&start_date=2026-11-17&end_date=2026-11-20&"
	all := c.answers(base)
	some := all[3]
	persona := 0
	for _, r := range all {
		if r.PersonaID != nil {
			persona = *r.PersonaID
		}
	}
	tests := map[string]func(answerRecord) bool{
		"platform=perplexity":                   func(r answerRecord) bool { return r.Platform == "perplexity" },
		"platform=grok":                         func(answerRecord) bool { return false },
		fmt.Sprint("prompt_id=", some.PromptID): func(r answerRecord) bool { return r.PromptID == some.PromptID },
		fmt.Sprint("persona_id=", persona):      func(r answerRecord) bool { return r.PersonaID != nil && *r.PersonaID == persona },
		"stage=Comparison":                      func(r answerRecord) bool { return r.Stage == "Comparison" },
		"has_shopping_data=true":                func(r answerRecord) bool { return len(r.ShoppingResults) > 0 },
		"has_shopping_data=false&stage=Advice": func(r answerRecord) bool {
			return len(r.ShoppingResults) == 0 && r.Stage == "Advice"
		},
	}
	for query, fits := range tests {
		want := slices.DeleteFunc(slices.Clone(all), func(r answerRecord) bool { return !fits(r) })
		if len(want) == 0 && query != "platform=grok" {
			t.Errorf("nothing fits %s; the test shows nothing", query)
		}
		got := c.answers(base + query)
		if !slices.EqualFunc(got, want, func(a, b answerRecord) bool { return a.ID == b.ID }) {
			t.Errorf("%s: %d answers; expected %d", query, len(got), len(want))
		}
	}
}

func TestScrunchResponsesKeepTheirOrder(t *testing.T) {
	for _, order := range []Order{Ascending, Descending} {
		c := newScrunchClient(t, ScrunchConfig{Order: order})
		all := c.answers("/101/responses?limit=1000&start_date=2026-11-18&end_date=2026-11-21")
		inOrder := slices.IsSortedFunc(all, func(a, b answerRecord) int {
			if order == Descending {
				a, b = b, a
			}
			return a.CreatedAt.Compare(b.CreatedAt)
		})
		if !inOrder || len(all) < 150 {
			t.Errorf("order %v: %d answers, sorted %t", order, len(all), inOrder)
		}
	}
}

func TestScrunchServesRawRecordsByteForByte(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{StableOrder: true})
	raw := []string{`{ "id":9007199254740993,"x":1E5, "x":-0 ,"é":"\u00e9\/\ud800"}`, `{"id":0.1000}`, `{}`}
	joined := strings.Join(raw, ",")
	for endpoint, target := range map[string]string{
		Brands: "/brands", Prompts: "/101/prompts?status=all",
		Competitors: "/brands/101/competitors", Personas: "/brands/101/personas",
		Responses: "/101/responses?" + inResponses, Query: "/101/query?fields=prompt&filters=stage:Advice&" + inReports,
	} {
		brand, day := 101, ""
		switch endpoint {
		case Brands:
			brand = 0
		case Responses, Query:
			day = testDay
		}
		c.SetRecords(endpoint, brand, day, raw)
		want := joined + "]}"
		if endpoint == Query {
			want = "[" + joined + "]"
		}
		if body := c.ok(target); !strings.HasSuffix(body, want) {
			t.Errorf("%s: %s", endpoint, body)
		}
		c.SetRecords(endpoint, brand, day, nil)
		if body := c.ok(target); !strings.HasSuffix(body, "[]") && !strings.HasSuffix(body, `"items":[]}`) {
			t.Errorf("%s with no records: %s", endpoint, body)
		}
	}
	if body := c.ok("/102/query?fields=responses"); body == "[]" {
		t.Error("the other brands lost their rows, too")
	}
}

func TestScrunchRawBrandsKeepToTheKey(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Keys: []ScrunchKey{{Key: testKey, Brands: []int{102, 700}}}})
	c.SetRecords(Brands, 0, "", []string{`{"id":102}`, `{"id":101}`, `{"id":700}`})
	if diff := cmp.Diff([]string{`{"id":102}`, `{"id":700}`}, c.items("/brands")); diff != "" {
		t.Error(diff)
	}
}

// A row that goes away on a page already read moves another one over the edge unseen; one that comes is seen twice.
func TestScrunchListsChangeBetweenPages(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	const first, second = "/101/prompts?status=all&limit=5", "/101/prompts?status=all&limit=5&offset=5"
	all := c.Records(Prompts, 101, "")
	if diff := cmp.Diff(all[:5], c.items(first)); diff != "" {
		t.Error(diff)
	}
	c.Remove(Prompts, 101, "", 1, 1)
	if diff := cmp.Diff(all[6:11], c.items(second)); diff != "" {
		t.Error(diff)
	}
	c.Insert(Prompts, 101, "", 0, `{"id":1}`, `{"id":2}`)
	if diff := cmp.Diff(all[4:9], c.items(second)); diff != "" {
		t.Error(diff)
	}
	c.Insert(Prompts, 101, "", -1, `{"id":3}`)
	if got := c.Records(Prompts, 101, ""); len(got) != len(all)+2 || got[len(got)-1] != `{"id":3}` {
		t.Errorf("%d prompts, the last is %s", len(got), got[len(got)-1])
	}
	c.Remove(Responses, 102, testDay, 0, 3)
	was := newScrunchClient(t, ScrunchConfig{}).Records(Responses, 102, testDay)
	if diff := cmp.Diff(was[3:], c.Records(Responses, 102, testDay)); diff != "" {
		t.Error(diff)
	}
}
