package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

const secondKey = "the-second-key-of-the-yard"

// verifier is the function verify-key in a world.
type verifier struct {
	*world
	metrics bytes.Buffer
}

// invoke hands an event to a function that is started for it. What it says is looked through for secrets.
func (v *verifier) invoke(event string) (answer string, err error) {
	v.Helper()
	text, err := app.Verification(v.options(), &v.metrics).Invoke(v.Context(), []byte(event))
	v.said.say(string(text), err)
	v.said.say(v.metrics.String())
	return string(text), err
}

// counted takes the metrics written so far, as "source verified refused".
func (v *verifier) counted() []string {
	v.Helper()
	var all []string
	for line := range strings.Lines(v.metrics.String()) {
		var m struct {
			Source, Account, Secret string
			KeyVerified, KeyRefused *int
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.KeyVerified == nil || m.KeyRefused == nil || m.Secret == "" {
			v.Errorf("%q: %v", line, err)
			continue
		}
		all = append(all, fmt.Sprintf("%s/%s %d %d", m.Source, m.Account, *m.KeyVerified, *m.KeyRefused))
	}
	v.metrics.Reset()
	return all
}

func (v *verifier) wantCounted(want ...string) {
	v.Helper()
	if got := v.counted(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		v.Errorf("metrics %q, expected %q", got, want)
	}
}

// arn is a secret's, with the suffix that it was given.
func (w *world) arn(name string) string {
	w.Helper()
	var stored struct{ ARN string }
	text := w.files("secretsmanager")[filepath.Join(w.dir, "secretsmanager", name+".json")]
	if err := json.Unmarshal([]byte(text), &stored); err != nil || !strings.HasPrefix(stored.ARN, "arn:") {
		w.Fatalf("secret %s: %v", name, err)
	}
	return stored.ARN
}

// version is a secret's current one.
func (w *world) version(name string) string {
	w.Helper()
	var stored struct {
		Versions []struct {
			ID     string
			Labels []string
		}
	}
	text := w.files("secretsmanager")[filepath.Join(w.dir, "secretsmanager", name+".json")]
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		w.Fatal(err)
	}
	for _, v := range stored.Versions {
		if strings.Contains(strings.Join(v.Labels, " "), "AWSCURRENT") {
			return v.ID
		}
	}
	return ""
}

// moved is EventBridge's event about a label of a secret.
func (w *world) moved(name, label string) string {
	w.Helper()
	return fmt.Sprintf(`{"version":"0","id":"e","detail-type":"Secret Label Updated","source":"aws.secretsmanager","account":"0",
		"time":"2026-11-18T12:00:00Z","region":"us-east-1","resources":[%q],"detail":{"name":%q,"labelUpdated":%q,"versionId":"v"}}`,
		w.arn(name), name, label)
}

func TestAVerifiedKeyHasASessionAndIsCounted(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		v := &verifier{world: w}
		want := fmt.Sprintf(`{"version":1,"secret":%q,"key_version":%q,"accounts":[{"source":"scrapright","account":"main","session":{`+
			`"access_expires_at":"2026-11-18T13:00:00Z","refresh_expires_at":"2026-12-18T12:00:00Z","requests_per_minute":6000},"brands":null}]}`,
			keySecret, w.version(keySecret))
		for i, event := range []string{
			`{"secret":"` + keySecret + `"}`,
			`{"secret":"` + w.arn(keySecret) + `"}`,
			w.moved(keySecret, "AWSCURRENT"),
			strings.Replace(w.moved(keySecret, "AWSCURRENT"), `"labelUpdated":"AWSCURRENT"`, `"labelUpdated":["mine","AWSCURRENT"]`, 1),
			strings.Replace(w.moved(keySecret, "AWSCURRENT"), `"resources":["`+w.arn(keySecret)+`"]`, `"resources":[]`, 1),
		} {
			got, err := v.invoke(event)
			if err != nil || got != want {
				t.Errorf("%s:\ngot  %s, %v\nwant %s", event, got, err, want)
			}
			v.wantCounted("scrapright/main 1 0")
			if n := w.yard.Count(simulator.TokenEndpoint); n != i+1 || len(w.yard.Requests()) != n {
				t.Errorf("%d exchanges among %d requests, expected %d", n, len(w.yard.Requests()), i+1)
			}
		}
		if got := w.run(app.Event{}, "complete").Accounts[0].Session; got != "cached" {
			t.Errorf("the next export %s the session", got)
		}
	})
}

