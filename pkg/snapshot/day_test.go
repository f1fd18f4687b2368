package snapshot_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
)

const (
	firstDay = snapshot.Day(1)       // 0001-01-01
	lastDay  = snapshot.Day(3652059) // 9999-12-31
)

func day(t testing.TB, text string) snapshot.Day {
	t.Helper()
	d, err := snapshot.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDaySpellsAndReadsItself(t *testing.T) {
	for text, want := range map[string]snapshot.Day{
		"0001-01-01": firstDay, "1970-01-01": 719163, "2024-02-29": 738945, "9999-12-31": lastDay,
	} {
		if got := day(t, text); got != want || got.String() != text {
			t.Errorf("%s is %d and spells %s, expected %d", text, got, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := snapshot.Day(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "day"))
		back, err := snapshot.ParseDay(d.String())
		if err != nil || back != d {
			t.Fatalf("%d spells %s and reads %d, %v", d, d, back, err)
		}
		midnight, err := time.Parse(time.DateOnly, d.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := snapshot.DayOf(midnight); got != d {
			t.Fatalf("the day of %s is %s", midnight, got)
		}
		if got := snapshot.DayOf(midnight.AddDate(0, 0, 1)); got != d+1 {
			t.Fatalf("the day after %s is %s", d, got)
		}
		if y, m, n := midnight.Date(); snapshot.DateOf(y, m, n) != d || snapshot.DateOf(y, m+1, n-31) != snapshot.DayOf(
			time.Date(y, m+1, n-31, 0, 0, 0, 0, time.UTC)) {
			t.Fatalf("the date %d %d %d is %s", y, m, n, snapshot.DateOf(y, m, n))
		}
	})
}

func TestParseDayRefusesEveryOtherSpelling(t *testing.T) {
	for _, text := range []string{
		"", "2026", "2026-11", "2026-1-2", "2026-02-29", "2026-13-01", "2026-00-10", "2026-11-00", "2026-11-31", "20261122",
		" 2026-11-22", "2026-11-22 ", "2026-11-22T00:00:00Z", "22-11-2026", "2026/11/22", "0000-12-31", "-001-01-01",
		"12026-11-22", "2026-11-22\x00", "２０２６-11-22", "today",
	} {
		d, err := snapshot.ParseDay(text)
		if err == nil || d != 0 {
			t.Errorf("%q reads as %s, %v", text, d, err)
		} else if !strings.Contains(err.Error(), "expected YYYY-MM-DD") {
			t.Errorf("%q: the error does not say what was expected: %v", text, err)
		}
	}
}

func FuzzParseDay(f *testing.F) {
	f.Add("2026-11-22")
	f.Add("2026-02-29")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := snapshot.ParseDay(text); err == nil && (d < firstDay || d > lastDay || d.String() != text) {
			t.Errorf("%q reads as %d, which spells %s", text, d, d)
		}
	})
}

func TestDayOfIsTheDateOnTheClockOfThatPlace(t *testing.T) {
	moment := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"UTC": "2026-11-22", "Pacific/Tongatapu": "2026-11-22", "Pacific/Kiritimati": "2026-11-23",
		"Pacific/Pago_Pago": "2026-11-21",
	} {
		if got := snapshot.DayOf(moment.In(zone(t, name))); got.String() != want {
			t.Errorf("in %s it is %s, expected %s", name, got, want)
		}
	}
}

func TestDayBeginsAtTheFirstMomentOfItsDate(t *testing.T) {
	for _, c := range []struct{ zone, day, begins string }{
		{"UTC", "2026-11-22", "2026-11-22T00:00:00Z"},
		{"Pacific/Tongatapu", "2026-11-22", "2026-11-22T00:00:00+13:00"},
		{"Pacific/Honolulu", "2026-11-22", "2026-11-22T00:00:00-10:00"},
		{"America/Chicago", "2026-11-01", "2026-11-01T00:00:00-05:00"}, // the clocks change later that night
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"},
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T00:00:00-03:00"}, // 24:00 became 23:00 of the day before
		{"Asia/Beirut", "2024-03-31", "2024-03-31T01:00:00+03:00"},
		{"Asia/Beirut", "2024-10-27", "2024-10-27T00:00:00+02:00"},
		{"Africa/Cairo", "2024-04-26", "2024-04-26T01:00:00+03:00"},
		{"Africa/Cairo", "2024-11-01", "2024-11-01T00:00:00+02:00"},
		{"Asia/Amman", "2018-10-26", "2018-10-26T00:00:00+03:00"}, // 01:00 became 00:00: midnight comes twice
		{"America/Havana", "2018-11-04", "2018-11-04T00:00:00-04:00"},
		{"Atlantic/Azores", "2018-10-28", "2018-10-28T00:00:00Z"},
		{"America/Toronto", "1919-03-31", "1919-03-31T00:30:00-04:00"}, // 23:30 became 00:30
		{"Africa/Monrovia", "1972-01-07", "1972-01-07T00:44:30Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"}, // a date that was left out
	} {
		if got := day(t, c.day).In(zone(t, c.zone)).Format(time.RFC3339); got != c.begins {
			t.Errorf("%s begins in %s at %s, expected %s", c.day, c.zone, got, c.begins)
		}
	}
}

