package credential_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

var errOutOfOrder = errors.New("the vault is out of order")

// breakPuts has so many puts of a secret fail, before or after they take effect.
func (r *room) breakPuts(secret string, times int, after bool) {
	r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
		if c.Op == credentialtest.Put && c.Name == secret && c.Done == after && times > 0 {
			times--
			return errOutOfOrder
		}
		return nil
	})
}

func TestAPutOfTheKeyThatFailsLeavesTheOldOneOrTheNewOneForSure(t *testing.T) {
	const always = 1000
	for name, test := range map[string]struct {
		times  int
		after  bool
		stored bool
	}{
		"fails three times":  {3, false, true},
		"fails always":       {always, false, false},
		"answer lost":        {1, true, true},
		"every answer lost":  {always, true, true},
		"three answers lost": {3, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.seed()
				r.generate()
				was, _ := r.vault.Held(keySecret)
				r.breakPuts(keySecret, test.times, test.after)
				_, err := r.put(r.ladder(), newKey)
				if (err == nil) != test.stored {
					t.Fatalf("got %v", err)
				}
				r.hides(err)
				if test.stored {
					r.holds(`{"api_key":"` + newKey + `"}`)
					r.stands()
					return
				}
				r.holds(was)
				if fault, ok := errors.AsType[*credential.SecretFault](err); !ok || fault.Secret != keySecret || fault.Doing != "store the API key" {
					t.Errorf("got %v", err)
				}
				r.vault.Intercept(nil)
				if _, err := r.put(r.ladder(), newKey); err != nil { // with nothing to put right first
					t.Fatal(err)
				}
				r.stands()
			})
		})
	}
}

func TestAKeyInPlaceWithoutItsSessionIsSaidAndTheNextRunHeals(t *testing.T) {
	for _, after := range []bool{false, true} {
		in(t, func(t *testing.T, r *room) {
			r.seed()
			r.generate()
			r.breakPuts(sessionSecret, 1000, after)
			_, err := r.put(r.ladder(), newKey)
			missing, ok := errors.AsType[*credential.SessionNotStored](err)
			_, version := r.vault.Held(keySecret)
			if !ok || missing.Version != version || missing.KeySecret != keySecret || !strings.Contains(err.Error(), sessionSecret) ||
				!strings.Contains(err.Error(), "the next export exchanges the key by itself") {
				t.Fatalf("got %v", err)
			}
			r.hides(err)
			r.holds(`{"api_key":"` + newKey + `"}`)
			r.vault.Intercept(nil)
			r.mustUse(r.ladder())
			r.stands()
		})
	}
}

func TestTheSessionThatAnotherProcessMadeOfTheNewKeyFirstIsTaken(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.generate()
		busy := false
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Put && c.Name == sessionSecret && !busy {
				busy = true
				r.mustUse(r.ladder())
			}
			return nil
		})
		got, err := r.put(r.ladder(), newKey)
		if err != nil || got.AccessToken != r.held().AccessToken || r.vault.Versions(sessionSecret) != 2 {
			t.Errorf("%v, %d versions", err, r.vault.Versions(sessionSecret))
		}
		r.stands()
	})
}

func TestASessionSecretThatCannotBeUsedKeepsTheKeyFromBeingTried(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Store(sessionSecret, "CANARY")
		r.generate()
		before := r.counts()
		_, err := r.put(r.ladder(), newKey)
		if _, ok := errors.AsType[*credential.FormError](err); !ok || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("got %v", err)
		}
		r.hides(err)
		r.want(before, counts{Reads: 1})
	})
}

