package app_test

import (
	"strings"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// A day is settled by a reading that could not see a deletion. Each costs the day one row of the next page, which the
// next verification finds.
func TestWhatTheReadingThatSettlesADayCannotSeeVerificationFinds(t *testing.T) {
	tests := []struct {
		name   string
		yard   simulator.YardConfig
		before bool // the day was read before
		day    shifting
	}{
		{"backlog, deleted from a page that was read", simulator.YardConfig{}, false,
			shifting{rows: tickets(1, 250), moves: map[int]move{3: take(150)}, sees: [2]seen{{pages: "1 2 3 4 1", lacks: 201}}}},
		{"as many put in as deleted, with a total", simulator.YardConfig{Total: true}, true,
			shifting{rows: tickets(1, 250), moves: map[int]move{2: and(take(7), put(-1, 251))}, sees: [2]seen{{pages: "1 2 3", lacks: 101}}}},
		{"deleted from the only page of a server that clamps", simulator.YardConfig{MaxPageSize: 99}, true,
			shifting{rows: tickets(1, 100), moves: map[int]move{2: take(7)}, sees: [2]seen{{pages: "1 2", lacks: 100}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, tt.yard, ranging, func(w *world) {
				w.yard.SetRecords(simulator.Purchases, dayOf(0), tt.day.rows)
				if tt.before {
					w.run(ranged(1), export.Complete)
				}
				w.pass(60 * 24 * time.Hour)
				since := len(w.yard.Requests())
				w.moving([]shifting{tt.day})
				w.run(ranged(1), export.Complete)
				w.yard.Fault(nil)
				if got := w.pages(since, dayOf(0)); got != tt.day.sees[0].pages {
					t.Errorf("the pages %q were asked for, expected %q", got, tt.day.sees[0].pages)
				}
				if entry, _ := w.entry("purchases", dayOf(0)); !entry.Settled {
					t.Errorf("%s; it is not settled by this reading, and belongs to the days that are healed before", show(entry))
				}
				w.everyID("the settled day", dayOf(0), tt.day.rows, tt.day.sees[0].lacks)
				w.config = strings.Replace(ranging, "verify_after: 0", "verify_after: 24h", 1)
				w.pass(25 * time.Hour)
				w.run(ranged(1), export.Complete)
				w.truth([]shifting{tt.day}, false)
			})
		})
	}
}
