package about

import (
	"slices"

	"yardstick/pkg/snapshot"
)

const (
	openMonths = 12 // are shown day by day; the older ones are folded, a shape for each day
	tableDays  = 31 // are in the table of days
	namedParts = 12 // are named
)

// dataset is its calendar, its rows per day, and the same in tables.
func (d *document) dataset(v *view, a *accountView, shown *datasetView) {
	d.put(`<article aria-labelledby="{}">
<h3 id="{}"><bdi>{}</bdi></h3>
`, shown.id, shown.id, text(shown.Dataset.Dataset))
	d.reading(v, shown)
	d.unreadable(shown.Unreadable)
	d.gaps(shown)
	d.failures(v, shown)
	if len(shown.months) > 0 {
		older := max(0, len(shown.months)-openMonths)
		d.put(`<div class="months">` + "\n")
		for i := range shown.months[older:] {
			d.month(&shown.months[older+i], shown, a.Today, true)
		}
		d.put("</div>\n")
		d.older(shown, shown.months[:older], a.Today)
		d.numbers(shown, a.Today)
	}
	d.put("</article>\n")
}

// reading is a dataset's rows and last reading.
func (d *document) reading(v *view, shown *datasetView) {
	d.put(`<p class="soft">{}`, text(count(shown.Rows, "row", "rows")))
	if shown.Listing {
		d.put(" in the newest listing")
	}
	if shown.ReadAt == nil {
		d.put(" · never read")
	} else {
		d.put(` · last reading {}, <time datetime="{}">{}</time>`, text(ago(v.now, *shown.ReadAt)), stamp(*shown.ReadAt),
			moment(*shown.ReadAt))
	}
	if shown.First != 0 {
		d.put(" · wanted since {}", text(shown.First.String()))
	}
	if shown.highest > 0 {
		d.put(" · at most {} a day ({})", text(count(shown.highest, "row", "rows")), text(shown.peak.String()))
	}
	d.put("</p>\n")
}

// unreadable tells how many records, of all days, some readers cannot take.
func (d *document) unreadable(records int64) {
	if records > 0 {
		d.put(`<p class="soft">Note: {} that some readers cannot take. The first lines of what lies under `+
			`about/tables/ say what becomes of them.</p>`+"\n", text(count(records, "record", "records")))
	}
}

// gaps names the days that failed or are missing.
func (d *document) gaps(shown *datasetView) {
	for _, state := range []State{Failed, Missing} {
		if days := shown.days[state]; len(days) > 0 {
			d.put(`<p class="gap">`)
			d.icon(state)
			d.put(`<span><b>{} {}</b>`, text(count(len(days), "day", "days")), text(state.word()))
			for _, told := range ranges(days) {
				d.put(` <span class="range">{}</span>`, text(told))
			}
			d.put("</span></p>\n")
		}
	}
}

// failures tells why days failed, newest first.
func (d *document) failures(v *view, shown *datasetView) {
	if len(shown.Failures) == 0 {
		return
	}
	d.put("<details><summary>Why they failed</summary>\n<ul class=\"messages\">\n")
	for _, f := range shown.Failures {
		when := f.Day.String()
		if f.Part == "" {
			when = f.Day.Month()
		}
		d.put(`<li>{} <bdi>{}</bdi>: <bdi>{}</bdi>: <bdi>{}</bdi> <span class="soft">{}</span></li>`+"\n", text(when), text(f.Part),
			text(f.Kind), text(f.Error), text(ago(v.now, f.Time)))
	}
	d.put("</ul>\n</details>\n")
}

// older folds the months of earlier years, a year each.
func (d *document) older(shown *datasetView, months []monthView, today snapshot.Day) {
	for len(months) > 0 {
		year := months[len(months)-1].year()
		begin := slices.IndexFunc(months, func(m monthView) bool { return m.year() == year })
		troubles := 0
		for i := range months[begin:] {
			n := months[begin+i].tally()
			troubles += n[Failed] + n[Missing]
		}
		d.put("<details><summary>{}, {}", text(year), text(count(len(months)-begin, "older month", "older months")))
		if troubles > 0 {
			d.put(": {} failed or missing", text(count(troubles, "day", "days")))
		}
		d.put("</summary>\n" + `<div class="months">` + "\n")
		for i := range months[begin:] {
			d.month(&months[begin+i], shown, today, false)
		}
		d.put("</div>\n</details>\n")
		months = months[:begin]
	}
}

// numbers has in tables what the shapes and bars show.
func (d *document) numbers(shown *datasetView, today snapshot.Day) {
	d.put("<details><summary>In numbers</summary>\n")
	if len(shown.Parts) > 1 {
		named := shown.Parts[:min(len(shown.Parts), namedParts)]
		d.put("<p>A day has {}:", text(count(len(shown.Parts), "part", "parts")))
		for _, part := range named {
			d.put(" <bdi>{}</bdi>", text(part))
		}
		if more := len(shown.Parts) - len(named); more > 0 {
			d.put(" and {} more", number(more))
		}
		d.put("</p>\n")
	}
	d.put(`<div class="tables">` + "\n")
	d.tableOfDays(shown, today)
	d.tableOfMonths(shown)
	d.put("</div>\n</details>\n")
}

func (d *document) tableOfDays(shown *datasetView, today snapshot.Day) {
	d.put(`<table>
<caption>The last {} days</caption>
<thead><tr><th scope="col">Day</th><th scope="col">State</th><th scope="col" class="n">Rows</th></tr></thead>
<tbody>
`, number(tableDays))
	left := tableDays
	for i := len(shown.months) - 1; i >= 0; i-- {
		m := &shown.months[i]
		for k := len(m.states) - 1; k >= 0; k-- {
			day, state := m.first+snapshot.Day(k), State(m.states[k])
			if day > today || left == 0 {
				continue
			}
			left--
			d.put(`<tr><th scope="row">{}</th><td>{}</td>`, text(day.String()), text(state.word()))
			d.rowsOf(state, m.rows[k])
			d.put("</tr>\n")
		}
	}
	d.put("</tbody>\n</table>\n")
}

// rowsOf is a cell with the rows of a day, empty where nothing is known of it.
func (d *document) rowsOf(state State, rows int64) {
	if rows == 0 && (state == Missing || state == Failed || state == Unwanted) {
		d.put(`<td class="n"></td>`)
		return
	}
	d.put(`<td class="n">{}</td>`, number(rows))
}

func (d *document) tableOfMonths(shown *datasetView) {
	occurring := shown.occurring()
	d.put(`<table>
<caption>Days by month</caption>
<thead><tr><th scope="col">Month</th>`)
	for _, state := range occurring {
		d.put(`<th scope="col" class="n">{}</th>`, text(state.word()))
	}
	if !shown.Listing {
		d.put(`<th scope="col" class="n">Rows</th>`)
	}
	d.put("</tr></thead>\n<tbody>\n")
	for i := len(shown.months) - 1; i >= 0; i-- {
		m := &shown.months[i]
		n := m.tally()
		d.put(`<tr><th scope="row">{}</th>`, text(m.first.Month()))
		for _, state := range occurring {
			if n[state] == 0 {
				d.put(`<td class="n"></td>`)
				continue
			}
			d.put(`<td class="n">{}</td>`, number(n[state]))
		}
		if !shown.Listing { // rows of listings do not add up
			d.put(`<td class="n">{}</td>`, number(m.sum()))
		}
		d.put("</tr>\n")
	}
	d.put("</tbody>\n</table>\n")
}
