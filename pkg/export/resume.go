package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yardstick/pkg/snapshot"
)

// savedFor is how long after its beginning a reading that time cut short is taken up again. Then what was read first is
// too old to stand beside what is read now.
const savedFor = 24 * time.Hour

// saved is a reading that time cut short, as it lies in the bucket.
type saved struct {
	snapshot.Unfinished
	object snapshot.Info
}

// findSaved looks at what the runs before this one left unfinished, unless they noted within a day that there is
// nothing. What no run will take up again is noted as stale.
func (p *planner) findSaved(ctx context.Context, datasets []*dataset) error {
	p.saved = map[snapshot.Name]*saved{}
	if !p.tidy.IsZero() {
		return nil
	}
	p.tidy = p.time
	for info, err := range p.store.List(ctx, p.layout.Spools(p.source, p.Name), "") {
		if err != nil {
			p.tidy = time.Time{}
			return fmt.Errorf("list unfinished windows: %w", err)
		}
		p.tidy = time.Time{}
		name, ok := p.layout.ParseSpool(info.Key)
		if !ok {
			continue // not written by any run
		}
		if !slices.ContainsFunc(p.Datasets, func(d Dataset) bool { return d.Name == name.Dataset }) {
			p.stale = append(p.stale, info.Key)
			continue
		}
		if !slices.ContainsFunc(datasets, func(d *dataset) bool { return d.Name == name.Dataset }) {
			continue // this run is not about it
		}
		s, err := p.look(ctx, name, info.Key)
		if err != nil {
			return err
		}
		if s != nil {
			p.saved[name] = s
		}
	}
	return nil
}

// look reads what an unfinished window says of itself, nil where this run will not take it up.
func (p *planner) look(ctx context.Context, name snapshot.Name, key string) (*saved, error) {
	body, info, err := p.store.Get(ctx, key)
	if errors.Is(err, snapshot.ErrNotFound) {
		return nil, nil //nolint:nilnil // done with meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", key, err)
	}
	u, err := snapshot.ReadUnfinished(body)
	_ = body.Close() // its lines are not wanted yet
	switch {
	case errors.Is(err, snapshot.ErrForm), err == nil && u.Key != p.layout.Data(name), err == nil && p.time.Sub(u.Began) >= savedFor:
		p.stale = append(p.stale, key)
		return nil, nil //nolint:nilnil // none
	case err != nil:
		return nil, fmt.Errorf("look at %s: %w", key, err)
	case u.Began.After(p.time):
		return nil, nil //nolint:nilnil // a later run's
	}
	u.Cursor = nil // as long as the listing: it is read again when its turn comes
	info.Key = key
	return &saved{u, info}, nil
}

// takeUp gives a task the reading of it that time cut short, if there is one that still counts: asked as now, not
// overtaken by what the ledger has (which counts where it is held), and, where the event wants everything read anew, begun for
// that event.
func (p *planner) takeUp(d *dataset, t *task, entry snapshot.Entry, held bool) {
	s := p.saved[t.name]
	if s == nil {
		return
	}
	if s.Spec != d.Spec || s.Settings != d.Settings || held && !entry.FetchedAt.Before(s.Began) || p.event.Force && !s.Began.Equal(p.time) {
		p.stale = append(p.stale, s.object.Key)
		return
	}
	t.saved, t.clock, t.real = s, s.Began, s.Real
}

