package functions_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"yardstick/pkg/app"
)

var signingKey = []byte("the-signing-key-of-all-senders--")

// started keeps what functions were started asynchronously, as "path body".
type started struct {
	mu    sync.Mutex
	calls []string
}

// ServeHTTP is Lambda's Invoke (docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
func (s *started) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("X-Amz-Invocation-Type") != "Event" ||
		!strings.Contains(r.Header.Get("Authorization"), "/us-east-1/lambda/aws4_request") {
		http.Error(w, "no asynchronous invocation", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.URL.Path+" "+string(body))
	w.WriteHeader(http.StatusAccepted)
}

func (s *started) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, ", ")
}

// webhookEvent is what a function URL hands to its function for a webhook that was signed at a time.
func webhookEvent(t *testing.T, key []byte, id string, at time.Time, body string) string {
	t.Helper()
	seconds := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + seconds + "." + body))
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": true,
		"headers": map[string]string{"webhook-id": id, "webhook-timestamp": seconds, "x-forwarded-proto": "https",
			"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
		"requestContext": map[string]any{"http": map[string]string{"method": "POST", "path": "/", "sourceIp": "127.0.0.1"}},
		"body":           base64.StdEncoding.EncodeToString([]byte(body))})
	if err != nil {
		t.Fatal(err)
	}
	return string(event)
}

func TestTheBuiltFunctionStartsExportsByWebhooks(t *testing.T) {
	d := deployYard(t)
	api := &started{}
	lambda := httptest.NewServer(api)
	t.Cleanup(lambda.Close)
	coded := base64.StdEncoding.EncodeToString(signingKey)
	if _, err := d.secrets().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("yard/webhook"),
		SecretString: aws.String(`{"secrets":["whsec_` + coded + `"]}`)}); err != nil {
		t.Fatal(err)
	}
	config := d.config + "webhook:\n  secret: yard/webhook\n  functions: {scrapright: stack-scrapright-export}\n"
	var f *function
	t.Cleanup(func() { // the process has ended by then
		for _, secret := range []string{coded[:20], string(signingKey)} {
			if strings.Contains(f.log.String()+f.said.String(), secret) {
				t.Errorf("the function told %q", secret)
			}
		}
	})
	f = start(t, bootstrap(t, "trigger-export"), 30*time.Second,
		append(d.env, app.ConfigVariable+"="+config, "AWS_ENDPOINT_URL_LAMBDA="+lambda.URL)...)
	const (
		body   = `{"source":"scrapright","datasets":["purchases"],"force":true}`
		taken  = `{"accepted":[{"source":"scrapright","function":"stack-scrapright-export"}]}`
		called = `/2015-03-31/functions/stack-scrapright-export/invocations {"datasets":["purchases"],"force":true}`
	)
	now := time.Now()
	for _, c := range []struct {
		name, event string
		status      int
		says, calls string
	}{
		{"forged", webhookEvent(t, []byte("another-key"), "msg_1", now, body), 401, "signature", ""},
		{"old", webhookEvent(t, signingKey, "msg_1", now.Add(-6*time.Minute), body), 401, "webhook-timestamp", ""},
		{"of an unknown account", webhookEvent(t, signingKey, "msg_1", now, `{"account":"other"}`), 400, "other", ""},
		{"with a clock", webhookEvent(t, signingKey, "msg_1", now, `{"scheduledTime":"2026-11-18T12:00:00Z"}`), 400, "scheduledTime", ""},
		{"good", webhookEvent(t, signingKey, "msg_1", now, body), 202, taken, called},
		{"replayed", webhookEvent(t, signingKey, "msg_1", now, body), 202, taken, called},
		{"sent again", webhookEvent(t, signingKey, "msg_1", now.Add(time.Second), body), 202, taken, called},
	} {
		got := f.invoke(c.event)
		var answer struct {
			StatusCode int
			Body       string
		}
		if err := json.Unmarshal(got.body, &answer); err != nil || got.errorType != "" || answer.StatusCode != c.status || !strings.Contains(answer.Body, c.says) {
			t.Errorf("%s: %s %s %s, expected %d and %q", c.name, got.errorType, got.message, got.body, c.status, c.says)
		}
		if calls := api.all(); calls != c.calls {
			t.Errorf("%s: called %q, expected %q", c.name, calls, c.calls)
		}
	}
	if got := f.invoke(`{}`); got.errorType != "EventInvalid" || !strings.Contains(got.message, "URL") {
		t.Errorf("an event of another kind: %s %s", got.errorType, got.message)
	}
}

func TestATriggerWithoutItsConfigurationIsInvalid(t *testing.T) {
	d := deployYard(t)
	f := start(t, bootstrap(t, "trigger-export"), 30*time.Second, d.env...)
	if got := f.invoke(webhookEvent(t, signingKey, "msg_1", time.Now(), `{}`)); got.errorType != "ConfigInvalid" || !strings.Contains(got.message, "webhook: not set") {
		t.Errorf("%s %s %s", got.errorType, got.message, got.body)
	}
}
