package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"yardstick/pkg/app"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/webhook"
)

func TestASignedWebhookStartsWhatItAsksFor(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		const purchasesAlone = `{"account":"main","datasets":["purchases"],"from":"2026-01-01","to":"2026-01-31","force":true}`
		twice := func(event string) string { return yardFunction + " " + event + ", " + scrunchARN + " " + event }
		for i, c := range []struct{ body, answer, started string }{
			{``, both, twice(`{}`)},
			{`{}`, both, twice(`{}`)},
			{`null`, both, twice(`{}`)},
			{`{"force":true}`, both, twice(`{"force":true}`)},
			{`{"source":"scrapright"}`, yardOnly, yardFunction + ` {}`},
			{`{"source":"scrunch","account":"eu","from":"2026-11-01"}`, scrunchARN, scrunchARN + ` {"account":"eu","from":"2026-11-01"}`},
			{strings.Replace(purchasesAlone, "{", `{ "source":"scrapright", `, 1), yardOnly, yardFunction + " " + purchasesAlone},
		} {
			w.expect(c.body, hook{id: fmt.Sprint("msg_", i), body: c.body}, 202, c.answer, c.started)
			w.expect(c.body+" in base64", hook{id: fmt.Sprint("msg_b", i), body: c.body, change: func(r *events.LambdaFunctionURLRequest) {
				r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.Body)), true
			}}, 202, c.answer, c.started)
		}
		w.expect("header names in another case", hook{id: "msg_h", body: `{"source":"scrapright"}`, change: func(r *events.LambdaFunctionURLRequest) {
			header := map[string]string{}
			for name, value := range r.Headers {
				header[strings.ToUpper(name)] = value
			}
			r.Headers = header
		}}, 202, yardOnly, yardFunction+` {}`)
		w.hooks = strings.Replace(w.hooks, "scrapright: "+yardFunction+", ", "", 1)
		w.expect("no function for ScrapRight", hook{id: "msg_f", body: `{}`}, 202, `{"accepted":[{"source":"scrunch","function":"`+scrunchARN+`"}]}`, scrunchARN+` {}`)
		w.expect("ScrapRight without a function", hook{id: "msg_g", body: `{"source":"scrapright"}`}, 400, `source: found \"scrapright\", expected one of [\"scrunch\"]`, "")
	})
}

