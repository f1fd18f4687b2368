package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/webhook"
)

var (
	yard   = webhook.Target{Source: "yard", Function: "yard-export"}
	brands = webhook.Target{Source: "brands", Function: "arn:aws:lambda:us-east-1:000000000000:function:brands-export"}
	both   = []webhook.Target{yard, brands}
)

const claimKey = "claims/one.json"

// try is one try at a webhook that wants both targets, and has 12 seconds.
func (b *bucket) try(t testing.TB) (*webhook.Claim, error) {
	t.Helper()
	return b.tryFor(t, 12*time.Second, both)
}

func (b *bucket) tryFor(t testing.TB, limit time.Duration, wanted []webhook.Target) (*webhook.Claim, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	return webhook.Acquire(ctx, b, claimKey, wanted, time.Now)
}

// holds is a try that gets an answer, which has so much accepted and pending.
func (b *bucket) holds(t testing.TB, accepted, pending []webhook.Target) *webhook.Claim {
	t.Helper()
	c, err := b.try(t)
	if err != nil {
		t.Fatal(err)
	}
	wantTargets(t, c, accepted, pending)
	return c
}

func wantTargets(t testing.TB, c *webhook.Claim, accepted, pending []webhook.Target) {
	t.Helper()
	if got := c.Accepted(); got == nil || !slices.Equal(got, accepted) {
		t.Errorf("accepted: %q, expected %q", got, accepted)
	}
	if got := c.Pending(); !slices.Equal(got, pending) {
		t.Errorf("pending: %q, expected %q", got, pending)
	}
}

func accept(t testing.TB, c *webhook.Claim, started ...webhook.Target) {
	t.Helper()
	for _, target := range started {
		if err := c.Accept(t.Context(), target); err != nil {
			t.Error(err)
		}
	}
}

func release(t testing.TB, c *webhook.Claim) {
	t.Helper()
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// The form is read by the versions before and after this one.
func TestAClaimAsItLiesInTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		holder := regexp.MustCompile(`"holder":"[A-Z2-7]{26}"`)
		lies := func(want string) {
			t.Helper()
			if got := holder.ReplaceAllString(b.lies(claimKey), `"holder":"H"`); got != want {
				t.Errorf("there lies\n%s, expected\n%s", got, want)
			}
		}
		const head = `{"version":1,"holder":"H","time":"2000-01-01T00:00:00Z","expires_at":"2000-01-01T00:00:17Z",`
		c := b.holds(t, nil, both)
		lies(head + `"released":false,"done":false,"accepted":[]}`)
		accept(t, c, yard)
		lies(head + `"released":false,"done":false,"accepted":[{"source":"yard","function":"yard-export"}]}`)
		release(t, c)
		lies(head + `"released":true,"done":false,"accepted":[{"source":"yard","function":"yard-export"}]}`)
		accept(t, b.holds(t, []webhook.Target{yard}, []webhook.Target{brands}), brands)
		lies(head + `"released":false,"done":true,"accepted":[{"source":"yard","function":"yard-export"},` +
			`{"source":"brands","function":"arn:aws:lambda:us-east-1:000000000000:function:brands-export"}]}`)
		if info, err := b.Head(t.Context(), claimKey); err != nil || info.ContentType != "application/json" {
			t.Errorf("%+v %v", info, err)
		}
	})
}

func TestOfManyTriesOneStartsAndTheOthersAnswerWhatItStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.pause = 20 * time.Millisecond
		var started []webhook.Target // unguarded: the race detector sees two that hold the claim
		var tries sync.WaitGroup
		for range 30 {
			tries.Go(func() {
				c, err := b.try(t)
				if err != nil {
					t.Error(err)
					return
				}
				for _, target := range c.Pending() {
					time.Sleep(time.Second)
					started = append(started, target)
					accept(t, c, target)
				}
				wantTargets(t, c, both, nil)
			})
		}
		tries.Wait()
		if !slices.Equal(started, both) {
			t.Errorf("started: %q", started)
		}
	})
}

func TestATryWaitsForAnotherAsLongAsItsTimeLasts(t *testing.T) {
	for _, pause := range []time.Duration{0, 30 * time.Millisecond, 350 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			b.pause = pause
			first := b.holds(t, nil, both)
			lay := b.lies(claimKey)
			for _, limit := range []time.Duration{2 * time.Second, 2710 * time.Millisecond, 3 * time.Second} {
				began := time.Now()
				_, err := b.tryFor(t, limit, both)
				busy, ok := errors.AsType[*webhook.UnderWay](err)
				if !ok {
					t.Fatalf("%T %v, expected *UnderWay", err, err)
				}
				if want := first.Time().Add(17 * time.Second); !busy.Until.Equal(want) || !strings.Contains(err.Error(), want.Format(time.RFC3339)) {
					t.Errorf("%v, expected until %v", err, want)
				}
				if took := time.Since(began); took != limit {
					t.Errorf("it took %v, expected %v", took, limit)
				}
			}
			if b.lies(claimKey) != lay {
				t.Errorf("a try that waited wrote %s", b.lies(claimKey))
			}
		})
	}
}

func TestAReleasedClaimIsTakenOverByOneThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		first := b.holds(t, nil, both)
		accept(t, first, yard)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			accept(t, b.holds(t, []webhook.Target{yard}, []webhook.Target{brands}), brands)
			if took := time.Since(first.Time()); took < 3*time.Second || took > 3200*time.Millisecond {
				t.Errorf("taken over after %v", took)
			}
		})
		time.Sleep(3 * time.Second)
		release(t, first)
		waiting.Wait()
		b.holds(t, both, nil)
	})
}

// A killed try neither accepts nor releases.
func TestAKilledTrysClaimIsTakenOverOnceItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			limit time.Duration // 0: none
			over  time.Duration
		}{
			"5 seconds after the deadline":       {12 * time.Second, 17 * time.Second},
			"a minute of one without a deadline": {0, time.Minute},
		} {
			b := newBucket()
			ctx := t.Context()
			if c.limit > 0 {
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, c.limit)
				defer stop()
			}
			killed, err := webhook.Acquire(ctx, b, claimKey, both, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			accept(t, killed, yard)
			time.Sleep(c.over - time.Second)
			if _, err := b.tryFor(t, 900*time.Millisecond, both); !errors.As(err, new(*webhook.UnderWay)) {
				t.Errorf("%s, before: %T %v", name, err, err)
			}
			next := b.holds(t, []webhook.Target{yard}, []webhook.Target{brands})
			if took := next.Time().Sub(killed.Time()); took < c.over || took > c.over+200*time.Millisecond {
				t.Errorf("%s: taken over after %v", name, took)
			}
			accept(t, next, brands)
			b.holds(t, both, nil)
		}
	})
}

func TestAClaimIsKeptOnTheClockThatIsPassedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		ctx, stop := context.WithTimeout(t.Context(), 12*time.Second)
		defer stop()
		if _, err := webhook.Acquire(ctx, b, claimKey, both, func() time.Time { return time.Now().Add(time.Hour) }); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.lies(claimKey), `"time":"2000-01-01T01:00:00Z","expires_at":"2000-01-01T01:00:17Z"`) {
			t.Errorf("there lies %s", b.lies(claimKey))
		}
	})
}

// The holder was paused, not killed, and comes back when another try has its claim.
func TestATryThatWasOvertakenLeavesTheOthersClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		paused := b.holds(t, nil, both)
		time.Sleep(18 * time.Second)
		next := b.holds(t, nil, both)
		lay := b.lies(claimKey)
		if err := paused.Accept(t.Context(), yard); !errors.Is(err, snapshot.ErrConflict) {
			t.Errorf("accept: %v", err)
		}
		if err := paused.Release(t.Context()); !errors.Is(err, snapshot.ErrConflict) {
			t.Errorf("release: %v", err)
		}
		if b.lies(claimKey) != lay {
			t.Errorf("it wrote %s", b.lies(claimKey))
		}
		accept(t, next, both...)
		b.holds(t, both, nil)
	})
}

func TestADayLaterTheIDIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done, half, held := newBucket(), newBucket(), newBucket()
		accept(t, done.holds(t, nil, both), both...)
		c := half.holds(t, nil, both)
		accept(t, c, yard)
		release(t, c)
		held.lay(claimKey, `{"version":1,"holder":"other","time":"2000-01-01T00:00:00Z","expires_at":"2000-01-09T00:00:00Z"}`)
		time.Sleep(24*time.Hour - time.Second)
		done.holds(t, both, nil)
		if _, err := held.tryFor(t, 500*time.Millisecond, both); !errors.As(err, new(*webhook.UnderWay)) {
			t.Errorf("%T %v", err, err)
		}
		time.Sleep(time.Second)
		for _, b := range []*bucket{done, half, held} {
			accept(t, b.holds(t, nil, both), both...)
			b.holds(t, both, nil)
		}
	})
}

// The id decides; what comes with it may differ where a sender is at fault, or the configuration changed.
func TestWhatIsWantedNowChangesNothingOfWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := func(b *bucket, wanted, accepted, pending []webhook.Target) *webhook.Claim {
			t.Helper()
			c, err := b.tryFor(t, time.Second, wanted)
			if err != nil {
				t.Fatal(err)
			}
			wantTargets(t, c, accepted, pending)
			return c
		}
		one, other := []webhook.Target{yard}, []webhook.Target{brands}
		b := newBucket()
		accept(t, again(b, one, nil, one), yard)
		again(b, both, one, nil)

		b = newBucket()
		c := b.holds(t, nil, both)
		accept(t, c, yard)
		release(t, c)
		renamed := []webhook.Target{{Source: "yard", Function: "new-name"}, brands}
		release(t, again(b, renamed, one, other))
		again(b, one, one, nil) // nothing is left: it is done, and blocks nobody
		if !strings.Contains(b.lies(claimKey), `"done":true`) {
			t.Errorf("there lies %s", b.lies(claimKey))
		}
		lay := b.lies(claimKey)
		release(t, again(b, both, one, nil)) // nothing is held that could be given free
		if b.lies(claimKey) != lay {
			t.Errorf("there lies %s", b.lies(claimKey))
		}
	})
}

