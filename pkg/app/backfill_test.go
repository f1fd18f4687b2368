package app_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	gocmp "github.com/google/go-cmp/cmp"
)

// seeds are how many worlds the tests with kills at random moments go through: BACKFILL_SEEDS in the environment, else 3.
func seeds(t *testing.T) []uint64 {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("BACKFILL_SEEDS"), "3"))
	if err != nil || n < 1 {
		t.Fatalf("BACKFILL_SEEDS: found %q, expected a number", os.Getenv("BACKFILL_SEEDS"))
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	return all
}

// A run has a quarter of an hour, and a new one begins every half hour: then the lease of one that was killed is over.
const (
	limit  = 15 * time.Minute
	period = 30 * time.Minute
)

// ninetyDays end today.
const ninetyDays = "start: 2026-08-21\nverify_after: 0\nrefresh: 0s"

// sixRuns is a yard of which 90 days take six runs at the pace that it grants.
func sixRuns(seed uint64) simulator.YardConfig {
	return simulator.YardConfig{Seed: seed, RequestsPerMinute: 6, MaxPageSize: 3, TicketsPerDay: 10, Customers: 3, Businesses: 5}
}

// mortal is the network of a process that is killed at one of its calls: from then on nothing leaves it and no answer
// reaches it.
type mortal struct {
	http.RoundTripper
	calls atomic.Int64
	last  int64 // the call at which it is killed
	takes bool  // that one still takes effect
	life  context.Context
	die   context.CancelFunc
}

var errKilled = errors.New("the process was killed")

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	n := m.calls.Add(1)
	if n == m.last && !m.takes {
		m.die()
	}
	if m.life.Err() != nil {
		return nil, errKilled
	}
	if n == m.last {
		r = r.WithContext(context.WithoutCancel(r.Context()))
	} else {
		ctx, cancel := context.WithCancel(r.Context())
		context.AfterFunc(m.life, cancel)
		r = r.WithContext(ctx)
	}
	answer, err := m.RoundTripper.RoundTrip(r)
	if n == m.last {
		m.die()
	}
	if m.life.Err() != nil && err == nil {
		return nil, errors.Join(errKilled, answer.Body.Close())
	}
	return answer, err
}

// kill runs a process that is killed at a call: its lease, ledger and session stay as they are then. It says whether the
// run came that far.
func (w *world) kill(last int64, takes bool, e app.Event) bool {
	w.Helper()
	life, die := context.WithTimeout(w.Context(), limit)
	defer die()
	o := w.options()
	m := &mortal{RoundTripper: o.Transport, last: last, takes: takes, life: life, die: die}
	o.Transport = m
	a, err := app.Open(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	r, err := a.Export(life, w.source, e)
	if killed := m.calls.Load() >= last; killed != (err != nil) {
		w.Fatalf("after %d calls of %d: %v %s", m.calls.Load(), last, err, show(r))
	}
	return err != nil
}

// readDays are the days of purchases in the ledger, and whether they are settled.
func (w *world) readDays() map[string]bool {
	w.Helper()
	days := map[string]bool{}
	for _, key := range w.keys("_yardstick/ledger/scrapright/purchases/") {
		month := strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json")
		for day, parts := range w.ledger("purchases", month).Days {
			days[day.String()] = parts["purchases"].Settled
		}
	}
	return days
}

// sparing does something, and checks that no day that was settled is asked for.
func (w *world) sparing(do func()) {
	w.Helper()
	days, since := w.readDays(), len(w.yard.Requests())
	do()
	for _, r := range w.yard.Requests()[since:] {
		if r.Endpoint == simulator.Purchases && days[r.From] {
			w.Errorf("%s is settled, and was asked for", r.From)
		}
	}
}

// alone is a run that nobody disturbs.
func (w *world) alone() (r app.Result) {
	w.Helper()
	before, began := len(w.readDays()), time.Now().UTC().Truncate(time.Second)
	w.sparing(func() { r = w.within(limit, app.Event{}) })
	if after := len(w.readDays()); after <= before && r.Status != export.Complete {
		w.Fatalf("%d days in the ledger, and %d before: %s", after, before, show(r))
	}
	if e, _ := w.entry("purchases", "2026-11-18"); !e.FetchedAt.Equal(began) {
		w.Errorf("today was read last at %s; the run began at %s", e.FetchedAt, began)
	}
	return r
}

// data are the lines of every object for readers, below a prefix of the bucket.
func (w *world) data(prefix string) map[string][]string {
	w.Helper()
	data := map[string][]string{}
	for _, part := range []string{"scrapright/", "latest/"} {
		for _, key := range w.keys(prefix + part) {
			data[strings.TrimPrefix(key, prefix)] = w.lines(key)
		}
	}
	return data
}

// endsAsOneRunDoes compares the bucket with what a single run without a deadline writes beside it.
func (w *world) endsAsOneRunDoes() {
	w.Helper()
	w.yard.SetLimit(6000) // the two runs do not know of each other's requests
	w.run(app.Event{}, export.Complete)
	w.more = "prefix: one-shot/\n"
	w.run(app.Event{}, export.Complete)
	one, many := w.data("one-shot/"), w.data("")
	if diff := gocmp.Diff(one, many); diff != "" || len(one) < 90 {
		w.Errorf("%d objects (-of one run +of many):\n%.3000s", len(one), diff)
	}
}

func TestABackfillOf90DaysNeedsSixRuns(t *testing.T) {
	inWorld(t, sixRuns(1), ninetyDays, func(w *world) {
		runs := 1
		for w.alone().Status != export.Complete {
			w.pass(period)
			runs++
		}
		if runs != 6 {
			t.Errorf("%d runs", runs)
		}
		if n := w.yard.CountStatus(http.StatusTooManyRequests); n != 0 {
			t.Errorf("%d answers of 429", n)
		}
	})
}

// Every second run is killed at a random call, before it takes effect or after.
func TestABackfillOf90DaysWithKillsMovesOnInEveryRunAndEndsAsOneRunDoes(t *testing.T) {
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inWorld(t, sixRuns(seed), ninetyDays, func(w *world) {
				dice, kills := rand.New(rand.NewPCG(seed, 90)), 0
				for run := 1; w.alone().Status != export.Complete; run++ {
					w.pass(period)
					last, takes := 1+dice.Int64N(120), dice.IntN(2) == 0
					w.sparing(func() {
						if w.kill(last, takes, app.Event{}) {
							kills++
						}
					})
					w.pass(period)
					if run > 6 {
						t.Fatal("more than six runs that nobody disturbed")
					}
				}
				if kills < 2 {
					t.Errorf("%d kills: the test shows nothing", kills)
				}
				w.pass(period)
				w.endsAsOneRunDoes()
				w.sessionStands()
			})
		})
	}
}
