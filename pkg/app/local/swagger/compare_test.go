package swagger_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"yardstick/pkg/app/local/swagger"
	"yardstick/pkg/config"
	"yardstick/pkg/golden"
)

const yardURL = "https://acme.scrapright.example"

// asDefault is what the configuration has where it says nothing of datasets.
func asDefault(t testing.TB) map[string]swagger.Dataset { return settings(t, nil) }

// settings are a configuration's, with lines of it changed.
func settings(t testing.TB, lines []string) map[string]swagger.Dataset {
	t.Helper()
	var base, changed map[string]any
	must(t, yaml.Unmarshal([]byte(`{version: 1, bucket: acme-reporting, scrapright: [{account: main, url: "`+yardURL+`",
		api_key_secret: key, session_secret: session}]}`), &base))
	must(t, yaml.Unmarshal([]byte(strings.Join(lines, "\n")), &changed))
	if accounts, ok := changed["scrapright"].([]any); ok {
		account := base["scrapright"].([]any)[0].(map[string]any)
		for key, value := range accounts[0].(map[string]any) {
			account[key] = value
		}
	}
	text, err := yaml.Marshal(base)
	must(t, err)
	c, err := config.Parse(text)
	if err != nil {
		t.Fatalf("the lines are no configuration: %v\n%s", err, strings.Join(lines, "\n"))
	}
	all := map[string]swagger.Dataset{}
	for name, d := range c.ScrapRight[0].Datasets {
		all[name] = swagger.Dataset{Path: d.Path, From: d.From, To: d.To, DateFormat: d.DateFormat, ToExclusive: d.ToExclusive,
			PageSize: d.PageSize, Records: d.Records, Total: d.Total}
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reference reads a description that a yard answers directly.
func reference(t testing.TB, yard, text string) *swagger.Reference {
	t.Helper()
	r, err := swagger.Read(t.Context(), yard, site{"/api/v1/swagger": text, "/acme/api/v1/swagger": text}.fetch)
	must(t, err)
	return r
}

// told are verdicts as text, and the lines to change.
func told(r *swagger.Reference, verdicts []swagger.Verdict) string {
	var out bytes.Buffer
	fmt.Fprintln(&out, "read:", r.Sources, "calls elsewhere:", r.Elsewhere())
	for _, v := range verdicts {
		fmt.Fprintf(&out, "%s: %s\n", v.Dataset, v.Path)
		for _, d := range v.Differences {
			fmt.Fprintf(&out, "  %s -> %v (minor %v): %s\n", d.Key, d.Value, d.Minor, d.Why)
		}
		for _, fault := range v.Faults {
			fmt.Fprintln(&out, "  fault:", fault)
		}
		for _, doubt := range v.Doubts {
			fmt.Fprintln(&out, "  doubt:", doubt)
		}
	}
	for _, line := range swagger.Lines("main", verdicts) {
		fmt.Fprintln(&out, line)
	}
	return out.String()
}

func TestReferencesOfManyDialectsAreComparedWithTheDefaults(t *testing.T) {
	for file, yard := range map[string]string{
		"swashbuckle-net48.json": yardURL,
		"nswag-net8.json":        yardURL + "/acme",
		"other-habits.yaml":      yardURL,
	} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", file))
			must(t, err)
			r := reference(t, yard, string(text))
			verdicts := r.Compare(asDefault(t))
			golden.Compare(t, "testdata/"+file+".golden", told(r, verdicts))

			// The lines mend what they name: with them in place, nothing differs any more.
			for _, v := range r.Compare(settings(t, swagger.Lines("main", verdicts))) {
				if len(v.Differences) > 0 {
					t.Errorf("after the change %s still differs: %+v", v.Dataset, v.Differences)
				}
			}
		})
	}
}