func TestNoMomentBeforeADaysBeginningIsOfThatDay(t *testing.T) {
	zones := []*time.Location{time.FixedZone("east", 14*3600), time.FixedZone("west", -12*3600)}
	for _, name := range []string{
		"UTC", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "Asia/Amman", "Asia/Gaza", "America/Havana", "Pacific/Apia",
		"Atlantic/Azores", "America/Goose_Bay", "America/Asuncion", "Asia/Tehran", "Africa/Monrovia", "Asia/Manila",
		"America/Toronto", "Europe/London",
	} {
		zones = append(zones, zone(t, name))
	}
	from, to := day(t, "1900-01-02"), day(t, "2050-12-31")
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		d := snapshot.Day(rapid.Int32Range(int32(from), int32(to)).Draw(t, "day"))
		if rapid.Bool().Draw(t, "at a change") {
			if _, end := d.In(z).ZoneBounds(); !end.IsZero() {
				d = snapshot.DayOf(end) + snapshot.Day(rapid.IntRange(-1, 1).Draw(t, "beside it"))
			}
		}
		begin := d.In(z)
		if snapshot.DayOf(begin) < d {
			t.Fatalf("%s begins at %s", d, begin)
		}
		for before := begin.Add(-1); before.After(begin.Add(-26 * time.Hour)); before = before.Add(-time.Minute) {
			if snapshot.DayOf(before) >= d {
				t.Fatalf("%s begins at %s, and %s is before it", d, begin, before)
			}
		}
	})
}

func TestMonthsOfADay(t *testing.T) {
	for text, want := range map[string][2]string{
		"2026-11-22": {"2026-11", "2026-11-01"}, "2026-11-01": {"2026-11", "2026-11-01"},
		"2024-02-29": {"2024-02", "2024-02-01"}, "2025-12-31": {"2025-12", "2025-12-01"},
		"0001-01-31": {"0001-01", "0001-01-01"},
	} {
		d := day(t, text)
		if got := [2]string{d.Month(), d.FirstOfMonth().String()}; got != want {
			t.Errorf("%s: %q, expected %q", text, got, want)
		}
	}
}

func TestDaysAreTextInJSON(t *testing.T) {
	type document struct {
		At     snapshot.Day
		None   snapshot.Day
		Window [2]snapshot.Day
		Days   map[snapshot.Day]int
	}
	d := day(t, "2026-11-22")
	written := document{At: d, Window: [2]snapshot.Day{d, d + 1}, Days: map[snapshot.Day]int{d + 9: 3, d: 1, d + 1: 2}}
	text, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"At":"2026-11-22","None":"","Window":["2026-11-22","2026-11-23"],` +
		`"Days":{"2026-11-22":1,"2026-11-23":2,"2026-12-01":3}}`
	if string(text) != want {
		t.Errorf("got %s\nexpected %s", text, want)
	}
	var read document
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, read); diff != "" {
		t.Errorf("read back (-written +read)\n%s", diff)
	}
	for _, bad := range []string{`{"At":"22.11.2026"}`, `{"Days":{"2026-11-31":1}}`, `{"At":20261122}`} {
		if err := json.Unmarshal([]byte(bad), &read); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestNoDayHasNoText(t *testing.T) {
	var d snapshot.Day
	if d.String() != "" {
		t.Errorf("no day spells %q", d)
	}
	d = lastDay
	if err := d.UnmarshalText(nil); err != nil || d != 0 {
		t.Errorf("an empty text reads as %d, %v", d, err)
	}
}
