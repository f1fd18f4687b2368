package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// described is a table as --json tells of it.
type described struct {
	Source, Dataset, Table, Athena, DuckDB, Pandas string
	Latest                                         bool
	Objects                                        int
	First, Last                                    *string
	Columns                                        []struct{ Name, Member, Type string }
	Schema, QuickSight                             json.RawMessage
}

var yardTables = []string{"scrapright_businesses", "scrapright_businesses_latest", "scrapright_customers", "scrapright_customers_latest", "scrapright_purchases"}

func TestTablesTellOfEachTableToPrograms(t *testing.T) {
	w := newWorld(t)
	yardstick(t, w.config(), "export").expect(t, complete)
	c := yardstick(t, w.config(), "tables", "--json").expect(t, complete, "scrapright purchases: 31 objects, 2,")
	var names []string
	for _, x := range decoded[described](t, c) {
		names = append(names, x.Table)
		if (string(x.QuickSight) == "null") == x.Latest {
			t.Errorf("%s has the manifest %s", x.Table, x.QuickSight)
		}
		for _, text := range []string{x.Athena, x.DuckDB} {
			if !strings.Contains(text, "'s3://"+w.Configured.Bucket+"/team/") {
				t.Errorf("%s: the bucket is not in\n%s", x.Table, text)
			}
		}
		if x.Table == "scrapright_purchases" && (x.Objects != 31 || x.First == nil || len(x.Columns) < 10 || x.Columns[0].Member != "Id" ||
			x.Columns[0].Type != "bigint" || !strings.Contains(string(x.Schema), `"TicketNumber"`)) {
			t.Errorf("purchases: %+v", x)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(yardTables, names); diff != "" {
		t.Error(diff)
	}
}

func TestTablesPrintWhatEachReaderRuns(t *testing.T) {
	w := newWorld(t)
	yardstick(t, w.config(), "export", "--dataset", "businesses").expect(t, complete)
	c := yardstick(t, w.config(), "tables", "--dataset", "businesses").expect(t, complete)
	for _, part := range []string{"-- ---- scrapright_businesses, athena\n", "CREATE EXTERNAL TABLE `scrapright_businesses_latest`", "CREATE OR REPLACE VIEW \"scrapright_businesses\"",
		"# ---- scrapright_businesses, pandas\n", "\"fileLocations\"", "`contacts` array<struct<name:string,email:string,phone:string>>"} {
		if !strings.Contains(c.stdout, part) {
			t.Errorf("standard output has no %q", part)
		}
	}
	c = yardstick(t, w.config(), "tables", "--dataset", "businesses", "--for", "duckdb").expect(t, complete)
	if strings.Contains(c.stdout, "EXTERNAL") || strings.Contains(c.stdout, "import") || strings.Count(c.stdout, "CREATE OR REPLACE VIEW") != 2 {
		t.Errorf("for DuckDB alone:\n%s", c.stdout)
	}
	c = yardstick(t, w.config(), "tables", "--dataset", "businesses", "--for", "quicksight").expect(t, complete)
	if !json.Valid([]byte(c.stdout)) {
		t.Errorf("the manifest is no JSON:\n%s", c.stdout)
	}
}

func TestTablesWriteAFileForEachReaderAndTable(t *testing.T) {
	w := newWorld(t)
	yardstick(t, w.config(), "export").expect(t, complete)
	dir := filepath.Join(t.TempDir(), "made")
	c := yardstick(t, w.config(), "tables", "--out", dir).expect(t, complete)
	var want, got []string
	for _, table := range yardTables {
		want = append(want, "athena/"+table+".sql", "duckdb/"+table+".sql", "pandas/"+table+".py")
		if strings.HasSuffix(table, "_latest") {
			want = append(want, "quicksight/"+table+".json")
		} else {
			want = append(want, "schema/scrapright/"+strings.TrimPrefix(table, "scrapright_")+".json")
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-expected +written)\n%s", diff)
	}
	if told := strings.Fields(c.stdout); len(told) != len(yardTables) {
		t.Errorf("standard output: %q, expected the tables' names", told)
	}
	if err := os.WriteFile(dir+"-taken", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	yardstick(t, w.config(), "tables", "--out", dir+"-taken").expect(t, failed, "write into "+dir+"-taken")
}

func TestPublishPutsTablesAndSchemasIntoTheBucket(t *testing.T) {
	w := newWorld(t)
	yardstick(t, w.config(), "export", "--dataset", "customers").expect(t, complete)
	dir := t.TempDir()
	yardstick(t, w.config(), "tables", "--dataset", "customers", "--out", dir).expect(t, complete)
	yardstick(t, w.config(), "tables", "--dataset", "customers", "--publish").expect(t, complete)
	about := filepath.Join(w.Cloud.Bucket(w.Configured.Bucket), "team/about")
	for published, written := range map[string]string{
		"tables/athena/scrapright_customers.sql":             "athena/scrapright_customers.sql",
		"tables/pandas/scrapright_customers_latest.py":       "pandas/scrapright_customers_latest.py",
		"tables/quicksight/scrapright_customers_latest.json": "quicksight/scrapright_customers_latest.json",
	} {
		got, err := os.ReadFile(filepath.Join(about, published))
		want, wantErr := os.ReadFile(filepath.Join(dir, written))
		if err != nil || wantErr != nil || string(got) != string(want) {
			t.Errorf("%s is not what --out writes: %v %v", published, err, wantErr)
		}
	}
	published, err := os.ReadFile(filepath.Join(about, "schema/scrapright/customers.json"))
	for _, part := range []string{`"drift":[]`, `"accounts":["main"]`, `"first":"2`, `"members":[{"name":"Id"`} {
		if err != nil || !strings.Contains(string(published), part) {
			t.Errorf("the schema has no %s: %v\n%s", part, err, published)
		}
	}
	for _, wrong := range []string{"--json", "--out=x", "--from=2026-11-01", "--account=main"} {
		yardstick(t, w.config(), "tables", "--publish", wrong).expect(t, badUsage, "exclude each other")
	}
}

func TestTablesOfALocalFolderReadThatFolder(t *testing.T) {
	dir := t.TempDir()
	config := "version: 1\nbucket: acme-reporting\nscrapright: [{account: main, url: 'http://127.0.0.1:9', api_key_secret: a, session_secret: b}]\n"
	c := yardstick(t, config, "tables", "--local", dir, "--dataset", "purchases").expect(t, complete, "scrapright purchases: 0 objects, 0 records")
	if !strings.Contains(c.stdout, "read_csv('"+dir+"/s3/acme-reporting/scrapright/purchases/account=*/dt=*/*.json.gz'") ||
		!strings.Contains(c.stdout, "LOCATION 's3://acme-reporting/scrapright/purchases/'") {
		t.Errorf("standard output:\n%s", c.stdout)
	}
}

func TestTablesThatCannotBeMadeAreTold(t *testing.T) {
	config := "version: 1\nbucket: acme-reporting\nscrapright: [{account: main, url: 'http://127.0.0.1:9', api_key_secret: a, session_secret: b}]\n"
	folder := t.TempDir()
	for _, test := range []struct{ args, told string }{
		{"--for spark", `--for: found "spark", expected athena, duckdb, pandas or quicksight`},
		{"--json --out x", "--json and --out exclude each other"},
		{"--dataset sales", `--dataset: found "sales", expected one of`},
		{"--account north", `--account: found "north", expected one of ["main"]`},
		{"--source scrunch", `--source: found "scrunch"`},
	} {
		t.Run(test.args, func(t *testing.T) {
			yardstick(t, config, append([]string{"tables", "--local", folder}, strings.Fields(test.args)...)...).expect(t, badUsage, test.told).silent(t)
		})
	}
}
