package app_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

var (
	// own are the members of a session that yardstick writes, with their values; behind is one that was not there before.
	own = regexp.MustCompile(`("(?:version|access_token|access_expires_at|refresh_token|refresh_expires_at|requests_per_minute|` +
		`api_key_version|obtained_at|obtained_by)"\s*:\s*)(?:"[^"]*"|[0-9]+|null)`)
	behind = regexp.MustCompile(`,?"[a-z_]+":\?`)
)

// foreign is what of a session's text is not yardstick's own.
func foreign(text string) string {
	return behind.ReplaceAllString(own.ReplaceAllString(text, "${1}?"), "")
}

// oddSessions are session secrets that operators wrote into: odd spacing, escapes, numbers, order, names that come twice
// or look like yardstick's own.
var oddSessions = map[string]string{
	"none of yardstick's members": "\n { \"owner\" :\t\"ops \\u0041\\/\\ud83d\\ude00 é\u2028\" ,\r\n\"n\":1.50e+3,\"big\":12345678901234567890," +
		"\"deep\":{ \"access_token\" : [1, {}]} ,\"Version\":\"2\",\"owner\":\"twice\" }\n",
	"all of them, out of order": "{\"obtained_by\" : \"exchange\",\"x\":{},  \"api_key_version\": null,\"refresh_expires_at\"\n:\tnull,\"refresh_token\" :null, " +
		"\"y\" :[ 1 ,2],\"access_expires_at\" :null ,\"access_token\" : null,\"version\" :1,\"obtained_at\" :null,\"requests_per_minute\": 10," +
		"\"z\":\"\\\"access_token\\\":1\"}",
	"nothing": "{ }",
}

// oddKeyBefore and oddKeyBehind are what an operator keeps around the API key.
const (
	oddKeyBefore = "\n{ \"note\" : \"caf\\u00e9 \\/ \" ,\"api_keys\":[ \"not this\" ],\t\"api_key\" :  "
	oddKeyBehind = " , \"rotated\":1.50e+3,\"note\":\"again\"}\n"
)

// TestUnknownMembersOfBothSecretsSurviveEveryRewrite rewrites both secrets in every way that there is. All that others
// put into them stays as it is, byte for byte.
func TestUnknownMembersOfBothSecretsSurviveEveryRewrite(t *testing.T) {
	for name, text := range oddSessions {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "start: 2026-11-18\nverify_after: 0\nrestate_every: 0s", func(w *world) {
				w.replaceSecret(keySecret, oddKeyBefore+`"`+apiKey+`"`+oddKeyBehind)
				w.secret("CreateSecret", map[string]any{"Name": sessSecret, "SecretString": text, "ClientRequestToken": strings.Repeat("operator", 4)})
				rewrite := func(what, session string, prepare func()) {
					w.Helper()
					before := len(w.versions(sessSecret))
					if prepare != nil {
						prepare()
					}
					if session != "" {
						if got := w.run(app.Event{}, export.Complete).Accounts[0].Session; got != session {
							w.Errorf("%s: session %q, expected %q", what, got, session)
						}
					}
					if n := len(w.versions(sessSecret)); n <= before {
						w.Errorf("%s: the session was not written", what)
					}
					if got := w.value(sessSecret); foreign(got) != foreign(text) {
						w.Errorf("%s: of the session's other members is left %q, expected %q", what, foreign(got), foreign(text))
					}
					w.sessionStands()
					w.pass(2 * time.Hour)
				}
				rewrite("exchange", "exchanged", nil)
				rewrite("refresh", "refreshed", nil)
				rewrite("restored backup", "exchanged", func() { w.restore("to the oldest") })
				rewrite("refresh after it", "refreshed", nil)
				rewrite("lost refresh", "exchanged", func() {
					w.yard.Fault(func(r simulator.Request) *simulator.Answer {
						if r.Endpoint == simulator.RefreshEndpoint {
							return simulator.Lose()
						}
						return nil
					})
				})
				w.yard.Fault(nil)
				rewrite("rotation", "", func() { w.rotate() })
				if got := w.value(keySecret); got != oddKeyBefore+`"`+apiKey+`"`+oddKeyBehind {
					w.Errorf("the key secret holds %q, though nobody put a key", got)
				}
				rewrite("new key", "", func() {
					w.yard.Revoke(secondKey)
					if _, err := w.putKey(keySecret, secondKey, false); err != nil {
						w.Error(err)
					}
				})
				if got := w.value(keySecret); got != oddKeyBefore+`"`+secondKey+`"`+oddKeyBehind {
					w.Errorf("the key secret holds %q after the new key", got)
				}
				rewrite("verification", "", func() {
					v := &verifier{world: w}
					if _, err := v.invoke(`{"secret":"` + keySecret + `"}`); err != nil {
						w.Error(err)
					}
				})
			})
		})
	}
}

// rotate goes through the four steps of a rotation of the session secret.
func (w *world) rotate() {
	w.Helper()
	token, err := w.cloud.StartRotation(sessSecret)
	if err != nil {
		w.Fatal(err)
	}
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		text, err := app.Rotate(w.options()).Invoke(w.Context(), fmt.Appendf(nil,
			`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`, step, w.arn(sessSecret), token))
		w.said.say(string(text), err)
		if err != nil {
			w.Errorf("%s: %v", step, err)
		}
	}
}

func TestABareTextKeyWorks(t *testing.T) {
	for name, text := range map[string]string{"bare": apiKey, "with white space around": "\r\n\t " + apiKey + " \n",
		"behind a byte order mark": "\ufeff" + apiKey + "\n"} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
				w.replaceSecret(keySecret, text)
				w.run(app.Event{}, export.Complete)
				w.sessionStands()
				if got := w.value(keySecret); got != text {
					t.Errorf("the key secret holds %q", got)
				}
			})
		})
	}
}
