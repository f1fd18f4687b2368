package swagger_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/app/local/swagger"
)

// site is what lies at the paths of a host: a body, "-> /path" for a redirect, or "401" for a status.
type site map[string]string

func (s site) fetch(ctx context.Context, path string) (swagger.Answer, error) {
	body, ok := s[path]
	for strings.HasPrefix(body, "-> ") {
		path = strings.TrimPrefix(body, "-> ")
		body, ok = s[path]
	}
	status, err := strconv.Atoi(body)
	switch {
	case !ok:
		return swagger.Answer{Path: path, Status: http.StatusNotFound}, nil
	case err == nil:
		return swagger.Answer{Path: path, Status: status}, nil
	}
	return swagger.Answer{Path: path, Status: http.StatusOK, Body: []byte(body)}, ctx.Err()
}

// small is a description with one call.
func small(path string) string {
	return fmt.Sprintf(`{"openapi":"3.0.1","info":{"title":"x","version":"v1"},"paths":{%q:{"get":{"responses":{"200":{"description":"OK"}}}}}}`, path)
}

const start = "/api/v1/swagger"

func TestDescriptionsAreFoundBehindEveryKindOfPage(t *testing.T) {
	doc := small("/api/v1/purchase")
	for name, at := range map[string]struct {
		site site
		want []string // paths of the sources
	}{
		"the description itself": {
			site{
				start: doc,
			}, []string{start}},
		"with a byte order mark": {
			site{
				start: "\ufeff" + doc,
			}, []string{start}},
		"in YAML": {
			site{
				start: "# a yard\nswagger: 2.0\ninfo: {title: x, version: v1}\npaths: {}\n",
			}, []string{start}},
		"after a redirect": {
			site{
				start:                      "-> /swagger/v1/swagger.json",
				"/swagger/v1/swagger.json": doc,
			}, []string{"/swagger/v1/swagger.json"}},
		"Swagger UI, inline": {
			site{
				start:      `<html><script>SwaggerUIBundle({url: "/v1.json", dom_id: '#ui'})</script>`,
				"/v1.json": doc,
			}, []string{"/v1.json"}},
		"an address with a query": {
			site{
				start:                `<script>SwaggerUI({ "url" : '/doc?name=v1&x=%20' })</script>`,
				"/doc?name=v1&x=%20": doc,
			}, []string{"/doc?name=v1&x=%20"}},
		"its own host, spelt out": {
			site{
				start:      `url: "http://ACME.scrapright.example:80/v1.json"`,
				"/v1.json": doc,
			}, []string{"/v1.json"}},
		"ReDoc, as an element": {
			site{
				start:              `<redoc spec-url='/v1.json?a=1&amp;b=2'></redoc>`,
				"/v1.json?a=1&b=2": doc,
			}, []string{"/v1.json?a=1&b=2"}},
		"ReDoc, by its script": {
			site{
				start:      "<script>Redoc.init(`/v1.json`, {})</script>",
				"/v1.json": doc,
			}, []string{"/v1.json"}},
		"Scalar": {
			site{
				start:      `<script id="api-reference" data-url="/v1.json"></script>`,
				"/v1.json": doc,
			}, []string{"/v1.json"}},
		"a page that moves on": {
			site{
				start:           `<meta http-equiv="refresh" content="0; url=/docs/">`,
				"/docs/":        `<redoc spec-url="v1.json">`,
				"/docs/v1.json": doc,
			}, []string{"/docs/v1.json"}},
		"a list of descriptions": {
			site{
				start: `{"urls":[{"name":"a","url":"/a"},{"name":"b","url":"/b"}]}`,
				"/a":  doc,
				"/b":  doc,
			}, []string{"/a", "/b"}},
		"Swashbuckle for .NET Framework": {
			site{
				start:                      "-> /api/v1/swagger/ui/index",
				"/api/v1/swagger/ui/index": frameworkPage,
				"/api/v1/swagger/docs/v1":  doc,
			}, []string{"/api/v1/swagger/docs/v1"}},
		"Swashbuckle, escaped in its script": {
			site{
				start:                             "-> /api/v1/swagger/index.html",
				"/api/v1/swagger/index.html":      corePage,
				"/api/v1/swagger/index.js":        coreScript,
				"/api/v1/swagger/v1/swagger.json": doc,
			}, []string{"/api/v1/swagger/v1/swagger.json"}},
		"an initializer with a configUrl": {site{start: "-> /swagger-ui/index.html", "/swagger-ui/index.html": initializerPage,
			"/swagger-ui/swagger-initializer.js": `window.ui = SwaggerUIBundle({ url: "", "configUrl" : "/v3/api-docs/swagger-config", layout: "x" });`,
			"/v3/api-docs/swagger-config":        `{"configUrl":"/v3/api-docs/swagger-config","oauth2RedirectUrl":"https://acme.scrapright.example/o.html","url":"/v3/api-docs"}`,
			"/v3/api-docs":                       doc}, []string{"/v3/api-docs"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := swagger.Read(t.Context(), yardURL, at.site.fetch)
			must(t, err)
			var got []string
			for _, source := range r.Sources {
				got = append(got, source.Path)
			}
			if diff := cmp.Diff(at.want, got); diff != "" || len(r.Notes) > 0 {
				t.Errorf("sources (-want +got):\n%s\nnotes %q", diff, r.Notes)
			}
		})
	}
}

