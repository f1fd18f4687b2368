package credential_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// trial is an account to which anything may happen, in any order.
type trial struct {
	*room
	ladder   *credential.Ladder
	keys     int
	seen     []string // versions of the session, for backups
	restored int

	vendorFault, vaultFault fault // what goes wrong next
}

// fault is one thing that goes wrong.
type fault struct {
	in, last int  // it happens at the in-th call from now, and at the last-1 calls that follow
	done     bool // after the call took effect
	kill     bool // the process dies there
}

// strikes counts a call and says whether it fails.
func (f *fault) strikes(done bool) error {
	if f.last == 0 || done != f.done {
		return nil
	}
	if f.in--; f.in > 0 {
		return nil
	}
	f.last--
	if f.kill {
		runtime.Goexit()
	}
	return errors.New("unavailable")
}

// start is a new process.
func (m *trial) start() {
	m.ladder = m.room.ladder()
}

// request is a data request of a process that may be killed in the middle. It says how it ended.
func (m *trial) request() error {
	killed := errors.New("killed")
	err := killed
	var group sync.WaitGroup
	group.Go(func() {
		_, err = m.use(m.ladder)
		if errors.Is(err, errGivenOutUnstored) {
			m.t.Error(err)
		}
	})
	group.Wait()
	if errors.Is(err, killed) {
		m.start()
	}
	if _, id := m.vault.Held(sessionSecret); id != "" {
		m.seen = append(m.seen, id)
	}
	return err
}

func (m *trial) newKey() string {
	m.keys++
	key := fmt.Sprintf("K-%d", m.keys)
	m.yard.newKey(key)
	return key
}

// step is one thing that happens to a trial; n and fault are what it is about, where that matters.
type step struct {
	Name  string
	N     int
	Fault fault
}

var happenings = map[string]func(*trial, step){
	"request":             func(m *trial, _ step) { _ = m.request() },
	"next run":            func(m *trial, _ step) { m.start() },
	"time":                func(m *trial, s step) { m.pass(time.Duration(s.N) * time.Minute) },
	"vendor fault":        func(m *trial, s step) { m.vendorFault = s.Fault },
	"vault fault":         func(m *trial, s step) { m.vaultFault = s.Fault },
	"logged out":          func(m *trial, _ step) { m.yard.endAll() },
	"new key":             func(m *trial, _ step) { m.vault.Store(keySecret, m.newKey()) },
	"new key, not stored": func(m *trial, _ step) { m.newKey() },
	"cleared":             func(m *trial, _ step) { m.vault.Store(sessionSecret, "{}") },
	"deleted": func(m *trial, _ step) {
		m.vault.Remove(sessionSecret)
		m.seen = nil
		m.start() // what was stored can no longer be seen
	},
	"backup": func(m *trial, s step) {
		if len(m.seen) == 0 || m.restored == 6 {
			return
		}
		m.restored++
		m.vault.Restore(sessionSecret, m.seen[s.N%len(m.seen)])
	},
}

// script draws what happens. It cannot be drawn while it happens: that is on the fake clock, where rapid cannot live.
func script(t *rapid.T) []step {
	// Requests and time make up more than their share.
	names := rapid.SampledFrom([]string{"request", "request", "request", "request", "next run", "time", "time",
		"vendor fault", "vault fault", "logged out", "new key", "new key, not stored", "cleared", "deleted", "backup"})
	one := rapid.Custom(func(t *rapid.T) step {
		return step{
			Name: names.Draw(t, "what"), N: rapid.IntRange(0, 130).Draw(t, "n"),
			Fault: fault{
				in: rapid.IntRange(1, 3).Draw(t, "in"), last: rapid.IntRange(1, 20).Draw(t, "for"),
				done: rapid.Bool().Draw(t, "takes effect"), kill: rapid.IntRange(0, 3).Draw(t, "kill") == 0,
			},
		}
	})
	return rapid.SliceOfN(one, 10, 60).Draw(t, "script")
}

// Whatever happens in whatever order: once the faults are over and the secret holds the vendor's key, the next run is
// green with nobody's help, and leaves a session behind that works. No refresh token was ever sent twice.
func TestNothingStrandsASession(t *testing.T) {
	ran := map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		steps := script(rt)
		killsFamily, oneSession := rapid.Bool().Draw(rt, "reuse kills"), rapid.Bool().Draw(rt, "one session")
		var found verdicts
		synctest.Test(t, func(t *testing.T) {
			m := &trial{room: newRoom(&found), keys: 1}
			m.yard.killsFamily, m.yard.oneSession = killsFamily, oneSession
			m.yard.fault = func(_ context.Context, _ string, done bool) error { return m.vendorFault.strikes(done) }
			m.vault.Intercept(func(_ context.Context, c credentialtest.Call) error { return m.vaultFault.strikes(c.Done) })
			m.start()
			for _, s := range steps {
				happenings[s.Name](m, s)
				ran[s.Name] = true
			}
			m.vendorFault, m.vaultFault = fault{}, fault{}
			m.vault.Store(keySecret, fmt.Sprintf(`{"api_key":"K-%d"}`, m.keys))
			m.start()
			if err := m.request(); err != nil {
				m.t.Error("the last run:", err)
			}
			if err := m.ladder.StoreFault(); err != nil {
				m.t.Error("the last run:", err)
			}
			m.stands()
			m.neverTwice()
		})
		if len(found.all) > 0 {
			rt.Fatal(found.all)
		}
	})
	if len(ran) != len(happenings) {
		t.Errorf("only %d of %d kinds of things happened", len(ran), len(happenings))
	}
}

// verdicts is a tester that gathers what is wrong.
type verdicts struct {
	mu  sync.Mutex
	all []string
}

func (v *verdicts) Error(args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, fmt.Sprint(args...))
}

func (v *verdicts) Errorf(format string, args ...any) { v.Error(fmt.Sprintf(format, args...)) }
func (v *verdicts) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (v *verdicts) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*verdicts) Helper()                             {}
func (*verdicts) Cleanup(func())                      {}
func (*verdicts) Context() context.Context            { return context.Background() }
