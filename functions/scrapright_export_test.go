package functions_test

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/simulator"
)

const yardKey = "the-key-of-the-yard"

// deployment is what stands round a function: a cloud on loopback, and the environment by which it is found.
type deployment struct {
	cloud    *localcloud.Cloud
	dir      string // of the cloud
	endpoint string
	env      []string
}

// deploy opens a cloud for a configuration and puts an API key into it.
func deploy(t *testing.T, config, secret, key string) deployment {
	t.Helper()
	dir := t.TempDir()
	cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	endpoint, err := cloud.Start()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: config, Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.CreateBucket(a.Configured.Bucket); err != nil {
		t.Fatal(err)
	}
	if err := a.CreateSecret(t.Context(), secret, key); err != nil {
		t.Fatal(err)
	}
	env := []string{"AWS_ENDPOINT_URL=" + endpoint, app.ConfigVariable + "=" + config, cloudFolder + "=" + dir}
	t.Cleanup(func() { noSecretIsKept(t, dir) })
	return deployment{cloud, dir, endpoint, env}
}

// yardDeployment is a deployment beside a yard.
type yardDeployment struct {
	deployment
	yard   *simulator.Yard
	config string
}

func deployYard(t *testing.T) yardDeployment { return deployYardOf(t, simulator.YardConfig{}) }

// deployYardOf is deployYard for a yard that is small and quick where c does not say otherwise.
func deployYardOf(t *testing.T, c simulator.YardConfig) yardDeployment {
	t.Helper()
	c.APIKey, c.Now, c.TicketsPerDay, c.Customers, c.Businesses = yardKey, time.Now, 20, 30, 5
	c.RequestsPerMinute = cmp.Or(c.RequestsPerMinute, 6000)
	yard := simulator.NewYard(c)
	url, stop, err := yard.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	config := fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrapright:\n  - account: main\n    url: %s\n    api_key_secret: yard/key\n    session_secret: yard/session\n", url)
	return yardDeployment{deploy(t, config, "yard/key", yardKey), yard, config}
}

// beside is another cloud for the same yard, with nothing in it yet.
func (d yardDeployment) beside(t *testing.T) yardDeployment {
	t.Helper()
	return yardDeployment{deploy(t, d.config, "yard/key", yardKey), d.yard, d.config}
}

func TestAScheduledEventInTheContractsResultOut(t *testing.T) {
	d := deployYard(t)
	f := start(t, bootstrap(t, "scrapright-export"), time.Minute, d.env...)
	clock := time.Now().UTC().Truncate(time.Second)
	got := f.invoke(fmt.Sprintf(`{"scheduledTime":%q,"executionId":"e-1","attempt":"1"}`, clock.Format(time.RFC3339)))
	if got.errorType != "" {
		t.Fatalf("%s: %s", got.errorType, got.message)
	}
	var result struct {
		Version     int
		Run, Source string
		Time        time.Time
		Status      string
		Remaining   *int
		Next        *json.RawMessage
		Warnings    []any
		Accounts    []struct {
			Account, Status, Session string
			Requests, Throttled      int
			Error                    any
			Datasets                 []struct {
				Dataset                  string
				Written, Unchanged, Rows int
				Vanished, Remaining      *int
				Failed                   []any
			}
		}
	}
	if err := json.Unmarshal(got.body, &result); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if result.Version != 1 || result.Source != "scrapright" || result.Status != "complete" || !result.Time.Equal(clock) ||
		!strings.HasPrefix(result.Run, clock.Format("20060102T150405Z-")) || result.Remaining == nil || len(result.Accounts) != 1 ||
		result.Warnings == nil || !strings.Contains(string(got.body), `"next":null`) {
		t.Fatalf("%s", got.body)
	}
	a := result.Accounts[0]
	if a.Account != "main" || a.Session != "exchanged" || a.Requests != len(d.yard.Requests()) || len(a.Datasets) != 3 ||
		a.Datasets[0].Written != 31 || a.Datasets[0].Failed == nil || a.Datasets[0].Vanished == nil {
		t.Errorf("%s", got.body)
	}
	kept := filepath.Join(d.dir, "s3", "acme-reporting", "_yardstick", "runs", "dt="+clock.Format("2006-01-02"), result.Run+".json")
	text, err := os.ReadFile(kept)
	if err != nil || strings.TrimSpace(string(text)) != string(got.body) {
		t.Errorf("%v: kept\n%s, answered\n%s", err, text, got.body)
	}
	latest := filepath.Join(d.dir, "s3", "acme-reporting", "latest", "scrapright", "customers", "account=main", "customers.json.gz")
	if n := len(readLines(t, latest)); n != 30 {
		t.Errorf("%d customers in latest/, expected 30", n)
	}

	again := f.invoke(`{"scheduledTime":"<aws.scheduler.scheduled-time>"}`) // warm, and a scheduler that fills nothing in
	if again.errorType != "" || !strings.Contains(string(again.body), `"session":"cached"`) || !strings.Contains(string(again.body), `"written":0,"unchanged":1`) {
		t.Errorf("%s %s", again.message, again.body)
	}
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := io.ReadAll(openLines(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// openLines reads an object's lines.
func openLines(t *testing.T, path string) io.Reader {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestErrorsHaveTheTypesOfTheContract(t *testing.T) {
	binary := bootstrap(t, "scrapright-export")
	d := deployYard(t)
	f := start(t, binary, time.Minute, d.env...)
	expect := func(got answered, errorType string, says ...string) {
		t.Helper()
		if got.errorType != errorType {
			t.Errorf("error type %q (%s), expected %s", got.errorType, got.message, errorType)
		}
		for _, part := range says {
			if !strings.Contains(got.message, part) {
				t.Errorf("%s says %q, expected %q in it", errorType, got.message, part)
			}
		}
	}
	expect(f.invoke(`{"acount":"main"}`), "EventInvalid", `"acount"`)
	expect(f.invoke(`{"account":"other"}`), "EventInvalid", "other", "main")
	expect(f.invoke(`{"datasets":["tickets"]}`), "EventInvalid", "tickets", "purchases")
	expect(f.invoke(`{"from":"2026-11-31"}`), "EventInvalid", "from")
	expect(f.invoke(`{"from":"2026-11-03","to":"2026-11-02"}`), "EventInvalid", "after")
	expect(f.invoke(`[]`), "EventInvalid", "object")
	if len(d.yard.Requests()) != 0 {
		t.Error("the yard was called for an invalid event")
	}
	d.yard.Fault(func(r simulator.Request) *simulator.Answer {
		if r.Endpoint == simulator.Purchases && r.From == time.Now().UTC().AddDate(0, 0, -3).Format("2006-01-02") {
			return simulator.Refuse(http.StatusUnprocessableEntity, "dates are not to our liking")
		}
		return nil
	})
	expect(f.invoke(`{}`), "ExportFailed", "main", "purchases", time.Now().UTC().AddDate(0, 0, -3).Format("2006-01-02"), "dates are not to our liking")

	broken := start(t, binary, time.Minute, d.env[0], app.ConfigVariable+"=version: 2\nbuckett: x\n")
	expect(broken.invoke(`{}`), "ConfigInvalid", "version", "buckett", "bucket")
	unset := start(t, binary, time.Minute, d.env[0])
	expect(unset.invoke(`{}`), "ConfigInvalid", app.ConfigVariable)
}
