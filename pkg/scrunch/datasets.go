package scrunch

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"yardstick/pkg/export"
)

// Operations of Scrunch's data API that are used, by the ids of its OpenAPI document. A test holds each path and
// parameter against that document. All are GET.
const (
	listBrands      = "/brands"                        // listBrands
	listPrompts     = "/{brand_id}/prompts"            // listPrompts
	listCompetitors = "/brands/{brand_id}/competitors" // listCompetitors
	listPersonas    = "/brands/{brand_id}/personas"    // listPersonas
	listResponses   = "/{brand_id}/responses"          // listResponses
	query           = "/{brand_id}/query"              // query
)

// brandMetrics are asked for in each report about the brand itself.
var brandMetrics = []string{"responses", "brand_presence_percentage", "brand_position_score", "brand_sentiment_score",
	"brand_citation_rate", "brand_citation_share_of_voice", "citation_count", "citation_unique_responses", "citation_unique_domains"}

// citationMetrics are asked for in reports about sources.
var citationMetrics = []string{"responses", "citation_count", "citation_unique_responses"}

// Report is a question to /query, asked for one day at a time. Rates and distinct counts do not add up, hence one report
// for each grain.
type Report struct {
	Name    string
	Fields  []string // dimensions, then metrics: the order of the members in a row
	Filters []string // each field:value
	Off     bool     // not exported unless the configuration says so
}

// Reports are the reports that are known, in the order of results. The slice is the caller's own.
func Reports() []Report {
	fields := func(metrics []string, dimensions ...string) []string { return slices.Concat(dimensions, metrics) }
	return []Report{
		{Name: "brand_daily", Fields: fields(brandMetrics, "date")},
		{Name: "platform_daily", Fields: fields(brandMetrics, "date", "ai_platform")},
		{Name: "prompt_daily", Fields: fields(brandMetrics, "date", "prompt_id", "prompt", "ai_platform", "stage", "branded", "persona_id", "persona_name", "country")},
		{Name: "competitor_daily", Fields: fields([]string{"responses", "competitor_presence_percentage", "competitor_position_score", "competitor_sentiment_score",
			"competitor_citation_rate", "competitor_citation_share_of_voice"}, "date", "competitor_id", "competitor_name", "ai_platform")},
		{Name: "citation_daily", Fields: fields(citationMetrics, "date", "source_domain", "source_type", "ai_platform")},
		{Name: "source_daily", Fields: fields(citationMetrics, "date", "source_url", "source_type", "ai_platform"), Off: true},
		{Name: "tag_daily", Fields: fields(brandMetrics, "date", "tag", "ai_platform", "stage", "branded", "persona_id", "persona_name", "country"), Off: true},
		{Name: "topic_daily", Fields: fields(brandMetrics, "date", "prompt_topic", "ai_platform", "stage", "branded", "persona_id", "persona_name", "country"), Off: true},
	}
}

// listings are the datasets that are not reports, in the order of results.
var listings = map[string]string{"brands": listBrands, "prompts": listPrompts, "competitors": listCompetitors, "personas": listPersonas,
	"responses": listResponses}

// Datasets are the tables of an account: listings, then reports, then responses. omit holds, by name, the pointers of
// members that are cut from every record; off, what is not exported.
func Datasets(reports []Report, omit map[string][]string, off map[string]bool) []export.Dataset {
	var all []export.Dataset
	add := func(name string, listing, sorted bool, asked ...string) {
		if !off[name] {
			all = append(all, export.Dataset{Name: name, Listing: listing, Sorted: sorted, Omit: omit[name], Spec: spec(omit[name], asked)})
		}
	}
	for _, name := range []string{"brands", "prompts", "competitors", "personas"} {
		add(name, true, false, listings[name])
	}
	for _, r := range reports {
		if !r.Off {
			add(r.Name, false, true, query, strings.Join(r.Fields, ","), strings.Join(r.Filters, "\n"))
		}
	}
	add("responses", false, false, listResponses)
	return all
}

func spec(omit, asked []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Concat(asked, []string{""}, slices.Sorted(slices.Values(omit))), "\n")))
	return hex.EncodeToString(sum[:8])
}
