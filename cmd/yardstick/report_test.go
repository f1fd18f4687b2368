package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"yardstick/pkg/app"
	"yardstick/pkg/golden"
)

// page is a session that writes to a terminal of so many columns, 0 for a file.
func page(width int) (*session, *bytes.Buffer) {
	var b bytes.Buffer
	c := newConsole(&b, &b, environment(""))
	c.width = width
	return &session{console: c, common: common{Local: "my data"}}, &b
}

func stored[T any](t *testing.T, file string) T {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// fits fails the test where a line is wider than the terminal, but for one that is a single word.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if columns := utf8.RuneCountInString(line); width > 0 && columns > width && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%d columns, expected %d at most: %s", columns, width, line)
		}
	}
}

func TestResultsAsTablesFitTheTerminalAndAreGolden(t *testing.T) {
	o := &opened{App: &app.App{Configured: &app.Config{Bucket: "acme-reporting", Prefix: "team/"}}, root: "s3://acme-reporting/"}
	for name, code := range map[string]exitCode{"failed": failed, "partial": partial, "busy": busy, "nothing": complete} {
		for _, width := range []int{0, 100, 80} {
			t.Run(fmt.Sprintf("%s-%d", name, width), func(t *testing.T) {
				s, out := page(width)
				x := outcome{source: app.ScrapRight, result: stored[app.Result](t, "testdata/results/"+name+".json")}
				if code == failed {
					x.err = &app.ExportFailed{Run: x.result.Run, Err: errors.New(x.result.Failures())}
				}
				if got, err := s.report(o, []outcome{x}); got != code || err != nil {
					t.Errorf("exit code %d (%v), expected %d", got, err, code)
				}
				fits(t, out.String(), width)
				golden.Compare(t, fmt.Sprintf("testdata/results/%s-%d.txt", name, width), out.String())
			})
		}
	}
}

func TestForecastsAsTablesFitTheTerminalAndAreGolden(t *testing.T) {
	for _, width := range []int{0, 80} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			s, out := page(width)
			s.printForecast(stored[app.Forecast](t, "testdata/forecast.json"), 15*time.Minute)
			fits(t, out.String(), width)
			golden.Compare(t, fmt.Sprintf("testdata/forecast-%d.txt", width), out.String())
		})
	}
}

func TestASourceThatTheEventIsNotAboutIsToldAndCountsForNothing(t *testing.T) {
	o := &opened{App: &app.App{Configured: &app.Config{}}}
	fine := outcome{source: "a", result: stored[app.Result](t, "testdata/results/nothing.json")}
	other := outcome{source: "b", err: &app.EventInvalid{Err: errors.New("account: found nobody")}}
	broken := outcome{source: "c", err: errors.New("no way to the bucket")}
	for _, test := range []struct {
		outcomes []outcome
		code     exitCode
		told     string
	}{
		{[]outcome{fine, other}, complete, "not run: account: found nobody"},
		{[]outcome{other, fine, broken}, failed, "not run: no way to the bucket"},
	} {
		s, out := page(0)
		if code, err := s.report(o, test.outcomes); code != test.code || err != nil || !strings.Contains(out.String(), test.told) {
			t.Errorf("exit code %d (%v) and %q, expected %d and %q", code, err, out, test.code, test.told)
		}
	}
	s, out := page(0)
	if code, err := s.report(o, []outcome{fine, fine}); code != complete || err != nil || strings.Count(out.String(), "a\n\nACCOUNT") != 2 {
		t.Errorf("exit code %d (%v), and two sources without their names:\n%s", code, err, out)
	}
	if _, err := s.report(o, []outcome{other, other}); codeOf(err) != badUsage {
		t.Errorf("nothing ran: %v has exit code %d, expected %d", err, codeOf(err), badUsage)
	}
}

func TestColoursAreForTerminalsAlone(t *testing.T) {
	s, out := page(80)
	o := &opened{App: &app.App{Configured: &app.Config{}}}
	outcomes := []outcome{{source: app.ScrapRight, result: stored[app.Result](t, "testdata/results/nothing.json")}}
	if _, err := s.report(o, outcomes); err != nil || strings.Contains(out.String(), "\x1b") {
		t.Errorf("a file got colours (%v): %q", err, out)
	}
	s.colour = true
	if _, err := s.report(o, outcomes); err != nil || !strings.Contains(out.String(), "\x1b[1;32mComplete\x1b[0m: nothing was due.") {
		t.Errorf("a terminal got no colours (%v): %q", err, out)
	}
}
