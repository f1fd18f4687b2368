package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/app"
	"yardstick/pkg/golden"
)

// told is the status that pkg/about gathers of a bucket with all that can be the matter, and what only an App adds.
func told(t *testing.T) app.Status {
	t.Helper()
	s := stored[app.Status](t, "../../pkg/about/testdata/status.json")
	s.Faults = []string{"the ledger _yardstick/ledger/scrunch/prompts/account=main/2026-11.json cannot be used: expected a ledger in JSON: " +
		"unexpected end of JSON input; restore an earlier version of this object, or delete it to have its days read again"}
	hours := 1.5
	main := &s.Sources[0].Accounts[0]
	main.Backlog = app.Backlog{Parts: 14, Open: 1, Missing: 9, Verify: 300, Requests: 912, AtLeast: true, Hours: &hours}
	s.Sources[0].Runs[0].Warnings = []string{"scrapright/main customers 2026-11-23: shrunk: 120 rows, and 850 before"}
	s.Sources[1].Accounts[0].Notes = []string{"the vendor did not tell the parts of its datasets, and those of the ledger are told: GET /brands: connection refused"}
	return s
}

func TestTheStatusAsTablesFitsTheTerminalAndIsGolden(t *testing.T) {
	for _, width := range []int{0, 140, 80} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			s, out := page(width)
			s.printStatus(told(t))
			fits(t, out.String(), width)
			golden.Compare(t, fmt.Sprintf("testdata/status-%d.txt", width), out.String())
		})
	}
}

// What a state is shows without colour, and what is coloured is the mark alone.
func TestColoursOfTheStatusAddNothing(t *testing.T) {
	plain, text := page(80)
	plain.printStatus(told(t))
	s, painted := page(80)
	s.colour = true
	s.printStatus(told(t))
	if !strings.Contains(painted.String(), "\x1b[1;33mM\x1b[0m") || !strings.Contains(painted.String(), "\x1b[1;31mREFUSED\x1b[0m") {
		t.Errorf("a terminal got no colours:\n%q", painted)
	}
	if diff := cmp.Diff(text.String(), colours.ReplaceAllString(painted.String(), "")); diff != "" {
		t.Errorf("without colours another text stands there (- plain, + painted):\n%s", diff)
	}
	marks := map[rune]bool{}
	for _, m := range stateMarks {
		marks[m.mark] = true
	}
	if len(marks) != len(stateMarks) {
		t.Errorf("%d marks for %d states", len(marks), len(stateMarks))
	}
}

func TestRangesOfDaysAreToldInFewWords(t *testing.T) {
	day := func(n int) app.Day { return app.Day(739900 + n) } // 2026-10-11 and later
	for _, test := range []struct {
		days []app.Day
		want string
	}{
		{[]app.Day{day(0)}, "2026-10-11"},
		{[]app.Day{day(0), day(1)}, "2026-10-11 to 2026-10-12 (2 days)"},
		{[]app.Day{day(0), day(2), day(3), day(4)}, "2026-10-13 to 2026-10-15, 2026-10-11 (4 days)"},
		{[]app.Day{day(0), day(1), day(3), day(5), day(7), day(9), day(11)},
			"2026-10-22, 2026-10-20, 2026-10-18, 2026-10-16, 2026-10-14 and 2 days before (7 days)"},
	} {
		if got := ranges(test.days); got != test.want {
			t.Errorf("%v: %s, expected %s", test.days, got, test.want)
		}
	}
}

func TestAnAgeIsToldInAFewLetters(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]string{-time.Hour: "just now", 59 * time.Second: "just now", 61 * time.Second: "1m ago",
		47*time.Hour + 59*time.Minute: "1d 23h ago", 49 * time.Hour: "2d ago", 100 * 24 * time.Hour: "100d ago"} {
		if got := ago(now, now.Add(-age)); got != want {
			t.Errorf("%s: %s, expected %s", age, got, want)
		}
	}
}

// undated takes away what the day of the test decides: which of the last days are Sundays without purchases, and the run.
func undated(text, dir string) string {
	text = regexp.MustCompile(`[█░]{2,}|[·▁▂▃▄▅▆▇█]{6,}`).ReplaceAllString(timeless(text, dir), "DAYS")
	return regexp.MustCompile(`\S+Z-\w+`).ReplaceAllString(text, "ID")
}

func TestStatusOfAnExportThatWentWellIsGoldenAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	yardstick(t, w.config(), "export").expect(t, complete)
	before := snapshots(t, w.dir)
	c := yardstick(t, w.config(), "status").expect(t, complete)
	golden.Compare(t, "testdata/status.txt", undated(c.stdout, w.dir))
	if diff := cmp.Diff(before, snapshots(t, w.dir)); diff != "" {
		t.Errorf("status changed data objects:\n%s", diff)
	}
}

func TestStatusBeforeAnyExportEndsWithOne(t *testing.T) {
	w := newWorld(t)
	c := yardstick(t, w.config(), "status").expect(t, failed)
	for _, part := range []string{"STALE never", "customers: missing today", "scrapright: no run in the last 31 days.", "1 thing needs attention: scrapright/main: stale. The next runs read what is missing ("} {
		if !strings.Contains(c.stdout, part) {
			t.Errorf("standard output does not hold %q:\n%s", part, c.stdout)
		}
	}
}

