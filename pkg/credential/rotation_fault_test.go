package credential_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// story is a rotation in which something happens before one of its steps.
type story struct {
	name       string
	oneSession bool // an exchange ends every earlier session
	before     map[string]func(*revolving)
	empty      bool // the secret has no value yet
}

var stories = []story{
	{name: "nothing else happens"},
	{name: "an exchange ends earlier sessions", oneSession: true},
	{name: "the secret is empty", empty: true},
	{name: "the key is replaced before the test", before: map[string]func(*revolving){testSecret: (*revolving).replaceKey}},
	{name: "the key is replaced before the end", before: map[string]func(*revolving){finishSecret: (*revolving).replaceKey}},
	{name: "the vendor ends all sessions before the test", before: map[string]func(*revolving){
		testSecret: func(r *revolving) { r.yard.endAll() },
	}},
	{name: "the pending session expires before the test", before: map[string]func(*revolving){
		testSecret: func(r *revolving) { r.pass(2 * time.Hour) },
	}},
	{name: "the pending session expires before the end", before: map[string]func(*revolving){
		finishSecret: func(r *revolving) { r.pass(2 * time.Hour) },
	}},
	{name: "an export needs a new session before the test", oneSession: true, before: map[string]func(*revolving){
		testSecret: func(r *revolving) { r.pass(time.Second); r.seed() },
	}},
	{name: "an export's new session is ended before the test", before: map[string]func(*revolving){
		testSecret: func(r *revolving) { r.pass(51 * time.Minute); r.seed(); r.endStored() },
	}},
	{name: "an export needs a new session before the end", oneSession: true, before: map[string]func(*revolving){
		finishSecret: func(r *revolving) { r.pass(time.Second); r.seed() },
	}},
	{name: "an export needs a new session in the same second", oneSession: true, before: map[string]func(*revolving){
		finishSecret: func(r *revolving) { r.seed() },
	}},
	{name: "another member is edited before the end", before: map[string]func(*revolving){finishSecret: (*revolving).edit}},
}

// replaceKey is what an operator does who puts a new key into the secret.
func (r *revolving) replaceKey() {
	r.yard.newKey("K-2")
	r.vault.Store(keySecret, `{"api_key":"K-2"}`)
}

// endStored has the vendor end the session that is stored, and no other.
func (r *revolving) endStored() {
	r.yard.mu.Lock()
	defer r.yard.mu.Unlock()
	r.yard.pairs[r.held().AccessToken.Reveal()].dead = true
}

// edit adds a member to the session secret at the console.
func (r *revolving) edit() {
	value, _ := r.vault.Held(sessionSecret)
	r.vault.Store(sessionSecret, `{"edited": "by hand",`+value[1:])
}

func (s story) begin(r *revolving) {
	r.yard.oneSession = s.oneSession
	if !s.empty {
		r.aged()
	}
	r.start()
}

// tell takes the steps until one fails, and lets happen what the story tells, each thing once.
func (s story) tell(r *revolving, happened map[string]bool) error {
	for _, step := range rotationSteps {
		if happen := s.before[step]; happen != nil && !happened[step] {
			happened[step] = true
			r.paused = true
			happen(r)
			r.paused = false
		}
		if _, err := r.step(step); err != nil {
			return err
		}
	}
	return nil
}

func TestRotationEndsWithALiveSessionWhateverHappens(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			revolve(t, func(t *testing.T, r *revolving) {
				s.begin(r)
				if err := s.tell(r, map[string]bool{}); err != nil {
					t.Error(err)
				}
				r.rotated()
				for _, step := range rotationSteps { // all of them once more: the last answers may have been lost
					r.wantStep(step, credential.OutcomeNothing)
				}
				r.rotated()
			})
		})
	}
}

// strike is one moment at which something goes wrong: the n-th call from the beginning of a rotation, of vault or
// vendor, before or after it takes effect.
type strike struct {
	n    int
	done bool
	last int  // so many calls go wrong, beginning with that one
	kill bool // the process dies there, in place of an error
}

// arm lets s happen, and returns how many calls there were.
func (r *revolving) arm(s strike) (calls func() int) {
	seen, left := 0, s.last
	var mu sync.Mutex
	fault := func(done bool) error {
		mu.Lock()
		defer mu.Unlock()
		if r.paused {
			return nil
		}
		if !done {
			seen++
		}
		if seen < s.n || done != s.done || left == 0 {
			return nil
		}
		left--
		if s.kill {
			runtime.Goexit()
		}
		return errors.New("unavailable")
	}
	r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error { return fault(c.Done) })
	r.yard.fault = func(_ context.Context, _ string, done bool) error { return fault(done) }
	return func() int { return seen }
}

