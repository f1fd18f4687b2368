package table_test

import (
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/config"
	"yardstick/pkg/scrunch"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/table"

	"github.com/google/go-cmp/cmp"
)

// reportsOn are the known reports, with those among them that are off.
func reportsOn() []scrunch.Report {
	all := scrunch.Reports()
	for i := range all {
		all[i].Off = false
	}
	return all
}

// named is a table of a list; the test ends where there is none.
func named(t *testing.T, tables []table.Table, name string) table.Table {
	t.Helper()
	i := slices.IndexFunc(tables, func(x table.Table) bool { return x.Name() == name })
	if i < 0 {
		t.Fatalf("there is no table %s", name)
	}
	return tables[i]
}

// spelt are columns as DDL has them.
func spelt(columns []table.Column) (all []string) {
	for _, c := range columns {
		all = append(all, c.Name+" "+c.Type.String())
	}
	return all
}

func TestEveryScrunchDatasetHasATableAndEveryListingTwo(t *testing.T) {
	for name, reports := range map[string][]scrunch.Report{"by default": scrunch.Reports(), "all on": reportsOn(), "none": nil} {
		var want, got []string
		for _, d := range scrunch.Datasets(reports, nil, nil) {
			want = append(want, "scrunch_"+d.Name)
			if d.Listing {
				want = append(want, "scrunch_"+d.Name+"_latest")
			}
		}
		for _, x := range table.Scrunch(reports) {
			got = append(got, x.Name())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reports %s (-exported +tables)\n%s", name, diff)
		}
	}
}

func TestScrapRightTablesAreThoseOfItsDatasets(t *testing.T) {
	c, err := config.Parse([]byte(`{version: 1, bucket: acme-reporting, scrapright: [{account: main, url: "https://acme.example",
		api_key_secret: key, session_secret: session}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for name, d := range c.ScrapRight[0].Datasets {
		want["scrapright_"+name] = []string{"record string"}
		if d.From == "" { // no days are asked for: a listing
			want["scrapright_"+name+"_latest"] = []string{"record string"}
		}
	}
	got := map[string][]string{}
	for _, x := range table.ScrapRight() {
		if got[x.Name()] = spelt(x.Columns); !x.Lines() {
			t.Errorf("%s has no whole lines", x.Name())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-exported +tables)\n%s", diff)
	}
}

func TestKeysLieInTheirTablesPartition(t *testing.T) {
	day, err := snapshot.ParseDay("2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	for _, layout := range []snapshot.Layout{{}, {Prefix: "reporting/account=us/"}} {
		for _, x := range append(table.ScrapRight(), table.Scrunch(reportsOn())...) {
			n := snapshot.Name{Source: x.Source, Dataset: x.Dataset, Account: "north-yard", Day: day, Part: "brand-101"}
			key, partitions := layout.Data(n), []string{"account string", "dt string"}
			if x.Latest {
				key, partitions = layout.Latest(n), partitions[:1]
			}
			partition := x.Partition(layout, "north-yard", "2026-11-22")
			if object, ok := strings.CutPrefix(key, partition); !ok || object != "brand-101.json.gz" {
				t.Errorf("%s: %s does not lie right below %s", x.Name(), key, partition)
			}
			want := "account=north-yard/"
			if !x.Latest {
				want += "dt=2026-11-22/"
			}
			if below, ok := strings.CutPrefix(partition, x.Location(layout)); !ok || below != want {
				t.Errorf("%s: %s, expected %s below %s", x.Name(), partition, want, x.Location(layout))
			}
			if diff := cmp.Diff(partitions, spelt(x.Partitions())); diff != "" {
				t.Errorf("%s: %s", x.Name(), diff)
			}
		}
	}
}

func TestColumnsOfAReportFollowItsFields(t *testing.T) {
	tables := table.Scrunch([]scrunch.Report{
		{Name: "brand_daily", Fields: []string{"date", "country", "responses"}},
		{Name: "weekly", Fields: []string{"date_week", "brand_name", "competitor_id", "branded", "a_field_of_next_year", "brand_position_score"}},
		{Name: "tag_daily", Fields: []string{"date", "tag"}, Off: true},
	})
	for name, want := range map[string][]string{
		"scrunch_brand_daily": {"brand_id bigint", "brand_name string", "date string", "country string", "responses bigint"},
		"scrunch_weekly": {"brand_id bigint", "date_week string", "brand_name string", "competitor_id bigint", "branded boolean",
			"a_field_of_next_year string", "brand_position_score double"},
	} {
		if diff := cmp.Diff(want, spelt(named(t, tables, name).Columns)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if slices.ContainsFunc(tables, func(x table.Table) bool { return x.Dataset == "tag_daily" }) {
		t.Error("a report that is off has a table")
	}
}

// Two accounts share a table, since account is a partition.
func TestAReportOfTwoAccountsHasTheColumnsOfBoth(t *testing.T) {
	tables := table.Scrunch([]scrunch.Report{
		{Name: "brand_daily", Fields: []string{"date", "responses"}},
		{Name: "brand_daily", Fields: []string{"date", "stage", "responses"}},
		{Name: "brand_daily", Fields: []string{"date", "tag"}, Off: true},
	})
	want := []string{"brand_id bigint", "brand_name string", "date string", "responses bigint", "stage string"}
	if diff := cmp.Diff(want, spelt(named(t, tables, "scrunch_brand_daily").Columns)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Glue and Athena know lower case alone, and a column of the lines that is named as a partition would hide it.
func TestNamesAreLowerCaseAndNoneStandsTwice(t *testing.T) {
	var walk func(at string, columns []table.Column)
	walk = func(at string, columns []table.Column) {
		seen := map[string]bool{}
		for _, c := range columns {
			if strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || c.Name == "" || seen[c.Name] {
				t.Errorf("%s has a column %q that is no name of lower case, or is there already", at, c.Name)
			}
			seen[c.Name] = true
			of := c.Type
			if of.Element != nil {
				of = *of.Element
			}
			walk(at+"."+c.Name, of.Members)
		}
	}
	for _, x := range append(table.ScrapRight(), table.Scrunch(reportsOn())...) {
		walk(x.Name(), append(x.Partitions(), x.Columns...))
	}
}
