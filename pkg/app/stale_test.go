package app_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

const staleAddress = "127.0.0.1:1005"

// paused is a run that stands still in a call to AWS, on a way of its own: whatever else it calls, such as the renewal
// of its lease, stands still too.
type paused struct {
	*world
	hold  *faultproxy.Hold
	ended chan app.Result
}

// pausedAt begins a run, waits until it makes a certain call, and leaves it there until its lease is over.
func (w *world) pausedAt(stop <-chan struct{}, at func(faultproxy.Call) bool) *paused {
	w.Helper()
	p := &paused{world: w, hold: faultproxy.NewHold(), ended: make(chan app.Result, 1)}
	way := faultproxy.New(w.cloud.Handler(), time.Now)
	w.network.Serve(w, staleAddress, way)
	reached := false
	way.Fault(func(c faultproxy.Call) *faultproxy.Answer {
		if reached = reached || at(c); reached {
			return &faultproxy.Answer{Before: p.hold}
		}
		return nil
	})
	o := w.options()
	o.Endpoint, o.Stop = "http://"+staleAddress, stop
	a, err := app.Open(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	go func() {
		result, _ := a.Export(w.Context(), w.source, app.Event{}) // its error says what the result says
		p.ended <- result
	}()
	select {
	case <-p.hold.Held():
	case <-time.After(time.Hour):
		w.Fatal("the run never made that call")
	}
	w.pass(3 * time.Minute)
	return p
}

// goesOn lets the run go on, until it ends.
func (p *paused) goesOn() app.Result {
	p.hold.Release()
	return <-p.ended
}

// state is all that runs leave for each other and for readers, but for the runs' own results.
func (w *world) state() map[string]string {
	w.Helper()
	all := map[string]string{"session": w.value(sessSecret)}
	for _, key := range w.keys("") {
		if !strings.HasPrefix(key, "_yardstick/runs/") {
			all[key] = w.bytes(key)
		}
	}
	return all
}

// stays checks that all is as a newer run left it.
func (w *world) stays(left map[string]string) {
	w.Helper()
	now := w.state()
	for key := range maps.Keys(now) {
		if left[key] != now[key] {
			w.Errorf("%s is not as the newer run left it", key)
		}
	}
	if len(now) != len(left) {
		w.Errorf("%d objects, the newer run left %d", len(now), len(left))
	}
}

// writes says whether a call writes to a key that begins so, for the nth time.
func writes(prefix string, nth int) func(faultproxy.Call) bool {
	return func(c faultproxy.Call) bool {
		if c.Operation == "PutObject" && strings.HasPrefix(c.Key, prefix) {
			nth--
		}
		return nth == 0
	}
}

// TestAStaleWriterReplacesNothing pauses a run until another one took its lease over, read newer data and finished. When
// it goes on it changes nothing that the newer one left, and says that another run was there.
func TestAStaleWriterReplacesNothing(t *testing.T) {
	const settings = "start: 2026-11-18\nrefresh: 0s\ndatasets: {businesses: {off: true}}"
	operation := func(name string) func(faultproxy.Call) bool {
		return func(c faultproxy.Call) bool { return c.Operation == name }
	}
	tests := []struct {
		name  string
		first bool // nothing was exported before
		at    func(faultproxy.Call) bool
	}{
		{"object", false, writes("scrapright/purchases/", 1)},
		{"object that was not there", true, writes("scrapright/purchases/", 1)},
		{"ledger entry", false, writes("_yardstick/ledger/scrapright/purchases/", 1)},
		{"ledger that was not there", true, writes("_yardstick/ledger/scrapright/purchases/", 1)},
		{"listing", false, writes("scrapright/customers/", 1)},
		{"copy in latest", false, writes("latest/", 1)},
		{"copy in latest that was not there", true, writes("latest/", 1)},
		{"lease", false, writes("_yardstick/leases/", 2)},
		{"session", false, operation("PutSecretValue")},
		{"session that was not there", true, operation("CreateSecret")},
		{"look at the bucket", false, operation("ListObjectsV2")},
		{"look at its objects", false, func(c faultproxy.Call) bool { return c.Operation == "HeadObject" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{TicketsPerDay: 3, Customers: 3}, settings, func(w *world) {
				version := 0
				change := func() {
					version++
					w.yard.SetRecords(simulator.Purchases, "2026-11-18", versioned(version, 3))
					w.yard.SetRecords(simulator.Customers, "", versioned(version, 4))
				}
				change()
				if !tt.first {
					w.run(app.Event{}, export.Complete)
				}
				if tt.name == "session" {
					w.pass(2 * time.Hour) // the access token expires
				}
				change()
				p := w.pausedAt(nil, tt.at)
				change()
				w.run(app.Event{}, export.Complete)
				left := w.state()
				r := p.goesOn()
				w.stays(left)
				w.sessionStands()
				if r.Status != export.Failed && tt.name != "lease" { // that one had done its work
					t.Errorf("the stale run says %s", show(r))
				}
				if text := r.Failures(); r.Status == export.Failed && !strings.Contains(text, string(export.Conflict)) {
					t.Errorf("the stale run says %q, expected kind conflict", text)
				}
				w.pass(time.Minute)
				for _, d := range w.run(app.Event{}, export.Complete).Accounts[0].Datasets {
					if d.Written != 0 {
						t.Errorf("the run after them: %s", show(d))
					}
				}
				if !slices.Equal(w.lines(purchases("2026-11-18")), versioned(3, 3)) || !slices.Equal(w.lines(latestCopy), versioned(3, 4)) {
					t.Error("the newest data is gone")
				}
			})
		})
	}
}

