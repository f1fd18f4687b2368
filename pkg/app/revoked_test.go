package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// aFewPages is a yard whose lists have several pages, and totals, so that no page needs to be asked for twice.
var aFewPages = simulator.YardConfig{TicketsPerDay: 12, Customers: 7, Businesses: 1, MaxPageSize: 4, Total: true}

// TestAKeyRevokedInMidRun revokes the API key and with it all tokens while a run reads. With a new key in its secret the
// run goes on after one exchange from the page where it was; without, it ends soon and says what a person has to do.
func TestAKeyRevokedInMidRun(t *testing.T) {
	const settings = "start: 2026-11-17\nrestate_every: 0s\nrefresh: 0s"
	for _, at := range []int{1, 2, 6} {
		for _, exchangeEnds := range []bool{false, true} {
			yard := aFewPages
			yard.ExchangeEndsSessions = exchangeEnds
			t.Run(fmt.Sprintf("with a new key, at data request %d, exchange ends %v", at, exchangeEnds), func(t *testing.T) {
				inWorld(t, yard, settings, func(w *world) {
					w.run(app.Event{}, export.Complete)
					w.pass(time.Minute)
					before := len(w.yard.Requests())
					w.yard.Fault(w.onData(at, func() {
						w.yard.Revoke(secondKey)
						w.replaceSecret(keySecret, `{"api_key":"`+secondKey+`"}`)
					}))
					w.run(app.Event{}, export.Complete)
					w.tokenCalls("revoked", 2, 0)
					w.noPageTwice(before)
					w.sessionStands()
					w.wholeDays("2026-11-17", "2026-11-18")
				})
			})
		}
		t.Run(fmt.Sprintf("with no new key, at data request %d", at), func(t *testing.T) {
			inWorld(t, aFewPages, settings, func(w *world) {
				w.refusedByName(w.onData(at, func() { w.yard.Revoke("a-key-that-nobody-is-told") }))
			})
		})
	}
	t.Run("with a key that is taken and tokens that are not", func(t *testing.T) {
		inWorld(t, aFewPages, settings, func(w *world) {
			w.refusedByName(func(r simulator.Request) *simulator.Answer {
				if isData(r) {
					return simulator.Refuse(http.StatusUnauthorized, "Invalid access token.")
				}
				return nil
			})
		})
	})
}

// refusedByName makes a good run and then one with that fault, which has to end soon, name the key that is of no use, and
// leave what is there.
func (w *world) refusedByName(fault func(simulator.Request) *simulator.Answer) {
	w.Helper()
	w.run(app.Event{}, export.Complete)
	good := w.objects()
	w.pass(time.Minute)
	w.yard.Fault(fault)
	begun := time.Now()
	result, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{})
	if took := time.Since(begun); took >= time.Minute || result.Status != export.Failed || !errors.As(err, new(*app.ExportFailed)) {
		w.Errorf("%s after %v with %v, expected failed in under a minute", result.Status, took, err)
	}
	refused := result.Accounts[0].Error
	if refused == nil || refused.Kind != export.CredentialRefused {
		w.Fatalf("%s; expected kind credential_refused", show(refused))
	}
	for _, text := range []string{err.Error(), refused.Error} {
		if !strings.Contains(text, keySecret) || !strings.Contains(text, w.version(keySecret)) || !strings.Contains(text, "new key") {
			w.Errorf("%q; expected the secret, its version %s and what to do", text, w.version(keySecret))
		}
	}
	if n := w.yard.Count(simulator.TokenEndpoint) - 1; n < 1 || n > 2 {
		w.Errorf("%d exchanges, expected 1 or 2", n)
	}
	w.noneTwice("refused")
	if !slices.Equal(good, w.objects()) {
		w.Error("a data object changed")
	}
}

// noPageTwice fails the test where a page was answered twice since the nth request.
func (w *world) noPageTwice(since int) {
	w.Helper()
	seen := map[string]bool{}
	for _, r := range w.yard.Requests()[since:] {
		page := fmt.Sprint(r.Endpoint, " ", r.From, " page ", r.Page)
		if isData(r) && r.Status == http.StatusOK {
			if seen[page] {
				w.Errorf("%s was asked for twice", page)
			}
			seen[page] = true
		}
	}
	if len(seen) < 7 {
		w.Errorf("%d pages were read, expected more", len(seen))
	}
}

// objects is each data object with its bytes.
func (w *world) objects() []string {
	w.Helper()
	var all []string
	for _, key := range append(w.keys("scrapright/"), w.keys("latest/")...) {
		all = append(all, key+" "+w.bytes(key))
	}
	return all
}

// TestAKeyChangedBetweenTwoInvocations keeps one process warm. The secret is read at each invocation, so that no request
// is made with what came of the old key.
func TestAKeyChangedBetweenTwoInvocations(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17\nrestate_every: 0s", func(w *world) {
		handler := app.Export(app.ScrapRight, w.options())
		invoke := func(session string) {
			w.Helper()
			text, err := handler.Invoke(w.Context(), []byte(`{}`))
			w.said.say(string(text), err)
			var result app.Result
			if err := errors.Join(err, json.Unmarshal(text, &result)); err != nil {
				t.Fatal(err)
			}
			if got := result.Accounts[0].Session; result.Status != export.Complete || got != session {
				t.Errorf("%s, session %q, expected %q", result.Status, got, session)
			}
		}
		invoke("exchanged")
		w.pass(5 * time.Minute)
		invoke("cached")
		w.yard.Revoke(secondKey)
		w.replaceSecret(keySecret, secondKey) // bare, for once
		invoke("exchanged")
		w.sessionStands()
		invoke("cached")
		w.tokenCalls("changed", 2, 0)
		if n := w.yard.CountStatus(http.StatusUnauthorized); n != 0 {
			t.Errorf("%d answers of 401", n)
		}
	})
}
