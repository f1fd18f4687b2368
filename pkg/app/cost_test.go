package app_test

import (
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// The arithmetic of docs/operations.md goes by the calls to AWS that a day of hourly runs makes, each in a cold function,
// after 30 days were exported. S3 takes as much for a listing as for a put.

func TestADayOfHourlyRunsOfAYardMakesFewCallsToAWS(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "timezone: America/Chicago", func(w *world) {
		w.runHourly(260, 140, 75)
	})
}

func TestADayOfHourlyRunsOfThreeBrandsMakesFewCallsToAWS(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Prompts: 3}, "", func(w *world, _ *simulator.Scrunch) {
		w.runHourly(1000, 450, 25)
	})
}

// runHourly runs once for all that is due, then hourly for a day, and holds the calls of that day to what they may be.
func (w *world) runHourly(puts, gets, secrets int) {
	w.Helper()
	w.run(app.Event{}, export.Complete)
	began := len(w.aws.Calls())
	for range 24 {
		w.pass(time.Hour)
		w.run(app.Event{}, export.Complete)
	}
	made := map[string]int{}
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
	for what, most := range map[string]int{"puts": puts, "gets": gets, "secrets": secrets} {
		if n := made[what]; n > most || n < most*3/4 {
			w.Errorf("%d %s a day; the arithmetic has %d", n, what, most)
		}
	}
}
