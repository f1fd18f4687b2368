package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/golden"
)

// world is a simulated yard and an embedded AWS that the program meets through the SDK's environment alone.
type world struct {
	*local.Demo
	dir string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	var err error
	if w.Demo, err = local.OpenDemo(t.Context(), w.dir, app.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": w.Cloud.Endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
		"AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, cloudFolder: w.dir} {
		t.Setenv(name, value)
	}
	return w
}

// config is the configuration of the world's one account, with more lines for it.
func (w *world) config(lines ...string) string {
	c := w.Configured.ScrapRight[0]
	text := fmt.Sprintf("version: 1\nbucket: %s\nprefix: team/\nscrapright:\n  - account: main\n    url: %s\n    api_key_secret: %s\n"+
		"    session_secret: %s\n    timezone: America/Chicago\n", w.Configured.Bucket, w.YardURL, c.APIKeySecret, c.SessionSecret)
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	return text
}

// slow makes five requests and then waits for most of a minute, or ends where its time limit comes before.
const slow = "requests_per_minute: 5"

func daysAgo(n int) string { return time.Now().AddDate(0, 0, -n).Format(time.DateOnly) }

func TestExportWritesToAWSAndItsReportIsGolden(t *testing.T) {
	w := newWorld(t)
	c := yardstick(t, w.config(), "export").expect(t, complete, "scrapright/main: 33/33 windows")
	golden.Compare(t, "testdata/export.txt", timeless(c.stdout, w.dir))

	again := yardstick(t, w.config(), "export", "--dataset", "purchases", "--json").expect(t, complete)
	results := decoded[app.Result](t, again)
	if len(results) != 1 || len(results[0].Accounts) != 1 || len(results[0].Accounts[0].Datasets) != 1 {
		t.Fatalf("results %+v, expected one of one account and dataset", results)
	}
	if d := results[0].Accounts[0].Datasets[0]; d.Dataset != "purchases" || d.Unchanged != 1 || d.Written != 0 {
		t.Errorf("dataset %+v, expected one unchanged day of purchases", d)
	}
}

func TestExportReadsItsConfigurationFromTheBucket(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(w.Cloud.Bucket(w.Configured.Bucket)+"/config.yaml", []byte(w.config()), 0o600); err != nil {
		t.Fatal(err)
	}
	from := "s3://" + w.Configured.Bucket + "/config.yaml"
	yardstick(t, "", "plan", "--config", from).expect(t, complete)
	yardstick(t, from, "plan").expect(t, complete)
}

func TestPlanIsGoldenAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	c := yardstick(t, w.config(), "plan").expect(t, complete)
	golden.Compare(t, "testdata/plan.txt", timeless(c.stdout, w.dir))
	forecasts := decoded[app.Forecast](t, yardstick(t, w.config(), "plan", "--json", "--from", daysAgo(9), "--to", daysAgo(5)).expect(t, complete))
	if len(forecasts) != 1 || forecasts[0].Accounts[0].Datasets[0].Backlog != 5 {
		t.Errorf("forecasts %+v, expected a backlog of 5 days", forecasts)
	}
	if files := snapshots(t, w.dir); len(files) > 0 {
		t.Errorf("plan wrote %d data objects", len(files))
	}
}

func TestAnEventThatNamesWhatThereIsNotEndsWithTwo(t *testing.T) {
	w := newWorld(t)
	for args, told := range map[string]string{
		"--account nope":                      `account: found "nope", expected one of ["main"]`,
		"--dataset purchases --dataset wombs": `datasets: found "wombs", expected some of ["businesses" "customers" "purchases"]`,
		"--source scrunch":                    `--source: found "scrunch", expected one that the configuration has accounts of: ["scrapright"]`,
	} {
		for _, command := range []string{"export", "plan"} {
			yardstick(t, w.config(), append([]string{command}, strings.Fields(args)...)...).expect(t, badUsage, told).silent(t)
		}
	}
}

