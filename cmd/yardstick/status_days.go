package main

import (
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/app"
)

// shownDays is how many days are drawn.
const shownDays = 30

// dayStatus is one day of a dataset.
type dayStatus struct {
	day   app.Day
	state app.State
	rows  int64
}

// dayLine is all days of a dataset, oldest first.
type dayLine []dayStatus

func daysOf(d app.DatasetStatus) dayLine {
	var line dayLine
	for _, m := range d.Months {
		first, err := app.ParseDay(m.Month + "-01")
		if err != nil {
			continue // about.Status says that it is a month
		}
		for i := range m.Days {
			line = append(line, dayStatus{first + app.Day(i), app.State(m.Days[i]), m.Rows[i]})
		}
	}
	return line
}

// last are the days that are drawn, today the last.
func (l dayLine) last(today app.Day) dayLine {
	var shown dayLine
	for day := today - shownDays + 1; day <= today; day++ {
		i, found := slices.BinarySearchFunc(l, day, func(d dayStatus, day app.Day) int { return int(d.day - day) })
		if found {
			shown = append(shown, l[i])
		} else {
			shown = append(shown, dayStatus{day, app.DayUnwanted, 0})
		}
	}
	return shown
}

// there are the first and the last day that are in the bucket, and how many are.
func (l dayLine) there() (first, last string, count int) {
	first, last = none, none
	for _, d := range l {
		if slices.Contains([]app.State{app.DayExported, app.DayUnsettled, app.DayEmpty}, d.state) || d.rows > 0 {
			if count++; count == 1 {
				first = d.day.String()
			}
			last = d.day.String()
		}
	}
	return first, last, count
}

// stateMark is how a day of a state is drawn.
type stateMark struct {
	state  app.State
	mark   rune
	means  string
	colour string // of a terminal
}

// stateMarks are in the legend's order. Each state has a shape of its own, so that nothing hangs on colour.
var stateMarks = [...]stateMark{
	{app.DayExported, '█', "exported", "32"},
	{app.DayUnsettled, '▒', "exported, not settled yet", "36"},
	{app.DayEmpty, '░', "exported, no rows", "2"},
	{app.DayMissing, 'M', "missing", "1;33"},
	{app.DayFailed, 'F', "failed", "1;31"},
	{app.DayUnwanted, '·', "not wanted", "2"},
}

// unpainted and what follows stand for the marks until drawn puts them in: columns are counted without colours, and other
// text has letters too.
const unpainted = '\uE000'

// marks draws days, a mark each, to be drawn.
func marks(days dayLine) string {
	var b strings.Builder
	for _, d := range days {
		for i, m := range stateMarks {
			if m.state == d.state {
				b.WriteRune(unpainted + rune(i))
			}
		}
	}
	return b.String()
}

// drawn puts the marks into a text, in colours on a terminal that has them.
func (s *session) drawn(text string) string {
	var b strings.Builder
	colour := ""
	to := func(next string) {
		if s.colour && next != colour {
			if colour != "" {
				b.WriteString("\x1b[0m")
			}
			if next != "" {
				b.WriteString("\x1b[" + next + "m")
			}
			colour = next
		}
	}
	for _, r := range text {
		if i := int(r - unpainted); i >= 0 && i < len(stateMarks) {
			to(stateMarks[i].colour)
			r = stateMarks[i].mark
		} else {
			to("")
		}
		b.WriteRune(r)
	}
	to("")
	return b.String()
}

// heights draws the rows of days against those of the day with most.
func heights(days dayLine) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	most := int64(0)
	for _, d := range days {
		most = max(most, d.rows)
	}
	var b strings.Builder
	for _, d := range days {
		switch {
		case d.rows > 0:
			b.WriteRune(levels[(d.rows*int64(len(levels))-1)/most])
		default:
			b.WriteRune('·')
		}
	}
	return b.String()
}

// attention tells, a line each, which days are missing or failed, and why these did.
func (s *session) attention(d app.DatasetStatus, today app.Day) []string {
	var missing, failing []app.Day
	unread := false
	for _, day := range daysOf(d) {
		switch {
		case day.state == app.DayFailed:
			failing = append(failing, day.day)
		case day.state == app.DayMissing && day.day < today:
			missing = append(missing, day.day)
		case day.state == app.DayMissing:
			unread = true
		}
	}
	var lines []string
	tell := func(code exitCode, word, text string) {
		line := broken(fmt.Sprintf("%s: %s %s", d.Dataset, word, text), s.width, "    ", "")
		lines = append(lines, strings.Replace(line, ": "+word, ": "+s.paint(code, word), 1))
	}
	if unread {
		tell(partial, "missing", "today"+lacking(d))
	}
	if len(missing) > 0 {
		tell(partial, "missing", ranges(missing)+lacking(d))
	}
	if len(failing) > 0 {
		tell(failed, "failed", ranges(failing)+": "+reason(d))
	}
	return lines
}

// lacking names the parts that are missing, where that is not each of them.
func lacking(d app.DatasetStatus) string {
	if len(d.Lacking) == 0 || len(d.Lacking) == len(d.Parts) {
		return ""
	}
	return ": of " + listed(d.Lacking)
}

// shownNames is how many names are told.
const shownNames = 5

func listed(names []string) string {
	text := strings.Join(names[:min(shownNames, len(names))], ", ")
	if rest := len(names) - shownNames; rest > 0 {
		text += fmt.Sprintf(" and %s more", number(rest))
	}
	return text
}

// reason is why the newest of the failed days failed.
func reason(d app.DatasetStatus) string {
	if len(d.Failures) == 0 {
		return "the ledger cannot be used"
	}
	f := d.Failures[0]
	text := fmt.Sprintf("%s: %s", f.Kind, f.Error)
	if len(d.Parts) > 1 && f.Part != "" {
		text = f.Part + ": " + text
	}
	if len(d.Failures) > 1 {
		text = fmt.Sprintf("on %s %s", f.Day, text)
	}
	return text
}

// shownRanges is how many ranges of days are told.
const shownRanges = 5

// ranges tells days, newest first, in as few words as that takes: 2026-11-03 to 2026-11-05, 2026-11-01 (4 days).
func ranges(days []app.Day) string {
	var spans []string
	told := 0
	for end := len(days) - 1; end >= 0 && len(spans) < shownRanges; {
		begin := end
		for begin > 0 && days[begin-1] == days[begin]-1 {
			begin--
		}
		text := days[end].String()
		if begin < end {
			text = days[begin].String() + " to " + text
		}
		spans, told = append(spans, text), told+end-begin+1
		end = begin - 1
	}
	text := strings.Join(spans, ", ")
	if rest := len(days) - told; rest > 0 {
		text += fmt.Sprintf(" and %s before", counted(rest, "day"))
	}
	if len(days) > 1 {
		text += fmt.Sprintf(" (%s)", counted(len(days), "day"))
	}
	return text
}

// printLegend tells what the marks mean.
func (s *session) printLegend() {
	var parts []string
	for i, m := range stateMarks {
		parts = append(parts, fmt.Sprintf("%c %s", unpainted+rune(i), m.means))
	}
	text := "Days: " + strings.Join(parts, ", ") + "; today is the last."
	if s.broad() {
		text += " Rows a day: ▁ few to █ the most of these days, · none."
	}
	s.out.printf("%s\n\n", s.drawn(wrapped(text, s.width)))
}
