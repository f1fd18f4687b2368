package about

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// Wanted is what the configuration wants of one account, and what is known of it beside the bucket.
type Wanted struct {
	Source, Account string
	Zone            *time.Location // decides which day is today
	Start           snapshot.Day   // first day wanted; 0: the oldest in the ledger or 30 days before today, the older of the two
	RestateEvery    time.Duration  // as in the configuration, for the backlog
	Refresh         time.Duration  // the same; and a listing is stale that much later
	Datasets        []WantedDataset
	RenewableUntil  time.Time // when the session can no longer be refreshed; zero: not known, or there are none
}

// WantedDataset is one dataset that the configuration wants.
type WantedDataset struct {
	Dataset string
	Listing bool
	Spec    string // fingerprint of what is asked: a day asked otherwise counts as not exported. "": any will do
	// Parts are those that a day has. nil: they are not known, and are those that the ledger or the runs' results had
	// lately, so that a brand which is no longer wanted may count for a week.
	Parts []string
}

// Gather reads what the bucket tells of the accounts that are wanted: all ledgers, which objects are there, and the last
// runs' results. It asks no vendor, and blocks for about a request for each month of each dataset and one for each
// thousand objects, sixteen side by side. An object that cannot be used is among the Status's Faults, and the rest is
// told; a bucket that cannot be read is an error.
func Gather(ctx context.Context, store snapshot.Reader, layout snapshot.Layout, wanted []Wanted, now time.Time) (Status, error) {
	g := gathering{store: store, layout: layout, now: now, books: map[table]*book{}}
	for _, w := range wanted {
		for _, d := range w.Datasets {
			g.books[table{w.Source, w.Account, d.Dataset}] = newBook()
		}
		if !slices.Contains(g.sources, w.Source) {
			g.sources = append(g.sources, w.Source)
		}
	}
	slices.Sort(g.sources)
	// The results come first and the objects last: what a run writes meanwhile is never told as failed or gone.
	for _, step := range []func(context.Context) error{g.readResults, g.readLedgers, g.listObjects} {
		if err := step(ctx); err != nil {
			return Status{}, err
		}
	}
	g.clocks = map[string][]time.Time{}
	for source, results := range g.results {
		for _, r := range results {
			g.clocks[source] = append(g.clocks[source], r.Time)
		}
	}
	return g.status(wanted), nil
}

// table is one dataset of one account.
type table struct{ source, account, dataset string }

// place is a part of a day.
type place struct {
	day  snapshot.Day
	part string
}

// book is what the bucket has of a dataset.
type book struct {
	entries map[place]fact
	broken  map[string]bool // months whose ledger cannot be used
}

func newBook() *book {
	return &book{entries: map[place]fact{}, broken: map[string]bool{}}
}

// fact is what the ledger says of a part of a day, as far as it is told.
type fact struct {
	rows       int64
	unreadable int64
	readAt     time.Time
	spec       string
	settled    bool
	there      bool // its object is
}

func factOf(e snapshot.Entry) fact {
	return fact{rows: e.Rows, unreadable: e.Unreadable["records"], readAt: e.FetchedAt, spec: e.Spec, settled: e.Settled}
}

// holds says whether a part is there as it is wanted.
func (f fact) holds(spec string) bool { return f.there && (spec == "" || f.spec == spec) }

// gathering is what was read so far.
type gathering struct {
	store   snapshot.Reader
	layout  snapshot.Layout
	now     time.Time
	sources []string

	mu      sync.Mutex // guards what follows
	books   map[table]*book
	results map[string][]export.Result // by source, newest first
	clocks  map[string][]time.Time     // of the source's last runs
	ledgers []snapshot.Ledger
	faults  []string
}

func (g *gathering) fault(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, err.Error())
}

// readLedgers reads all months of all datasets that are wanted.
func (g *gathering) readLedgers(ctx context.Context) error {
	var jobs []func(context.Context) error
	for _, source := range g.sources {
		for info, err := range g.store.List(ctx, g.layout.SourceLedgers(source), "") {
			if err != nil {
				return fmt.Errorf("list the ledgers of %s: %w", source, err)
			}
			name, ok := g.layout.ParseLedger(info.Key)
			if !ok || g.books[table{name.Source, name.Account, name.Dataset}] == nil {
				continue
			}
			jobs = append(jobs, func(ctx context.Context) error { return g.readLedger(ctx, name) })
		}
	}
	return sideBySide(ctx, jobs)
}

func (g *gathering) readLedger(ctx context.Context, name snapshot.LedgerName) error {
	l, _, err := snapshot.ReadLedger(ctx, g.store, g.layout, name)
	if errors.Is(err, snapshot.ErrNotFound) {
		return nil // removed since it was listed
	}
	_, broken := errors.AsType[*snapshot.LedgerError](err)
	if err != nil && !broken {
		return err
	}
	if broken {
		g.fault(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.books[table{name.Source, name.Account, name.Dataset}]
	if broken {
		b.broken[name.Month] = true
	} else {
		g.ledgers = append(g.ledgers, l)
	}
	for day, parts := range l.Days {
		for part, entry := range parts {
			b.entries[place{day, part}] = factOf(entry)
		}
	}
	return nil
}

// listObjects finds out which objects are there. A dataset without entries is not looked at.
func (g *gathering) listObjects(ctx context.Context) error {
	var jobs []func(context.Context) error
	for t, b := range g.books {
		if len(b.entries) > 0 {
			jobs = append(jobs, func(ctx context.Context) error { return g.list(ctx, t, b) })
		}
	}
	return sideBySide(ctx, jobs)
}

func (g *gathering) list(ctx context.Context, t table, b *book) error {
	prefix := g.layout.Partitions(t.source, t.dataset, t.account)
	for info, err := range g.store.List(ctx, prefix, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		if name, ok := g.layout.ParseData(info.Key); ok {
			at := place{name.Day, name.Part}
			if f, known := b.entries[at]; known {
				f.there = true
				b.entries[at] = f
			}
		}
	}
	return nil
}

// maxSide is how many requests are made side by side.
const maxSide = 16

// sideBySide does all jobs and answers what went wrong; after the first that did, no other is begun.
func sideBySide(ctx context.Context, jobs []func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, maxSide)
	var group sync.WaitGroup
	for _, job := range jobs {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			if err := job(ctx); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}
