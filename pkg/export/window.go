package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"yardstick/pkg/snapshot"
)

// maxTold is how many ids of rows that changed an account's part of a run's file names.
const maxTold = 50_000

// do reads one window, or the rest of one that was begun, judges it and publishes it. Reading ends with working; what was
// read whole is published under ctx, and what time cut short is saved.
func (r *accountRun) do(ctx, working context.Context, t *task, spool *watched) error {
	err := r.export(ctx, working, t, spool)
	if t.saved != nil && (err == nil || spoils(err)) {
		r.remove(ctx, t.saved.object.Key)
	}
	return err
}

func (r *accountRun) export(ctx, working context.Context, t *task, spool *watched) error {
	r.mu.Lock()
	r.observe(t, "reading", 0)
	r.mu.Unlock()
	encoder, err := snapshot.NewEncoder(t.dataset.Omit) // one for each window: it gathers the window's collisions
	if err != nil {
		return err
	}
	spool.Sorted = t.dataset.Sorted
	if err := spool.Begin(encoder); err != nil {
		return err
	}
	w := Window{Dataset: t.name.Dataset, Part: t.name.Part, Day: t.name.Day}
	if t.saved != nil {
		if w.Cursor, err = r.restore(working, t, spool.Spool); err != nil {
			return err
		}
	}
	w.Closed = !t.dataset.Listing && r.planner.closed(t)
	proof, err := r.account.Vendor.Read(working, w, spool.Spool)
	if stopped, ok := errors.AsType[*Unfinished](err); ok {
		r.save(ctx, t, w, spool.Spool, stopped)
	}
	if err != nil {
		return err
	}
	content, err := spool.Finish()
	if err != nil {
		return err
	}
	return r.publish(ctx, t, proof, content, spool)
}

// publish brings the bucket up to what was read: the object, its copy in latest/, and then the ledger.
func (r *accountRun) publish(ctx context.Context, t *task, proof Proof, c snapshot.Content, spool *watched) error {
	entry := snapshot.Entry{Key: r.Layout.Data(t.name), Rows: c.Rows, Pages: proof.Pages, Bytes: c.Bytes, SHA256: c.SHA256,
		ETag: t.there.ETag, FetchedAt: t.clock, Settled: r.planner.settles(t, proof, c),
		Window: [2]snapshot.Day{t.name.Day, t.name.Day}, Spec: t.dataset.Spec, Total: proof.Total}
	same, err := r.same(ctx, t, c)
	if err != nil {
		return err
	}
	changes := snapshot.Changes{Vanished: t.entry.Vanished, Changed: t.entry.Changed}
	if !same {
		kept, err := r.guard(ctx, t, c)
		if kept || err != nil {
			return err
		}
		if changes, err = r.compare(ctx, t, spool); err != nil {
			return err
		}
		if entry.ETag, err = r.put(ctx, t, c, spool); err != nil {
			return err
		}
	}
	if err := r.latest(ctx, t, c, spool); err != nil {
		return err
	}
	entry.Vanished, entry.Changed = changes.Vanished, changes.Changed
	if err := r.look(t, &entry, same && t.entry.Key != "", spool); err != nil {
		return err
	}
	t.dataset.book.Set(t.name.Day, t.name.Part, entry)
	if err := t.dataset.book.Save(ctx); err != nil {
		return err
	}
	r.count(t, c, same, changes, spool.Collisions())
	return nil
}

// put replaces the object.
func (r *accountRun) put(ctx context.Context, t *task, c snapshot.Content, spool *watched) (etag string, err error) {
	body, err := spool.Body()
	if err != nil {
		return "", err
	}
	return r.publisherOf(t).Publish(ctx, t.name, c, body, t.there)
}

// latest brings the copy in latest/ up to it, where there is one.
func (r *accountRun) latest(ctx context.Context, t *task, c snapshot.Content, spool *watched) error {
	if !t.dataset.Listing {
		return nil
	}
	body, err := spool.Body()
	if err != nil {
		return err
	}
	return r.publisherOf(t).Latest(ctx, t.name, c, body)
}

// publisherOf writes by the clock of the run that began the reading: a copy in latest/ that was read later stays.
func (r *accountRun) publisherOf(t *task) *snapshot.Publisher {
	publisher := *r.publisher
	publisher.Time = t.clock
	return &publisher
}