func TestWebhooksThatAreNotTakenStartNothingAndLeaveNothing(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		method := func(name string) func(*events.LambdaFunctionURLRequest) {
			return func(r *events.LambdaFunctionURLRequest) { r.RequestContext.HTTP.Method = name }
		}
		header := func(name, value string) func(*events.LambdaFunctionURLRequest) {
			return func(r *events.LambdaFunctionURLRequest) {
				if r.Headers[name] = value; value == "" {
					delete(r.Headers, name)
				}
			}
		}
		const good = `{"source":"scrapright"}`
		for _, c := range []struct {
			name   string
			hook   hook
			status int
			says   string
		}{
			{"GET", hook{id: "m", body: good, change: method("GET")}, 405, "expected POST"},
			{"PUT", hook{id: "m", body: good, change: method("PUT")}, 405, "expected POST"},
			{"forged", hook{id: "m", body: good, key: secondHook}, 401, "none of the signatures"},
			{"old", hook{id: "m", body: good, early: -6 * time.Minute}, 401, "webhook-timestamp: it is more than 5 minutes"},
			{"of the future", hook{id: "m", body: good, early: 6 * time.Minute}, 401, "webhook-timestamp: it is more than 5 minutes"},
			{"changed body", hook{id: "m", body: good, change: func(r *events.LambdaFunctionURLRequest) { r.Body += " " }}, 401, "none of the signatures"},
			{"changed id", hook{id: "m", body: good, change: header("webhook-id", "n")}, 401, "none of the signatures"},
			{"no id", hook{id: "m", body: good, change: header("webhook-id", "")}, 400, "webhook-id: the header is missing"},
			{"id in two cases", hook{id: "m", body: good, change: header("Webhook-ID", "m")}, 400, "webhook-id: the header came 2 times"},
			{"no signature", hook{id: "m", body: good, change: header("webhook-signature", "")}, 400, "webhook-signature: the header is missing"},
			{"too much", hook{id: "m", body: good + strings.Repeat(" ", webhook.MaxBody)}, 413, "expected at most 65536"},
			{"no base64", hook{id: "m", body: "%", change: func(r *events.LambdaFunctionURLRequest) { r.IsBase64Encoded = true }}, 400, "base64"},
			{"no JSON", hook{id: "m", body: "source=scrapright"}, 400, "expected a JSON object"},
			{"unknown member", hook{id: "m", body: `{"acount":"main"}`}, 400, `unknown member \"acount\"`},
			{"unknown account", hook{id: "m", body: `{"source":"scrapright","account":"other"}`}, 400, `scrapright: account: found \"other\", expected one of [\"main\"]`},
			{"account of one source", hook{id: "m", body: `{"account":"main"}`}, 400, `say \"source\":\"scrapright\" if that one alone is meant`},
			{"unknown dataset", hook{id: "m", body: `{"source":"scrunch","datasets":["purchases"]}`}, 400, `scrunch: datasets: found \"purchases\"`},
			{"unknown source", hook{id: "m", body: `{"source":"yard"}`}, 400, `source: found \"yard\", expected one of [\"scrapright\" \"scrunch\"]`},
			{"no date", hook{id: "m", body: `{"from":"2026-02-30"}`}, 400, "from: found"},
			{"days backwards", hook{id: "m", body: `{"from":"2026-02-02","to":"2026-02-01"}`}, 400, "is after to"},
			{"scheduledTime", hook{id: "m", body: `{"scheduledTime":"2026-11-18T12:00:00Z"}`}, 400, "scheduledTime: only a schedule may say that"},
			{"executionId", hook{id: "m", body: `{"executionId":"e"}`}, 400, "executionId: only a schedule may say that"},
			{"attempt", hook{id: "m", body: `{"attempt":2}`}, 400, "attempt: only a schedule may say that"},
			{"a long fault", hook{id: "m", body: `{"account":"` + strings.Repeat("ü", 9000) + `"}`}, 400, "..."},
		} {
			w.expect(c.name, c.hook, c.status, c.says, "")
			if _, body, _ := w.send(w.Context(), c.hook); len(body) > 2000 {
				t.Errorf("%s: an answer of %d bytes", c.name, len(body))
			}
		}
		if left := w.keys(hookKeys); len(left) != 0 {
			t.Errorf("left behind: %q", left)
		}
		w.expect("the same id, put right", hook{id: "m", body: good}, 202, yardOnly, yardFunction+" {}")
	})
}

// Everybody may send requests to a function URL.
func TestWhatCarriesNoSignatureCostsNoCall(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		before := len(w.aws.Calls())
		for _, change := range []func(*events.LambdaFunctionURLRequest){
			func(r *events.LambdaFunctionURLRequest) { r.Headers = nil },
			func(r *events.LambdaFunctionURLRequest) { r.RequestContext.HTTP.Method = "GET" },
			func(r *events.LambdaFunctionURLRequest) { r.Body = strings.Repeat("x", 1<<20) },
		} {
			if status, _, _ := w.send(w.Context(), hook{id: "m", change: change}); status/100 != 4 {
				t.Errorf("status %d", status)
			}
		}
		if now := len(w.aws.Calls()); now != before {
			t.Errorf("%d calls were made", now-before)
		}
	})
}

func TestAWebhookStartsOnceHoweverOftenItComes(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		body := `{"source":"scrapright"}`
		w.expect("first", hook{id: "msg_1", body: body}, 202, yardOnly, yardFunction+" {}")
		w.expect("again", hook{id: "msg_1", body: body}, 202, yardOnly, "")
		w.expect("again, with another body", hook{id: "msg_1", body: `{}`}, 202, yardOnly, "")
		w.expect("another id", hook{id: "msg_2", body: body}, 202, yardOnly, yardFunction+" {}")
		w.pass(23 * time.Hour)
		w.expect("within a day", hook{id: "msg_1", body: body}, 202, yardOnly, "")
		w.pass(2 * time.Hour)
		w.expect("a day later", hook{id: "msg_1", body: body}, 202, yardOnly, yardFunction+" {}")
		w.expect("and again", hook{id: "msg_1", body: body}, 202, yardOnly, "")

		w.lambda.pause = time.Second
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if status, answer, _ := w.send(w.Context(), hook{id: "msg_3", body: `{}`}); status != 202 || answer != both {
					t.Errorf("%d %s", status, answer)
				}
			})
		}
		group.Wait()
		if started := w.lambda.started(); started != yardFunction+" {}, "+scrunchARN+" {}" {
			t.Errorf("eight at once started %q", started)
		}
		if kept := w.keys(hookKeys); len(kept) != 3 || strings.Contains(strings.Join(kept, " "), "msg") {
			t.Errorf("kept: %q", kept)
		}
	})
}

