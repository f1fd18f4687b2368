package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

// differentYard has other paths, names and shapes than the default.
func differentYard(kind SwaggerKind) YardConfig {
	return YardConfig{
		Name: `Acme <&> "Sons"`, Swagger: kind, Nested: "Items", Total: true,
		Routes: map[string]Route{
			Purchases: {Path: "/api/v1/purchases", From: "dateFrom", To: "dateTo"},
			Customers: {Path: "/api/v1/crm/customers"},
		},
	}
}

// checkReference holds a document to what the yard really serves.
func checkReference(t *testing.T, c *yardClient, doc *openapi3.T) {
	t.Helper()
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		if item.Get == nil {
			continue
		}
		target := strings.NewReplacer("{id}", "1001", "{customerId}", "1001", "{businessId}", "501").Replace(path)
		if strings.Contains(path, "business/{id}") {
			target = strings.Replace(path, "{id}", "501", 1)
		}
		query := "?"
		for _, p := range item.Get.Parameters {
			switch v := p.Value; {
			case v.In == "path":
			case v.Schema.Value.Format == "date":
				query += v.Name + "=" + day20 + "&"
			case v.Name == "name":
				query += "name=a&"
			case v.Name == "page" || v.Name == "pageSize":
				query += v.Name + "=1&"
			default:
				t.Errorf("%s has an unexpected parameter %s", path, v.Name)
			}
		}
		status, body := c.get(target + query)
		if status != http.StatusOK {
			t.Errorf("%s is described, and answers %d %s", target+query, status, body)
			continue
		}
		var answer any
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		checkMembers(t, path, item.Get.Responses.Status(200).Value.Content["application/json"].Schema.Value, answer)
	}
}

// checkMembers finds every member of an answer in its schema.
func checkMembers(t *testing.T, path string, schema *openapi3.Schema, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			p := schema.Properties[name]
			if p == nil {
				t.Errorf("%s: %s is served and not described", path, name)
				continue
			}
			checkMembers(t, path+"."+name, p.Value, member)
		}
	case []any:
		for _, element := range v {
			checkMembers(t, path+"[]", schema.Items.Value, element)
		}
	}
}

func TestReferenceDescribesWhatIsServed(t *testing.T) {
	for name, cfg := range map[string]YardConfig{"default": {}, "different": differentYard(SwaggerOpenAPI3)} {
		t.Run(name, func(t *testing.T) {
			c := newYardClient(t, cfg)
			_, body := c.get("/api/v1/swagger")
			doc, err := openapi3.NewLoader().LoadFromData([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			checkReference(t, c, doc)
			purchases := doc.Paths.Find(c.cfg.Routes[Purchases].Path)
			if purchases == nil || purchases.Get.Parameters.GetByInAndName("query", c.cfg.Routes[Purchases].From) == nil {
				t.Error("the configured route of purchases is not described")
			}
		})
	}
}

func TestSwagger2DescribesTheSame(t *testing.T) {
	c := newYardClient(t, differentYard(Swagger2))
	_, body := c.get("/api/v1/swagger")
	var old openapi2.T
	if err := json.Unmarshal([]byte(body), &old); err != nil {
		t.Fatal(err)
	}
	if old.Swagger != "2.0" {
		t.Errorf("version %q", old.Swagger)
	}
	doc, err := openapi2conv.ToV3(&old)
	if err != nil {
		t.Fatal(err)
	}
	checkReference(t, c, doc)
}

func TestSwaggerPageNamesTheDocumentOnTheSameHost(t *testing.T) {
	c := newYardClient(t, differentYard(SwaggerPage))
	status, page := c.get("/api/v1/swagger")
	if status != http.StatusOK || !strings.Contains(page, `url: "/swagger/v1/swagger.json"`) ||
		!strings.Contains(page, "Acme &lt;&amp;&gt;") {
		t.Errorf("%d %s", status, page)
	}
	_, body := c.get("/swagger/v1/swagger.json")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	checkReference(t, c, doc)
}

func TestSwaggerKinds(t *testing.T) {
	tests := map[string]struct {
		kind                      SwaggerKind
		withToken, without, other int // other: the document that only a page names
	}{
		"open":   {SwaggerOpenAPI3, 200, 200, 404},
		"page":   {SwaggerPage, 200, 200, 200},
		"locked": {SwaggerLocked, 200, 401, 404},
		"absent": {SwaggerAbsent, 404, 404, 404},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newYardClient(t, YardConfig{Swagger: tt.kind})
			if status, _ := c.get("/api/v1/swagger"); status != tt.withToken {
				t.Errorf("with a token %d; expected %d", status, tt.withToken)
			}
			if status, _ := c.get("/swagger/v1/swagger.json"); status != tt.other {
				t.Errorf("the document %d; expected %d", status, tt.other)
			}
			c.access = ""
			if status, _ := c.get("/api/v1/swagger"); status != tt.without {
				t.Errorf("without %d; expected %d", status, tt.without)
			}
		})
	}
}
