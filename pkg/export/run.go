package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"yardstick/pkg/snapshot"
)

// maxAccounts is how many accounts run side by side.
const maxAccounts = 8

// Config is what an Exporter works with. Source, Store, Now and RunID are required.
type Config struct {
	Source   string // the vendor's name in keys and results
	Store    snapshot.Store
	Layout   snapshot.Layout
	Accounts []Account
	Now      func() time.Time // real time, for leases, waits and the end of a day
	RunID    func() string    // four characters that tell runs of one moment apart
	TempDir  string           // for spools; "": the system's
	Stop     <-chan struct{}  // closed: reading ends at once, what was read whole is still written; nil: never
	Log      *slog.Logger     // nil: none
	Observe  func(Progress)   // called as work goes on, from several goroutines; nil: not
	// Tell is called once a run's work is done, and the run ends after it; its result is written meanwhile. nil: not.
	Tell func(ctx context.Context, r Result)
}

// Progress tells how far an account is.
type Progress struct {
	Account string
	Name    snapshot.Name // the window in hand
	State   string        // reading, and resumed where it goes on with what an earlier run read; then written, unchanged, kept, failed or left
	Done    int
	Due     int
	Rows    int64
	Usage   Usage
}

// Exporter runs exports of one source. It is safe for concurrent use as far as its accounts' vendors are.
type Exporter struct{ Config }

// New makes an Exporter.
func New(c Config) *Exporter {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(Progress) {}
	}
	if c.Tell == nil {
		c.Tell = func(context.Context, Result) {}
	}
	return &Exporter{c}
}

// name tells a run from all others. Tries at the same work have one clock, and there may be a thousand of them.
func (x *Exporter) name(clock time.Time, e Event) string {
	id := x.RunID()
	if e.attempt() > 1 {
		id += x.RunID()
	}
	return clock.Format("20060102T150405Z") + "-" + id
}

// Run does what is due, or what the event asks for, and blocks until that is done or the deadline of ctx is near. What
// fails is in the result and is no error here. An event that names what there is not is an *EventError, and nothing was
// done; any other error says that the result could not be kept under runs/, and comes beside it.
func (x *Exporter) Run(ctx context.Context, e Event) (Result, error) {
	accounts, err := x.selected(e)
	if err != nil {
		return Result{}, err
	}
	clock := x.clock(e)
	r := Result{Version: 1, Run: x.name(clock, e), Source: x.Source, Time: clock,
		Status: Complete, Accounts: make([]AccountResult, len(accounts)), Warnings: []Warning{}}
	x.Log.InfoContext(ctx, "run begins", "run", r.Run, "source", x.Source, "accounts", len(accounts), "execution", e.ExecutionID, "attempt", e.Attempt)

	runs := make([]*accountRun, len(accounts))
	slots := make(chan struct{}, maxAccounts)
	var group sync.WaitGroup
	for i, a := range accounts {
		runs[i] = newAccountRun(x.Config, a, e, r.Run, clock)
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			runs[i].run(ctx)
		})
	}
	group.Wait()
	var changes []Change
	for i, a := range runs {
		r.Accounts[i] = a.result
		r.Warnings = append(r.Warnings, a.warnings...)
		changes = append(changes, a.changes...)
		if a.result.Status.worse(r.Status) {
			r.Status = a.result.Status
		}
		for _, d := range a.result.Datasets {
			r.Remaining += d.Remaining
		}
	}
	r.Next = next(e, clock, runs)
	publisher := snapshot.Publisher{Store: x.Store, Layout: x.Layout, Run: r.Run, Time: clock}
	group.Go(func() { x.Tell(ctx, r) })
	err = publisher.Result(ctx, runFile{r, changes})
	group.Wait()
	x.Log.InfoContext(ctx, "run ended", "run", r.Run, "status", r.Status, "remaining", r.Remaining)
	return r, err
}

// Check says whether Run would take an event: an account or a dataset that is not there is an *EventError. It asks nobody.
func (x *Exporter) Check(e Event) error {
	_, err := x.selected(e)
	return err
}

