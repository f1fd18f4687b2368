package about_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// slot is a place in a tag that may be filled, beside text: these attributes, in double quotes.
var slot = regexp.MustCompile(`(^| )(id|class|title|aria-label|aria-labelledby|datetime|href|d|x|y|content)="([^"{}]*)(\{\}[^"{}]*)+"`)

// constant is what an expression of string literals spells.
func constant(e ast.Expr) (string, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(e.Value)
	case *ast.BinaryExpr:
		left, err := constant(e.X)
		if err != nil {
			return "", err
		}
		right, err := constant(e.Y)
		return left + right, err
	}
	return "", fmt.Errorf("%T is no string literal", e)
}

func TestOnlyLiteralsAreMarkupAndSlotsAreTextOrQuoted(t *testing.T) {
	files, err := filepath.Glob("page*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, name := range slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") }) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "markup" {
				t.Errorf("%s: text is made markup", set.Position(n.Pos()))
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "put" {
				calls++
				if err := sound(call); err != nil {
					t.Errorf("%s: %v", set.Position(n.Pos()), err)
				}
			}
			return true
		})
	}
	if calls < 50 {
		t.Errorf("%d calls of put were found; the page has more", calls)
	}
}

// sound says what is wrong with a call of put.
func sound(call *ast.CallExpr) error {
	m, err := constant(call.Args[0])
	if err != nil {
		return err
	}
	if slots := strings.Count(m, "{}"); slots != len(call.Args)-1 || call.Ellipsis.IsValid() {
		return fmt.Errorf("%d slots and %d values", slots, len(call.Args)-1)
	}
	for rest := m; ; {
		before, tag, found := strings.Cut(rest, "<")
		if strings.Contains(before, ">") {
			return fmt.Errorf("%q has > outside of a tag", m)
		}
		if !found {
			return nil
		}
		tag, rest, found = strings.Cut(tag, ">")
		if !found {
			return fmt.Errorf("%q ends within a tag", m)
		}
		if strings.Contains(slot.ReplaceAllString(tag, ""), "{}") {
			return fmt.Errorf("a slot of <%s> is not in a quoted attribute that may have one", tag)
		}
		if strings.Contains(tag, `href="{}`) {
			return fmt.Errorf("<%s> lets a value say where it leads", tag)
		}
	}
}

var element = regexp.MustCompile(`^(!DOCTYPE|/?[a-z]+[1-6]?)$`)

// skeleton is a page without its texts: the tags in order, with the names of their attributes. It fails where a tag is
// not as this package writes them, or < or > stands anywhere else.
func skeleton(t testing.TB, p string) string {
	t.Helper()
	begin, end := strings.Index(p, "<style>"), strings.Index(p, "</style>")
	p = p[:begin+len("<style>")] + p[end:]
	var bones strings.Builder
	for {
		words, rest, found := strings.Cut(p, "<")
		if strings.Contains(words, ">") {
			t.Fatalf("text has > as it stands: %.200q", words)
		}
		if !found {
			return bones.String()
		}
		closing := strings.HasPrefix(rest, "/")
		name := rest[:strings.IndexAny(rest[1:]+">", " />")+1]
		if !element.MatchString(name) {
			t.Fatalf("<%.100q is no tag", rest)
		}
		bones.WriteString("<" + name)
		if p = attributes(t, &bones, rest[len(name):]); closing && !strings.HasPrefix(rest[len(name):], ">") {
			t.Fatalf("</%s has attributes", name)
		}
	}
}

