package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"yardstick/pkg/snapshot"
)

// maxInHand is how many windows of an account are in hand at once, whatever is configured: each has a compressor and buffers
// of its own, some three megabytes, and a process shall stay below 64.
const maxInHand = 8

// accountRun is one account within one run.
type accountRun struct {
	Config // its Store is the fence

	fence     *fence
	account   Account
	event     Event
	clock     time.Time
	planner   *planner
	publisher *snapshot.Publisher
	datasets  []*dataset
	result    AccountResult

	mu       sync.Mutex // guards what follows, and the datasets' results
	queue    []*task
	left     []*task // due and not done
	due      int
	done     int
	warnings []Warning
	changes  []Change
	told     int    // ids in changes
	changed  bool   // a part was written, or settled
	untidy   bool   // an unfinished window may have been saved
	fault    *Error // ends the whole account
}

func newAccountRun(c Config, a Account, e Event, run string, clock time.Time) *accountRun {
	fenced := &fence{Store: c.Store}
	c.Store = fenced
	r := &accountRun{Config: c, fence: fenced, account: a, event: e, clock: clock, planner: newPlanner(c, a, e, clock),
		publisher: &snapshot.Publisher{Store: c.Store, Layout: c.Layout, Run: run, Time: clock},
		result:    AccountResult{Account: a.Name, Status: Complete}}
	r.Log = c.Log.With("run", run, "account", a.Name)
	for _, d := range a.Datasets {
		if len(e.Datasets) == 0 || slices.Contains(e.Datasets, d.Name) {
			r.datasets = append(r.datasets, &dataset{Dataset: d, broken: map[string]bool{}, result: DatasetResult{Dataset: d.Name, Failed: []Failure{}},
				book: snapshot.NewBook(c.Store, c.Layout, c.Source, d.Name, a.Name)})
		}
	}
	return r
}

// run does the account's work and leaves its result.
func (r *accountRun) run(ctx context.Context) {
	working, stop := reading(ctx, r.Stop)
	defer stop()
	held, err := r.acquire(ctx, working)
	switch {
	case errors.Is(err, errHeld) && !r.event.Ranged():
		r.result.Status = Held
		r.Log.InfoContext(ctx, "account is busy", "holder", err.Error())
	case errors.Is(err, errHeld):
		r.fail(&Error{Kind: Busy, Account: true, Err: err})
	case err != nil:
		r.fail(asError(err))
	default:
		r.hold(ctx, working, held)
		return
	}
	r.conclude()
}

func (r *accountRun) acquire(ctx, working context.Context) (*lease, error) {
	key := r.Layout.Lease(r.Source, r.account.Name)
	// The lease counts from the deadline of the whole run, so it is taken with ctx; waiting for it ends with the reading.
	store := r.fence.Store // a lease that is over may still be given back
	l, err := acquire(ctx, store, key, r.publisher.Run, r.Now)
	if errors.Is(err, errHeld) && r.event.Ranged() {
		return acquireWaiting(working, store, key, r.publisher.Run, r.Now)
	}
	return l, err
}

// hold works under the lease, concludes, and gives it back.
func (r *accountRun) hold(ctx, working context.Context, l *lease) {
	r.fence.lease = l
	vendor := r.account.Vendor
	recent := func() []time.Time { return vendor.Usage().Recent }
	vendor.Resume(Past{Requests: l.recent, HeldUntil: l.held(), Notes: slices.Clone(l.notes), Note: func(ctx context.Context, text string) error {
		return l.note(ctx, text, recent())
	}})
	l.held = func() time.Time { return vendor.Usage().HeldUntil }
	r.planner.remembered = readMonths(l.months)
	before := readTold(l.told)
	if l.whole && fresh(before.Tidy, r.clock) {
		r.planner.tidy = before.Tidy
	}
	if _, ok := ctx.Deadline(); ok {
		r.work(ctx, working)
	} else {
		working, stop := context.WithCancel(working)
		var keeping sync.WaitGroup
		keeping.Go(func() {
			l.keep(ctx, working.Done(), recent, func(err error) {
				r.fail(&Error{Kind: Conflict, Account: true, Err: fmt.Errorf("the lease was lost: %w", err)})
				stop()
			})
		})
		r.work(ctx, working)
		stop()
		keeping.Wait()
	}
	r.result.FreshAt = r.planner.freshen(r.datasets)
	r.conclude()
	told := r.trace(before, l)
	err := errors.Join(l.remember(r.planner.remembered, told), l.release(ctx, recent()))
	switch {
	case errors.Is(err, snapshot.ErrConflict):
		r.result.Trace = &Trace{} // the run that has the account now tells of it
	case err != nil:
		r.Log.WarnContext(ctx, "the lease was not released and will expire", "error", err)
	}
}

