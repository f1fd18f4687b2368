package credential_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// The four steps, in Secrets Manager's order.
const (
	createSecret = "createSecret"
	setSecret    = "setSecret"
	testSecret   = "testSecret"
	finishSecret = "finishSecret"
)

var rotationSteps = []string{createSecret, setSecret, testSecret, finishSecret}

// revolving is an account whose session secret rotates.
type revolving struct {
	*room
	token  string // of the rotation in progress
	probes int
	paused bool // what was armed strikes nobody at the moment
}

func revolve(t *testing.T, test func(t *testing.T, r *revolving)) {
	t.Helper()
	in(t, func(t *testing.T, r *room) { test(t, &revolving{room: r}) })
}

// start begins a rotation.
func (r *revolving) start() { r.token = r.vault.StartRotation(sessionSecret) }

// rotation is that of a new process.
func (r *revolving) rotation() *credential.Rotation {
	return &credential.Rotation{
		Vault: r.vault, Staging: r.vault, KeySecret: keySecret, SessionSecret: sessionSecret, Issuer: neverRefreshed{r.yard, r.t},
		Probe: r.probe, Now: time.Now,
		Log: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// neverRefreshed is the yard as a rotation sees it, which must spend no refresh token.
type neverRefreshed struct {
	*yard
	t tester
}

func (n neverRefreshed) Refresh(context.Context, credential.Secret) (credential.Grant, error) {
	n.t.Error("a rotation spent a refresh token")
	return credential.Grant{}, errors.New("not to be called")
}

// probe is a data request for one record.
func (r *revolving) probe(ctx context.Context, access credential.Secret) error {
	_, err := r.yard.call(ctx, "probe", func() (credential.Grant, error) {
		r.probes++
		pair := r.yard.pairs[access.Reveal()]
		if pair == nil || pair.dead || pair.key != r.yard.key || !time.Now().Before(pair.expires) {
			return credential.Grant{}, fmt.Errorf("%w: 401 Invalid access token", credential.ErrRefused)
		}
		return credential.Grant{}, nil
	})
	return err
}

func (r *revolving) step(step string) (credential.Outcome, error) {
	return r.rotation().Step(r.t.Context(), step, r.token, credential.Secret{})
}

// wantStep takes a step, which has to succeed and to say what it did.
func (r *revolving) wantStep(step string, want credential.Outcome) {
	r.t.Helper()
	if got, err := r.step(step); err != nil || got != want {
		r.t.Errorf("%s: %q, %v; want %q", step, got, err, want)
	}
}

// rotate takes the four steps until one fails, as Secrets Manager does.
func (r *revolving) rotate() error {
	for _, step := range rotationSteps {
		if _, err := r.step(step); err != nil {
			return err
		}
	}
	return nil
}

// rotated checks that a rotation has ended: the stored session works, the next export uses it as it is, and nothing is
// pending.
func (r *revolving) rotated() {
	r.t.Helper()
	r.stands()
	pending, stored := r.vault.Labelled(sessionSecret, credential.LabelPending), r.vault.Labelled(sessionSecret, credential.LabelCurrent)
	if pending != "" && pending != stored {
		r.t.Errorf("%s is pending, and %s is current", pending, stored)
	}
	l := r.ladder()
	if token := r.mustUse(l); token != r.held().AccessToken || l.How() != "cached" {
		r.t.Errorf("the next run was %s; want the stored session to be cached", l.How())
	}
}

// aged is an account with a session that is some minutes old, and its version.
func (r *revolving) aged() (version string) {
	r.t.Helper()
	r.seedBeside(`"note" : {"n":1e5}`)
	r.pass(10 * time.Minute)
	_, version = r.vault.Held(sessionSecret)
	return version
}

func TestRotationStepsTwiceEach(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		replaced := r.aged()
		before := r.counts()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.wantStep(createSecret, credential.OutcomeKept)
		if _, id := r.vault.Held(sessionSecret); id != replaced {
			t.Errorf("AWSCURRENT is %s before the test; want %s", id, replaced)
		}
		for range 2 {
			r.wantStep(setSecret, credential.OutcomeNothing)
		}
		for range 2 {
			r.wantStep(testSecret, credential.OutcomeTested)
		}
		r.wantStep(finishSecret, credential.OutcomePromoted)
		r.wantStep(finishSecret, credential.OutcomeNothing)

		value, id := r.vault.Held(sessionSecret)
		if id != r.token || r.vault.Labelled(sessionSecret, "AWSPREVIOUS") != replaced {
			t.Errorf("AWSCURRENT is %s and AWSPREVIOUS %s; want %s and %s",
				id, r.vault.Labelled(sessionSecret, "AWSPREVIOUS"), r.token, replaced)
		}
		if !strings.HasPrefix(value, `{"note" : {"n":1e5},`) {
			t.Errorf("the other member is not as it was in %s", value)
		}
		now := time.Now().UTC()
		if s := r.held(); s.ObtainedBy != "rotation" || !s.ObtainedAt.Equal(now) || !s.AccessExpiresAt.Equal(now.Add(time.Hour)) ||
			s.RequestsPerMinute != 60 {
			t.Errorf("stored %+v", s)
		}
		if used := r.since(before); used.Exchanges != 1 || used.Refreshes != 0 || used.Writes != 0 || r.probes != 2 {
			t.Errorf("calls %+v and %d probes; want one exchange and two probes", used, r.probes)
		}
		r.rotated()
	})
}

