package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"yardstick/pkg/app"
	"yardstick/pkg/credential"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// putKey puts a key in place as the command line does. What it says is looked through for secrets.
func (w *world) putKey(secret, key string, untried bool) (app.Verified, error) {
	w.Helper()
	done, err := w.open().PutKey(w.Context(), secret, app.NewKey{Key: app.NewSecret(key), Untried: untried})
	w.said.say(done, err)
	return done, err
}

// value is what a secret holds.
func (w *world) value(name string) string {
	w.Helper()
	var stored struct {
		Versions []struct{ ID, Text string }
	}
	text := w.files("secretsmanager")[filepath.Join(w.dir, "secretsmanager", name+".json")]
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		w.Fatal(err)
	}
	for _, v := range stored.Versions {
		if v.ID == w.version(name) {
			return v.Text
		}
	}
	return ""
}

// sessionStands checks that the yard takes the stored session, and that it is of the current key.
func (w *world) sessionStands() {
	w.Helper()
	var s struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Key     string `json:"api_key_version"`
	}
	if err := json.Unmarshal([]byte(w.value(sessSecret)), &s); err != nil {
		w.Fatal(err)
	}
	if err := w.yard.CheckPair(s.Access, s.Refresh); err != nil || s.Key != w.version(keySecret) {
		w.Errorf("the stored session is of key version %s: %v", s.Key, err)
	}
}

func TestPutKeyTriesStoresAndMakesTheSession(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{}, "complete")
		w.replaceSecret(keySecret, "{\n \"owner\": \"billing\", \"api_key\": \""+apiKey+"\"\n}")
		w.yard.Revoke(secondKey)
		calls := len(w.aws.Calls())
		done, err := w.putKey(w.arn(keySecret), secondKey+"\n", false)
		if err != nil {
			t.Fatal(err)
		}
		var did []string
		for _, c := range w.aws.Calls()[calls:] {
			did = append(did, c.Operation)
		}
		if got := strings.Join(did, " "); got != "GetSecretValue GetSecretValue PutSecretValue PutSecretValue" {
			t.Errorf("called %s", got)
		}
		if want := "{\n \"owner\": \"billing\", \"api_key\": \"" + secondKey + "\"\n}"; w.value(keySecret) != want {
			t.Error("the key secret holds something else than the new key among what was there")
		}
		if done.Secret != keySecret || done.KeyVersion != w.version(keySecret) || done.Accounts[0].Session == nil || done.Accounts[0].Session.RequestsPerMinute != 6000 {
			t.Errorf("%s", show(done))
		}
		w.sessionStands()
		exchanges := w.yard.Count(simulator.TokenEndpoint)
		if got := w.run(app.Event{}, "complete").Accounts[0].Session; got != "cached" || w.yard.Count(simulator.TokenEndpoint) != exchanges {
			t.Errorf("the next export has a session that is %s", got)
		}
	})
}

func TestPutKeyThatIsRefusedChangesNothing(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{}, "complete")
		key, session := w.version(keySecret), w.version(sessSecret)
		_, err := w.putKey(keySecret, "a-key-of-another-yard", false)
		if _, ok := err.(*app.KeyRefused); !ok || !strings.Contains(err.Error(), keySecret) || !strings.Contains(err.Error(), "version "+key+" stays") {
			t.Errorf("%T %v", err, err)
		}
		if w.version(keySecret) != key || w.version(sessSecret) != session {
			t.Error("a secret was changed")
		}
		if got := w.run(app.Event{}, "complete").Accounts[0].Session; got != "cached" {
			t.Errorf("the next export has a session that is %s", got)
		}
	})
}

func TestPutKeyNamesTheSecretsThereAreAndNotWhatItWasTold(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		_, err := w.putKey("canary-a-key-in-place-of-a-name", secondKey, false)
		if _, ok := err.(*app.EventInvalid); !ok || !strings.Contains(err.Error(), keySecret) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%T %v", err, err)
		}
		_, err = w.putKey(keySecret, `["canary"]`, false)
		if _, ok := errors.AsType[*app.KeyFormError](err); !ok || strings.Contains(err.Error(), "canary") {
			t.Errorf("%T %v", err, err)
		}
		if n := len(w.yard.Requests()); n > 0 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestPutKeyUntriedLeavesTheSessionToTheNextExport(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{}, "complete")
		w.yard.Revoke(secondKey)
		calls := len(w.yard.Requests())
		done, err := w.putKey(keySecret, secondKey, true)
		if err != nil || done.Accounts[0].Session != nil || done.KeyVersion != w.version(keySecret) || len(w.yard.Requests()) != calls {
			t.Errorf("%s, %v, %d requests", show(done), err, len(w.yard.Requests())-calls)
		}
		if got := w.run(app.Event{}, "complete").Accounts[0].Session; got != "exchanged" {
			t.Errorf("the next export has a session that is %s", got)
		}
		w.sessionStands()
	})
}