func TestAFailedWindowEndsWithOneAndTheRestIsDone(t *testing.T) {
	w := newWorld(t)
	config := w.config("datasets: {customers: {path: /api/v1/nowhere}}")
	c := yardstick(t, config, "export").expect(t, failed, "level=ERROR", "1 failed")
	for _, part := range []string{"failed: scrapright/main customers 20", "vendor_error: ", "Failed: 1 window as told above; 32 objects written"} {
		if !strings.Contains(c.stdout, part) {
			t.Errorf("standard output does not hold %q:\n%s", part, c.stdout)
		}
	}
	c = yardstick(t, config, "export", "--json").expect(t, failed, "customers", "vendor_error")
	if results := decoded[app.Result](t, c); len(results) != 1 || results[0].Status != "failed" {
		t.Errorf("results %+v, expected one that failed", results)
	}
}

func TestAFailedAccountEndsWithOneAndNamesTheSecret(t *testing.T) {
	w := newWorld(t)
	config := strings.Replace(w.config(), w.Configured.ScrapRight[0].APIKeySecret, "no/such/secret", 1)
	c := yardstick(t, config, "export").expect(t, failed)
	for _, part := range []string{"failed: scrapright/main: secret: ", "no/such/secret", "Failed: account main as told above; no data object was written; 33 windows to go."} {
		if !strings.Contains(c.stdout, part) {
			t.Errorf("standard output does not hold %q:\n%s", part, c.stdout)
		}
	}
}

func TestATimeLimitEndsWithThreeAndTheCommandThatGoesOn(t *testing.T) {
	w := newWorld(t)
	c := yardstick(t, w.config(slow), "export", "--time-limit", "30s", "--dataset", "purchases").expect(t, partial)
	if !strings.Contains(c.stdout, "The same command goes on from there.") {
		t.Errorf("standard output does not say how to go on:\n%s", c.stdout)
	}

	c = yardstick(t, w.config(slow), "export", "--time-limit", "30s", "--dataset", "purchases", "--force", "--from", daysAgo(20), "--to", daysAgo(10)).
		expect(t, partial)
	next := fmt.Sprintf("\nTo go on:\nyardstick export --source scrapright --account main --dataset purchases --from %s --to ", daysAgo(20))
	if !strings.Contains(c.stdout, next) || !strings.HasSuffix(c.stdout, " --force\n") {
		t.Errorf("standard output does not hold %q:\n%s", next, c.stdout)
	}
}

// reading calls back once, when progress shows that an account is at work.
func reading(then func()) *watch {
	w := &watch{}
	w.on = func(text string) {
		if strings.Contains(text, "requests/min") {
			w.on = nil
			then()
		}
	}
	return w
}

func TestAHeldAccountEndsWithFour(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	working, first := make(chan struct{}), make(chan call)
	go func() { first <- watched(ctx, w.config(slow), reading(func() { close(working) }), "export") }()
	<-working
	second := yardstick(t, w.config(), "export")
	cancel()
	<-first
	second.expect(t, busy)
	if !strings.Contains(second.stdout, "Busy: another run holds main, where nothing was done") {
		t.Errorf("standard output does not say who is busy:\n%s", second.stdout)
	}
}

func TestTheFirstInterruptKeepsWhatWasRead(t *testing.T) {
	w := newWorld(t)
	stderr := reading(func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) })
	c := watched(t.Context(), w.config(slow), stderr, "export", "--dataset", "purchases").expect(t, partial, "yardstick: stopping.")
	if files := snapshots(t, w.dir); !strings.Contains(c.stdout, "Partial: ") || len(files) == 0 && strings.Contains(c.stdout, "written with") {
		t.Errorf("%d data objects, and:\n%s", len(files), c.stdout)
	}
	yardstick(t, w.config(), "export").expect(t, complete)
}

func TestTheSecondInterruptEndsAtOnce(t *testing.T) {
	told := make(chan string, 2)
	ctx, stop, release := interruptible(t.Context(), func(text string) { told <- text })
	defer release()
	for i, over := range []<-chan struct{}{stop, ctx.Done()} {
		if i > 0 && ctx.Err() != nil {
			t.Fatal("the first interrupt ended the work at once")
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-over
		if text := <-told; text == "" {
			t.Error("nothing was told")
		}
	}
}
