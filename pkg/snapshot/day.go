package snapshot

import (
	"fmt"
	"time"
)

// Day is a calendar date without a time zone. Days can be compared and counted with (d+1 is the day after); the zero Day
// is no day. In JSON a Day is its String, as a value and as the key of an object.
type Day int32

const dayLayout = "2006-01-02"

// DayOf is the date at t on a clock in t's own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return DateOf(y, m, d)
}

// DateOf is the day of a year, month and day of month, which are normalised as time.Date does.
func DateOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/86400 + 719163)
}

// ParseDay reads "2006-01-02", years 0001 to 9999, and nothing else.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dayLayout, s)
	if err != nil || t.Year() < 1 {
		return 0, fmt.Errorf("%q is not a date; expected YYYY-MM-DD, such as 2026-11-22", s)
	}
	return DayOf(t), nil
}

// String is the date as "2006-01-02", or "" for no day.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.utc().Format(dayLayout)
}

// Month is the month as "2006-01". Like FirstOfMonth and In it is for days that are days.
func (d Day) Month() string { return d.utc().Format("2006-01") }

// FirstOfMonth is the first day of d's month.
func (d Day) FirstOfMonth() Day {
	t := d.utc()
	return DateOf(t.Year(), t.Month(), 1)
}

// In is the moment at which the day begins in a zone: the first one whose date there is d or later. Where a change of
// clocks leaves midnight out, that is the moment of the change; where it has midnight come twice, the first of the two.
func (d Day) In(zone *time.Location) time.Time {
	midnight := d.utc()
	t := midnight.Add(-26 * time.Hour).In(zone) // the day before, or earlier, in every zone
	for {
		_, offset := t.Zone()
		_, end := t.ZoneBounds()
		begin := midnight.Add(-time.Duration(offset) * time.Second).In(zone)
		if begin.Before(t) { // the clocks were set past midnight at t
			begin = t
		}
		if end.IsZero() || begin.Before(end) {
			return begin
		}
		t = end
	}
}

// MarshalText is String.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDay; an empty text is no day.
func (d *Day) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	*d, err = ParseDay(string(text))
	return err
}

func (d Day) utc() time.Time { return time.Unix((int64(d)-719163)*86400, 0).UTC() }
