package stack_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"yardstick/pkg/app"
	"yardstick/pkg/app/stack"
	"yardstick/pkg/bubble"
	"yardstick/pkg/localcloud"
)

const (
	cloudAddress = "127.0.0.1:1001"
	// whole is a configuration that fits the stack of newAWS.
	whole = `version: 1
bucket: acme-reporting
prefix: reports/
scrapright:
  - account: main
    url: https://acme.scrapright.example
    api_key_secret: yardstick/scrapright/main/api-key
    session_secret: yardstick/scrapright/main/session
    timezone: America/Chicago
    start: 2025-01-01
scrunch:
  - account: main
    api_key_secret: yardstick/scrunch/main/api-key
    start: 2025-01-01
webhook:
  secret: yardstick/webhook
  functions: {scrapright: yardstick-scrapright-export, scrunch: yardstick-scrunch-export}
`
)

// world is a stack of template.yaml beside an embedded S3 and Secrets Manager, on fake time.
type world struct {
	*testing.T
	aws     *aws
	network *bubble.Network
	cloud   *localcloud.Cloud
}

// inWorld runs a test in a bubble, beside a stack that fits the configuration whole.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cloud.Close() })
		w := &world{T: t, aws: newAWS(t), network: &bubble.Network{}, cloud: cloud}
		w.aws.next = cloud.Handler()
		w.network.Serve(t, cloudAddress, w.aws)
		if err := cloud.CreateBucket("acme-reporting"); err != nil {
			t.Fatal(err)
		}
		opened := w.open(whole)
		for _, name := range []string{"scrapright/main/api-key", "scrapright/main/session", "scrunch/main/api-key"} {
			if err := opened.CreateSecret(t.Context(), "yardstick/"+name, "{}"); err != nil {
				t.Fatal(err)
			}
		}
		test(w)
	})
}

func newAWS(t *testing.T) *aws {
	a := &aws{T: t, status: "UPDATE_COMPLETE", pageSize: 7, variables: map[string]string{}, refuse: map[string]string{}, parameters: map[string]string{
		"Accounts": "main", "Sources": "scrapright,scrunch", "BucketName": "acme-reporting", "Prefix": "reports/", "Webhook": "on", "Tables": "on",
		"NewSecrets": "yes", "Config": whole, "ConfigObject": "", "KmsKey": "", "TablesFrom": "2025-01-01"}}
	for _, name := range []string{"scrapright-export", "scrunch-export", "rotate-session", "verify-key", "trigger-export"} {
		logical := ""
		for word := range strings.SplitSeq(name, "-") {
			logical += strings.ToUpper(word[:1]) + word[1:]
		}
		logical = strings.Replace(logical, "Scrapright", "ScrapRight", 1)
		a.resources = append(a.resources, [3]string{logical, "AWS::Lambda::Function", "yardstick-" + name})
		a.variables["yardstick-"+name] = whole
	}
	for _, table := range []string{"scrapright_purchases", "scrapright_customers", "scrapright_customers_latest", "scrapright_businesses",
		"scrapright_businesses_latest", "scrunch_brands", "scrunch_brands_latest", "scrunch_prompts", "scrunch_prompts_latest",
		"scrunch_competitors", "scrunch_competitors_latest", "scrunch_personas", "scrunch_personas_latest", "scrunch_brand_daily",
		"scrunch_platform_daily", "scrunch_prompt_daily", "scrunch_competitor_daily", "scrunch_citation_daily", "scrunch_responses"} {
		a.resources = append(a.resources, [3]string{"Table" + strings.ReplaceAll(table, "_", ""), "AWS::Glue::Table", table})
	}
	a.grant()
	for role := range a.roles {
		a.resources = append(a.resources, [3]string{role, "AWS::IAM::Role", "yardstick-" + role})
	}
	return a
}

// grant gives the roles what template.yaml gives them for the stack's parameters.
func (a *aws) grant() {
	a.Helper()
	values := map[string]string{"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": account, "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName":       "yardstick",
		"ScrapRightExport.Arn": "arn:aws:lambda:us-east-1:" + account + ":function:yardstick-scrapright-export",
		"ScrunchExport.Arn":    "arn:aws:lambda:us-east-1:" + account + ":function:yardstick-scrunch-export"}
	for name, value := range a.parameters {
		values[name] = value
	}
	a.roles = rolesOf(a.T, values, map[string]bool{"HasKmsKey": a.parameters["KmsKey"] != "", "HasBoundary": false, "UsesScrapRight": true,
		"UsesScrunch": true, "HasWebhook": true, "HasConfigObject": a.parameters["ConfigObject"] != "", "MakesSecrets": a.parameters["NewSecrets"] == "yes"})
}

func (w *world) open(config string) *app.App {
	w.Helper()
	a, err := app.Open(w.Context(), app.Options{Config: config, Endpoint: "http://" + cloudAddress, Transport: w.network.SDKTransport(w)})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// put writes an object into a bucket of its own.
func (w *world) put(bucket, key, text string) {
	w.Helper()
	if err := w.cloud.CreateBucket(bucket); err != nil {
		w.Fatal(err)
	}
	_, err := s3.NewFromConfig(w.open(whole).SDK()).PutObject(w.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		w.Fatal(err)
	}
}

// check compares the stack with a configuration, and answers lines.
func (w *world) check(config string) string {
	w.Helper()
	var b strings.Builder
	for _, f := range stack.Check(w.Context(), w.open(config), "yardstick") {
		place := strings.Trim(f.Source+"/"+f.Account, "/")
		if place != "" {
			place = " " + place
		}
		fmt.Fprintf(&b, "%s%s %s: %s\n", f.Level, place, f.Subject, f.Message)
		for _, line := range f.Change {
			fmt.Fprintln(&b, "    "+line)
		}
	}
	return b.String()
}
