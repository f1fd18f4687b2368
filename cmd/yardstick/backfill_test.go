package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/golden"
	"yardstick/pkg/simulator"
)

// site is a yard whose answers take their time, so that a range of days takes several runs of a second.
type site struct {
	*testing.T
	yard   *simulator.Yard
	config string
	dir    string
	env    []string // for the built program
}

const answerTime = 20 * time.Millisecond

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir()}
	s.yard = simulator.NewYard(simulator.YardConfig{APIKey: freshKey, Now: time.Now, RequestsPerMinute: 6000, TicketsPerDay: 10, Customers: 8, Businesses: 3})
	s.fault(func(simulator.Request) *simulator.Answer { return nil })
	url, stop, err := s.yard.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s.config = fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrapright:\n  - {account: main, url: %s, api_key_secret: %s, session_secret: yard/session}\n", url, yardKeyIn)
	cloud, err := local.OpenCloud(s.dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cloud.Close() })
	a, err := cloud.Open(t.Context(), app.Options{Config: s.config})
	if err == nil {
		err = a.CreateSecret(t.Context(), yardKeyIn, freshKey)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.env = []string{app.ConfigVariable + "=" + s.config}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": cloud.Endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
		"AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, cloudFolder: s.dir} {
		t.Setenv(name, value)
		s.env = append(s.env, name+"="+value)
	}
	return s
}

// fault has the yard answer late, and otherwise as decide says.
func (s *site) fault(decide func(simulator.Request) *simulator.Answer) {
	s.yard.Fault(func(r simulator.Request) *simulator.Answer {
		if a := decide(r); a != nil {
			return a
		}
		return &simulator.Answer{Delay: answerTime}
	})
}

func (s *site) days() []string {
	s.Helper()
	days, err := filepath.Glob(filepath.Join(s.dir, "s3", "*", app.ScrapRight, "purchases", "*", "dt=*", "purchases.json.gz"))
	if err != nil {
		s.Fatal(err)
	}
	return days
}

func TestABackfillRunsUntilItsRangeIsDoneAndItsReportIsGolden(t *testing.T) {
	s := newSite(t)
	c := yardstick(t, s.config, "backfill", "--from", daysAgo(89), "--time-limit", "2s").
		expect(t, complete, "scrapright: run 1 of at least ", "scrapright: run 2", " of 92 windows done", "scrapright/main: 92/92 windows")
	golden.Compare(t, "testdata/backfill.txt", timeless(c.stdout, s.dir))
	if n := len(s.days()); n != 90 {
		t.Errorf("%d days in the bucket, expected 90", n)
	}
	if !strings.Contains(c.stdout, "Complete: 92 objects written, ") {
		t.Errorf("standard output does not sum the runs up:\n%s", c.stdout)
	}
	again := yardstick(t, s.config, "backfill", "--from", daysAgo(89), "--json").expect(t, complete)
	if results := decoded[app.Result](t, again); len(results) != 1 || results[0].Next != nil {
		t.Errorf("%s; expected one run of a range that is done", again.stdout)
	}
}

func TestABackfillTellsOfEachRunAsJSON(t *testing.T) {
	s := newSite(t)
	c := yardstick(t, s.config, "backfill", "--from", daysAgo(89), "--to", daysAgo(0), "--force", "--dataset", "purchases", "--time-limit", "2s", "--json").expect(t, complete)
	results := decoded[app.Result](t, c)
	written := 0
	for i, r := range results {
		written += r.Accounts[0].Datasets[0].Written
		if last := i == len(results)-1; (r.Next == nil) != last || (r.Status == "complete") != last {
			t.Errorf("run %d of %d: status %s, next %v", i+1, len(results), r.Status, r.Next)
		}
	}
	if len(results) < 2 || written != 90 {
		t.Errorf("%d days in %d runs, expected 90 in several", written, len(results))
	}
}

