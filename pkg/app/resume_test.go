package app_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

const (
	spools        = "_yardstick/spool/"
	customerSpool = spools + "scrapright/account=main/customers/dt=2026-11-18/customers.spool"
	someCustomers = 4_000 // 40 pages: at 10 requests a minute more than a run of 3 minutes reads
)

// quietYard has a long list of customers and little else.
func quietYard(customers int) simulator.YardConfig {
	return simulator.YardConfig{RequestsPerMinute: 10, Customers: customers, Businesses: 1, TicketsPerDay: 8}
}

func customers(day string) string {
	return "scrapright/customers/account=main/dt=" + day + "/customers.json.gz"
}

// within is a run that has so much time.
func (w *world) within(d time.Duration, e app.Event) app.Result {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), d)
	defer cancel()
	result, err := w.open().Export(ctx, w.source, e)
	if err != nil || ctx.Err() != nil {
		w.Fatalf("%v %v\n%s", err, ctx.Err(), show(result))
	}
	return result
}

// asked counts how often each page of a list was asked for since a request.
func (w *world) asked(endpoint string, since int) map[int]int {
	pages := map[int]int{}
	for _, r := range w.yard.Requests()[since:] {
		if r.Endpoint == endpoint {
			pages[r.Page]++
		}
	}
	return pages
}

// askedOnce checks that the requests since one were those of a single reading: the pages, the empty one, and the first asked again.
func (w *world) askedOnce(endpoint string, since, pages int) {
	w.Helper()
	asked := w.asked(endpoint, since)
	for page := range pages + 1 {
		want := 1
		if page == 0 {
			want = 2
		}
		if asked[page+1] != want {
			w.Errorf("page %d was asked for %d times, expected %d", page+1, asked[page+1], want)
		}
	}
	if len(asked) != pages+1 {
		w.Errorf("%d pages were asked for, expected %d", len(asked), pages+1)
	}
}

// oneShot are the lines of an object that a run without a deadline writes in a world of its own.
func oneShot(t *testing.T, yard simulator.YardConfig, config, key string) (lines []string) {
	t.Helper()
	inWorld(t, yard, config, func(w *world) {
		w.run(app.Event{}, export.Complete)
		lines = w.lines(key)
	})
	return lines
}

func TestAListOf25000CustomersFinishesOverHourlyRuns(t *testing.T) {
	const config = "start: 2026-11-18"
	want := oneShot(t, quietYard(25_000), config, customers("2026-11-18"))
	inWorld(t, quietYard(25_000), config, func(w *world) {
		for run := 1; ; run++ {
			began := time.Now()
			r := w.within(15*time.Minute, app.Event{})
			if e, _ := w.entry("purchases", "2026-11-18"); !e.FetchedAt.Equal(began) {
				t.Errorf("run %d: today's purchases are of %s, expected %s", run, e.FetchedAt, began)
			}
			if r.Status == export.Complete {
				break
			}
			if r.Status != export.Partial || w.dataset(r, "customers").Remaining != 1 || len(w.keys(spools)) != 1 || run > 3 {
				t.Fatalf("run %d: %s\n%q", run, show(r), w.keys(spools))
			}
			w.pass(time.Until(began.Add(time.Hour)))
		}
		w.askedOnce(simulator.Customers, 0, 250)
		if got := w.lines(customers("2026-11-18")); len(got) != 25_000 || !slices.Equal(got, want) {
			t.Errorf("%d lines, which are not those of a run without a deadline", len(got))
		}
		e, _ := w.entry("customers", "2026-11-18")
		if !e.FetchedAt.Equal(noon) || e.Pages != 250 || e.Rows != 25_000 {
			t.Errorf("%s; expected the clock of the run that began the reading", show(e))
		}
		if left := w.keys(spools); len(left) != 0 {
			t.Errorf("%q is still there", left)
		}
		if n := w.yard.CountStatus(429); n != 0 {
			t.Errorf("%d answers of 429", n)
		}
	})
}

