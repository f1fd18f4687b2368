package credential_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"yardstick/pkg/credential"
)

func TestVerifyExchangesOnceAndStoresEvenOverALiveSession(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seedBeside(`"owner":"ops"`)
		before, was := r.counts(), r.held()
		l := r.ladder()
		got, err := l.Verify(t.Context())
		if err != nil || got.AccessToken == was.AccessToken || got.AccessToken != r.held().AccessToken || got.ObtainedBy != credential.ByExchange {
			t.Errorf("got %+v, %v", got, err)
		}
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
		if held, _ := r.vault.Held(sessionSecret); !strings.HasPrefix(held, `{"owner":"ops",`) {
			t.Errorf("the session secret holds %s", held)
		}
		if _, version := r.vault.Held(keySecret); l.KeyVersion() != version || l.Limit() != 60 {
			t.Errorf("key version %s, %d a minute", l.KeyVersion(), l.Limit())
		}
		r.stands()
	})
}

func TestVerifyNeverRefreshes(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(2 * r.yard.lifetime)
		before := r.counts()
		if _, err := r.ladder().Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
		r.stands()
	})
}

func TestVerifyNamesARefusedKeyByItsVersion(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		session, _ := r.vault.Held(sessionSecret)
		version := r.vault.Store(keySecret, newKey)
		before := r.counts()
		_, err := r.ladder().Verify(t.Context())
		refused, ok := errors.AsType[*credential.Refused](err)
		if !ok || refused.Version != version || refused.KeySecret != keySecret {
			t.Errorf("got %v", err)
		}
		r.hides(err)
		r.want(before, counts{Reads: 3, Exchanges: 1})
		if now, _ := r.vault.Held(sessionSecret); now != session {
			t.Error("the session was changed")
		}
	})
}

func TestVerifyTriesTheKeyThatReplacedARefusedOne(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Store(keySecret, "eyJ.typo")
		r.yard.fault = func(_ context.Context, _ string, done bool) error {
			if key, _ := r.vault.Held(keySecret); !done && key == "eyJ.typo" {
				r.vault.Store(keySecret, "K-1")
			}
			return nil
		}
		if _, err := r.ladder().Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r.yard.exchanges != 2 {
			t.Errorf("%d exchanges", r.yard.exchanges)
		}
		r.stands()
	})
}

func TestVerifyTakesTheSessionThatAnotherProcessStoredFirst(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		other := r.ladder()
		busy := false
		r.yard.fault = func(_ context.Context, _ string, done bool) error {
			if done && !busy {
				busy = true
				r.mustUse(other)
			}
			return nil
		}
		got, err := r.ladder().Verify(t.Context())
		if err != nil || got.AccessToken != r.held().AccessToken || r.vault.Versions(sessionSecret) != 1 {
			t.Errorf("got %v, %d versions", err, r.vault.Versions(sessionSecret))
		}
		r.stands()
	})
}

func TestVerifyFailsWhereTheSessionCannotBeStored(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.breakPuts(sessionSecret, 1000, false)
		s, err := r.ladder().Verify(t.Context())
		fault, ok := errors.AsType[*credential.SecretFault](err)
		if !ok || fault.Secret != sessionSecret || s != (credential.Session{}) {
			t.Errorf("got %v", err)
		}
		r.hides(err)
		r.vault.Intercept(nil)
		r.mustUse(r.ladder())
		r.stands()
	})
}
