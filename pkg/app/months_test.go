package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// s3 counts the requests to S3 of what f does.
func (w *world) s3(f func()) (n int) {
	before := w.cloud.Requests()
	f()
	for operation, count := range w.cloud.Requests() {
		if strings.HasPrefix(operation, "s3:") {
			n += count - before[operation]
		}
	}
	return n
}

// forget takes what is remembered of past months out of the lease, and puts something else in its place.
func (w *world) forget(instead string) {
	w.Helper()
	key := "_yardstick/leases/" + w.source + "/main.json"
	var lease map[string]json.RawMessage
	if err := json.Unmarshal([]byte(w.bytes(key)), &lease); err != nil {
		w.Fatal(err)
	}
	if lease["months"] == nil {
		w.Fatal("the lease remembers no months")
	}
	if lease["months"] = json.RawMessage(instead); instead == "" {
		delete(lease, "months")
	}
	text, err := json.Marshal(lease)
	if err != nil {
		w.Fatal(err)
	}
	w.put(key, text, nil)
}

// hours exports every hour for that many hours, and answers how many requests to S3 each took.
func (w *world) hours(n int) (requests []int) {
	for range n {
		w.pass(time.Hour)
		requests = append(requests, w.s3(func() { w.run(app.Event{}, export.Complete) }))
	}
	return requests
}

// grow puts a history of settled days before a dataset's day, each as that day is: objects and ledgers as a run of long ago left them.
func (w *world) grow(dataset string, like, first snapshot.Day) {
	w.Helper()
	ledgers := "_yardstick/ledger/" + w.source + "/" + dataset + "/account=main/"
	load := func(month string) (l snapshot.Ledger) {
		if text := w.bytes(ledgers + month + ".json"); text != "" {
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				w.Fatal(err)
			}
			return l
		}
		return snapshot.Ledger{Version: 1, Source: w.source, Dataset: dataset, Account: "main", Month: month, Days: map[snapshot.Day]map[string]snapshot.Entry{}}
	}
	var grown []string
	w.Cleanup(func() { // copies of one day: the look for secrets needs no hundreds of them
		for _, path := range grown {
			if err := os.Remove(path); err != nil {
				w.Error(err)
			}
		}
	})
	model := load(like.Month()).Days[like]
	if len(model) == 0 {
		w.Fatalf("no %s of %s", dataset, like)
	}
	for end := like - 1; end >= first; end = end.FirstOfMonth() - 1 {
		l := load(end.Month())
		for day := max(first, end.FirstOfMonth()); day <= end; day++ {
			l.Days[day] = map[string]snapshot.Entry{}
			for part, entry := range model {
				if !entry.Settled {
					w.Fatalf("%s of %s is not settled", part, like)
				}
				body := w.bytes(entry.Key)
				entry.Key = strings.Replace(entry.Key, like.String(), day.String(), 1)
				entry.Window = [2]snapshot.Day{day, day}
				l.Days[day][part] = entry
				grown = append(grown, w.path(entry.Key))
				err := os.MkdirAll(filepath.Dir(w.path(entry.Key)), 0o700)
				if err := errors.Join(err, os.WriteFile(w.path(entry.Key), []byte(body), 0o600)); err != nil {
					w.Fatal(err)
				}
			}
		}
		text, err := json.Marshal(l)
		if err := errors.Join(err, os.WriteFile(w.path(ledgers+end.Month()+".json"), text, 0o600)); err != nil {
			w.Fatal(err)
		}
	}
}

// idle grows a history of 24 months, and counts what an hour asks of S3 that looks at everything, as each did before months
// were remembered, and then one hour after the other.
func (w *world) idle(hours int, datasets ...string) (everything int, then []int) {
	w.Helper()
	w.run(app.Event{}, export.Complete)
	for _, dataset := range datasets {
		w.grow(dataset, day("2026-11-13"), day("2024-12-01"))
	}
	w.config = strings.Replace(w.config, "start: 2026-11-13", "start: 2024-12-01", 1)
	w.pass(time.Hour)
	everything = w.s3(func() { w.run(app.Event{}, export.Complete) })
	then = w.hours(hours)
	w.Logf("requests to S3: %d in an hour that looks at everything; then %v", everything, then)
	return everything, then
}

