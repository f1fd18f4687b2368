package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// accessOf is the hash of the access token in a session's text.
func accessOf(session string) string {
	var s struct {
		Access string `json:"access_token"`
	}
	_ = json.Unmarshal([]byte(session), &s) // what is no session has none
	return hashOf(s.Access)
}

// storing are the calls that would store this access token.
func (w *world) storing(access string) []faultproxy.Call {
	return slices.DeleteFunc(append(w.aws.Of("CreateSecret"), w.aws.Of("PutSecretValue")...),
		func(c faultproxy.Call) bool { return c.Secret != sessSecret || accessOf(c.Value) != access })
}

// early watches the data requests: those that came with a token whose store was not acknowledged yet. It is a fault of
// the yard that changes nothing.
type early struct {
	*world
	mu       sync.Mutex
	requests []simulator.Request
	stores   map[string]int // calls to store the token of such a request, at the last one's arrival
}

func (e *early) watch(r simulator.Request) *simulator.Answer {
	if !isData(r) {
		return nil
	}
	calls := e.storing(r.Credential)
	if !slices.ContainsFunc(calls, faultproxy.Call.Acknowledged) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.requests = append(e.requests, r)
		e.stores[r.Credential] = len(calls)
	}
	return nil
}

// none fails the test where a data request came before its token was stored.
func (e *early) none() {
	e.Helper()
	if len(e.requests) > 0 {
		e.Errorf("%d data requests before the store of their token was acknowledged, the first %+v", len(e.requests), e.requests[0])
	}
}

// onlyAfterTheBudget fails the test unless data was asked for with a token that could not be stored, and only after all
// attempts to store it.
func (e *early) onlyAfterTheBudget() {
	e.Helper()
	if len(e.requests) == 0 {
		e.Error("no data was asked for with the token in memory")
	}
	for _, r := range e.requests {
		calls, n := e.storing(r.Credential), e.stores[r.Credential]
		if took := r.Time.Sub(calls[0].Time); n != len(calls) || n < 4 && took < 10*time.Second {
			e.Errorf("token %s was used after %v and %d attempts to store it, there were %d in all", r.Credential, took, n, len(calls))
		}
	}
}

// TestAFailingStore breaks the store of a new pair in every way, at the first exchange and at a refresh. Nothing is asked
// with a token that is not stored, but for a run that used up its attempts: that one brings the data home, is not green,
// and names the secret. The next one needs nobody's help.
func TestAFailingStore(t *testing.T) {
	refuse := func() *faultproxy.Answer { return faultproxy.Refuse(500, "InternalServiceError") }
	belie := func() *faultproxy.Answer { return faultproxy.Belie(500, "InternalServiceError") }
	const always = 1 << 20
	for name, c := range map[string]struct {
		times      int
		fault      func() *faultproxy.Answer
		want       export.Status
		everywhere bool // at the first exchange too, and where there is no session secret yet
	}{
		"fails 3 times":                    {3, refuse, export.Complete, true},
		"throttled 3 times":                {3, func() *faultproxy.Answer { return faultproxy.Refuse(400, "ThrottlingException") }, export.Complete, false},
		"fails always":                     {always, refuse, export.Failed, true},
		"denied":                           {always, func() *faultproxy.Answer { return faultproxy.Refuse(400, "AccessDeniedException") }, export.Failed, false},
		"connection closed always":         {always, func() *faultproxy.Answer { return &faultproxy.Answer{Drop: true} }, export.Failed, false},
		"never answers":                    {always, func() *faultproxy.Answer { return &faultproxy.Answer{Delay: time.Hour} }, export.Failed, false},
		"commits and drops the answer":     {1, faultproxy.Lose, export.Complete, true},
		"commits and drops every answer":   {always, faultproxy.Lose, export.Failed, false},
		"commits and answers 500":          {1, belie, export.Complete, true},
		"commits and answers 500 always":   {always, belie, export.Failed, false},
		"takes 3 s":                        {always, func() *faultproxy.Answer { return &faultproxy.Answer{Delay: 3 * time.Second} }, export.Complete, false},
		"commits and answers 500, 3 times": {3, belie, export.Complete, false},
	} {
		begins := []string{"refresh", "exchange", "creation"}
		if !c.everywhere {
			begins = begins[:1]
		}
		for _, begin := range begins {
			t.Run(name+", at "+begin, func(t *testing.T) {
				const settings = "start: 2026-11-18\ndatasets: {customers: {off: true}, businesses: {off: true}}"
				inWorld(t, simulator.YardConfig{ReuseKillsFamily: true}, settings, func(w *world) {
					if begin != "creation" {
						w.secret("CreateSecret", map[string]any{"Name": sessSecret, "SecretString": `{"kept":1}`,
							"ClientRequestToken": strings.Repeat("operator", 4)})
					}
					if begin == "refresh" {
						w.run(app.Event{}, export.Complete)
						w.pass(2 * time.Hour)
					}
					w.yard.Insert(simulator.Purchases, "2026-11-18", -1, `{"id":"late"}`)
					e := &early{world: w, stores: map[string]int{}}
					w.yard.Fault(e.watch)
					left := c.times
					w.aws.Fault(func(call faultproxy.Call) *faultproxy.Answer {
						if call.Value == "" || call.Secret != sessSecret || left == 0 {
							return nil
						}
						left--
						return c.fault()
					})
					r := w.run(app.Event{}, c.want)
					if c.want == export.Complete {
						e.none()
						w.sessionStands()
					} else {
						w.namesTheSession(r)
						if name != "denied" { // which no second attempt would change
							e.onlyAfterTheBudget()
						}
					}
					w.wholeDays("2026-11-18")
					w.aws.Fault(nil)
					w.pass(time.Hour + 10*time.Minute) // what is in the vault may be expired, and is what the next run finds
					e.requests = nil
					w.run(app.Event{}, export.Complete)
					e.none()
					w.sessionStands()
					w.noneTwice(name)
				})
			})
		}
	}
}