// work plans and does what is due.
func (r *accountRun) work(ctx, working context.Context) {
	if err := r.prepare(working); err != nil {
		if _, named := errors.AsType[*Error](err); !named && timeUp(working, err) {
			r.result.Status = Partial // what is due is not even known
			return
		}
		r.fail(asError(err))
		return
	}
	r.sweep(ctx)
	var workers sync.WaitGroup
	for range min(max(1, r.account.Concurrency), maxInHand) {
		workers.Go(func() { r.drain(ctx, working) })
	}
	workers.Wait()
	for _, d := range r.datasets { // an ETag that was adopted is all that may be left to write
		err := d.book.Save(ctx)
		if errors.Is(err, snapshot.ErrConflict) {
			err = nil // told by the window that met it
		}
		if err == nil && d.Listing && (d.done > 0 || len(d.parts) == 0) && !slices.Equal(d.parts, []string{d.Name}) {
			err = r.prune(ctx, d)
		}
		if err != nil {
			r.fail(asError(err))
		}
	}
	r.planner.remember(r.datasets)
}

// prune removes the copies in latest/ of what is no longer exported. Where that is more than the guard lets go of, so that the
// list of what there is may be wrong, they stay, and that is told.
func (r *accountRun) prune(ctx context.Context, d *dataset) error {
	return r.publisher.Prune(ctx, r.Source, d.Name, r.account.Name, d.parts, func(there, gone int) bool {
		if !shrank(int64(there), int64(there-gone)) {
			return true
		}
		allowed, what := !r.account.Refuse || r.event.Force, "were removed"
		if !allowed {
			what = "were kept: the guard refuses that, and an event with force removes them"
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.warnings = append(r.warnings, Warning{Kind: "shrunk", Account: r.account.Name, Dataset: d.Name,
			Message: fmt.Sprintf("%d of %d copies in latest/ are of what is no longer exported, and %s", gone, there, what)})
		return allowed
	})
}

// prepare fills the queue.
func (r *accountRun) prepare(ctx context.Context) error {
	for _, d := range r.datasets {
		var err error
		if d.parts, err = r.account.Vendor.Parts(ctx, d.Name); err != nil {
			return err
		}
	}
	tasks, err := r.planner.plan(ctx, r.datasets)
	if err != nil {
		return err
	}
	for _, d := range r.datasets {
		for _, f := range d.result.Failed {
			r.Log.ErrorContext(ctx, "a month cannot be planned", "dataset", d.Name, "dt", f.Day, "kind", f.Kind, "error", f.Error)
		}
	}
	r.queue = order(tasks)
	for _, t := range tasks {
		if t.class != verification {
			t.dataset.due++
		}
	}
	r.due = len(tasks)
	return nil
}

// drain takes windows from the queue until it is empty or the time for reading is over.
func (r *accountRun) drain(ctx, working context.Context) {
	var spool *watched
	defer func() {
		if spool != nil {
			_ = spool.Close() // a temporary file without a name: nothing is lost with it
		}
	}()
	for {
		t := r.take(working)
		if t == nil {
			return
		}
		if spool == nil {
			var err error
			if spool, err = newWatched(r.TempDir); err != nil {
				r.finish(ctx, working, t, &Error{Kind: Storage, Account: true, Err: err})
				return
			}
		}
		r.finish(ctx, working, t, r.do(ctx, working, t, spool))
	}
}

// take gives out the next window. Once the account failed, or the time for reading is over, there is none.
func (r *accountRun) take(working context.Context) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 || r.fault != nil || working.Err() != nil {
		return nil
	}
	t := r.queue[0]
	r.queue = r.queue[1:]
	return t
}

