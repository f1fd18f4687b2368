package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/golden"
)

// timeless takes out of a text what differs between runs: the folder, dates, ports and numbers, and with their lengths
// the columns.
func timeless(text, dir string) string {
	text = strings.ReplaceAll(text, dir, "DIR")
	for _, rule := range []struct{ find, put string }{
		{`\d{4}-\d\d-\d\d`, "DATE"},
		{`127\.0\.0\.1:\d+`, "HOST"},
		{`\b\d[\d,.]*( [kM]B)`, "N$1"},
		{`\b\d[\d,]*`, "N"},
		{` {2,}`, " "},
	} {
		text = regexp.MustCompile(rule.find).ReplaceAllString(text, rule.put)
	}
	return text
}

// outline is the first and the last lines of progress: how many lie between is a matter of time.
func outline(stderr string) string {
	lines := strings.SplitAfter(stderr, "\n")
	return strings.Join(append(lines[:3:3], lines[len(lines)-2:]...), "")
}

func TestDemoIsGoldenAndSaysUnchangedTheSecondTime(t *testing.T) {
	dir := t.TempDir()
	first := yardstick(t, "", "demo", "--dir", dir).expect(t, complete)
	golden.Compare(t, "testdata/demo-first.txt", timeless(first.stdout, dir))
	golden.Compare(t, "testdata/demo-first-progress.txt", timeless(outline(first.stderr), dir))
	before := snapshots(t, dir)
	if len(before) < 30 {
		t.Fatalf("%d data objects, expected one for each of 30 days and more", len(before))
	}

	second := yardstick(t, "", "demo", "--dir", dir).expect(t, complete)
	if !strings.Contains(second.stdout, "no data object was written") || !strings.Contains(second.stdout, "unchanged") {
		t.Errorf("the second run does not say that nothing changed:\n%s", second.stdout)
	}
	for path, info := range snapshots(t, dir) {
		if was := before[path]; was == nil || !was.ModTime().Equal(info.ModTime()) {
			t.Errorf("%s was written by the second run", path)
		}
	}

	third := yardstick(t, "", "demo", "--json", "--dir", dir).expect(t, complete)
	if results := decoded[app.Result](t, third); len(results) != 2 || results[0].Status != "complete" || results[1].Status != "complete" {
		t.Errorf("results %+v, expected two that are complete", results)
	}
}

// snapshots are the data objects of the demo's bucket, by path.
func snapshots(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "s3", "*", app.ScrapRight, "*", "account=*", "dt=*", "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]os.FileInfo{}
	for _, path := range paths {
		if files[path], err = os.Stat(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestAFolderInUseIsToldAndFails(t *testing.T) {
	dir := t.TempDir()
	cloud, err := local.OpenCloud(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cloud.Close() })
	yardstick(t, "", "demo", "--dir", dir).expect(t, failed, dir+" is in use by process").silent(t)
	yardstick(t, "", "plan", "--local", dir).expect(t, failed, dir+" is in use by process").silent(t)
}

func TestDebugLogGoesToStandardErrorAlone(t *testing.T) {
	c := yardstick(t, "", "demo", "-v", "--json", "--dir", t.TempDir()).expect(t, complete, "level=DEBUG", `msg="run begins"`)
	if len(decoded[app.Result](t, c)) != 2 {
		t.Errorf("standard output: %q, expected two results", c.stdout)
	}
}