func TestAListingBegunYesterdayIsFinishedUnderItsDay(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
		w.pass(11*time.Hour + 45*time.Minute)
		began := time.Now()
		w.within(3*time.Minute, app.Event{})
		w.pass(15 * time.Minute)
		second := time.Now()
		yesterday := app.Event{To: day("2026-11-18"), Datasets: []string{"customers"}}
		if r := w.within(time.Minute, yesterday); r.Status != export.Partial || r.Next == nil || r.Next.From != day("2026-11-18") || r.Next.To != day("2026-11-18") {
			t.Fatalf("%s", show(r))
		}
		last := w.yard.Records(simulator.Customers, "")[someCustomers-1]
		w.yard.Remove(simulator.Customers, "", someCustomers-1, 1)
		w.run(app.Event{From: day("2026-11-19"), Datasets: []string{"customers", "businesses"}}, export.Complete)
		w.yard.Insert(simulator.Customers, "", someCustomers-1, last)
		if len(w.keys(spools)) != 1 || w.bytes(customers("2026-11-18")) != "" {
			t.Fatalf("%q; an event that is not about it took it up", w.keys(spools))
		}
		w.run(app.Event{}, export.Complete)
		e, _ := w.entry("customers", "2026-11-18")
		today, _ := w.entry("customers", "2026-11-19")
		if !e.FetchedAt.Equal(began) || e.Rows != someCustomers || today.FetchedAt.Before(second.Truncate(time.Second)) || today.Rows != someCustomers-1 {
			t.Errorf("%s\n%s", show(e), show(today))
		}
		if n := len(w.lines("latest/scrapright/customers/account=main/customers.json.gz")); n != someCustomers-1 {
			t.Errorf("the copy in latest/ has %d rows, expected those of today's listing", n)
		}
		if len(w.keys(spools)) != 0 {
			t.Errorf("%q is still there", w.keys(spools))
		}
		asked := len(w.yard.Requests())
		w.pass(time.Minute)
		w.run(app.Event{Datasets: []string{"customers"}}, export.Complete)
		if len(w.yard.Requests()) != asked {
			t.Error("a listing of a past day became due")
		}
	})
}

// Each of these makes what was read so far worthless: the list is begun anew, and the old reading is gone.
func TestAReadingThatNoLongerCountsIsBegunAnew(t *testing.T) {
	const anew = "2026-11-18"
	cases := []struct {
		name   string
		change func(w *world)
		event  app.Event
		day    string
	}{
		{"older than a day", func(w *world) { w.pass(24 * time.Hour) }, app.Event{}, "2026-11-19"},
		{"asked otherwise", func(w *world) { w.config += "\ndatasets: {customers: {omit: [/Phone]}}" }, app.Event{}, anew},
		{"of another zone", func(w *world) { w.config += "\ntimezone: Atlantic/Azores" }, app.Event{}, anew},
		{"forced", func(w *world) { w.pass(time.Minute) }, app.Event{Force: true, Datasets: []string{"customers"}}, anew},
		{"cut off", func(w *world) { w.put(customerSpool, []byte(w.bytes(customerSpool)[:9_000]), nil) }, app.Event{}, anew},
		{"of another form", func(w *world) { w.put(customerSpool, []byte(`{"version":7}`+"\n"), nil) }, app.Event{}, anew},
		{"another's", func(w *world) {
			w.put(customerSpool, []byte(strings.Replace(w.bytes(customerSpool), "scrapright/customers/", "scrapright/businesses/", 1)), nil)
		}, app.Event{}, anew},
		{"with another cursor", func(w *world) {
			w.put(customerSpool, []byte(strings.Replace(w.bytes(customerSpool), `"cursor":"Aw`, `"cursor":"CQ`, 1)), nil)
		}, app.Event{}, anew},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, quietYard(someCustomers), "start: 2026-11-18\nverify_after: 0s", func(w *world) {
				w.within(3*time.Minute, app.Event{})
				if w.bytes(customerSpool) == "" {
					t.Fatal("nothing was saved")
				}
				c.change(w)
				since := len(w.yard.Requests())
				w.run(c.event, export.Complete)
				w.askedOnce(simulator.Customers, since, someCustomers/100)
				if len(w.lines(customers(c.day))) != someCustomers || len(w.keys(spools)) != 0 {
					t.Errorf("%d lines, and %q left", len(w.lines(customers(c.day))), w.keys(spools))
				}
			})
		})
	}
}

