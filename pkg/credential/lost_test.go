package credential_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/credential"
)

// lostAnswers are the ways in which a refresh takes effect at the vendor and brings nothing back.
var lostAnswers = map[string]func(r *room){
	"connection closed, 500, cut in half": func(r *room) {
		r.yard.fault = func(_ context.Context, call string, done bool) error {
			if call == "refresh" && done {
				return errors.New("unexpected EOF")
			}
			return nil
		}
	},
	"later than the timeout": func(r *room) {
		r.yard.fault = func(ctx context.Context, call string, done bool) error {
			if call == "refresh" && done {
				r.pass(30 * time.Second)
				return context.DeadlineExceeded
			}
			return nil
		}
	},
	"without refresh_token": func(r *room) {
		r.yard.alter = onRefresh(r, func(g *credential.Grant) { g.RefreshToken = credential.Secret{} })
	},
	"without access_token": func(r *room) {
		r.yard.alter = onRefresh(r, func(g *credential.Grant) { g.AccessToken = credential.Secret{} })
	},
	"with a token that no header can carry": func(r *room) {
		r.yard.alter = onRefresh(r, func(g *credential.Grant) { g.AccessToken = credential.NewSecret("a\r\nb") })
	},
}

// onRefresh alters the answers to refreshes only.
func onRefresh(r *room, change func(*credential.Grant)) func(*credential.Grant) {
	exchanges := r.yard.exchanges
	return func(g *credential.Grant) {
		if r.yard.exchanges == exchanges {
			change(g)
		}
	}
}

func TestALostRefreshIsNeverSentAgainAndOneExchangeFollows(t *testing.T) {
	for name, lose := range lostAnswers {
		for _, killsFamily := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				in(t, func(t *testing.T, r *room) {
					r.yard.killsFamily = killsFamily
					r.seed()
					r.pass(time.Hour)
					lose(r)
					before := r.counts()
					l := r.ladder()
					r.mustUse(l)
					r.want(before, counts{Reads: 4, Writes: 1, Refreshes: 1, Exchanges: 1})
					if l.How() != "exchanged" || l.StoreFault() != nil {
						t.Errorf("how %q, fault %v", l.How(), l.StoreFault())
					}
					r.stands()
					r.mustUse(r.ladder())
					r.neverTwice()
				})
			})
		}
	}
}

func TestARefusedRefreshIsFollowedByOneExchange(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		r.yard.endAll()
		before := r.counts()
		r.mustUse(r.ladder())
		r.want(before, counts{Reads: 4, Writes: 1, Refreshes: 1, Exchanges: 1})
		r.stands()
	})
}

func TestAnotherProcessesSessionIsTakenAfterALostRefresh(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		other := r.ladder()
		busy := false
		r.yard.fault = func(_ context.Context, call string, done bool) error {
			if call == "refresh" && !done && !busy { // another process is faster
				busy = true
				r.mustUse(other)
			}
			return nil
		}
		l := r.ladder()
		if got := r.mustUse(l); got != r.held().AccessToken || l.How() != "cached" {
			t.Errorf("got %s, %s; want the stored token", got.Reveal(), l.How())
		}
		if r.yard.exchanges != 1 {
			t.Errorf("%d exchanges; want that of the seed alone", r.yard.exchanges)
		}
		r.stands()
	})
}

func TestAnOperatorsNewKeyIsTakenAfterALostRefresh(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		r.yard.fault = func(_ context.Context, call string, done bool) error {
			if call == "refresh" && !done {
				r.yard.newKey("K-2")
				r.vault.Store(keySecret, "K-2")
			}
			return nil
		}
		before := r.counts()
		r.mustUse(r.ladder())
		r.want(before, counts{Reads: 4, Writes: 1, Refreshes: 1, Exchanges: 1})
		r.stands()
	})
}

// Where the exchange fails too there is no new pair to store, and the spent token stays in the secret.
func TestARefreshTokenIsSentOnceOverAllRuns(t *testing.T) {
	for name, cancelled := range map[string]bool{"vendor down": false, "deadline in the middle": true} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.seed()
				r.pass(time.Hour)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				down := errors.New("503")
				r.yard.fault = func(_ context.Context, _ string, done bool) error {
					if done && cancelled {
						cancel()
					}
					if done {
						return down
					}
					return nil
				}
				before := r.counts()
				for range 3 {
					if _, err := r.ladder().Token(ctx); !errors.Is(err, down) && !errors.Is(err, context.Canceled) {
						t.Fatalf("got %v; want the vendor's error", err)
					}
				}
				if got := r.since(before); got.Writes != 0 || got.Refreshes != 1 {
					t.Errorf("%+v; want one refresh and no write", got)
				}
				r.yard.fault = nil
				r.mustUse(r.ladder())
				r.stands()
				r.neverTwice()
			})
		})
	}
}

func TestARefreshTokenIsNotedBeforeItIsSent(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		spent := r.held().RefreshToken.Hash()
		r.yard.fault = func(_ context.Context, call string, done bool) error {
			if call == "refresh" && !done && !slices.Equal(r.notes, []string{spent}) {
				t.Errorf("noted %q before the refresh; want %q", r.notes, spent)
			}
			return nil
		}
		before := r.counts()
		r.mustUse(r.ladder())
		r.want(before, counts{Reads: 2, Writes: 1, Refreshes: 1})
	})
}

func TestARefreshTokenThatCannotBeNotedIsNotSent(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.pass(time.Hour)
		l := r.ladderOver(r.vault)
		l.Resume(nil, func(context.Context, string) error { return errors.New("the bucket is away") })
		before := r.counts()
		r.mustUse(l)
		r.want(before, counts{Reads: 4, Writes: 1, Exchanges: 1})
		if !strings.Contains(r.log.String(), "the bucket is away") {
			t.Error("the log does not tell why the key was exchanged")
		}
		r.stands()
	})
}

func TestAnExchangeWithoutRefreshTokenIsUsed(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.yard.alter = func(g *credential.Grant) { g.RefreshToken = credential.Secret{} }
		r.mustUse(r.ladder())
		r.pass(time.Hour)
		r.mustUse(r.ladder())
		if got := r.counts(); got.Exchanges != 2 || got.Refreshes != 0 {
			t.Errorf("%+v; want 2 exchanges", got)
		}
	})
}

func TestAnExchangeWithoutAccessTokenIsAnError(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.yard.alter = func(g *credential.Grant) { g.AccessToken = credential.Secret{} }
		_, err := r.ladder().Token(t.Context())
		if !errors.Is(err, credential.ErrUnusableGrant) {
			t.Errorf("got %v; want ErrUnusableGrant", err)
		}
		if r.counts().Writes != 0 {
			t.Error("something was stored")
		}
	})
}