func TestAnIdleHourOfTwoYearsOfHistoryAsksForLittle(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-13\nrefresh: 1000h\nverify_after: 0", func(w *world) {
		everything, then := w.idle(12, "purchases")
		sum := 0
		for _, n := range then {
			sum += n
		}
		if everything < 34 || sum > 12*17+4 || slices.Max(then) > 27 {
			t.Errorf("%d in an hour that looks at everything; then %v: 17 on average and 4 to tell of a new day, 27 at most", everything, then)
		}
		if lease := w.bytes("_yardstick/leases/scrapright/main.json"); len(lease) > 6<<10 {
			t.Errorf("the lease has grown to %d bytes", len(lease))
		}
	})
}

func TestAnIdleHourOfTwoYearsOfThreeBrandsAsksForLittle(t *testing.T) {
	const settings = "start: 2026-11-13\nrefresh: 1000h\nverify_after: 0\ndatasets: {responses: {off: true}}\n" +
		"reports: {platform_daily: {off: true}, prompt_daily: {off: true}, competitor_daily: {off: true}, citation_daily: {off: true}}"
	inScrunch(t, simulator.ScrunchConfig{Prompts: 3}, settings, func(w *world, _ *simulator.Scrunch) {
		everything, then := w.idle(3, "brand_daily") // of all six: 193, then 61
		if everything < 38 || slices.Max(then) > 25 {
			t.Errorf("%d in an hour that looks at everything; then %v: 25 at most", everything, then)
		}
	})
}

// old are purchases of days of complete months before the last one.
func old() []string {
	return []string{purchases("2026-07-28"), purchases("2026-08-31"), purchases("2026-09-30")}
}

func (w *world) remove(keys ...string) {
	w.Helper()
	for _, key := range keys {
		if err := os.Remove(w.path(key)); err != nil {
			w.Fatal(err)
		}
	}
}

// back counts the keys that are there again.
func (w *world) back(keys ...string) (n int) {
	for _, key := range keys {
		if w.bytes(key) != "" {
			n++
		}
	}
	return n
}

const fourMonths = "start: 2026-07-25\nrefresh: 1000h\nverify_after: 0"

// inFourMonths runs a test where four months were exported, and all of it looked at.
func inFourMonths(t *testing.T, test func(w *world)) {
	t.Helper()
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2, Customers: 3, Businesses: 3}, strings.Replace(fourMonths, "2026-07-25", "2026-11-13", 1), func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.grow("purchases", day("2026-11-13"), day("2026-07-25"))
		w.config = fourMonths
		w.pass(time.Minute)
		w.run(app.Event{}, export.Complete)
		w.pass(time.Minute)
		test(w)
	})
}

func TestAnObjectOfAnOldMonthComesBackWithinADayAndALaterOneAtOnce(t *testing.T) {
	inFourMonths(t, func(w *world) {
		w.remove(append(old(), purchases("2026-10-01"), purchases("2026-11-02"))...)
		forecast, err := w.open().Plan(w.Context(), app.ScrapRight, app.Event{}, time.Hour)
		if err != nil || forecast.Accounts[0].Datasets[0].Backlog != 5 {
			t.Errorf("the plan relies on what is remembered: %v %s", err, show(forecast))
		}
		d := w.dataset(w.run(app.Event{}, export.Complete), "purchases")
		if d.Written > 3 || w.back(purchases("2026-10-01"), purchases("2026-11-02")) != 2 {
			t.Errorf("this month and the last one are looked at on every run, and one of the others at most: %s", show(d))
		}
		for range 24 {
			w.pass(time.Hour)
			before := w.back(old()...)
			w.run(app.Event{}, export.Complete)
			if n := w.back(old()...) - before; n > 1 {
				t.Errorf("%d months were looked at in one hour", n)
			}
		}
		if n := w.back(old()...); n != len(old()) {
			t.Errorf("%d of %d are back after a day", n, len(old()))
		}
	})
}

