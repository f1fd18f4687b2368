package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/golden"
)

// sound is a configuration without a fault, a line a key. "top", "yard" and "brands" are where a key can be put.
var sound = []struct{ where, key, value string }{
	{"top", "version", "1"},
	{"top", "bucket", "acme-reporting"},
	{"top", "webhook", "{secret: hook, functions: {scrunch: f}}"},
	{"top", "scrapright", ""},
	{"yard", "account", "main"},
	{"yard", "url", "https://acme.scrapright.example"},
	{"yard", "api_key_secret", "key"},
	{"yard", "session_secret", "session"},
	{"top", "scrunch", ""},
	{"brands", "account", "main"},
	{"brands", "api_key_secret", "brands"},
}

// with is the sound configuration with another value of one key; "" leaves the key out.
func with(where, key, value string) string {
	var out strings.Builder
	put := func(where, key, value string) {
		indent := map[string]string{"top": "", "yard": "    ", "brands": "    "}[where]
		if key == "account" {
			indent = "  - "
		}
		fmt.Fprintf(&out, "%s%s: %s\n", indent, key, value)
	}
	done := false
	for i, line := range sound {
		if line.where == where && line.key == key {
			line.value, done = value, true
			if value == "" {
				continue
			}
		}
		put(line.where, line.key, line.value)
		last := i+1 == len(sound) || sound[i+1].where != where
		if line.where == where && where != "top" && last && !done {
			put(where, key, value)
		}
	}
	if where == "top" && !done {
		put(where, key, value)
	}
	return out.String()
}

// faults are the lines of the error that a text gets.
func faults(t *testing.T, text string) []string {
	t.Helper()
	c, err := Parse([]byte(text))
	if err == nil {
		return nil
	}
	var invalid *Invalid
	if c != nil || !errors.As(err, &invalid) {
		t.Fatalf("Parse answers %v, %v", c, err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(invalid.Faults) {
		t.Errorf("%d faults in %d lines:\n%s", len(invalid.Faults), len(lines), err)
	}
	return lines
}

func TestTheSoundConfigurationHasNoFault(t *testing.T) {
	if got := faults(t, with("top", "prefix", "reports")); got != nil {
		t.Error(got)
	}
}

// testdata/faults.txt holds every value that does not fit, and all that is said of it.
func TestValuesThatDoNotFit(t *testing.T) {
	const file = "testdata/faults.txt"
	table, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var again strings.Builder
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		again.WriteString(line)
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		where, key, _ := strings.Cut(name, " ")
		found := faults(t, with(where, key, value))
		if found == nil {
			t.Errorf("%s: no fault", line)
		}
		for _, fault := range found {
			again.WriteString("\t" + fault + "\n")
		}
	}
	golden.Compare(t, file, again.String())
}

const (
	topKeys    = "version, bucket, prefix, scrapright, scrunch, webhook"
	commonKeys = "start, restate_days, restate_every, refresh, verify_after, guard, "
	yardKeys   = "account, url, api_key_secret, session_secret, timezone, " + commonKeys +
		"requests_per_minute, datasets"
	brandsKeys = "account, url, api_key_secret, brands, except, " + commonKeys + "concurrency, reports, datasets"
)

func TestFaultsOfTheWhole(t *testing.T) {
	const noAccount = "configuration: found no account, expected at least one account under scrapright or scrunch"
	head := "version: 1\nbucket: acme-reporting\n"
	const second = "configuration: found a second document, expected " + oneDocument
	unreadable := func(why string) []string {
		return []string{"configuration: found text that cannot be read: " + why + ", expected " + oneDocument}
	}
	instead := func(key, found string, keys string) []string {
		return []string{key + ": found " + found + ", expected a mapping with " + keys}
	}
	sound := with("top", "prefix", "a")
	const name, id = `, expected 1 to 32 of a-z, 0-9 and "-"`, ", expected a whole number, 1 or more"
	for text, expected := range map[string][]string{
		"":                          {"configuration: found an empty text, expected " + oneDocument},
		"# nothing\n":               {"configuration: found an empty text, expected " + oneDocument},
		"---\n":                     instead("configuration", "nothing", topKeys),
		"s3://acme/yardstick.yaml":  instead("configuration", "a text", topKeys),
		"[]":                        instead("configuration", "a list", topKeys),
		"!!set {version}":           instead("configuration", "a tagged value", topKeys),
		"{":                         unreadable("did not find expected node content, near line 1"),
		"a: *hunter2":               unreadable("an alias (*) without its anchor (&)"),
		"\xff":                      unreadable("invalid leading UTF-8 octet"),
		sound + "---\nversion: 1\n": {second},
		sound + "---\n":             {second},
		sound + "---\n{\n":          unreadable("did not find expected node content, near line 14"),
		sound + "prefix: b\n":       {"prefix: found the key again, after line 12, expected each key once"},
		head:                        {noAccount},
		head + "scrapright: []\n":   {noAccount},
		head + "scrunch: main\n":    {"scrunch: found a text, expected a list of Scrunch accounts"},
		head + "scrapright:\n":      {"scrapright: found nothing, expected a list of ScrapRight accounts"},
		head + "scrapright: [main]": instead("scrapright[0]", "a text", yardKeys),
		head + "scrunch: &a [*a]\n": instead("scrunch[0]", "a list", brandsKeys),
		head + "scrunch: [{api_key_secret: k}]": {
			"scrunch[0].account: found nothing" + name},
		head + "scrunch: [{account: A, api_key_secret: k}, {account: A, api_key_secret: k}]": {
			`scrunch[0].account: found "A"` + name, `scrunch[1].account: found "A"` + name},
		with("brands", "except", "[0]\n    brands: [0]"): {
			"scrunch[0].except[0]: found 0" + id, "scrunch[0].brands[0]: found 0" + id},
		with("brands", "except", "[1]\n    brands: [2, 1]"): {
			"scrunch[0].except[0]: found the same as scrunch[0].brands[1], expected a brand that is not asked for by name"},
	} {
		if diff := cmp.Diff(expected, faults(t, text)); diff != "" {
			t.Errorf("%q (-expected +found)\n%s", text, diff)
		}
	}
}

func TestAllFaultsAreNamedAtOnceInTheOrderOfTheText(t *testing.T) {
	text, err := os.ReadFile("testdata/faulty.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse(text)
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, f := range invalid.Faults {
		fmt.Fprintf(&lines, "line %d: %s\n", f.Line, f)
	}
	golden.Compare(t, "testdata/faulty.txt", lines.String())
}
