package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// slowly takes a while for each answer, as a yard does: not the same while each time.
func slowly(r simulator.Request) *simulator.Answer {
	return &simulator.Answer{Delay: time.Duration(20+r.N*37%180) * time.Millisecond}
}

// onePerPage is a yard of many requests and little data: it clamps pages to one record.
func onePerPage(kind simulator.LimitKind, customers int) simulator.YardConfig {
	return simulator.YardConfig{RequestsPerMinute: 10, Limit: kind, MaxPageSize: 1, TicketsPerDay: 2, Customers: customers, Businesses: 1}
}

// leastTime is what n requests take at least before a server that grants 10 a minute, the first of them sent at begun.
func leastTime(kind simulator.LimitKind, begun time.Time, n int) time.Duration {
	full := time.Duration((n-1)/10) * time.Minute
	switch {
	case kind == simulator.NoBurst:
		return time.Duration(n-1) * time.Minute / 10
	case kind == simulator.FixedWindow && full > 0:
		return full - begun.Sub(begun.Truncate(time.Minute)) // the first minute of the clock may be short
	}
	return full
}

// paceIsKept checks the requests since one of them: how many 429 they met, how long the others took, and that the results
// count them all, those for tokens too.
func (w *world) paceIsKept(kind simulator.LimitKind, since int, results ...app.Result) {
	w.Helper()
	requests := w.yard.Requests()[since:]
	counted, throttled := 0, 0
	for _, r := range results {
		counted, throttled = counted+r.Accounts[0].Requests, throttled+r.Accounts[0].Throttled
	}
	tokens, refused := 0, 0
	for _, r := range requests {
		if r.Endpoint == simulator.TokenEndpoint || r.Endpoint == simulator.RefreshEndpoint {
			tokens++
		}
		if r.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if counted != len(requests) || throttled != refused {
		w.Errorf("the results count %d requests and %d of 429; the yard saw %d and %d", counted, throttled, len(requests), refused)
	}
	if since == 0 && tokens == 0 {
		w.Error("no request for a token among them")
	}
	most := 0
	if kind == simulator.NoBurst {
		most = len(results) // each run finds it out
	}
	if refused > most {
		w.Errorf("%d answers of 429, expected %d at most", refused, most)
	}
	begun, passed := requests[0].Time, len(requests)-refused
	took, least := requests[len(requests)-1].Time.Sub(begun), leastTime(kind, begun, passed)
	if passed < 45 || took > least*115/100 {
		w.Errorf("%d requests took %v; the least possible is %v, and 15%% more is %v", passed, took, least, least*115/100)
	}
}

// TestThePaceOfRuns holds runs at 10 requests a minute to what a server of each kind allows, the requests for tokens
// counted: no refusal where bursts are allowed, and hardly slower than possible.
func TestThePaceOfRuns(t *testing.T) {
	again := app.Event{From: day("2026-11-18"), Force: true} // waits for the lease
	scenarios := []struct {
		name string
		ttl  time.Duration // of access tokens
		run  func(w *world, kind simulator.LimitKind)
	}{
		{"one run", time.Hour, func(w *world, kind simulator.LimitKind) {
			w.paceIsKept(kind, 0, w.run(app.Event{}, export.Complete))
		}},
		{"tokens in mid-run", 4 * time.Minute, func(w *world, kind simulator.LimitKind) {
			w.paceIsKept(kind, 0, w.run(app.Event{}, export.Complete))
			if n := w.yard.Count(simulator.RefreshEndpoint); n < 2 {
				w.Errorf("%d refreshes, expected some in mid-run", n)
			}
		}},
		{"two runs back to back", time.Hour, func(w *world, kind simulator.LimitKind) {
			first := w.within(4*time.Minute, app.Event{})
			w.paceIsKept(kind, 0, first, w.run(app.Event{}, export.Complete))
		}},
		{"after a killed run", time.Hour, func(w *world, kind simulator.LimitKind) {
			begun := time.Now()
			w.killed(4*time.Minute, 2*time.Minute+700*time.Millisecond, app.Event{})
			w.run(app.Event{}, export.Held)
			since := len(w.yard.Requests())
			w.paceIsKept(kind, since, w.run(again, export.Complete))
			over := begun.Add(4*time.Minute + time.Minute) // its lease
			if next := w.yard.Requests()[since].Time; next.Before(over) || next.After(over.Add(5*time.Second)) {
				w.Errorf("the next run's first request came at %s, the killed one's lease was over at %s", next, over)
			}
		}},
		{"after a killed run without a deadline", time.Hour, func(w *world, kind simulator.LimitKind) {
			w.killed(0, 2*time.Minute+59*time.Second, app.Event{})
			w.paceIsKept(kind, len(w.yard.Requests()), w.run(again, export.Complete))
		}},
	}
	for _, scenario := range scenarios {
		for _, server := range []struct {
			name      string
			kind      simulator.LimitKind
			late      time.Duration // in the minute of the clock, at the beginning
			customers int           // so many that 15 % is more than a minute where one is lost in the beginning
		}{
			{"sliding window", simulator.SlidingWindow, 0, 45},
			{"fixed window", simulator.FixedWindow, 0, 45},
			{"fixed window, begun late in it", simulator.FixedWindow, 50 * time.Second, 80},
			{"no bursts", simulator.NoBurst, 0, 80},
		} {
			t.Run(scenario.name+", "+server.name, func(t *testing.T) {
				yard := onePerPage(server.kind, server.customers)
				yard.AccessTTL = scenario.ttl
				inWorld(t, yard, "start: 2026-11-18", func(w *world) {
					w.pass(server.late)
					w.yard.Fault(slowly)
					scenario.run(w, server.kind)
				})
			})
		}
	}
}

// TestThePaceOfAnExportOf120Requests holds a longer run to the least that it can take: within 5 % before a server that
// counts any minute, and before one that counts minutes of the clock where it begins with one. What the run cannot know, in
// which second of the clock's minute to begin or that no bursts are allowed, costs a minute once.
func TestThePaceOfAnExportOf120Requests(t *testing.T) {
	for _, server := range []struct {
		name    string
		kind    simulator.LimitKind
		late    time.Duration // in the minute of the clock, at the beginning
		percent time.Duration // more than the least
		once    time.Duration // and more than that
		refused int
	}{
		{"sliding window", simulator.SlidingWindow, 0, 5, 0, 0},
		{"sliding window, begun late in a minute", simulator.SlidingWindow, 50 * time.Second, 5, 0, 0},
		{"fixed window", simulator.FixedWindow, 0, 5, 0, 0},
		{"fixed window, begun late in it", simulator.FixedWindow, 50 * time.Second, 1, time.Minute, 0},
		{"no bursts", simulator.NoBurst, 0, 2, time.Minute, 1},
	} {
		t.Run(server.name, func(t *testing.T) {
			inWorld(t, onePerPage(server.kind, 111), "start: 2026-11-18", func(w *world) {
				w.pass(server.late)
				w.yard.Fault(slowly)
				w.run(app.Event{}, export.Complete)
				requests, refused := w.yard.Requests(), w.yard.CountStatus(http.StatusTooManyRequests)
				passed, begun := len(requests)-refused, requests[0].Time
				took, least := requests[len(requests)-1].Time.Sub(begun), leastTime(server.kind, begun, passed)
				t.Logf("%d requests in %v, %v is the least possible: %.1f %% more", passed, took, least, 100*(took-least).Seconds()/least.Seconds())
				if most := least*(100+server.percent)/100 + server.once; passed != 120 || took > most || refused > server.refused {
					t.Errorf("expected 120 in %v at most; %d of 429, expected %d at most", most, refused, server.refused)
				}
			})
		})
	}
}

// killed is a run that is gone at once after a time: nothing that it would still do reaches the bucket.
func (w *world) killed(deadline, after time.Duration, e app.Event) {
	w.Helper()
	ctx, kill := context.WithCancel(w.Context())
	if deadline > 0 {
		ctx, kill = context.WithTimeout(w.Context(), deadline)
	}
	time.AfterFunc(after, func() {
		w.aws.Fault(func(faultproxy.Call) *faultproxy.Answer { return &faultproxy.Answer{Drop: true} })
		kill()
	})
	if _, err := w.open().Export(ctx, w.source, e); err == nil {
		w.Fatal("the killed run ended by itself")
	}
	w.aws.Fault(nil)
}

// TestThePaceOfARunThatIsRefused answers one request in the middle of a run with 429. The wait is what the server asks
// for, or the rest of the window, and the refused page is the only one that is asked for again.
func TestThePaceOfARunThatIsRefused(t *testing.T) {
	const refused = 7                                                       // in the first burst
	window := [2]time.Duration{58 * time.Second, time.Minute + time.Second} // the rest of it
	asks := func(d time.Duration) [2]time.Duration { return [2]time.Duration{d - time.Second, d + 6*time.Second} }
	says := func(text string) func() string { return func() string { return text } }
	date := func(in time.Duration) func() string {
		return func() string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
	}
	tests := []struct {
		name  string
		after func() string
		html  bool
		wait  [2]time.Duration
	}{
		{"no header", nil, false, window},
		{"no header, an HTML body", nil, true, window},
		{"Retry-After 0", says("0"), false, asks(time.Second)},
		{"Retry-After 3600", says("3600"), false, asks(time.Hour)},
		{"a date", date(90 * time.Second), false, asks(90 * time.Second)},
		{"a date gone by", date(-time.Hour), false, window},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, onePerPage(simulator.SlidingWindow, 25), "start: 2026-11-18", func(w *world) {
				w.yard.Fault(func(r simulator.Request) *simulator.Answer {
					if r.N != refused {
						return slowly(r)
					}
					return &simulator.Answer{Reply: tooMany(tt.after, tt.html)}
				})
				r := w.run(app.Event{}, export.Complete)
				requests := w.yard.Requests()
				at, next := requests[refused-1], requests[refused]
				if wait := next.Time.Sub(at.Time); wait < tt.wait[0] || wait > tt.wait[1] {
					t.Errorf("waited %v, expected %v", wait, tt.wait)
				}
				if next.Path != at.Path || next.From != at.From || next.Page != at.Page {
					t.Errorf("%s %s %d was refused, and %s %s %d asked for next", at.Path, at.From, at.Page, next.Path, next.From, next.Page)
				}
				if r.Accounts[0].Throttled != 1 || r.Accounts[0].Requests != len(requests) || w.yard.CountStatus(http.StatusTooManyRequests) != 1 {
					t.Errorf("%s; the yard saw %d requests", show(r.Accounts[0]), len(requests))
				}
				for page, n := range w.asked(at.Endpoint, 0) {
					if n > 1 && page != 1 && page != at.Page { // the first one closes the list
						t.Errorf("page %d was asked for %d times", page, n)
					}
				}
			})
		})
	}
}

