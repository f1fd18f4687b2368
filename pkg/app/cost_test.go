package app_test

import (
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// The arithmetic of docs/operations.md and of .ci/scale.py goes by the requests that a day of hourly runs makes, each in a
// cold function, after 30 days were exported. S3 takes as much for a listing as for a put.

// daily are the requests of a day.
type daily struct{ vendor, puts, gets, secrets int }

func TestADayOfHourlyRunsOfAYardMakesFewCallsToAWS(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "timezone: America/Chicago", func(w *world) {
		w.runHourly(func() int { return len(w.yard.Requests()) }, daily{vendor: 105, puts: 260, gets: 140, secrets: 75})
	})
}

func TestADayOfHourlyRunsOfThreeBrandsMakesFewCallsToAWS(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 3}, "", func(w *world, s *simulator.Scrunch) {
		w.runHourly(func() int { return len(s.Requests()) }, daily{vendor: 1150, puts: 1000, gets: 450, secrets: 25})
	})
}

// runHourly runs once for all that is due, then hourly for a day, and holds the requests of that day to what they may be.
func (w *world) runHourly(asked func() int, most daily) {
	w.Helper()
	w.run(app.Event{}, export.Complete)
	began, before := len(w.aws.Calls()), asked()
	for range 24 {
		w.pass(time.Hour)
		w.run(app.Event{}, export.Complete)
	}
	made := map[string]int{"requests to the vendor": asked() - before}
	for _, c := range w.aws.Calls()[began:] {
		switch c.Operation {
		case "PutObject", "ListObjectsV2":
			made["puts"]++
		case "GetObject", "HeadObject", "DeleteObject":
			made["gets"]++
		case "GetSecretValue", "PutSecretValue", "DescribeSecret":
			made["secrets"]++
		default:
			w.Errorf("%s is in nobody's arithmetic", c.Operation)
		}
	}
	for what, most := range map[string]int{"requests to the vendor": most.vendor, "puts": most.puts, "gets": most.gets, "secrets": most.secrets} {
		if n := made[what]; n > most || n < most*3/4 {
			w.Errorf("%d %s a day; the arithmetic has %d", n, what, most)
		}
	}
}
