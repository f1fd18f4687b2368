package credential

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The vault's own client has tried each call several times already; these bound what comes on top of it.
const (
	attempts    = 4
	attemptTime = 4 * time.Second // one call, so that an answer that never comes leaves time for another attempt
	firstPause  = 200 * time.Millisecond
)

// current reads a secret, again while the vault fails in passing.
func current(ctx context.Context, vault Vault, name string) (v Version, err error) {
	err = persist(ctx, func(ctx context.Context) error {
		v, err = vault.Current(ctx, name)
		return err
	})
	return v, err
}

// persist makes a call that may be repeated, until it succeeds, its error is final, the attempts are used up, or ctx
// ends. Its error is the end of a context only where ctx ended: that an attempt had no answer in time is a failure.
func persist(ctx context.Context, call func(context.Context) error) error {
	pause := firstPause
	for n := 1; ; n++ {
		attempt, cancel := context.WithTimeout(ctx, attemptTime)
		err := call(attempt)
		cancel()
		if err == nil || final(err) {
			return err
		}
		if n == attempts {
			return exhausted(ctx, err)
		}
		// Jitter keeps functions that failed together from coming back together.
		if !sleep(ctx, pause/2+rand.N(pause)) {
			return err
		}
		pause *= 2
	}
}

// exhausted is what the last attempt failed with. Where ctx goes on, an attempt's own end is kept out of its chain.
func exhausted(ctx context.Context, err error) error {
	if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("no success in %d attempts of %v: %s", attempts, attemptTime, err.Error())
}

func final(err error) bool {
	is := func(sentinel error) bool { return errors.Is(err, sentinel) }
	return slices.ContainsFunc([]error{ErrNotFound, ErrExists, ErrDenied, ErrUnusable, ErrMoved}, is)
}

// sleep waits for d and says whether it could: false where ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
