package config

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// alike compares configurations; a location is its name.
var alike = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

// want parses text and compares what comes of it.
func want(t *testing.T, text string, expected *Config) {
	t.Helper()
	got, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, text)
	}
	if diff := cmp.Diff(expected, got, alike); diff != "" {
		t.Errorf("(-expected +parsed)\n%s\n%s", diff, text)
	}
}

func chicago(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

const leastYAML = `
version: 1
bucket: acme-reporting
scrapright:
  - account: main
    url: https://acme.scrapright.example
    api_key_secret: key
    session_secret: session
scrunch:
  - account: main
    api_key_secret: brands
`

// least is what leastYAML comes to: every default.
func least() *Config {
	common := Common{Account: "main", RestateDays: 3, RestateEvery: 6 * time.Hour, Refresh: 6 * time.Hour,
		VerifyAfter: 720 * time.Hour, Guard: "warn"}
	yard, brands := common, common
	yard.APIKeySecret, brands.APIKeySecret = "key", "brands"
	return &Config{
		Bucket: "acme-reporting",
		ScrapRight: []ScrapRight{{
			Common: yard, URL: "https://acme.scrapright.example", SessionSecret: "session",
			Timezone: "UTC", Location: time.UTC,
			Datasets: map[string]ScrapRightDataset{
				"purchases": {
					Path: "/api/v1/purchase", From: "startDate", To: "endDate", DateFormat: "2006-01-02", PageSize: 100,
				},
				"customers":  {Path: "/api/v1/customer", PageSize: 100},
				"businesses": {Path: "/api/v1/business", PageSize: 100},
			},
		}},
		Scrunch: []Scrunch{{
			Common: brands, URL: "https://api.scrunchai.com/v1", Concurrency: 4,
			Reports: map[string]Report{}, Datasets: map[string]ScrunchDataset{},
		}},
	}
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) { want(t, leastYAML, least()) }

func TestTheFullExampleParses(t *testing.T) {
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	full := least()
	yard, brands := &full.ScrapRight[0], &full.Scrunch[0]
	yard.APIKeySecret, yard.SessionSecret = "yardstick/scrapright/main/api-key", "yardstick/scrapright/main/session"
	yard.Timezone, yard.Location = "America/Chicago", chicago(t)
	yard.Start, brands.Start = "2026-01-01", "2026-01-01"
	customers := yard.Datasets["customers"]
	customers.Omit = []string{"/DriverLicense"}
	yard.Datasets["customers"] = customers
	brands.APIKeySecret = "yardstick/scrunch/main/api-key"
	full.Webhook = &Webhook{Secret: "yardstick/webhook", Functions: map[string]string{
		"scrapright": "acme-scrapright-export",
		"scrunch":    "arn:aws:lambda:us-east-2:123456789012:function:acme-scrunch-export:live",
	}}
	want(t, string(text), full)
}

func TestJSONIsReadAsYAMLIs(t *testing.T) {
	// Indented by tabs, as YAML alone would not be; with JSON's escapes, a pair of surrogates among them.
	want(t, `{
	"version":1,"bucket":"acme-reporting","prefix":"r\u00e9ports\/\ud83d\ude00",
	"scrapright":[
		{"account":"main","url":"https://acme.scrapright.example","api_key_secret":"key","session_secret":"session",
		"timezone":"America\/Chicago","restate_every":0,"datasets":{"businesses":{"off":true}}}
	],
	"scrunch":[{"account":"main","api_key_secret":"brands","brands":[9007199254740993],
		"reports":{"tag_daily":{"on":true},"by_stage":{"fields":["date","stage"],"filters":["tag:a\\ud83d|b","tag:a\\/b"]}},
		"datasets":{"responses":{"omit":["/citations/0","/a~1b~0"]}}}]
}`, func() *Config {
		c := least()
		c.Prefix = "réports/😀/"
		yard, brands := &c.ScrapRight[0], &c.Scrunch[0]
		yard.Timezone, yard.Location, yard.RestateEvery = "America/Chicago", chicago(t), 0
		yard.Datasets["businesses"] = ScrapRightDataset{Path: "/api/v1/business", PageSize: 100, Off: true}
		brands.Brands = []int64{9007199254740993}
		brands.Reports["tag_daily"] = Report{On: true}
		brands.Reports["by_stage"] = Report{Fields: []string{"date", "stage"}, Filters: []string{`tag:a\ud83d|b`, `tag:a\/b`}}
		brands.Datasets["responses"] = ScrunchDataset{Omit: []string{"/citations/0", "/a~1b~0"}}
		return c
	}())
}

func TestEveryKeyCanDifferFromItsDefault(t *testing.T) {
	want(t, `
version: 1
bucket: b.1-x
prefix: team/reports
scrapright:
  - account: north
    url: http://127.0.0.9:8080/yard/
    api_key_secret: arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:key-AbCdEf
    session_secret: arn:aws:secretsmanager:us-east-2:123456789012:secret:session-AbCdEf
    timezone: UTC
    start: 1970-01-01
    restate_days: 0
    restate_every: 0s
    refresh: 90s
    verify_after: 0
    guard: refuse
    requests_per_minute: 5
    datasets:
      purchases:
        {path: /api/v2/tickets/, from: "filter[from]", to: "filter[to]", date_format: 01/02/06, to_exclusive: true,
         page_size: 1, records: /Data/Items, total: /Data/Total, omit: [/a, /b/0/c], off: true}
      customers: {page_size: 50, records: /, total: /Count, off: true}
`, &Config{Bucket: "b.1-x", Prefix: "team/reports/", ScrapRight: []ScrapRight{{
		Common: Common{
			Account: "north", Start: "1970-01-01", Refresh: 90 * time.Second, Guard: GuardRefuse,
			APIKeySecret: "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:key-AbCdEf",
		},
		URL: "http://127.0.0.9:8080/yard", Timezone: "UTC", Location: time.UTC, RequestsPerMinute: 5,
		SessionSecret: "arn:aws:secretsmanager:us-east-2:123456789012:secret:session-AbCdEf",
		Datasets: map[string]ScrapRightDataset{
			"purchases": {Path: "/api/v2/tickets/", From: "filter[from]", To: "filter[to]", DateFormat: "01/02/06",
				ToExclusive: true, PageSize: 1, Records: "/Data/Items", Total: "/Data/Total",
				Omit: []string{"/a", "/b/0/c"}, Off: true},
			"customers":  {Path: "/api/v1/customer", PageSize: 50, Records: "/", Total: "/Count", Off: true},
			"businesses": {Path: "/api/v1/business", PageSize: 100},
		},
	}}})
}

func TestTextKeepsItsSpelling(t *testing.T) {
	for _, spelling := range []string{"007", "7", "1e3", "2026-01-01", `"007"`, "no", "0x1f"} {
		c, err := Parse([]byte(strings.Replace(leastYAML, "account: main", "account: "+spelling, 1)))
		if err != nil {
			t.Errorf("account: %s: %v", spelling, err)
			continue
		}
		if got, expected := c.ScrapRight[0].Account, strings.Trim(spelling, `"`); got != expected {
			t.Errorf("account: %s is read as %q", spelling, got)
		}
	}
}

func TestJSONsEscapesAreNoneInYAML(t *testing.T) {
	c, err := Parse([]byte(with("top", "prefix", `'a\/b\ud83d\ude00'`)))
	if err != nil {
		t.Fatal(err)
	}
	if c.Prefix != `a\/b\ud83d\ude00/` {
		t.Errorf("prefix %s", c.Prefix)
	}
}

func TestAliasesOfValuesAreFollowed(t *testing.T) {
	c, err := Parse([]byte(`
version: 1
bucket: acme-reporting
scrapright:
  - {account: north, url: &yard https://acme.scrapright.example, api_key_secret: k1, session_secret: s1,
     datasets: &d {customers: {omit: &o [/DriverLicense]}, businesses: {omit: *o}}}
  - {account: south, url: *yard, api_key_secret: k2, session_secret: s2, datasets: *d}
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.ScrapRight[0].Datasets, c.ScrapRight[1].Datasets); diff != "" {
		t.Error(diff)
	}
	if got := c.ScrapRight[1].Datasets["businesses"].Omit; len(got) != 1 || got[0] != "/DriverLicense" {
		t.Errorf("omit by alias: %q", got)
	}
}

func TestConfigurationsShareNoState(t *testing.T) {
	a, err := Parse([]byte(leastYAML))
	if err != nil {
		t.Fatal(err)
	}
	a.ScrapRight[0].Datasets["purchases"] = ScrapRightDataset{}
	a.Scrunch[0].Reports["brand_daily"] = Report{Off: true}
	want(t, leastYAML, least())
}

func TestTheErrorIsInvalid(t *testing.T) {
	c, err := Parse([]byte("version: 2"))
	var invalid *Invalid
	if c != nil || !errors.As(err, &invalid) || len(invalid.Faults) == 0 {
		t.Fatalf("Parse answers %v, %#v", c, err)
	}
}
