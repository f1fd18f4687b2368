package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openAPI is what testdata keeps of the vendor's document: the operations that are simulated, without their prose. Lists
// that stand in its prose are members that begin with x-.
type openAPI struct {
	Servers    []struct{ URL string }
	Paths      map[string]struct{ Get operationDoc }
	Components struct{ Schemas map[string]schema }
}

type operationDoc struct {
	Security   []map[string][]string
	Parameters []struct {
		Name, In string
		Schema   struct {
			Default          json.RawMessage
			Minimum, Maximum *json.Number
		}
	}
	Responses map[string]struct {
		Content map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
	}
	Dimensions []string `json:"x-dimensions"`
	Metrics    []string `json:"x-metrics"`
	Filterable []string `json:"x-filterable"`
	Operators  []string `json:"x-having-operators"`
}

func readOpenAPI(t *testing.T) (doc openAPI) {
	t.Helper()
	text, err := os.ReadFile("testdata/scrunch-openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestScrunchServesTheDocumentedOperations(t *testing.T) {
	doc := readOpenAPI(t)
	if doc.Servers[0].URL != scrunchBase {
		t.Errorf("served below %s, documented below %s", scrunchBase, doc.Servers[0].URL)
	}
	if len(doc.Paths) != len(scrunchRoutes()) {
		t.Errorf("%d operations in testdata, %d served", len(doc.Paths), len(scrunchRoutes()))
	}
	for _, route := range scrunchRoutes() {
		operation := doc.Paths[route.path].Get
		var parameters []string
		for _, p := range operation.Parameters {
			if p.In == "query" {
				parameters = append(parameters, p.Name)
			}
		}
		slices.Sort(parameters)
		if diff := cmp.Diff(parameters, slices.Sorted(strings.FieldsSeq(route.known))); diff != "" {
			t.Errorf("%s: %s", route.path, diff)
		}
		var scopes []string
		if route.scope != "" {
			scopes = []string{string(route.scope)}
		}
		if documented := operation.Security[0]["HTTPBearer"]; !slices.Equal(documented, scopes) {
			t.Errorf("%s asks for the scopes %q, documented are %q", route.path, scopes, documented)
		}
	}
}

// The documented bounds and defaults of every number, by asking on both sides of each.
func TestScrunchHoldsTheDocumentedBounds(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	asked := 0
	for path, item := range readOpenAPI(t).Paths {
		target := strings.Replace(path, "{brand_id}", "101", 1)
		for _, p := range item.Get.Parameters {
			for bound, step := range map[*json.Number]int64{p.Schema.Minimum: -1, p.Schema.Maximum: 1} {
				if bound == nil {
					continue
				}
				n, err := bound.Int64()
				if err != nil {
					t.Fatal(err)
				}
				c.ok(fmt.Sprintf("%s?fields=date&%s=%d", target, p.Name, n))
				if status, body := c.get(fmt.Sprintf("%s?fields=date&%s=%d", target, p.Name, n+step)); status != 422 {
					t.Errorf("%s %s=%d: %d %s", path, p.Name, n+step, status, body)
				}
				asked++
			}
			if p.Schema.Default != nil && path != "/{brand_id}/query" && p.Name == "limit" {
				if got := c.page(target).Limit; fmt.Sprint(got) != string(p.Schema.Default) {
					t.Errorf("%s: a limit of %d by default, documented is %s", path, got, p.Schema.Default)
				}
			}
		}
	}
	if asked < 13 {
		t.Errorf("only %d bounds found", asked)
	}
}

func TestScrunchKnowsTheDocumentedFields(t *testing.T) {
	s := newScrunchClient(t, ScrunchConfig{})
	doc := readOpenAPI(t).Paths["/{brand_id}/query"].Get
	if diff := cmp.Diff(doc.Dimensions, dimensionNames()); diff != "" {
		t.Error(diff)
	}
	sorted := func(names []string) []string { return slices.Sorted(slices.Values(names)) }
	if diff := cmp.Diff(sorted(doc.Dimensions), slices.Sorted(maps.Keys(s.dimensions))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sorted(doc.Metrics), slices.Sorted(maps.Keys(s.metrics))); diff != "" {
		t.Error(diff)
	}
	var filterable []string
	for name, d := range s.dimensions {
		if d.filterable {
			filterable = append(filterable, name)
		}
	}
	if diff := cmp.Diff(sorted(doc.Filterable), sorted(filterable)); diff != "" {
		t.Error(diff)
	}
	for _, operator := range doc.Operators {
		s.ok("/101/query?fields=date&having=responses:" + operator + ":1")
	}
}

// The examples of the document, and its rule that no fields mean every dimension.
func TestScrunchAnswersTheDocumentedExamples(t *testing.T) {
	c := newScrunchClient(t, ScrunchConfig{})
	tests := map[string][]string{
		"fields=date,ai_platform,brand_presence_percentage":                         {"date", "ai_platform", "brand_presence_percentage"},
		"fields=responses&filters=ai_platform:ChatGPT&filters=branded:true":         {"responses"},
		"fields=responses&filters=ai_platform:ChatGPT|Claude":                       {"responses"},
		"fields=stage&filters=branded:!true":                                        {"stage"},
		"fields=date&having=brand_presence_percentage:gt:0&having=responses:gte:10": {"date"},
		"start_date=2026-11-22":                                                     dimensionNames(),
	}
	for query, want := range tests {
		var rows []json.RawMessage
		if err := json.Unmarshal([]byte(c.ok("/101/query?"+query)), &rows); err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			t.Errorf("%s: no rows", query)
			continue
		}
		if diff := cmp.Diff(want, memberNames(t, rows[0])); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

// schema is as much of a schema as the vendor's document uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Enum       []string
	AnyOf      []schema
	Items      *schema
	Properties properties
	Required   []string
}

// properties are the members of an object, and their order.
type properties struct {
	named map[string]schema
	order []string
}

func (p *properties) UnmarshalJSON(text []byte) error {
	p.order = order(text)
	return json.Unmarshal(text, &p.named)
}

// Every member that is served stands in its schema, in the schema's order, and is of its type; every required one is
// served.
func TestScrunchServesWhatTheSchemasDescribe(t *testing.T) {
	doc := readOpenAPI(t)
	c := newScrunchClient(t, ScrunchConfig{Platforms: platformNames(), Prompts: 40, Competitors: 7, Personas: 5})
	for path, item := range doc.Paths {
		ref := item.Get.Responses["200"].Content["application/json"].Schema.Ref
		if path == "/{brand_id}/query" {
			continue // its answer has no schema
		}
		for _, brand := range []string{"101", "102"} {
			body := c.ok(strings.Replace(path, "{brand_id}", brand, 1) + "?limit=150&start_date=" + testDay)
			doc.conforms(t, path, schema{Ref: ref}, json.RawMessage(body))
		}
		ref = item.Get.Responses["422"].Content["application/json"].Schema.Ref
		_, body := c.get(strings.Replace(path, "{brand_id}", "101", 1) + "?limit=0")
		doc.conforms(t, path, schema{Ref: ref}, json.RawMessage(body))
	}
}

func (doc openAPI) conforms(t *testing.T, path string, s schema, value json.RawMessage) {
	t.Helper()
	if fault := doc.differs(path, s, value); fault != "" {
		t.Error(fault)
	}
}

// differs says how a value is not as a schema describes it: "" where it is.
func (doc openAPI) differs(path string, s schema, value json.RawMessage) string {
	if s.Ref != "" {
		var ok bool
		if s, ok = doc.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]; !ok {
			return path + " has a schema that testdata does not have"
		}
	}
	if len(s.AnyOf) > 0 {
		fault := path + " is nothing of what is possible"
		for _, one := range s.AnyOf {
			if fault = doc.differs(path, one, value); fault == "" {
				return ""
			}
		}
		return fault
	}
	kind := kindOf(value)
	if s.Type == "" || s.Type == "number" && kind == "integer" {
		return ""
	}
	if kind != s.Type {
		return fmt.Sprintf("%s is of type %s, described as %s", path, kind, s.Type)
	}
	if kind == "string" && len(s.Enum) > 0 && !slices.Contains(s.Enum, strings.Trim(string(value), `"`)) {
		return fmt.Sprintf("%s is %s, none of %q", path, value, s.Enum)
	}
	switch kind {
	case "array":
		return doc.elementsDiffer(path, s, value)
	case "object":
		return doc.membersDiffer(path, s, value)
	}
	return ""
}