// namesTheSession fails the test unless the account failed with kind secret and the name of the session secret.
func (w *world) namesTheSession(r app.Result) {
	w.Helper()
	if fault := r.Accounts[0].Error; fault == nil || fault.Kind != export.SecretFault || !strings.Contains(fault.Error, sessSecret) {
		w.Errorf("%s; expected kind secret, naming %s", show(fault), sessSecret)
	}
}

// TestARestoredBackup moves AWSCURRENT of the session secret back, as an operator may at any moment: the next run is
// green, and sends no refresh token that was sent before.
func TestARestoredBackup(t *testing.T) {
	for _, back := range []string{"to the version before", "to the oldest", "to the oldest, with the last one gone"} {
		for _, strict := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, strict yard %v", back, strict), func(t *testing.T) {
				yard := simulator.YardConfig{ReuseKillsFamily: strict, ExchangeEndsSessions: strict}
				inWorld(t, yard, "start: 2026-11-18\nverify_after: 0\ndatasets: {customers: {off: true}, businesses: {off: true}}", func(w *world) {
					for range 3 {
						w.run(app.Event{}, export.Complete)
						w.pass(2 * time.Hour)
					}
					for range 2 { // what is stored over a restored version may be restored over once more
						w.restore(back)
						w.run(app.Event{}, export.Complete)
						w.sessionStands()
						w.noneTwice(back)
						w.pass(time.Minute)
						if got := w.run(app.Event{}, export.Complete).Accounts[0].Session; got != "cached" {
							t.Errorf("the run after: session %q, expected cached", got)
						}
						w.pass(2 * time.Hour)
					}
				})
			})
		}
	}
}

// restore moves AWSCURRENT of the session secret back.
func (w *world) restore(back string) {
	w.Helper()
	ids := w.versions(sessSecret)
	to := ids[0]
	if back == "to the version before" {
		to = ids[slices.Index(ids, w.version(sessSecret))-1]
	}
	w.secret("UpdateSecretVersionStage", map[string]any{"SecretId": sessSecret, "VersionStage": "AWSCURRENT",
		"MoveToVersionId": to, "RemoveFromVersionId": w.version(sessSecret)})
	if strings.HasSuffix(back, "gone") { // no label keeps the version that was current
		w.secret("UpdateSecretVersionStage", map[string]any{"SecretId": sessSecret, "VersionStage": "AWSPREVIOUS",
			"RemoveFromVersionId": ids[len(ids)-1]})
	}
}
