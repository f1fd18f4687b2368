package config

import (
	"slices"
	"time"
)

// scrapRight are the keys of an account at ScrapRight.
func scrapRight() mapping[ScrapRight] {
	part := func(a *ScrapRight) *Common { return &a.Common }
	account, apiKey := identity()
	datasets := scrapRightDatasets()
	return mapping[ScrapRight]{
		initial: func() ScrapRight {
			return ScrapRight{Common: commonDefaults(), Timezone: "UTC", Location: time.UTC,
				Datasets: datasets.start()}
		},
		keys: slices.Concat(
			lift([]key[Common]{account}, part),
			[]key[ScrapRight]{entry("url", address(), "The yard's ScrapRight URL.",
				func(a *ScrapRight) *string { return &a.URL }).must()},
			lift([]key[Common]{apiKey}, part),
			[]key[ScrapRight]{
				entry("session_secret", secret().named("secret"),
					"Secret that yardstick keeps the session in, and no one else writes.",
					func(a *ScrapRight) *string { return &a.SessionSecret }).must(),
				entry("timezone", zone(), "The yard's time zone, which decides which day is today.",
					func(a *ScrapRight) **time.Location { return &a.Location }),
			},
			lift(ofEveryAccount(), part),
			[]key[ScrapRight]{
				entry("requests_per_minute", wholeNumber(0, -1),
					"A lower cap of one's own; 0: only what the vendor grants.",
					func(a *ScrapRight) *int { return &a.RequestsPerMinute }),
				entry("datasets", datasets.format(), "What differs from the defaults, by dataset.",
					func(a *ScrapRight) *map[string]ScrapRightDataset { return &a.Datasets }),
			}),
		check: func(_ *walk, _ string, a *ScrapRight) { a.Timezone = a.Location.String() },
	}
}

func scrapRightDatasets() mapping[map[string]ScrapRightDataset] {
	purchases := dayDataset(ScrapRightDataset{
		Path: "/api/v1/purchase", From: "startDate", To: "endDate", DateFormat: day, PageSize: 100,
	})
	customers := listing(ScrapRightDataset{Path: "/api/v1/customer", PageSize: 100})
	businesses := listing(ScrapRightDataset{Path: "/api/v1/business", PageSize: 100})
	return mapping[map[string]ScrapRightDataset]{
		initial: func() map[string]ScrapRightDataset {
			return map[string]ScrapRightDataset{
				"purchases": purchases.start(), "customers": customers.start(), "businesses": businesses.start(),
			}
		},
		keys: []key[map[string]ScrapRightDataset]{
			choice("purchases", purchases.format(), "Purchases, by day."),
			choice("customers", customers.format(), "The listing of customers."),
			choice("businesses", businesses.format(), "The listing of businesses."),
		},
	}
}

// listing are the keys of a dataset that is read whole.
func listing(defaults ScrapRightDataset) mapping[ScrapRightDataset] {
	return mapping[ScrapRightDataset]{
		initial: func() ScrapRightDataset { return defaults },
		keys: []key[ScrapRightDataset]{
			entry("path", path(), "Path of the resource below the URL.",
				func(d *ScrapRightDataset) *string { return &d.Path }),
			entry("page_size", wholeNumber(1, 100), "Records a page.",
				func(d *ScrapRightDataset) *int { return &d.PageSize }),
			entry("records", pointer(), "JSON pointer to the records in the answer; empty: found by their shape.",
				func(d *ScrapRightDataset) *string { return &d.Records }),
			entry("total", pointer(),
				"JSON pointer to the vendor's count in the answer; empty: taken if plainly there.",
				func(d *ScrapRightDataset) *string { return &d.Total }),
			omitKey(func(d *ScrapRightDataset) *[]string { return &d.Omit }),
			offKey(func(d *ScrapRightDataset) *bool { return &d.Off }),
		},
	}
}

// dayDataset are the keys of a dataset that is asked for by day.
func dayDataset(defaults ScrapRightDataset) mapping[ScrapRightDataset] {
	m := listing(defaults)
	m.keys = slices.Insert(m.keys, 1,
		entry("from", parameter(), "Query parameter of the first day.",
			func(d *ScrapRightDataset) *string { return &d.From }),
		entry("to", parameter(), "Query parameter of the last day.",
			func(d *ScrapRightDataset) *string { return &d.To }),
		entry("date_format", layout(), "Go's layout of both parameters' values.",
			func(d *ScrapRightDataset) *string { return &d.DateFormat }),
		entry("to_exclusive", boolean(), "true: the second parameter names the day after the last one.",
			func(d *ScrapRightDataset) *bool { return &d.ToExclusive }))
	m.check = func(w *walk, at string, d *ScrapRightDataset) {
		if d.From != d.To {
			return
		}
		written := at + ".to"
		if w.nodes[written] == nil {
			written = at + ".from"
		}
		w.fault(written, w.nodes[written], quoted(d.To)+" for from and to alike", "two parameters")
	}
	return m
}