// Pages are counted: the fifth one of another size begins elsewhere.
func TestAReadingOfPagesOfAnotherSizeIsBegunAnew(t *testing.T) {
	for _, sizes := range [][2]string{{"20", "100"}, {"20", "25"}, {"50", "20"}} {
		inWorld(t, quietYard(1_000), "start: 2026-11-18\ndatasets: {customers: {page_size: "+sizes[0]+"}}", func(w *world) {
			w.within(90*time.Second, app.Event{})
			if w.bytes(customerSpool) == "" {
				t.Fatal("nothing was saved")
			}
			w.config = strings.Replace(w.config, "page_size: "+sizes[0], "page_size: "+sizes[1], 1)
			w.run(app.Event{}, export.Complete)
			if n := len(w.lines(customers("2026-11-18"))); n != 1_000 || len(w.keys(spools)) != 0 {
				t.Errorf("pages of %s and then of %s: %d lines, expected 1000; %q left", sizes[0], sizes[1], n, w.keys(spools))
			}
		})
	}
}

func TestADatasetThatIsNotWantedAnyMoreLeavesNoReadingBehind(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
		w.within(3*time.Minute, app.Event{})
		w.config += "\ndatasets: {customers: {off: true}}"
		w.run(app.Event{}, export.Complete)
		if len(w.keys(spools)) != 0 {
			t.Errorf("%q is still there", w.keys(spools))
		}
	})
}

func TestAKilledRunGoesOnFromWhatWasSavedLast(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18\nrefresh: 1000h", func(w *world) {
		w.within(2*time.Minute, app.Event{})
		saved, firstRun := w.bytes(customerSpool), w.asked(simulator.Customers, 0)
		w.pass(5 * time.Minute)
		since := len(w.yard.Requests())
		ctx, kill := context.WithCancel(w.Context())
		time.AfterFunc(90*time.Second, kill)
		_, err := w.open().Export(ctx, app.ScrapRight, app.Event{})
		if err == nil || len(w.asked(simulator.Customers, since)) == 0 || w.bytes(customerSpool) != saved {
			t.Fatalf("%v; expected a run that was killed while it read, and what was saved as it was", err)
		}
		w.pass(5 * time.Minute) // until its lease is over
		since = len(w.yard.Requests())
		w.run(app.Event{}, export.Complete)
		third := w.asked(simulator.Customers, since)
		for page := 1; page <= someCustomers/100+1; page++ {
			if first := page == 1; firstRun[page]+third[page] != 1 && !first || first && third[page] != 1 {
				t.Errorf("page %d was asked for %d times in the first run and %d times in the last", page, firstRun[page], third[page])
			}
		}
		if e, _ := w.entry("customers", "2026-11-18"); e.Rows != someCustomers || !e.FetchedAt.Equal(noon) {
			t.Errorf("%s", show(e))
		}
	})
}

func TestAStoppedRunSavesWhatItRead(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
		time.AfterFunc(100*time.Second, func() { close(w.stop) })
		w.run(app.Event{}, export.Partial)
		w.stop = make(chan struct{})
		w.pass(time.Minute)
		var states []string
		o := w.options()
		o.Observe = func(p app.Progress) {
			if p.Name.Dataset == "customers" {
				states = append(states, p.State)
				if p.State == "resumed" && (p.Rows < 1_000 || p.Rows%100 != 0) {
					t.Errorf("taken up with %d rows", p.Rows)
				}
			}
		}
		a, err := app.Open(w.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := a.Export(w.Context(), app.ScrapRight, app.Event{}); err != nil || r.Status != export.Complete {
			t.Fatalf("%v %s", err, show(r))
		}
		if !slices.Equal(states, []string{"reading", "resumed", "written"}) {
			t.Errorf("%q", states)
		}
		w.askedOnce(simulator.Customers, 0, someCustomers/100)
	})
}

