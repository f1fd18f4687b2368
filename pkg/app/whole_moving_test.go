package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// move changes a day's rows.
type move func(rows []string) []string

// put puts rows in before a place; -1 is behind the last one.
func put(at int, ids ...int) move {
	return func(rows []string) []string {
		for _, id := range ids {
			if at == -1 {
				rows = append(rows, ticket(id))
				continue
			}
			rows = slices.Insert(rows, at, ticket(id))
		}
		return rows
	}
}

// take takes rows out.
func take(ids ...int) move {
	return func(rows []string) []string {
		return slices.DeleteFunc(rows, func(row string) bool {
			return slices.ContainsFunc(ids, func(id int) bool { return row == ticket(id) })
		})
	}
}

func and(moves ...move) move {
	return func(rows []string) []string {
		for _, m := range moves {
			rows = m(rows)
		}
		return rows
	}
}

// shifting is a day whose rows move while it is read: before the nth request for it.
type shifting struct {
	name  string
	rows  []string
	moves map[int]move
	sees  [2]seen // without a total, and with one
}

// late says whether the rows moved behind what had been read, which is as if the reading had ended before.
func (d shifting) late() bool { return strings.HasSuffix(d.name, "(late)") }

// seen is what one reading makes of a day that moves.
type seen struct {
	pages string // that are asked for
	fails string // why the day is incomplete; "": it is written
	lacks int    // an id that was there all the time, and is not in this reading
}

func movingDays() []shifting {
	up, down := tickets(1, 250), tickets(250, 1)
	const once, twice, again = "1 2 3 4 1", "1 2 3 4 1 2 3 4 1", "again when it was read once more"
	return []shifting{
		{"put in at the head, before page 2", down, map[int]move{2: put(0, 251)}, [2]seen{{pages: once}, {pages: once}}},
		{"put in at the head, before the empty page", down, map[int]move{4: put(0, 251)}, [2]seen{{pages: once}, {pages: "1 2 3"}}},
		{"put in at the head, before page 1 again", down, map[int]move{5: put(0, 251)}, [2]seen{{pages: once}, {pages: "1 2 3"}}},
		{"put in at the head all the time", down, map[int]move{2: put(0, 251, 252), 3: put(0, 253), 4: put(0, 254), 5: put(0, 255)},
			[2]seen{{pages: once}, {pages: once}}},
		{"put in at the head of a full only page", tickets(100, 1), map[int]move{2: put(0, 101)}, [2]seen{{pages: "1 2 3 1"}, {pages: "1 2 3 1"}}},
		{"put in on page 1 after it was read", up, map[int]move{3: put(50, 900)}, [2]seen{{pages: once}, {pages: once}}},
		{"put in on page 2 before it is read", up, map[int]move{2: put(150, 900)}, [2]seen{{pages: once}, {pages: "1 2 3 1"}}},
		{"put in on page 2 after it was read", up, map[int]move{3: put(150, 900)}, [2]seen{{pages: twice}, {pages: "1 2 3 4 1 2 3"}}},
		{"put in on page 2 during both readings", up, map[int]move{3: put(150, 900), 7: put(150, 901)},
			[2]seen{{pages: twice}, {pages: twice, fails: again}}},
		{"put in on pages 1 and 2 after they were read", up, map[int]move{3: and(put(150, 900), put(50, 901))},
			[2]seen{{pages: twice}, {pages: "1 2 3 4 1 2 3"}}},
		{"put in at the end before it is read", up, map[int]move{3: put(-1, 251)}, [2]seen{{pages: once}, {pages: "1 2 3 1"}}},
		{"put in at the end after it was read (late)", up, map[int]move{4: put(-1, 251)}, [2]seen{{pages: once}, {pages: "1 2 3"}}},
		{"put in at the end of the only page (late)", tickets(1, 50), map[int]move{2: put(-1, 51)}, [2]seen{{pages: "1 2"}, {pages: "1"}}},

		{"deleted from page 1 before page 2", up, map[int]move{2: take(7)}, [2]seen{{pages: twice}, {pages: "1 2 3 1 2 3"}}},
		{"deleted from page 1 before it is asked again", up, map[int]move{5: take(7)}, [2]seen{{pages: twice}, {pages: "1 2 3"}}},
		{"deleted from page 1 so that no page follows", tickets(1, 101), map[int]move{2: take(7)}, [2]seen{{pages: "1 2 1 2 1"}, {pages: "1 2 1 2"}}},
		{"deleted from page 1 during both readings", up, map[int]move{2: take(7), 6: take(8)},
			[2]seen{{pages: twice, fails: again}, {pages: "1 2 3 1 2 3", fails: again}}},
		{"deleted from page 2 before it is read", up, map[int]move{2: take(150)}, [2]seen{{pages: once}, {pages: "1 2 3 1 2 3"}}},
		{"deleted from page 2 after it was read", up, map[int]move{3: take(150)}, [2]seen{{pages: once, lacks: 201}, {pages: "1 2 3 1 2 3"}}},
		{"deleted from page 3 after it was read (late)", up, map[int]move{4: take(230)}, [2]seen{{pages: once}, {pages: "1 2 3"}}},
		{"all deleted", up, map[int]move{2: func([]string) []string { return nil }},
			[2]seen{{pages: "1 2 1"}, {pages: "1 2", fails: "says 250 records, and 100 came"}}},

		{"deleted at the end, and one put in at the head", up, map[int]move{2: and(take(250), put(0, 900))},
			[2]seen{{pages: once}, {pages: "1 2 3 4 1 2 3"}}},
		{"put in on page 1, and deleted again", up, map[int]move{2: put(0, 900), 3: take(900)}, [2]seen{{pages: twice}, {pages: "1 2 3 4 1 2 3"}}},
	}
}