// attributes takes a tag's attributes off p, and its end.
func attributes(t testing.TB, bones *strings.Builder, p string) string {
	t.Helper()
	for {
		p = strings.TrimLeft(p, " ")
		if rest, closed := strings.CutPrefix(strings.TrimPrefix(p, "/"), ">"); closed {
			bones.WriteByte('>')
			return rest
		}
		name := p[:len(p)-len(strings.TrimLeft(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"))]
		value, rest, closed := strings.Cut(strings.TrimPrefix(p[len(name):], `="`), `"`)
		switch quoted := strings.HasPrefix(p[len(name):], `="`); {
		case name == "html" && !quoted: // of <!DOCTYPE html>
			rest = p[len(name):]
		case name == "" || !quoted || !closed || strings.ContainsAny(value, "<>"):
			t.Fatalf("an attribute is not a name and a quoted value: %.200q", p)
		case name == "href" && !strings.HasPrefix(value, "#") && value != "data:,":
			t.Fatalf("a link leads to %q", value)
		}
		bones.WriteString(" " + name)
		p = rest
	}
}

// named is a small status in which each text that comes from elsewhere is s.
func named(s string) about.Status {
	month := snapshot.DateOf(2026, time.November, 1)
	status := everythingSince(month, month)
	status.Faults = []string{s}
	source := &status.Sources[0]
	source.Source, status.Sources = s, status.Sources[:1]
	source.Runs = source.Runs[:1]
	source.Runs[0].Run, source.Runs[0].Status = s, s
	source.Runs[0].Errors, source.Runs[0].Warnings = []string{s}, []string{s}
	for i := range source.Accounts {
		a := &source.Accounts[i]
		a.Account, a.Timezone, a.Credential.State, a.Notes = s, s, s, []string{s}
		if a.Error != nil {
			a.Error.Error = s
		}
		for k := range a.Datasets {
			a.Datasets[k].Dataset, a.Datasets[k].Parts = s, []string{s, s}
			for f := range a.Datasets[k].Failures {
				failure := &a.Datasets[k].Failures[f]
				failure.Error, failure.Part, failure.Kind = s, s, export.Kind(s)
			}
		}
	}
	return status
}

// hostile are names as nobody gives them.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "`${alert(1)}`", `--><!--`,
	`]]></title></style></svg><svg onload=alert(1)>`, `{}{}`, `&lt;b&gt;`, `javascript:alert(1)`, "a\nb\r\tc", "a\x00b\x1b[31m",
	"\u202egnp.exe", "\u2066\u200f\u061c", "עברית", "\xff\xfe<", "\u2028\u2029", strings.Repeat("w", 300), "",
}

func TestHostileNamesStayText(t *testing.T) {
	want := skeleton(t, page(t, named("plain")))
	for _, name := range hostile {
		p := page(t, named(name))
		if got := skeleton(t, p); got != want {
			t.Errorf("%q makes other tags or attributes", name)
		}
		if strings.ContainsAny(p, "\x00\x1b\r\t\u202e\u2066\u200f\u061c\u2028\u2029") {
			t.Errorf("%q has what cannot be seen on the page", name)
		}
	}
}

func TestHostileNamesAreReadAsTheyAre(t *testing.T) {
	for name, want := range map[string]string{
		`<script>alert(1)</script>`: `<script>alert(1)</script>`,
		"\u202egnp.exe":             "[U+202E]gnp.exe",
		"a\nb\x00":                  "a b[U+0000]",
		"\xff":                      "[U+FFFD]",
		"`'\"&amp;{}":               "`'\"&amp;{}",
	} {
		p := page(t, named(name))
		escaped := html.EscapeString(want)
		for _, place := range []string{"<bdi>" + escaped + "</bdi>", escaped + "/" + escaped + "</bdi></h2>"} {
			if !strings.Contains(p, place) {
				t.Errorf("%q: the page has no %s", name, place)
			}
		}
	}
}

func FuzzPageHasNoOtherTagsWhateverTheNames(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	want := skeleton(f, page(f, named("plain")))
	f.Fuzz(func(t *testing.T, name string) {
		if name == about.Refused || name == about.Good { // these say something
			return
		}
		if got := skeleton(t, page(t, named(name))); got != want {
			t.Errorf("%q makes other tags or attributes", name)
		}
	})
}
