package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	ledgerVersion = 1
	ledgerRemedy  = "restore an earlier version of this object, or delete it to have its days read again"
)

// Entry is the ledger's word on one partition part: what was written, and why it is complete.
type Entry struct {
	Key       string    `json:"key"`
	Rows      int64     `json:"rows"`
	Pages     int64     `json:"pages"` // pages that held the rows; 1 for a window with none
	Bytes     int64     `json:"bytes"` // uncompressed
	SHA256    string    `json:"sha256"`
	ETag      string    `json:"etag"`
	FetchedAt time.Time `json:"fetched_at"` // of the last reading, by its run's clock
	Settled   bool      `json:"settled"`
	Window    [2]Day    `json:"window"` // first and last day asked for
	Spec      string    `json:"spec"`   // fingerprint of what was asked
	Total     *int64    `json:"total"`  // the vendor's own count, where it gives one
	// Rows that went, and that were changed, when a reading last replaced an earlier one's object; 0 where none did. An
	// entry of a program that did not count them yet says 0.
	Vanished int64 `json:"vanished"`
	Changed  int64 `json:"changed"`
	// Unreadable counts the lines that some readers cannot take, by what is wrong with them; nil where there are none, or a
	// program wrote the entry that did not look.
	Unreadable map[string]int64 `json:"unreadable,omitempty"`
	// Revised are the contents that were settled and replaced nevertheless, oldest first, the last maxRevisions of them.
	Revised []Revision `json:"revised,omitempty"`
}

// maxReading is how many months of a Book are read side by side.
const maxReading = 4

// maxRevisions is how many contents that were replaced are remembered of a part.
const maxRevisions = 50

// Revision is a settled content that another one replaced.
type Revision struct {
	At     time.Time `json:"at"`  // the clock of the run that replaced it
	Run    string    `json:"run"` // that run
	Rows   int64     `json:"rows"`
	SHA256 string    `json:"sha256"`
}

// Revise is the memory of an entry that another content replaces, in a run at a clock.
func (e Entry) Revise(run string, at time.Time) []Revision {
	if !e.Settled {
		return e.Revised
	}
	all := append(slices.Clone(e.Revised), Revision{At: at, Run: run, Rows: e.Rows, SHA256: e.SHA256})
	return all[max(0, len(all)-maxRevisions):]
}

// Ledger is one month of a dataset of one account, as it lies in the bucket.
type Ledger struct {
	Version int                      `json:"version"`
	Source  string                   `json:"source"`
	Dataset string                   `json:"dataset"`
	Account string                   `json:"account"`
	Month   string                   `json:"month"`
	Days    map[Day]map[string]Entry `json:"days"`
}

// ErrConflict says that another writer was there: what is in the bucket is neither what was read before nor what was
// to be written. Nothing was overwritten.
var ErrConflict = errors.New("another run wrote here meanwhile")

// Book is the ledger of one dataset of one account: months as they were read, and the writing of them. It is safe for
// concurrent use: those that read or write the bucket take turns, and end with their context. Make it with NewBook.
type Book struct {
	store                    Store
	layout                   Layout
	source, dataset, account string

	turn   chan struct{} // holds one element while the bucket is read or written
	mu     sync.Mutex    // guards the months; never held over a request
	months map[string]*month
}

type month struct {
	Ledger
	etag  string // empty: not in the bucket yet; changed by whoever has the turn
	dirty bool
}

// NewBook opens the ledger of a dataset. Nothing is read yet.
func NewBook(store Store, layout Layout, source, dataset, account string) *Book {
	return &Book{
		store: store, layout: layout, source: source, dataset: dataset, account: account, months: map[string]*month{},
		turn: make(chan struct{}, 1),
	}
}

