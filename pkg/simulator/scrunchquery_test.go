package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// number of a row's member, as it is: 0 where it is null.
func numberIn(t *testing.T, row, name string) float64 {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(row), &members); err != nil {
		t.Fatal(err)
	}
	v, _ := members[name].(float64)
	return v
}

func sum(t *testing.T, rows []string, name string) (total float64) {
	t.Helper()
	for _, row := range rows {
		total += numberIn(t, row, name)
	}
	return total
}

// The reports of one day tell one story.
func TestScrunchReportsAgree(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	for brand := 101; brand <= 103; brand++ {
		day := c.query(brand, testDay, "date,responses,citation_count,citation_unique_responses,citation_unique_domains")
		if len(day) != 1 {
			t.Fatalf("%d rows of one day", len(day))
		}
		whole := func(name string) float64 { return numberIn(t, day[0], name) }
		platforms := c.query(brand, testDay, "date,ai_platform,responses,citation_count")
		prompts := c.query(brand, testDay, "date,prompt_id,ai_platform,persona_id,country,responses,citation_count")
		if len(platforms) != 4 || len(prompts) <= 40 {
			t.Errorf("brand %d: %d platforms, %d rows by prompt", brand, len(platforms), len(prompts))
		}
		addUp := func(rows []string, names ...string) {
			for _, name := range names {
				if got := sum(t, rows, name); got != whole(name) {
					t.Errorf("brand %d: %s adds up to %v of %v", brand, name, got, whole(name))
				}
			}
		}
		addUp(platforms, "responses", "citation_count")
		addUp(prompts, "responses", "citation_count")
		addUp(c.query(brand, testDay, "date,source_domain,source_type,ai_platform,responses,citation_count"), "citation_count")
		addUp(c.query(brand, testDay, "date,source_url,source_type,ai_platform,citation_count"), "citation_count")
		listed := c.page(fmt.Sprintf("/%d/responses?%s", brand, inResponses))
		if float64(listed.Total) != whole("responses") {
			t.Errorf("brand %d: %d answers are listed, %v counted", brand, listed.Total, whole("responses"))
		}
		for _, row := range c.query(brand, testDay, "date,competitor_id,competitor_name,responses") {
			if numberIn(t, row, "responses") != whole("responses") {
				t.Errorf("brand %d: a competitor is not held against every answer: %s", brand, row)
			}
		}
	}
}

func TestScrunchFiltersActBeforeCounting(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	responses := func(filters ...string) float64 {
		var more []string
		for _, f := range filters {
			more = append(more, "filters", f)
		}
		return sum(t, c.query(101, testDay, "responses", more...), "responses")
	}
	all, us := responses(), responses("country:US")
	null := 0.0
	for _, row := range c.query(101, testDay, "country,responses") {
		if strings.Contains(row, `"country":null`) {
			null = numberIn(t, row, "responses")
		}
	}
	if null == 0 || us == 0 {
		t.Fatal("the day has no null country, or no US; the test shows nothing")
	}
	if got := responses("country:!US"); got != all-us-null {
		t.Errorf("not US: %v of %v, %v of them US and %v without a country", got, all, us, null)
	}
	if got := responses("country:US|GB|CA|DE"); got != all-null {
		t.Errorf("all countries: %v of %v", got, all)
	}
	if got := responses("country:!US", "country:!GB|CA|DE"); got != 0 {
		t.Errorf("no country: %v", got)
	}
	if got := responses("ai_platform:ChatGPT") + responses("ai_platform:!ChatGPT"); got != all {
		t.Errorf("a dimension that is never null: %v of %v", got, all)
	}
	if got := responses("ai_platform:chatgpt"); got != 0 {
		t.Errorf("a platform as /responses spells it: %v", got)
	}
	keeps := newScrunchClient(t, ScrunchConfig{NegationKeepsNull: true})
	if got := sum(t, keeps.query(101, testDay, "responses", "filters", "country:!US"), "responses"); got != all-us {
		t.Errorf("not US, null kept: %v of %v, %v of them US", got, all, us)
	}
}