// damage exports, then removes the purchases of a day and breaks the ledger of the businesses.
func damage(t *testing.T, w *world) {
	t.Helper()
	yardstick(t, w.config(), "export").expect(t, complete)
	place := filepath.Join(w.Cloud.Bucket(w.Configured.Bucket), "team")
	ledgers, err := filepath.Glob(filepath.Join(place, "_yardstick/ledger/scrapright/businesses/account=main/*.json"))
	if err != nil || len(ledgers) != 1 {
		t.Fatalf("ledgers %q: %v", ledgers, err)
	}
	for _, err := range []error{os.WriteFile(ledgers[0], []byte("{"), 0o600),
		os.Remove(filepath.Join(place, "scrapright/purchases/account=main/dt="+daysAgo(9)+"/purchases.json.gz"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatusOfADamagedBucketEndsWithOneAndNamesWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	damage(t, w)
	c := yardstick(t, w.config(), "status").expect(t, failed)
	for _, part := range []string{"purchases: missing " + daysAgo(9) + "\n", "businesses: failed 20", ": the ledger cannot be used\n", "Broken      the ledger team/_yardstick/",
		"2 things need attention: scrapright/main businesses: 1 day failed; an object in the bucket cannot be used. The next runs read what is missing (1 day).\n"} {
		if !strings.Contains(c.stdout, part) {
			t.Errorf("standard output does not hold %q:\n%s", part, c.stdout)
		}
	}
}

func TestStatusAsJSONIsOneObject(t *testing.T) {
	w := newWorld(t)
	damage(t, w)
	all := decoded[app.Status](t, yardstick(t, w.config(), "status", "--json").expect(t, failed))
	if len(all) != 1 || all[0].Version != 1 || len(all[0].Faults) != 1 || len(all[0].Sources[0].Accounts[0].Datasets) != 3 {
		t.Errorf("%+v, expected one status with a fault and three datasets", all)
	}
}

func TestStatusOfAFolderWorksWhileTheVendorIsDown(t *testing.T) {
	dir := t.TempDir()
	yardstick(t, "", "demo", "--dir", dir).expect(t, complete)
	config := "version: 1\nbucket: yardstick-demo\nscrunch: [{account: main, url: 'http://127.0.0.1:1', api_key_secret: yardstick/scrunch/main/api-key}]\n"
	c := yardstick(t, config, "status", "--local", dir).expect(t, complete)
	if !strings.Contains(c.stdout, "Note        the vendor did not tell the parts of its datasets") || !strings.Contains(c.stdout, "All is well") {
		t.Errorf("standard output does not tell that the vendor is down and all is there:\n%s", c.stdout)
	}
}

// desktop puts a program in the place of the desktop's opener.
func desktop(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", dir)
}

func TestOpenShowsThePage(t *testing.T) {
	w := newWorld(t)
	shown := filepath.Join(t.TempDir(), "shown.html")
	desktop(t, "cp \"$1\" "+shown+"\n")
	yardstick(t, w.config(), "status", "--open").expect(t, failed, "the page is in ")
	text, err := os.ReadFile(shown)
	if err != nil || !strings.HasPrefix(string(text), "<!DOCTYPE html>") || !strings.Contains(string(text), "purchases") {
		t.Errorf("shown was %.100q (%v), expected the page", text, err)
	}
}

func TestAPageThatCannotBeOpenedIsToldWithItsPlace(t *testing.T) {
	w := newWorld(t)
	yardstick(t, w.config(), "export").expect(t, complete)
	desktop(t, "exit 3\n")
	yardstick(t, w.config(), "status", "--open").expect(t, failed, "yardstick-status-", "could not be opened: ", "exit status 3")
}

func TestPublishPutsPageStatusAndCoverageIntoTheBucket(t *testing.T) {
	w := newWorld(t)
	damage(t, w)
	c := yardstick(t, w.config(), "status", "--publish", "--json").expect(t, failed, "published under ", "team/about/")
	place := filepath.Join(w.Cloud.Bucket(w.Configured.Bucket), "team/about")
	text, err := os.ReadFile(filepath.Join(place, "status.json"))
	if err != nil || string(text) != c.stdout {
		t.Errorf("status.json is not what was printed: %v", err)
	}
	page, err := os.ReadFile(filepath.Join(place, "index.html"))
	if err != nil || !strings.HasPrefix(string(page), "<!DOCTYPE html>") || !strings.Contains(string(page), daysAgo(9)) {
		t.Errorf("the page is %.100q (%v)", page, err)
	}
	file, err := os.Open(filepath.Join(place, "coverage/account=main/scrapright.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	table, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, lines := map[string]int{}, json.NewDecoder(table)
	for {
		var row struct{ Dataset string }
		if err := lines.Decode(&row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		rows[row.Dataset]++
	}
	if rows["purchases"] < 30 || rows["customers"] != 1 || rows["businesses"] != 0 { // whose ledger is broken
		t.Errorf("rows of the coverage: %v", rows)
	}
}
