package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"yardstick/pkg/snapshot"
)

const (
	claimKept  = 24 * time.Hour         // how long an id stays known
	claimTerm  = time.Minute            // of a holder without a deadline
	claimGrace = 5 * time.Second        // a claim outlives its holder's deadline by more than clocks differ
	claimPoll  = 200 * time.Millisecond // between looks at a claim that another try holds
)

// errClaimed says that another try at the same webhook is under way.
var errClaimed = errors.New("another try at this webhook is under way")

// claim is what is known of a webhook's id, as it lies in the bucket.
//
// A webhook is claimed, then started, then marked as done. The claim comes first, by a conditional write that one try
// alone can win: of tries that come at once, one starts and the others wait for what becomes of it. Only what is done is
// answered again without a start. Until then the sender is told to come back: a try that failed gives its claim free, one
// that was killed loses it once its time is over, and the next goes on with what is not started yet. A try that is killed
// between a start and its mark has that one start repeated. The export bears it, since its lease keeps runs apart and what
// is fresh is not due; marked first, the start would be lost.
type claim struct {
	Version   int       `json:"version"` // 1
	Holder    string    `json:"holder"`  // one invocation
	Time      time.Time `json:"time"`    // of its taking; a day later the id counts as new
	ExpiresAt time.Time `json:"expires_at"`
	Released  bool      `json:"released"` // the holder ended without having started everything
	Done      bool      `json:"done"`
	Accepted  []started `json:"accepted"` // so far
}

// started is one function that was started.
type started struct {
	Source   string `json:"source"`
	Function string `json:"function"`
}

func (c claim) known(now time.Time) bool { return now.Before(c.Time.Add(claimKept)) }

func (c claim) held(now time.Time) bool { return !c.Released && now.Before(c.ExpiresAt) }

// claimed is a claim that this invocation holds, or one that is done.
type claimed struct {
	claim
	store snapshot.Store
	key   string
	etag  string
	now   func() time.Time
}

// acquireClaim takes a claim that is free, or answers the one that is done. Where another try holds it, it waits for what
// becomes of that as long as ctx lasts; then it is errClaimed.
func acquireClaim(ctx context.Context, store snapshot.Store, key string, now func() time.Time) (*claimed, error) {
	c := &claimed{store: store, key: key, now: now, claim: claim{Holder: rand.Text()}}
	err := c.take(ctx, "", claim{})            // first of all, since nearly every webhook is new
	for errors.Is(err, snapshot.ErrConflict) { // another's claim lies there
		var there claim
		have, loadErr := snapshot.Load(ctx, store, key, &there)
		switch {
		case errors.Is(loadErr, snapshot.ErrNotFound), errors.Is(loadErr, snapshot.ErrForm): // deleted since, or no claim
			there = claim{}
		case loadErr != nil:
			return nil, loadErr
		case there.known(now()) && there.Done:
			c.claim = there
			return c, nil
		case there.known(now()) && there.held(now()):
			if !wait(ctx, claimPoll) {
				return nil, errClaimed
			}
			continue
		}
		err = c.take(ctx, have, there)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// wait says whether ctx lasted so long.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// take writes the claim over the one that was read. What that one started stays started, unless it is too old to be known.
func (c *claimed) take(ctx context.Context, have string, there claim) error {
	now := c.now().UTC()
	c.claim = claim{Version: 1, Holder: c.Holder, Time: now, ExpiresAt: now.Add(claimTerm), Accepted: []started{}}
	if deadline, ok := ctx.Deadline(); ok {
		// The deadline is told on the clock of ctx; the claim is kept on the clock that was passed in.
		c.ExpiresAt = now.Add(time.Until(deadline)).Add(claimGrace)
	}
	if there.known(now) {
		c.Accepted = append(c.Accepted, there.Accepted...)
	}
	return c.mark(ctx, have)
}

func (c *claimed) mark(ctx context.Context, have string) error {
	etag, err := snapshot.Swap(ctx, c.store, c.key, have, c.claim)
	if err != nil {
		return fmt.Errorf("claim the webhook: %w", err)
	}
	c.etag = etag
	return nil
}

// accept notes that a function was started, and with the last of them that all is done.
func (c *claimed) accept(ctx context.Context, s started, last bool) error {
	c.Accepted, c.Done = append(c.Accepted, s), last
	return c.mark(ctx, c.etag)
}

// release gives the claim free for the sender's next try.
func (c *claimed) release(ctx context.Context) error {
	c.Released = true
	return c.mark(ctx, c.etag)
}