const frameworkPage = `<!DOCTYPE html><html><head>
<script src='lib/jquery-1-8-0-min-js' type='text/javascript'></script>
<script type="text/javascript">
window.swashbuckleConfig = {
  rootUrl: 'https://acme.scrapright.example',
  discoveryPaths: arrayFrom('api/v1/swagger/docs/v1'),
  booleanValues: arrayFrom('true|false'),
  validatorUrl: stringOrNullFrom(''),
  oAuth2Enabled: ('false' == 'true'),
};
</script></head><body></body></html>`

const corePage = `<!doctype html><html><head><title>Swagger UI</title>
<link rel="stylesheet" type="text/css" href="./swagger-ui.css">
</head><body><div id="swagger-ui"></div>
<script src="./swagger-ui-bundle.js" charset="utf-8"></script>
<script src="./swagger-ui-standalone-preset.js" charset="utf-8"></script>
<script src="index.js" charset="utf-8"></script></body></html>`

const coreScript = `window.onload = function () {
  var configObject = JSON.parse('{\u0022urls\u0022:[{\u0022url\u0022:\u0022v1\/swagger.json\u0022,\u0022name\u0022:\u0022Yard v1\u0022}],"validatorUrl":null}');
  configObject.dom_id = "#swagger-ui";
  const ui = SwaggerUIBundle(configObject);
}`

const initializerPage = `<html><body><div id="swagger-ui"></div>
<script src="https://cdn.example/swagger-ui-extras.js"></script>
<script src="./swagger-ui-bundle.js" charset="UTF-8"> </script>
<script src="./swagger-initializer.js" charset="UTF-8"> </script></body></html>`

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	for name, at := range map[string]struct {
		site site
		want []string // parts of the message
	}{
		"nothing there": {
			site{},
			[]string{"GET /api/v1/swagger: status 404"}},
		"locked": {
			site{start: "401"},
			[]string{"status 401"}},
		"the document is locked": {
			site{start: `url: "/v1.json"`, "/v1.json": "403"},
			[]string{"GET /v1.json: status 403"}},
		"another host": {
			site{start: `url: "https://petstore.example/v2/swagger.json"`},
			[]string{"names one at https://petstore.example, which is not asked"}},
		"another port": {
			site{start: `url: "https://acme.scrapright.example:8443/v1.json"`},
			[]string{"names one at https://acme.scrapright.example:8443"}},
		"a page of another sort": {
			site{start: `<html><p>Sign in</p></html>`},
			[]string{"neither a Swagger 2.0 or OpenAPI 3 description nor a page"}},
		"an answer of the API": {
			site{start: `{"IsError":1,"Message":"no"}`},
			[]string{"neither"}},
		"Swagger 1.2": {
			site{start: `{"swaggerVersion":"1.2","swagger":"1.2"}`},
			[]string{`version "1.2"; expected Swagger 2.0 or OpenAPI 3`}},
		"a broken reference": {
			site{start: `{"openapi":"3.0.0","info":{"title":"","version":""},"paths":{"/a":{"get":{"parameters":[{"$ref":"#/components/parameters/None"}],"responses":{}}}}}`},
			[]string{"cannot be made sense of"}},
		"a reference to another file": {
			site{start: `{"openapi":"3.0.0","info":{"title":"","version":""},"paths":{"/a":{"$ref":"https://other.example/a.json"}}}`},
			[]string{"cannot be made sense of", "disallowed external reference"}},
		"a reference to a file here": {
			site{start: `{"swagger":"2.0","info":{"title":"","version":""},"paths":{"/a":{"get":{"parameters":[{"$ref":"/etc/passwd"}],"responses":{}}}}}`},
			[]string{"cannot be made sense of", "disallowed external reference"}},
		"a null where a path belongs": {
			site{start: `{"swagger":"2.0","info":{"title":"","version":""},"paths":{"/a":null}}`},
			[]string{"cannot be made sense of"}},
		"broken YAML": {
			site{start: "openapi: 3.0.0\n\t- x"},
			[]string{"neither JSON nor YAML"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := swagger.Read(t.Context(), yardURL, at.site.fetch)
			for _, part := range at.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("got %v; want %q in it", err, part)
				}
			}
		})
	}
}