func TestASecretConfiguredByARNIsKnownByItsName(t *testing.T) {
	const home = "arn:aws:secretsmanager:us-east-1:111111111111:secret:"
	for _, c := range []struct {
		told       string
		configured []string
		want       string
	}{
		{"a/key", []string{"a/key"}, "a/key"},
		{home + "a/key-AbC123", []string{"a/key"}, "a/key"},
		{"a/key", []string{home + "a/key-AbC123"}, home + "a/key-AbC123"},
		{home + "a/key-AbC123", []string{home + "a/key-AbC123"}, home + "a/key-AbC123"},
		{home + "a/key-AbC123", []string{home + "a/key"}, home + "a/key"},
		{home + "a/key", []string{home + "a/key-AbC123"}, home + "a/key-AbC123"},
		{home + "a/key-backup-AbC123", []string{"a/key", "a/key-backup"}, "a/key-backup"},
		{home + "a/key-AbC123", []string{"a/key-backup", "a/key"}, "a/key"},
		{"a/key", []string{home + "a/key-backup", "a/key"}, "a/key"},
		{"a/key", []string{"a/keys", "a/ke", "key", "a/key-AbC123"}, ""},
		{"a/key-AbC123", []string{"a/key"}, ""},
		{home + "a/key-AbC12", []string{"a/key"}, ""},
		{home + "a/key-AbC123", []string{"arn:aws:secretsmanager:us-east-1:222222222222:secret:a/key-AbC123"}, ""},
		{"", []string{"a/key"}, ""},
	} {
		if got := app.SameSecret(c.told, c.configured...); got != c.want {
			t.Errorf("%s among %q: %q, expected %q", c.told, c.configured, got, c.want)
		}
	}
}

func TestEventsThatAreAboutNoNewKeyAreIgnoredWithoutACall(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{}, "complete")
		if err := w.open().CreateSecret(w.Context(), "somebody/elses", "a-secret-of-others"); err != nil {
			t.Fatal(err)
		}
		calls, before := len(w.yard.Requests()), w.cloud.Requests()
		v := &verifier{world: w}
		for event, why := range map[string]string{
			w.moved(keySecret, "AWSPENDING"):        "the label AWSPENDING moved, and not AWSCURRENT",
			w.moved(keySecret, "AWSPREVIOUS"):       "the label AWSPREVIOUS moved, and not AWSCURRENT",
			w.moved(keySecret, "mine"):              "the label mine moved, and not AWSCURRENT",
			w.moved(sessSecret, "AWSCURRENT"):       "it is no api_key_secret of the configuration",
			w.moved("somebody/elses", "AWSCURRENT"): "it is no api_key_secret of the configuration",
		} {
			var got struct {
				Version         int
				Secret, Ignored string
			}
			text, err := v.invoke(event)
			if err != nil || json.Unmarshal([]byte(text), &got) != nil || got.Version != 1 || got.Ignored != why || !strings.HasPrefix(got.Secret, "arn:") {
				t.Errorf("got %s, %v; expected that it was ignored since %s", text, err, why)
			}
		}
		v.wantCounted()
		if len(w.yard.Requests()) != calls || !maps.Equal(before, w.cloud.Requests()) {
			t.Error("a call was made")
		}
	})
}

