package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// modelRow is an answer multiplied by its lists, told by the spelling of each dimension. It is made of the listing of
// responses alone, by the words of the vendor's document.
type modelRow struct {
	values               map[string]string
	answer               *answerRecord
	citation, competitor int // -1 where there is none
}

// multiply gives the rows of an answer over those lists that are asked for.
func multiply(r *answerRecord, asked func(prefix string) bool) (rows []modelRow) {
	orNone := func(use bool, n int) []int {
		var all []int
		for i := range n {
			all = append(all, i)
		}
		if !use || n == 0 {
			return []int{-1}
		}
		return all
	}
	single := singleValues(r)
	for _, tag := range orNone(asked("tag"), len(r.Tags)) {
		for _, topic := range orNone(asked("prompt_topic"), len(r.KeyTopics)) {
			for _, cited := range orNone(asked("source_"), len(r.Citations)) {
				for _, rival := range orNone(asked("competitor_"), len(r.Competitors)) {
					v := maps.Clone(single)
					v["tag"], v["prompt_topic"] = at(r.Tags, tag), at(r.KeyTopics, topic)
					v["source_url"], v["source_type"], v["source_domain"] = "null", "null", "null"
					v["competitor_id"], v["competitor_name"] = "null", "null"
					if cited >= 0 {
						v["source_url"] = spell(r.Citations[cited].URL)
						v["source_type"] = spell(r.Citations[cited].SourceType)
						v["source_domain"] = spell(hostOf(r.Citations[cited].URL))
					}
					if rival >= 0 {
						v["competitor_id"] = spell(r.Competitors[rival].ID)
						v["competitor_name"] = spell(r.Competitors[rival].Name)
					}
					rows = append(rows, modelRow{v, r, cited, rival})
				}
			}
		}
	}
	return rows
}

func singleValues(r *answerRecord) map[string]string {
	year, week := r.CreatedAt.ISOWeek()
	return map[string]string{
		"date": spell(r.CreatedAt.Format("20060102")), "date_month": spell(r.CreatedAt.Format("200601")),
		"date_year": spell(r.CreatedAt.Format("2006")), "date_week": spell(fmt.Sprintf("%d%02d", year, week)),
		"date_quarter": spell(fmt.Sprintf("%dQ%d", r.CreatedAt.Year(), (r.CreatedAt.Month()-1)/3+1)),
		"prompt_id":    spell(r.PromptID), "prompt": spell(r.Prompt),
		"persona_id": spell(r.PersonaID), "persona_name": spell(r.PersonaName),
		"ai_platform": spell(map[string]string{
			"chatgpt": "ChatGPT", "perplexity": "Perplexity",
			"google_ai_overviews": "Google AI Overviews", "google_gemini": "Google Gemini",
		}[r.Platform]),
		"ai_platform_search_enabled": spell(r.QueryFanout != nil),
		"branded":                    spell(r.Branded), "stage": spell(r.Stage), "country": spell(r.Country),
		"position_bucket": spell(r.BrandPosition), "sentiment_band": spell(r.BrandSentiment),
	}
}

func spell(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer(`\u0026`, "&").Replace(string(text))
}

func at(words []string, i int) string {
	if i < 0 {
		return "null"
	}
	return spell(words[i])
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return strings.TrimPrefix(u.Host, "www.")
}

// modelMetrics computes every metric of a group of rows.
func modelMetrics(rows []modelRow, citationsJoined, competitorsJoined bool) map[string]float64 {
	type share struct {
		citations   map[int]bool
		competitors map[int]bool
	}
	answers := map[*answerRecord]*share{}
	for _, row := range rows {
		s := answers[row.answer]
		if s == nil {
			s = &share{map[int]bool{}, map[int]bool{}}
			answers[row.answer] = s
		}
		if row.citation >= 0 {
			s.citations[row.citation] = true
		}
		if row.competitor >= 0 {
			s.competitors[row.competitor] = true
		}
	}
	n := map[string]float64{}
	hosts := map[string]bool{}
	for r, s := range answers {
		for i := range r.Citations {
			s.citations[i] = s.citations[i] || !citationsJoined
		}
		for i := range r.Competitors {
			s.competitors[i] = s.competitors[i] || !competitorsJoined
		}
		countAnswer(n, r, s.citations, s.competitors, hosts)
	}
	m := map[string]float64{
		"responses": n["n"], "citation_count": n["citations"], "citation_unique_responses": n["citing"],
		"citation_unique_domains":        float64(len(hosts)),
		"brand_presence_percentage":      n["present"] / n["n"],
		"brand_position_score":           n["position"] / n["positions"],
		"brand_sentiment_score":          n["sentiment"] / n["sentiments"],
		"competitor_presence_percentage": n["rivalPresent"] / n["n"],
		"competitor_position_score":      n["rivalPosition"] / n["rivalPositions"],
		"competitor_sentiment_score":     n["rivalSentiment"] / n["rivalSentiments"],
		"brand_citation_rate":            n["brand"] / n["n"], "competitor_citation_rate": n["competitor"] / n["n"],
		"brand_citation_share_of_voice":      n["brand"] / n["citing"],
		"competitor_citation_share_of_voice": n["competitor"] / n["citing"],
	}
	return m
}

