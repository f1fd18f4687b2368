package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"yardstick/pkg/snapshot"
)

const (
	leaseGrace   = 60 * time.Second // a lease outlives its holder's deadline by the length of a vendor's window
	leaseTerm    = 2 * time.Minute  // of a holder without a deadline, who renews it
	leaseRenewal = 30 * time.Second
	leasePoll    = 2 * time.Second
	maxNotes     = 32 // more than a day's, and a lease stays small
)

// errHeld says that another run holds the account.
var errHeld = errors.New("another run holds the account")

// Lease is an account's lease as it lies in the bucket. Released, it keeps the last minute's request times, so that runs
// back to back stay inside the vendor's pace, and the vendor's notes. The zero Lease is held by nobody.
type Lease struct {
	Version   int         `json:"version"`
	Holder    string      `json:"holder"` // a run's id
	ExpiresAt time.Time   `json:"expires_at"`
	Released  bool        `json:"released"`
	Requests  []time.Time `json:"requests"`
	HeldUntil time.Time   `json:"held_until,omitzero"` // the vendor wants no request before; zero: it said nothing of the kind
	Notes     []string    `json:"notes,omitempty"`     // of the account's vendor to its next run, oldest first
	// What the planner remembers of past months. It is read apart: what is wrong with it spoils no lease.
	Months json.RawMessage `json:"months,omitempty"`
	// What runs remember of what they told of the account, and of its lines' members. It is read apart too.
	Told json.RawMessage `json:"told,omitempty"`
}

// ReadLease reads an account's lease. Where there is none it is the zero Lease.
func ReadLease(ctx context.Context, store snapshot.Reader, l snapshot.Layout, source, account string) (Lease, error) {
	var there Lease
	_, err := snapshot.Load(ctx, store, l.Lease(source, account), &there)
	if errors.Is(err, snapshot.ErrNotFound) {
		return Lease{}, nil
	}
	return there, err
}

// Held says whether a run holds the account at that moment.
func (l Lease) Held(now time.Time) bool { return !l.Released && now.Before(l.ExpiresAt) }

// lease is an account held by this run. Whoever is paused past its term finds another's object there and loses.
type lease struct {
	store  snapshot.Store
	key    string
	holder string
	now    func() time.Time
	recent []time.Time      // requests of earlier runs in the last minute
	held   func() time.Time // before which the vendor wants no request
	first  bool             // there was none
	whole  bool             // the run before this one gave it back, so that what it remembers is the last word

	ends atomic.Pointer[time.Time] // as last stored: whoever publishes asks while the object may be under way

	mu     sync.Mutex // held while the object is written
	etag   string
	notes  []string
	months json.RawMessage
	told   json.RawMessage
}

// acquire takes the lease, or answers errHeld with the holder's name.
func acquire(ctx context.Context, store snapshot.Store, key, holder string, now func() time.Time) (*lease, error) {
	var there Lease
	etag, err := snapshot.Load(ctx, store, key, &there)
	switch {
	case errors.Is(err, snapshot.ErrNotFound), errors.Is(err, snapshot.ErrForm): // none, or no lease: taken over
	case err != nil:
		return nil, err
	case there.Held(now()):
		return nil, fmt.Errorf("%w: run %s, until %s at the latest", errHeld, there.Holder, there.ExpiresAt.Format(time.RFC3339))
	}
	l := &lease{store: store, key: key, holder: holder, now: now, etag: etag, recent: there.Requests, held: func() time.Time { return there.HeldUntil },
		notes: there.Notes, months: there.Months, told: there.Told, first: errors.Is(err, snapshot.ErrNotFound), whole: there.Released}
	if err := l.write(ctx, Lease{ExpiresAt: l.term(ctx), Requests: there.Requests}); err != nil {
		if errors.Is(err, snapshot.ErrConflict) {
			return nil, fmt.Errorf("%w: it took the lease at the same moment", errHeld)
		}
		return nil, err
	}
	return l, nil
}

