package app_test

import (
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// calls are those of one run.
type calls struct{ vendor, s3, secrets int }

// calls counts those of a run, which is to be complete. Windows that end at the same moment share a write of their ledger;
// it is counted for each of them, so that the count is the same each time.
func (w *world) calls(asked func() int) (n calls) {
	w.Helper()
	since, before := len(w.aws.Calls()), asked()
	windows, ledgers := 0, 0
	for _, d := range w.run(app.Event{}, export.Complete).Accounts[0].Datasets {
		windows += d.Written + d.Unchanged
	}
	n.vendor = asked() - before
	for _, c := range w.aws.Calls()[since:] {
		switch {
		case c.Service != faultproxy.S3:
			n.secrets++
		case c.Operation == "PutObject" && strings.Contains(c.Key, "_yardstick/ledger/"):
			ledgers++
		default:
			n.s3++
		}
	}
	n.s3 += max(windows, ledgers)
	return n
}

// within checks that a run made no more calls than these, and not far fewer: then the budget says nothing.
func (n calls) within(t *testing.T, what string, most calls) {
	t.Helper()
	for _, c := range []struct {
		of        string
		got, most int
	}{{"the vendor", n.vendor, most.vendor}, {"S3", n.s3, most.s3}, {"Secrets Manager", n.secrets, most.secrets}} {
		if c.got > c.most || c.got < c.most*9/10 {
			t.Errorf("%s: %d requests to %s, the budget has %d", what, c.got, c.of, c.most)
		}
	}
	t.Logf("%s: %d requests to the vendor, %d to S3, %d to Secrets Manager", what, n.vendor, n.s3, n.secrets)
}

// An idle run reads the one page of the open day, and the empty one that shows its end: without a total nothing less does.
// .ci/scale.py reckons with the figures of the idle and the ordinary run.
func TestTheCallsOfARunOfAYardStayWithinTheirBudget(t *testing.T) {
	const settings = "start: 2026-10-19\ntimezone: America/Chicago\nrefresh: 168h"
	inWorld(t, simulator.YardConfig{}, settings, func(w *world) {
		asked := func() int { return len(w.yard.Requests()) }
		w.calls(asked).within(t, "a first run of 31 days", calls{vendor: 63, s3: 122, secrets: 4})
		w.pass(10 * time.Minute)
		w.calls(asked).within(t, "an idle run", calls{vendor: 2, s3: 12, secrets: 2})
		w.pass(time.Hour)
		w.yard.SetRecords(simulator.Purchases, "2026-11-18", []string{`{"Id":1}`})
		w.calls(asked) // its members are new
		w.pass(time.Hour)
		w.yard.SetRecords(simulator.Purchases, "2026-11-18", []string{`{"Id":2}`})
		w.calls(asked).within(t, "an ordinary run, with new purchases", calls{vendor: 3, s3: 19, secrets: 3})
		w.pass(7 * time.Hour)
		w.calls(asked).within(t, "a run that reads three unsettled days too", calls{vendor: 8, s3: 16, secrets: 3})
	})
}

func TestTheCallsOfARunOfThreeBrandsStayWithinTheirBudget(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 3}, "start: 2026-11-10\nrefresh: 168h", func(w *world, s *simulator.Scrunch) {
		asked := func() int { return len(s.Requests()) }
		w.calls(asked).within(t, "a first run of 9 days", calls{vendor: 275, s3: 490, secrets: 1})
		w.pass(10 * time.Minute)
		w.calls(asked).within(t, "an idle run", calls{vendor: 34, s3: 42, secrets: 1})
	})
}