// TestPutKeyUnderEveryFaultOfTheVault has each of the two stores fail before and after it takes effect.
func TestPutKeyUnderEveryFaultOfTheVault(t *testing.T) {
	refuse := func() *faultproxy.Answer { return faultproxy.Refuse(500, "InternalServiceError") }
	const always = 1000
	for name, c := range map[string]struct {
		secret string
		times  int
		fault  func() *faultproxy.Answer
		ends   string // "": well
	}{
		"key: fails three times":          {keySecret, 3, refuse, ""},
		"key: fails always":               {keySecret, always, refuse, "store the API key"},
		"key: denied":                     {keySecret, always, func() *faultproxy.Answer { return faultproxy.Refuse(400, "AccessDeniedException") }, "allow the role to put values into it"},
		"key: answer lost":                {keySecret, 1, faultproxy.Lose, ""},
		"key: every answer lost":          {keySecret, always, faultproxy.Lose, ""},
		"key: stored and called a fault":  {keySecret, always, func() *faultproxy.Answer { return faultproxy.Belie(500, "InternalServiceError") }, ""},
		"session: fails three times":      {sessSecret, 3, refuse, ""},
		"session: fails always":           {sessSecret, always, refuse, "the next export exchanges the key by itself"},
		"session: answer lost":            {sessSecret, 1, faultproxy.Lose, ""},
		"session: stored, called a fault": {sessSecret, 2, func() *faultproxy.Answer { return faultproxy.Belie(500, "InternalServiceError") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
				w.run(app.Event{}, "complete")
				w.yard.Revoke(secondKey)
				left := c.times
				w.aws.Fault(func(call faultproxy.Call) *faultproxy.Answer {
					if call.Operation != "PutSecretValue" || call.Secret != c.secret || left == 0 {
						return nil
					}
					left--
					return c.fault()
				})
				_, err := w.putKey(keySecret, secondKey, false)
				if c.ends == "" && err != nil || c.ends != "" && (err == nil || !strings.Contains(err.Error(), c.ends)) {
					t.Fatalf("got %v, expected that it ends %q", err, c.ends)
				}
				if held := w.value(keySecret); held != fmt.Sprintf(`{"api_key":%q}`, secondKey) != (c.ends != "" && c.secret == keySecret) {
					t.Error("the key secret holds the wrong one of both keys")
				}
				w.aws.Fault(nil)
				if _, ok := errors.AsType[*credential.SessionNotStored](err); ok == (c.ends == "" || c.secret == keySecret) {
					t.Errorf("%T %v", err, err)
				}
				if c.secret == keySecret && c.ends != "" {
					if _, err := w.putKey(keySecret, secondKey, false); err != nil { // once more, and all is well
						t.Error(err)
					}
				}
				w.run(app.Event{}, "complete")
				w.sessionStands()
			})
		})
	}
}

func TestPutKeyBySeveralAtOnceLeavesOneKeyAndItsSession(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.run(app.Event{}, "complete")
		w.yard.Revoke(secondKey)
		errs := make([]error, 6)
		var group sync.WaitGroup
		for i := range errs {
			a := w.open()
			group.Go(func() {
				if i%3 == 2 { // the event of the first store, which comes at once
					_, errs[i] = a.VerifyKey(w.Context(), keySecret)
					return
				}
				_, errs[i] = a.PutKey(w.Context(), keySecret, app.NewKey{Key: app.NewSecret(secondKey)})
			})
		}
		group.Wait()
		for i, err := range errs {
			w.said.say(err)
			if _, refused := errors.AsType[*app.KeyRefused](err); err != nil && (i%3 != 2 || !refused) { // the old key, if it was still there
				t.Errorf("%d: %v", i, err)
			}
		}
		w.sessionStands()
		w.run(app.Event{}, "complete")
	})
}

func TestPutScrunchKeyListsTheBrandsFirst(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{}, "", func(w *world, s *simulator.Scrunch) {
		const next = "the-next-key-of-the-organization"
		was := w.version(scrunchSecret)
		_, err := w.putKey(scrunchSecret, next, false)
		if _, ok := err.(*app.KeyRefused); !ok || w.version(scrunchSecret) != was || !strings.Contains(err.Error(), "scrunch account main") {
			t.Errorf("%T %v", err, err)
		}
		s.SetKeys(simulator.ScrunchKey{Key: next, Scopes: []simulator.Scope{simulator.ScopeConfigure}})
		_, err = w.putKey(scrunchSecret, next, false)
		if _, ok := err.(*app.KeyRefused); !ok || w.version(scrunchSecret) != was {
			t.Errorf("%T %v", err, err)
		}
		s.SetKeys(simulator.ScrunchKey{Key: next})
		done, err := w.putKey(scrunchSecret, next, false)
		if err != nil || *done.Accounts[0].Brands != 3 || done.KeyVersion != w.version(scrunchSecret) || w.value(scrunchSecret) != next {
			t.Errorf("%s, %v", show(done), err)
		}
		done, err = w.putKey(scrunchSecret, "a-key-that-is-not-tried", true)
		if err != nil || done.Accounts[0].Brands != nil || w.value(scrunchSecret) != "a-key-that-is-not-tried" {
			t.Errorf("%s, %v", show(done), err)
		}
	})
}