func (x *Exporter) clock(e Event) time.Time {
	if e.ScheduledTime.IsZero() {
		return x.Now().UTC().Truncate(time.Second)
	}
	return e.ScheduledTime.UTC().Truncate(time.Second)
}

// selected are the accounts that the event is about.
func (x *Exporter) selected(e Event) ([]Account, error) {
	var accounts []Account
	var names, known []string
	for _, a := range x.Accounts {
		names = append(names, a.Name)
		if e.Account == "" || e.Account == a.Name {
			accounts = append(accounts, a)
			for _, d := range a.Datasets {
				known = append(known, d.Name)
			}
		}
	}
	faults := e.backwards()
	if e.Account != "" && len(accounts) == 0 {
		faults = append(faults, fmt.Sprintf("account: found %q, expected one of %q", e.Account, names))
	}
	for _, name := range e.Datasets {
		if len(accounts) > 0 && !slices.Contains(known, name) {
			slices.Sort(known)
			faults = append(faults, fmt.Sprintf("datasets: found %q, expected some of %q", name, slices.Compact(known)))
		}
	}
	if len(faults) > 0 {
		return nil, &EventError{faults}
	}
	return accounts, nil
}

// next is the event that continues ranged or forced work which was cut short: the days, datasets and account that remain,
// on the same clock. An event cannot name every part that remains, so it counts the tries: what was read at this very
// clock is not read again.
func next(e Event, clock time.Time, runs []*accountRun) *Event {
	if !e.Ranged() {
		return nil
	}
	var left remainder
	tried := e.Continues()
	for _, r := range runs {
		left.add(r)
		tried = tried || r.done > 0
	}
	if len(left.accounts) == 0 {
		return nil
	}
	more := Event{Account: e.Account, Datasets: e.Datasets, From: e.From, To: e.To, Force: e.Force, ScheduledTime: clock}
	if len(left.accounts) == 1 {
		more.Account = left.accounts[0]
	}
	if !left.unknown {
		more.From, more.To, more.Datasets = left.from, left.to, slices.Sorted(slices.Values(left.datasets))
	}
	if tried { // a run that did nothing leaves nothing to pass over
		more.Attempt = strconv.Itoa(e.attempt() + 1)
	}
	return &more
}

// remainder is what is left of ranged work.
type remainder struct {
	accounts []string
	datasets []string
	from, to snapshot.Day
	unknown  bool // of one of the accounts: all that was asked for
}

func (m *remainder) add(r *accountRun) {
	unknown := !r.planned()
	if len(r.left) == 0 && !unknown {
		return
	}
	m.accounts = append(m.accounts, r.account.Name)
	m.unknown = m.unknown || unknown
	for _, t := range r.left {
		if m.from == 0 || t.name.Day < m.from {
			m.from = t.name.Day
		}
		m.to = max(m.to, t.name.Day)
		if !slices.Contains(m.datasets, t.name.Dataset) {
			m.datasets = append(m.datasets, t.name.Dataset)
		}
	}
}

// planned says whether it is known what is due: not where the account was held by another run to the end, or time ran out, or
// something failed, before that.
func (r *accountRun) planned() bool {
	return r.due > 0 || r.fault == nil && r.result.Status == Complete
}

// finishing is how long before its deadline a run stops reading, to publish, release its leases and answer.
func finishing(left time.Duration) time.Duration {
	return min(max(left/10, 500*time.Millisecond), 15*time.Second)
}

// errFinishing is why work in hand ends before the deadline.
var errFinishing = fmt.Errorf("the deadline is near: %w", context.DeadlineExceeded)

// reading is ctx cut short by the time that finishing needs, and by stop.
func reading(ctx context.Context, stop <-chan struct{}) (context.Context, context.CancelFunc) {
	end := func() {}
	if deadline, ok := ctx.Deadline(); ok {
		ctx, end = context.WithDeadlineCause(ctx, deadline.Add(-finishing(time.Until(deadline))), errFinishing)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer end()
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// timeUp says that an error comes from the deadline and not from the work.
func timeUp(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil
}