// tooMany is a refusal, with a Retry-After or without, as the yard says it or as a proxy before it does.
func tooMany(after func() string, html bool) *simulator.Reply {
	reply := &simulator.Reply{Status: http.StatusTooManyRequests, Header: http.Header{"Content-Type": {"application/json"}},
		Body: []byte(`{"IsError":1,"Message":"Too many requests","Data":null}`)}
	if html {
		reply.Header.Set("Content-Type", "text/html")
		reply.Body = []byte("<html><title>429 Too Many Requests</title><body>Slow down &amp; wait</body></html>")
	}
	if after != nil {
		reply.Header.Set("Retry-After", after())
	}
	return reply
}

// TestThePaceOfARunThatIsToldToWaitTooLong ends a run whose deadline comes before the moment that a 429 names: at once,
// partial, with what was read kept; and the next one goes on.
func TestThePaceOfARunThatIsToldToWaitTooLong(t *testing.T) {
	inWorld(t, onePerPage(simulator.SlidingWindow, 40), "start: 2026-11-18", func(w *world) {
		const refused = 17
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.N != refused {
				return slowly(r)
			}
			return &simulator.Answer{Reply: tooMany(func() string { return "3600" }, false)}
		})
		r := w.within(15*time.Minute, app.Event{})
		if took := time.Since(noon); r.Status != export.Partial || w.dataset(r, "purchases").Written == 0 || took > 2*time.Minute {
			t.Errorf("after %v: %s", took, show(r))
		}
		if n := len(w.yard.Requests()); n != refused {
			t.Errorf("%d requests, expected none after the refusal", n)
		}
		for range 3 { // runs back to back, as the one that goes on at once: they wait as long
			next := app.Event{Datasets: []string{"purchases"}, From: day("2026-11-18"), To: day("2026-11-18")}
			if r := w.within(5*time.Minute, next); r.Status != export.Partial || r.Accounts[0].Requests != 0 || r.Next == nil {
				t.Errorf("before the hour is over: %s", show(r))
			}
		}
		if n := len(w.yard.Requests()); n != refused {
			t.Errorf("%d requests, expected none until the hour is over", n)
		}
		w.pass(time.Until(noon.Add(time.Hour + 2*time.Minute)))
		if r := w.within(15*time.Minute, app.Event{}); r.Status != export.Complete || r.Accounts[0].Throttled != 0 {
			t.Errorf("an hour later: %s", show(r))
		}
	})
}

