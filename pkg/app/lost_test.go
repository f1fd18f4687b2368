package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// lostAnswers are the ways in which a refresh token is spent and the answer lost.
func lostAnswers() map[string]func() *simulator.Answer {
	return map[string]func() *simulator.Answer{
		"connection closed":      simulator.Lose,
		"200 cut in half":        func() *simulator.Answer { return &simulator.Answer{Cut: simulator.CutSized, CutAt: 400} },
		"200 without refresh":    rewritten(renamed("refresh_token")),
		"500 after rotating":     rewritten(func(r *simulator.Reply) { r.Status, r.Body = http.StatusInternalServerError, nil }),
		"later than the timeout": func() *simulator.Answer { return &simulator.Answer{Delay: 5 * time.Minute} },
	}
}

// oddAnswers are those in which a vendor that rotated says something else.
func oddAnswers() map[string]func() *simulator.Answer {
	return map[string]func() *simulator.Answer{
		"200 in chunks, cut":   func() *simulator.Answer { return &simulator.Answer{Cut: simulator.CutChunked, CutAt: 400} },
		"200 that looks whole": func() *simulator.Answer { return &simulator.Answer{Cut: simulator.CutUnsized, CutAt: 400} },
		"200 without a body":   rewritten(func(r *simulator.Reply) { r.Body = nil }),
		"200 of a proxy":       rewritten(func(r *simulator.Reply) { r.Body = []byte("<html>Back soon</html>") }),
		"200 without access":   rewritten(renamed("access_token")),
		"503":                  rewritten(func(r *simulator.Reply) { r.Status = http.StatusServiceUnavailable }),
		"429":                  rewritten(func(r *simulator.Reply) { r.Status = http.StatusTooManyRequests }),
		"400":                  rewritten(func(r *simulator.Reply) { r.Status = http.StatusBadRequest }),
		"redirect":             rewritten(func(r *simulator.Reply) { r.Status, r.Header = http.StatusFound, http.Header{"Location": {"/login"}} }),
		"IsError 1":            rewritten(func(r *simulator.Reply) { r.Body = []byte(strings.Replace(string(r.Body), `:0`, `:1`, 1)) }),
	}
}

func rewritten(change func(*simulator.Reply)) func() *simulator.Answer {
	return func() *simulator.Answer { return &simulator.Answer{Rewrite: change} }
}

func renamed(member string) func(*simulator.Reply) {
	return func(r *simulator.Reply) {
		r.Body = []byte(strings.Replace(string(r.Body), `"`+member+`":`, `"another":`, 1))
	}
}

// TestALostRefreshAnswer spends a refresh token for nothing, in every way and before every kind of vendor: the token is
// not sent again, in this run or a later one, one exchange brings a new session, and the run is whole.
func TestALostRefreshAnswer(t *testing.T) {
	const first, last = "2026-11-16", "2026-11-17"
	again := app.Event{From: day(first), To: day(last), Force: true}
	for _, kind := range []struct{ reuseKills, exchangeEnds bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		t.Run(fmt.Sprintf("reuse kills %v, exchange ends %v", kind.reuseKills, kind.exchangeEnds), func(t *testing.T) {
			yard := simulator.YardConfig{ReuseKillsFamily: kind.reuseKills, ExchangeEndsSessions: kind.exchangeEnds}
			inWorld(t, yard, "datasets: {customers: {off: true}, businesses: {off: true}}", func(w *world) {
				run := func(what, session string, exchanges, refreshes int) {
					w.Helper()
					e, r := w.yard.Count(simulator.TokenEndpoint), w.yard.Count(simulator.RefreshEndpoint)
					if got := w.run(again, export.Complete).Accounts[0].Session; got != session {
						w.Errorf("%s: session %q, expected %q", what, got, session)
					}
					w.tokenCalls(what, e+exchanges, r+refreshes)
					w.sessionStands()
					w.wholeDays(first, last)
					w.yard.Fault(nil)
					w.pass(2 * time.Hour) // the access token expires
				}
				run("the first", "exchanged", 1, 0)
				answers := lostAnswers()
				if kind.reuseKills && kind.exchangeEnds { // the others would show nothing new
					maps.Copy(answers, oddAnswers())
				}
				for name, lost := range answers {
					w.yard.Fault(func(r simulator.Request) *simulator.Answer {
						if r.Endpoint == simulator.RefreshEndpoint {
							return lost()
						}
						return nil
					})
					run(name, "exchanged", 1, 1)
					run("after "+name, "refreshed", 0, 1)
				}
			})
		})
	}
}

// tokenCalls fails the test unless there were so many, none with a refresh token that was sent before.
func (w *world) tokenCalls(what string, exchanges, refreshes int) {
	w.Helper()
	if e, r := w.yard.Count(simulator.TokenEndpoint), w.yard.Count(simulator.RefreshEndpoint); e != exchanges || r != refreshes {
		w.Errorf("%s: %d exchanges and %d refreshes, expected %d and %d", what, e, r, exchanges, refreshes)
	}
	w.noneTwice(what)
}

func (w *world) noneTwice(what string) {
	w.Helper()
	if twice := w.yard.RefreshTokensSentTwice(); len(twice) != 0 {
		w.Errorf("%s: refresh tokens sent twice: %q", what, twice)
	}
}

// wholeDays fails the test unless these days of purchases are in the bucket as the yard has them, and no other.
func (w *world) wholeDays(days ...string) {
	w.Helper()
	for _, day := range days {
		if got, want := w.lines(purchases(day)), w.yard.Records(simulator.Purchases, day); !slices.Equal(got, want) {
			w.Errorf("%s: %d lines, expected the %d records of the yard", day, len(got), len(want))
		}
	}
	if keys := w.keys("scrapright/purchases/"); len(keys) != len(days) {
		w.Errorf("%d days in the bucket, expected %d", len(keys), len(days))
	}
}