func TestABackfillGoesOnAfterAFailedDayAndNamesItAtTheEnd(t *testing.T) {
	s := newSite(t)
	s.fault(func(r simulator.Request) *simulator.Answer {
		if r.From == daysAgo(20) {
			return simulator.Refuse(422, "not on a Sunday")
		}
		return nil
	})
	c := yardstick(t, s.config, "backfill", "--from", daysAgo(50), "--to", daysAgo(10), "--time-limit", "2s").expect(t, failed, "level=ERROR")
	for _, part := range []string{"failed: scrapright/main purchases " + daysAgo(20), "not on a Sunday", "Failed: 1 window as told above; 40 objects written", "; 1 window to go."} {
		if !strings.Contains(c.stdout, part) {
			t.Errorf("standard output does not hold %q:\n%s", part, c.stdout)
		}
	}
	if strings.Count(c.stdout, "failed: ") != 1 || strings.Contains(c.stdout, "To go on") {
		t.Errorf("standard output:\n%s", c.stdout)
	}
	s.fault(func(simulator.Request) *simulator.Answer { return nil })
	yardstick(t, s.config, "backfill", "--from", daysAgo(50), "--to", daysAgo(10)).expect(t, complete)
}

func TestABackfillEndsWhereRunsBringNothing(t *testing.T) {
	s := newSite(t)
	args := []string{"backfill", "--from", daysAgo(20), "--to", daysAgo(10), "--time-limit", "1s"}
	pace := strings.Replace(s.config, "{account", "{requests_per_minute: 1, account", 1)
	c := yardstick(t, pace, args...).expect(t, partial, "two runs in a row did nothing and left the same work; a longer --time-limit may help")
	goesOn := fmt.Sprintf("\nTo go on:\nyardstick backfill --source scrapright --account main --dataset purchases --from %s --to %s --time-limit 1s\n", daysAgo(20), daysAgo(10))
	if !strings.HasSuffix(c.stdout, goesOn) {
		t.Errorf("standard output does not end with %q:\n%s", goesOn, c.stdout)
	}

	refused := newSite(t)
	refused.yard.Revoke("another-key")
	c = yardstick(t, refused.config, args...).expect(t, failed, "stopped after 1 run: the last run failed and did nothing")
	if !strings.Contains(c.stdout, "credential_refused") || !strings.Contains(c.stdout, "--from "+daysAgo(20)+" --to "+daysAgo(10)) {
		t.Errorf("standard output does not say what failed and what remains:\n%s", c.stdout)
	}
}

func TestABackfillOfWhatThereIsNotEndsWithTwo(t *testing.T) {
	s := newSite(t)
	yardstick(t, s.config, "backfill", "--from", daysAgo(3), "--dataset", "wombs").expect(t, badUsage, `datasets: found "wombs"`).silent(t)
	yardstick(t, s.config, "backfill", "--from", daysAgo(3), "--source", "scrunch").expect(t, badUsage, `--source: found "scrunch"`).silent(t)
}

// build makes the program as `go build` does.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "yardstick")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return binary
}

func TestAnInterruptedBackfillOfTheBuiltProgramSaysHowToGoOn(t *testing.T) {
	s := newSite(t)
	binary := build(t)
	start := func(args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
		var stdout, stderr bytes.Buffer
		p := exec.CommandContext(t.Context(), binary, args...)
		p.Stdout, p.Stderr, p.Env = &stdout, &stderr, append(os.Environ(), s.env...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		return p, &stdout, &stderr
	}
	reached := make(chan struct{})
	s.fault(func(r simulator.Request) *simulator.Answer {
		if r.N == 41 {
			close(reached)
		}
		return nil
	})
	p, stdout, stderr := start("backfill", "--from", daysAgo(59), "--to", daysAgo(10), "--force")
	<-reached
	if err := p.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // its exit code tells
	call{exitCode(p.ProcessState.ExitCode()), stdout.String(), stderr.String(), s.dir}.expect(t, partial, "yardstick: stopping.")
	read := len(s.days())
	if read < 15 || read > 40 || !strings.Contains(stdout.String(), fmt.Sprintf("Partial: %d objects written", read)) {
		t.Errorf("%d days, and:\n%s", read, stdout)
	}
	_, line, found := strings.Cut(stdout.String(), "\nTo go on:\nyardstick ")
	if !found || !strings.Contains(line, "--from "+daysAgo(59)+" --to "+daysAgo(10+read)) {
		t.Fatalf("standard output does not say how to go on:\n%s", stdout)
	}
	p, stdout, stderr = start(strings.Fields(line)...)
	_ = p.Wait() // likewise
	call{exitCode(p.ProcessState.ExitCode()), stdout.String(), stderr.String(), s.dir}.expect(t, complete)
	if n := len(s.days()); n != 50 || !strings.Contains(stdout.String(), fmt.Sprintf("%d objects written", 50-read)) {
		t.Errorf("%d days after the rest, expected 50 and no day written twice:\n%s", n, stdout)
	}
}
