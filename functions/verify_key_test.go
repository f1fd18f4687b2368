package functions_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"yardstick/pkg/app"
	"yardstick/pkg/simulator"
)

const newYardKey = "the-new-key-of-the-yard"

// labelUpdated is the event by which EventBridge tells that AWSCURRENT of a secret moved.
func (d deployment) labelUpdated(t *testing.T, name, version string) string {
	t.Helper()
	got, err := d.secrets().DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"version":"0","id":"1","detail-type":"Secret Label Updated","source":"aws.secretsmanager","account":"0",
		"time":"2026-11-23T05:00:00Z","region":"us-east-1","resources":[%q],"detail":{"name":%q,"labelUpdated":"AWSCURRENT","versionId":%q}}`,
		aws.ToString(got.ARN), name, version)
}

// metrics are the lines of the embedded metric format among what a function wrote until it ended, as "source/account verified refused".
func (f *function) metrics() []string {
	var found []string
	for line := range strings.Lines(f.log.String()) {
		var m struct {
			AWS *struct {
				CloudWatchMetrics []struct{ Namespace string }
			} `json:"_aws"`
			Source, Account         string
			KeyVerified, KeyRefused int
		}
		if json.Unmarshal([]byte(line), &m) == nil && m.AWS != nil && m.AWS.CloudWatchMetrics[0].Namespace == "yardstick" {
			found = append(found, fmt.Sprintf("%s/%s %d %d", m.Source, m.Account, m.KeyVerified, m.KeyRefused))
		}
	}
	return found
}

func TestANewKeyIsVerifiedWhenItsLabelMoves(t *testing.T) {
	d := deployYard(t)
	var f *function
	t.Cleanup(func() { // the process has ended by then, and writes no more
		if found := strings.Join(f.metrics(), ", "); found != "scrapright/main 0 1, scrapright/main 1 0" {
			t.Errorf("metrics: %s", found)
		}
		for _, key := range []string{newYardKey, yardKey, "mistyped", "eyJ"} {
			if strings.Contains(f.log.String(), key) || !strings.Contains(f.log.String(), `"DEBUG"`) {
				t.Errorf("the log holds %q, or is not at its finest level:\n%s", key, f.log)
			}
		}
	})
	f = start(t, bootstrap(t, "verify-key"), time.Minute, append(d.env, "AWS_LAMBDA_LOG_LEVEL=DEBUG", "AWS_LAMBDA_LOG_FORMAT=JSON")...)
	d.yard.Revoke(newYardKey)
	refused := d.putSecret(t, "yard/key", "a-key-that-was-mistyped")
	got := f.invoke(d.labelUpdated(t, "yard/key", refused))
	if got.errorType != "KeyRefused" {
		t.Errorf("%s: %s", got.errorType, got.message)
	}
	for _, part := range []string{"yard/key", refused, "main", "generate a new key at the vendor and put it into that secret"} {
		if !strings.Contains(got.message, part) {
			t.Errorf("%q does not say %q", got.message, part)
		}
	}

	version := d.putSecret(t, "yard/key", `{"api_key":"`+newYardKey+`"}`)
	got = f.invoke(d.labelUpdated(t, "yard/key", version))
	var verified app.Verified
	if err := json.Unmarshal(got.body, &verified); err != nil || got.errorType != "" || verified.KeyVersion != version || verified.Accounts[0].Session == nil {
		t.Fatalf("%s %s %s", got.errorType, got.message, got.body)
	}
	d.sessionStands(t)

	before := len(d.yard.Requests())
	got = f.invoke(d.labelUpdated(t, "yard/session", "v")) // which the verification itself set off
	if got.errorType != "" || !strings.Contains(string(got.body), `"ignored":"it is no api_key_secret of the configuration"`) || len(d.yard.Requests()) != before {
		t.Errorf("%s %s %s", got.errorType, got.message, got.body)
	}
}

func TestAKeyIsVerifiedOnDemand(t *testing.T) {
	d := deployYard(t)
	f := start(t, bootstrap(t, "verify-key"), time.Minute, d.env...)
	if got := f.invoke(`{"secret":"yard/key"}`); got.errorType != "" || !strings.Contains(string(got.body), `"secret":"yard/key"`) {
		t.Errorf("%s %s", got.errorType, got.message)
	}
	d.sessionStands(t)
	if n := d.yard.Count(simulator.TokenEndpoint); n != 1 || len(d.yard.Requests()) != 1 {
		t.Errorf("%d exchanges among %d requests", n, len(d.yard.Requests()))
	}
	for event, want := range map[string][2]string{
		`{"secret":"yard/session"}`:           {"EventInvalid", "yard/key"},
		`{"secret":"yard/key","force":true}`:  {"EventInvalid", "force"},
		`{"detail-type":"Object Created"}`:    {"EventInvalid", "Secret Label Updated"},
		`{"scheduledTime":"2026-11-23T05:0"}`: {"EventInvalid", "scheduledTime"},
	} {
		if got := f.invoke(event); got.errorType != want[0] || !strings.Contains(got.message, want[1]) {
			t.Errorf("%s: %s: %s", event, got.errorType, got.message)
		}
	}
	d.yard.Fault(func(simulator.Request) *simulator.Answer { return simulator.Refuse(400, "not today") })
	if got := f.invoke(`{"secret":"yard/key"}`); got.errorType != "KeyRefused" {
		t.Errorf("%s: %s", got.errorType, got.message)
	}
	d.yard.Fault(func(simulator.Request) *simulator.Answer { return simulator.Refuse(404, "no such page") })
	if got := f.invoke(`{"secret":"yard/key"}`); got.errorType != "VerificationFailed" || !strings.Contains(got.message, "no such page") {
		t.Errorf("%s: %s", got.errorType, got.message)
	}
}

func TestAScrunchKeyIsVerifiedByItsBrands(t *testing.T) {
	d := deployScrunch(t, "")
	f := start(t, bootstrap(t, "verify-key"), time.Minute, d.env...)
	if got := f.invoke(`{"secret":"scrunch/key"}`); got.errorType != "" || !strings.Contains(string(got.body), `"session":null,"brands":1`) {
		t.Errorf("%s %s %s", got.errorType, got.message, got.body)
	}
	d.SetKeys(simulator.ScrunchKey{Key: "the-next-key-of-the-organization"})
	if got := f.invoke(`{"secret":"scrunch/key"}`); got.errorType != "KeyRefused" || !strings.Contains(got.message, "scrunch/key") {
		t.Errorf("%s: %s", got.errorType, got.message)
	}
}
