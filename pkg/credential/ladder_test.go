package credential_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// in runs a test on a fake clock with an account of its own.
func in(t *testing.T, test func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newRoom(t)) })
}

func TestTheFirstRunExchangesTheKeyAndStores(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		l := r.ladder()
		if l.Limit() != 10 || l.Assumed() || l.How() != "" || l.KeyVersion() != "" {
			t.Errorf("before any call: limit %d, assumed %v, how %q, key %q", l.Limit(), l.Assumed(), l.How(), l.KeyVersion())
		}
		token := r.mustUse(l)
		r.want(counts{}, counts{Reads: 2, Writes: 1, Exchanges: 1})
		_, key := r.vault.Held(keySecret)
		now := time.Now().UTC()
		want := credential.Session{
			AccessToken: token, AccessExpiresAt: now.Add(time.Hour),
			RefreshToken: credential.NewSecret("eyJ.refresh-1"), RefreshExpiresAt: now.Add(30 * 24 * time.Hour),
			RequestsPerMinute: 60, KeyVersion: key, ObtainedAt: now, ObtainedBy: "exchange",
		}
		if diff := cmp.Diff(want, r.held()); diff != "" {
			t.Errorf("stored session (-want +got):\n%s", diff)
		}
		if l.How() != "exchanged" || l.Limit() != 60 || l.KeyVersion() != key || l.StoreFault() != nil {
			t.Errorf("how %q, limit %d, key %q, fault %v", l.How(), l.Limit(), l.KeyVersion(), l.StoreFault())
		}
		arn := "arn:aws:secretsmanager:us-east-1:000000000000:secret:" + sessionSecret + "-AbCdEf"
		if _, id := r.vault.Held(sessionSecret); id != credential.First(arn+"empty") {
			t.Errorf("stored as %s; want the digest of the ARN and \"empty\"", id)
		}
	})
}

func TestAStoredTokenIsUsedAgain(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		first := r.mustUse(r.ladder())
		r.pass(57 * time.Minute)
		before := r.counts()
		l := r.ladder()
		for range 3 {
			if got := r.mustUse(l); got != first {
				t.Errorf("got token %s; want the stored one", got.Reveal())
			}
		}
		r.want(before, counts{Reads: 2})
		if l.How() != "cached" || l.Limit() != 60 || l.Assumed() {
			t.Errorf("how %q, limit %d, assumed %v", l.How(), l.Limit(), l.Assumed())
		}
	})
}

func TestATokenIsGivenUpTwoMinutesBeforeItExpires(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(58*time.Minute - time.Second)
		l := r.ladder()
		r.mustUse(l)
		if l.How() != "cached" {
			t.Errorf("with 2 minutes and a second left: %s", l.How())
		}
		r.pass(time.Second)
		l = r.ladder()
		r.mustUse(l)
		if l.How() != "refreshed" {
			t.Errorf("with 2 minutes left: %s", l.How())
		}
	})
}

func TestAnExpiredTokenIsRefreshedAndTheReplacementKept(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		_, replaced := r.vault.Held(sessionSecret)
		r.pass(time.Hour)
		before := r.counts()
		l := r.ladder()
		token := r.mustUse(l)
		r.want(before, counts{Reads: 2, Writes: 1, Refreshes: 1})
		r.stands()
		s := r.held()
		if s.AccessToken != token || s.RefreshToken.Reveal() != "eyJ.refresh-2" ||
			s.ObtainedBy != "refresh" || l.How() != "refreshed" {
			t.Errorf("stored %+v, how %q; want the new pair", s, l.How())
		}
		if _, id := r.vault.Held(sessionSecret); id != credential.First(replaced) {
			t.Errorf("stored as %s; want the digest of the version replaced", id)
		}
		r.neverTwice()
	})
}

func TestATokenThatRunsOutInMidRunIsReplaced(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		l := r.ladder()
		r.mustUse(l)
		for range 5 {
			r.pass(59 * time.Minute)
			r.mustUse(l)
		}
		r.want(counts{}, counts{Reads: 12, Writes: 6, Refreshes: 5, Exchanges: 1})
		r.stands()
		r.neverTwice()
		if l.How() != "exchanged" { // the most that the run needed
			t.Errorf("how %q", l.How())
		}
	})
}

func TestAnExpiredRefreshTokenIsNotSent(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(30 * 24 * time.Hour)
		before := r.counts()
		r.mustUse(r.ladder())
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
	})
}

func TestAKeyVersionOtherThanTheSessionsGoesStraightToTheExchange(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.yard.newKey("K-2")
		r.vault.Store(keySecret, "K-2\n")
		before := r.counts()
		l := r.ladder()
		token, err := l.Token(t.Context()) // the very first token works: no failed request
		if err != nil || !r.yard.takes(token) || l.How() != "exchanged" {
			t.Errorf("got %s, %v, %s", token.Reveal(), err, l.How())
		}
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
		r.stands()
	})
}

func TestAnAbsentSessionSecretIsCreated(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault = credentialtest.NewMemory()
		r.vault.Store(keySecret, "K-1")
		r.mustUse(r.ladder())
		r.stands()
		_, id := r.vault.Held(sessionSecret)
		if n := r.vault.Count(credentialtest.Create); n != 1 || id != credential.First(sessionSecret+"empty") {
			t.Errorf("%d creations, version %s", n, id)
		}
	})
}

