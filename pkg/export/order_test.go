package export

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"yardstick/pkg/snapshot"

	"pgregory.net/rapid"
)

func TestOpenDaysComeFirstThenWhatWasBegunThenEveryDatasetTakesItsTurnAndVerificationLast(t *testing.T) {
	var tasks []*task
	add := func(dataset string, c class, days ...snapshot.Day) {
		for _, d := range days {
			tasks = append(tasks, &task{class: c, name: snapshot.Name{Dataset: dataset, Part: dataset, Day: d}})
		}
	}
	add("a", verification, 3, 1)
	tasks[0].entry.FetchedAt = tasks[0].entry.FetchedAt.Add(1) // day 3 was read later than day 1
	add("a", backlog, 6, 5, 4)
	add("a", unsettledDay, 9, 8)
	add("a", openDay, 10)
	add("b", listing, 10)
	add("c", backlog, 7)
	add("c", openDay, 10)
	add("d", listing, 10, 9)
	add("d", verification, 2)
	for _, t := range tasks[len(tasks)-2:] { // begun by an earlier run
		t.saved = &saved{}
	}
	var got []string
	for _, o := range order(tasks) {
		got = append(got, o.name.Dataset+o.name.Day.String()[8:])
	}
	want := []string{"a10", "c10", "d09", "d02", "a09", "b10", "d10", "a06", "c07", "a08", "a05", "a04", "a01", "a03"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, expected %q", got, want)
	}
}

func TestOrderIsFairAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tasks []*task
		for day := snapshot.Day(60); day > 0; day-- {
			for _, dataset := range []string{"a", "b", "c"} {
				if rapid.Bool().Draw(t, "due") {
					var begun *saved
					if rapid.IntRange(0, 5).Draw(t, "begun") == 0 {
						begun = &saved{}
					}
					tasks = append(tasks, &task{saved: begun, class: class(rapid.IntRange(0, 4).Draw(t, "class")),
						entry: snapshot.Entry{FetchedAt: time.Unix(int64(rapid.IntRange(0, 3).Draw(t, "read")), 0)}, name: snapshot.Name{Dataset: dataset, Part: dataset, Day: day}})
				}
			}
		}
		ordered := order(slices.Clone(tasks))
		if len(ordered) != len(tasks) {
			t.Fatalf("%d of %d", len(ordered), len(tasks))
		}
		last := map[string]snapshot.Day{}
		phase, read := 0, time.Time{}
		for _, o := range ordered {
			p := map[class]int{openDay: 0, unsettledDay: 2, listing: 2, backlog: 2, verification: 3}[o.class]
			if o.saved != nil {
				p = 1
			}
			if p < phase {
				t.Fatalf("class %d after phase %d", o.class, phase)
			}
			phase = p
			lane := fmt.Sprint(o.name.Dataset, o.class, o.saved != nil)
			if before, ok := last[lane]; ok && p < 3 && before <= o.name.Day {
				t.Fatalf("%s: %s after %s", lane, o.name.Day, before)
			}
			last[lane] = o.name.Day
			if p < 3 {
				continue
			}
			if o.entry.FetchedAt.Before(read) {
				t.Fatalf("verified after a later reading: %s", o.name)
			}
			read = o.entry.FetchedAt
		}
	})
}
