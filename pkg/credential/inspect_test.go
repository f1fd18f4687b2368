package credential_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

func TestInspectTellsWhatIsThere(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		_, key := r.vault.Held(keySecret)
		_, id := r.vault.Held(sessionSecret)
		want := credential.Inspection{
			KeyUsable: true, KeyVersion: key, SessionVersion: id, Session: r.held(), Live: true, Limit: 60,
		}
		l := r.ladder()
		before := r.counts()
		look := func() credential.Inspection {
			t.Helper()
			got, err := l.Inspect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if diff := cmp.Diff(want, look()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if due := look().Due(); !due.Equal(want.Session.AccessExpiresAt.Add(-2 * time.Minute)) {
			t.Errorf("another token is due at %s, and this one ends at %s", due, want.Session.AccessExpiresAt)
		}
		r.pass(time.Hour)
		if got := look(); got.Live || !got.Due().IsZero() {
			t.Error("an expired token is called live")
		}
		r.want(before, counts{Reads: 6})
		if l.How() != "" || l.KeyVersion() != "" {
			t.Error("looking changed the ladder")
		}
	})
}

func TestInspectTellsASessionOfAnotherKey(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		version := r.vault.Store(keySecret, "K-2")
		got, err := r.ladder().Inspect(t.Context())
		if err != nil || got.Live || got.KeyVersion != version || got.Session.KeyVersion == version {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestInspectTellsWhatIsNotThereYet(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		_, key := r.vault.Held(keySecret)
		want := credential.Inspection{KeyUsable: true, KeyVersion: key, Limit: 10}
		got, err := r.ladder().Inspect(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("empty: error %v (-want +got):\n%s", err, diff)
		}
		r.vault.Remove(sessionSecret)
		want.SessionAbsent = true
		got, err = r.ladder().Inspect(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("absent: error %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestInspectNamesEveryFault(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		version := r.vault.Store(keySecret, "{}")
		got, err := r.ladder().Inspect(t.Context())
		_, blamed := errors.AsType[*credential.SecretFault](err)
		if !blamed || got.KeyUsable || got.KeyVersion != version || got.Live {
			t.Errorf("wrong form: got %+v, %v", got, err)
		}
		if got.Session != r.held() {
			t.Error("the session could be seen and is not told")
		}
		r.vault.Intercept(func(context.Context, credentialtest.Call) error { return credential.ErrDenied })
		_, err = r.ladder().Inspect(t.Context())
		if err == nil || !strings.Contains(err.Error(), keySecret) || !strings.Contains(err.Error(), sessionSecret) {
			t.Errorf("denied: got %v; want both secrets named", err)
		}
	})
}