func TestScrunchHavingActsAfterCounting(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{StableOrder: true})
	const fields = "prompt_id,brand_sentiment_score"
	all := c.query(101, testDay, fields, "filters", "branded:true")
	bound := numberIn(t, all[0], "brand_sentiment_score")
	all = c.query(101, testDay, fields)
	for operator, passes := range map[string]func(v float64) bool{
		"gt": func(v float64) bool { return v > bound }, "gte": func(v float64) bool { return v >= bound },
		"lt": func(v float64) bool { return v < bound }, "lte": func(v float64) bool { return v <= bound },
		"eq": func(v float64) bool { return v == bound }, "neq": func(v float64) bool { return v != bound },
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(row string) bool {
			return strings.HasSuffix(row, ":null}") || !passes(numberIn(t, row, "brand_sentiment_score"))
		})
		got := c.query(101, testDay, fields, "having", fmt.Sprint("brand_sentiment_score:", operator, ":", bound))
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 || len(got) == len(all) {
			t.Errorf("%s: %d of %d rows: %s", operator, len(got), len(all), diff)
		}
	}
}

func TestScrunchQueryEndsWithItsEndDate(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{StableOrder: true})
	one, two := c.query(101, dayBefore, "date,responses"), c.query(101, testDay, "date,responses")
	both := c.ok("/101/query?fields=date,responses&start_date=" + dayBefore + "&end_date=" + testDay)
	if want := "[" + one[0] + "," + two[0] + "]"; both != want {
		t.Errorf("%s; expected %s", both, want)
	}
	if !strings.HasPrefix(two[0], `{"date":"20261122",`) {
		t.Errorf("a date is spelt %s", two[0])
	}
	if got := strings.Count(c.ok("/101/query?fields=date"), "date"); got != 31 {
		t.Errorf("%d days by default; expected 30 and today", got)
	}
	if body := c.ok("/101/query?fields=date,responses&start_date=2026-11-24&end_date=2026-11-30"); body != "[]" {
		t.Errorf("days to come: %s", body)
	}
	none := c.query(101, "2023-11-24", "responses,brand_position_score")
	if diff := cmp.Diff([]string{`{"responses":0,"brand_position_score":null}`}, none); diff != "" {
		t.Errorf("metrics alone, of no day: %s", diff)
	}
	numeric := newScrunchClient(t, ScrunchConfig{NumericDates: true})
	row := numeric.query(101, testDay, "date,date_week,date_month,date_quarter,date_year")
	want := `{"date":20261122,"date_week":202647,"date_month":202611,"date_quarter":"2026Q4","date_year":2026}`
	if diff := cmp.Diff([]string{want}, row); diff != "" {
		t.Error(diff)
	}
}

func TestScrunchQueryPromisesNoOrder(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	const fields = "prompt_id,ai_platform,responses"
	first, second := c.query(101, testDay, fields), c.query(101, testDay, fields)
	if slices.Equal(first, second) {
		t.Error("two answers have one order")
	}
	again := newScrunchClient(t, ScrunchConfig{})
	if diff := cmp.Diff(first, again.query(101, testDay, fields)); diff != "" {
		t.Errorf("the orders do not follow from the seed: %s", diff)
	}
	slices.Sort(first)
	slices.Sort(second)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}

	pages := map[string]bool{}
	rows := 0
	for offset := 0; offset < len(first); offset += 10 {
		for _, row := range c.query(101, testDay, fields, "limit", "10", "offset", fmt.Sprint(offset)) {
			pages[row] = true
			rows++
		}
	}
	if rows != len(first) || len(pages) == len(first) {
		t.Errorf("%d rows in pages, %d different; offsets over no order look sound", rows, len(pages))
	}
	stable := newScrunchClient(t, ScrunchConfig{StableOrder: true})
	all := stable.query(101, testDay, fields)
	page := stable.query(101, testDay, fields, "limit", "10", "offset", "20")
	if !slices.Equal(page, all[20:30]) || !slices.Equal(all, stable.query(101, testDay, fields)) {
		t.Error("a stable order is not stable")
	}
}

