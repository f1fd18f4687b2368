package functions_test

import (
	"regexp"
	"slices"
	"testing"

	"yardstick/pkg/scrunch"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/table"

	"github.com/google/go-cmp/cmp"
)

// glueTable is what a Glue table says, in the template's spelling.
type glueTable struct {
	Condition, Type, Location   string
	Columns, PartitionKeys      []string
	Input, Output, SerDe        string
	Parameters, SerDeParameters map[string]string
}

// resolved spells a value, and looks it up where it is an entry of Mappings.
func (t template) resolved(value any) string {
	if m, ok := value.(mapping); ok {
		if path, ok := m["Fn::FindInMap"].([]any); ok {
			return t.text("Mappings", spell(path[0]), spell(path[1]), spell(path[2]))
		}
	}
	return spell(value)
}

func (t template) columns(value any) (all []string) {
	for _, c := range list(value) {
		all = append(all, t.resolved(c.(mapping)["Name"])+" "+c.(mapping).text("Type"))
	}
	return all
}

func texts(value any) map[string]string {
	all := map[string]string{}
	m, _ := value.(mapping)
	for name := range m {
		all[name] = m.text(name)
	}
	return all
}

// tables are the template's Glue tables by name.
func (t template) tables() map[string]glueTable {
	t.t.Helper()
	all := map[string]glueTable{}
	for id, r := range t.resources("AWS::Glue::Table") {
		input := r.at("Properties", "TableInput").(mapping)
		storage := input["StorageDescriptor"].(mapping)
		name := input.text("Name")
		if _, twice := all[name]; twice {
			t.t.Errorf("%s: there is a table %s already", id, name)
		}
		if catalog, database := r.text("Properties", "CatalogId"), r.text("Properties", "DatabaseName"); catalog != "${AWS::AccountId}" ||
			database != "${Database}" {
			t.t.Errorf("%s lies in catalog %s, database %s", id, catalog, database)
		}
		all[name] = glueTable{
			Condition: r.text("Condition"), Type: input.text("TableType"), Location: storage.text("Location"),
			Columns: t.columns(storage["Columns"]), PartitionKeys: t.columns(input["PartitionKeys"]),
			Input: storage.text("InputFormat"), Output: storage.text("OutputFormat"),
			SerDe: storage.text("SerdeInfo", "SerializationLibrary"), SerDeParameters: texts(storage.at("SerdeInfo", "Parameters")),
			Parameters: texts(input["Parameters"]),
		}
	}
	return all
}

// glue is what the template should say of a table.
func glue(x table.Table) glueTable {
	keys := snapshot.Layout{Prefix: "${Prefix}"}
	g := glueTable{
		Condition: "HasScrunchTables", Type: "EXTERNAL_TABLE", Location: "s3://${BucketName}/" + x.Location(keys),
		Input:  "org.apache.hadoop.mapred.TextInputFormat",
		Output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
		SerDe:  "org.openx.data.jsonserde.JsonSerDe", SerDeParameters: map[string]string{"case.insensitive": "false", "ignore.malformed.json": "false"},
		Parameters: map[string]string{"classification": "json", "projection.enabled": "true",
			"projection.account.type": "enum", "projection.account.values": `{"Fn::Join":[",",{"Ref":"Accounts"}]}`,
			"storage.location.template": "s3://${BucketName}/" + x.Partition(keys, "${!account}", "${!dt}")},
	}
	for _, c := range x.Columns {
		g.Columns = append(g.Columns, c.Name+" "+c.Type.String())
	}
	for _, c := range x.Partitions() {
		g.PartitionKeys = append(g.PartitionKeys, c.Name+" "+c.Type.String())
		if c.Name == "dt" {
			for key, value := range map[string]string{"type": "date", "format": "yyyy-MM-dd", "range": "${TablesFrom},NOW+1DAYS", "interval": "1",
				"interval.unit": "DAYS"} {
				g.Parameters["projection.dt."+key] = value
			}
		}
	}
	if x.Lines() {
		delete(g.Parameters, "classification")
		g.SerDe, g.SerDeParameters = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", map[string]string{"serialization.format": "1"}
	}
	if x.Source == "scrapright" {
		g.Condition = "HasScrapRightTables"
	}
	return g
}

func TestTemplateHasTheTablesThatTheCodeKnows(t *testing.T) {
	reports := scrunch.Reports()
	for i := range reports {
		reports[i].Off = false
	}
	want := map[string]glueTable{}
	for _, x := range append(table.ScrapRight(), table.Scrunch(reports)...) {
		want[x.Name()] = glue(x)
	}
	if diff := cmp.Diff(want, readTemplate(t).tables()); diff != "" {
		t.Errorf("(-code +template)\n%s", diff)
	}
}

// A query is there where its tables are. A column that is a word of SQL stands in quotes.
func TestTemplateQueriesNameTablesThatAreThere(t *testing.T) {
	template := readTemplate(t)
	tables := template.tables()
	bare := regexp.MustCompile(`[^"\w]date[^"\w]`)
	from := regexp.MustCompile(`\b(?:FROM|JOIN) (\w+)`)
	for id, r := range template.resources("AWS::Athena::NamedQuery") {
		query := r.text("Properties", "QueryString")
		named := from.FindAllStringSubmatch(query, -1)
		named = slices.DeleteFunc(named, func(m []string) bool { return m[1] == "UNNEST" })
		if len(named) == 0 {
			t.Errorf("%s asks for no table", id)
		}
		for _, m := range named {
			if x, ok := tables[m[1]]; !ok || x.Condition != r.text("Condition") {
				t.Errorf("%s, where %s, asks for %s, where %q", id, r.text("Condition"), m[1], x.Condition)
			}
		}
		if bare.MatchString(query) {
			t.Errorf("%s has a date without quotes", id)
		}
		if r.text("Properties", "Database") != "${Database}" || r.text("Properties", "WorkGroup") != "${Workgroup}" {
			t.Errorf("%s is of another database or workgroup", id)
		}
	}
}

// Whoever queries leaves a copy of customers behind: it is where the bucket removes it.
func TestTemplateRemovesTheResultsOfQueries(t *testing.T) {
	template := readTemplate(t)
	const results = "${Prefix}_yardstick/athena/"
	for id, r := range template.resources("AWS::Athena::WorkGroup") {
		c := r.at("Properties", "WorkGroupConfiguration").(mapping)
		if at := c.text("ResultConfiguration", "OutputLocation"); at != "s3://${BucketName}/"+results || c.text("EnforceWorkGroupConfiguration") != "true" {
			t.Errorf("%s: results go to %s, enforced: %s", id, at, c.text("EnforceWorkGroupConfiguration"))
		}
		if limit := c.text("BytesScannedCutoffPerQuery"); limit != "${ScanLimitMegabytes}000000" {
			t.Errorf("%s: a query reads %s bytes at most", id, limit)
		}
	}
	for id, r := range template.resources("AWS::S3::Bucket") {
		rules := list(r.at("Properties", "LifecycleConfiguration", "Rules"))
		if !slices.ContainsFunc(rules, func(rule any) bool {
			m, ok := rule.(mapping)
			return ok && m.text("Prefix") == results && m.text("Status") == "Enabled" && m.text("ExpirationInDays") != ""
		}) {
			t.Errorf("%s keeps the results of queries", id)
		}
	}
}
