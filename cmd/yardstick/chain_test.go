package main

import (
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
)

// leg is one run of a chain, as far as it matters for whether there shall be another one.
type leg struct {
	written int
	resumed int64 // rows taken up from the run before
	busy    bool
	failed  bool
	more    bool // another range is left than before
}

// run plays a leg and says why there shall be no further one.
func (c *chain) run(t *testing.T, l leg) string {
	t.Helper()
	e := app.Event{From: someDay(t) - 9, To: someDay(t)}
	next := e
	if l.more {
		next.To--
	}
	r := app.Result{Run: "r", Status: "partial", Next: &next, Accounts: []app.AccountResult{{Account: "main", Status: "partial",
		Datasets: []app.DatasetResult{{Dataset: "purchases", Written: l.written, Remaining: 9}}}}}
	for n := range l.written {
		c.observe(event("written", someDay(t)-app.Day(n), 5))
	}
	if l.resumed > 0 {
		c.observe(event("resumed", someDay(t), l.resumed))
	}
	if l.busy || l.failed {
		r.Status, r.Accounts[0].Status = "failed", "failed"
		r.Accounts[0].Error = &app.Failure{Kind: "credential_refused"}
		if l.busy {
			r.Accounts[0].Error.Kind = "busy"
		}
	}
	c.add(e, r, nil)
	return c.stuck()
}

func TestAChainEndsWhereTheNextRunWouldBringNothing(t *testing.T) {
	const idle, busyTwice, refused = "two runs in a row", "held an account", "failed and did nothing"
	for name, test := range map[string]struct {
		legs []leg
		ends string // after the last leg, and not before; "": it goes on
	}{
		"days are written":                {[]leg{{written: 2, more: true}, {written: 1, more: true}}, ""},
		"nothing once":                    {[]leg{{written: 2}, {}}, ""},
		"nothing twice":                   {[]leg{{written: 2}, {}, {}}, idle},
		"nothing, days, nothing":          {[]leg{{}, {written: 1}, {}}, ""},
		"a long window grows":             {[]leg{{}, {resumed: 100}, {resumed: 200}, {resumed: 300}}, ""},
		"a long window grows no more":     {[]leg{{}, {resumed: 100}, {resumed: 200}, {resumed: 200}}, idle},
		"less is left, for other reasons": {[]leg{{more: true}, {more: true}, {more: true}}, ""},
		"held once":                       {[]leg{{busy: true}}, ""},
		"held twice":                      {[]leg{{busy: true}, {busy: true}}, busyTwice},
		"refused":                         {[]leg{{failed: true}}, refused},
		"refused after some days":         {[]leg{{failed: true, written: 1}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(app.ScrapRight)
			for i, l := range test.legs {
				why := c.run(t, l)
				if last := i == len(test.legs)-1; last && (why == "") != (test.ends == "") || last && !strings.Contains(why, test.ends) || !last && why != "" {
					t.Errorf("after run %d: %q, expected %q after the last one", i+1, why, test.ends)
				}
			}
		})
	}
}

func TestAChainSumsItsRunsUpAndKeepsWhatFailedUntilItIsMadeGood(t *testing.T) {
	c, day := newChain(app.ScrapRight), someDay(t)
	part := func(written int, remaining int, failed ...app.Day) app.Result {
		d := app.DatasetResult{Dataset: "purchases", Written: written, Rows: int64(written) * 5, Remaining: remaining}
		for _, day := range failed {
			d.Failed = append(d.Failed, app.Failure{Day: day, Part: "purchases", Kind: "malformed", Error: "no list"})
		}
		return app.Result{Run: "r", Source: app.ScrapRight, Status: "partial", Warnings: []app.Warning{{Kind: "pace_assumed"}},
			Accounts: []app.AccountResult{{Account: "main", Requests: 10, Datasets: []app.DatasetResult{d}}}}
	}
	c.add(app.Event{}, part(3, 7, day, day-1), nil)
	c.observe(event("written", day-1, 5)) // what failed in the first run is read in the second
	c.add(app.Event{}, part(4, 1, day-6), nil)

	x := c.outcome()
	d := x.result.Accounts[0].Datasets[0]
	if x.runs != 2 || x.result.Accounts[0].Requests != 20 || d.Written != 7 || d.Rows != 35 || len(x.result.Warnings) != 1 {
		t.Errorf("%+v", x)
	}
	if len(d.Failed) != 2 || d.Failed[0].Day != day || d.Failed[1].Day != day-6 || d.Remaining != 2 || x.result.Remaining != 2 || x.code() != failed {
		t.Errorf("%+v, exit code %d; expected the first and the last failure to stand", d, x.code())
	}
}

func TestABackfillThatIsStoppedTellsOfSourcesThatWereNotBegun(t *testing.T) {
	s, out := page(0)
	b := &backfill{TimeLimit: span(10 * time.Minute), From: day{someDay(t)}, Force: true}
	stop := make(chan struct{})
	close(stop)
	a := &app.App{Options: app.Options{Stop: stop}, Configured: &app.Config{}}
	done := outcome{source: app.ScrapRight, runs: 1, result: stored[app.Result](t, "testdata/results/nothing.json")}
	code, err := s.filled(&opened{App: a}, []outcome{done, b.fill(t.Context(), s, a, app.Scrunch)})
	want := "Partial: it was stopped before this source was begun.\n\nTo go on:\n" +
		"yardstick backfill --local 'my data' --source scrunch --from 2026-11-22 --force --time-limit 10m0s\n"
	if code != partial || err != nil || !strings.HasSuffix(out.String(), want) {
		t.Errorf("exit code %d (%v), and %q; expected it to end with %q", code, err, out, want)
	}
}