func TestAPurchaseDayOfManyPagesIsTakenUp(t *testing.T) {
	yard := simulator.YardConfig{RequestsPerMinute: 10, Customers: 3, Businesses: 1, TicketsPerDay: 3_000}
	const config = "start: 2026-11-17\nrestate_every: 1000h"
	event := app.Event{From: day("2026-11-17"), To: day("2026-11-17"), Datasets: []string{"purchases"}}
	var want []string
	inWorld(t, yard, config, func(w *world) {
		w.run(event, export.Complete)
		want = w.lines(purchases("2026-11-17"))
	})
	inWorld(t, yard, config, func(w *world) {
		e := event
		for run := 1; ; run++ {
			r := w.within(2*time.Minute, e)
			if r.Next == nil {
				break
			}
			if run > 4 {
				t.Fatalf("run %d: %s", run, show(r))
			}
			e = *r.Next
			w.pass(2 * time.Minute)
		}
		w.askedOnce(simulator.Purchases, 0, (len(want)+99)/100)
		if got := w.lines(purchases("2026-11-17")); !slices.Equal(got, want) {
			t.Errorf("%d lines, expected the %d of a run without a deadline", len(got), len(want))
		}
	})
}

func TestAnOpenDayThatIsTakenUpAfterMidnightIsReadAgain(t *testing.T) {
	yard := simulator.YardConfig{RequestsPerMinute: 10, Customers: 3, Businesses: 1, TicketsPerDay: 3_000}
	inWorld(t, yard, "start: 2026-11-18\nrestate_days: 0\ndatasets: {customers: {off: true}, businesses: {off: true}}", func(w *world) {
		w.pass(11*time.Hour + 57*time.Minute)
		began := time.Now()
		w.within(2*time.Minute, app.Event{})
		w.pass(10 * time.Minute)
		w.run(app.Event{}, export.Complete)
		if e, _ := w.entry("purchases", "2026-11-18"); !e.FetchedAt.Equal(began) || e.Settled {
			t.Errorf("%s; a reading that began on an open day settles nothing", show(e))
		}
	})
}

func TestResponsesOfADayAreTakenUp(t *testing.T) {
	c := simulator.ScrunchConfig{Brands: 1, Prompts: 40, Runs: 8}
	event := app.Event{From: day("2026-11-17"), To: day("2026-11-17"), Datasets: []string{"responses"}}
	key := part("responses", "2026-11-17", 101)
	var want []string
	inScrunch(t, c, "", func(w *world, _ *simulator.Scrunch) {
		w.run(event, export.Complete)
		want = w.lines(key)
	})
	inScrunch(t, c, "", func(w *world, s *simulator.Scrunch) {
		s.Fault(func(r simulator.Request) *simulator.Answer {
			return &simulator.Answer{Delay: 10 * time.Second}
		})
		e, runs := event, 1
		for ; ; runs++ {
			r := w.within(time.Minute, e)
			if r.Next == nil {
				break
			}
			if runs > 9 {
				t.Fatalf("%s", show(r))
			}
			e = *r.Next
			w.pass(2 * time.Minute)
		}
		offsets := map[int]int{}
		for _, r := range s.Requests() {
			if strings.HasSuffix(r.Path, "/responses") && r.Status == 200 {
				offsets[r.Offset]++
			}
		}
		for offset, n := range offsets {
			if n > 2 { // one whose answer came too late is asked for again
				t.Errorf("offset %d was asked for %d times", offset, n)
			}
		}
		if got := w.lines(key); runs < 2 || len(want) < 500 || !slices.Equal(got, want) {
			t.Errorf("%d lines after %d runs, expected the %d of a run without a deadline", len(got), runs, len(want))
		}
	})
}