var modelScores = map[string]float64{"top": 100, "middle": 50, "bottom": 0, "positive": 100, "mixed": 50, "negative": 0}

func countAnswer(n map[string]float64, r *answerRecord, citations, competitors map[int]bool, hosts map[string]bool) {
	score := func(word *string, sum, count string) {
		if word == nil {
			return
		}
		if v, ok := modelScores[*word]; ok {
			n[sum] += v
			n[count]++
		}
	}
	n["n"]++
	if r.BrandPresent {
		n["present"]++
	}
	score(r.BrandPosition, "position", "positions")
	score(r.BrandSentiment, "sentiment", "sentiments")
	present, owners, cites := false, map[string]bool{}, 0.0
	for i, rival := range r.Competitors {
		if competitors[i] {
			present = present || rival.Present
			score(rival.Position, "rivalPosition", "rivalPositions")
			score(rival.Sentiment, "rivalSentiment", "rivalSentiments")
		}
	}
	for i, page := range r.Citations {
		if !citations[i] {
			continue
		}
		cites++
		hosts[hostOf(page.URL)] = true
		owner := page.SourceType
		if owner == "competitor" && !competitors[ownerOf(r, page)] {
			owner = "another competitor"
		}
		owners[owner] = true
	}
	for name, is := range map[string]bool{
		"rivalPresent": present, "citing": cites > 0, "brand": owners["brand"], "competitor": owners["competitor"],
	} {
		if is {
			n[name]++
		}
	}
	n["citations"] += cites
}

// ownerOf is the competitor whose website a page belongs to, by the listing of competitors.
func ownerOf(r *answerRecord, page citedPage) int {
	return slices.IndexFunc(r.Competitors, func(c ratedCompetitor) bool { return modelWebsites[c.Name] == page.Domain })
}

var modelWebsites = map[string]string{
	"Bluecove Mutual": "bluecove.example", "Anchor & Oak": "anchor-oak.example",
	"Tidewater Cover": "tidewater-cover.example", "Northpoint Assurance": "northpoint.example",
}

// Every report against what its document says of it, computed from the listing of responses.
func TestScrunchReportsAreWhatTheResponsesSay(t *testing.T) {
	cfg := ScrunchConfig{Prompts: 7, Runs: 1}
	sql, keeps := newScrunchClient(t, cfg), newScrunchClient(t, ScrunchConfig{Prompts: 7, Runs: 1, NegationKeepsNull: true})
	answers := sql.answers("/101/responses?limit=1000&start_date=" + dayBefore + "&end_date=" + testToday)
	metricNames := slices.Sorted(maps.Keys(sql.metrics))
	var filterable []string
	for name, d := range sql.dimensions {
		if d.filterable {
			filterable = append(filterable, name)
		}
	}
	slices.Sort(filterable)
	rapid.Check(t, func(r *rapid.T) {
		dims := rapid.SliceOfNDistinct(rapid.SampledFrom(dimensionNames()), 0, 4, rapid.ID).Draw(r, "dimensions")
		metrics := rapid.SliceOfNDistinct(rapid.SampledFrom(metricNames), 1, 5, rapid.ID).Draw(r, "metrics")
		filterNames := rapid.SliceOfN(rapid.SampledFrom(filterable), 0, 2).Draw(r, "filters")
		asked := askedIn(dims, filterNames)
		rows := multiplied(answers, asked)
		c, keep := sql, rapid.Bool().Draw(r, "negation keeps null")
		if keep {
			c = keeps
		}
		fields := strings.Join(slices.Concat(dims, metrics), ",")
		query := url.Values{"start_date": {dayBefore}, "end_date": {testDay}, "fields": {fields}}
		for _, name := range filterNames {
			text, passes := drawFilter(r, name, rows, keep)
			query.Add("filters", text)
			rows = slices.DeleteFunc(rows, func(row modelRow) bool { return !passes(row) })
		}
		compareReport(r, c.ok("/101/query?"+query.Encode()), grouped(rows, dims), metrics, asked)
	})
}

