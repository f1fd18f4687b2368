package app_test

import (
	"cmp"
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

// paged is a day whose rows stand still while it is read in pages, and what becomes of it.
type paged struct {
	name  string
	rows  int
	bend  func(nth int, r simulator.Request) *simulator.Answer // nil: the yard's own behaviour
	drop  int                                                  // an id that no page shows
	says  string                                               // "": whole; else why it is incomplete
	moves bool                                                 // by its looks: then an open day does not fail, and is left for the next run
	pages string                                               // that are asked for
}

// instead serves a page in place of another.
func instead(of, page int) func(int, simulator.Request) *simulator.Answer {
	return func(_ int, r simulator.Request) *simulator.Answer {
		if r.Page == of {
			return &simulator.Answer{Page: page}
		}
		return nil
	}
}

// always serves one page whatever is asked for.
func always(page int) func(int, simulator.Request) *simulator.Answer {
	return func(int, simulator.Request) *simulator.Answer { return &simulator.Answer{Page: page} }
}

// lacking leaves one record out of the page that has it.
func lacking(id int) func(int, simulator.Request) *simulator.Answer {
	return func(int, simulator.Request) *simulator.Answer {
		return &simulator.Answer{Rows: func(page []string) []string {
			return slices.DeleteFunc(page, func(row string) bool { return row == ticket(id) })
		}}
	}
}

// telling has the total say something else. The yard's own one is rows.
func telling(rows int, total func(nth int) int) func(int, simulator.Request) *simulator.Answer {
	return func(nth int, _ simulator.Request) *simulator.Answer {
		return &simulator.Answer{Rewrite: func(r *simulator.Reply) {
			was := fmt.Sprintf(`"TotalCount":%d`, rows)
			r.Body = []byte(strings.Replace(string(r.Body), was, fmt.Sprintf(`"TotalCount":%d`, total(nth)), 1))
		}}
	}
}

const samePage = "the server does not turn the page, or served one twice"

func TestADayThatStandsStillIsWholeOrNotGreen(t *testing.T) {
	tests := []struct {
		name string
		yard simulator.YardConfig
		days []paged
	}{
		{"full pages", simulator.YardConfig{}, []paged{
			{name: "clamped to 100", rows: 250, pages: "1 2 3 4 1"},
			{name: "less than a page", rows: 99, pages: "1 2"},
			{name: "exactly 1 x 100 rows", rows: 100, pages: "1 2 1"},
			{name: "exactly 2 x 100 rows", rows: 200, pages: "1 2 3 1"},
			{name: "exactly 5 x 100 rows", rows: 500, pages: "1 2 3 4 5 6 1"},
			{name: "the first page one row short", rows: 250, bend: lacking(7), drop: 7, pages: "1 2 3 4 1"},
			{name: "a middle page one row short", rows: 250, bend: lacking(150), drop: 150, pages: "1 2 3 4 1"},
			{name: "the server ignores page, of a short page", rows: 50, bend: always(1), says: samePage, pages: "1 2"},
			{name: "the server ignores page, of a full page", rows: 250, bend: always(1), says: samePage, pages: "1 2"},
			{name: "the first page served twice", rows: 350, bend: instead(2, 1), says: samePage, pages: "1 2"},
			{name: "a later page served twice", rows: 350, bend: instead(3, 2), says: samePage, pages: "1 2 3"},
			{name: "a page served again after another", rows: 350, bend: instead(4, 2), says: samePage, pages: "1 2 3 4"},
			{name: "the last page served again behind the end", rows: 250, bend: instead(4, 3), says: samePage, pages: "1 2 3 4"},
			{name: "the first page served again behind the end", rows: 250, bend: instead(4, 1), says: samePage, pages: "1 2 3 4"},
			{name: "another page where the first is asked for again", rows: 250, says: samePage, pages: "1 2 3 4 1 2",
				bend: func(nth int, _ simulator.Request) *simulator.Answer {
					if nth == 5 {
						return &simulator.Answer{Rows: func([]string) []string { return tickets(101, 200) }}
					}
					return nil
				}},
		}},
		{"pages of 37", simulator.YardConfig{MaxPageSize: 37}, []paged{
			{name: "clamped to 37", rows: 100, pages: "1 2 3 4 1"},
			{name: "exactly 3 x 37", rows: 111, pages: "1 2 3 4 1"},
			{name: "a middle page of 37 one row short", rows: 100, bend: lacking(50), drop: 50, pages: "1 2 3 4 1"},
		}},
		{"pages of 1", simulator.YardConfig{MaxPageSize: 1}, []paged{{name: "clamped to 1", rows: 4, pages: "1 2 3 4 5 1"}}},
		{"full pages and a total", simulator.YardConfig{Total: true}, []paged{
			{name: "clamped to 100", rows: 250, pages: "1 2 3"},
			{name: "less than a page", rows: 99, pages: "1"},
			{name: "exactly 1 x 100 rows", rows: 100, pages: "1 2"},
			{name: "exactly 2 x 100 rows", rows: 200, pages: "1 2 3"},
			{name: "exactly 5 x 100 rows", rows: 500, pages: "1 2 3 4 5 6"},
			{name: "a middle page one row short", rows: 250, bend: lacking(150), says: "says 250 records, and 249 came on 3 pages", pages: "1 2 3 4"},
			{name: "the server ignores page, of all rows", rows: 50, bend: always(1), pages: "1"},
			{name: "the server ignores page, of a full page", rows: 250, bend: always(1), says: samePage, pages: "1 2"},
			{name: "a page served twice", rows: 350, bend: instead(3, 2), says: samePage, pages: "1 2 3"},
			{name: "a total too high", rows: 150, bend: telling(150, func(int) int { return 151 }), says: "says 151 records, and 150 came", pages: "1 2 3"},
			{name: "a total too low", rows: 150, bend: telling(150, func(int) int { return 149 }), says: "says 149 records, and 150 came", pages: "1 2"},
			{name: "a total too low by a page", rows: 250, bend: telling(250, func(int) int { return 200 }), says: "says 200 records, and 250 came", pages: "1 2 3"},
			{name: "a total of an empty list", rows: 0, bend: telling(0, func(int) int { return 5 }), says: "says 5 records, and 0 came", pages: "1"},
			{name: "a total that grows", rows: 250, bend: telling(250, func(nth int) int { return 250 + nth }), says: "grew", moves: true,
				pages: "1 2 3 4 1 2 3 4 1"},
			{name: "a total that falls", rows: 250, bend: telling(250, func(nth int) int { return 300 - nth }), says: "fell", moves: true,
				pages: "1 2 3 4 1 2 3 4"},
		}},
		{"pages of 37 and a total", simulator.YardConfig{Total: true, MaxPageSize: 37, Nested: "Items"}, []paged{
			{name: "clamped to 37", rows: 100, pages: "1 2 3"},
			{name: "exactly 3 x 37", rows: 111, pages: "1 2 3 4"},
			{name: "a total too low by a page", rows: 100, bend: telling(100, func(int) int { return 74 }), says: "says 74 records, and 100 came", pages: "1 2 3"},
		}},
		{"pages of 1 and a total", simulator.YardConfig{Total: true, MaxPageSize: 1}, []paged{{name: "clamped to 1", rows: 4, pages: "1 2 3 4 5"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, tt.yard, ranging, func(w *world) {
				w.closedDays(tt.days, cmp.Or(tt.yard.MaxPageSize, 100))
				w.openDays(tt.days)
			})
		})
	}
}

// closedDays has each row's day read: for the first time, whole, and bent again where the day is there already.
func (w *world) closedDays(days []paged, size int) {
	w.Helper()
	bend := func(i, nth int, r simulator.Request) *simulator.Answer {
		if days[i].bend == nil {
			return nil
		}
		return days[i].bend(nth, r)
	}
	status := export.Complete
	for i, d := range days {
		w.yard.SetRecords(simulator.Purchases, dayOf(i), d.all())
		if d.says != "" {
			status = export.Failed
		}
	}
	w.onDays(len(days), bend)
	w.verdicts(days, status, size)

	w.yard.Fault(nil)
	w.pass(time.Minute)
	w.run(ranged(len(days)), export.Complete)
	for i, d := range days {
		w.holds(dayOf(i), d.all(), d.full(size))
		if d.rows > 0 && d.says != "" { // so that a reading which is let through would be seen
			w.yard.Remove(simulator.Purchases, dayOf(i), 0, 1)
			w.yard.Insert(simulator.Purchases, dayOf(i), 0, ticket(9000))
		}
	}
	w.onDays(len(days), bend)
	w.pass(time.Minute)
	w.verdicts(days, status, size)
	w.yard.Fault(nil)
}

// all are the rows of the day.
func (d paged) all() []string {
	if d.rows == 0 {
		return nil
	}
	return tickets(1, d.rows)
}

// full is how many pages hold the rows.
func (d paged) full(size int) int { return max(1, (d.rows+size-1)/size) }

// verdicts runs, and checks what became of each row's day.
func (w *world) verdicts(days []paged, status export.Status, size int) {
	w.Helper()
	since, before := len(w.yard.Requests()), make([]string, len(days))
	state := func(i int) string {
		entry, _ := w.entry("purchases", dayOf(i))
		return show(entry) + w.bytes(purchases(dayOf(i)))
	}
	for i := range days {
		before[i] = state(i)
	}
	r := w.run(ranged(len(days)), status)
	for i, d := range days {
		if got := w.pages(since, dayOf(i)); got != d.pages {
			w.Errorf("%s: the pages %q were asked for, expected %q", d.name, got, d.pages)
		}
		if d.says == "" {
			w.holds(dayOf(i), slices.DeleteFunc(d.all(), func(row string) bool { return row == ticket(d.drop) }), d.full(size))
			continue
		}
		w.failsBy(r, dayOf(i), d.name, export.Incomplete, d.says)
		if state(i) != before[i] {
			w.Errorf("%s: the day or its entry changed", d.name)
		}
	}
}

// openDays has the rows that are not green read as the day that is not over, one after the other.
func (w *world) openDays(days []paged) {
	w.Helper()
	today := snapshot.DayOf(noon).String()
	for _, d := range days {
		if d.says == "" {
			continue
		}
		w.yard.SetRecords(simulator.Purchases, today, d.all())
		nth, status := 0, export.Failed
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint != simulator.Purchases {
				return nil
			}
			nth++
			return d.bend(nth, r)
		})
		if d.moves {
			status = export.Partial
		}
		w.pass(time.Minute)
		since := len(w.yard.Requests())
		r := w.run(app.Event{From: day(today), To: day(today), Datasets: []string{simulator.Purchases}}, status)
		if d.moves {
			w.movesBy(r, d.name, d.says)
		} else {
			w.failsBy(r, today, d.name, export.Incomplete, d.says)
		}
		if _, there := w.entry("purchases", today); there || w.bytes(purchases(today)) != "" {
			w.Errorf("%s: the open day was written", d.name)
		}
		if got := w.pages(since, today); got != d.pages {
			w.Errorf("%s: on the open day the pages %q were asked for, expected %q", d.name, got, d.pages)
		}
	}
	w.yard.Fault(nil)
}

// movesBy checks that one day is left for the next run, with a warning that says why.
func (w *world) movesBy(r app.Result, name, says string) {
	w.Helper()
	d := w.dataset(r, "purchases")
	if d.Remaining != 1 || len(d.Failed) != 0 || len(r.Warnings) != 1 || r.Warnings[0].Kind != "moving" ||
		!strings.Contains(r.Warnings[0].Message, says) || !strings.Contains(r.Warnings[0].Message, "GET /api/v1/purchase: ") {
		w.Errorf("%s: %s %s; expected a warning of kind moving that says %q", name, show(d), show(r.Warnings), says)
	}
}