func (r *revolving) disarm() {
	r.vault.Intercept(nil)
	r.yard.fault = nil
}

var errKilled = errors.New("killed")

// mortal runs a process that may be killed.
func mortal(process func() error) error {
	err := errKilled
	var group sync.WaitGroup
	group.Go(func() { err = process() })
	group.Wait()
	return err
}

// survives breaks the rotation of a story at one moment, and has Secrets Manager repeat it with the same token. It says
// whether there was such a moment.
func survives(t *testing.T, s story, at strike) (struck bool) {
	revolve(t, func(t *testing.T, r *revolving) {
		s.begin(r)
		happened := map[string]bool{}
		calls := r.arm(at)
		first := mortal(func() error { return s.tell(r, happened) })
		r.disarm()
		if struck = calls() >= at.n; !struck {
			return
		}
		if at.kill && !errors.Is(first, errKilled) {
			t.Errorf("it was not killed: %v", first)
		}
		if err := s.tell(r, happened); err != nil {
			t.Errorf("%+v: the repeated rotation: %v (after: %v)", at, err, first)
		}
		r.rotated()
	})
	return struck
}

func TestRotationAfterAKillAtEachCall(t *testing.T) {
	kinds := []strike{
		{kill: true, last: 1}, {kill: true, last: 1, done: true}, // killed
		{last: 1}, {last: 1, done: true}, // an error, and an answer that was lost, in passing
		{last: 4}, {last: 4, done: true}, // the same for as long as a call of the vault is repeated
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			moments := 0
			for _, at := range kinds {
				for at.n = 1; survives(t, s, at); at.n++ {
					moments++
				}
			}
			if moments < 60 {
				t.Errorf("only %d moments were tried", moments)
			}
		})
	}
}

func TestRotationKeepsThePendingSessionWhoseStoreWasNotAnswered(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		exchanges := r.yard.exchanges
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.PutPending && c.Done {
				return errors.New("answer lost")
			}
			return nil
		})
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.wantStep(createSecret, credential.OutcomeKept)
		if n := r.yard.exchanges - exchanges; n != 1 {
			t.Errorf("%d exchanges; want 1", n)
		}
	})
}

func TestRotationKeepsThePendingSessionOfAnotherInvocation(t *testing.T) {
	for _, oneSession := range []bool{false, true} {
		t.Run(fmt.Sprint("one session ", oneSession), func(t *testing.T) {
			revolve(t, func(t *testing.T, r *revolving) {
				r.yard.oneSession = oneSession
				r.aged()
				r.start()
				r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
					if c.Op == credentialtest.PutPending && c.Nth == 1 {
						r.wantStep(createSecret, credential.OutcomeCreated)
					}
					return nil
				})
				r.wantStep(createSecret, credential.OutcomeKept)
				r.wantStep(testSecret, credential.OutcomeTested)
				r.wantStep(finishSecret, credential.OutcomePromoted)
				r.rotated()
			})
		})
	}
}

func TestRotationDecidesAnewWhereAnExportWasFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		op   string
		live bool // what the export stores is a session that works
		want credential.Outcome
	}{
		{"before the label moves", credentialtest.MoveLabel, true, credential.OutcomeOvertaken},
		{"before the label moves, and left nothing", credentialtest.MoveLabel, false, credential.OutcomePromoted},
		{"after the labels were read", credentialtest.Describe, true, credential.OutcomeOvertaken},
	} {
		t.Run(c.name, func(t *testing.T) {
			revolve(t, func(t *testing.T, r *revolving) {
				r.aged()
				r.start()
				for _, step := range rotationSteps[:3] {
					if _, err := r.step(step); err != nil {
						t.Fatal(err)
					}
				}
				before := r.vault.Count(c.op)
				r.vault.Intercept(func(_ context.Context, call credentialtest.Call) error {
					if call.Op == c.op && call.Nth == before+1 && !call.Done {
						r.pass(time.Second)
						r.vault.Store(sessionSecret, "{}")
						if c.live {
							r.seed()
						}
					}
					return nil
				})
				r.wantStep(finishSecret, c.want)
				r.rotated()
			})
		})
	}
}

func TestRotationNamesTheVersionThatItReadAsCurrent(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		described := r.vault.Count(credentialtest.Describe)
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Describe && c.Nth == described+1 && c.Done { // the labels that were told are old news
				value, _ := r.vault.Held(sessionSecret)
				r.vault.Store(sessionSecret, value)
			}
			return nil
		})
		r.wantStep(finishSecret, credential.OutcomePromoted)
		if n := r.vault.Count(credentialtest.MoveLabel); n != 1 {
			t.Errorf("the label was moved %d times; want 1", n)
		}
		r.rotated()
	})
}

