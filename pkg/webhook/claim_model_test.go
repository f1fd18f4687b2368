package webhook_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"yardstick/pkg/webhook"
)

// plan is how one try goes.
type plan struct {
	after time.Duration // from the beginning
	pace  time.Duration // of one start
	fails int           // the nth start fails, and the claim is given free; 0: none does
	dies  int           // killed: 1 before the first start, 2 between it and its mark, 3 and 4 at the second; 0: never
}

// ledger is what the tries of one webhook did.
type ledger struct {
	mu       sync.Mutex
	holders  int            // that are at work
	started  map[string]int // by source
	unmarked map[string]int // starts whose try was killed before the mark
	done     bool
}

// Any tries at one webhook, failed and killed at any moment: no two work at once, a start is repeated only where a try was
// killed before its mark, nothing is started after all was done, and in the end all is.
func TestTriesAtOneWebhookStartEachTargetOnce(t *testing.T) {
	milliseconds := func(r *rapid.T, most int, name string) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * time.Millisecond
	}
	rapid.Check(t, func(r *rapid.T) {
		plans := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) plan {
			return plan{
				after: milliseconds(r, 60_000, "after"),
				pace:  milliseconds(r, 7_000, "pace"),
				fails: rapid.IntRange(0, 2).Draw(r, "fails"),
				dies:  rapid.IntRange(0, 4).Draw(r, "dies"),
			}
		}), 1, 8).Draw(r, "tries")
		pause := milliseconds(r, 300, "a request takes")
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			b.pause = pause
			l := &ledger{started: map[string]int{}, unmarked: map[string]int{}}
			var tries sync.WaitGroup
			for _, p := range plans {
				tries.Go(func() { time.Sleep(p.after); l.run(t.Context(), r, b, p) })
			}
			tries.Wait()
			time.Sleep(20 * time.Second)
			l.run(t.Context(), r, b, plan{})
			l.judge(r)
		})
	})
}

func (l *ledger) judge(r *rapid.T) {
	if !l.done {
		r.Error("the last try did not end it")
	}
	for _, target := range both {
		if n, most := l.started[target.Source], 1+l.unmarked[target.Source]; n < 1 || n > most {
			r.Errorf("%s was started %d times, expected at most %d", target.Source, n, most)
		}
	}
}

// run is one try, as a function is invoked: 12 seconds to start, and some more to mark.
func (l *ledger) run(ctx context.Context, r *rapid.T, b *bucket, p plan) {
	working, stop := context.WithTimeout(ctx, 12*time.Second)
	defer stop()
	c, err := webhook.Acquire(working, b, claimKey, both, time.Now)
	if err != nil {
		if !errors.As(err, new(*webhook.UnderWay)) && working.Err() == nil {
			r.Errorf("%T %v", err, err)
		}
		return
	}
	if len(c.Pending()) == 0 {
		l.ends(r, c)
		return
	}
	l.begins(r)
	for i, target := range c.Pending() {
		if p.dies == 2*i+1 {
			l.leaves()
			return
		}
		select {
		case <-time.After(p.pace):
		case <-working.Done():
		}
		if working.Err() != nil || p.fails == i+1 {
			l.leaves()
			if err := c.Release(ctx); err != nil {
				r.Error(err)
			}
			return
		}
		if l.starts(target.Source, p.dies == 2*i+2); p.dies == 2*i+2 {
			return
		}
		if err := c.Accept(ctx, target); err != nil {
			r.Error(err)
		}
	}
	l.leaves()
	l.ends(r, c)
}

func (l *ledger) begins(r *rapid.T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders++; l.holders > 1 || l.done {
		r.Errorf("%d tries at work, and it was done: %v", l.holders, l.done)
	}
}

func (l *ledger) leaves() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holders--
}

func (l *ledger) starts(source string, dies bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started[source]++
	if dies {
		l.unmarked[source]++
		l.holders--
	}
}

// ends is an answer to the sender that all was started.
func (l *ledger) ends(r *rapid.T, c *webhook.Claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	if !slices.Equal(c.Accepted(), both) {
		r.Errorf("accepted: %q", c.Accepted())
	}
}
