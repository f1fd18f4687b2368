package app_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"yardstick/pkg/app"
	"yardstick/pkg/simulator"
)

const (
	triggerAddress = "127.0.0.1:1004" // of the cloud with Lambda in it
	hookSecret     = "yardstick/webhook"
	yardFunction   = "stack-scrapright-export"
	scrunchARN     = "arn:aws:lambda:us-east-1:000000000000:function:stack-scrunch-export"
)

var (
	firstHook  = []byte("the-first-signing-key-of-senders")
	secondHook = []byte("the-second-signing-key-of-sender")
)

func whsec(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }

// invocation is a call that a lambdaAPI took.
type invocation struct{ Function, Event string }

// lambdaAPI is Lambda as far as functions are started by it.
type lambdaAPI struct {
	fault func(function string) int // status of a call that is refused; 0: it is taken
	pause time.Duration             // before each answer

	mu    sync.Mutex
	taken []invocation
}

func (l *lambdaAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.EscapedPath(), "/2015-03-31/functions/"), "/invocations")
	name, err := url.PathUnescape(name)
	body, readErr := io.ReadAll(r.Body)
	if !ok || err != nil || readErr != nil || r.Method != http.MethodPost || r.Header.Get("X-Amz-Invocation-Type") != "Event" {
		http.Error(w, "no asynchronous invocation", http.StatusNotFound)
		return
	}
	time.Sleep(l.pause)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		if status := l.fault(name); status != 0 {
			w.Header().Set("X-Amzn-Errortype", map[int]string{403: "AccessDeniedException", 404: "ResourceNotFoundException"}[status])
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"Message":"an internal matter of Lambda"}`)
			return
		}
	}
	l.taken = append(l.taken, invocation{name, string(body)})
	w.WriteHeader(http.StatusAccepted)
}

// started takes what was started since the last call.
func (l *lambdaAPI) started() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, i := range l.taken {
		all = append(all, i.Function+" "+i.Event)
	}
	l.taken = nil
	return strings.Join(all, ", ")
}

// triggers is the function trigger-export in a world with both vendors.
type triggers struct {
	*world
	lambda *lambdaAPI
	hooks  string // the configuration's webhook
}

func inTriggerWorld(t *testing.T, test func(w *triggers)) {
	t.Helper()
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		x := &triggers{world: w, lambda: &lambdaAPI{},
			hooks: fmt.Sprintf("webhook: {secret: %s, functions: {scrapright: %s, scrunch: %q}}\n", hookSecret, yardFunction, scrunchARN)}
		w.network.Serve(w, triggerAddress, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/2015-03-31/") {
				x.lambda.ServeHTTP(out, r)
				return
			}
			w.aws.ServeHTTP(out, r)
		}))
		for _, key := range [][]byte{firstHook, secondHook} {
			w.watch.Note("signing key", string(key))
			w.watch.Note("signing key", whsec(key)[6:])
		}
		if err := w.open().CreateSecret(w.Context(), hookSecret, whsec(firstHook)); err != nil {
			t.Fatal(err)
		}
		test(x)
	})
}

func (w *triggers) triggerOptions() app.Options {
	w.Helper()
	o := w.optionsWith(fmt.Sprintf("scrunch:\n  - account: eu\n    url: http://127.0.0.1:1003/v1\n    api_key_secret: scrunch/key\n%s", w.hooks))
	o.Endpoint = "http://" + triggerAddress
	return o
}

// hook is one request of a sender.
type hook struct {
	id, body string
	key      []byte        // nil: the first
	early    time.Duration // of its timestamp
	change   func(*events.LambdaFunctionURLRequest)
}

// request signs a webhook as the standard says.
func (h hook) request() events.LambdaFunctionURLRequest {
	at := strconv.FormatInt(time.Now().Add(h.early).Unix(), 10)
	if h.key == nil {
		h.key = firstHook
	}
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(h.id + "." + at + "." + h.body))
	r := events.LambdaFunctionURLRequest{Version: "2.0", RawPath: "/", Body: h.body, Headers: map[string]string{
		"content-type": "application/json", "webhook-id": h.id, "webhook-timestamp": at,
		"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
	r.RequestContext.HTTP.Method = http.MethodPost
	if h.change != nil {
		h.change(&r)
	}
	return r
}

// send has a function answer a webhook within Lambda's time-out.
func (w *triggers) send(ctx context.Context, h hook) (status int, body string, header map[string]string) {
	w.Helper()
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	payload, err := json.Marshal(h.request())
	if err != nil {
		w.Error(err)
	}
	text, err := app.Trigger(w.triggerOptions()).Invoke(ctx, payload)
	w.said.say(string(text), err)
	var answer events.LambdaFunctionURLResponse
	if err != nil || json.Unmarshal(text, &answer) != nil || answer.Headers["Content-Type"] != "application/json" || !json.Valid([]byte(answer.Body)) {
		w.Errorf("%s %v", text, err)
	}
	return answer.StatusCode, answer.Body, answer.Headers
}

// expect sends a webhook and looks at its answer and at what was started by it.
func (w *triggers) expect(name string, h hook, status int, says, started string) {
	w.Helper()
	got, body, header := w.send(w.Context(), h)
	if got != status || !strings.Contains(body, says) {
		w.Errorf("%s: %d %s, expected %d and %q", name, got, body, status, says)
	}
	if now := w.lambda.started(); now != started {
		w.Errorf("%s: started %q, expected %q", name, now, started)
	}
	if (header["Allow"] != "") != (status == 405) || (header["Retry-After"] != "") != (status == 503) {
		w.Errorf("%s: header %v", name, header)
	}
}

const (
	both     = `{"accepted":[{"source":"scrapright","function":"` + yardFunction + `"},{"source":"scrunch","function":"` + scrunchARN + `"}]}`
	yardOnly = `{"accepted":[{"source":"scrapright","function":"` + yardFunction + `"}]}`
	hookKeys = "_yardstick/webhooks/"
)
