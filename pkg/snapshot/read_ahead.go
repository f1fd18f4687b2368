package snapshot

import (
	"context"
	"errors"
	"sync"
)

// lanes is how many objects are read at once: most are small, and each costs a request's time.
const lanes = 8

// Copies reads data objects into temporary files, which are unlinked at once, so that a reader is given nothing of an
// object before all of it was looked at, and takes his time without a connection waiting for him. Memory does not grow
// with the objects. It is not safe for concurrent use. Make it with NewCopies and close it.
type Copies struct{ lanes []*lane }

// NewCopies opens files in a folder for temporary files; "" is the system's.
func NewCopies(store Reader, folder string) (*Copies, error) {
	c := &Copies{}
	for range lanes {
		file, err := unlinkedFile(folder)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.lanes = append(c.lanes, &lane{store: store, file: file})
	}
	return c, nil
}

// Close frees the files, and with them all copies.
func (c *Copies) Close() error {
	var faults []error
	for _, l := range c.lanes {
		faults = append(faults, l.file.Close())
	}
	return errors.Join(faults...)
}

// Each calls f with a copy of each object, in the order of the parts, and reads the next ones meanwhile. A copy is good
// until f returns, or with keep until Close; then the files hold all of them. An object that is not there is a copy that
// is Gone. One that is damaged or is another's is ErrForm with its key, and ends it, as does an error of f.
func (c *Copies) Each(ctx context.Context, parts []Part, keep bool, f func(*Copy) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	var queues []*queue
	for i, l := range c.lanes[:min(len(c.lanes), len(parts))] {
		q := &queue{lane: l, ready: make(chan fetched), taken: make(chan struct{}), keep: keep}
		queues = append(queues, q)
		group.Go(func() {
			more := true
			for n := i; n < len(parts) && more; n += len(c.lanes) {
				more = q.next(ctx, parts[n])
			}
		})
	}
	for i := range parts {
		if err := queues[i%len(queues)].take(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// fetched is what came of one object.
type fetched struct {
	copy *Copy
	err  error
}

// queue hands the copies of a lane over, one at a time.
type queue struct {
	*lane
	ready chan fetched
	taken chan struct{}
	keep  bool
}

// next fetches an object and waits until it was taken. It is false where nothing more is wanted.
func (q *queue) next(ctx context.Context, p Part) bool {
	var got fetched
	if !q.keep {
		got.err = q.clear()
	}
	if got.err == nil {
		got.copy, got.err = q.fetch(ctx, p)
	}
	select {
	case q.ready <- got:
	case <-ctx.Done():
		return false
	}
	select {
	case <-q.taken:
		return true
	case <-ctx.Done():
		return false
	}
}

// take calls f with the next copy.
func (q *queue) take(ctx context.Context, f func(*Copy) error) error {
	var got fetched
	select {
	case got = <-q.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if got.err != nil {
		return got.err
	}
	if err := f(got.copy); err != nil {
		return err
	}
	select {
	case q.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
