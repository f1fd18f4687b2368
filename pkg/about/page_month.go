package about

import (
	"fmt"
	"math"
	"strings"
	"time"

	"yardstick/pkg/snapshot"
)

// A month is a picture of weeks as columns, with bars below. Lengths are those of its own coordinates.
const (
	pitch    = 13          // from a day to the next
	width    = 6*pitch - 2 // six weeks at most, of days 11 wide
	barsTall = 22          // the highest bar
	barsBase = 7*pitch + 5 + barsTall
)

// shapes draws each state once, 11 by 11, for all that refer to it. They differ in shape, not in colour alone. The first
// rectangle of each can be pointed at wherever the day is.
func (d *document) shapes() {
	d.put(`<svg width="0" height="0" class="shapes" aria-hidden="true"><defs>
<g id="f"><path class="at" d="M-1-1h13v13h-13z"/><path class="failed" d="M0 0h11v11H0z"/><path class="cut" d="M3 3l5 5M8 3l-5 5"/></g>
<g id="m"><path class="at" d="M-1-1h13v13h-13z"/><path class="missing" d="M1 1h9v9H1z"/></g>
<g id="u"><path class="at" d="M-1-1h13v13h-13z"/><path class="unsettled" d="M1 1h9v9H1z"/><path class="half" d="M1 1v9h9z"/></g>
<g id="e"><path class="at" d="M-1-1h13v13h-13z"/><path class="exported" d="M0 0h11v11H0z"/></g>
<g id="0"><path class="at" d="M-1-1h13v13h-13z"/><circle class="empty" cx="5.5" cy="5.5" r="4"/></g>
<g id="-"><path class="at" d="M-1-1h13v13h-13z"/><path class="unwanted" d="M4.5 4.5h2v2h-2z"/></g>
</defs></svg>
`)
}

// icon is a state's shape in a line of text; the word beside it says the same.
func (d *document) icon(state State) {
	d.put(`<svg class="icon" viewBox="0 0 11 11" aria-hidden="true"><use href="#{}"/></svg>`, text(string(rune(state))))
}

func (m *monthView) year() string { return m.first.Month()[:4] }

// label is the month in a sentence, for those who do not see it.
func (m *monthView) label(listing bool) string {
	n := m.tally()
	var said []string
	for i := range len(order) {
		if state := State(order[i]); n[state] > 0 {
			said = append(said, count(n[state], "day", "days")+" "+state.word())
		}
	}
	label := monthName(m.first) + ": " + strings.Join(said, ", ")
	if !listing {
		label += "; " + count(m.sum(), "row", "rows")
	}
	return label
}

// month draws one. Where each is set, every day tells of itself when it is pointed at; else the month does, for less.
func (d *document) month(m *monthView, shown *datasetView, today snapshot.Day, each bool) {
	d.put(`<figure><figcaption>{}</figcaption>`, text(monthName(m.first)))
	d.put(`<svg viewBox="-2 -2 80 122" role="img" aria-label="{}">`, text(m.label(shown.Listing)))
	if !each {
		d.put("<title>{}</title>", text(m.label(shown.Listing)))
	}
	d.days(m, each)
	if offset := int(today - m.first); offset >= 0 && offset < len(m.states) {
		x, y := m.place(offset)
		d.put(`<path class="today" d="M{} {}h13v13h-13z"/>`, number(x-1), number(y-1))
	}
	d.bars(m, shown.highest)
	d.put("</svg></figure>\n")
}

// place is where a month's day, counted from 0, is drawn.
func (m *monthView) place(offset int) (x, y int) {
	monday := (int(m.first.In(time.UTC).Weekday()) + 6) % 7
	return (monday + offset) / 7 * pitch, (monday + offset) % 7 * pitch
}

// days draws each day. Where each is set, every one names day, state and rows when it is pointed at.
func (d *document) days(m *monthView, each bool) {
	for i := range len(m.states) {
		x, y := m.place(i)
		if !each {
			d.put(`<use href="#{}" x="{}" y="{}"/>`, text(m.states[i:i+1]), number(x), number(y))
			continue
		}
		state := State(m.states[i])
		told := (m.first + snapshot.Day(i)).In(time.UTC).Format("Mon 2 Jan 2006") + ": " + state.word()
		if state == Exported || state == Unsettled || m.rows[i] > 0 {
			told += ", " + count(m.rows[i], "row", "rows")
		}
		d.put(`<use href="#{}" x="{}" y="{}"><title>{}</title></use>`, text(m.states[i:i+1]), number(x), number(y), text(told))
	}
}

// bars draws rows per day, on a scale that all months of the dataset have in common. A day with any row can be seen.
func (d *document) bars(m *monthView, highest int64) {
	d.put(`<path class="base" d="M0 {}h{}v1h-{}z"/>`, number(barsBase), number(width), number(width))
	var path strings.Builder
	for i, rows := range m.rows {
		if rows > 0 {
			tall := max(1, math.Round(float64(rows)/float64(highest)*barsTall*10)/10)
			fmt.Fprintf(&path, "M%g %dv-%gh1.9v%gz", math.Round(float64(i)*width*10/31)/10, barsBase, tall, tall)
		}
	}
	if path.Len() > 0 {
		d.put(`<path class="bar" d="{}"/>`, text(path.String()))
	}
}

func monthName(first snapshot.Day) string { return first.In(time.UTC).Format("Jan 2006") }
