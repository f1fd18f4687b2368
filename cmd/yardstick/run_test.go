package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"yardstick/pkg/app"
	"yardstick/pkg/golden"
)

// TestMain takes away what the machine's own environment would add.
func TestMain(m *testing.M) {
	for _, name := range []string{app.ConfigVariable, "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"} {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// call is one call of the program and what came of it.
type call struct {
	code           exitCode
	stdout, stderr string
	cloud          string // folder of the embedded one that it worked in; "": none
}

// yardstick calls the program. The environment holds the configuration alone.
func yardstick(t *testing.T, config string, args ...string) call {
	t.Helper()
	return watched(t.Context(), config, new(watch), args...)
}

func watched(ctx context.Context, config string, stderr *watch, args ...string) call {
	var stdout bytes.Buffer
	code := run(ctx, args, strings.NewReader(""), &stdout, stderr, environment(config))
	return call{code, stdout.String(), stderr.String(), folderOf(args)}
}

func environment(config string) func(string) string {
	return func(name string) string { return map[string]string{app.ConfigVariable: config}[name] }
}

// expect fails the test unless the call ended so and told these things on standard error, and no secret anywhere.
func (c call) expect(t *testing.T, code exitCode, told ...string) call {
	t.Helper()
	c.noSecretIsTold(t)
	if c.code != code {
		t.Errorf("exit code %d, expected %d", c.code, code)
	}
	for _, text := range told {
		if !strings.Contains(c.stderr, text) {
			t.Errorf("standard error does not tell %q", text)
		}
	}
	if t.Failed() {
		t.Fatalf("standard output:\n%s\nstandard error:\n%s", c.stdout, c.stderr)
	}
	return c
}

// silent fails the test if there were results.
func (c call) silent(t *testing.T) {
	t.Helper()
	if c.stdout != "" {
		t.Errorf("standard output: %q, expected none", c.stdout)
	}
}

// decoded is standard output as JSON objects, one a line, and fails the test if it is anything else.
func decoded[T any](t *testing.T, c call) []T {
	t.Helper()
	var objects []T
	for line := range strings.Lines(c.stdout) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var object T
		if err := d.Decode(&object); err != nil {
			t.Fatalf("standard output holds %q: %v", line, err)
		}
		if d.More() {
			t.Fatalf("more than one object in %q", line)
		}
		objects = append(objects, object)
	}
	return objects
}

// watch is a standard error that tests can wait on. on is called with all that was written so far, after each writing.
type watch struct {
	mu   sync.Mutex
	text strings.Builder
	on   func(text string)
}

func (w *watch) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(b)
	if w.on != nil {
		w.on(w.text.String())
	}
	return len(b), nil
}

func (w *watch) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestHelpOfEachCommandIsGolden(t *testing.T) {
	for _, command := range []string{"", "demo", "export", "backfill", "plan", "check", "status", "read", "tables", "secret put"} {
		name := strings.ReplaceAll(strings.Trim("help-"+command, "-"), " ", "-") + ".txt"
		t.Run(name, func(t *testing.T) {
			c := yardstick(t, "", append(strings.Fields(command), "--help")...).expect(t, complete)
			golden.Compare(t, "testdata/"+name, c.stdout)
		})
	}
}

func TestNoCommandShowsHelpAsAFault(t *testing.T) {
	yardstick(t, "").expect(t, badUsage, "Usage: yardstick <command>").silent(t)
}

func TestBadUsageEndsWithTwoAndAHint(t *testing.T) {
	for _, test := range []struct{ args, told string }{
		{"bogus", "unexpected argument bogus"},
		{"--json", `expected one of "demo", "export", "backfill", "plan", "check", ...`},
		{"export --forse", `unknown flag --forse, did you mean "--force"?`},
		{"export stray", "unexpected argument stray"},
		{"export --from 2026-13-01", `--from: "2026-13-01" is not a date; expected YYYY-MM-DD`},
		{"export --to 1.2.2026", `--to: "1.2.2026" is not a date; expected YYYY-MM-DD`},
		{"export --from=", "--from: found an empty text, expected a date such as 2026-11-22"},
		{"export --from=0226-01-01", "--from: found 0226-01-01, expected a date from 1970 on"},
		{"export --dataset=", "--dataset: found an empty text, expected a value"},
		{"export --dataset=purchases,", "--dataset: found an empty text, expected a value"},
		{"plan --dataset=purchases --dataset=", "--dataset: found an empty text, expected a value"},
		{"read brand_daily --brand=", `--brand: found "", expected a brand's id such as 101`},
		{"tables --for=", "--for: found an empty text, expected a value"},
		{"export --account=", "--account: found an empty text, expected a value"},
		{"export --local=", "--local: found an empty text, expected a value"},
		{"export --local", "--local: expected a value, found none"},
		{"backfill", "missing flags: --from=DATE"},
		{"backfill --from 2026-02-02 --to 2026-02-01", "--from 2026-02-02 is after --to 2026-02-01"},
		{"plan --from 2026-02-01 --to 2026-01-01", "--from 2026-02-01 is after --to 2026-01-01"},
		{"export --time-limit 10", `--time-limit: "10" is not a length of time; expected one such as 90s, 10m or 1h30m`},
		{"export --time-limit=-5m", "--time-limit: found -5m, expected 1s or more"},
		{"plan --time-limit 500ms", "--time-limit: found 500ms, expected 1s or more"},
		{"demo --local x", "--dir is the demo's"},
		{"demo --config x", "--dir is the demo's"},
	} {
		t.Run(test.args, func(t *testing.T) {
			yardstick(t, "", strings.Fields(test.args)...).expect(t, badUsage, "yardstick: ", test.told, "\nTry: yardstick").silent(t)
		})
	}
}

func TestBadConfigurationEndsWithTwoAndTellsEveryFault(t *testing.T) {
	folder := t.TempDir()
	for _, test := range []struct {
		name, config string
		args         []string
		told         []string
	}{
		{"missing", "", []string{"export", "--local", folder}, []string{"YARDSTICK_CONFIG: not set", "--config FILE"}},
		{"missing for plan", "", []string{"plan", "--local", folder}, []string{"YARDSTICK_CONFIG: not set"}},
		{"no such file", "", []string{"export", "--local", folder, "--config", "no/such.yaml"}, []string{"no/such.yaml: no such file"}},
		{"many faults", "version: 7\nbukket: x\nscrapright: [{account: A}]\n", []string{"export", "--local", folder},
			[]string{"version: found 7", "bukket: found an unknown key", "bucket: found nothing", "scrapright[0].account: found \"A\"",
				"scrapright[0].url: found nothing", "scrapright[0].api_key_secret: found nothing", "scrapright[0].session_secret: found nothing"}},
		{"no region", "", []string{"export"}, []string{"AWS_REGION: not set"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			yardstick(t, test.config, test.args...).expect(t, badUsage, test.told...).silent(t)
		})
	}
}

func TestTheWorstOfSeveralEndsCounts(t *testing.T) {
	order := []exitCode{complete, busy, partial, failed}
	for i, a := range order {
		for j, b := range order {
			if got, want := worse(a, b), order[max(i, j)]; got != want {
				t.Errorf("worse of %d and %d: %d, expected %d", a, b, got, want)
			}
		}
	}
}

// full is a standard output on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestResultsThatCannotBeWrittenAreAFailure(t *testing.T) {
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"--help"}, strings.NewReader(""), full{}, &stderr, environment(""))
	if code != failed || !strings.Contains(stderr.String(), "no space left on device") {
		t.Errorf("exit code %d, standard error %q; expected %d and the cause", code, stderr.String(), failed)
	}
}
