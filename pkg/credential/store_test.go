package credential_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

var errVault = errors.New("service unavailable")

// failing fails the writes that which picks: before they take effect, or after that.
func failing(after bool, which func(nth int) bool) func(context.Context, credentialtest.Call) error {
	return func(_ context.Context, c credentialtest.Call) error {
		if c.Op != credentialtest.Current && c.Done == after && which(c.Nth) {
			return errVault
		}
		return nil
	}
}

func always(int) bool { return true }

func TestAStoreThatFailsThreeTimesIsTriedAgain(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Intercept(failing(false, func(nth int) bool { return nth <= 3 }))
		l := r.ladder()
		r.mustUse(l)
		r.want(counts{}, counts{Reads: 2, Writes: 4, Exchanges: 1})
		if l.StoreFault() != nil {
			t.Error(l.StoreFault())
		}
		r.stands()
	})
}

func TestAStoreThatFailsAlwaysLeavesThePairInMemoryAndTheRunNotGreen(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		r.vault.Intercept(failing(false, always))
		l, start := r.ladder(), time.Now()
		first := r.mustUse(l)
		if spent := time.Since(start); spent > 11*time.Second {
			t.Errorf("the budget took %s", spent)
		}
		fault, ok := errors.AsType[*credential.SecretFault](l.StoreFault())
		if !ok || fault.Secret != sessionSecret || !errors.Is(fault, errVault) || fault.Doing != "store the session" {
			t.Errorf("fault %v; want one that names the secret", l.StoreFault())
		}
		for range 3 { // the run goes on from memory, beyond the token's life
			r.pass(time.Hour)
			if next := r.mustUse(l); next == first {
				t.Error("the token did not change")
			}
		}
		if r.yard.exchanges != 1 {
			t.Errorf("%d exchanges; want that of the seed alone", r.yard.exchanges)
		}
		r.neverTwice()

		r.vault.Intercept(nil)
		next := r.ladder()
		r.mustUse(next)
		if next.StoreFault() != nil {
			t.Error(next.StoreFault())
		}
		r.stands()
	})
}

func TestAPairInMemoryIsStoredWhenItIsNextReplaced(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Intercept(failing(false, always))
		l := r.ladder()
		r.mustUse(l)
		r.vault.Intercept(nil)
		r.pass(time.Hour)
		r.mustUse(l)
		r.stands()
		if l.StoreFault() == nil {
			t.Error("a run that once could not store counts as a success")
		}
		if r.yard.exchanges != 1 || r.yard.refreshes != 1 {
			t.Errorf("%d exchanges and %d refreshes; want 1 and 1", r.yard.exchanges, r.yard.refreshes)
		}
	})
}

func TestAWriteThatIsFinalIsNotTriedAgain(t *testing.T) {
	for _, final := range []error{credential.ErrDenied, credential.ErrUnusable} {
		in(t, func(t *testing.T, r *room) {
			r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
				if c.Op == credentialtest.Put {
					return final
				}
				return nil
			})
			l, start := r.ladder(), time.Now()
			r.mustUse(l)
			if got := r.counts().Writes; got != 1 || time.Since(start) > 0 || !errors.Is(l.StoreFault(), final) {
				t.Errorf("%d writes in %s, fault %v", got, time.Since(start), l.StoreFault())
			}
		})
	}
}

func TestACommittedWriteWhoseAnswerIsLostIsRecognised(t *testing.T) {
	for name, prepare := range map[string]func(r *room){
		"put":    func(*room) {},
		"create": func(r *room) { r.vault.Remove(sessionSecret) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				prepare(r)
				r.vault.Intercept(failing(true, func(nth int) bool { return nth == 1 }))
				l := r.ladder()
				r.mustUse(l)
				if l.StoreFault() != nil || r.vault.Versions(sessionSecret) != 1 {
					t.Errorf("%d versions, fault %v", r.vault.Versions(sessionSecret), l.StoreFault())
				}
				if strings.Contains(r.log.String(), "another process") {
					t.Error("it was taken for another process's")
				}
				r.stands()
				r.pass(time.Hour)
				r.mustUse(l) // the chain of versions goes on
				r.stands()
			})
		})
	}
}

func TestAWriteWhoseAnswersAreAllLostIsNotGreenAndYetStored(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Intercept(failing(true, always))
		l := r.ladder()
		token := r.mustUse(l)
		if l.StoreFault() == nil || !r.isStored(token) {
			t.Errorf("fault %v, stored %v", l.StoreFault(), r.isStored(token))
		}
		r.vault.Intercept(nil)
		r.pass(time.Hour)
		r.mustUse(l)
		r.stands()
		r.neverTwice()
	})
}