// The reports that are exported by day, and every metric by competitor.
func TestScrunchDailyReportsAreWhatTheResponsesSay(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{Runs: 1})
	answers := c.answers("/101/responses?limit=1000&" + inResponses)
	const brand = "responses,brand_presence_percentage,brand_position_score,brand_sentiment_score,brand_citation_rate," +
		"brand_citation_share_of_voice,citation_count,citation_unique_responses,citation_unique_domains"
	every := strings.Join(slices.Sorted(maps.Keys(c.metrics)), ",")
	for dims, metrics := range map[string]string{
		"date":             brand,
		"date,ai_platform": brand,
		"date,prompt_id,prompt,ai_platform,stage,branded,persona_id,persona_name,country": brand,
		"date,tag,ai_platform":                                       brand,
		"date,prompt_topic,ai_platform":                              brand,
		"date,source_domain,source_type,ai_platform":                 "responses,citation_count,citation_unique_responses",
		"date,source_url,source_type,ai_platform":                    "responses,citation_count,citation_unique_responses",
		"date,competitor_id,competitor_name,ai_platform":             every,
		"competitor_id,tag,prompt_topic,source_type,position_bucket": every,
	} {
		names := strings.Split(dims, ",")
		asked := askedIn(names)
		groups := grouped(multiplied(answers, asked), names)
		query := url.Values{"start_date": {testDay}, "end_date": {testDay}, "fields": {dims + "," + metrics}}
		compareReport(t, c.ok("/101/query?"+query.Encode()), groups, strings.Split(metrics, ","), asked)
	}
}

// askedIn says whether a list of answers is joined: one of the names begins with its prefix.
func askedIn(names ...[]string) func(prefix string) bool {
	return func(prefix string) bool {
		begins := func(name string) bool { return strings.HasPrefix(name, prefix) }
		return slices.ContainsFunc(slices.Concat(names...), begins)
	}
}

func multiplied(answers []answerRecord, asked func(string) bool) (rows []modelRow) {
	for i := range answers {
		rows = append(rows, multiply(&answers[i], asked)...)
	}
	return rows
}

// grouped gives the groups of a report by the beginnings of their rows.
func grouped(rows []modelRow, dims []string) map[string][]modelRow {
	groups := map[string][]modelRow{}
	if len(dims) == 0 {
		groups["{"] = nil
	}
	for _, row := range rows {
		key := "{"
		for _, name := range dims {
			key += fmt.Sprintf("%q:%s,", name, row.values[name])
		}
		groups[key] = append(groups[key], row)
	}
	return groups
}

// drawFilter makes a filter by up to two values, most of which are in the rows.
func drawFilter(r *rapid.T, name string, rows []modelRow, keepNull bool) (text string, passes func(modelRow) bool) {
	seen := map[string]bool{}
	for _, row := range rows {
		if v := row.values[name]; v != "null" {
			seen[v] = true
		}
	}
	switch { // a value that no row has
	case name == "date_quarter":
		seen[`"1999Q1"`] = true
	case strings.HasSuffix(name, "_id") || strings.HasPrefix(name, "date"):
		seen["7"] = true
	default:
		seen["true"] = true
	}
	values := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(seen))), 1, -1, rapid.ID).Draw(r, name)
	values = values[:min(2, len(values))]
	not := rapid.Bool().Draw(r, "not")
	text = name + ":"
	if not {
		text += "!"
	}
	for i, v := range values {
		if i > 0 {
			text += "|"
		}
		if plain, err := strconv.Unquote(v); err == nil {
			v = plain
		}
		text += v
	}
	return text, func(row modelRow) bool {
		if row.values[name] == "null" {
			return not && keepNull
		}
		return slices.Contains(values, row.values[name]) != not
	}
}

// compareReport finds every group in a report, once, with its metrics.
func compareReport(r rapid.TB, body string, groups map[string][]modelRow, metrics []string, asked func(string) bool) {
	var rows []json.RawMessage
	if err := json.Unmarshal([]byte(body), &rows); err != nil {
		r.Fatal(err)
	}
	if len(rows) != len(groups) {
		r.Fatalf("%d rows; expected %d", len(rows), len(groups))
	}
	met := map[string]bool{}
	for _, raw := range rows {
		text := string(raw)
		key, _, _ := strings.Cut(text, fmt.Sprintf("%q:", metrics[0]))
		group, ok := groups[key]
		if !ok || met[key] {
			r.Fatalf("a row that is not expected, or comes twice: %s", text)
		}
		met[key] = true
		var got map[string]any
		if err := json.Unmarshal(raw, &got); err != nil {
			r.Fatal(err)
		}
		want := modelMetrics(group, asked("source_"), asked("competitor_"))
		for _, name := range metrics {
			v, isNumber := got[name].(float64)
			if math.IsNaN(want[name]) != !isNumber || isNumber && math.Abs(v-want[name]) > 1e-9 {
				r.Errorf("%s is %v; expected %v in %s", name, got[name], want[name], text)
			}
		}
	}
}