func TestRotationOutOfOrder(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		_, err := r.step(finishSecret)
		if err == nil || !strings.Contains(err.Error(), "createSecret comes first") {
			t.Errorf("finish before create: %v", err)
		}
		r.wantStep(testSecret, credential.OutcomeNothing)
		r.wantStep(setSecret, credential.OutcomeNothing)
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.wantStep(finishSecret, credential.OutcomePromoted)
		for _, step := range []string{testSecret, createSecret, finishSecret, setSecret} {
			r.wantStep(step, credential.OutcomeNothing)
		}
		r.rotated()
		if _, id := r.vault.Held(sessionSecret); id != r.token {
			t.Errorf("AWSCURRENT is %s; want %s", id, r.token)
		}
	})
}

// Secrets Manager calls testSecret alone where rotation is set up with RotateImmediatelyOnUpdate=false.
func TestRotationTestsAnEmptyVersionWithoutAskingAnybody(t *testing.T) {
	for name, prepare := range map[string]func(*revolving){
		"beside a session": func(r *revolving) { r.aged() },
		"of a secret without a value, with a key that cannot be read": func(r *revolving) { r.vault.Remove(keySecret) },
	} {
		t.Run(name, func(t *testing.T) {
			revolve(t, func(_ *testing.T, r *revolving) {
				prepare(r)
				r.start()
				before, calls := r.counts(), len(r.vault.Calls())
				r.wantStep(testSecret, credential.OutcomeNothing)
				r.want(before, counts{})
				if n := len(r.vault.Calls()) - calls; n != 2 || r.probes != 0 {
					r.t.Errorf("%d calls of the vault and %d probes; want labels and version to be read", n, r.probes)
				}
			})
		})
	}
}

func TestRotationOfAnEmptySecret(t *testing.T) {
	revolve(t, func(_ *testing.T, r *revolving) {
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.wantStep(setSecret, credential.OutcomeNothing)
		r.wantStep(testSecret, credential.OutcomeTested)
		r.wantStep(finishSecret, credential.OutcomePromoted)
		r.rotated()
	})
}

func TestRotationWithBothLabelsOnOneVersion(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.start()
		r.vault.Restore(sessionSecret, r.token) // AWSCURRENT too, and still without a value
		r.wantStep(testSecret, credential.OutcomeNothing)
		r.wantStep(createSecret, credential.OutcomeCreated)
		for _, step := range []string{setSecret, testSecret, finishSecret, createSecret} {
			r.wantStep(step, credential.OutcomeNothing)
		}
		r.rotated()
		if r.yard.exchanges != 1 {
			t.Errorf("%d exchanges; want 1", r.yard.exchanges)
		}
	})
}

func TestRotationOverAVersionWithoutAValue(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.start()
		r.vault.Restore(sessionSecret, r.token) // an earlier rotation left AWSCURRENT there
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.wantStep(finishSecret, credential.OutcomePromoted)
		if _, id := r.vault.Held(sessionSecret); id != r.token {
			t.Errorf("AWSCURRENT is %s; want %s", id, r.token)
		}
		r.rotated()
	})
}