func TestAnUnusableSessionLeadsToAnExchangeAndKeepsWhatElseIsThere(t *testing.T) {
	for name, text := range map[string]string{
		"empty object":       `{}`,
		"other members only": `{"note": [1.0 ,2]}`,
		"wrong types":        `{"access_token":1,"access_expires_at":true,"note": [1.0 ,2]}`,
		"newer format":       `{"version":7,"access_token":"x","access_expires_at":"2999-01-01T00:00:00Z","note": [1.0 ,2]}`,
		"never expires":      `{"access_token":"x","refresh_token":"y","note": [1.0 ,2]}`,
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.vault.Store(sessionSecret, text)
				r.mustUse(r.ladder())
				r.want(counts{}, counts{Reads: 2, Writes: 1, Exchanges: 1})
				r.stands()
				value, _ := r.vault.Held(sessionSecret)
				if strings.Contains(text, "note") && !strings.Contains(value, `"note": [1.0 ,2]`) {
					t.Errorf("a member was lost: %s", value)
				}
			})
		})
	}
}

func TestASecretOfTheWrongFormIsNamedAndNeverOverwritten(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Store(sessionSecret, "somebody's password")
		_, err := r.ladder().Token(t.Context())
		fault, ok := errors.AsType[*credential.SecretFault](err)
		if !ok || fault.Secret != sessionSecret || strings.Contains(err.Error(), "password") {
			t.Errorf("got %v; want a SecretFault that names the session secret", err)
		}
		r.want(counts{}, counts{Reads: 2})
	})
}

func TestATokenWithoutKeyIsNotGivenOut(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.vault.Store(keySecret, "{}")
		_, err := r.ladder().Token(t.Context())
		if fault, ok := errors.AsType[*credential.SecretFault](err); !ok || fault.Secret != keySecret {
			t.Errorf("got %v; want a SecretFault that names the key secret", err)
		}
	})
}

func TestAGrantWithoutALimitCountsAsTenAndIsTold(t *testing.T) {
	for name, limit := range map[string]int{"absent": 0, "negative": -4} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.yard.limit = limit
				for range 2 { // exchanged, then cached
					l := r.ladder()
					r.mustUse(l)
					if l.Limit() != 10 || !l.Assumed() {
						t.Errorf("%s: limit %d, assumed %v; want 10, assumed", l.How(), l.Limit(), l.Assumed())
					}
				}
			})
		})
	}
}

func TestAGrantWithoutLifetimesLastsAsDocumented(t *testing.T) {
	for name, d := range map[string]time.Duration{"absent": 0, "negative": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.yard.alter = func(g *credential.Grant) { g.AccessFor, g.RefreshFor = d, d }
				r.seed()
				s, now := r.held(), time.Now()
				if s.AccessExpiresAt.Sub(now) != time.Hour || s.RefreshExpiresAt.Sub(now) != 30*24*time.Hour {
					t.Errorf("expires at %s and %s; it is %s", s.AccessExpiresAt, s.RefreshExpiresAt, now)
				}
			})
		})
	}
}

func TestAShortLivedTokenIsNotReplacedOnEveryCall(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.yard.lifetime = 90 * time.Second
		l := r.ladder()
		for range 20 {
			r.mustUse(l)
			r.pass(9 * time.Second)
		}
		if got := r.counts(); got.Exchanges+got.Refreshes > 4 {
			t.Errorf("%+v in 3 minutes", got)
		}
		r.neverTwice()
	})
}

func TestConcurrentCallsClimbOnce(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(2 * time.Hour)
		r.yard.fault = func(ctx context.Context, _ string, _ bool) error { return wait(ctx, time.Second) }
		before := r.counts()
		l := r.ladder()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { r.tryUse(l) })
			group.Go(func() { _, _ = l.Limit(), l.How() })
		}
		group.Wait()
		r.want(before, counts{Reads: 2, Writes: 1, Refreshes: 1})
	})
}

func TestConcurrentCallsShareOneFailure(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		down := errors.New("503")
		r.yard.fault = func(ctx context.Context, _ string, _ bool) error { return errors.Join(wait(ctx, time.Second), down) }
		l := r.ladder()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, err := l.Token(t.Context()); !errors.Is(err, down) {
					t.Errorf("got %v; want the vendor's error", err)
				}
			})
		}
		group.Wait()
		r.want(counts{}, counts{Reads: 2})
	})
}

func TestTheEndOfOneCallersContextIsNoFailureOfTheOthers(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.yard.fault = func(ctx context.Context, _ string, _ bool) error { return wait(ctx, time.Minute) }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l := r.ladder()
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := l.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v; want the context's end", err)
			}
		})
		synctest.Wait()
		group.Go(func() { r.tryUse(l) })
		group.Wait()
	})
}

func TestWaitingForAClimbEndsWithTheContext(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.yard.fault = func(ctx context.Context, _ string, _ bool) error { return wait(ctx, time.Minute) }
		l := r.ladder()
		var group sync.WaitGroup
		group.Go(func() { r.tryUse(l) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v; want the context's end", err)
		}
		group.Wait()
		if token := r.mustUse(l); !r.yard.takes(token) {
			t.Error("the climb was harmed by a waiter's end")
		}
	})
}

func TestLogsTellGenerationsByHash(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		token := r.mustUse(r.ladder())
		if log := r.log.String(); !strings.Contains(log, token.Hash()) || !strings.Contains(log, "API key exchanged") {
			t.Errorf("the log does not tell of the exchange and of %s:\n%s", token.Hash(), log)
		}
	})
}

// wait takes d of the fake clock, or ends with ctx.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
