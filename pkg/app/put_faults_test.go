package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// putFaults are the ways in which one write to S3 goes wrong in passing.
func putFaults() map[string]func() *faultproxy.Answer {
	refuse := func(status int, code string) func() *faultproxy.Answer {
		return func() *faultproxy.Answer { return faultproxy.Refuse(status, code) }
	}
	belie := func(status int, code string) func() *faultproxy.Answer {
		return func() *faultproxy.Answer { return faultproxy.Belie(status, code) }
	}
	return map[string]func() *faultproxy.Answer{
		"500 after it was committed":      belie(http.StatusInternalServerError, "InternalError"),
		"503 after it was committed":      belie(http.StatusServiceUnavailable, "SlowDown"),
		"connection closed after it":      faultproxy.Lose,
		"409":                             refuse(http.StatusConflict, "ConditionalRequestConflict"),
		"409 after it was committed":      belie(http.StatusConflict, "ConditionalRequestConflict"),
		"412 by its own earlier success":  belie(http.StatusPreconditionFailed, "PreconditionFailed"),
		"SlowDown":                        refuse(http.StatusServiceUnavailable, "SlowDown"),
		"connection closed before it was": func() *faultproxy.Answer { return &faultproxy.Answer{Drop: true} },
	}
}

// TestPutsThatGoWrongInPassingLeaveOneRightObjectEach breaks the first try of every write of a run that creates objects
// and of one that replaces them: the run is complete, no page is asked for again, each object is put in place once and
// is right, and a run after them finds nothing to do.
func TestPutsThatGoWrongInPassingLeaveOneRightObjectEach(t *testing.T) {
	for name, fault := range putFaults() {
		t.Run(name, func(t *testing.T) {
			const settings = "start: 2026-11-18\nrefresh: 0s\ndatasets: {businesses: {off: true}}"
			inWorld(t, simulator.YardConfig{TicketsPerDay: 3, Customers: 3, AccessTTL: 24 * time.Hour}, settings, func(w *world) {
				w.yard.Fault(func(simulator.Request) *simulator.Answer {
					return &simulator.Answer{Delay: 40 * time.Second} // two writes of a lease are further apart than the tries of one
				})
				for version, what := range []string{"creates", "replaces"} {
					w.yard.SetRecords(simulator.Purchases, "2026-11-18", versioned(version, 3))
					w.yard.SetRecords(simulator.Customers, "", versioned(version, 4))
					broken := map[string]time.Time{}
					w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
						if c.Operation != "PutObject" || strings.HasPrefix(c.Key, "about/") || c.Time.Sub(broken[c.Key]) < 30*time.Second {
							return nil
						}
						broken[c.Key] = c.Time
						return fault()
					})
					w.putRun(what, version)
					w.aws.Fault(nil)
					if keys := slices.Sorted(maps.Keys(broken)); len(keys) != 7 { // 2 objects, a copy, 2 ledgers, the lease and the result
						t.Errorf("%s: writes of %q went wrong", what, keys)
					}
				}
				w.idleRun()
			})
		})
	}
}

// putRun is a run during which one write goes wrong.
func (w *world) putRun(what string, version int) {
	w.Helper()
	w.pass(time.Minute)
	since, asked := len(w.aws.Calls()), len(w.yard.Requests())
	result := w.within(15*time.Minute, app.Event{})
	if result.Status != export.Complete {
		w.Errorf("%s: %s", what, show(result))
	}
	for _, d := range result.Accounts[0].Datasets {
		if d.Written != 1 || d.Remaining != 0 {
			w.Errorf("%s: %s", what, show(d))
		}
	}
	effects := map[string]int{}
	for _, c := range w.aws.Calls()[since:] {
		if c.Operation == "PutObject" && c.Effect == http.StatusOK && !strings.HasPrefix(c.Key, "about/") {
			effects[c.Key]++
		}
	}
	for key, n := range effects {
		want := 1
		if strings.HasPrefix(key, "_yardstick/leases/") {
			want = 2 // taken and released
		}
		if n != want {
			w.Errorf("%s: %s was put in place %d times, expected %d", what, key, n, want)
		}
	}
	runs := slices.DeleteFunc(w.keys("_yardstick/runs/"), func(key string) bool { return !strings.Contains(key, result.Run) })
	if len(runs) != 1 {
		w.Errorf("%s: results of the run: %q", what, runs)
	}
	if n := len(w.yard.Requests()) - asked; n > 5 { // a token, and each list with its empty page
		w.Errorf("%s: %d requests to the yard", what, n)
	}
	if !slices.Equal(w.lines(purchases("2026-11-18")), versioned(version, 3)) ||
		!slices.Equal(w.lines(customers("2026-11-18")), versioned(version, 4)) || w.bytes(latestCopy) != w.bytes(customers("2026-11-18")) {
		w.Errorf("%s: the objects are not those of version %d", what, version)
	}
	if keys := append(w.keys("scrapright/"), w.keys("latest/")...); len(keys) != 3 {
		w.Errorf("%s: objects %q", what, keys)
	}
	w.leaseIsFree(what)
}

// idleRun checks that the ledger is right: the next run writes no object.
func (w *world) idleRun() {
	w.Helper()
	w.pass(time.Minute)
	since := len(w.aws.Calls())
	w.run(app.Event{}, export.Complete)
	for _, c := range w.aws.Calls()[since:] {
		if c.Operation == "PutObject" && !strings.HasPrefix(c.Key, "_yardstick/") {
			w.Errorf("the run after them writes %s", c.Key)
		}
	}
}

func (w *world) leaseIsFree(what string) {
	w.Helper()
	var l export.Lease
	if err := json.Unmarshal([]byte(w.bytes("_yardstick/leases/scrapright/main.json")), &l); err != nil || !l.Released {
		w.Errorf("%s: the lease is %s, %v", what, show(l), err)
	}
}
