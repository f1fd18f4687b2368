package functions_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/simulator"
)

// onlyOutput is a bootstrap whose standard error goes into a file, so that what start keeps is its standard output alone.
func onlyOutput(t *testing.T, binary string) (script, rest string) {
	t.Helper()
	script, rest = filepath.Join(t.TempDir(), "bootstrap"), filepath.Join(t.TempDir(), "stderr")
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' 2>'%s'\n", binary, rest)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script, rest
}

// runLine is what the tests look at of a run's line of metrics.
type runLine struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	Source, Run, Status, Accounts string
}

// readRunLines reads a function's standard output: the log's lines, which are JSON too, and the runs' lines of metrics, each
// with all the members that it names.
func readRunLines(t *testing.T, output string) (lines []runLine, values []map[string]any) {
	t.Helper()
	for text := range strings.Lines(output) {
		var members map[string]any
		if err := json.Unmarshal([]byte(text), &members); err != nil || !strings.HasSuffix(text, "\n") {
			t.Fatalf("%v: a line of standard output that is no whole JSON object: %q", err, text)
		}
		if !strings.Contains(text, "_aws") {
			continue
		}
		var line runLine
		if err := json.Unmarshal([]byte(text), &line); err != nil || len(line.AWS.CloudWatchMetrics) != 1 {
			t.Fatalf("%v: %s", err, text)
		}
		for _, m := range line.AWS.CloudWatchMetrics[0].Metrics {
			if _, ok := members[m.Name].(float64); !ok {
				t.Errorf("the metric %s has no number in %s", m.Name, text)
			}
		}
		lines, values = append(lines, line), append(values, members)
	}
	return lines, values
}

// One invocation after the other: a run that is complete, one that fails, one of an invalid event, one that is idle.
func TestEachRunOfAFunctionWritesOneLineOfMetrics(t *testing.T) {
	d := deployYard(t)
	binary, rest := onlyOutput(t, bootstrap(t, "scrapright-export"))
	f := start(t, binary, time.Minute, d.env...)
	began := time.Now()
	var runs []string
	for _, status := range []string{"complete", "failed", "", "complete"} {
		event := `{}`
		switch status {
		case "failed":
			d.yard.Fault(func(simulator.Request) *simulator.Answer {
				return simulator.Refuse(http.StatusNotFound, "no such page")
			})
		case "":
			d.yard.Fault(nil)
			event = `{"account":"south"}`
		}
		got := f.invoke(event)
		if (got.errorType == "") != (status == "complete") {
			t.Fatalf("%q: %s: %s", status, got.errorType, got.message)
		}
		if status != "" {
			runs = append(runs, status)
		}
	}
	f.kill()

	lines, values := readRunLines(t, f.log.String())
	var found []string
	for i, line := range lines {
		found = append(found, line.Status)
		directive := line.AWS.CloudWatchMetrics[0]
		at := time.UnixMilli(line.AWS.Timestamp)
		if directive.Namespace != "yardstick" || fmt.Sprint(directive.Dimensions) != "[[source]]" || line.Source != "scrapright" ||
			line.Accounts != "main" || line.Run == "" || at.Before(began.Add(-time.Second)) || at.After(time.Now()) {
			t.Errorf("%+v", line)
		}
		if failed := values[i]["Failed"].(float64) > 0; failed != (line.Status == "failed") {
			t.Errorf("%s: %v", line.Status, values[i])
		}
	}
	if !slices.Equal(found, runs) {
		t.Errorf("lines of metrics of runs %q, expected %q\n%s", found, runs, f.log)
	}
	said, err := os.ReadFile(rest)
	if err != nil || strings.Contains(string(said), "_aws") {
		t.Errorf("metrics on standard error: %s %v", said, err)
	}
	noSecretIsTold(t, d.env, string(said))
}