func TestAStatusIsTypedForTheCaller(t *testing.T) {
	_, err := swagger.Read(t.Context(), yardURL, site{start: `urls: [{url: "/a"}, {url: "/b"}]`, "/a": "401", "/b": "503"}.fetch)
	status, ok := errors.AsType[*swagger.StatusError](err)
	if !ok || status.Status != http.StatusUnauthorized || status.Path != "/a" {
		t.Errorf("got %v; want the status 401 of /a", err)
	}
}

func TestWhatWasLeftUnreadBesideADescriptionIsNoted(t *testing.T) {
	at := site{start: `urls: [{url: "/a"}, {url: "/b"}, {url: "https://other.example/c"}]`, "/a": small("/api/v1/purchase"), "/b": "500"}
	r, err := swagger.Read(t.Context(), yardURL, at.fetch)
	must(t, err)
	want := []string{"GET /b: status 500", "a description at https://other.example is not asked: it is another host"}
	if diff := cmp.Diff(want, r.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestTheSearchEndsAfterEightRequestsToTheYardsOwnPaths(t *testing.T) {
	var asked []string
	endless := func(_ context.Context, path string) (swagger.Answer, error) {
		asked = append(asked, path)
		next := fmt.Sprintf(`url: "/%d" <script src="https://cdn.example/x.js"></script>`, len(asked))
		return swagger.Answer{Path: path, Status: http.StatusOK, Body: []byte(next)}, nil
	}
	_, err := swagger.Read(t.Context(), yardURL, endless)
	if err == nil || !strings.Contains(err.Error(), "8 requests led no further") {
		t.Errorf("got %v; want an error that names the 8 requests", err)
	}
	if len(asked) != 8 || slices.ContainsFunc(asked, func(p string) bool { return !strings.HasPrefix(p, "/") }) {
		t.Errorf("asked for %q; want 8 paths", asked)
	}
}

func TestAPageThatNamesItselfIsAskedOnce(t *testing.T) {
	n := 0
	page := func(_ context.Context, path string) (swagger.Answer, error) {
		n++
		return swagger.Answer{Path: path, Status: http.StatusOK, Body: []byte(`url: "/api/v1/swagger" configUrl: "../v1/swagger"`)}, nil
	}
	if _, err := swagger.Read(t.Context(), yardURL, page); err == nil || n != 1 {
		t.Errorf("got %v after %d requests; want an error after one", err, n)
	}
}

func TestTheSearchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := swagger.Read(ctx, yardURL, func(context.Context, string) (swagger.Answer, error) {
		n++
		cancel()
		return swagger.Answer{}, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("got %v after %d requests; want context.Canceled after one", err, n)
	}
}