func TestWhatIsRememberedOfMonthsStandsForNothingElse(t *testing.T) {
	gone := purchases("2026-08-15")
	forgotten := func(instead string) func(w *world) app.Event {
		return func(w *world) app.Event { w.forget(instead); return app.Event{} }
	}
	inFourMonths(t, func(w *world) {
		for _, c := range []struct {
			name   string
			change func(w *world) app.Event
		}{
			{"an event for that day", func(*world) app.Event { return app.Event{From: day("2026-08-15"), To: day("2026-08-15")} }},
			{"nothing remembered", forgotten("")},
			{"another kind of value", forgotten(`"all complete"`)},
			{"broken inside", forgotten(`{"version":1,"datasets":{"purchases":7}}`)},
			{"a newer form", forgotten(`{"version":2,"datasets":{"purchases":{"complete":"all"}}}`)},
			{"an earlier clock", func(*world) app.Event { return app.Event{ScheduledTime: time.Now().Add(-time.Hour)} }},
			{"a day later", func(w *world) app.Event { w.pass(24 * time.Hour); return app.Event{} }},
			{"an earlier start", func(w *world) app.Event {
				w.config = strings.Replace(fourMonths, "2026-07-25", "2026-07-10", 1)
				w.remove(purchases("2026-07-26"))
				gone = purchases("2026-07-26") // the month that was not wanted from its beginning
				return app.Event{}
			}},
			{"asked differently", func(w *world) app.Event {
				w.config = strings.Replace(fourMonths, "2026-07-25", "2026-07-10", 1) + "\ndatasets: {purchases: {omit: [/notes]}}"
				return app.Event{}
			}},
		} {
			w.run(app.Event{}, export.Complete)
			w.remove(gone)
			w.pass(time.Minute)
			if w.run(app.Event{}, export.Complete); w.back(gone) != 0 {
				t.Fatalf("%s: the month was looked at without need, and the case shows nothing", c.name)
			}
			was := gone
			w.run(c.change(w), export.Complete)
			if was != gone {
				w.run(app.Event{From: day("2026-08-15"), To: day("2026-08-15")}, export.Complete)
			}
			if w.back(gone) != 1 {
				t.Errorf("%s: the object is not back", c.name)
			}
		}
	})
}

func TestAFailedDayOfAnOldMonthIsTriedOnEveryRun(t *testing.T) {
	inFourMonths(t, func(w *world) {
		w.remove(purchases("2026-08-15"))
		broken := true
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if broken && r.From == "2026-08-15" {
				return &simulator.Answer{Rewrite: func(a *simulator.Reply) { a.Body = []byte("{}") }}
			}
			return nil
		})
		w.forget("")
		for range 3 {
			w.run(app.Event{}, export.Failed)
			w.pass(time.Minute)
		}
		broken = false
		if w.run(app.Event{}, export.Complete); w.back(purchases("2026-08-15")) != 1 {
			t.Error("the day is missing")
		}
	})
}

func TestVerificationOfAnOldMonthIsNoticedInTime(t *testing.T) {
	inFourMonths(t, func(w *world) {
		w.config = strings.Replace(fourMonths, "verify_after: 0", "verify_after: 60h", 1)
		for range 15 {
			w.pass(5 * time.Hour)
			r := w.run(app.Event{}, export.Complete)
			for _, month := range []string{"2026-07", "2026-08", "2026-09"} {
				for d, parts := range w.ledger("purchases", month).Days {
					if age := r.Time.Sub(parts["purchases"].FetchedAt); age > 60*time.Hour {
						t.Fatalf("after the run of %s, %s was last read %v ago", r.Time, d, age)
					}
				}
			}
		}
	})
}

func TestTheOldestDayOfTheLedgerIsStillWantedWhereNoStartIsConfigured(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2, Customers: 3, Businesses: 3}, "refresh: 1000h\nverify_after: 0", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.hours(3)
		w.run(app.Event{From: day("2026-08-01"), To: day("2026-08-02")}, export.Complete)
		w.pass(time.Hour)
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Written != 77 {
			t.Errorf("%s; expected the days from August 3 to October 18", show(d))
		}
		w.pass(time.Hour)
		if n := w.s3(func() { w.run(app.Event{}, export.Complete) }); n > 18 {
			t.Errorf("%d requests to S3, expected 18 at most", n)
		}
	})
}