func TestRotationEndsWhereAnotherInvocationEndedIt(t *testing.T) {
	revolve(t, func(_ *testing.T, r *revolving) {
		r.aged()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.MoveLabel && c.Nth == 1 && !c.Done {
				r.wantStep(finishSecret, credential.OutcomePromoted)
				r.pass(time.Hour)
				r.seed() // and an export replaced that session already
			}
			return nil
		})
		r.wantStep(finishSecret, credential.OutcomeNothing)
		r.rotated()
	})
}

func TestRotationGivesUpWhereLabelsNeverStandStill(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.MoveLabel && !c.Done {
				value, _ := r.vault.Held(sessionSecret)
				r.vault.Store(sessionSecret, value)
			}
			return nil
		})
		if _, err := r.step(finishSecret); !errors.Is(err, credential.ErrMoved) {
			t.Errorf("got %v", err)
		}
		if n := r.vault.Count(credentialtest.MoveLabel); n != 8 {
			t.Errorf("the label was moved %d times; want 8, each after reading again", n)
		}
		r.disarm()
		r.wantStep(finishSecret, credential.OutcomePromoted)
		r.rotated()
	})
}

func TestRotationKeepsWhatIsEditedMeanwhile(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		again := false
		r.aged()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.edit()
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Put && !again { // another process is first to replace what was edited
				again = true
				value, id := r.vault.Held(sessionSecret)
				r.putOver(id, `{"more":1,`+value[1:])
			}
			return nil
		})
		r.wantStep(finishSecret, credential.OutcomePromoted)
		value, _ := r.vault.Held(sessionSecret)
		if want := `{"more":1,"edited": "by hand","note" : {"n":1e5},`; value[:len(want)] != want {
			t.Errorf("stored %s; want it to begin with %s", value, want)
		}
		if s := r.held(); s.ObtainedBy != "rotation" {
			t.Errorf("stored %+v; want the pending session", s)
		}
		r.rotated()
	})
}

func TestRotationPassesByWhatIsNoSession(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		err := r.vault.PutPending(t.Context(), sessionSecret, credential.NewSecret("[1]"), r.token, credential.Secret{})
		if err != nil {
			t.Fatal(err)
		}
		r.pass(time.Hour)
		r.wantStep(createSecret, credential.OutcomeReplaced)
		r.wantStep(testSecret, credential.OutcomeOvertaken)
		r.wantStep(finishSecret, credential.OutcomeOvertaken)
		r.rotated()
	})
}

func TestRotationAsksNoMoreThanItMust(t *testing.T) {
	for name, c := range map[string]struct {
		happens   func(*revolving)
		outcome   credential.Outcome // of testSecret
		exchanges int
		probes    int
	}{
		"the pending session works":  {func(*revolving) {}, credential.OutcomeTested, 1, 1},
		"it was rejected":            {func(r *revolving) { r.yard.endAll() }, credential.OutcomeReplaced, 2, 2},
		"its key was replaced":       {(*revolving).replaceKey, credential.OutcomeReplaced, 2, 1},
		"an export stored a new one": {func(r *revolving) { r.pass(time.Hour); r.seed() }, credential.OutcomeOvertaken, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			revolve(t, func(t *testing.T, r *revolving) {
				r.aged()
				r.start()
				exchanges := r.yard.exchanges
				r.wantStep(createSecret, credential.OutcomeCreated)
				c.happens(r)
				r.wantStep(testSecret, c.outcome)
				if n := r.yard.exchanges - exchanges; n != c.exchanges || r.probes != c.probes {
					t.Errorf("%d exchanges and %d probes; want %d and %d", n, r.probes, c.exchanges, c.probes)
				}
				if _, err := r.step(finishSecret); err != nil {
					t.Error(err)
				}
				if n := r.yard.exchanges - exchanges; n != c.exchanges {
					t.Errorf("%d exchanges after the end; want %d", n, c.exchanges)
				}
				r.rotated()
			})
		})
	}
}

func TestRotationSaysSoWhereTheVendorRejectsWhatItJustGave(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.yard.fault = func(_ context.Context, call string, done bool) error {
			if call == "probe" && done {
				return fmt.Errorf("%w: 401", credential.ErrRefused)
			}
			return nil
		}
		_, err := r.step(testSecret)
		_, version := r.vault.Held(keySecret)
		if refused, ok := errors.AsType[*credential.Refused](err); !ok || refused.Version != version || refused.KeySecret != keySecret {
			t.Errorf("got %v", err)
		}
		r.disarm()
		if err := r.rotate(); err != nil {
			t.Error(err)
		}
		r.rotated()
	})
}