func TestScrunchCapsAQueryWithoutAWord(t *testing.T) {
	const fields = "prompt_id,ai_platform,country"
	whole := len(newScrunchClient(t, ScrunchConfig{}).query(101, testDay, fields))
	tests := map[string]struct {
		cfg           ScrunchConfig
		limit, offset int
		want          int
	}{
		"no cap":                    {ScrunchConfig{}, 90_000, 0, whole},
		"capped":                    {ScrunchConfig{QueryCap: 15}, 90_000, 0, 15},
		"an offset goes on":         {ScrunchConfig{QueryCap: 15}, 90_000, 15, 15},
		"until all is told":         {ScrunchConfig{QueryCap: 15}, 90_000, whole - 4, 4},
		"ends":                      {ScrunchConfig{QueryCap: 15, QueryCapEnds: true}, 90_000, 0, 15},
		"an offset reaches nothing": {ScrunchConfig{QueryCap: 15, QueryCapEnds: true}, 90_000, 15, 0},
		"an offset below the end":   {ScrunchConfig{QueryCap: 15, QueryCapEnds: true}, 90_000, 11, 4},
		"a limit below the cap":     {ScrunchConfig{QueryCap: 15}, 7, 0, 7},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newScrunchClient(t, tt.cfg)
			got := c.query(101, testDay, fields, "limit", fmt.Sprint(tt.limit), "offset", fmt.Sprint(tt.offset))
			if len(got) != tt.want {
				t.Errorf("%d rows; expected %d of %d", len(got), tt.want, whole)
			}
		})
	}
}

// A day of more rows than one answer may have, over the network.
func TestScrunchStreamsALongReport(t *testing.T) {
	const n = mostRows + 7
	c := newScrunchSocket(t, ScrunchConfig{StableOrder: true})
	c.SetResponseCount(101, testDay, n)
	const target = "/101/query?fields=prompt_id,ai_platform,responses&limit=90000&" + inReports
	resp, body, err := c.fetch(t.Context(), target)
	if err != nil || resp.ContentLength != -1 {
		t.Fatalf("%v, length %d; expected chunks", err, resp.ContentLength)
	}
	rows := strings.Split(strings.Trim(body, "[]"), "},")
	_, rest, err := c.fetch(t.Context(), target+"&offset=90000")
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, strings.Split(strings.Trim(rest, "[]"), "},")...)
	for i, row := range rows {
		rows[i] = strings.TrimSuffix(row, "}")
		if !strings.HasSuffix(rows[i], `,"responses":1`) {
			t.Fatalf("row %d is %s", i, row)
		}
	}
	slices.Sort(rows)
	if rows = slices.Compact(rows); len(rows) != n {
		t.Errorf("%d different rows; expected %d", len(rows), n)
	}
	if p := c.page("/101/responses?limit=2&offset=90001&" + inResponses); p.Total != n || len(p.Items) != 2 {
		t.Errorf("%d answers are listed, %d on a page", p.Total, len(p.Items))
	}
}

// With late data a day grows until all of it is seen; what was seen stays.
func TestScrunchShowsLateAnswersLate(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Late: 12 * time.Hour})
	c.clock.add(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC).Sub(c.clock.now()))
	var sizes []int
	seen := map[int64]bool{}
	for range 17 {
		now := map[int64]bool{}
		for _, r := range c.answers("/101/responses?limit=1000&" + inResponses) {
			now[r.ID] = true
			if r.CreatedAt.After(c.clock.now()) {
				t.Errorf("an answer of %v is seen at %v", r.CreatedAt, c.clock.now())
			}
		}
		for id := range seen {
			if !now[id] {
				t.Errorf("answer %d is gone", id)
			}
		}
		seen, sizes = now, append(sizes, len(now))
		if got := sum(t, c.query(101, testDay, "responses"), "responses"); got != float64(len(now)) {
			t.Errorf("%v answers are counted, %d listed", got, len(now))
		}
		c.clock.add(2 * time.Hour)
	}
	whole := len(newScrunchClient(t, ScrunchConfig{}).Records(Responses, 101, testDay))
	atEnd := sizes[9] // of the day
	if sizes[0] == 0 || sizes[0] >= atEnd || atEnd >= whole || sizes[15] != whole || sizes[16] != whole {
		t.Errorf("answers every two hours: %v of %d", sizes, whole)
	}
}

func TestScrunchDaysAreWholeFromTheirBeginning(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	c.clock.add(time.Date(2026, 11, 24, 0, 0, 1, 0, time.UTC).Sub(c.clock.now()))
	early := c.ok("/101/responses?start_date=2026-11-24")
	c.clock.add(40 * time.Hour)
	if late := c.ok("/101/responses?start_date=2026-11-24&end_date=2026-11-25"); early != late {
		t.Error("a day changed in its course")
	}
	if got := c.page("/101/responses?start_date=2026-11-25").Total; got == 0 {
		t.Error("the next day is empty")
	}
	if got := c.page("/101/responses?start_date=2026-11-26&end_date=2026-12-26").Total; got != 0 {
		t.Errorf("%d answers of days to come", got)
	}
}