func TestARotatedSigningSecretCountsAtOnce(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		for i, c := range []struct {
			stored        string // "": as it is
			first, second bool   // sign
		}{
			{"", true, false},
			{`{"secrets":["` + whsec(secondHook) + `","` + whsec(firstHook) + `"]}`, true, true},
			{`{"secrets":["` + whsec(secondHook) + `"]}`, false, true},
			{whsec(firstHook), true, false},
		} {
			if c.stored != "" {
				w.replaceSecret(hookSecret, c.stored)
			}
			for n, signer := range []struct {
				key  []byte
				want bool
			}{{firstHook, c.first}, {secondHook, c.second}} {
				h := hook{id: fmt.Sprint("msg_", i, "_", n), body: `{"source":"scrapright"}`, key: signer.key}
				if signer.want {
					w.expect(h.id, h, 202, yardOnly, yardFunction+" {}")
				} else {
					w.expect(h.id, h, 401, "none of the signatures", "")
				}
			}
			w.pass(time.Second)
		}
	})
}

func TestAFailedStartIsLeftToTheSendersNextTry(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		w.lambda.fault = func(string) int { return 500 }
		w.expect("Lambda down", hook{id: "msg_1", body: `{}`}, 502, "could not be started; try again", "")
		w.lambda.fault = func(function string) int {
			if function == scrunchARN {
				return 403
			}
			return 0
		}
		w.expect("one refused", hook{id: "msg_1", body: `{}`}, 502, "could not be started; try again", yardFunction+" {}")
		w.expect("refused again", hook{id: "msg_1", body: `{}`}, 502, "could not be started; try again", "")
		w.lambda.fault = nil
		w.expect("Lambda up", hook{id: "msg_1", body: `{}`}, 202, both, scrunchARN+" {}")
		w.expect("once more", hook{id: "msg_1", body: `{}`}, 202, both, "")

		w.lambda.fault = func(function string) int {
			if function == yardFunction {
				return 404
			}
			return 0
		}
		w.expect("the first refused", hook{id: "msg_3", body: `{}`}, 502, "could not be started; try again", scrunchARN+" {}")
		w.lambda.fault = nil
		w.expect("the first alone", hook{id: "msg_3", body: `{}`}, 202, both, yardFunction+" {}")

		failed := false
		w.lambda.fault = func(string) int {
			if failed {
				return 0
			}
			failed = true
			return 503
		}
		w.expect("a fault that passes", hook{id: "msg_2", body: `{"source":"scrapright"}`}, 202, yardOnly, yardFunction+" {}")
		if text := w.logged.String(); !strings.Contains(text, "lambda:InvokeFunction") || !strings.Contains(text, scrunchARN) {
			t.Error("the log does not say what was refused and what the role needs")
		}
		if strings.Contains(w.said.String(), "internal matter") {
			t.Error("an answer holds what AWS said")
		}
	})
}

// A try is killed while it starts the export: its claim stays as it was written.
func TestAKilledTrySwallowsNoRetry(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		ctx, kill := context.WithCancel(w.Context())
		w.lambda.fault = func(string) int { kill(); return 500 }
		if status, body, _ := w.send(ctx, hook{id: "msg_1", body: `{"source":"scrapright"}`}); status != 502 {
			t.Fatalf("%d %s", status, body)
		}
		w.lambda.fault = nil
		began := time.Now()
		w.expect("at once", hook{id: "msg_1", body: `{"source":"scrapright"}`}, 503, "another try at this webhook is under way; try again", "")
		if took := time.Since(began); took > 13*time.Second {
			t.Errorf("the sender waited %v", took)
		}
		w.pass(10 * time.Second)
		w.expect("after its time", hook{id: "msg_1", body: `{"source":"scrapright"}`}, 202, yardOnly, yardFunction+" {}")
		w.expect("again", hook{id: "msg_1", body: `{"source":"scrapright"}`}, 202, yardOnly, "")
	})
}