func TestAVerificationThatCannotBeUnderstoodIsAnInvalidEvent(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		v := &verifier{world: w}
		for event, says := range map[string]string{
			``:                                    "found no JSON object",
			`null`:                                "found no JSON object",
			`[]`:                                  "found no JSON object",
			`{}`:                                  "secret: expected the name or ARN",
			`{"secret":7}`:                        "secret: expected the name or ARN",
			`{"Secret":"` + keySecret + `"}`:      `unknown member "Secret"`,
			`{"secret":"x","force":true}`:         `unknown member "force"; expected secret`,
			`{"secret":"yardstick/no/such"}`:      `expected one of ["` + keySecret + `"]`,
			`{"secret":"` + sessSecret + `"}`:     `expected one of ["` + keySecret + `"]`,
			`{"detail-type":"AWS API Call"}`:      `found an EventBridge event "AWS API Call" from ""`,
			`{"detail-type":"x","resources":"y"}`: "an EventBridge event of another form",
			`{"detail-type":"Secret Label Updated","source":"aws.secretsmanager","detail":{}}`: "names no secret",
		} {
			_, err := v.invoke(event)
			if _, ok := err.(*app.EventInvalid); !ok || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %T %v, expected EventInvalid that says %q", event, err, err, says)
			}
		}
		v.wantCounted()
		if n := len(w.yard.Requests()); n > 0 {
			t.Errorf("%d requests to the vendor", n)
		}
		options := w.options()
		options.Config = "version: 2\n"
		_, err := app.Verification(options, &v.metrics).Invoke(w.Context(), []byte(`{"secret":"x"}`))
		if _, ok := err.(*app.ConfigInvalid); !ok {
			t.Errorf("%T %v", err, err)
		}
	})
}

func TestARefusedKeyIsNamedWithItsVersionAndCounted(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{}, "complete")
		session := w.version(sessSecret)
		w.replaceSecret(keySecret, "a-key-of-another-yard")
		v := &verifier{world: w}
		_, err := v.invoke(w.moved(keySecret, "AWSCURRENT"))
		if _, ok := err.(*app.KeyRefused); !ok {
			t.Fatalf("%T %v, expected KeyRefused", err, err)
		}
		for _, part := range []string{"scrapright account main", keySecret, w.version(keySecret), "401", "generate a new key at the vendor and put it into that secret"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
		v.wantCounted("scrapright/main 0 1")
		if w.version(sessSecret) != session {
			t.Error("the session was changed")
		}
	})
}

func TestAVerificationThatFailsOtherwiseIsNoRefusal(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(w *world)
		says  string
	}{
		"vendor down": {func(w *world) {
			w.yard.Fault(func(simulator.Request) *simulator.Answer { return simulator.Refuse(503, "closed for lunch") })
		}, "closed for lunch"},
		"session not stored": {func(w *world) {
			w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
				if c.Operation == "CreateSecret" {
					return faultproxy.Refuse(400, "AccessDeniedException")
				}
				return nil
			})
		}, sessSecret},
		"key of another form": {func(w *world) { w.replaceSecret(keySecret, `["a-key-in-a-list"]`) }, "a JSON array"},
		"key not readable": {func(w *world) {
			w.aws.Fault(func(faultproxy.Call) *faultproxy.Answer { return faultproxy.Refuse(400, "AccessDeniedException") })
		}, "allow the role to read it"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "", func(w *world) {
				c.fault(w)
				v := &verifier{world: w}
				_, err := v.invoke(`{"secret":"` + keySecret + `"}`)
				if _, ok := err.(*app.VerificationFailed); !ok || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "main") {
					t.Errorf("%T %v, expected VerificationFailed that says %q", err, err, c.says)
				}
				v.wantCounted("scrapright/main 0 0")
			})
		})
	}
}

