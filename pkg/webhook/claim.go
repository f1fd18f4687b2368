package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"yardstick/pkg/snapshot"
)

const (
	claimKept  = 24 * time.Hour         // how long an id stays known
	claimTerm  = time.Minute            // of a holder without a deadline
	claimGrace = 5 * time.Second        // a claim outlives its holder's deadline by more than clocks differ
	claimPoll  = 200 * time.Millisecond // between looks at a claim that another try holds
)

// UnderWay says that another try at the same webhook holds its claim. A later one is answered what becomes of it.
type UnderWay struct {
	Until time.Time // when the claim can be taken over, should that try never end
}

func (u *UnderWay) Error() string {
	return "another try at this webhook is under way, until " + u.Until.Format(time.RFC3339) + " at the latest"
}

// Target is a function that a webhook starts.
type Target struct {
	Source   string `json:"source"`   // what it exports; targets of one source are the same
	Function string `json:"function"` // its name or ARN
}

// object is a claim as it lies in the bucket.
type object struct {
	Version   int       `json:"version"` // 1
	Holder    string    `json:"holder"`  // one try
	Time      time.Time `json:"time"`    // of its taking; a day later the id counts as new
	ExpiresAt time.Time `json:"expires_at"`
	Released  bool      `json:"released"` // the holder ended without having started everything
	Done      bool      `json:"done"`
	Accepted  []Target  `json:"accepted"` // so far
}

func (o object) known(now time.Time) bool { return now.Before(o.Time.Add(claimKept)) }

func (o object) held(now time.Time) bool { return !o.Released && now.Before(o.ExpiresAt) }

// Claim is what is known of a webhook's id: held by this try alone while anything is pending, and else done.
//
// A webhook is claimed, then its targets are started, each is marked by Accept, and with the last of them the webhook is
// done. The claim comes first, by a conditional write that one try alone can win: of tries that come at once, one starts
// and the others wait for what becomes of it. Only what is done is answered again without a start. Until then the sender
// is told to come back: a try that failed gives its claim free by Release, one that was killed loses it once its time is
// over, and the next goes on with what is not started yet. A try that is killed between a start and its mark has that one
// start repeated. An export bears it, since its lease keeps runs apart and what is fresh is not due; marked first, the
// start would be lost.
//
// A Claim is made by Acquire. It is not safe for concurrent use.
type Claim struct {
	store  snapshot.Store
	key    string
	wanted []Target
	now    func() time.Time
	object object
	etag   string
}

// Acquire takes the claim that lies at key (see snapshot.Layout.Webhook) for a webhook that asks for the wanted targets,
// of which there is at least one. What an earlier try of the last 24 hours accepted stays accepted; where it accepted
// everything, the claim has nothing pending, whatever is wanted now. An object that is no claim counts as none.
//
// Where another try holds the claim, Acquire waits for what becomes of that as long as ctx lasts; then the error is
// *UnderWay. Every other error is of the store, wrapped, and says that nothing may be started.
//
// The claim is this try's until 5 seconds after ctx's deadline, or for a minute where it has none: after that deadline
// nothing may be started. It is kept on the clock now.
func Acquire(
	ctx context.Context, store snapshot.Store, key string, wanted []Target, now func() time.Time,
) (*Claim, error) {
	c := &Claim{store: store, key: key, wanted: wanted, now: now, object: object{Holder: rand.Text()}}
	var busy *UnderWay
	err := c.take(ctx, "", nil)                // first of all, since nearly every webhook is new
	for errors.Is(err, snapshot.ErrConflict) { // another's claim lies there
		there, etag, loadErr := c.look(ctx)
		switch {
		case loadErr != nil && busy != nil && ctx.Err() != nil:
			return nil, busy
		case loadErr != nil:
			return nil, fmt.Errorf("claim the webhook: %w", loadErr)
		case there.Done:
			c.object = there
			return c, nil
		case there.held(now()):
			if busy = (&UnderWay{there.ExpiresAt}); !wait(ctx, claimPoll) {
				return nil, busy
			}
		default:
			err = c.take(ctx, etag, there.Accepted)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// look reads the claim that lies there. It is the zero object where none does, or one that is too old to be known.
func (c *Claim) look(ctx context.Context) (there object, etag string, err error) {
	etag, err = snapshot.Load(ctx, c.store, c.key, &there)
	if err != nil && !errors.Is(err, snapshot.ErrNotFound) && !errors.Is(err, snapshot.ErrForm) {
		return object{}, "", err
	}
	if err != nil || !there.known(c.now()) {
		there = object{}
	}
	return there, etag, nil
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

// take writes this try's claim over the object that was read.
func (c *Claim) take(ctx context.Context, have string, accepted []Target) error {
	now := c.now().UTC()
	ends := now.Add(claimTerm)
	if deadline, ok := ctx.Deadline(); ok {
		// The deadline is told on the clock of ctx; the claim is kept on the clock that was passed in.
		ends = now.Add(time.Until(deadline)).Add(claimGrace)
	}
	c.object = object{Version: 1, Holder: c.object.Holder, Time: now, ExpiresAt: ends}
	c.object.Accepted = append([]Target{}, accepted...)
	c.object.Done = len(c.Pending()) == 0
	return c.write(ctx, have)
}

func (c *Claim) write(ctx context.Context, have string) error {
	etag, err := snapshot.Swap(ctx, c.store, c.key, have, c.object)
	if err != nil {
		return fmt.Errorf("claim the webhook: %w", err)
	}
	c.etag = etag
	return nil
}

// Time is when the claim was taken by the try that holds it, or that ended it.
func (c *Claim) Time() time.Time { return c.object.Time }

// Accepted are the targets that were started, by this try and earlier ones, in their order. It is never nil.
func (c *Claim) Accepted() []Target { return append([]Target{}, c.object.Accepted...) }

// Pending are the wanted targets that are still to be started. Where there are none, the webhook is done and nothing is
// held.
func (c *Claim) Pending() []Target {
	if c.object.Done {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.wanted), func(w Target) bool {
		return slices.ContainsFunc(c.object.Accepted, func(a Target) bool { return a.Source == w.Source })
	})
}

// Accept marks a pending target as started, and with the last of them the webhook as done. After an error of the store
// the target counts as started here, and the next call of Accept or Release marks it too; to a further try it may be
// unknown. snapshot.ErrConflict says that another try took the claim over.
func (c *Claim) Accept(ctx context.Context, started Target) error {
	c.object.Accepted = append(c.object.Accepted, started)
	c.object.Done = len(c.Pending()) == 0
	return c.mark(ctx)
}

// Release gives the claim free for the sender's next try. Where nothing is pending, it does nothing. An error is of the
// store; the claim is then free once its time is over. snapshot.ErrConflict says that another try took it over.
func (c *Claim) Release(ctx context.Context) error {
	if c.object.Done {
		return nil
	}
	c.object.Released = true
	return c.mark(ctx)
}

// mark writes over this try's own claim, also where the last writing was stored although its answer was lost.
func (c *Claim) mark(ctx context.Context) error {
	err := c.write(ctx, c.etag)
	if !errors.Is(err, snapshot.ErrConflict) {
		return err
	}
	there, etag, loadErr := c.look(ctx)
	if loadErr != nil || there.Holder != c.object.Holder {
		return errors.Join(err, loadErr)
	}
	return c.write(ctx, etag)
}
