package credential_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// exports are what a running export may come to do while a rotation is under way.
var exports = map[string]func(r *revolving, l *credential.Ladder){
	"asks for data": func(r *revolving, l *credential.Ladder) { r.tryUse(l) },
	"is logged out": func(r *revolving, l *credential.Ladder) {
		r.yard.endAll()
		r.tryUse(l)
	},
	"is logged out a second later": func(r *revolving, l *credential.Ladder) {
		r.pass(time.Second)
		r.yard.endAll()
		r.tryUse(l)
	},
	"needs a refresh": func(r *revolving, l *credential.Ladder) {
		r.pass(time.Hour)
		r.tryUse(l)
	},
}

// meanwhile has something happen at the n-th call of a rotation, before or after it takes effect. It says whether it
// did.
func (r *revolving) meanwhile(n int, done bool, happens func()) (happened func() bool) {
	seen, did := 0, false
	at := func(d bool) error {
		if !d && !r.paused {
			seen++
		}
		if seen == n && d == done && !did && !r.paused {
			did, r.paused = true, true
			happens()
			r.paused = false
		}
		return nil
	}
	r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error { return at(c.Done) })
	r.yard.fault = func(_ context.Context, _ string, done bool) error { return at(done) }
	return func() bool { return did }
}

func TestRotationDuringAnExportStrandsNeither(t *testing.T) {
	for name, export := range exports {
		for _, ends := range []bool{false, true} {
			t.Run(fmt.Sprintf("the export %s, an exchange ends earlier sessions: %v", name, ends), func(t *testing.T) {
				moments := 0
				for n := 1; exportsDuring(t, ends, n, false, export); n++ {
					exportsDuring(t, ends, n, true, export)
					moments++
				}
				if moments < 15 {
					t.Errorf("only %d moments were tried", moments)
				}
			})
		}
	}
}

// exportsDuring has an export, which has used its session for some minutes, act at one moment of a rotation.
func exportsDuring(
	t *testing.T, ends bool, n int, done bool, export func(*revolving, *credential.Ladder),
) (happened bool) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.yard.oneSession = ends
		l := r.ladder()
		r.mustUse(l)
		r.pass(10 * time.Minute)
		r.mustUse(l)
		r.start()
		did := r.meanwhile(n, done, func() { export(r, l) })
		if err := r.rotate(); err != nil {
			t.Errorf("call %d, done %v: %v", n, done, err)
		}
		happened = did()
		r.disarm()
		r.stands()
		r.mustUse(l)
		r.rotated()
		r.neverTwice()
	})
	return happened
}

// orbit is an account to which anything may happen while its secret rotates.
type orbit struct {
	*trial
	*revolving
	inside int  // the run under way makes a request at the inside-th call that a rotation makes
	ends   bool // and the vendor ends all sessions just before
	turns  bool // a step is under way
}

// call is seen by every call of the vault.
func (o *orbit) call(_ context.Context, c credentialtest.Call) error {
	if err := o.vaultFault.strikes(c.Done); err != nil {
		return err
	}
	if !o.turns || o.inside == 0 {
		return nil
	}
	if o.inside--; o.inside == 0 {
		if o.ends {
			o.revolving.yard.endAll()
		}
		_ = o.request()
	}
	return nil
}

// turn takes a step of the rotation in progress, as a process that may be killed; a rotation is begun where there is
// none.
func (o *orbit) turn(step string) error {
	v := o.revolving.vault
	if pending := v.Labelled(sessionSecret, credential.LabelPending); pending == "" ||
		pending == v.Labelled(sessionSecret, credential.LabelCurrent) {
		o.revolving.start()
	}
	o.turns = true
	defer func() { o.turns = false }()
	return mortal(func() error {
		_, err := o.step(step)
		return err
	})
}

func turns(step string) func(*orbit, happening) {
	return func(o *orbit, _ happening) { _ = o.turn(step) }
}

// happening is what a script tells; a rotation has steps of its own.
type happening = step

var revolutions = map[string]func(*orbit, happening){
	createSecret: turns(createSecret),
	setSecret:    turns(setSecret),
	testSecret:   turns(testSecret),
	finishSecret: turns(finishSecret),
	"rotation": func(o *orbit, _ happening) {
		for _, step := range rotationSteps {
			if o.turn(step) != nil {
				break
			}
		}
	},
	"inside": func(o *orbit, s happening) { o.inside, o.ends = 1+s.N%12, s.N%2 == 0 },
	"edit": func(o *orbit, _ happening) {
		if value, id := o.revolving.vault.Held(sessionSecret); id != "" && len(value) > 2 && len(value) < 2000 {
			o.edit()
		}
	},
}

// Whatever happens in whatever order: once the faults are over and the secret holds the vendor's key, the rotation in
// progress ends when it is repeated, and the next run is green.
func TestNothingStrandsASessionThatRotates(t *testing.T) {
	ran := map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		steps := script(rt)
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "", createSecret, createSecret, setSecret, testSecret,
			testSecret, finishSecret, finishSecret, "rotation", "inside", "edit"}), len(steps), len(steps)).Draw(rt, "turns")
		oneSession := rapid.Bool().Draw(rt, "one session")
		var found verdicts
		synctest.Test(t, func(*testing.T) {
			r := newRoom(&found)
			o := &orbit{trial: &trial{room: r, keys: 1}, revolving: &revolving{room: r}}
			r.yard.oneSession = oneSession
			r.yard.fault = func(_ context.Context, _ string, done bool) error { return o.vendorFault.strikes(done) }
			r.vault.Intercept(o.call)
			o.trial.start()
			for i, s := range steps {
				if happens := revolutions[names[i]]; happens != nil {
					happens(o, s)
					ran[names[i]] = true
				} else if s.Name != "deleted" { // Secrets Manager would rotate it no more
					happenings[s.Name](o.trial, s)
				}
			}
			o.end(&found)
		})
		if len(found.all) > 0 {
			rt.Fatal(found.all)
		}
	})
	if len(ran) != len(revolutions) {
		t.Errorf("only %d of %d kinds of turns happened", len(ran), len(revolutions))
	}
}

// end is what has to hold when the faults are over.
func (o *orbit) end(t tester) {
	r := o.revolving
	o.vendorFault, o.vaultFault, o.inside = fault{}, fault{}, 0
	r.vault.Store(keySecret, fmt.Sprintf(`{"api_key":"K-%d"}`, o.keys))
	o.trial.start()
	err := o.turn(createSecret)
	if err == nil {
		err = r.rotate()
	}
	if err != nil {
		t.Error("the last rotation:", err)
	}
	r.stands()
	if err := o.request(); err != nil {
		t.Error("the last run:", err)
	}
	r.rotated()
}
