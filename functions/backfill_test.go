package functions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// backfilled is what the tests of a backfill look at in a result.
type backfilled struct {
	Status    string
	Remaining int
	Next      json.RawMessage
}

// settledDays are the days of purchases in the ledger, and whether they are settled.
func (d yardDeployment) settledDays(t *testing.T) (settled map[string]bool, read int) {
	t.Helper()
	months, err := filepath.Glob(filepath.Join(d.dir, "s3", "acme-reporting", "_yardstick", "ledger", "scrapright", "purchases", "account=main", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	settled = map[string]bool{}
	for _, month := range months {
		text, err := os.ReadFile(month)
		var ledger struct {
			Days map[string]map[string]struct{ Settled bool }
		}
		if err := errors.Join(err, json.Unmarshal(text, &ledger)); err != nil {
			t.Fatal(err)
		}
		for day, parts := range ledger.Days {
			settled[day] = parts["purchases"].Settled
			read++
		}
	}
	return settled, read
}

// sparing fails the test where a day that was settled was asked for since a request.
func (d yardDeployment) sparing(t *testing.T, settled map[string]bool, since int) {
	t.Helper()
	for _, r := range d.yard.Requests()[since:] {
		if r.Endpoint == simulator.Purchases && settled[r.From] {
			t.Errorf("%s is settled, and was asked for", r.From)
		}
	}
}

// A backfill of 90 days in runs of three seconds, the second of which is killed by SIGKILL at a random request of its. The next
// one waits for the lease of the killed one; the others for nothing.
func TestABackfillWithAKilledRunGoesOnInTheNextOne(t *testing.T) {
	t.Parallel() // it waits for most of its time
	binary := bootstrap(t, "scrapright-export")
	d := deployYardOf(t, simulator.YardConfig{})
	slow := func(simulator.Request) *simulator.Answer { return &simulator.Answer{Delay: 30 * time.Millisecond} }
	d.yard.Fault(slow)
	today := time.Now().UTC()
	from, to := today.AddDate(0, 0, -89).Format(time.DateOnly), today.Format(time.DateOnly)
	event := fmt.Sprintf(`{"from":%q,"to":%q}`, from, to)

	run := func(timeout time.Duration, event string) backfilled {
		t.Helper()
		settled, had := d.settledDays(t)
		since := len(d.yard.Requests())
		got := start(t, binary, timeout, d.env...).invoke(event)
		var r backfilled
		if err := json.Unmarshal(got.body, &r); err != nil || got.errorType != "" {
			t.Fatalf("%v: %s %s %s", err, got.errorType, got.message, got.body)
		}
		d.sparing(t, settled, since)
		if _, has := d.settledDays(t); has <= had && r.Status != "complete" {
			t.Fatalf("%d days in the ledger, as before the run: %s", has, got.body)
		}
		return r
	}
	first := run(brief, event)
	if first.Status != "partial" || string(first.Next) == "null" {
		t.Fatalf("%+v; expected a run that its deadline cut short", first)
	}

	settled, _ := d.settledDays(t)
	since := len(d.yard.Requests())
	last := since + 5 + rand.IntN(40)
	reached := make(chan struct{})
	d.yard.Fault(func(r simulator.Request) *simulator.Answer {
		if r.N != last {
			return slow(r)
		}
		close(reached)
		return &simulator.Answer{Until: t.Context().Done()}
	})
	holder := start(t, binary, brief, d.env...)
	go func() { _, _ = holder.call(string(first.Next)) }() // it is killed and never answers
	<-reached
	holder.kill()
	d.yard.Fault(slow)
	d.sparing(t, settled, since)

	run(90*time.Second, newest(t, first.Next, 30)) // waits
	for runs, next := 1, first.Next; string(next) != "null"; runs++ {
		if runs > 20 {
			t.Fatal("no end")
		}
		next = run(brief, string(next)).Next
	}
	t.Logf("killed at request %d of its own", last-since)
	if r := run(brief, event); r.Remaining != 0 || r.Status != "complete" {
		t.Errorf("%+v; something is left", r)
	}
	d.sessionStands(t)
	if slices.ContainsFunc(d.yard.Requests(), func(r simulator.Request) bool { return r.Status == http.StatusTooManyRequests }) {
		t.Error("an answer of 429")
	}
	d.yard.Fault(nil)
	alone := d.beside(t)
	parseEnd(t, start(t, binary, time.Minute, alone.env...).invoke(event))
	one, many := alone.objects(t, "scrapright"), d.objects(t, "scrapright")
	if diff := cmp.Diff(withoutToday(one, to), withoutToday(many, to)); diff != "" || len(one) != 91 {
		t.Errorf("%d data objects (-a single run's +those of several):\n%.3000s", len(one), diff)
	}
}

// newest is an event for the newest days of another's.
func newest(t *testing.T, event []byte, days int) string {
	t.Helper()
	var e struct{ To string }
	err := json.Unmarshal(event, &e)
	to, parseErr := time.Parse(time.DateOnly, e.To)
	if err := errors.Join(err, parseErr); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"from":%q,"to":%q}`, to.AddDate(0, 0, -days).Format(time.DateOnly), e.To)
}

// withoutToday leaves out the day that still grows.
func withoutToday(objects map[string][]string, today string) map[string][]string {
	for key := range objects {
		if strings.Contains(key, "/purchases/") && strings.Contains(key, "dt="+today) {
			delete(objects, key)
		}
	}
	return objects
}
