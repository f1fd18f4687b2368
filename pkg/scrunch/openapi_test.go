package scrunch

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"yardstick/pkg/simulator"
)

// openAPI is what testdata keeps of the vendor's document: the operations in use, and of the schemas what is relied on.
type openAPI struct {
	Servers    []struct{ URL string }
	Paths      map[string]struct{ Get *operation }
	Components struct {
		Schemas         map[string]schema
		SecuritySchemes map[string]struct{ Type, Scheme string }
	}
}

type operation struct {
	OperationID string
	Security    []map[string][]string
	Parameters  []parameter
	Responses   map[string]struct {
		Content map[string]struct{ Schema schema }
	}
	// What the document says in prose.
	Dimensions []string `json:"x-dimensions"`
	Metrics    []string `json:"x-metrics"`
	Filterable []string `json:"x-filterable"`
	DateForm   string   `json:"x-date-form"`
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                schema
}

type schema struct {
	Ref              string `json:"$ref"`
	Type             string
	Enum             []string
	Const            string
	Default          any
	Minimum, Maximum *int
	AnyOf            []schema
	Items            *schema
	Properties       map[string]schema
	Required         []string
}

func readOpenAPI(t *testing.T) (doc openAPI) {
	t.Helper()
	text, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// resolve follows a reference.
func (doc openAPI) resolve(s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return doc.Components.Schemas[name]
	}
	return s
}

// parameter finds a parameter of an operation.
func (doc openAPI) parameter(path, name string) (parameter, bool) {
	i := slices.IndexFunc(doc.Paths[path].Get.Parameters, func(p parameter) bool { return p.Name == name })
	if i < 0 {
		return parameter{}, false
	}
	return doc.Paths[path].Get.Parameters[i], true
}

// takes says why a schema does not take what stands in a query, "" where it does.
func (s schema) takes(values []string) string {
	refusal := fmt.Sprintf("%q is nothing of %s", values, s.Type)
	for _, one := range s.AnyOf {
		if refusal = one.takes(values); refusal == "" {
			return ""
		}
	}
	switch {
	case len(s.AnyOf) > 0:
		return refusal
	case s.Type == "array":
		for _, v := range values {
			if refusal := s.Items.takes([]string{v}); refusal != "" {
				return refusal
			}
		}
		return ""
	case len(values) != 1:
		return fmt.Sprintf("%d values of one %s", len(values), s.Type)
	case s.Type == "integer":
		n, err := strconv.Atoi(values[0])
		if err != nil || s.Minimum != nil && n < *s.Minimum || s.Maximum != nil && n > *s.Maximum {
			return fmt.Sprintf("%q is no integer within its limits", values)
		}
		return ""
	case s.Type != "string", s.Const != "" && s.Const != values[0], s.Enum != nil && !slices.Contains(s.Enum, values[0]):
		return refusal
	}
	return ""
}

// operations are those in use, by the ids that the comments in datasets.go give them.
func operations() map[string]string {
	return map[string]string{"listBrands": listBrands, "listPrompts": listPrompts, "listCompetitors": listCompetitors,
		"listPersonas": listPersonas, "listResponses": listResponses, "query": query}
}

func TestOperationsAreDocumented(t *testing.T) {
	doc := readOpenAPI(t)
	for id, path := range operations() {
		o := doc.Paths[path].Get
		if o == nil {
			t.Errorf("GET %s is not documented", path)
			continue
		}
		if o.OperationID != id {
			t.Errorf("%s is the operation %s, expected %s", path, o.OperationID, id)
		}
		for _, scope := range o.Security[0]["HTTPBearer"] {
			if scope != "query" {
				t.Errorf("%s asks for the scope %s; a key with the scope query should do", id, scope)
			}
		}
		for _, p := range o.Parameters {
			if p.Required && (p.Name != "brand_id" || p.In != "path" || p.Schema.Type != "integer") {
				t.Errorf("%s wants %s %s, which is not known here", id, p.In, p.Name)
			}
		}
	}
	if got, want := len(doc.Paths), len(operations()); got != want {
		t.Errorf("testdata has %d operations, and %d are in use", got, want)
	}
	if s := doc.Components.SecuritySchemes["HTTPBearer"]; s.Type != "http" || s.Scheme != "bearer" {
		t.Errorf("the key is sent as a bearer token; documented is %+v", s)
	}
}

