package app_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/canary"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// oddKey has characters that every encoder spells differently.
const oddKey = `Second+Key/of=the"yard"<&>%41\~'end`

// TestCanaryScanOfABusyDay goes through all that handles keys and tokens, at the finest level of the log, before a vendor
// and a vault that repeat them in what they say. That nothing is left behind is looked for at the end, as in every test;
// here it is shown that there was something to find, and that it would be found.
func TestCanaryScanOfABusyDay(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-16\nrestate_every: 0s\nrefresh: 0s", func(w *world) {
		runs := map[export.Status]int{}
		run := func() {
			w.Helper()
			result, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{})
			runs[result.Status]++
			if result.Status == "" {
				w.Errorf("no result: %v", err)
			}
			w.yard.Fault(nil)
			w.aws.Fault(nil)
			w.pass(2 * time.Hour) // the next one needs another token
		}
		run() // an exchange
		run() // a refresh
		w.yard.Fault(w.onData(2, func() {
			w.yard.Revoke(oddKey)
			w.replaceSecret(keySecret, `{"api_key":"`+strings.ReplaceAll(strings.ReplaceAll(oddKey, `\`, `\\`), `"`, `\"`)+`"}`)
		}))
		run() // a 401 in its middle
		for _, talkative := range talkatives() {
			w.yard.Fault(func(r simulator.Request) *simulator.Answer { return talkative(w, r) })
			run()
		}
		for _, code := range []string{"ValidationException", "InvalidParameterException", "InternalServiceError"} {
			w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
				if c.Operation != "PutSecretValue" {
					return nil
				}
				return &faultproxy.Answer{Status: 400, Code: code, Says: "Value '" + c.Value + "' at 'secretString' is refused"}
			})
			run()
		}
		w.yard.Revoke("a-key-that-nobody-is-told")
		run() // a refused key
		if runs[export.Complete] < 4 || runs[export.Failed] < 4 {
			t.Errorf("runs by status: %v", runs)
		}
		w.wouldBeFound()
	})
}

// onData is a fault that does something as the nth data request arrives.
func (w *world) onData(nth int, do func()) func(simulator.Request) *simulator.Answer {
	return func(r simulator.Request) *simulator.Answer {
		if isData(r) {
			if nth--; nth == 0 {
				do()
			}
		}
		return nil
	}
}

func isData(r simulator.Request) bool {
	return r.Endpoint == simulator.Purchases || r.Endpoint == simulator.Customers || r.Endpoint == simulator.Businesses
}

// talkatives are vendors that repeat in an answer what they were sent, or what they just issued.
func talkatives() []func(w *world, r simulator.Request) *simulator.Answer {
	says := func(status int, kind, body string) *simulator.Answer {
		return &simulator.Answer{Reply: &simulator.Reply{Status: status, Header: http.Header{"Content-Type": {kind}}, Body: []byte(body)}}
	}
	rewrite := func(endpoints []string, change func(body string) string) func(w *world, r simulator.Request) *simulator.Answer {
		return func(_ *world, r simulator.Request) *simulator.Answer {
			if !slices.Contains(endpoints, r.Endpoint) {
				return nil
			}
			return &simulator.Answer{Rewrite: func(a *simulator.Reply) { a.Body = []byte(change(string(a.Body))) }}
		}
	}
	stored := func(member string, status int) func(w *world, r simulator.Request) *simulator.Answer { // what nobody sent
		return func(w *world, r simulator.Request) *simulator.Answer {
			if !isData(r) {
				return nil
			}
			var kept map[string]any
			text := w.value(keySecret)
			if member != "api_key" {
				text = w.value(sessSecret)
			}
			if err := json.Unmarshal([]byte(text), &kept); err != nil {
				w.Error(err)
			}
			told, err := json.Marshal(map[string]any{"IsError": 1, "Message": fmt.Sprintf("ask again with %s", kept[member])})
			if err != nil {
				w.Error(err)
			}
			return says(status, "application/json", string(told))
		}
	}
	tokens := []string{simulator.TokenEndpoint, simulator.RefreshEndpoint}
	return []func(w *world, r simulator.Request) *simulator.Answer{
		func(w *world, r simulator.Request) *simulator.Answer { // an error that quotes what was sent
			if !isData(r) {
				return nil
			}
			return says(500, "application/json", `{"IsError":1,"Message":"token `+w.sent(r)+` is on hold"}`)
		},
		func(w *world, r simulator.Request) *simulator.Answer { // an error inside a 200
			if !isData(r) {
				return nil
			}
			return says(200, "application/json", `{"IsError":1,"Message":"token `+w.sent(r)+` is on hold","Data":null}`)
		},
		func(w *world, r simulator.Request) *simulator.Answer { // token calls refused with what was sent, as a page
			if isData(r) {
				return nil
			}
			return says(403, "text/html", "<html>Blocked: "+w.sent(r)+"</html>")
		},
		stored("api_key", 500), stored("refresh_token", 500), stored("access_token", 403), stored("api_key", 200), stored("refresh_token", 200),
		rewrite(tokens, func(body string) string { return strings.Replace(body, `"IsError":0`, `"IsError":1`, 1) }),
		rewrite(tokens, func(body string) string { return strings.Replace(body, `"Data":{"access_token":`, `"Data":`, 1) }),
		rewrite(tokens, func(body string) string {
			return strings.NewReplacer(`{"access_token":`, `[`, `,"refresh_token":`, `,`).Replace(body)
		}),
		rewrite(tokens, func(body string) string { return body[:len(body)/2] }),
		rewrite(tokens, func(body string) string { return strings.Replace(body, `"eyJ`, `"a b eyJ`, 1) }),
		rewrite(tokens, func(body string) string { return strings.Replace(body, `"refresh_token"`, `"other_token"`, 1) }),
		rewrite(tokens, func(body string) string { return body + body }),
	}
}

// sent is the credential of a request: the one of that hash among all that passed.
func (w *world) sent(r simulator.Request) string {
	for _, secret := range w.watch.Secrets() {
		if hashOf(secret) == r.Credential {
			return secret
		}
	}
	w.Errorf("request %d came with an unknown credential", r.N)
	return ""
}

// wouldBeFound shows that the scan of this world is not blind: the same scan finds every stored secret where it may be,
// in the secrets, and every secret of the day once it is planted where it may not.
func (w *world) wouldBeFound() {
	w.Helper()
	secrets, vault := w.secrets(), canary.NewWatch(nil)
	scanner, err := canary.New(secrets)
	if err := errors.Join(err, vault.NoteStored(w.dir)); err != nil {
		w.Fatal(err)
	}
	stored := slices.Collect(maps.Values(vault.Secrets()))
	found, err := scanner.Folder(filepath.Join(w.dir, "secretsmanager"))
	if err != nil {
		w.Fatal(err)
	}
	for _, name := range scanner.Missing(found) {
		if slices.Contains(stored, secrets[name]) {
			w.Errorf("%s is stored and was not found", name)
		}
	}
	if len(stored) < 10 || len(secrets) < len(stored)+5 || !strings.Contains(w.logged.String(), `"level":"DEBUG"`) {
		w.Errorf("%d secrets are stored, %d passed, %d bytes of log", len(stored), len(secrets), len(w.logged.String()))
	}
	w.put("planted", []byte(base64.StdEncoding.EncodeToString([]byte(strings.Join(slices.Collect(maps.Values(secrets)), "\n")))), nil)
	found, err = w.scan(scanner)
	if missing := scanner.Missing(found); err != nil || len(missing) > 0 {
		w.Errorf("planted and not found: %q %v", missing, err)
	}
	if err := os.Remove(w.path("planted")); err != nil {
		w.Error(err)
	}
}