func TestOfTwoKeysPutAtOnceOneIsInPlaceAndTheOtherIsTold(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		var group sync.WaitGroup
		errs := make([]error, 2)
		both := make(chan struct{}, 2) // nobody stores before both have read
		for i := range errs {
			group.Go(func() {
				try := func(context.Context, credential.Secret) error {
					both <- struct{}{}
					for len(both) < cap(both) {
						r.pass(time.Millisecond)
					}
					return nil
				}
				key := credential.NewSecret([]string{"eyJ.a", "eyJ.b"}[i])
				_, errs[i] = credential.PutKey(t.Context(), r.vault, keySecret, credential.NewKey{Key: key}, try)
			})
		}
		group.Wait()
		won := map[bool]string{true: "eyJ.a", false: "eyJ.b"}[errs[0] == nil]
		r.holds(`{"api_key":"` + won + `"}`)
		lost := errors.Join(errs...)
		conflict, ok := errors.AsType[*credential.KeyConflict](lost)
		if _, version := r.vault.Held(keySecret); !ok || (errs[0] == nil) == (errs[1] == nil) || conflict.Version != version {
			t.Errorf("got %v", errs)
		}
		r.hides(lost)
	})
}

// while has something happen between the trial of a key and its store.
func (r *room) while(happen func()) (version string, err error) {
	return credential.PutKey(r.t.Context(), r.vault, keySecret, credential.NewKey{Key: credential.NewSecret(newKey)},
		func(context.Context, credential.Secret) error { happen(); return nil })
}

func TestWhatAnotherWriterDidMeanwhileIsRespected(t *testing.T) {
	t.Run("the same key", func(t *testing.T) {
		in(t, func(t *testing.T, r *room) {
			var other string
			version, err := r.while(func() { other = r.race(newKey) })
			if err != nil || version != other {
				t.Errorf("version %s, %v; want %s", version, err, other)
			}
			r.holds(newKey)
		})
	})
	t.Run("a member beside the key", func(t *testing.T) {
		in(t, func(t *testing.T, r *room) {
			if _, err := r.while(func() { r.race(`{"owner":"ops","api_key":"K-1"}`) }); err != nil {
				t.Error(err)
			}
			r.holds(`{"owner":"ops","api_key":"` + newKey + `"}`)
		})
	})
	t.Run("something of another form", func(t *testing.T) {
		in(t, func(t *testing.T, r *room) {
			if _, err := r.while(func() { r.race(`["CANARY"]`) }); err == nil {
				t.Error("it was written over")
			}
			r.holds(`["CANARY"]`)
		})
	})
	t.Run("deleted", func(t *testing.T) {
		in(t, func(t *testing.T, r *room) {
			_, err := r.while(func() { r.vault.Remove(keySecret) })
			if !errors.Is(err, credential.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("a backup restored, again and again", func(t *testing.T) {
		in(t, func(t *testing.T, r *room) {
			_, first := r.vault.Held(keySecret)
			for _, key := range []string{"eyJ.1", "eyJ.2", "eyJ.3"} {
				n := credential.NewKey{Key: credential.NewSecret(key), Untried: true}
				if _, err := credential.PutKey(t.Context(), r.vault, keySecret, n, nil); err != nil {
					t.Fatal(err)
				}
				r.holds(`{"api_key":"` + key + `"}`)
				r.vault.Restore(keySecret, first)
			}
		})
	})
}

// race stores what another process of ours would that read the same version.
func (r *room) race(value string) (version string) {
	r.t.Helper()
	_, id := r.vault.Held(keySecret)
	version, err := r.vault.Put(r.t.Context(), keySecret, credential.NewSecret(value), credential.First(id))
	if err != nil {
		r.t.Error(err)
	}
	return version
}

func TestAnInterruptLeavesTheKeyAloneOrWhollyInPlace(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.generate()
		ctx, cancel := context.WithCancel(t.Context())
		r.yard.fault = func(_ context.Context, _ string, done bool) error {
			if done {
				cancel()
			}
			return nil
		}
		_, err := r.ladder().PutKey(ctx, credential.NewKey{Key: credential.NewSecret(newKey)})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		r.holds(`{"api_key":"K-1"}`)
	})
	in(t, func(t *testing.T, r *room) {
		r.generate()
		ctx, cancel := context.WithCancel(t.Context())
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Put && c.Name == keySecret && c.Nth == 1 && !c.Done {
				cancel()
				return errOutOfOrder
			}
			return nil
		})
		if _, err := r.ladder().PutKey(ctx, credential.NewKey{Key: credential.NewSecret(newKey)}); err != nil {
			t.Error(err)
		}
		r.holds(`{"api_key":"` + newKey + `"}`)
		r.stands()
	})
}
