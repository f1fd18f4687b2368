package config

import (
	"regexp"
	"slices"
)

// scrunch are the keys of an account at Scrunch.
func scrunch() mapping[Scrunch] {
	part := func(a *Scrunch) *Common { return &a.Common }
	account, apiKey := identity()
	reports, datasets := reports(), scrunchDatasets()
	ids := set("brand ids", wholeNumber[int64](1, -1))
	return mapping[Scrunch]{
		initial: func() Scrunch {
			return Scrunch{Common: commonDefaults(), URL: "https://api.scrunchai.com/v1", Concurrency: 4,
				Reports: reports.start(), Datasets: datasets.start()}
		},
		keys: slices.Concat(
			lift([]key[Common]{account}, part),
			[]key[Scrunch]{entry("url", address(), "URL of the data API.",
				func(a *Scrunch) *string { return &a.URL })},
			lift([]key[Common]{apiKey}, part),
			[]key[Scrunch]{
				entry("brands", ids, "Ids of the brands wanted; empty: every brand that the key sees.",
					func(a *Scrunch) *[]int64 { return &a.Brands }),
				entry("except", ids, "Ids of brands left out.", func(a *Scrunch) *[]int64 { return &a.Except }),
			},
			lift(ofEveryAccount(), part),
			[]key[Scrunch]{
				entry("concurrency", wholeNumber(1, 64), "Requests at once. More than eight windows are never in hand, so that memory stays small.",
					func(a *Scrunch) *int { return &a.Concurrency }),
				entry("reports", reports.format(), "What differs from the known reports, and additions, by name.",
					func(a *Scrunch) *map[string]Report { return &a.Reports }),
				entry("datasets", datasets.format(), "What differs from the defaults, by listing; responses too.",
					func(a *Scrunch) *map[string]ScrunchDataset { return &a.Datasets }),
			}),
		check: brandsDiffer,
	}
}

// brandsDiffer finds the brands that are both wanted and left out.
func brandsDiffer(w *walk, at string, a *Scrunch) {
	for i, id := range a.Except {
		if j := slices.Index(a.Brands, id); id != 0 && j >= 0 {
			key := item(at+".except", i)
			w.fault(key, w.nodes[key], "the same as "+item(at+".brands", j), "a brand that is not asked for by name")
		}
	}
}

// knownReports are the reports that need no fields; the last three are off until they are turned on.
func knownReports() []string {
	return []string{"brand_daily", "platform_daily", "prompt_daily", "competitor_daily", "citation_daily",
		"source_daily", "tag_daily", "topic_daily"}
}

// otherScrunchDatasets are the datasets of Scrunch that are no reports.
func otherScrunchDatasets() []string {
	return []string{"brands", "prompts", "competitors", "personas", "responses"}
}

// takenNames are the names that no report of one's own may have: those of other datasets, and those of the tables over
// the newest copies of listings.
func takenNames() []string {
	taken := otherScrunchDatasets()
	for _, listing := range []string{"brands", "prompts", "competitors", "personas"} {
		taken = append(taken, listing+"_latest")
	}
	return taken
}

var reportName = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

func reports() mapping[map[string]Report] {
	m := mapping[map[string]Report]{initial: func() map[string]Report { return map[string]Report{} }}
	known, addition := report(false).format().named("report"), report(true).format()
	for _, name := range knownReports() {
		m.keys = append(m.keys, choice(name, known, "Changes to this report."))
	}
	m.others = &others[map[string]Report]{
		expected: "or a name of one's own: 1 to 64 of a-z, 0-9 and _, not that of another dataset or of a listing's newest copies",
		names: object{
			{"pattern", reportName.String()},
			{"not", object{{"enum", takenNames()}}},
		},
		fits: func(name string) bool {
			return reportName.MatchString(name) && !slices.Contains(takenNames(), name)
		},
		key: func(name string) key[map[string]Report] {
			return choice(name, addition, "A report of one's own, which needs fields.")
		},
	}
	return m
}

// report are the keys of one report. An addition has no fields to fall back on.
func report(addition bool) mapping[Report] {
	fields := entry("fields", some(set("names of fields", field())),
		"Dimensions and metrics, in the order in which they are asked.",
		func(r *Report) *[]string { return &r.Fields })
	if addition {
		fields = fields.must()
	}
	return mapping[Report]{
		keys: []key[Report]{
			fields,
			entry("filters", set("filters", filter()), "Filters, each as field:value.",
				func(r *Report) *[]string { return &r.Filters }),
			offKey(func(r *Report) *bool { return &r.Off }),
			entry("on", boolean(), "true: exported, though it is off by default.",
				func(r *Report) *bool { return &r.On }),
		},
		check: func(w *walk, at string, r *Report) {
			if r.On && r.Off {
				w.fault(at+".on", w.nodes[at+".on"], "true beside off: true", "one of the two")
			}
		},
	}
}

func scrunchDatasets() mapping[map[string]ScrunchDataset] {
	m := mapping[map[string]ScrunchDataset]{
		initial: func() map[string]ScrunchDataset { return map[string]ScrunchDataset{} },
	}
	dataset := mapping[ScrunchDataset]{keys: []key[ScrunchDataset]{
		offKey(func(d *ScrunchDataset) *bool { return &d.Off }),
		omitKey(func(d *ScrunchDataset) *[]string { return &d.Omit }),
	}}.format()
	for _, name := range otherScrunchDatasets() {
		m.keys = append(m.keys, choice(name, dataset, "Changes to this dataset."))
	}
	return m
}