func TestAReadingIsTakenUpByOneRunAtATime(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
		w.within(2*time.Minute, app.Event{})
		w.pass(time.Minute)
		ended := make(chan app.Result)
		go func() {
			r, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{})
			if err != nil {
				t.Error(err)
			}
			ended <- r
		}()
		w.pass(30 * time.Second)
		asked := len(w.yard.Requests())
		w.run(app.Event{}, export.Held)
		if len(w.yard.Requests()) != asked {
			t.Error("the busy run made requests")
		}
		if r := <-ended; r.Status != export.Complete {
			t.Errorf("%s", show(r))
		}
		w.askedOnce(simulator.Customers, 0, someCustomers/100)
	})
}

// A run that was paused so long that another one saved its own reading meanwhile finds that in its way.
func TestAZombiesSaveLoses(t *testing.T) {
	for _, begun := range []bool{false, true} {
		inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
			if begun {
				w.within(time.Minute, app.Event{})
				w.pass(time.Minute)
			}
			since := len(w.asked(simulator.Customers, 0))
			w.yard.Fault(func(r simulator.Request) *simulator.Answer {
				if r.Endpoint == simulator.Customers && r.Page == since+3 {
					w.put(customerSpool, []byte("another run's\n"), nil)
				}
				return nil
			})
			if r := w.within(90*time.Second, app.Event{}); r.Status != export.Partial {
				t.Errorf("%s", show(r))
			}
			if got := w.bytes(customerSpool); got != "another run's\n" {
				t.Errorf("begun %v: %d bytes were written over the other run's", begun, len(got))
			}
		})
	}
}

func TestAReadingThatWasPublishedIsNotTakenUpAgain(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18\nrefresh: 1000h", func(w *world) {
		w.within(2*time.Minute, app.Event{})
		w.pass(time.Minute)
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if c.Operation == "DeleteObject" {
				return faultproxy.Refuse(403, "AccessDenied")
			}
			return nil
		})
		w.run(app.Event{}, export.Complete) // as if it were killed before it removed the reading
		if len(w.keys(spools)) != 1 {
			t.Fatal("the reading is gone")
		}
		w.aws.Fault(nil)
		w.pass(time.Minute)
		since := len(w.yard.Requests())
		w.run(app.Event{}, export.Complete)
		if n := len(w.asked(simulator.Customers, since)); n != 0 || len(w.keys(spools)) != 0 {
			t.Errorf("%d pages asked for; %q left", n, w.keys(spools))
		}
	})
}

func TestWhatCannotBeSavedCostsOnlyProgress(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if c.Operation == "PutObject" && strings.HasPrefix(c.Key, spools) {
				return faultproxy.Refuse(403, "AccessDenied")
			}
			return nil
		})
		if r := w.within(2*time.Minute, app.Event{}); r.Status != export.Partial || w.dataset(r, "purchases").Written != 1 {
			t.Errorf("%s", show(r))
		}
		w.pass(time.Minute)
		since := len(w.yard.Requests())
		w.run(app.Event{}, export.Complete)
		w.askedOnce(simulator.Customers, since, someCustomers/100)
	})
}

// An object whose lines were changed in the bucket has another digest than its first line tells.
func TestAReadingWhoseLinesWereChangedIsNotTakenUp(t *testing.T) {
	inWorld(t, quietYard(someCustomers), "start: 2026-11-18", func(w *world) {
		w.within(3*time.Minute, app.Event{})
		text, err := os.ReadFile(w.path(customerSpool))
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)-40] ^= 1
		w.put(customerSpool, text, nil)
		w.run(app.Event{}, export.Complete)
		if lines := w.lines(customers("2026-11-18")); len(lines) != someCustomers {
			t.Errorf("%d lines", len(lines))
		}
	})
}