// acquireWaiting takes the lease as soon as it is free. It answers errHeld where ctx ends before.
func acquireWaiting(ctx context.Context, store snapshot.Store, key, holder string, now func() time.Time) (*lease, error) {
	for {
		l, err := acquire(ctx, store, key, holder, now)
		if !errors.Is(err, errHeld) {
			return l, err
		}
		select {
		case <-time.After(leasePoll):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (l *lease) term(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		// The deadline is told on the clock of ctx; the lease is kept on the clock that was passed in.
		return l.now().Add(time.Until(deadline)).Add(leaseGrace).UTC()
	}
	return l.now().Add(leaseTerm).UTC()
}

// note keeps a note for the runs to come, and returns once it is stored. The term stays as it is.
func (l *lease) note(ctx context.Context, text string, recent []time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.notes
	l.notes = append(slices.Clone(before), text)
	l.notes = l.notes[max(0, len(l.notes)-maxNotes):]
	err := l.put(ctx, Lease{ExpiresAt: *l.ends.Load(), Requests: recent})
	if err != nil {
		l.notes = before
	}
	return err
}

// remember keeps what the planner and the runs remember; the next writing stores it.
func (l *lease) remember(m months, t told) error {
	planned, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	telling, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.months, l.told = planned, telling
	return nil
}

func (l *lease) write(ctx context.Context, d Lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(ctx, d)
}

// put writes the lease. l.mu is held.
func (l *lease) put(ctx context.Context, d Lease) error {
	d.Version, d.Holder, d.Notes, d.Months, d.Told = 1, l.holder, l.notes, l.months, l.told
	if held := l.held(); held.After(l.now()) {
		d.HeldUntil = held.UTC()
	}
	if d.Requests == nil {
		d.Requests = []time.Time{}
	}
	etag, err := snapshot.Swap(ctx, l.store, l.key, l.etag, d)
	if errors.Is(err, snapshot.ErrConflict) && l.etag != "" {
		etag, err = l.again(ctx, d, err)
	}
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	l.etag = etag
	l.ends.Store(&d.ExpiresAt)
	return nil
}

// again writes over this run's own lease, whose last writing was stored although its answer was lost.
func (l *lease) again(ctx context.Context, d Lease, conflict error) (string, error) {
	var there Lease
	etag, err := snapshot.Load(ctx, l.store, l.key, &there)
	if err != nil || there.Holder != l.holder {
		return "", conflict
	}
	return snapshot.Swap(ctx, l.store, l.key, etag, d)
}

// keep renews the lease of a run without a deadline until done, and calls lost when another took it over. A renewal that
// is under way is not broken off when the work ends: whether it counts would not be known.
func (l *lease) keep(ctx context.Context, done <-chan struct{}, recent func() []time.Time, lost func(error)) {
	ticker := time.NewTicker(leaseRenewal)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		err := l.write(ctx, Lease{ExpiresAt: l.term(ctx), Requests: recent()})
		if errors.Is(err, snapshot.ErrConflict) || err != nil && l.expired() {
			lost(err)
			return
		}
	}
}

// fence is a store that takes nothing more once the lease is over by this run's own clock: another run may hold the
// account by then, and what that one found unchanged still has the ETag that this one knows. Before the lease was taken
// it takes everything.
type fence struct {
	snapshot.Store
	lease *lease
}

// Put is the store's, or snapshot.ErrConflict.
func (f *fence) Put(ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (string, error) {
	if err := f.over(); err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	return f.Store.Put(ctx, key, body, o)
}

// Delete is the store's, or snapshot.ErrConflict.
func (f *fence) Delete(ctx context.Context, key string) error {
	if err := f.over(); err != nil {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	return f.Store.Delete(ctx, key)
}

func (f *fence) over() error {
	if f.lease == nil || !f.lease.expired() {
		return nil
	}
	return fmt.Errorf("the lease of this run is over: %w", snapshot.ErrConflict)
}

func (l *lease) expired() bool { return l.now().After(*l.ends.Load()) }

// release gives the lease back with the last minute's request times. A lease that was lost meanwhile stays the other's:
// snapshot.ErrConflict.
func (l *lease) release(ctx context.Context, recent []time.Time) error {
	return l.write(ctx, Lease{ExpiresAt: l.now().UTC(), Released: true, Requests: recent})
}