// Load reads months ("2026-11"), each once and some side by side; one that failed is read again by the next Load, and does
// not keep the others from being read. A month that is not in the bucket is empty. A ledger that is broken, a newer program's, or
// another dataset's is a *LedgerError, which names its key and what to do: the error joins those of all months. One of the bucket
// comes in their place.
func (b *Book) Load(ctx context.Context, names ...string) error {
	if err := b.take(ctx); err != nil {
		return err
	}
	defer func() { <-b.turn }()
	faults := make([]error, len(names))
	slots := make(chan struct{}, maxReading)
	var group sync.WaitGroup
	for i, name := range names {
		if b.month(name) != nil || slices.Contains(names[:i], name) {
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			faults[i] = b.read(ctx, name)
		})
	}
	group.Wait()
	for _, err := range faults {
		if _, broken := errors.AsType[*LedgerError](err); err != nil && !broken {
			return err
		}
	}
	return errors.Join(faults...)
}

// take waits for the turn.
func (b *Book) take(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the ledger: %w", ctx.Err())
	}
}

func (b *Book) month(name string) *month {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.months[name]
}

func (b *Book) read(ctx context.Context, name string) error {
	ledger, etag, err := ReadLedger(ctx, b.store, b.layout, LedgerName{b.source, b.dataset, b.account, name})
	if errors.Is(err, ErrNotFound) {
		ledger, err = Ledger{Version: ledgerVersion, Source: b.source, Dataset: b.dataset, Account: b.account, Month: name,
			Days: map[Day]map[string]Entry{}}, nil
	}
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.months[name] = &month{Ledger: ledger, etag: etag}
	return nil
}

func parseLedger(text []byte) (Ledger, error) {
	var l Ledger
	fault := json.Unmarshal(text, &l)
	version := l.Version
	if fault != nil { // another version may have another form
		var head struct{ Version int }
		if err := json.Unmarshal(text, &head); err != nil {
			return Ledger{}, fmt.Errorf("cannot be used: expected a ledger in JSON: %w; %s", err, ledgerRemedy)
		}
		version = head.Version
	}
	switch {
	case version > ledgerVersion:
		return Ledger{}, fmt.Errorf("has version %d, and this program knows version %d: "+
			"a newer yardstick wrote it; use that one", version, ledgerVersion)
	case version != ledgerVersion:
		return Ledger{}, fmt.Errorf("cannot be used: it has version %d, expected %d; %s", version, ledgerVersion, ledgerRemedy)
	case fault != nil:
		return Ledger{}, fmt.Errorf("cannot be used: expected a ledger of version %d: %w; %s", ledgerVersion, fault, ledgerRemedy)
	}
	if l.Days == nil {
		l.Days = map[Day]map[string]Entry{}
	}
	for day := range l.Days {
		if day.Month() != l.Month {
			return Ledger{}, fmt.Errorf("cannot be used: it has the day %q in the month %q; %s", day, l.Month, ledgerRemedy)
		}
	}
	return l, nil
}

// Entry is what the ledger says of a part, with what was Set since. Of a month that was not loaded it says nothing.
func (b *Book) Entry(day Day, part string) (Entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.months[day.Month()]
	if m == nil {
		return Entry{}, false
	}
	e, ok := m.Days[day][part]
	return e, ok
}

// Ledgers are the months that were loaded and have an entry, in order, with what was Set since. They share nothing with
// the Book but what entries point to.
func (b *Book) Ledgers() []Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Ledger
	for _, name := range slices.Sorted(maps.Keys(b.months)) {
		l := b.months[name].Ledger
		if len(l.Days) == 0 {
			continue
		}
		days := make(map[Day]map[string]Entry, len(l.Days))
		for day, parts := range l.Days {
			days[day] = maps.Clone(parts)
		}
		l.Days = days
		all = append(all, l)
	}
	return all
}

// Set notes an entry, to be written by the next Save. The day's month must have been loaded, else it panics: what the
// bucket has of that month is not known.
func (b *Book) Set(day Day, part string, e Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.months[day.Month()]
	if m == nil {
		panic("snapshot: set " + day.String() + " in a ledger's month that was not loaded") //nolint:forbidigo // a mistake of the code
	}
	if m.Days[day] == nil {
		m.Days[day] = map[string]Entry{}
	}
	m.Days[day][part] = e
	m.dirty = true
}

