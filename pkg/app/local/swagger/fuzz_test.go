package swagger_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"yardstick/pkg/app/local/swagger"
)

// Whatever a page holds, what is found in it are single addresses, each once, and no page leads off the yard's host.
func FuzzLinks(f *testing.F) {
	for _, text := range []string{frameworkPage, corePage, coreScript, initializerPage, `url:"`, "Redoc.init(`/a`", `url='a"b'`,
		`<script src="a"><script src='b'>`, `<meta content="0;url=x">`, `discoveryPaths: "a||b"`, `{"url":"\u002fa"}`, `"url" : "//other/x"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range swagger.Links(text) {
			seen := map[string]bool{}
			for _, at := range found {
				if at == "" || seen[at] {
					t.Fatalf("%q in %q: empty, or there before", at, found)
				}
				seen[at] = true
			}
		}
		n := 0
		r, err := swagger.Read(t.Context(), yardURL, func(_ context.Context, path string) (swagger.Answer, error) {
			if n++; !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, unicode.IsControl) {
				t.Fatalf("asked for %q, which is no path of the host", path)
			}
			return swagger.Answer{Path: path, Status: http.StatusOK, Body: []byte(text)}, nil
		})
		if n > 8 || (r == nil) == (err == nil) {
			t.Fatalf("%d requests, %v, %v", n, r, err)
		}
	})
}

// Whatever a description holds, the comparison ends, and the lines that come of it are a configuration.
func FuzzDescriptions(f *testing.F) {
	for _, file := range []string{"swashbuckle-net48.json", "nswag-net8.json", "other-habits.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		must(f, err)
		f.Add(string(text))
	}
	f.Add(describe(call{path: "/api/v1/purchase", query: []string{pages, days}}))
	f.Add(`{"swagger":"2.0","paths":{"/purchase":null,"/customer":{"get":null},"/business":{"get":{"responses":{"200":null}}}}}`)
	f.Add(`{"swagger":"2.0","paths":{"/customer":{"get":{"parameters":[null],"responses":{"200":{"schema":{"$ref":"#/definitions/A"}}}}}},"definitions":{"A":{"allOf":[{"$ref":"#/definitions/A"}]}}}`)
	f.Add("openapi: 3\npaths: {/customers: {get: {responses: {200: &a {description: x}, 201: *a}}}}")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := swagger.Read(t.Context(), yardURL, site{start: text}.fetch)
		if err != nil {
			return
		}
		settings(t, swagger.Lines("main", r.Compare(asDefault(t))))
	})
}

// Whatever a text says, a layout found in it is one that a date survives.
func FuzzLayouts(f *testing.F) {
	for _, text := range []string{"yyyy-MM-dd", "MM/dd/yyyy HH:mm", "yyyyMMdd'T'HH:mm:ss", "2026-01-31T01:02:03.5+01:00", "31.01.2026", "20260131"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		layout := swagger.LayoutIn(text)
		if layout == "" {
			return
		}
		day := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
		back, err := time.Parse(layout, day.Format(layout))
		if err != nil || !back.Equal(day) {
			t.Fatalf("%q gives %q, which reads %s back as %s: %v", text, layout, day, back, err)
		}
	})
}