func TestAScrunchKeyIsVerifiedByTheBrandsThatItLists(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{}, "", func(w *world, s *simulator.Scrunch) {
		v := &verifier{world: w}
		event := `{"secret":"` + scrunchSecret + `"}`
		want := fmt.Sprintf(`{"version":1,"secret":%q,"key_version":%q,"accounts":[{"source":"scrunch","account":"main","session":null,"brands":3}]}`,
			scrunchSecret, w.version(scrunchSecret))
		if got, err := v.invoke(event); err != nil || got != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
		v.wantCounted("scrunch/main 1 0")
		for status, says := range map[string]string{"401": "Invalid or missing API key", "403": "scope"} {
			if s.SetKeys(simulator.ScrunchKey{Key: scrunchKey, Scopes: []simulator.Scope{simulator.ScopeConfigure}}); status == "401" {
				s.SetKeys(simulator.ScrunchKey{Key: "the-next-key-of-the-organization"})
			}
			_, err := v.invoke(event)
			if _, ok := err.(*app.KeyRefused); !ok || !strings.Contains(err.Error(), w.version(scrunchSecret)) || !strings.Contains(err.Error(), scrunchSecret) ||
				!strings.Contains(err.Error(), status) || !strings.Contains(err.Error(), says) {
				t.Errorf("%T %v, expected KeyRefused that tells %s %s", err, err, status, says)
			}
			v.wantCounted("scrunch/main 0 1")
		}
		if n := hits(s, func(r simulator.Request) bool { return r.Method != "GET" }); n != 0 {
			t.Errorf("%d requests other than GET", n)
		}
	})
}

func TestEveryAccountThatSharesAKeyIsVerified(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{}, "", func(w *world, _ *simulator.Scrunch) {
		options := w.options()
		options.Config += fmt.Sprintf("  - {account: other, url: http://%s/v1, api_key_secret: %s}\n  - {account: third, url: http://%s/v1, api_key_secret: elsewhere}\n",
			scrunchAddress, w.arn(scrunchSecret), scrunchAddress)
		a, err := app.Open(w.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		done, err := a.VerifyKey(w.Context(), w.arn(scrunchSecret))
		if err != nil || len(done.Accounts) != 2 || done.Secret != w.arn(scrunchSecret) || *done.Accounts[0].Brands != 3 || *done.Accounts[1].Brands != 3 {
			t.Errorf("%s, %v", show(done), err)
		}
	})
}

func TestAKeyIsVerifiedInOneRequestEvenAtTheDocumentedPace(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "", func(w *world) {
		for range 12 { // more than a minute's requests, from processes that do not know of each other
			done, err := w.open().VerifyKey(w.Context(), keySecret)
			if err != nil || done.Accounts[0].Session.RequestsPerMinute != 10 {
				t.Fatalf("%s, %v", show(done), err)
			}
		}
		if n := w.yard.CountStatus(429); n == 0 || time.Since(noon) > 5*time.Minute {
			t.Errorf("%d answers of 429 in %s", n, time.Since(noon))
		}
	})
}

func TestErrorsOfTheFunctionAreWhatTheyWrap(t *testing.T) {
	cause := errors.New("cause")
	for _, err := range []error{&app.KeyRefused{Err: cause}, &app.VerificationFailed{Err: cause}} {
		if !errors.Is(err, cause) || err.Error() != "cause" {
			t.Errorf("%T %v", err, err)
		}
	}
}

func TestAVendorThatNeverAnswersIsToldBeforeTheTimeIsOver(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.yard.Fault(func(simulator.Request) *simulator.Answer { return &simulator.Answer{Delay: time.Hour} })
		for _, limit := range []time.Duration{8 * time.Second, 30 * time.Second} {
			ctx, end := context.WithTimeout(w.Context(), limit)
			var metrics bytes.Buffer
			_, err := app.Verification(w.options(), &metrics).Invoke(ctx, []byte(`{"secret":"`+keySecret+`"}`))
			if failed, ok := errors.AsType[*app.VerificationFailed](err); !ok || ctx.Err() != nil || !strings.Contains(failed.Error(), "scrapright") {
				t.Errorf("in %v: %v, and the time is over: %v", limit, err, ctx.Err() != nil)
			}
			end()
		}
	})
}
