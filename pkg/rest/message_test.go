package rest

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func messageFor(body string) string {
	c := &call{Request: Request{Method: "GET", Path: "/x"}}
	return c.statusError(&answer{Response: Response{Status: 400, Body: []byte(body)}}).Message
}

func TestTheMessageIsTheFirstUsefulText(t *testing.T) {
	for body, want := range map[string]string{
		`{"IsError":1,"Message":"Invalid API key."}`:                         "Invalid API key.",
		"\uFEFF" + `{"message":"Too many requests"}`:                         "Too many requests",
		`{"detail":"Not authenticated"}`:                                     "Not authenticated",
		`{"detail":[{"loc":["query","start_date"],"msg":"field required"}]}`: "field required",
		`{"error":"invalid_grant"}`:                                          "invalid_grant",
		`{"error":{"code":7,"message":"No such brand"}}`:                     "No such brand",
		`{"Message":null,"message":"","detail":7,"error":"the rest"}`:        "the rest",
		`{"title":"One or more errors","status":400}`:                        "One or more errors",
		`"limited"`:          "limited",
		`{"code":7}`:         `{"code":7}`,
		`{"Message":"cut of`: `{"Message":"cut of`,
		"":                   "",
		"  \r\n\t ":          "",
		"plain\r\n  text":    "plain text",
		"5 < 6 && 7 > 6":     "5 < 6 && 7 > 6",
		"<!DOCTYPE html><html><head><title>429</title><style>p{}</style></head><body><!-- a > b --><SCRIPT>x<y</SCRIPT>" +
			"<h1>Too&nbsp;many</h1><p>requests &lt;10&gt;</p></body></html>": "429 Too many requests <10>",
		"ends in a <tag":                  "ends in a",
		"<":                               "<",
		"a\x00b\x1b[31mc\u202ed\xffe":     "ab[31mcde",
		`{"Message":"line\nbreak\u0007"}`: "line break",
		strings.Repeat("ü", 300):          strings.Repeat("ü", 199) + "…",
	} {
		if got := messageFor(body); got != want {
			t.Errorf("%q: %q; expected %q", body, got, want)
		}
	}
}

func FuzzAMessageIsOneShortCleanLine(f *testing.F) {
	for _, body := range []string{`{"Message":"a"}`, `{"detail":[[{"msg":"b"}]]}`, "<html><script>", "<!--",
		"<a\xc0>b", "&#0;&lt;",
		"\uFEFF", "\xff\xfe<", `"\ud800"`, "x <scripts> y </SCRIPT > z"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := messageFor(body)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 200 || strings.TrimSpace(got) != got {
			t.Errorf("%q: %q", body, got)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q: control characters in %q", body, got)
		}
	})
}
