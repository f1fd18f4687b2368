package about

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// maxTries is how often an update begins anew because another run told of its own source meanwhile.
const maxTries = 5

// Update brings what is told in the bucket up to a run: status.json, the page, the coverage table of each account that the
// run changed, and the changes of its months. wanted are all accounts of the run's source; their Parts, and until when a
// session can be renewed, are taken from the result where they are nil or zero. sources are those that are configured:
// what is told of others goes.
//
// It reads status.json and, of the source's ledgers, nothing that the run did not read: 4 requests for a run that changed
// one account, one more for each further account, and two for each month with settled days that changed, none for a run that
// changed nothing. Where status.json is missing, broken or does not know an account, it gathers the whole source first.
// It blocks for that, and ends with ctx. Whatever fails, nothing but what is told is behind; the next Update that tells of the
// same months, or Publish, makes it good.
func Update(ctx context.Context, store snapshot.Store, layout snapshot.Layout, wanted []Wanted, sources []string, r export.Result, now time.Time) error {
	if !changed(r) {
		return nil
	}
	u := update{store: store, layout: layout, wanted: complete(wanted, r), sources: sources, result: r, now: now}
	var err error
	for range maxTries {
		if err = u.try(ctx); !errors.Is(err, snapshot.ErrConflict) {
			return err
		}
	}
	return err
}

// changed says whether a run has something to tell. An account that failed before it was even held has.
func changed(r export.Result) bool {
	return slices.ContainsFunc(r.Accounts, func(a export.AccountResult) bool {
		return a.Trace == nil && a.Status == export.Failed || a.Trace != nil && a.Trace.Changed
	})
}

// complete adds what the run knows to what is wanted.
func complete(wanted []Wanted, r export.Result) []Wanted {
	wanted = slices.Clone(wanted)
	for _, a := range r.Accounts {
		for i, w := range wanted {
			if w.Account != a.Account {
				continue
			}
			if w.RenewableUntil.IsZero() {
				wanted[i].RenewableUntil = a.RenewableUntil
			}
			if a.Trace == nil {
				continue
			}
			wanted[i].Datasets = slices.Clone(w.Datasets)
			for _, t := range a.Trace.Datasets {
				for j, d := range w.Datasets {
					if d.Dataset == t.Dataset && d.Parts == nil {
						wanted[i].Datasets[j].Parts = t.Parts
					}
				}
			}
		}
	}
	return wanted
}

type update struct {
	store   snapshot.Store
	layout  snapshot.Layout
	wanted  []Wanted
	sources []string
	result  export.Result
	now     time.Time
}

func (u *update) try(ctx context.Context) error {
	var before Status
	etag, err := snapshot.Load(ctx, u.store, u.layout.Status(), &before)
	switch {
	case errors.Is(err, snapshot.ErrNotFound), errors.Is(err, snapshot.ErrForm):
		before = Status{}
	case err != nil:
		return err
	case before.Version != version:
		before = Status{}
	}
	after, err := u.after(ctx, before)
	if err != nil {
		return err
	}
	return u.put(ctx, after, etag)
}

// after is the Status with what the run tells.
func (u *update) after(ctx context.Context, before Status) (Status, error) {
	known, ok := sourceOf(before, u.result.Source)
	if !ok || !u.knows(known) {
		all, err := Gather(ctx, u.store, u.layout, u.wanted, u.now)
		if err != nil {
			return Status{}, err
		}
		known, _ = sourceOf(all, u.result.Source)
	}
	g := u.gathering(known)
	after := g.status(u.wanted)
	after.Coverage = u.coverage(g)
	var err error
	if after.Changes, err = u.changes(ctx); err != nil {
		return Status{}, err
	}
	after.Sources[0].Runs = u.runs(known)
	u.estimate(&after.Sources[0])
	u.keep(&after, before)
	told, _ := sourceOf(before, u.result.Source)
	for _, a := range told.Accounts {
		delete(after.Untold, u.result.Source+"/"+a.Account)
	}
	return after, nil
}

// runs are the source's last ones, with this one.
func (u *update) runs(known Source) []Run {
	return merged(known.Runs, append(runsOf([]export.Result{u.result}), quiet(u.traces())...), u.now)
}

func sourceOf(s Status, name string) (Source, bool) {
	i := slices.IndexFunc(s.Sources, func(x Source) bool { return x.Source == name })
	if i < 0 {
		return Source{}, false
	}
	return s.Sources[i], true
}

// knows says whether all accounts that are wanted are told of, or the run tells everything of them.
func (u *update) knows(s Source) bool {
	return !slices.ContainsFunc(u.wanted, func(w Wanted) bool {
		t := u.trace(w.Account)
		return (t == nil || !t.Whole) && !slices.ContainsFunc(s.Accounts, func(a Account) bool { return a.Account == w.Account })
	})
}

func (u *update) trace(account string) *export.Trace {
	for _, a := range u.result.Accounts {
		if a.Account == account {
			return a.Trace
		}
	}
	return nil
}

func (u *update) traces() (all []*export.Trace) {
	for _, a := range u.result.Accounts {
		if a.Trace != nil {
			all = append(all, a.Trace)
		}
	}
	return all
}