func (doc openAPI) elementsDiffer(path string, s schema, value json.RawMessage) string {
	var elements []json.RawMessage
	if err := json.Unmarshal(value, &elements); err != nil {
		return err.Error()
	}
	for i, element := range elements {
		if fault := doc.differs(fmt.Sprintf("%s[%d]", path, i), *s.Items, element); fault != "" {
			return fault
		}
	}
	return ""
}

func (doc openAPI) membersDiffer(path string, s schema, value json.RawMessage) string {
	if s.Properties.named == nil {
		return "" // any members will do
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		return err.Error()
	}
	for _, name := range s.Required {
		if _, served := members[name]; !served {
			return fmt.Sprintf("%s has no %s, which is required", path, name)
		}
	}
	for name, member := range members {
		p, described := s.Properties.named[name]
		if !described {
			return fmt.Sprintf("%s.%s is served and not described", path, name)
		}
		if fault := doc.differs(path+"."+name, p, member); fault != "" {
			return fault
		}
	}
	served, inOrder := order(value), slices.DeleteFunc(slices.Clone(s.Properties.order), func(name string) bool {
		_, is := members[name]
		return !is
	})
	if _, isError := members["msg"]; !isError && !slices.Equal(served, inOrder) {
		return fmt.Sprintf("%s has the order %v, described is %v", path, served, inOrder)
	}
	return ""
}

func kindOf(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if bytes.ContainsAny(value, ".eE") {
		return "number"
	}
	return "integer"
}

// memberNames gives the names of an object's members in their order.
func memberNames(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	names := order(object)
	if len(names) == 0 {
		t.Fatalf("no members in %s", object)
	}
	return names
}

func order(object json.RawMessage) (names []string) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		names = append(names, fmt.Sprint(name))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return nil
		}
	}
	return names
}