func TestRotationOfTokensThatLiveForAMinute(t *testing.T) {
	revolve(t, func(_ *testing.T, r *revolving) {
		r.yard.lifetime = time.Minute
		r.aged()
		r.start()
		r.wantStep(createSecret, credential.OutcomeCreated)
		r.wantStep(createSecret, credential.OutcomeKept)
		r.wantStep(testSecret, credential.OutcomeTested)
		r.wantStep(finishSecret, credential.OutcomePromoted)
		r.stands()
	})
}

func TestRotationStoresNoGrantThatCannotBeUsed(t *testing.T) {
	revolve(t, func(t *testing.T, r *revolving) {
		r.aged()
		r.start()
		r.yard.alter = func(g *credential.Grant) { g.AccessToken = credential.Secret{} }
		if _, err := r.step(createSecret); !errors.Is(err, credential.ErrUnusableGrant) {
			t.Errorf("got %v", err)
		}
		if n := r.vault.Count(credentialtest.PutPending); n != 0 {
			t.Errorf("%d puts", n)
		}
	})
}

func TestRotationRefusesWhatIsNoRotation(t *testing.T) {
	for name, c := range map[string]struct {
		step    string
		prepare func(r *revolving)
	}{
		"rotation is off": {createSecret, func(r *revolving) {
			r.start()
			r.vault.StopRotation(sessionSecret)
		}},
		"no such version": {createSecret, func(r *revolving) {
			r.start()
			r.token = "11111111-1111-4111-8111-111111111111"
		}},
		"a version that no rotation made": {finishSecret, func(r *revolving) {
			_, id := r.vault.Held(sessionSecret)
			r.pass(time.Hour)
			r.seed()
			r.start()
			r.token = id
		}},
		"no such step": {"deleteSecret", (*revolving).start},
	} {
		t.Run(name, func(t *testing.T) {
			revolve(t, func(t *testing.T, r *revolving) {
				r.aged()
				c.prepare(r)
				before := r.counts()
				_, err := r.step(c.step)
				fault, typed := errors.AsType[*credential.RotationFault](err)
				if !typed || !errors.Is(err, credential.ErrNotRotating) || fault.Step != c.step || fault.Version != r.token ||
					fault.Secret != sessionSecret || !strings.Contains(err.Error(), "begin a rotation with RotateSecret") {
					t.Errorf("got %v", err)
				}
				if r.since(before) != (counts{}) || r.vault.Count(credentialtest.MoveLabel) != 0 {
					t.Errorf("it did %+v", r.since(before))
				}
			})
		})
	}
}

func TestRotationErrorsSayWhereAndWhatToDo(t *testing.T) {
	vaultFails := func(op string, with error) func(*revolving) {
		return func(r *revolving) {
			r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
				if c.Op == op {
					return with
				}
				return nil
			})
		}
	}
	for name, c := range map[string]struct {
		fail  func(*revolving)
		step  string
		words []string
	}{
		"a refused key": {func(r *revolving) { r.yard.newKey("K-2") }, createSecret,
			[]string{"API key of secret \"" + keySecret + "\" (version ", "put it into that secret"}},
		"no key": {func(r *revolving) { r.vault.Remove(keySecret) }, createSecret, []string{keySecret, "create it"}},
		"labels are not to be read": {vaultFails(credentialtest.Describe, credential.ErrDenied), testSecret,
			[]string{"allow the role to describe"}},
		"the value cannot be put": {vaultFails(credentialtest.PutPending, credential.ErrDenied), createSecret,
			[]string{"store the session", "allow the role to put values"}},
		"the vendor is down": {func(r *revolving) {
			r.yard.fault = func(context.Context, string, bool) error { return errors.New("503") }
		}, createSecret, []string{"exchange the API key: 503", "repeats the rotation by itself"}},
	} {
		t.Run(name, func(t *testing.T) {
			revolve(t, func(t *testing.T, r *revolving) {
				r.aged()
				r.start()
				c.fail(r)
				_, err := r.step(c.step)
				if err == nil {
					t.Fatal("no error")
				}
				for _, word := range append(c.words, c.step, sessionSecret, r.token) {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("%q is not in: %v", word, err)
					}
				}
				if _, refused := errors.AsType[*credential.Refused](err); refused != (name == "a refused key") {
					t.Errorf("refused %v: %v", refused, err)
				}
			})
		})
	}
}
