package config

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode"
)

func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/full.yaml", "testdata/faulty.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{leastYAML, "", "---\n---\n", "a: &a [*a]", "? {a: b}\n: c", "<<: *a",
		"%YAML 1.1\n---\n!!map {}",
		`{"version":1,"bucket":"abc","scrunch":[{"account":"\ud83d\ude00\/","api_key_secret":"k"}]}`, "{\"a\\",
		"- - -\n- : :"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err == nil {
			if c == nil {
				t.Fatal("neither a configuration nor an error")
			}
			sane(t, c)
			return
		}
		var invalid *Invalid
		if c != nil || !errors.As(err, &invalid) || len(invalid.Faults) == 0 {
			t.Fatalf("a configuration beside an error, or an error without a fault: %v, %v", c, err)
		}
		for i, fault := range invalid.Faults {
			if fault.Key == "" || fault.Found == "" || fault.Expected == "" || fault.Line < 1 {
				t.Errorf("%+v lacks something", fault)
			}
			if strings.ContainsFunc(fault.String(), unicode.IsControl) {
				t.Errorf("%q is not one line", fault)
			}
			if i > 0 && fault.Line < invalid.Faults[i-1].Line {
				t.Errorf("%q stands before %q", invalid.Faults[i-1], fault)
			}
		}
	})
}

// sane looks for what no reader of a configuration checks again.
func sane(t *testing.T, c *Config) {
	t.Helper()
	if c.Bucket == "" || len(c.ScrapRight)+len(c.Scrunch) == 0 || c.Prefix != "" && !strings.HasSuffix(c.Prefix,
		"/") {
		t.Errorf("%+v", c)
	}
	for _, a := range c.ScrapRight {
		if a.Account == "" || a.Location == nil || a.Location.String() != a.Timezone || len(a.Datasets) != 3 ||
			a.SessionSecret == "" || a.APIKeySecret == "" || strings.HasSuffix(a.URL, "/") || a.RestateEvery < 0 {
			t.Errorf("%+v", a)
		}
	}
	for _, a := range c.Scrunch {
		if a.Account == "" || a.APIKeySecret == "" || a.Concurrency < 1 || a.URL == "" || a.Guard == "" {
			t.Errorf("%+v", a)
		}
	}
}