// recorder stands before a server and keeps every request.
type recorder struct {
	http.Handler
	mu   sync.Mutex
	seen []*http.Request
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.seen = append(r.seen, request.Clone(request.Context()))
	r.mu.Unlock()
	r.Handler.ServeHTTP(w, request)
}

// sent are the requests made for every dataset there is, slices among them, by the path of their operation.
func sent(t *testing.T, doc openAPI) map[string][]*http.Request {
	t.Helper()
	r := &recorder{Handler: newScrunch(simulator.ScrunchConfig{Brands: 1, QueryCap: 30})}
	inBubble(t, r, func(w *world) {
		for _, d := range Datasets(reportsOn(), nil, nil) {
			proof, _, err := w.read(window(d.Name, closed))
			if known := (err == nil || strings.Contains(err.Error(), "slices")); !known {
				w.Errorf("%s: %v %v", d.Name, proof, err)
			}
		}
	})
	all := map[string][]*http.Request{}
	for _, request := range r.seen {
		path, ok := strings.CutPrefix(request.URL.Path, doc.Servers[0].URL)
		if !ok {
			t.Errorf("%s is not below %s", request.URL.Path, doc.Servers[0].URL)
		}
		path = strings.Replace(path, "/101", "/{brand_id}", 1)
		all[path] = append(all[path], request)
	}
	return all
}

// reportsOn are the known reports, with those among them that are off.
func reportsOn() []Report {
	all := Reports()
	for i := range all {
		all[i].Off = false
	}
	return all
}

func TestRequestsUseOnlyDocumentedParametersWithinTheirLimits(t *testing.T) {
	doc := readOpenAPI(t)
	all := sent(t, doc)
	if diff := len(all) - len(operations()); diff != 0 {
		t.Errorf("requests to %v, expected to every operation in use", slices.Sorted(maps.Keys(all)))
	}
	filters := 0
	for path, requests := range all {
		if doc.Paths[path].Get == nil {
			t.Errorf("a request to %s, which is not documented", path)
			continue
		}
		for _, r := range requests {
			if r.Method != http.MethodGet || r.ContentLength > 0 || r.Header.Get("Authorization") != "Bearer "+firstKey {
				t.Errorf("%s %s, %d bytes, %q; expected a GET with the key as a bearer token", r.Method, path, r.ContentLength, r.Header)
			}
			for name, values := range r.URL.Query() {
				p, ok := doc.parameter(path, name)
				if !ok || p.In != "query" {
					t.Errorf("%s: %s is not documented", path, name)
				} else if refusal := p.Schema.takes(values); refusal != "" {
					t.Errorf("%s: %s: %s", path, name, refusal)
				}
				if name == "filters" {
					filters += len(values)
				}
			}
		}
	}
	if filters == 0 {
		t.Error("no slices were asked for; filters are not tested")
	}
}

// inclusive says how the document words whether a date is itself asked for.
func (doc openAPI) inclusive(t *testing.T, path, name string) bool {
	t.Helper()
	p, ok := doc.parameter(path, name)
	yes, no := strings.Contains(p.Description, "(inclusive)"), strings.Contains(p.Description, "(exclusive)")
	if !ok || yes == no || !strings.Contains(p.Description, "Format: YYYY-MM-DD") {
		t.Errorf("%s: %s is described as %q; expected an inclusive or exclusive YYYY-MM-DD", path, name, p.Description)
	}
	return yes
}

// The document's words decide which dates one day is asked for with.
func TestTheEndsOfADayAreSentAsTheDocumentWordsThem(t *testing.T) {
	doc := readOpenAPI(t)
	all := sent(t, doc)
	for _, path := range []string{query, listResponses} {
		if !doc.inclusive(t, path, "start_date") {
			t.Errorf("%s: start_date is exclusive", path)
		}
		end := dayOf(closed)
		if !doc.inclusive(t, path, "end_date") {
			end++
		}
		for _, r := range all[path] {
			if q := r.URL.Query(); q.Get("start_date") != closed || q.Get("end_date") != end.String() {
				t.Errorf("%s was asked for %s to %s, expected %s to %s", path, q.Get("start_date"), q.Get("end_date"), closed, end)
			}
		}
	}
}

