package table_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"yardstick/pkg/golden"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/table"

	"github.com/google/go-cmp/cmp"
)

var place = table.Place{Bucket: "acme-reporting", Root: "s3://acme-reporting/", Layout: snapshot.Layout{Prefix: "yards/"},
	Accounts: []string{"main", "north"}, First: "2026-01-01"}

// snippets of a table that was inferred from lines.
func snippets(t *testing.T, x table.Table, lines ...string) table.Snippets {
	t.Helper()
	d := seen(t, lines...)
	return table.Snippets{Table: x.Infer(d), Place: place, Schema: d}
}

// usual is what a yard sends; odd has all that readers stumble over.
var (
	usual = []string{`{"Id":134750000001,"TicketNumber":"20261123-0001","BusinessId":null,"Lines":[{"Line":1,"Net":120.0,"Price":2.8200}],"Seller":"Tran","IsVoid":false}`}
	odd   = []string{`{"Id":9007199254740993,"id":7,"dt":"y","we\"ird` + "`" + `\n'$":"q","Long":99999999999999999999,"Exact":12.34567890123456789,` +
		`"Mixed":1840.40,"Lines":[{"Exact":0.5,"N":1}]}`, `{"Mixed":{"x":1},"Twice":1,"Twice":2}`, `{"Text":"\ud800"}`, "{\"Bytes\":\"\xff\"}"}
)

func TestSnippetsAreGolden(t *testing.T) {
	listing := table.ScrapRight()[2]
	for name, s := range map[string]table.Snippets{
		"usual":   snippets(t, table.ScrapRight()[0], usual...),
		"odd":     snippets(t, table.ScrapRight()[0], odd...),
		"lines":   snippets(t, table.ScrapRight()[0]),
		"listing": snippets(t, listing, `{"Id":501,"Name":"Eriksen"}`),
		"report":  snippets(t, named(t, table.Scrunch(reportsOn()), "scrunch_brand_daily"), `{"brand_id":101,"brand_name":"B","date":"20261122","responses":1.5}`),
	} {
		t.Run(name, func(t *testing.T) {
			golden.Compare(t, "testdata/"+name+"-athena.sql", s.Athena())
			golden.Compare(t, "testdata/"+name+"-duckdb.sql", s.DuckDB())
			golden.Compare(t, "testdata/"+name+"-pandas.py", s.Pandas())
			if manifest := s.Manifest(); manifest != "" || s.Table.Latest {
				golden.Compare(t, "testdata/"+name+"-quicksight.json", manifest)
			}
		})
	}
}

// The template's tables and these differ in the columns alone.
func TestTheDDLOfAKnownTableIsThatOfTheTemplate(t *testing.T) {
	for _, x := range append(table.ScrapRight(), table.Scrunch(reportsOn())...) {
		text := table.Snippets{Table: x, Place: place}.Athena()
		for _, c := range append(x.Partitions(), x.Columns...) {
			if !strings.Contains(text, "`"+c.Name+"` "+c.Type.String()) {
				t.Errorf("%s: no column %s %s", x.Name(), c.Name, c.Type)
			}
		}
		if !strings.Contains(text, "'"+"s3://acme-reporting/"+x.Partition(place.Layout, "${account}", "${dt}")+"'") {
			t.Errorf("%s: no partition in\n%s", x.Name(), text)
		}
		if strings.Contains(text, "'mapping.") {
			t.Errorf("%s has a mapping, and all its names are those of the lines", x.Name())
		}
	}
}

func TestManifestsAreOfNewestCopiesAlone(t *testing.T) {
	for _, x := range append(table.ScrapRight(), table.Scrunch(nil)...) {
		text := table.Snippets{Table: x, Place: place}.Manifest()
		if !x.Latest {
			if text != "" {
				t.Errorf("%s has a manifest: its days would be counted together", x.Name())
			}
			continue
		}
		var m struct {
			FileLocations        []struct{ URIPrefixes []string }
			GlobalUploadSettings map[string]string
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		want := "s3://acme-reporting/yards/latest/" + x.Source + "/" + x.Dataset + "/"
		if len(m.FileLocations) != 1 || !cmp.Equal(m.FileLocations[0].URIPrefixes, []string{want}) || m.GlobalUploadSettings["format"] != "JSON" {
			t.Errorf("%s: %s, expected all below %s", x.Name(), text, want)
		}
	}
}

// What a language takes for a quoted text, name or comment.
var quotedParts = map[string]*regexp.Regexp{
	"athena": regexp.MustCompile("(?m)^-- .*$|'(?:[^'\\\\]|\\\\.)*'|`(?:[^`]|``)*`"),
	"duckdb": regexp.MustCompile(`(?m)^-- .*$|'(?:[^']|'')*'|"(?:[^"]|"")*"`),
	"pandas": regexp.MustCompile(`(?m)^# .*$|"(?:[^"\\\n]|\\.)*"`),
}

func TestNamesOfMembersStayNamesWhateverTheyHold(t *testing.T) {
	var members []string
	for _, around := range []string{"`", "'", `"`, "\n", "\r", "\t", "\x00", `\`, `\'`, `'\`, "``", "''", `""`, "--", "/*", "*/", ";", ")", "%s", "$1", `\1`, "{x}", "#", "\u2028",
		"'); DROP TABLE x; --", "</script>", "~", "/"} {
		name, err := json.Marshal(around + "EVIL" + around)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, string(name)+`:12.345678901234567891`, string(name[:len(name)-1])+`2":{`+string(name)+`:[1]}`)
	}
	line := "{" + strings.Join(members, ",") + "}"
	for name, lines := range map[string][]string{"as they are": {strings.ReplaceAll(line, "12.345678901234567891", "1")}, "mended": {line, `{"a":"\ud800"}`}} {
		s := snippets(t, table.ScrapRight()[0], lines...)
		for reader, text := range map[string]string{"athena": s.Athena(), "duckdb": s.DuckDB(), "pandas": s.Pandas()} {
			bare := quotedParts[reader].ReplaceAllString(text, "")
			if i := strings.Index(bare, "EVIL"); i >= 0 {
				t.Errorf("%s, %s: a name stands bare: %q", name, reader, bare[max(0, i-60):min(len(bare), i+60)])
			}
			if strings.ContainsAny(strings.ReplaceAll(bare, "E\\x01", ""), "`") {
				t.Errorf("%s, %s: a quote is left open", name, reader)
			}
		}
	}
}

func TestSnippetsHoldNoValue(t *testing.T) {
	s := snippets(t, table.ScrapRight()[0], `{"Name":"Quentin Tran","Paid":1234.56,"Exact":9.87654321098765432109}`)
	for _, text := range []string{s.Athena(), s.DuckDB(), s.Pandas()} {
		for _, value := range []string{"Quentin", "1234.56", "9.876"} {
			if strings.Contains(text, value) {
				t.Errorf("%s stands in\n%s", value, text)
			}
		}
	}
}