// same says whether the object in the bucket holds this content already.
func (r *accountRun) same(ctx context.Context, t *task, c snapshot.Content) (bool, error) {
	if t.entry.Key != "" || t.there.ETag == "" {
		return t.entry.Key != "" && t.entry.SHA256 == c.SHA256, nil
	}
	there, err := r.Store.Head(ctx, t.there.Key) // an object that the ledger does not vouch for
	if errors.Is(err, snapshot.ErrNotFound) {
		t.there = snapshot.Info{}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", t.there.Key, err)
	}
	return there.ETag == t.there.ETag && c.Is(there), nil
}

// shrank says whether the guard looks at a change of number: more than half are gone, and more than 20.
func shrank(before, now int64) bool {
	lost := before - now
	return lost > 20 && lost*2 > before
}

// guard judges a window that shrank by more than half and more than 20 rows since its last reading. A settled day is
// kept as it is, and noted as read; an open or unsettled one, and a listing, is published with a warning, or refused.
func (r *accountRun) guard(ctx context.Context, t *task, c snapshot.Content) (kept bool, err error) {
	if !shrank(t.before, c.Rows) {
		return false, nil
	}
	message := fmt.Sprintf("%d rows, and %d at the last reading", c.Rows, t.before)
	switch {
	case r.event.Force:
	case t.class == verification:
		entry := t.entry
		entry.FetchedAt = t.clock
		t.dataset.book.Set(t.name.Day, t.name.Part, entry)
		if err := t.dataset.book.Save(ctx); err != nil {
			return false, err
		}
		kept, message = true, message+"; the settled day was kept, and an event with force replaces it"
	case r.account.Refuse:
		return false, &Error{Kind: Shrunk, Err: fmt.Errorf("%s; the guard refuses that, and an event with force publishes it", message)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warn(t, "shrunk", message)
	if kept {
		r.complete(t, "kept", c.Rows)
	}
	return kept, nil
}

// compare tells which rows of the object in the bucket this reading no longer has, and which it has changed.
func (r *accountRun) compare(ctx context.Context, t *task, spool *watched) (snapshot.Changes, error) {
	var none snapshot.Changes
	if t.entry.Key == "" {
		return none, nil
	}
	before, _, err := r.Store.Get(ctx, t.entry.Key)
	if errors.Is(err, snapshot.ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("compare with the last reading: %w", err)
	}
	body, err := spool.Body()
	if err != nil {
		return none, errors.Join(err, before.Close())
	}
	changes, err := snapshot.Compare(t.name.Dataset, before, body)
	if err := errors.Join(err, before.Close()); err != nil {
		return none, fmt.Errorf("compare %s with the last reading: %w", t.entry.Key, err)
	}
	return changes, nil
}

// count adds a window that is done to the result.
func (r *accountRun) count(t *task, c snapshot.Content, same bool, changes snapshot.Changes, collisions []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := &t.dataset.result
	state := "written"
	if same {
		d.Unchanged++
		state = "unchanged"
	} else {
		d.Written++
		d.Vanished += changes.Vanished
		d.Changed += changes.Changed
		r.tell(t, changes)
	}
	if len(collisions) > 0 {
		r.warn(t, "case_collision", "members of one object that repeat or differ only in case: "+strings.Join(collisions, ", "))
	}
	r.complete(t, state, c.Rows)
}

// tell keeps a part's changes for the run's file. Once an account's changes name a great many ids, further ones only count.
func (r *accountRun) tell(t *task, c snapshot.Changes) {
	if c.Vanished == 0 && c.Changed == 0 {
		return
	}
	change := Change{Account: r.account.Name, Dataset: t.name.Dataset, Day: t.name.Day, Part: t.name.Part,
		Vanished: c.Vanished, Changed: c.Changed, VanishedIDs: []json.RawMessage{}, ChangedIDs: []json.RawMessage{}, Truncated: c.Truncated}
	if ids := len(c.VanishedIDs) + len(c.ChangedIDs); r.told+ids <= maxTold {
		r.told += ids
		change.VanishedIDs = append(change.VanishedIDs, c.VanishedIDs...)
		change.ChangedIDs = append(change.ChangedIDs, c.ChangedIDs...)
	} else {
		change.Truncated = true
	}
	r.changes = append(r.changes, change)
}