// planBegun plans listings of past days that were begun on those days: nothing else makes them due.
func (p *planner) planBegun(ctx context.Context, d *dataset) error {
	last := p.event.To
	if last == 0 {
		last = p.today
	}
	names := slices.SortedFunc(maps.Keys(p.saved), func(a, b snapshot.Name) int { return int(b.Day - a.Day) })
	for _, name := range names {
		if !d.Listing || name.Dataset != d.Name || name.Day >= p.today || name.Day < p.event.From || name.Day > last ||
			!slices.Contains(d.parts, name.Part) {
			continue
		}
		if err := d.book.Load(ctx, name.Day.Month()); err != nil {
			return err
		}
		there, err := p.store.Head(ctx, p.layout.Data(name))
		if err != nil && !errors.Is(err, snapshot.ErrNotFound) {
			return fmt.Errorf("look at %s: %w", p.layout.Data(name), err)
		}
		if err := p.planPart(ctx, d, name.Day, name.Part, there); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes unfinished windows that no run will take up. One that cannot be removed is stale for the next run too.
func (r *accountRun) sweep(ctx context.Context) {
	for _, key := range r.planner.stale {
		r.Log.InfoContext(ctx, "an unfinished window is given up", "key", key)
		r.remove(ctx, key)
	}
}

func (r *accountRun) remove(ctx context.Context, key string) {
	if err := r.Store.Delete(ctx, key); err != nil {
		r.Log.WarnContext(ctx, "an unfinished window was not removed", "key", key, "error", err)
	}
}

// restore brings the spool to where the reading of a window stopped and answers the cursor. Where the object is not the one that
// was planned with, or broken, the window begins anew, with an empty spool and no cursor.
func (r *accountRun) restore(ctx context.Context, t *task, spool *snapshot.Spool) (cursor []byte, err error) {
	body, info, err := r.Store.Get(ctx, t.saved.object.Key)
	if errors.Is(err, snapshot.ErrNotFound) {
		t.saved.object.ETag = ""
		return nil, r.anew(t, spool)
	}
	if err != nil {
		return nil, fmt.Errorf("take up %s: %w", t.saved.object.Key, err)
	}
	defer func() { _ = body.Close() }() // it was read to its end, or is not wanted
	if info.ETag != t.saved.object.ETag {
		return nil, r.anew(t, spool)
	}
	u, err := spool.Restore(body)
	if errors.Is(err, snapshot.ErrForm) {
		r.Log.WarnContext(ctx, "an unfinished window begins anew", "window", t.name.String(), "error", err)
		return nil, r.anew(t, spool)
	}
	if err != nil {
		return nil, fmt.Errorf("take up %s: %w", t.saved.object.Key, err)
	}
	r.Log.InfoContext(ctx, "an unfinished window is taken up", "window", t.name.String(), "began", u.Began, "rows", u.Rows)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observe(t, "resumed", u.Rows)
	return u.Cursor, nil
}

// errLate says that a listing cannot be begun any more.
var errLate = errors.New("what was read of it on its day is gone, and it is not begun on another day")

// anew makes a window begin with this run.
func (r *accountRun) anew(t *task, spool *snapshot.Spool) error {
	if t.dataset.Listing && t.name.Day != r.planner.today {
		return errLate
	}
	t.clock, t.real = r.clock, r.planner.now
	return spool.Reset()
}

// save keeps what was read of a window that time cut short for the next run. Where that fails only this run's progress with
// the window is lost. It takes no more than half the time that is left.
func (r *accountRun) save(ctx context.Context, t *task, w Window, spool *snapshot.Spool, stopped *Unfinished) {
	if bytes.Equal(stopped.Cursor, w.Cursor) {
		return // not one page further
	}
	r.mu.Lock()
	r.untidy = true
	r.mu.Unlock()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	body, err := spool.Save(snapshot.Unfinished{Key: r.Layout.Data(t.name), Spec: t.dataset.Spec, Settings: t.dataset.Settings, Run: r.publisher.Run,
		Began: t.clock, Real: t.real, Cursor: stopped.Cursor})
	if err == nil {
		key, have := r.Layout.Spool(t.name), ""
		if t.saved != nil {
			have = t.saved.object.ETag
		}
		err = r.publisher.Save(ctx, key, body, have)
	}
	if err != nil {
		r.Log.WarnContext(ctx, "an unfinished window was not saved: the next run goes on from the last one saved, or begins anew",
			"window", t.name.String(), "error", err)
		return
	}
	r.Log.InfoContext(ctx, "an unfinished window was saved", "window", t.name.String(), "rows", spool.Rows())
}

// spoils says that a window's failure lies in what was read: then the next run begins it anew.
func spoils(err error) bool {
	if errors.Is(err, ErrMoving) || errors.Is(err, errLate) {
		return true
	}
	known, ok := errors.AsType[*Error](err)
	return ok && (known.Kind == Incomplete || known.Kind == Malformed || known.Kind == Shrunk)
}
