package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// seller is a yard that buys day and night, each purchase on the date that its own clock shows.
type seller struct {
	*world
	zone  *time.Location
	dates map[int]string // by the purchase's id
}

// buy books a purchase.
func (s *seller) buy() {
	now := time.Now().In(s.zone)
	id := len(s.dates) + 1
	s.dates[id] = now.Format(time.DateOnly)
	s.yard.Insert(simulator.Purchases, s.dates[id], -1, fmt.Sprintf(`{"id":%d,"at":%q}`, id, now.Format(time.RFC3339)))
}

// trade buys every 13 minutes until then, and in the last and the first second of each of the yard's days.
func (s *seller) trade(until time.Time) {
	for {
		now := time.Now()
		next := now.Add(13 * time.Minute)
		midnight := (snapshot.DayOf(now.In(s.zone)) + 1).In(s.zone)
		for _, at := range []time.Time{midnight.Add(-time.Second), midnight} {
			if at.After(now) && at.Before(next) {
				next = at
			}
		}
		if !next.Before(until) {
			s.pass(time.Until(until))
			return
		}
		s.pass(time.Until(next))
		s.buy()
	}
}

// TestMidnight exports three days of a yard that buys all the time by hourly runs, some of which read over midnight. In
// the end every purchase lies in the object of one day, and that is the day on the yard's own clock.
func TestMidnight(t *testing.T) {
	tests := []struct {
		zone  string
		first string // of the three days
		hours int    // of the second one
	}{
		{"Pacific/Tongatapu", "2026-11-20", 24}, // UTC+13
		{"Pacific/Honolulu", "2026-11-20", 24},  // UTC-10
		{"America/Chicago", "2027-03-13", 23},
		{"America/Chicago", "2027-11-06", 25},
		{"Australia/Lord_Howe", "2027-10-02", 23}, // and a half
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.first, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			first := day(tt.first)
			if hours := int((first + 2).In(zone).Sub((first + 1).In(zone)).Hours()); hours != tt.hours {
				t.Fatalf("the second day has %d hours, expected %d", hours, tt.hours)
			}
			config := "start: " + tt.first + "\ntimezone: " + tt.zone +
				"\nrestate_days: 1\nrestate_every: 5h\ndatasets: {customers: {off: true}, businesses: {off: true}}"
			inWorld(t, simulator.YardConfig{Zone: zone, AccessTTL: 1000 * time.Hour}, config, func(w *world) {
				s := &seller{world: w, zone: zone, dates: map[int]string{}}
				for d := first; d <= first+8; d++ {
					w.yard.SetRecords(simulator.Purchases, d.String(), nil)
				}
				w.pass(time.Until(first.In(zone)))
				s.buy()
				s.threeDays(first)
				s.everyPurchaseLiesInItsDay(first)
			})
		})
	}
}

// threeDays runs each hour, a little before it is full, so that midnight comes while a run reads; then until all is settled.
func (s *seller) threeDays(first snapshot.Day) {
	s.yard.Fault(func(r simulator.Request) *simulator.Answer {
		if r.Nth%5 == 0 {
			s.buy() // while a day is read
		}
		return &simulator.Answer{Delay: 700 * time.Millisecond}
	})
	a := s.open() // a process that stays warm
	end := (first + 3).In(s.zone)
	for at := first.In(s.zone).Add(time.Hour - time.Second); at.Before(end); at = at.Add(time.Hour) {
		s.trade(at)
		today := snapshot.DayOf(time.Now().In(s.zone))
		since := len(s.yard.Requests())
		if r, err := a.Export(s.Context(), app.ScrapRight, app.Event{}); err != nil || r.Status == export.Failed {
			s.Fatalf("%v %s", err, show(r))
		}
		if newest := s.newest(since); newest != today {
			s.Errorf("at %s the newest day asked for is %s", at.In(s.zone), newest)
		}
	}
	s.trade(end)
	s.yard.Fault(nil)
	for range 3 {
		s.pass(24 * time.Hour)
		s.run(app.Event{}, export.Complete)
	}
}

// newest is the newest day that was asked for since a request.
func (s *seller) newest(since int) (newest snapshot.Day) {
	for _, r := range s.yard.Requests()[since:] {
		if r.Endpoint == simulator.Purchases {
			newest = max(newest, day(r.From), day(r.To))
		}
	}
	return newest
}

func (s *seller) everyPurchaseLiesInItsDay(first snapshot.Day) {
	s.Helper()
	found := map[int]string{}
	for _, key := range s.keys("scrapright/purchases/") {
		_, date, _ := strings.Cut(key, "dt=")
		date, _, _ = strings.Cut(date, "/")
		for _, line := range s.lines(key) {
			var purchase struct{ ID int }
			if err := json.Unmarshal([]byte(line), &purchase); err != nil {
				s.Fatal(err)
			}
			if other, twice := found[purchase.ID]; twice {
				s.Errorf("purchase %d lies in %s and in %s", purchase.ID, other, date)
			}
			found[purchase.ID] = date
			if date != s.dates[purchase.ID] || !strings.Contains(line, `"at":"`+date+`T`) {
				s.Errorf("%s lies in %s, and was made on %s", line, date, s.dates[purchase.ID])
			}
		}
	}
	if len(found) != len(s.dates) || len(found) < 300 {
		s.Errorf("%d purchases in the bucket, %d were made", len(found), len(s.dates))
	}
	var days []string
	for d := first; d < first+3; d++ {
		days = append(days, d.String())
		if e, _ := s.entry("purchases", d.String()); !e.Settled || e.Window != [2]snapshot.Day{d, d} {
			s.Errorf("%s: %s; expected it settled", d, show(e))
		}
	}
	for _, date := range s.dates {
		if !slices.Contains(days, date) && date != (first+3).String() {
			s.Errorf("a purchase of %s", date)
		}
	}
}
