package table

import (
	"slices"

	"yardstick/pkg/scrunch"
)

// listings are the members of listings' records, in the order of the vendor's schemas (BrandListing, PromptListing,
// APICompetitorListing, APIPersonaListing).
func listings() []Table {
	return []Table{
		{Dataset: "brands", Columns: []Column{bigint("id"), text("name"), text("website")}},
		{Dataset: "prompts", Columns: ofBrand(
			bigint("id"), text("text"), text("stage"), bigint("persona_id"), texts("platforms"), texts("tags"),
			texts("topics"), boolean("branded"), boolean("favorite"), text("status"), text("created_at"))},
		{Dataset: "competitors", Columns: ofBrand(
			bigint("id"), text("name"), texts("alternative_names"), texts("excluded_names"), texts("websites"),
			boolean("case_sensitive"))},
		{Dataset: "personas", Columns: ofBrand(bigint("id"), text("name"), text("description"))},
	}
}

// responses are the members of an AI answer (schema ResponseListing). engine_metadata is an object of any members, and so
// JSON text.
func responses() Table {
	option := object(double("price"), text("currency"), text("url"), text("merchant"))
	return Table{Dataset: "responses", Columns: ofBrand(
		bigint("id"), text("created_at"), bigint("prompt_id"), text("prompt"), bigint("persona_id"),
		text("persona_name"), text("country"), text("stage"), boolean("branded"), texts("tags"),
		texts("key_topics"), text("platform"), boolean("brand_present"), text("brand_sentiment"),
		text("brand_position"), texts("competitors_present"), text("response_text"),
		list("citations", object(text("url"), text("domain"), text("source_type"), text("title"),
			text("snippet"))),
		list("competitors", object(bigint("id"), text("name"), boolean("present"), text("position"),
			text("sentiment"))),
		typed("query_fanout", object(texts("queries"), text("engine_metadata"))),
		list("shopping_results", object(text("url"), text("title"), text("image"), texts("all_images"),
			text("description"), double("rating"), bigint("reviews"), list("purchasing_options", option))))}
}

// Scrunch are the tables of what is exported with these reports, of one account or of several put behind each other. A
// report that is off has none. Where accounts ask one report for different fields, its table has the columns of all.
func Scrunch(reports []scrunch.Report) []Table {
	var asked []Table
	for _, r := range reports {
		if r.Off {
			continue
		}
		i := slices.IndexFunc(asked, func(t Table) bool { return t.Dataset == r.Name })
		if i < 0 {
			i = len(asked)
			asked = append(asked, Table{Dataset: r.Name})
		}
		for _, c := range row(r.Fields) {
			if !slices.ContainsFunc(asked[i].Columns, func(has Column) bool { return has.Name == c.Name }) {
				asked[i].Columns = append(asked[i].Columns, c)
			}
		}
	}
	return in("scrunch", slices.Concat(withLatest(listings()...), asked, []Table{responses()}))
}

// row are the members of a report's row: the brand, and the fields asked for.
func row(fields []string) []Column {
	columns := make([]Column, len(fields))
	for i, name := range fields {
		columns[i] = typed(name, Type{Kind: kindOf(name)})
	}
	return ofBrand(columns...)
}

// kindOf is the kind of a dimension or metric (parameter fields of operation query). Dates, weeks and other periods are
// strings: the vendor's document does not say whether 20261122 is sent as a number, and a string takes both. What is not
// known is one too.
func kindOf(field string) Kind {
	switch field {
	case "prompt_id", "persona_id", "competitor_id",
		"responses", "citation_count", "citation_unique_responses", "citation_unique_domains":
		return Bigint
	case "brand_presence_percentage", "brand_position_score", "brand_sentiment_score", "brand_citation_rate",
		"brand_citation_share_of_voice", "competitor_presence_percentage", "competitor_position_score",
		"competitor_sentiment_score", "competitor_citation_rate", "competitor_citation_share_of_voice":
		return Double
	case "branded", "ai_platform_search_enabled":
		return Boolean
	}
	return String
}

// ofBrand puts the brand first, as the lines have it, unless the record has such members itself.
func ofBrand(members ...Column) []Column {
	brand := slices.DeleteFunc([]Column{bigint("brand_id"), text("brand_name")}, func(c Column) bool {
		return slices.ContainsFunc(members, func(m Column) bool { return m.Name == c.Name })
	})
	return append(brand, members...)
}