func TestAnObjectThatIsNoClaimCountsAsNone(t *testing.T) {
	for _, text := range []string{``, `torn {`, `null`, `[]`, `{}`, `7`, `{"done":true}`, `{"done":true,"time":"yesterday"}`, "\xff",
		`{"version":1,"holder":"other","time":"2000-01-01T00:00:00Z","expires_at":"2000-01-09T00:00:00Z","accepted":"all"}`} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			b.lay(claimKey, text)
			accept(t, b.holds(t, nil, both), both...)
			b.holds(t, both, nil)
		})
	}
}

func TestAClaimThatIsDeletedMeanwhileIsTakenAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		first := b.holds(t, nil, both)
		release(t, first)
		b.lost = func(key string) { // between the Put and what is read after it
			b.lost = nil
			if err := b.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		c := b.holds(t, nil, both)
		accept(t, c, yard)
		if err := b.Delete(t.Context(), claimKey); err != nil {
			t.Fatal(err)
		}
		if err := c.Accept(t.Context(), brands); !errors.Is(err, snapshot.ErrConflict) {
			t.Errorf("%v", err)
		}
		if text := b.lies(claimKey); text != "" {
			t.Errorf("there lies %s", text)
		}
	})
}

func TestAStoreThatFailsIsNoClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.put = func(int) fate { return denied }
		if c, err := b.try(t); c != nil || !errors.Is(err, snapshot.ErrDenied) || !strings.Contains(err.Error(), claimKey) {
			t.Errorf("write: %v %v", c, err)
		}
		b.put = nil
		release(t, b.holds(t, nil, both))
		for n := range 2 { // where the write was lost, and at the look after it
			b.gets, b.get = 0, func(get int) error {
				if get == n+1 {
					return snapshot.ErrDenied
				}
				return nil
			}
			if c, err := b.try(t); c != nil || !errors.Is(err, snapshot.ErrDenied) || !strings.Contains(err.Error(), claimKey) {
				t.Errorf("read %d: %v %v", n, c, err)
			}
		}
		b.get = nil
		b.holds(t, nil, both)
		b.gets, b.get = 0, func(get int) error { // while it waits
			if get > 4 {
				return snapshot.ErrDenied
			}
			return nil
		}
		if c, err := b.try(t); c != nil || !errors.Is(err, snapshot.ErrDenied) {
			t.Errorf("read while waiting: %v %v", c, err)
		}
	})
}

func TestWhatBefallsAWriting(t *testing.T) {
	one, other := []webhook.Target{yard}, []webhook.Target{brands}
	for _, c := range []struct {
		name     string
		nth      int // Put: 1 takes, 2 and 3 accept
		befalls  fate
		err      error            // of that writing
		accepted []webhook.Target // as a further try finds it, after the holder's time
		pending  []webhook.Target
	}{
		{"taken, sent again", 1, sentAgain, nil, both, nil},
		{"first mark sent again", 2, sentAgain, nil, both, nil},
		{"first mark's answer lost", 2, answerLost, errLost, both, nil},
		{"first mark denied", 2, denied, snapshot.ErrDenied, both, nil},
		{"last mark sent again", 3, sentAgain, nil, both, nil},
		{"last mark's answer lost", 3, answerLost, errLost, both, nil},
		{"last mark denied", 3, denied, snapshot.ErrDenied, one, other},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket()
				b.put = func(n int) fate {
					if n == c.nth {
						return c.befalls
					}
					return carriedOut
				}
				claim := b.holds(t, nil, both)
				for i, target := range both {
					err := claim.Accept(t.Context(), target)
					if want := c.err; i+2 == c.nth && !errors.Is(err, want) || i+2 != c.nth && err != nil {
						t.Errorf("accept %s: %v", target.Source, err)
					}
				}
				wantTargets(t, claim, both, nil)
				time.Sleep(17 * time.Second)
				b.holds(t, c.accepted, c.pending)
			})
		})
	}
}

func TestAReleaseAlsoMarksWhatWasNotMarked(t *testing.T) {
	for _, befalls := range []fate{denied, answerLost} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			c := b.holds(t, nil, both)
			b.puts, b.put = 0, func(n int) fate {
				if n == 1 {
					return befalls
				}
				return carriedOut
			}
			if err := c.Accept(t.Context(), yard); err == nil {
				t.Error("no error")
			}
			release(t, c)
			b.holds(t, []webhook.Target{yard}, []webhook.Target{brands})
		})
	}
}

// Whoever keeps what was answered may change it.
func TestAClaimKeepsItsTargets(t *testing.T) {
	b := newBucket()
	c := b.holds(t, nil, both)
	c.Pending()[0] = webhook.Target{}
	accept(t, c, yard)
	c.Accepted()[0] = webhook.Target{}
	wantTargets(t, c, []webhook.Target{yard}, []webhook.Target{brands})
	if text, err := json.Marshal(newBucket().holds(t, nil, both).Accepted()); err != nil || string(text) != "[]" {
		t.Errorf("%s %v", text, err)
	}
}