// TestAStaleWriterBringsBackNothing pauses a run that read other data than the one before, until a newer run read the
// former data again: it wrote nothing, so the bucket is still as the stale run knows it.
func TestAStaleWriterBringsBackNothing(t *testing.T) {
	const settings = "start: 2026-11-18\nrefresh: 0s\ndatasets: {businesses: {off: true}}"
	inWorld(t, simulator.YardConfig{TicketsPerDay: 3, Customers: 3}, settings, func(w *world) {
		set := func(version int) {
			w.yard.SetRecords(simulator.Purchases, "2026-11-18", versioned(version, 3))
			w.yard.SetRecords(simulator.Customers, "", versioned(version, 4))
		}
		set(1)
		w.run(app.Event{}, export.Complete)
		set(2)
		p := w.pausedAt(nil, func(c faultproxy.Call) bool {
			return c.Operation == "GetObject" && c.Key == purchases("2026-11-18")
		})
		set(1)
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Unchanged != 1 {
			t.Fatalf("%s", show(d))
		}
		left := w.state()
		r := p.goesOn()
		w.stays(left)
		if text := r.Failures(); r.Status != export.Failed || !strings.Contains(text, string(export.Conflict)) {
			t.Errorf("the stale run says %s", show(r))
		}
	})
}

// TestAStaleWriterReplacesNoReading pauses a run that is to save what it read of a long list.
func TestAStaleWriterReplacesNoReading(t *testing.T) {
	const few = 1_500
	pausedSave := func(w *world) *paused {
		stop := make(chan struct{})
		time.AfterFunc(30*time.Second, func() { close(stop) })
		return w.pausedAt(stop, writes(spools, 1))
	}
	t.Run("that a newer run saved", func(t *testing.T) {
		inWorld(t, quietYard(few), "start: 2026-11-18", func(w *world) {
			p := pausedSave(w)
			if r := w.within(50*time.Second, app.Event{}); r.Status != export.Partial || w.bytes(customerSpool) == "" {
				t.Fatalf("%s", show(r))
			}
			left := w.state()
			p.goesOn()
			w.stays(left)
			w.pass(time.Minute)
			w.run(app.Event{}, export.Complete)
			if n := len(w.lines(customers("2026-11-18"))); n != few {
				t.Errorf("%d lines", n)
			}
		})
	})
	t.Run("that a newer run finished", func(t *testing.T) {
		inWorld(t, quietYard(few), "start: 2026-11-18\nrefresh: 1000h", func(w *world) {
			p := pausedSave(w)
			w.run(app.Event{}, export.Complete)
			left := w.state()
			p.goesOn()
			w.pass(time.Minute)
			since := len(w.yard.Requests())
			w.run(app.Event{}, export.Complete)
			if n := len(w.asked(simulator.Customers, since)); n != 0 {
				t.Errorf("%d pages asked for", n)
			}
			for _, key := range append(w.keys("scrapright/customers"), w.keys("latest/")...) {
				if left[key] != w.bytes(key) {
					t.Errorf("%s is not as the newer run left it", key)
				}
			}
			w.pass(23 * time.Hour) // what is saved is looked for once a day, where nothing was saved since
			if w.run(app.Event{}, export.Complete); len(w.keys(spools)) != 0 {
				t.Errorf("%q is left", w.keys(spools))
			}
		})
	})
}

// TestASlowRenewalOfTheLeaseKeepsNoWindowFromItsBucket holds a renewal for a while: what is read meanwhile is written.
func TestASlowRenewalOfTheLeaseKeepsNoWindowFromItsBucket(t *testing.T) {
	const settings = "start: 2026-11-08\ndatasets: {customers: {off: true}, businesses: {off: true}}"
	inWorld(t, simulator.YardConfig{TicketsPerDay: 3, RequestsPerMinute: 10}, settings, func(w *world) {
		hold, renewal := faultproxy.NewHold(), writes("_yardstick/leases/", 2)
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if renewal != nil && renewal(c) {
				renewal = nil
				time.AfterFunc(70*time.Second, hold.Release)
				return &faultproxy.Answer{Before: hold}
			}
			return nil
		})
		w.run(app.Event{}, export.Complete)
		held, meanwhile := <-hold.Held(), 0
		for _, c := range w.aws.Of("PutObject") {
			if after := c.Time.Sub(held.Time); strings.HasPrefix(c.Key, "scrapright/") && after > 0 && after < 70*time.Second {
				meanwhile++
			}
		}
		if meanwhile == 0 {
			t.Error("no day was written while the lease was renewed")
		}
	})
}
