package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// aged runs, and fails the test where the age is not the one expected, to four seconds.
func (w *world) aged(when, event string, want export.Status, hours float64) {
	w.Helper()
	got, ok := w.measured(w.Context(), event, want)["FreshnessHours"]
	if !ok || got < hours || got > hours+0.001 {
		w.Errorf("%s: %v hours old (told: %v), expected %v", when, got, ok, hours)
	}
}

func TestFreshnessGrowsWhileAVendorIsDownAndFallsBack(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-10", func(w *world) {
		w.aged("the first run", `{}`, export.Complete, 0)
		w.yard.Fault(down)
		for hour := 1.0; hour < 30; hour += 7 {
			w.pass(time.Until(noon.Add(time.Duration(hour * float64(time.Hour)))))
			w.aged("down", `{}`, export.Failed, hour)
		}
		w.pass(90 * 24 * time.Hour) // no run looks for the last listing that far back
		w.aged("down for months", `{}`, export.Failed, 29+90*24)
		w.yard.Fault(nil)
		w.aged("up", `{}`, export.Complete, 0)
		w.pass(time.Hour)
		w.forget("")
		w.aged("up, and the lease is new", `{}`, export.Complete, 1)
	})
}

// Whoever reads old days, or repeats an old event, makes nothing fresh.
func TestFreshnessIsNotThatOfOldDays(t *testing.T) {
	const settings = "start: 2026-10-10\nverify_after: 24h\ndatasets: {customers: {off: true}, businesses: {off: true}}"
	inWorld(t, simulator.YardConfig{}, settings, func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.pass(5 * time.Hour)
		w.aged("a backfill of other days", `{"from":"2026-08-01","to":"2026-08-03"}`, export.Complete, 5)
		w.aged("a backfill of last month", `{"from":"2026-10-11","to":"2026-10-31","force":true}`, export.Complete, 5)
		w.aged("an event of last month", `{"scheduledTime":"2026-10-31T12:00:00Z"}`, export.Complete, 5)
		w.aged("an event of an hour before", `{"scheduledTime":"2026-11-18T11:00:00Z"}`, export.Complete, 5)
		w.aged("what is due", `{}`, export.Complete, 0)
	})
}

func TestWhatIsNotWantedYetIsFresh(t *testing.T) {
	const settings = "start: 2026-11-20\ndatasets: {customers: {off: true}, businesses: {off: true}}"
	inWorld(t, simulator.YardConfig{}, settings, func(w *world) {
		w.aged("two days before", `{}`, export.Complete, 0)
		w.pass(30 * time.Hour)
		w.aged("a day before", `{}`, export.Complete, 0)
		w.pass(24 * time.Hour)
		w.yard.Fault(down)
		w.aged("the day has come, and the vendor is down", `{}`, export.Failed, 24)
		w.yard.Fault(nil)
		w.aged("up", `{}`, export.Complete, 0)
		w.pass(5 * time.Hour)
		w.aged("an event of before", `{"scheduledTime":"2026-11-18T12:00:00Z"}`, export.Complete, 5)
	})
}

func TestARunOfOneDatasetTellsHowOldTheOthersAre(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.pass(5 * time.Hour)
		w.aged("purchases", `{"datasets":["purchases"]}`, export.Complete, 5)
		w.aged("all", `{"force":true}`, export.Complete, 0)
	})
}

func TestWhatWasNeverReadIsAsOldAsTheFirstRunThatWantedIt(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint == simulator.Customers {
				return down(r)
			}
			return nil
		})
		w.aged("at first", `{}`, export.Failed, 0)
		for hours := 1.0; hours < 4; hours++ {
			w.pass(time.Hour)
			w.aged("customers are never read", `{}`, export.Failed, hours)
		}
		w.yard.Fault(nil)
		w.config += "\ndatasets: {businesses: {off: true}}"
		w.pass(time.Hour)
		w.aged("read at last", `{}`, export.Complete, 0)
	})
}

// An entry that was not written into the bucket makes nothing fresh.
func TestAReadingThatCouldNotBeNotedIsNotFresh(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.aged("at first", `{}`, export.Complete, 0)
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if c.Operation == "PutObject" && strings.Contains(c.Key, "_yardstick/ledger/") {
				return faultproxy.Refuse(http.StatusForbidden, "AccessDenied")
			}
			return nil
		})
		w.pass(8 * time.Hour)
		w.aged("the ledger cannot be written", `{}`, export.Failed, 8)
		w.aws.Fault(nil)
		w.aged("it can", `{}`, export.Complete, 0)
	})
}

// One brand that is refused keeps the account from being fresh, and so does a list of brands that cannot be had, before any
// ledger was read.
func TestFreshnessOfScrunchIsThatOfTheStalestBrand(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 2}, "start: 2026-11-17\nrefresh: 0s", func(w *world, s *simulator.Scrunch) {
		s.Fault(down)
		w.aged("never up", `{}`, export.Failed, 0)
		w.pass(time.Hour)
		w.aged("never up", `{}`, export.Failed, 1)
		s.Fault(nil)
		w.measured(w.Context(), `{}`, export.Complete).expect(t, "the first run", numbers{"CredentialDaysLeft": -1, "Failed": 0})
		s.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Brand == 102 {
				return down(r)
			}
			return nil
		})
		w.pass(2 * time.Hour)
		w.aged("a brand fails", `{}`, export.Failed, 2)
		s.Fault(down)
		w.pass(time.Hour)
		w.measured(w.Context(), `{}`, export.Failed).expect(t, "no brand is known", numbers{"Remaining": -1, "Failed": 1})
		w.aged("no brand is known", `{}`, export.Failed, 3)
		s.Fault(nil)
		w.aged("up", `{}`, export.Complete, 0)
	})
}