// abandon takes the other windows of a part that cannot be done out of the queue. They stay due, as do those in hand: the
// failure was told.
func (r *accountRun) abandon(t *task) {
	t.dataset.refused = append(t.dataset.refused, t.name.Part)
	r.queue = slices.DeleteFunc(r.queue, func(other *task) bool {
		return other.dataset == t.dataset && other.name.Part == t.name.Part
	})
}

// finish notes how a window ended.
func (r *accountRun) finish(ctx, working context.Context, t *task, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, named := errors.AsType[*Error](err)
	state := ""
	switch {
	case err == nil: // counted already
	case named && known.Account:
		r.left, r.fault, state = append(r.left, t), known, "failed"
	case errors.Is(err, ErrMoving):
		r.left, state = append(r.left, t), "left"
		r.warn(t, "moving", err.Error()+"; the next run reads it again")
	case errors.Is(err, errLate):
		t.dataset.due, r.due, state = t.dataset.due-1, r.due-1, "left"
	case !named && timeUp(working, err):
		r.left, state = append(r.left, t), "left"
	case named && known.Part && slices.Contains(t.dataset.refused, t.name.Part): // as those that were abandoned
		state = "left"
	default:
		failure := asError(err)
		t.dataset.result.Failed = append(t.dataset.result.Failed,
			Failure{Day: t.name.Day, Part: t.name.Part, Kind: failure.Kind, Error: clean(failure)})
		if failure.Part {
			r.abandon(t)
		}
		r.Log.ErrorContext(ctx, "window failed", "window", t.name.String(), "kind", failure.Kind, "error", failure)
		state = "failed"
	}
	if state != "" {
		r.observe(t, state, 0)
	}
}

// complete counts a window that is done.
func (r *accountRun) complete(t *task, state string, rows int64) {
	r.done++
	t.done = true
	if t.class != verification {
		t.dataset.done++
	}
	t.dataset.result.Rows += rows
	r.observe(t, state, rows)
}

func (r *accountRun) observe(t *task, state string, rows int64) {
	r.Observe(Progress{Account: r.account.Name, Name: t.name, State: state, Done: r.done, Due: r.due, Rows: rows, Usage: r.account.Vendor.Usage()})
}

func (r *accountRun) warn(t *task, kind, message string) {
	r.warnings = append(r.warnings, Warning{Kind: kind, Account: r.account.Name, Dataset: t.name.Dataset, Day: t.name.Day,
		Part: t.name.Part, Message: message})
}

func (r *accountRun) fail(err *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == nil {
		r.fault = err
	}
}

// conclude sums the account up.
func (r *accountRun) conclude() {
	usage := r.account.Vendor.Usage()
	r.result.Requests, r.result.Throttled, r.result.Session = usage.Requests, usage.Throttled, usage.Session
	r.result.RenewableUntil = usage.RenewableUntil
	for _, w := range usage.Warnings {
		w.Account = r.account.Name
		r.warnings = append(r.warnings, w)
	}
	if r.fault == nil && usage.Fault != nil {
		r.fault = asError(usage.Fault)
	}
	for _, t := range r.queue {
		if t.class != verification {
			r.left = append(r.left, t)
		}
	}
	status := r.result.Status
	r.result.Datasets = []DatasetResult{}
	for _, d := range r.datasets {
		d.result.Remaining = d.due - d.done
		if d.result.Remaining > 0 && Partial.worse(status) {
			status = Partial
		}
		if len(d.result.Failed) > 0 {
			status = Failed
		}
		r.result.Datasets = append(r.result.Datasets, d.result)
	}
	if r.fault != nil {
		status = Failed
		r.result.Error = &Failure{Kind: r.fault.Kind, Error: clean(r.fault)}
	}
	r.result.Status = status
	r.result.Planned = r.planned()
}