func TestScrunchDataFollowFromSeedBrandAndDay(t *testing.T) {
	cfg := ScrunchConfig{Seed: 7}
	a, b, other := newScrunchClient(t, cfg), newScrunchClient(t, cfg), newScrunchClient(t, ScrunchConfig{Seed: 8})
	targets := []string{
		"/brands", "/102/prompts?status=all", "/102/responses?start_date=" + testToday, "/brands/102/personas",
	}
	b.ok("/101/responses")
	for i, target := range targets {
		if a.ok(target) != b.ok(target) {
			t.Errorf("%s: two of one seed differ", target)
		}
		if seeded := i == 1 || i == 2; seeded && a.ok(target) == other.ok(target) {
			t.Errorf("%s: two seeds agree", target)
		}
	}
	if a.ok("/101/responses?start_date="+testToday) == a.ok("/102/responses?start_date="+testToday) {
		t.Error("two brands agree")
	}
}

func TestScrunchAnswersAreBelievable(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	ids := map[int64]bool{}
	var cited, unbranded, present, nulls int
	for brand := 101; brand <= 103; brand++ {
		all := c.answers(fmt.Sprintf("/%d/responses?limit=10000&start_date=2026-11-20&end_date=%s", brand, testToday))
		for _, r := range all {
			if ids[r.ID] || r.ID > 1<<53 {
				t.Errorf("the id %d comes twice, or is too large", r.ID)
			}
			ids[r.ID] = true
			placed, felt := r.BrandPosition != nil, r.BrandSentiment != nil
			if r.BrandPresent != placed || r.BrandPresent != felt || (r.Branded && !r.BrandPresent) {
				t.Errorf("answer %d does not agree with itself", r.ID)
			}
			for _, rival := range r.Competitors {
				named := slices.Contains(r.CompetitorsPresent, rival.Name)
				if rival.Present != named || rival.Present != strings.Contains(r.ResponseText, rival.Name) {
					t.Errorf("answer %d: %s is present %t: %s", r.ID, rival.Name, rival.Present, r.ResponseText)
				}
			}
			cited += len(r.Citations)
			if !r.Branded {
				unbranded++
				present += truth(r.BrandPresent)
			}
			nulls += truth(r.Country == nil)
		}
		if perDay := len(all) / 3; perDay < 60 || perDay > 100 {
			t.Errorf("brand %d: %d answers a day", brand, perDay)
		}
	}
	if share := float64(present) / float64(unbranded); share < 0.45 || share > 0.65 {
		t.Errorf("the brand is in %.2f of the answers that do not ask for it", share)
	}
	if each := float64(cited) / float64(len(ids)); each < 1 || each > 3 || nulls == 0 {
		t.Errorf("%.1f citations an answer, %d of %d without a country", each, nulls, len(ids))
	}
}

// Whatever is asked, the answer is JSON, and no fault of the server's.
func FuzzScrunchParameters(f *testing.F) {
	for _, query := range []string{
		"start_date=2024-01-02&end_date=2024-01-03&fields=date,responses&filters=stage:!Advice|Other&having=responses:gte:2",
		"limit=90000&offset=9223372036854775807&fields=&filters=date_quarter:2024Q1&filters=date:20240102",
		"start_date=0001-01-01&end_date=9999-12-31&fields=competitor_name&filters=tag:seo: long tail", "stage=%00&status=all",
		"filters=persona_id:-1&filters=competitor_id:99999999999999&filters=branded:!true&fields=prompt,source_url",
		"platform=chatgpt&persona_id=101501&prompt_id=-0&has_shopping_data=Yes&limit=1", "having=responses:eq:NaN",
	} {
		for endpoint := range 6 {
			f.Add(endpoint, "101", query)
		}
	}
	f.Add(5, "0x65", "fields=date&fields=stage")
	clock := &testClock{t: scrunchOpening().AddDate(0, 0, 3)} // few days to go through
	s := NewScrunch(ScrunchConfig{Now: clock.now, Prompts: 2, Runs: 1, Keys: []ScrunchKey{{Key: testKey}}})
	routes := scrunchRoutes()
	f.Fuzz(func(t *testing.T, endpoint int, brand, query string) {
		if endpoint < 0 || endpoint >= len(routes) {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path, r.URL.RawQuery = scrunchBase+strings.Replace(routes[endpoint].path, "{brand_id}", brand, 1), query
		r.Header.Set("Authorization", "Bearer "+testKey)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %d %s", r.URL.Path, query, w.Code, w.Body)
		}
	})
}