// TestThePaceOfARunWhoseLimitIsLowered lowers what the yard allows in the middle of a run. Told with a token's grant it
// is kept from then on; not told it costs two refusals a minute, and the run is whole all the same.
func TestThePaceOfARunWhoseLimitIsLowered(t *testing.T) {
	const lowered, to = 25, 4 // at a request, to so many a minute
	for _, tt := range []struct {
		name string
		ttl  time.Duration // of access tokens: the next grant tells the limit
	}{{"and told", 4 * time.Minute}, {"and not told", 2 * time.Hour}} {
		t.Run(tt.name, func(t *testing.T) {
			yard := onePerPage(simulator.SlidingWindow, 40)
			yard.AccessTTL = tt.ttl
			inWorld(t, yard, "start: 2026-11-18", func(w *world) {
				w.yard.Fault(func(r simulator.Request) *simulator.Answer {
					if r.N == lowered {
						w.yard.SetLimit(to)
					}
					return slowly(r)
				})
				r := w.run(app.Event{}, export.Complete)
				requests := w.yard.Requests()[lowered-1:]
				told := slices.IndexFunc(requests, func(r simulator.Request) bool {
					return r.Endpoint == simulator.RefreshEndpoint && r.Status == http.StatusOK
				})
				refused, afterwards := 0, 0
				for i, r := range requests {
					if r.Status == http.StatusTooManyRequests {
						refused++
						if told >= 0 && i > told {
							afterwards++
						}
					}
				}
				passed := len(requests) - refused
				took, least := requests[len(requests)-1].Time.Sub(requests[0].Time), time.Duration((passed-1)/to)*time.Minute
				if refused == 0 || afterwards > 0 || refused > 2*int(took/time.Minute)+2 || took > least*115/100+time.Minute {
					t.Errorf("%d passed in %v, the least possible is %v; %d refused, %d of them after the limit was told",
						passed, took, least, refused, afterwards)
				}
				if r.Accounts[0].Throttled != refused || len(w.lines(customers("2026-11-18"))) != 40 {
					t.Errorf("%s", show(r))
				}
			})
		})
	}
}

