package main

import (
	"fmt"
	"strings"
	"testing"

	"yardstick/pkg/app"
	"yardstick/pkg/golden"
)

func TestCheckFindsASetUpThatFits(t *testing.T) {
	w := newWorld(t)
	c := yardstick(t, w.config(), "check").expect(t, complete)
	if !strings.Contains(c.stdout, "\nscrapright/main\n\nok ") || !strings.Contains(c.stdout, "\nNo fault found: ") {
		t.Errorf("standard output does not tell of the account and that it has no fault:\n%s", c.stdout)
	}
	reports := decoded[app.Report](t, yardstick(t, w.config(), "check", "--json").expect(t, complete))
	if len(reports) != 1 || reports[0].Worst() == app.Fault {
		t.Errorf("reports %+v, expected one without a fault", reports)
	}
}

func TestCheckEndsWithOneAndPrintsTheLinesToChange(t *testing.T) {
	w := newWorld(t)
	config := w.config("datasets: {purchases: {path: /api/v1/tickets}}")
	c := yardstick(t, config, "check").expect(t, failed)
	lines := "\n    scrapright:\n      - account: main\n        datasets:\n          purchases: {path: /api/v1/purchase}\n"
	if !strings.Contains(c.stdout, lines) {
		t.Errorf("standard output does not hold the lines to change:\n%s", c.stdout)
	}
	if reports := decoded[app.Report](t, yardstick(t, config, "check", "--json").expect(t, failed)); reports[0].Worst() != app.Fault {
		t.Errorf("report %+v, expected a fault", reports[0])
	}
}

func TestCheckOfAStackTakesNoLocalFolder(t *testing.T) {
	w := newWorld(t)
	c := yardstick(t, w.config(), "--local", t.TempDir(), "check", "--stack", "yardstick").expect(t, badUsage)
	if want := "--stack: with --local there is no stack; give one of the two\nTry: yardstick check --help\n"; !strings.Contains(c.stderr, want) {
		t.Errorf("standard error %q, expected %q", c.stderr, want)
	}
	yardstick(t, w.config(), "check", "--stack", "").expect(t, badUsage, "found an empty text")
}

// The embedded cloud has no CloudFormation, so that no stack can be read there.
func TestCheckOfAStackThatCannotBeReadEndsWithOne(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	c := yardstick(t, w.config(), "check", "--stack", "yardstick").expect(t, failed, "looking at bucket, secrets, the stack yardstick and ")
	if top, _, _ := strings.Cut(c.stdout, "\nscrapright/main\n"); !strings.Contains(top, "fault  stack           yardstick: it cannot be read: ") {
		t.Errorf("standard output does not tell of the stack before the accounts:\n%s", c.stdout)
	}
}

func TestFindingsFitTheTerminalAndAreGolden(t *testing.T) {
	report := stored[app.Report](t, "testdata/report.json")
	for _, width := range []int{0, 80} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			s, out := page(width)
			s.printFindings(report)
			fits(t, out.String(), width)
			golden.Compare(t, fmt.Sprintf("testdata/report-%d.txt", width), out.String())
		})
	}
}