// moving has the days' rows moved while they are read, as far as the requests come to it.
func (w *world) moving(days []shifting) {
	w.onDays(len(days), func(i, nth int, _ simulator.Request) *simulator.Answer {
		if m := days[i].moves[nth]; m != nil {
			w.yard.SetRecords(simulator.Purchases, dayOf(i), m(w.yard.Records(simulator.Purchases, dayOf(i))))
		}
		return nil
	})
}

// readMoving reads days while they move, and checks each: every id once, or not green; and what one reading cannot see.
func (w *world) readMoving(days []shifting, total int) {
	w.Helper()
	began := map[int][]string{}
	for i := range days {
		began[i] = w.yard.Records(simulator.Purchases, dayOf(i))
	}
	w.moving(days)
	before, since := w.kept(), len(w.yard.Requests())
	r := w.run(ranged(len(days)), export.Failed) // some of the days never stand still
	w.yard.Fault(nil)
	changed := w.changed(before)
	for i, d := range days {
		sees := d.sees[total]
		if got := w.pages(since, dayOf(i)); got != sees.pages {
			w.Errorf("%s: the pages %q were asked for, expected %q", d.name, got, sees.pages)
		}
		if sees.fails != "" {
			w.failsBy(r, dayOf(i), d.name, export.Incomplete, sees.fails)
			if slices.Contains(changed, purchases(dayOf(i))) {
				w.Errorf("%s: the object changed", d.name)
			}
			continue
		}
		if entry, there := w.entry("purchases", dayOf(i)); !there || !entry.FetchedAt.Equal(r.Time) {
			w.Errorf("%s: it was not read: %s", d.name, show(w.dataset(r, "purchases").Failed))
			continue
		}
		w.everyID(d.name, dayOf(i), began[i], sees.lacks)
	}
}

// everyID checks that a day holds no id twice, and each that the yard held before and holds still, but one.
func (w *world) everyID(name, of string, began []string, but int) {
	w.Helper()
	lines, now := w.lines(purchases(of)), w.yard.Records(simulator.Purchases, of)
	if sorted := slices.Sorted(slices.Values(lines)); len(slices.Compact(sorted)) != len(lines) {
		w.Errorf("%s: an id is there twice", name)
	}
	for _, row := range began {
		if there := slices.Contains(lines, row); slices.Contains(now, row) && there == (but != 0 && row == ticket(but)) {
			w.Errorf("%s: %s is in the day: %v", name, row, there)
		}
	}
}

// truth checks that the days are what the yard holds, row for row. A day that is settled by the reading during which its
// rows moved is what the yard held when they were read.
func (w *world) truth(days []shifting, settled bool) {
	w.Helper()
	for i, d := range days {
		want, got := w.yard.Records(simulator.Purchases, dayOf(i)), w.lines(purchases(dayOf(i)))
		if settled && d.late() {
			want = slices.Clone(d.rows)
		}
		slices.Sort(want)
		if slices.Sort(got); !slices.Equal(got, want) {
			missing := slices.DeleteFunc(slices.Clone(want), func(row string) bool { return slices.Contains(got, row) })
			w.Errorf("%s: %d rows, and the yard has %d; %.300q are missing", d.name, len(got), len(want), missing)
		}
	}
}