func TestReportsAskForDocumentedFields(t *testing.T) {
	o := readOpenAPI(t).Paths[query].Get
	if len(o.Dimensions) < 20 || len(o.Metrics) < 10 || o.DateForm != "YYYYMMDD" {
		t.Fatalf("testdata has %d dimensions, %d metrics and dates as %s", len(o.Dimensions), len(o.Metrics), o.DateForm)
	}
	for _, r := range Reports() {
		metrics := slices.IndexFunc(r.Fields, func(f string) bool { return slices.Contains(o.Metrics, f) })
		for i, field := range r.Fields {
			if known := slices.Contains(o.Dimensions, field) && i < metrics || slices.Contains(o.Metrics, field) && i >= metrics; !known {
				t.Errorf("%s asks for %s, which is not documented, or stands before a dimension", r.Name, field)
			}
			if slices.Index(r.Fields, field) != i {
				t.Errorf("%s asks for %s twice", r.Name, field)
			}
		}
		if r.Fields[0] != "date" {
			t.Errorf("%s begins with %s, expected date", r.Name, r.Fields[0])
		}
		for _, f := range r.Filters {
			if name, _, _ := strings.Cut(f, ":"); !slices.Contains(o.Filterable, name) {
				t.Errorf("%s filters by %s", r.Name, name)
			}
		}
	}
}

// A slice holds whole rows because every response has one value of a slicing dimension, and one that is not null.
func TestSlicingDimensionsAreFilterableAndNeverNull(t *testing.T) {
	doc := readOpenAPI(t)
	o, response := doc.Paths[query].Get, doc.Components.Schemas["ResponseListing"]
	for _, dimension := range slicing {
		if !slices.Contains(o.Dimensions, dimension) || !slices.Contains(o.Filterable, dimension) {
			t.Errorf("%s is no dimension that can be filtered by", dimension)
		}
		member := strings.TrimPrefix(dimension, "ai_") // ai_platform is platform there
		s, ok := response.Properties[member]
		if single := s.Type == "string" || s.Type == "integer" || s.Type == "boolean"; !ok || !single || !slices.Contains(response.Required, member) {
			t.Errorf("%s of a response is %+v, expected one required value that is never null", member, s)
		}
	}
}

func TestLimitsAreTheDocumentedOnes(t *testing.T) {
	doc := readOpenAPI(t)
	if p, _ := doc.parameter(query, "limit"); p.Schema.Maximum == nil || *p.Schema.Maximum != maxRows {
		t.Errorf("at most %d rows are asked for, documented is %v", maxRows, p.Schema.Maximum)
	}
	for _, path := range listings {
		if p, _ := doc.parameter(path, "limit"); p.Schema.Default != float64(pageSize) || p.Schema.Maximum != nil {
			t.Errorf("%s: pages of %d are asked for, documented is %v by default", path, pageSize, p.Schema.Default)
		}
		if p, _ := doc.parameter(path, "offset"); p.Schema.Default != 0.0 {
			t.Errorf("%s: the first offset is %v", path, p.Schema.Default)
		}
	}
}

func TestRequiredMembersAreDocumentedAsSuch(t *testing.T) {
	doc := readOpenAPI(t)
	wants := func(name string, s schema, types map[string]string) {
		t.Helper()
		for member, kind := range types {
			if s.Properties[member].Type != kind || !slices.Contains(s.Required, member) {
				t.Errorf("%s: %s is %+v, expected a required %s", name, member, s.Properties[member], kind)
			}
		}
	}
	for dataset, path := range listings {
		s := doc.resolve(doc.Paths[path].Get.Responses["200"].Content["application/json"].Schema)
		wants(dataset, s, map[string]string{"total": "integer", "items": "array"})
		if dataset == "brands" {
			wants(dataset, doc.resolve(*s.Properties["items"].Items), map[string]string{"id": "integer", "name": "string"})
		}
	}
}
