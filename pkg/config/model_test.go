package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"
)

// A model: configurations are made up, written as YAML or JSON with any of the keys that stand at their defaults left
// out, and read again.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expected, keys := anyConfig(t)
		text, err := json.Marshal(keys)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "yaml") {
			text = []byte(inBlocks(t, keys, ""))
		}
		got, err := Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(expected, got, alike); diff != "" {
			t.Fatalf("(-written +read)\n%s\n%s", diff, text)
		}
		if err := conforms(string(text)); err != nil {
			t.Fatalf("the schema: %v\n%s", err, text)
		}
	})
}

type written = map[string]any

// inBlocks writes mappings as YAML blocks, and all below them as JSON.
func inBlocks(t *rapid.T, keys written, indent string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		switch v := keys[name].(type) {
		case written:
			if len(v) > 0 {
				fmt.Fprintf(&out, "%s%s:\n%s", indent, name, inBlocks(t, v, indent+"  "))
				continue
			}
		case []written:
			fmt.Fprintf(&out, "%s%s:\n", indent, name)
			for _, item := range v {
				fmt.Fprintf(&out, "%s-\n%s", indent, inBlocks(t, item, indent+"  "))
			}
			continue
		}
		value, err := json.Marshal(keys[name])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s%s: %s\n", indent, name, value)
	}
	return out.String()
}

// put draws a value, writes it under its name (or, if it is the default, perhaps not) and answers it.
func put[V comparable](t *rapid.T, into written, name string, gen *rapid.Generator[V], initial V) V {
	v := rapid.OneOf(rapid.Just(initial), gen).Draw(t, name)
	if v == initial && rapid.Bool().Draw(t, "leave out "+name) {
		return v
	}
	into[name] = v
	return v
}

func anyConfig(t *rapid.T) (*Config, written) {
	top := written{"version": 1}
	c := &Config{Bucket: rapid.StringMatching(`[a-z0-9]{3,20}`).Draw(t, "bucket")}
	top["bucket"] = c.Bucket
	c.Prefix = put(t, top, "prefix", rapid.StringMatching(`([a-zé]{1,5}/){1,3}`), "")
	var yards, brands []written
	for i := range rapid.IntRange(0, 3).Draw(t, "yards") {
		a, keys := anyYard(t, i)
		c.ScrapRight, yards = append(c.ScrapRight, a), append(yards, keys)
	}
	low := 0
	if len(yards) == 0 {
		low = 1
	}
	for i := range rapid.IntRange(low, 2).Draw(t, "brands") {
		a, keys := anyBrands(t, i)
		c.Scrunch, brands = append(c.Scrunch, a), append(brands, keys)
	}
	if yards != nil {
		top["scrapright"] = yards
	}
	if brands != nil {
		top["scrunch"] = brands
	}
	if rapid.Bool().Draw(t, "webhook") {
		c.Webhook = &Webhook{Secret: "hook", Functions: map[string]string{"scrunch": "f"}}
		top["webhook"] = written{"secret": "hook", "functions": written{"scrunch": "f"}}
	}
	return c, top
}

func anyCommon(t *rapid.T, source string, i int) (Common, written) {
	c := Common{Account: fmt.Sprintf("%s-%d", source, i), APIKeySecret: fmt.Sprintf("%s/%d/key", source, i)}
	keys := written{"account": c.Account, "api_key_secret": c.APIKeySecret}
	if n := rapid.IntRange(-1, 30000).Draw(t, "start"); n >= 0 {
		c.Start = time.Unix(0, 0).UTC().AddDate(0, 0, n).Format(day)
		keys["start"] = c.Start
	}
	c.RestateDays = put(t, keys, "restate_days", rapid.IntRange(0, 365), 3)
	for _, d := range []struct {
		name    string
		to      *time.Duration
		initial time.Duration
	}{
		{"restate_every", &c.RestateEvery, 6 * time.Hour}, {"refresh", &c.Refresh, 6 * time.Hour},
		{"verify_after", &c.VerifyAfter, 720 * time.Hour},
	} {
		spelt := rapid.Map(rapid.Int64Min(0), func(n int64) string { return time.Duration(n).String() })
		spelling := put(t, keys, d.name, spelt, d.initial.String())
		var err error
		if *d.to, err = time.ParseDuration(spelling); err != nil {
			t.Fatal(err)
		}
	}
	c.Guard = put(t, keys, "guard", rapid.SampledFrom([]Guard{GuardWarn, GuardRefuse}), GuardWarn)
	return c, keys
}