func TestRowsThatComeAndGoBetweenPagesAreHealedBeforeTheDaySettles(t *testing.T) {
	days := movingDays()
	for total, name := range []string{"no total", "a total"} {
		yard := simulator.YardConfig{Total: total == 1}
		stock := func(w *world) {
			for i, d := range days {
				w.yard.SetRecords(simulator.Purchases, dayOf(i), d.rows)
			}
		}
		t.Run(name+", during the first reading", func(t *testing.T) {
			inWorld(t, yard, ranging, func(w *world) {
				stock(w)
				w.readMoving(days, total)
				w.pass(24 * time.Hour)
				w.run(ranged(len(days)), export.Complete)
				w.truth(days, false)
			})
		})
		t.Run(name+", during the reading that could settle the day", func(t *testing.T) {
			inWorld(t, yard, ranging, func(w *world) {
				stock(w)
				w.run(ranged(len(days)), export.Complete)
				w.pass(52 * 24 * time.Hour)
				w.readMoving(days, total)
				w.pass(time.Hour)
				w.untilSettled(len(days))
				w.truth(days, true)
			})
		})
	}
}

// A yard that counts on and on: tickets come before every request for the open day.
func TestAYardThatAddsTicketsDuringEveryReadingIsGreen(t *testing.T) {
	for _, order := range []simulator.Order{simulator.Ascending, simulator.Descending} {
		for _, total := range []bool{false, true} {
			t.Run(fmt.Sprintf("newest first %v, total %v", order == simulator.Descending, total), func(t *testing.T) {
				yard := simulator.YardConfig{Order: order, Total: total, MaxPageSize: 20}
				inWorld(t, yard, "start: 2026-11-18\nrestate_days: 1\nrestate_every: 0s\nrefresh: 1000h", func(w *world) {
					const today = "2026-11-18"
					w.yard.SetTicketCount(today, 33)
					w.yard.Fault(func(r simulator.Request) *simulator.Answer {
						if r.Endpoint == simulator.Purchases && r.From == today {
							w.yard.AddTickets(today, 2)
						}
						return nil
					})
					for range 5 {
						began, since := w.yard.Records(simulator.Purchases, today), len(w.yard.Requests())
						w.run(app.Event{Datasets: []string{simulator.Purchases}}, export.Complete)
						w.everyID("the open day", today, began, 0)
						entry, _ := w.entry("purchases", today)
						w.askedOnceEach(w.pages(since, today), int(entry.Pages))
						w.pass(2 * time.Hour)
					}
					w.yard.Fault(nil)
					for range 3 {
						w.pass(24 * time.Hour)
						w.run(app.Event{Datasets: []string{simulator.Purchases}}, export.Complete)
					}
					want := w.yard.Records(simulator.Purchases, today)
					if entry, _ := w.entry("purchases", today); !entry.Settled || int(entry.Rows) != len(want) {
						t.Errorf("%s; expected it settled with %d rows", show(entry), len(want))
					}
					w.everyID("the settled day", today, want, 0)
				})
			})
		}
	}
}

// Newest first, and more in one reading than a page holds: no row of the first page is there any more when it is asked
// for again, and what came between is on no page that was read. That is not green, and heals when fewer come.
func TestMoreTicketsInOneReadingThanAPageHoldsAreLeftForTheNextRun(t *testing.T) {
	yard := simulator.YardConfig{Order: simulator.Descending, MaxPageSize: 20}
	inWorld(t, yard, "start: 2026-11-18\nrefresh: 1000h", func(w *world) {
		const today = "2026-11-18"
		event := app.Event{Datasets: []string{simulator.Purchases}}
		w.yard.SetTicketCount(today, 33)
		w.run(event, export.Complete)
		before := w.bytes(purchases(today))
		add := func(n int) {
			w.yard.Fault(func(r simulator.Request) *simulator.Answer {
				if r.Endpoint == simulator.Purchases {
					w.yard.AddTickets(today, n)
				}
				return nil
			})
		}
		add(9)
		w.pass(time.Minute)
		w.movesBy(w.run(event, export.Partial), "9 before each request", "records left page 1 while the list was read, twice")
		if w.bytes(purchases(today)) != before {
			t.Error("the day was written")
		}
		add(1)
		w.pass(time.Minute)
		began := w.yard.Records(simulator.Purchases, today)
		w.run(event, export.Complete)
		w.everyID("1 before each request", today, began, 0)
	})
}

// askedOnceEach checks that the pages with rows, the empty one and the first one again are all that was asked for. With a
// total the empty one may be spared.
func (w *world) askedOnceEach(pages string, withRows int) {
	w.Helper()
	var want []string
	for page := range withRows {
		want = append(want, fmt.Sprint(page+1))
	}
	spared := strings.Join(append(slices.Clone(want), "1"), " ")
	all := strings.Join(append(want, fmt.Sprint(withRows+1), "1"), " ")
	if pages != all && pages != spared {
		w.Errorf("the pages %q were asked for; expected %q", pages, all)
	}
}