func TestAWriteThatHangsIsGivenUpAndTriedAgain(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Intercept(func(ctx context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Put && c.Nth == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		l, start := r.ladder(), time.Now()
		r.mustUse(l)
		if l.StoreFault() != nil || time.Since(start) > 6*time.Second {
			t.Errorf("after %s: %v", time.Since(start), l.StoreFault())
		}
		r.stands()
	})
}

func TestNoTokenIsGivenOutBeforeItsStoreWasAcknowledged(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		var acknowledged time.Time
		r.vault.Intercept(func(ctx context.Context, c credentialtest.Call) error {
			if c.Op != credentialtest.Put {
				return nil
			}
			err := wait(ctx, time.Second)
			if c.Done {
				acknowledged = time.Now()
			}
			return err
		})
		l := r.ladder()
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if _, err := l.Token(t.Context()); err != nil || acknowledged.IsZero() || time.Now().Before(acknowledged) {
					t.Errorf("a token at %s, the acknowledgement at %s, error %v", time.Now(), acknowledged, err)
				}
			})
		}
		group.Wait()
	})
}

func TestARunThatEndsWhileStoringStoresAllTheSame(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r.vault.Intercept(func(ctx context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Put && !c.Done {
				return wait(ctx, 2*time.Second)
			}
			return nil
		})
		l := r.ladder()
		if token, err := l.Token(ctx); err != nil || token != r.held().AccessToken || l.StoreFault() != nil {
			t.Errorf("got %s, %v, fault %v", token.Reveal(), err, l.StoreFault())
		}
		r.stands()
	})
}

func TestStoringAfterTheEndOfARunIsShort(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r.vault.Intercept(func(ctx context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Put {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		l, start := r.ladder(), time.Now()
		if _, err := l.Token(ctx); err != nil || l.StoreFault() == nil {
			t.Errorf("error %v, fault %v", err, l.StoreFault())
		}
		if spent := time.Since(start); spent > 5*time.Second {
			t.Errorf("it took %s", spent)
		}
	})
}

func TestAProcessKilledBetweenAnswerAndStoreStrandsNothing(t *testing.T) {
	for _, killsFamily := range []bool{false, true} {
		in(t, func(t *testing.T, r *room) {
			r.yard.killsFamily = killsFamily
			r.seed()
			r.pass(time.Hour)
			r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
				if c.Op == credentialtest.Put {
					runtime.Goexit() // as far as the rest of the world can see
				}
				return nil
			})
			var group sync.WaitGroup
			group.Go(func() {
				_, err := r.ladder().Token(t.Context())
				t.Error("it was not killed:", err)
			})
			group.Wait()
			r.vault.Intercept(nil)
			l := r.ladder()
			r.mustUse(l)
			if l.How() != "exchanged" || l.StoreFault() != nil {
				t.Errorf("how %q, fault %v", l.How(), l.StoreFault())
			}
			r.stands()
		})
	}
}

func TestARestoredBackupIsReplaced(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		_, backup := r.vault.Held(sessionSecret)
		for range 12 { // a chain of versions, each named by its predecessor
			r.pass(time.Hour)
			r.mustUse(r.ladder())
		}
		for range 7 { // and the same backup is brought back again and again
			r.vault.Restore(sessionSecret, backup)
			r.pass(time.Hour)
			l := r.ladder()
			r.mustUse(l)
			if l.StoreFault() != nil {
				t.Fatal(l.StoreFault())
			}
			r.stands()
			if _, id := r.vault.Held(sessionSecret); id == backup {
				t.Fatal("the backup is still current")
			}
		}
	})
}

func TestABackupRestoredTooOftenIsToldAndNotGreen(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		_, backup := r.vault.Held(sessionSecret)
		for token, n := credential.First(backup), 0; n < 8; token, n = credential.Next(token), n+1 {
			if _, err := r.vault.Put(t.Context(), sessionSecret, credential.NewSecret("{}"), token); err != nil {
				t.Fatal(err)
			}
		}
		r.vault.Restore(sessionSecret, backup)
		r.pass(time.Hour)
		l := r.ladder()
		r.mustUse(l)
		if !errors.Is(l.StoreFault(), credential.ErrExists) {
			t.Errorf("fault %v; want that the tokens are taken", l.StoreFault())
		}
	})
}

// between runs other right before the first write of the session.
func (r *room) between(other func()) {
	done := false
	r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
		if c.Op != credentialtest.Current && !c.Done && !done {
			done = true
			other()
		}
		return nil
	})
}