// gathering is what was told of the source, with what the run knows in its place.
func (u *update) gathering(known Source) *gathering {
	source := u.result.Source
	g := &gathering{store: u.store, layout: u.layout, now: u.now, sources: []string{source}, books: map[table]*book{},
		results: map[string][]export.Result{source: {u.result}}, clocks: map[string][]time.Time{}}
	runs := u.runs(known)
	for _, r := range runs {
		g.clocks[source] = append(g.clocks[source], r.Time)
	}
	var since time.Time
	if len(runs) == maxRuns {
		since = runs[maxRuns-1].Time
	}
	for i, w := range u.wanted {
		for _, d := range w.Datasets {
			g.books[table{source, w.Account, d.Dataset}] = newBook()
		}
		for _, a := range known.Accounts {
			if a.Account == w.Account {
				g.recall(source, a, w.Datasets, since)
				u.wanted[i] = recalled(w, a)
			}
		}
		if t := u.trace(w.Account); t != nil {
			for _, d := range t.Datasets {
				g.take(w, d, u.result.Time)
			}
		}
	}
	return g
}

// recalled adds what was told of an account to what the run knows of what is wanted.
func recalled(w Wanted, a Account) Wanted {
	if w.RenewableUntil.IsZero() && a.Credential.RenewableUntil != nil {
		w.RenewableUntil = *a.Credential.RenewableUntil
	}
	w.Datasets = slices.Clone(w.Datasets)
	for i, d := range w.Datasets {
		for _, told := range a.Datasets {
			if told.Dataset == d.Dataset && d.Parts == nil && len(told.Parts) > 0 {
				w.Datasets[i].Parts = told.Parts
			}
		}
	}
	return w
}

// coverage are the tables of the accounts that the run changed.
func (u *update) coverage(g *gathering) (rows []Covered) {
	for _, w := range u.wanted {
		if t := u.trace(w.Account); t != nil && t.Changed {
			rows = append(rows, g.covered(w)...)
		}
	}
	return rows
}

// changes are the replacements of settled days in each month in which this run made one. Of datasets of which it did not
// look at that month they are those that are told already.
func (u *update) changes(ctx context.Context) (rows []Revised, err error) {
	type table struct{ account, month string }
	found := map[table][]Revised{}
	made, looked := map[table]bool{}, map[string]bool{}
	for _, a := range u.result.Accounts {
		if a.Trace == nil {
			continue
		}
		for _, d := range a.Trace.Datasets {
			for _, l := range d.Ledgers {
				looked[a.Account+" "+l.Month+" "+d.Dataset] = true
			}
			for _, r := range Changes(d.Ledgers...) {
				at := table{r.Account, r.Day.Month()}
				found[at], made[at] = append(found[at], r), made[at] || r.Run == u.result.Run
			}
		}
	}
	for at := range made {
		if !made[at] {
			continue
		}
		told, err := u.told(ctx, u.layout.Changes(u.result.Source, at.account, at.month))
		if err != nil {
			return nil, err
		}
		rows = append(rows, found[at]...)
		for _, r := range told {
			if !looked[at.account+" "+at.month+" "+r.Dataset] {
				rows = append(rows, r)
			}
		}
	}
	sortChanges(rows)
	return rows, nil
}

// told are the rows of a table of changes as it lies in the bucket; none where there is none, or it cannot be used.
func (u *update) told(ctx context.Context, key string) ([]Revised, error) {
	body, _, err := u.store.Get(ctx, key)
	if errors.Is(err, snapshot.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return decodeChanges(text), nil
}

// estimate tells how long what is left takes: each part as many requests as those of this run took, at the granted pace.
func (u *update) estimate(s *Source) {
	for i := range s.Accounts {
		a := &s.Accounts[i]
		t := u.trace(a.Account)
		if t == nil || t.PerMinute == 0 || a.Backlog.Parts == 0 {
			continue
		}
		each := 1
		if t.Done > 0 {
			each = max(1, t.Requests/t.Done)
		}
		a.Backlog.Requests = a.Backlog.Parts * each
		hours := float64(a.Backlog.Requests) / float64(t.PerMinute) / time.Hour.Minutes()
		a.Backlog.Hours = &hours
	}
}

// keep puts what was told of the other sources beside it. A fault of this one is told by its runs.
func (u *update) keep(after *Status, before Status) {
	for _, s := range before.Sources {
		if s.Source != u.result.Source && slices.Contains(u.sources, s.Source) {
			after.Sources = append(after.Sources, s)
		}
	}
	slices.SortFunc(after.Sources, func(a, b Source) int { return strings.Compare(a.Source, b.Source) })
	for _, fault := range before.Faults {
		if slices.ContainsFunc(after.Sources, func(s Source) bool {
			return s.Source != u.result.Source && strings.Contains(fault, u.layout.SourceLedgers(s.Source))
		}) {
			after.Faults = append(after.Faults, fault)
		}
	}
}

// put writes what is told, side by side. status.json goes over the version that was read; where another came there, what
// was written beside it is written again.
func (u *update) put(ctx context.Context, s Status, etag string) error {
	objects, err := s.objects(u.layout, func(source, account string) bool {
		t := u.trace(account)
		return source == u.result.Source && t != nil && t.Changed
	})
	if err != nil {
		return err
	}
	var jobs []func(context.Context) error
	for _, o := range objects {
		jobs = append(jobs, func(ctx context.Context) error {
			if o.Key == u.layout.Status() {
				_, err := snapshot.Swap(ctx, u.store, o.Key, etag, json.RawMessage(o.Body))
				return err
			}
			return o.put(ctx, u.store)
		})
	}
	return sideBySide(ctx, jobs)
}