// TestThePaceOfAGrantWithoutAUsableLimit takes 10 a minute where the vendor names no limit that can be one, and says so.
func TestThePaceOfAGrantWithoutAUsableLimit(t *testing.T) {
	const member = `"requestLimitPerMinute":10`
	for name, instead := range map[string]string{
		"absent": `"anotherMember":10`,
		"0":      `"requestLimitPerMinute":0`,
		"a text": `"requestLimitPerMinute":"ten"`,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, onePerPage(simulator.SlidingWindow, 45), "start: 2026-11-18", func(w *world) {
				w.yard.Fault(func(r simulator.Request) *simulator.Answer {
					a := slowly(r)
					if r.Endpoint == simulator.TokenEndpoint {
						a.Rewrite = func(reply *simulator.Reply) {
							if !strings.Contains(string(reply.Body), member) {
								t.Errorf("no %s in the grant", member)
							}
							reply.Body = []byte(strings.Replace(string(reply.Body), member, instead, 1))
						}
					}
					return a
				})
				r := w.run(app.Event{}, export.Complete)
				w.paceIsKept(simulator.SlidingWindow, 0, r)
				if len(r.Warnings) != 1 || r.Warnings[0].Kind != "pace_assumed" || !strings.Contains(fmt.Sprint(r.Warnings), "10") {
					t.Errorf("%s; expected one warning of kind pace_assumed", show(r.Warnings))
				}
			})
		})
	}
}
