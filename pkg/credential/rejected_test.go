package credential_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/credential"
)

func TestARejectedTokenIsRefreshed(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		token := r.held().AccessToken
		r.yard.pairs[token.Reveal()].dead = true
		before := r.counts()
		l := r.ladder()
		// The yard ended the access token alone: what it was refreshed by is still good.
		r.yard.refresh["eyJ.refresh-1"] = &grantPair{key: "K-1", family: 1001}
		next := r.mustUse(l)
		if next == token {
			t.Error("the rejected token came again")
		}
		r.want(before, counts{Reads: 4, Writes: 1, Refreshes: 1})
		r.stands()
	})
}

func TestAKeyRevokedInMidRunWithANewOneInTheSecretTakesOneExchange(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		l := r.ladder()
		r.mustUse(l)
		r.pass(10 * time.Minute)
		r.yard.newKey("K-2")
		version := r.vault.Store(keySecret, `{"api_key":"K-2"}`)
		before := r.counts()
		r.mustUse(l)
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
		r.stands()
		if l.KeyVersion() != version {
			t.Errorf("key version %s; want %s", l.KeyVersion(), version)
		}
	})
}

func TestAKeyRevokedInMidRunWithNoNewOneIsRefusedByName(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		l := r.ladder()
		r.mustUse(l)
		r.pass(10 * time.Minute)
		r.yard.newKey("K-2")
		before, start := r.counts(), time.Now()
		for range 4 { // other datasets ask too
			_, err := r.use(l)
			refused, ok := errors.AsType[*credential.Refused](err)
			_, version := r.vault.Held(keySecret)
			if !ok || refused.KeySecret != keySecret || refused.Version != version || !errors.Is(err, credential.ErrRefused) {
				t.Fatalf("got %v; want a refusal of version %s", err, version)
			}
			for _, part := range []string{keySecret, version, "put it into that secret", "Invalid API key"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message %q lacks %q", err, part)
				}
			}
		}
		if got := r.since(before); got.Exchanges != 1 || got.Refreshes != 1 {
			t.Errorf("%+v; a refused key must not be asked again", got)
		}
		if spent := time.Since(start); spent > time.Minute {
			t.Errorf("it took %s", spent)
		}
		r.neverTwice()
	})
}

func TestANewKeyIsTriedAfterARefusal(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.yard.newKey("K-2")
		l := r.ladder()
		if _, err := r.use(l); !errors.Is(err, credential.ErrRefused) {
			t.Fatalf("got %v; want a refusal", err)
		}
		r.vault.Store(keySecret, "K-2")
		r.mustUse(l)
		r.stands()
	})
}

func TestARejectionThatAnotherCallerHasSettledBringsTheReplacement(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		l := r.ladder()
		old := r.mustUse(l)
		r.yard.endAll()
		before := r.counts()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if next, err := l.Rejected(t.Context(), old); err != nil || !r.yard.takes(next) {
					t.Errorf("got %s, %v", next.Reveal(), err)
				}
			})
		}
		group.Wait()
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1}) // brand-new and rejected: its refresh token is not tried
	})
}

func TestAnotherProcessesTokenIsTakenAfterARejection(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		l := r.ladder()
		r.mustUse(l)
		r.pass(time.Hour)
		theirs := r.mustUse(r.ladder()) // a rotation, say
		before := r.counts()
		if got := r.mustUse(l); got != theirs {
			t.Errorf("got %s; want the stored %s", got.Reveal(), theirs.Reveal())
		}
		r.want(before, counts{Reads: 2})
	})
}

func TestNewTokensThatAreRejectedEndInARefusalAfterTwoExchanges(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(10 * time.Minute)
		r.yard.alter = func(g *credential.Grant) { // they look good and do not work
			r.yard.pairs[g.AccessToken.Reveal()].dead = true
		}
		r.yard.pairs[r.held().AccessToken.Reveal()].dead = true
		r.yard.refresh["eyJ.refresh-1"] = &grantPair{key: "K-1", family: 1001}
		before := r.counts()
		l := r.ladder()
		_, err := r.use(l)
		refused, ok := errors.AsType[*credential.Refused](err)
		if !ok || !strings.Contains(refused.Error(), "rejected the tokens that it had just given") {
			t.Fatalf("got %v; want a refusal", err)
		}
		if got := r.since(before); got.Exchanges != 2 || got.Refreshes != 1 {
			t.Errorf("%+v; want 1 refresh and 2 exchanges", got)
		}
		r.neverTwice()
		// Tokens that work for a while are a success: the count begins anew.
		r.yard.alter = nil
		l = r.ladder()
		for range 6 {
			r.mustUse(l)
			r.pass(10 * time.Minute)
			r.yard.endAll()
		}
	})
}

func TestAVendorThatIsDownIsAskedTwiceAtMost(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		asked, down := 0, errors.New("503")
		r.yard.fault = func(context.Context, string, bool) error {
			asked++
			return down
		}
		l := r.ladder()
		for range 5 {
			_, err := l.Token(t.Context())
			if _, refused := errors.AsType[*credential.Refused](err); refused || !errors.Is(err, down) {
				t.Errorf("got %v; want the vendor's error and no refusal", err)
			}
		}
		if asked != 2 {
			t.Errorf("asked %d times; want 2", asked)
		}
	})
}
