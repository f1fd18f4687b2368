package simulator

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
)

const (
	swaggerPath         = "/api/v1/swagger"
	swaggerDocumentPath = "/swagger/v1/swagger.json"
)

// SwaggerKind is the way in which a yard tells its reference at /api/v1/swagger, where the vendor's page says it is.
type SwaggerKind int

// The ways. SwaggerOpenAPI3 is the zero value.
const (
	SwaggerOpenAPI3 SwaggerKind = iota // an OpenAPI 3 document in JSON
	Swagger2                           // a Swagger 2 document in JSON
	SwaggerPage                        // an HTML page that names the document: /swagger/v1/swagger.json, same host
	SwaggerLocked                      // an OpenAPI 3 document, to those who send an access token
	SwaggerAbsent                      // 404
)

// parameter and operation describe one call, whatever the version of the document.
type parameter struct {
	name, in, kind, format, about string
	required                      bool
}

type operation struct {
	method, path, tag, summary string
	parameters                 []parameter
	schema                     string // of Data, or of its elements
	many                       bool
	secured                    bool
}

func (y *Yard) swagger(c *call) *Reply {
	if y.cfg.Swagger == SwaggerAbsent {
		return notFound()
	}
	return only(http.MethodGet, c, y.reference)
}

func (y *Yard) reference(c *call) *Reply {
	switch y.cfg.Swagger {
	case SwaggerLocked:
		if err := y.sessions.authorize(c.accessToken); err != nil {
			return refusal(http.StatusUnauthorized, err.Error())
		}
	case SwaggerPage:
		if c.Path == swaggerPath {
			return y.swaggerPage()
		}
	case Swagger2:
		return document(y.swagger2())
	}
	return document(y.openAPI3())
}

func document(doc map[string]any) *Reply {
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return refusal(http.StatusInternalServerError, err.Error())
	}
	return jsonReply(http.StatusOK, append(body, '\n'))
}

func (y *Yard) swaggerPage() *Reply {
	page := fmt.Sprintf(`<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>%s API</title>
  <link rel="stylesheet" href="/swagger/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/swagger/swagger-ui-bundle.js"></script>
<script>
  window.onload = function () {
    window.ui = SwaggerUIBundle({
      url: %q,
      dom_id: "#swagger-ui",
      deepLinking: true
    });
  };
</script>
</body>
</html>
`, html.EscapeString(y.cfg.Name), swaggerDocumentPath)
	return &Reply{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body:   []byte(page),
	}
}

// operations is everything that the yard serves.
func (y *Yard) operations() []operation {
	page := []parameter{
		{name: "page", in: "query", kind: "integer", format: "int32", about: "Page to return, from 1."},
		{name: "pageSize", in: "query", kind: "integer", format: "int32",
			about: fmt.Sprintf("Records a page, at most %d.", y.cfg.MaxPageSize)},
	}
	purchases, customers, businesses := y.cfg.Routes[Purchases], y.cfg.Routes[Customers], y.cfg.Routes[Businesses]
	days := []parameter{
		{name: purchases.From, in: "query", kind: "string", format: dateFormat(purchases.Layout), required: true,
			about: "First day, as " + purchases.Layout + "."},
		{name: purchases.To, in: "query", kind: "string", format: dateFormat(purchases.Layout), required: true,
			about: lastDay(purchases)},
	}
	id := func(name string) []parameter {
		return []parameter{{name: name, in: "path", kind: "integer", format: "int64", required: true}}
	}
	name := []parameter{{name: "name", in: "query", kind: "string", required: true, about: "Part of the name."}}
	get := func(path, tag, summary, schema string, many bool, sets ...[]parameter) operation {
		o := operation{method: "get", path: path, tag: tag, summary: summary, schema: schema, many: many, secured: true}
		for _, set := range sets {
			o.parameters = append(o.parameters, set...)
		}
		return o
	}
	return []operation{
		{method: "post", path: tokenPath, tag: "Authorization", schema: "Token",
			summary:    "Exchange an API key for a token",
			parameters: []parameter{{name: "X-Api-Key", in: "header", kind: "string", required: true}}},
		{method: "post", path: refreshPath, tag: "Authorization", schema: "Token",
			summary:    "Use a refresh token",
			parameters: []parameter{{name: "refreshToken", in: "form", kind: "string", required: true}}},
		get(customers.Path, "Customer", "List active customers", "Customer", true, page),
		get(customers.Path+"/search", "Customer", "Search customers by name", "Customer", true, name, page),
		get(customers.Path+"/{id}", "Customer", "Get a customer", "Customer", false, id("id")),
		get(businesses.Path, "Business", "List active businesses", "Business", true, page),
		get(businesses.Path+"/search", "Business", "Search businesses by name", "Business", true, name, page),
		get(businesses.Path+"/{id}", "Business", "Get a business", "Business", false, id("id")),
		get(purchases.Path, "Purchase", "List purchases by date range", "Purchase", true, days, page),
		get(purchases.Path+"/customer/{customerId}", "Purchase", "List the purchases of a customer", "Purchase", true,
			id("customerId"), page),
		get(purchases.Path+"/business/{businessId}", "Purchase", "List the purchases of a business", "Purchase", true,
			id("businessId"), page),
	}
}

func dateFormat(layout string) string {
	if layout == "2006-01-02" {
		return "date"
	}
	return ""
}

func lastDay(r Route) string {
	if r.ToExclusive {
		return "The day after the last one, as " + r.Layout + "."
	}
	return "Last day, as " + r.Layout + "."
}