func TestASessionStoredMeanwhileIsTaken(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		var theirs credential.Secret
		r.between(func() { theirs = r.mustUse(r.ladder()) })
		l := r.ladder()
		if got := r.mustUse(l); got != theirs || l.StoreFault() != nil {
			t.Errorf("got %s, fault %v; want the other process's %s", got.Reveal(), l.StoreFault(), theirs.Reveal())
		}
		if r.vault.Versions(sessionSecret) != 1 {
			t.Errorf("%d versions; want the other process's alone", r.vault.Versions(sessionSecret))
		}
		r.stands()
	})
}

func TestASessionCreatedMeanwhileIsTaken(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Remove(sessionSecret)
		var theirs credential.Secret
		r.between(func() { theirs = r.mustUse(r.ladder()) })
		if got := r.mustUse(r.ladder()); got != theirs {
			t.Errorf("got %s; want the other process's %s", got.Reveal(), theirs.Reveal())
		}
		r.stands()
	})
}

func TestASecretMadeMeanwhileWithoutAValueIsFilled(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Remove(sessionSecret)
		r.between(func() { r.vault.MakeEmpty(sessionSecret) })
		l := r.ladder()
		r.mustUse(l)
		if l.StoreFault() != nil {
			t.Error(l.StoreFault())
		}
		r.stands()
	})
}

func TestASessionStoredMeanwhileThatIsOfNoUseIsReplaced(t *testing.T) {
	for name, theirs := range map[string]string{
		"of an older key": `{"access_token":"x","access_expires_at":"2999-01-01T00:00:00Z","api_key_version":"old","note": [1.0]}`,
		"expired":         `{"access_token":"x","access_expires_at":"1999-01-01T00:00:00Z","note": [1.0]}`,
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.seed()
				r.pass(time.Hour)
				_, id := r.vault.Held(sessionSecret)
				r.between(func() { r.putOver(id, theirs) })
				l := r.ladder()
				r.mustUse(l)
				r.stands()
				value, now := r.vault.Held(sessionSecret)
				if l.StoreFault() != nil || now != credential.First(credential.First(id)) {
					t.Errorf("fault %v, version %s; want one that replaces theirs", l.StoreFault(), now)
				}
				if !strings.Contains(value, `"note": [1.0]`) {
					t.Errorf("their member was lost: %s", value)
				}
			})
		})
	}
}

func TestASecretDeletedMeanwhileIsCreatedAgain(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		r.between(func() { r.vault.Remove(sessionSecret) })
		l := r.ladder()
		r.mustUse(l)
		if l.StoreFault() != nil {
			t.Error(l.StoreFault())
		}
		r.stands()
	})
}

// A role that may not describe secrets is told of an empty one that it does not exist.
func TestAnEmptySecretThatLooksAbsentIsFilled(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Current && c.Done && c.Name == sessionSecret && r.vault.Versions(sessionSecret) == 0 {
				return credential.ErrNotFound
			}
			return nil
		})
		l := r.ladder()
		r.mustUse(l)
		if l.StoreFault() != nil {
			t.Error(l.StoreFault())
		}
		r.stands()
	})
}

func TestASecretThatMayNotBeCreatedIsNamed(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Remove(sessionSecret)
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Create {
				return credential.ErrDenied
			}
			return nil
		})
		l := r.ladder()
		r.mustUse(l)
		if l.StoreFault() == nil {
			t.Fatal("no fault")
		}
		for _, part := range []string{sessionSecret, "create it"} {
			if !strings.Contains(l.StoreFault().Error(), part) {
				t.Errorf("the message %q lacks %q", l.StoreFault(), part)
			}
		}
	})
}

func TestTenRunsAtOnceAllEndWithATokenThatWorks(t *testing.T) {
	for name, set := range map[string]func(y *yard){
		"plain":                    func(*yard) {},
		"reuse kills the family":   func(y *yard) { y.killsFamily = true },
		"an exchange ends earlier": func(y *yard) { y.oneSession = true },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.seed()
				r.pass(time.Hour)
				set(r.yard)
				slow := 100 * time.Millisecond
				r.yard.fault = func(ctx context.Context, _ string, _ bool) error { return wait(ctx, slow) }
				r.vault.Intercept(func(ctx context.Context, _ credentialtest.Call) error { return wait(ctx, slow/3) })
				var group sync.WaitGroup
				for i := range 10 {
					group.Go(func() {
						r.pass(time.Duration(i) * slow / 4)
						r.tryUse(r.ladder())
					})
				}
				group.Wait()
				r.vault.Intercept(nil)
				r.tryUse(r.ladder())
				r.stands()
			})
		})
	}
}
