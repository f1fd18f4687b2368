package scrapright

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func in(t *testing.T, zone string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func date(t *testing.T, text string) export.Day {
	t.Helper()
	day, err := snapshot.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func TestHowADayIsAskedFor(t *testing.T) {
	const ordinary, spring, autumn = "2026-11-22", "2026-03-08", "2026-11-01" // in Chicago clocks change on the two latter
	tests := []struct {
		name, day, zone, layout string
		exclusive               bool
		from, to                string
	}{
		{"date", ordinary, "America/Chicago", "2006-01-02", false, "2026-11-22", "2026-11-22"},
		{"date, exclusive", ordinary, "America/Chicago", "2006-01-02", true, "2026-11-22", "2026-11-23"},
		{"compact", ordinary, "UTC", "20060102", false, "20261122", "20261122"},
		{"compact, exclusive at the end of a year", "2026-12-31", "UTC", "20060102", true, "20261231", "20270101"},
		{"American", ordinary, "UTC", "01/02/2006", false, "11/22/2026", "11/22/2026"},
		{"seconds", ordinary, "America/Chicago", "2006-01-02T15:04:05", false, "2026-11-22T00:00:00", "2026-11-22T23:59:59"},
		{"seconds, exclusive", ordinary, "America/Chicago", "2006-01-02T15:04:05", true, "2026-11-22T00:00:00",
			"2026-11-23T00:00:00"},
		{"minutes", ordinary, "America/Chicago", "2006-01-02 15:04", false, "2026-11-22 00:00", "2026-11-22 23:59"},
		{"milliseconds", ordinary, "America/Chicago", "2006-01-02T15:04:05.000", false, "2026-11-22T00:00:00.000",
			"2026-11-22T23:59:59.999"},
		{"offset", ordinary, "America/Chicago", time.RFC3339, false, "2026-11-22T00:00:00-06:00", "2026-11-22T23:59:59-06:00"},
		{"offset, exclusive", ordinary, "America/Chicago", time.RFC3339, true, "2026-11-22T00:00:00-06:00",
			"2026-11-23T00:00:00-06:00"},
		{"offset in UTC", ordinary, "UTC", time.RFC3339, false, "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z"},
		{"offset, half an hour", ordinary, "Asia/Kolkata", time.RFC3339, false, "2026-11-22T00:00:00+05:30",
			"2026-11-22T23:59:59+05:30"},
		{"a Z as it is written", ordinary, "America/Chicago", "2006-01-02T15:04:05Z", false, "2026-11-22T06:00:00Z",
			"2026-11-23T05:59:59Z"},
		{"a Z, exclusive", ordinary, "America/Chicago", "2006-01-02T15:04:05.000Z", true, "2026-11-22T06:00:00.000Z",
			"2026-11-23T06:00:00.000Z"},
		{"a Z behind a date", ordinary, "Pacific/Tongatapu", "2006-01-02Z", false, "2026-11-22Z", "2026-11-22Z"},

		{"23 hours", spring, "America/Chicago", time.RFC3339, false, "2026-03-08T00:00:00-06:00", "2026-03-08T23:59:59-05:00"},
		{"23 hours, exclusive", spring, "America/Chicago", time.RFC3339, true, "2026-03-08T00:00:00-06:00",
			"2026-03-09T00:00:00-05:00"},
		{"25 hours", autumn, "America/Chicago", time.RFC3339, false, "2026-11-01T00:00:00-05:00", "2026-11-01T23:59:59-06:00"},
		{"25 hours as a Z", autumn, "America/Chicago", "20060102T150405Z", true, "20261101T050000Z", "20261102T060000Z"},
		{"25 hours, date", autumn, "America/Chicago", "2006-01-02", true, "2026-11-01", "2026-11-02"},
		{"a midnight that is left out", "2018-11-04", "America/Sao_Paulo", time.RFC3339, false, "2018-11-04T01:00:00-02:00",
			"2018-11-04T23:59:59-02:00"},
		{"the day before it", "2018-11-03", "America/Sao_Paulo", time.RFC3339, false, "2018-11-03T00:00:00-03:00",
			"2018-11-03T23:59:59-03:00"},
		{"the day before it, exclusive, date", "2018-11-03", "America/Sao_Paulo", "2006-01-02", true, "2018-11-03", "2018-11-04"},
		{"a midnight that comes twice", "2018-02-17", "America/Sao_Paulo", time.RFC3339, false, "2018-02-17T00:00:00-02:00",
			"2018-02-17T23:59:59-03:00"},

		{"13 hours ahead", ordinary, "Pacific/Tongatapu", time.RFC3339, false, "2026-11-22T00:00:00+13:00",
			"2026-11-22T23:59:59+13:00"},
		{"13 hours ahead, as a Z", ordinary, "Pacific/Tongatapu", "2006-01-02T15:04:05Z", false, "2026-11-21T11:00:00Z",
			"2026-11-22T10:59:59Z"},
		{"13 hours ahead, date", ordinary, "Pacific/Tongatapu", "2006-01-02", false, "2026-11-22", "2026-11-22"},
		{"10 hours behind", ordinary, "Pacific/Honolulu", time.RFC3339, false, "2026-11-22T00:00:00-10:00",
			"2026-11-22T23:59:59-10:00"},
		{"10 hours behind, date", ordinary, "Pacific/Honolulu", "20060102", true, "20261122", "20261123"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Dataset{From: "startDate", To: "endDate", DateFormat: tt.layout, ToExclusive: tt.exclusive}
			got := d.query(date(t, tt.day), in(t, tt.zone))
			if diff := cmp.Diff(url.Values{"startDate": {tt.from}, "endDate": {tt.to}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAListingAsksForNoDay(t *testing.T) {
	d := Dataset{Path: "/api/v1/customer", DateFormat: "2006-01-02", PageSize: 50}
	q := d.query(date(t, "2026-11-22"), time.UTC)
	if len(q) != 0 {
		t.Errorf("%v; expected no parameters", q)
	}
	if diff := cmp.Diff(url.Values{"page": {"7"}, "pageSize": {"50"}}, d.page(q, 7)); diff != "" {
		t.Error(diff)
	}
	if len(q) != 0 {
		t.Error("a page's parameters stay for the next page")
	}
}

// Where a layout shows seconds, a day ends a second before the next begins: no purchase of whole seconds is in two days,
// nor in none.
func TestConsecutiveDaysNeitherOverlapNorLeaveAGap(t *testing.T) {
	zones := []string{"UTC", "America/Chicago", "Pacific/Tongatapu", "Pacific/Honolulu", "Asia/Kolkata", "America/Sao_Paulo",
		"Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "Atlantic/Azores", "America/Havana", "Asia/Beirut"}
	layouts := []string{time.RFC3339, "2006-01-02T15:04:05Z", "2006-01-02 15:04:05 -0700", "20060102T150405-0700"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		layout := rapid.SampledFrom(layouts).Draw(t, "layout")
		first := snapshot.DateOf(1995, 1, 1)
		day := first + export.Day(rapid.IntRange(0, 40*365).Draw(t, "day"))
		exclusive := rapid.Bool().Draw(t, "exclusive")
		d := Dataset{From: "a", To: "b", DateFormat: layout, ToExclusive: exclusive}
		moment := func(q url.Values, name string) time.Time {
			at, err := time.Parse(layout, q.Get(name))
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		today, tomorrow := d.query(day, zone), d.query(day+1, zone)
		begins, ends, next := moment(today, "a"), moment(today, "b"), moment(tomorrow, "a")
		if !exclusive {
			ends = ends.Add(time.Second)
		}
		if !ends.Equal(next) || !begins.Before(ends) {
			t.Fatalf("%s to %s, and the next from %s", begins, ends, next)
		}
		for _, at := range []time.Time{begins, ends.Add(-time.Second)} {
			if snapshot.DayOf(at.In(zone)) != day {
				t.Fatalf("%s is not on %s in %s", at, day, zone)
			}
		}
	})
}

// What shows no offset is what clocks show: days follow one another there too.
func TestDaysInClockTimeFollowOneAnother(t *testing.T) {
	zones := []string{"UTC", "America/Chicago", "Pacific/Tongatapu", "Pacific/Honolulu"} // clocks change away from midnight
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		day := snapshot.DateOf(1995, 1, 1) + export.Day(rapid.IntRange(0, 40*365).Draw(t, "day"))
		layout := rapid.SampledFrom([]string{"2006-01-02", "20060102", "2006-01-02T15:04:05", "2006-01-02 15:04:05.000"}).Draw(t,
			"layout")
		exclusive := rapid.Bool().Draw(t, "exclusive")
		d := Dataset{From: "a", To: "b", DateFormat: layout, ToExclusive: exclusive}
		today, tomorrow := d.query(day, zone), d.query(day+1, zone)
		switch from, to, next := today.Get("a"), today.Get("b"), tomorrow.Get("a"); {
		case !strings.HasPrefix(strings.ReplaceAll(from, "-", ""), strings.ReplaceAll(day.String(), "-", "")):
			t.Fatalf("%s begins at %s", day, from)
		case exclusive && to != next:
			t.Fatalf("to %s, and the next from %s", to, next)
		case !exclusive && (to >= next || to < from):
			t.Fatalf("%s to %s, and the next from %s", from, to, next)
		}
	})
}
