package app_test

import (
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// How long answers take, in round figures: a yard's, and S3's and Secrets Manager's from within their region.
const (
	yardTakes  = 200 * time.Millisecond
	readTakes  = 20 * time.Millisecond
	writeTakes = 40 * time.Millisecond
)

// answersTakeTime holds every answer back.
func (w *world) answersTakeTime() {
	w.yard.Fault(func(simulator.Request) *simulator.Answer { return &simulator.Answer{Delay: yardTakes} })
	w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
		if c.Operation == "PutObject" {
			return &faultproxy.Answer{Delay: writeTakes}
		}
		return &faultproxy.Answer{Delay: readTakes}
	})
}

// TestTellingTakesLittleOfARun compares hourly runs that tell what they did with runs that do not, by what answers take
// alone; BenchmarkUpdate (pkg/about) has what the processor takes. "go test -v" prints both.
func TestTellingTakesLittleOfARun(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-10-01", func(w *world) {
		for range 12 { // the history, at the documented pace
			w.pass(time.Hour)
			_, _ = w.open().Export(w.Context(), w.source, app.Event{}) // its status is seen below
		}
		w.answersTakeTime()
		run := func(told bool, records []string) (time.Duration, []string) {
			if records != nil {
				w.yard.SetRecords(simulator.Purchases, "2026-11-19", records)
			}
			w.pass(time.Hour)
			began, since := time.Now(), len(w.aws.Calls())
			var r app.Result
			var err error
			if told {
				r, err = w.open().Export(w.Context(), w.source, app.Event{})
			} else {
				r, err = app.ExportUntold(w.Context(), w.open().App, w.source, app.Event{})
			}
			if err != nil || r.Status != export.Complete {
				t.Fatal(err, show(r))
			}
			return time.Since(began), w.toldCalls(since)
		}
		run(true, versioned(1, 9)) // its schema is new
		untold, _ := run(false, versioned(2, 9))
		told, calls := run(true, versioned(3, 9))
		idle, none := run(true, nil)
		share := float64(told-untold) / float64(untold)
		t.Logf("a run that changed something: %v, and %v with what it tells: %.1f %%, %d requests; one that did not: %v, %d requests",
			untold, told, 100*share, len(calls), idle, len(none))
		if share > 0.05 || len(calls) != 4 || len(none) != 0 {
			t.Errorf("expected 5 %% at most, 4 requests and none; the requests are %q and %q", calls, none)
		}
	})
}