// Newest is the entry of the newest day that has one of a part, among the months that were loaded, and ok says whether there
// is one. Where the given month ("2026-11") was not loaded there is none: a newer day may be in it. Nor is there where the
// month of that entry was changed and is not saved: it may be that the bucket has another.
func (b *Book) Newest(name, part string) (newest Entry, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.months[name] == nil {
		return Entry{}, false
	}
	var last Day
	var where *month
	for _, m := range b.months {
		for day, parts := range m.Days {
			if e, known := parts[part]; known && (where == nil || day > last) {
				last, newest, where = day, e, m
			}
		}
	}
	if where == nil || where.dirty {
		return Entry{}, false
	}
	return newest, true
}

// Save writes the months that were changed, each only over the version that was read. ErrConflict where another writer
// was there: that month stays as the other wrote it, and this Book can never save it; a new one reads what is there. After
// any other error the next Save tries again. A month that fails does not keep the others from being written.
func (b *Book) Save(ctx context.Context) error {
	if err := b.take(ctx); err != nil {
		return err
	}
	defer func() { <-b.turn }()
	b.mu.Lock()
	names := slices.Sorted(maps.Keys(b.months))
	b.mu.Unlock()
	var faults []error
	for _, name := range names {
		faults = append(faults, b.save(ctx, b.month(name)))
	}
	return errors.Join(faults...)
}

// save writes a month, if it was changed, with all that was Set until then.
func (b *Book) save(ctx context.Context, m *month) error {
	text, err := b.changes(m)
	if text == nil || err != nil {
		return err
	}
	key := b.layout.Ledger(b.source, b.dataset, b.account, m.Month)
	etag, err := replace(ctx, b.store, key, m.etag, "application/json", text)
	if err != nil {
		b.mu.Lock()
		m.dirty = true
		b.mu.Unlock()
		return fmt.Errorf("write the ledger %s: %w", key, err)
	}
	m.etag = etag
	return nil
}

// changes is a month that was changed as it is to be written, nil where it was not.
func (b *Book) changes(m *month) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !m.dirty {
		return nil, nil
	}
	text, err := json.Marshal(m.Ledger)
	if err != nil {
		return nil, fmt.Errorf("write the ledger: %w", err)
	}
	m.dirty = false
	return text, nil
}

// replace writes a small object over the version that was read before (have; empty: there was none). Where the condition
// is lost to the caller's own write, whose answer did not arrive, that counts as written.
func replace(ctx context.Context, store Store, key, have, contentType string, text []byte) (etag string, err error) {
	options := PutOptions{CreateOnly: have == "", IfMatch: have, ContentType: contentType}
	etag, err = store.Put(ctx, key, bytes.NewReader(text), options)
	if !errors.Is(err, ErrPrecondition) && !errors.Is(err, ErrNotFound) {
		return etag, err
	}
	body, info, readErr := store.Get(ctx, key)
	if errors.Is(readErr, ErrNotFound) {
		return "", fmt.Errorf("%w: the object was deleted", ErrConflict)
	}
	if readErr != nil {
		return "", errors.Join(err, readErr)
	}
	there, readErr := io.ReadAll(body)
	if readErr := errors.Join(readErr, body.Close()); readErr != nil {
		return "", errors.Join(err, readErr)
	}
	if !bytes.Equal(there, text) {
		return "", ErrConflict
	}
	return info.ETag, nil
}

// Oldest is the first day that the ledger has an entry for, or no day. It lists the ledger's months and loads the oldest
// ones until an entry is found. A *LedgerError where one of these cannot be used.
func (b *Book) Oldest(ctx context.Context) (Day, error) {
	prefix := b.layout.Ledgers(b.source, b.dataset, b.account)
	for info, err := range b.store.List(ctx, prefix, "") {
		if err != nil {
			return 0, fmt.Errorf("list the ledger: %w", err)
		}
		name, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), ".json")
		if _, err := time.Parse("2006-01", name); !ok || err != nil {
			continue
		}
		if err := b.Load(ctx, name); err != nil {
			return 0, err
		}
		if days := b.days(name); len(days) > 0 {
			return slices.Min(days), nil
		}
	}
	return 0, nil
}

func (b *Book) days(name string) []Day {
	b.mu.Lock()
	defer b.mu.Unlock()
	days := make([]Day, 0, len(b.months[name].Days))
	for day, parts := range b.months[name].Days {
		if len(parts) > 0 {
			days = append(days, day)
		}
	}
	return days
}
