package table_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/scrunch"
	"yardstick/pkg/table"

	"github.com/google/go-cmp/cmp"
)

// openAPI is what the simulator's testdata keeps of the vendor's document.
type openAPI struct {
	Paths map[string]struct {
		Get struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema schema }
			}
			Dimensions []string `json:"x-dimensions"`
			Metrics    []string `json:"x-metrics"`
		}
	}
	Components struct{ Schemas map[string]schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	AnyOf      []schema
	Items      *schema
	Properties properties
}

// properties are the members of an object, in their order.
type properties []property

type property struct {
	name string
	schema
}

func (p *properties) UnmarshalJSON(text []byte) error {
	members, err := membersOf(text)
	for _, m := range members {
		one := property{name: m.name}
		err = errors.Join(err, json.Unmarshal(m.value, &one.schema))
		*p = append(*p, one)
	}
	return err
}

// member is a member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf gives an object's members in their order.
func membersOf(object []byte) (all []member, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, fmt.Errorf("%.40s is no object: %w", object, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func readOpenAPI(t *testing.T) (doc openAPI) {
	t.Helper()
	text, err := os.ReadFile("../simulator/testdata/scrunch-openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// hive is the type of a schema, as Hive spells it. What has no type, and an object of any members, is JSON text.
func (doc openAPI) hive(s schema) string {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		s = doc.Components.Schemas[name]
	}
	nothing := func(one schema) bool { return one.Type == "null" }
	if kinds := slices.DeleteFunc(slices.Clone(s.AnyOf), nothing); len(kinds) == 1 {
		return doc.hive(kinds[0])
	}
	switch {
	case s.Type == "array":
		return "array<" + doc.hive(*s.Items) + ">"
	case s.Type == "object" && len(s.Properties) > 0:
		return "struct<" + strings.Join(doc.members(s, ":"), ",") + ">"
	}
	if kind, simple := map[string]string{"integer": "bigint", "number": "double", "boolean": "boolean"}[s.Type]; simple {
		return kind
	}
	return "string"
}

func (doc openAPI) members(s schema, between string) (all []string) {
	for _, p := range s.Properties {
		all = append(all, p.name+between+doc.hive(p.schema))
	}
	return all
}

// paths are the operations whose records have a schema, by dataset.
var paths = map[string]string{"brands": "/brands", "prompts": "/{brand_id}/prompts", "competitors": "/brands/{brand_id}/competitors",
	"personas": "/brands/{brand_id}/personas", "responses": "/{brand_id}/responses"}

// record is the schema of a dataset's records.
func (doc openAPI) record(t *testing.T, dataset string) schema {
	t.Helper()
	page := doc.Paths[paths[dataset]].Get.Responses["200"].Content["application/json"].Schema
	for _, p := range doc.Components.Schemas[strings.TrimPrefix(page.Ref, "#/components/schemas/")].Properties {
		if p.name == "items" {
			return doc.Components.Schemas[strings.TrimPrefix(p.Items.Ref, "#/components/schemas/")]
		}
	}
	t.Fatalf("%s has no schema of a record", dataset)
	return schema{}
}

func TestColumnsAreTheDocumentedMembersInTheirOrder(t *testing.T) {
	doc := readOpenAPI(t)
	held := map[string]bool{}
	for _, x := range table.Scrunch(nil) {
		want := doc.members(doc.record(t, x.Dataset), " ")
		if x.Dataset != "brands" {
			want = append([]string{"brand_id bigint", "brand_name string"}, want...)
		}
		if diff := cmp.Diff(want, spelt(x.Columns)); diff != "" {
			t.Errorf("%s (-documented +columns)\n%s", x.Name(), diff)
		}
		held[x.Dataset] = true
	}
	if len(held) != len(paths) {
		t.Errorf("%v have columns, expected %v", held, paths)
	}
}

// The answer of /query has no schema. Its document tells in words which metrics there are; a dimension that is a member of
// a response too has its type.
func TestEveryDocumentedFieldHasItsType(t *testing.T) {
	doc := readOpenAPI(t)
	o := doc.Paths["/{brand_id}/query"].Get
	if len(o.Dimensions) < 20 || len(o.Metrics) < 10 {
		t.Fatalf("testdata has %d dimensions and %d metrics", len(o.Dimensions), len(o.Metrics))
	}
	response := map[string]string{}
	for _, p := range doc.record(t, "responses").Properties {
		response[p.name] = doc.hive(p.schema)
	}
	shared := 0
	all := named(t, table.Scrunch([]scrunch.Report{{Name: "all", Fields: slices.Concat(o.Dimensions, o.Metrics)}}), "scrunch_all")
	for _, c := range all.Columns[2:] {
		kind := c.Type.String()
		if slices.Contains(o.Metrics, c.Name) {
			count := c.Name == "responses" || strings.HasPrefix(c.Name, "citation_")
			if want := map[bool]string{true: "bigint", false: "double"}[count]; kind != want {
				t.Errorf("the metric %s is a %s, expected a %s", c.Name, kind, want)
			}
			continue
		}
		if want, ok := response[c.Name]; ok {
			shared++
			if kind != want {
				t.Errorf("the dimension %s is a %s, and a %s in a response", c.Name, kind, want)
			}
		} else if isDate := strings.HasPrefix(c.Name, "date"); isDate && kind != "string" {
			t.Errorf("%s is a %s; 2026Q4 is a string, and a date may be sent as one", c.Name, kind)
		}
	}
	if shared < 6 {
		t.Errorf("%d dimensions are members of a response; the test looks at nothing", shared)
	}
}