func TestAFailingBucketStartsNothingThatItCannotClaim(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		body, puts := `{"source":"scrapright"}`, 0
		on := func(decide func(n int) *faultproxy.Answer) func(faultproxy.Call) *faultproxy.Answer {
			puts = 0
			return func(c faultproxy.Call) *faultproxy.Answer {
				if c.Operation != "PutObject" {
					return nil
				}
				puts++
				return decide(puts)
			}
		}
		w.aws.Fault(on(func(int) *faultproxy.Answer { return faultproxy.Refuse(403, "AccessDenied") }))
		w.expect("no right to write", hook{id: "msg_1", body: body}, 503, "cannot be accepted now; try again", "")
		w.aws.Fault(on(func(n int) *faultproxy.Answer {
			if n == 1 {
				return faultproxy.Lose()
			}
			return nil
		}))
		w.expect("the answer to the claim is lost", hook{id: "msg_1", body: body}, 202, yardOnly, yardFunction+" {}")
		w.aws.Fault(on(func(n int) *faultproxy.Answer {
			if n == 2 {
				return faultproxy.Refuse(403, "AccessDenied")
			}
			return nil
		}))
		w.expect("the mark is lost", hook{id: "msg_2", body: body}, 202, yardOnly, yardFunction+" {}")
		if !strings.Contains(w.logged.String(), "webhook not marked") {
			t.Error("the log does not say that a mark was lost")
		}
	})
}

func TestAClaimThatIsNoneIsWrittenOver(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		w.expect("first", hook{id: "msg_1", body: `{"source":"scrapright"}`}, 202, yardOnly, yardFunction+" {}")
		key := w.keys(hookKeys)[0]
		w.put(key, []byte("torn {"), nil)
		w.expect("torn", hook{id: "msg_1", body: `{"source":"scrapright"}`}, 202, yardOnly, yardFunction+" {}")
		w.expect("again", hook{id: "msg_1", body: `{"source":"scrapright"}`}, 202, yardOnly, "")
	})
}

func TestASigningSecretThatCannotBeUsedIsToldToOperatorsAlone(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		for _, value := range []string{"whsec_c2hvcnQ=", `{"secret":"whsec_"}`, "not-a-signing-secret"} {
			w.replaceSecret(hookSecret, value)
			w.expect(value, hook{id: "msg_1", body: `{}`}, 503, `{"error":"signatures cannot be verified now"}`, "")
			w.pass(time.Second)
		}
		w.hooks = strings.Replace(w.hooks, hookSecret, "yardstick/absent", 1)
		w.expect("absent", hook{id: "msg_1", body: `{}`}, 503, `{"error":"signatures cannot be verified now"}`, "")
		for _, part := range []string{`a key of 5 bytes`, "without secrets", "does not begin with whsec_", "yardstick/absent", "no such secret"} {
			if !strings.Contains(w.logged.String(), part) {
				t.Errorf("the log does not say %q", part)
			}
		}
	})
}

func TestATriggerWithoutItsConfigurationIsInvalid(t *testing.T) {
	inTriggerWorld(t, func(w *triggers) {
		request, err := json.Marshal(hook{id: "m", body: `{}`}.request())
		if err != nil {
			t.Fatal(err)
		}
		refused := func(config, says string) {
			t.Helper()
			o := w.triggerOptions()
			if config != "" {
				o.Config = config
			}
			_, err := app.Trigger(o).Invoke(w.Context(), request)
			if !errors.As(err, new(*app.ConfigInvalid)) || !strings.Contains(err.Error(), says) {
				t.Errorf("%T %v, expected %q", err, err, says)
			}
		}
		refused("version: 1\nbucket: "+bucket+"\nscrunch: [{account: main, api_key_secret: k}]\nwebhook: {secret: "+hookSecret+", functions: {scrapright: f}}",
			`webhook.functions: found ["scrapright"], expected a function for a source that has accounts: ["scrunch"]`)
		w.hooks = ""
		refused("", "webhook: not set")
		for _, payload := range []string{`{}`, `{"source":"scrapright"}`, `[]`, `7`} {
			if _, err := app.Trigger(w.triggerOptions()).Invoke(w.Context(), []byte(payload)); !errors.As(err, new(*app.EventInvalid)) {
				t.Errorf("%s: %T %v", payload, err, err)
			}
		}
	})
}
