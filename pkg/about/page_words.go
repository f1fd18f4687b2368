package about

import (
	"fmt"
	"math"
	"strings"
	"time"

	"yardstick/pkg/snapshot"
)

// word is the state in one word.
func (s State) word() string {
	switch s {
	case Failed:
		return "failed"
	case Missing:
		return "missing"
	case Unsettled:
		return "unsettled"
	case Exported:
		return "exported"
	case Empty:
		return "empty"
	case Unwanted:
		return "not wanted"
	}
	return ""
}

// meaning is what the state says of a day.
func (s State) meaning() string {
	switch s {
	case Failed:
		return "its last reading failed; what was there before stays"
	case Missing:
		return "wanted, and not exported yet"
	case Unsettled:
		return "exported, and read again until it settles"
	case Exported:
		return "exported and settled"
	case Empty:
		return "exported and settled: there was nothing"
	case Unwanted:
		return "before the first day wanted, yet to come, or a day on which no listing was read"
	}
	return ""
}

// span is a length of time in its largest unit: "14 min", "2 h", "3 days".
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%s days", grouped(int64(d/(24*time.Hour))))
	}
}

// ago tells t as seen from now, either way.
func ago(now, t time.Time) string {
	if t.After(now) {
		return "in " + span(t.Sub(now))
	}
	return span(now.Sub(t)) + " ago"
}

// estimate is hours of work in words.
func estimate(hours float64) string {
	switch {
	case math.IsNaN(hours) || hours > 24*365*10:
		return "more than ten years"
	case hours < 1.0/60:
		return "less than a minute"
	case hours < 1:
		return fmt.Sprintf("about %.0f min", math.Ceil(hours*60))
	case hours < 10:
		return fmt.Sprintf("about %.1f h", hours)
	case hours < 48:
		return fmt.Sprintf("about %.0f h", hours)
	default:
		return fmt.Sprintf("about %s days", grouped(int64(math.Ceil(hours/24))))
	}
}

// count is "1 day" or "1,204 days".
func count[N int | int64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + more
}

// listed joins as one speaks: "a, b and c".
func listed(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// maxRanges is how many ranges of days are told one by one.
const maxRanges = 6

// ranges tells days, which are in order, newest first: "2026-11-05 to 2026-11-09", "2026-10-31".
func ranges(days []snapshot.Day) []string {
	var told []string
	rest := len(days)
	for end := len(days); end > 0 && len(told) < maxRanges; {
		begin := end - 1
		for begin > 0 && days[begin-1] == days[begin]-1 {
			begin--
		}
		if begin == end-1 {
			told = append(told, days[begin].String())
		} else {
			told = append(told, days[begin].String()+" to "+days[end-1].String())
		}
		end, rest = begin, begin
	}
	if rest > 0 {
		told = append(told, count(rest, "earlier day", "earlier days"))
	}
	return told
}
