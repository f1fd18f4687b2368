package app_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// answer is a fault that sends this in place of a page.
func answer(status int, contentType, body string) *simulator.Answer {
	return &simulator.Answer{Reply: &simulator.Reply{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}}
}

func TestAnAnswerThatIsNotWhatTheVendorDocumentsFailsItsDayAlone(t *testing.T) {
	const ok = "application/json"
	cases := []struct {
		name  string
		fault func() *simulator.Answer
		kind  export.Kind
		says  []string
	}{
		{"IsError 1", func() *simulator.Answer { return answer(200, ok, `{"IsError":1,"Message":"yard closed","Data":[]}`) }, export.VendorError, []string{"page 1", "yard closed"}},
		{"IsError true", func() *simulator.Answer { return answer(200, ok, `{"IsError":true,"Message":"no","Data":[]}`) }, export.VendorError, []string{"no"}},
		{"IsError text", func() *simulator.Answer { return answer(200, ok, `{"Data":[],"Message":"no","IsError":"1"}`) }, export.VendorError, []string{"no"}},
		{"Data null", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Message":"","Data":null}`) }, export.Malformed, []string{"Data is null"}},
		{"Data missing", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Message":""}`) }, export.Malformed, []string{"Data is missing"}},
		{"Data object", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Data":{"a":1}}`) }, export.Malformed, []string{"records"}},
		{"two arrays", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Data":{"A":[{}],"B":[{}]}}`) }, export.Malformed, []string{"A, B", "`records`"}},
		{"record no object", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Data":[{},7]}`) }, export.Malformed, []string{"record 2 is a number"}},
		{"html", func() *simulator.Answer { return answer(200, "text/html; charset=utf-8", `<html>Login</html>`) }, export.Malformed, []string{"text/html"}},
		{"empty", func() *simulator.Answer { return answer(200, ok, "") }, export.Malformed, []string{"empty"}},
		{"no content", func() *simulator.Answer { return answer(204, ok, "") }, export.Malformed, []string{"empty"}},
		{"two documents", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Data":[]}{"IsError":0,"Data":[]}`) }, export.Malformed, []string{"follows"}},
		{"Data twice", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Data":[],"Data":[]}`) }, export.Malformed, []string{"Data stands", "twice"}},
		{"cut JSON", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"Data":[{"a":1}`) }, export.Malformed, []string{"ends too early"}},
		{"cut body", func() *simulator.Answer { return &simulator.Answer{Cut: simulator.CutSized, CutAt: 40} }, export.Unavailable, nil},
		{"cut chunks", func() *simulator.Answer { return &simulator.Answer{Cut: simulator.CutChunked, CutAt: 40} }, export.Unavailable, nil},
		{"500", func() *simulator.Answer { return simulator.Refuse(500, "database down") }, export.Unavailable, []string{"500", "database down"}},
		{"403", func() *simulator.Answer { return simulator.Refuse(403, "no API plan") }, export.NotInPlan, []string{"403", "no API plan"}},
		{"404", func() *simulator.Answer { return simulator.Refuse(404, "no such page") }, export.VendorError, []string{"404"}},
		{"another host", func() *simulator.Answer {
			return &simulator.Answer{Reply: &simulator.Reply{Status: 302, Header: http.Header{"Location": {"http://127.0.0.1:9/x"}}}}
		}, export.VendorError, []string{"redirect"}},
		{"total not met", func() *simulator.Answer { return answer(200, ok, `{"IsError":0,"TotalCount":5,"Data":[]}`) }, export.Incomplete, []string{"5"}},
	}
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-16\nrestate_every: 0s\nrefresh: 1000h", func(w *world) {
		w.run(app.Event{}, export.Complete)
		const key = "2026-11-17"
		for _, c := range cases {
			data, ledger := w.bytes(purchases(key)), w.ledger("purchases", "2026-11")
			others := w.snapshot()
			w.yard.Fault(func(r simulator.Request) *simulator.Answer {
				if r.Endpoint == simulator.Purchases && r.From == key {
					return c.fault()
				}
				return nil
			})
			w.pass(time.Minute)
			r := w.run(app.Event{}, export.Failed)
			d := w.dataset(r, "purchases")
			if len(d.Failed) != 1 || d.Failed[0].Kind != c.kind || d.Failed[0].Day != day(key) || d.Failed[0].Part != "purchases" {
				t.Errorf("%s: %s, expected kind %s", c.name, show(d), c.kind)
				continue
			}
			for _, part := range append(c.says, "/api/v1/purchase") {
				if !strings.Contains(d.Failed[0].Error, part) {
					t.Errorf("%s: the error says %q, expected %q in it", c.name, d.Failed[0].Error, part)
				}
			}
			if d.Unchanged != 2 {
				t.Errorf("%s: the other days were not read: %s", c.name, show(d))
			}
			if w.bytes(purchases(key)) != data || !slices.Equal(others, w.snapshot()) {
				t.Errorf("%s: an object changed", c.name)
			}
			entry, _ := w.entry("purchases", key)
			if was := ledger.Days[day(key)]["purchases"]; !entry.FetchedAt.Equal(was.FetchedAt) {
				t.Errorf("%s: the ledger notes a reading that failed", c.name)
			}
		}
		w.yard.Fault(nil)
		w.pass(time.Minute)
		w.run(app.Event{}, export.Complete)
	})
}

func TestSecretsThatCannotBeUsedAreNamedWithTheFormExpected(t *testing.T) {
	cases := []struct {
		name, key, session string
		says               []string
	}{
		{"key without its member", `{"apikey":"CANARY"}`, "", []string{keySecret, "api_key"}},
		{"key with a line's end inside", "CAN\nARY", "", []string{keySecret}},
		{"key a list", `["CANARY"]`, "", []string{keySecret}},
		{"session no document", "", "CANARY", []string{sessSecret}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "", func(w *world) {
				if c.key != "" {
					w.replaceSecret(keySecret, c.key)
				}
				if c.session != "" {
					w.replaceSecret(sessSecret, c.session)
				}
				r := w.run(app.Event{}, export.Failed)
				fault := r.Accounts[0].Error
				if fault == nil || fault.Kind != export.SecretFault || len(w.yard.Requests()) != 0 {
					t.Fatalf("%s; expected the account to fail with kind secret and no request", show(r))
				}
				if strings.Contains(show(r), "CANARY") {
					t.Errorf("the result tells the secret: %s", show(r))
				}
				for _, part := range append(c.says, "expected") {
					if !strings.Contains(fault.Error, part) {
						t.Errorf("the error says %q, expected %q in it", fault.Error, part)
					}
				}
			})
		})
	}
}

// replaceSecret puts another value where a secret has one already, or makes the secret.
func (w *world) replaceSecret(name, value string) {
	w.Helper()
	if err := w.open().CreateSecret(w.Context(), name, value); err != nil {
		w.Fatal(err)
	}
	w.secret("PutSecretValue", map[string]any{"SecretId": name, "SecretString": value, "ClientRequestToken": strings.Repeat("operator", 4) + time.Now().Format("150405")})
}

func TestARefusedKeyFailsTheAccountByName(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.replaceSecret(keySecret, "a-key-of-another-yard")
		r := w.run(app.Event{}, export.Failed)
		fault := r.Accounts[0].Error
		if fault == nil || fault.Kind != export.CredentialRefused || !strings.Contains(fault.Error, keySecret) {
			t.Errorf("%s", show(r))
		}
		if n := w.yard.Count(simulator.TokenEndpoint); n > 2 {
			t.Errorf("%d exchanges, at most 2 expected", n)
		}
	})
}

func TestTheSessionIsCachedRefreshedOrExchanged(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		expect := func(what, want string) {
			w.Helper()
			if got := w.run(app.Event{}, export.Complete).Accounts[0].Session; got != want {
				t.Errorf("%s: %s, expected %s", what, got, want)
			}
		}
		expect("no session", "exchanged")
		w.pass(10 * time.Minute)
		expect("a live one", "cached")
		w.pass(time.Hour)
		expect("an expired one", "refreshed")
		w.pass(31 * 24 * time.Hour)
		w.config = "start: 2026-12-19"
		expect("both tokens expired", "exchanged")
		w.yard.Revoke("the-second-key")
		w.replaceSecret(keySecret, "the-second-key")
		before := w.yard.CountStatus(http.StatusUnauthorized)
		expect("a new key", "exchanged")
		if n := w.yard.CountStatus(http.StatusUnauthorized); n != before {
			t.Error("the old token was tried although the key had changed")
		}
		if twice := w.yard.RefreshTokensSentTwice(); len(twice) != 0 {
			t.Errorf("refresh tokens sent twice: %q", twice)
		}
	})
}

func TestAMissingBucketFailsAsStorage(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		if err := os.RemoveAll(w.path("")); err != nil {
			t.Fatal(err)
		}
		r, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{})
		if err == nil || r.Accounts[0].Error == nil || r.Accounts[0].Error.Kind != export.Storage || !strings.Contains(err.Error(), bucket) {
			t.Errorf("%v %s", err, show(r))
		}
	})
}