func anyYard(t *rapid.T, i int) (ScrapRight, written) {
	common, keys := anyCommon(t, "yard", i)
	a := ScrapRight{Common: common, URL: fmt.Sprintf("https://yard%d.example", i),
		SessionSecret: fmt.Sprintf("yard/%d/session", i)}
	keys["url"], keys["session_secret"] = a.URL, a.SessionSecret
	a.Timezone = put(t, keys, "timezone", rapid.SampledFrom([]string{"America/Chicago", "Asia/Kathmandu",
		"Etc/GMT-14"}), "UTC")
	var err error
	if a.Location, err = time.LoadLocation(a.Timezone); err != nil {
		t.Fatal(err)
	}
	a.RequestsPerMinute = put(t, keys, "requests_per_minute", rapid.IntRange(0, 1<<53), 0)
	a.Datasets = map[string]ScrapRightDataset{}
	datasets := written{}
	for _, d := range [...][2]string{
		{"purchases", "/api/v1/purchase"}, {"customers", "/api/v1/customer"}, {"businesses", "/api/v1/business"},
	} {
		var dataset written
		a.Datasets[d[0]], dataset = anyDataset(t, d[0] == "purchases", d[1])
		if len(dataset) > 0 {
			datasets[d[0]] = dataset
		}
	}
	if len(datasets) > 0 {
		keys["datasets"] = datasets
	}
	return a, keys
}

var pointers = rapid.StringMatching(`(/([a-zA-Z0-9 "é]|~[01]){0,4}){1,3}`)

func anyDataset(t *rapid.T, byDay bool, path string) (ScrapRightDataset, written) {
	keys := written{}
	d := ScrapRightDataset{Path: put(t, keys, "path", rapid.StringMatching(`(/[a-z0-9]{1,5}){1,3}`), path)}
	if byDay {
		d.From = put(t, keys, "from", rapid.StringMatching(`f[a-z]{0,3}`), "startDate")
		d.To = put(t, keys, "to", rapid.StringMatching(`t[a-z]{0,3}`), "endDate")
		d.DateFormat = put(t, keys, "date_format", rapid.SampledFrom([]string{"20060102", "1/2/06", "Jan 2, 2006"}),
			day)
		d.ToExclusive = put(t, keys, "to_exclusive", rapid.Bool(), false)
	}
	d.PageSize = put(t, keys, "page_size", rapid.IntRange(1, 100), 100)
	d.Records = put(t, keys, "records", pointers, "")
	d.Total = put(t, keys, "total", pointers, "")
	d.Off = put(t, keys, "off", rapid.Bool(), false)
	if omit := rapid.SliceOfNDistinct(pointers, 0, 3, rapid.ID).Draw(t, "omit"); len(omit) > 0 {
		d.Omit, keys["omit"] = omit, omit
	}
	return d, keys
}

func anyBrands(t *rapid.T, i int) (Scrunch, written) {
	common, keys := anyCommon(t, "brands", i)
	a := Scrunch{Common: common, Reports: map[string]Report{}, Datasets: map[string]ScrunchDataset{}}
	a.URL = put(t, keys, "url", rapid.StringMatching(`http://localhost:[1-9][0-9]{1,3}(/[a-z]{1,3})?`),
		"https://api.scrunchai.com/v1")
	a.Concurrency = put(t, keys, "concurrency", rapid.IntRange(1, 64), 4)
	ids := rapid.SliceOfDistinct(rapid.Int64Range(1, 1<<53), rapid.ID).Draw(t, "ids")
	if n := len(ids) / 2; n > 0 {
		a.Brands, a.Except = ids[:n], ids[n:]
		keys["brands"], keys["except"] = a.Brands, a.Except
	}
	reports := written{}
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(append(knownReports(), "mine", "weekly_2")),
		rapid.ID).Draw(t, "reports") {
		fields := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z_]{1,9}`), 1, 4, rapid.ID).Draw(t, "fields")
		report := written{"fields": fields}
		a.Reports[name] = Report{Fields: fields, Off: put(t, report, "off", rapid.Bool(), false)}
		reports[name] = report
	}
	if len(reports) > 0 {
		keys["reports"] = reports
	}
	return a, keys
}
