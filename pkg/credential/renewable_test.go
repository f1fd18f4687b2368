package credential_test

import (
	"testing"
	"time"

	"yardstick/pkg/credential"
)

// What is told of the refresh token is what a run after this one will find in the vault, or as much as this one saw of it.
func TestTheEndOfTheStoredRefreshTokenIsTold(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		expect := func(when string, l *credential.Ladder, want time.Time) {
			t.Helper()
			if got := l.RenewableUntil(); !got.Equal(want) {
				t.Errorf("%s: %v, expected %v", when, got, want)
			}
		}
		l := r.ladder()
		expect("before anything was read", l, time.Time{})
		r.mustUse(l)
		expect("exchanged", l, time.Now().Add(30*24*time.Hour))

		r.pass(2 * time.Hour)
		stored := r.held().RefreshExpiresAt
		r.vault.Intercept(failing(false, always))
		l = r.ladder()
		r.mustUse(l)
		expect("refreshed and not stored", l, stored)

		r.pass(2 * time.Hour)
		r.vault.Intercept(failing(true, always))
		l = r.ladder()
		r.mustUse(l)
		expect("stored, and no answer came", l, stored)
		stored = r.held().RefreshExpiresAt
		if _, err := l.Rejected(t.Context(), r.held().AccessToken); err != nil { // it reads the vault again
			t.Fatal(err)
		}
		expect("found stored", l, stored)
		r.vault.Intercept(nil)

		l = r.ladder()
		r.mustUse(l)
		expect("in the end", l, r.held().RefreshExpiresAt)
	})
}

func TestASessionWithoutARefreshTokenHasNoEnd(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.vault.Store(sessionSecret, `{"version":1,"access_token":"eyJ.x","access_expires_at":"2000-01-02T00:00:00Z","refresh_token":null,"refresh_expires_at":"2100-01-01T00:00:00Z"}`)
		l := r.ladder()
		r.yard.newKey("another")
		if _, err := r.use(l); err == nil {
			t.Fatal("a key that was revoked gave a token")
		}
		if got := l.RenewableUntil(); !got.IsZero() {
			t.Errorf("%v, expected none", got)
		}
	})
}
