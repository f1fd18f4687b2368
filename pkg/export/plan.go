package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
)

// maxLooking is how many datasets' ledgers and listings are read side by side.
const maxLooking = 8

// defaultHistory is how many days before the run the first wanted day lies where nothing else says.
const defaultHistory = 30

// class says why a window is due, in the order of their turn.
type class int

const (
	openDay class = iota
	unsettledDay
	listing
	backlog
	verification
)

// task is one window that is due, and what is known of it.
type task struct {
	dataset *dataset
	class   class
	name    snapshot.Name
	entry   snapshot.Entry // of the last reading; Key is empty where there is none that still holds
	there   snapshot.Info  // the object as listed; its ETag is empty where there is none
	before  int64          // rows of the last reading to compare with, -1 where there is none
	done    bool
	saved   *saved    // a reading of it that time cut short, to go on with; nil: it is read from its beginning
	clock   time.Time // of the run that began the reading
	real    time.Time // when that was
}

// dataset is a dataset at work in a run.
type dataset struct {
	Dataset
	book    *snapshot.Book
	parts   []string
	refused []string                                  // parts that cannot be done in this run
	looked  []span                                    // days whose ledger and objects were looked at
	objects map[snapshot.Day]map[string]snapshot.Info // of those days, by part
	broken  map[string]bool                           // months whose ledger cannot be used: their days are not planned
	oldest  *oldest                                   // the first day in the ledger, where that decides what is wanted
	result  DatasetResult
	written *schema.Schema // of the lines that this run wrote; nil: none
	due     int
	done    int
}

// planner computes what is due for one account at one moment.
type planner struct {
	Account
	source string
	store  snapshot.Store
	layout snapshot.Layout
	time   time.Time // the run's clock
	now    time.Time // real time: a day that has not ended in it is never settled
	event  Event
	today  snapshot.Day
	tasks  []*task

	remembered months // what earlier runs left; nothing: everything is looked at
	saved      map[snapshot.Name]*saved
	stale      []string  // keys of unfinished windows that no run will take up
	tidy       time.Time // when it was seen that there are no unfinished windows; zero: there may be some
}

func newPlanner(c Config, a Account, e Event, clock time.Time) *planner {
	return &planner{Account: a, source: c.Source, store: c.Store, layout: c.Layout, time: clock, now: c.Now(), event: e,
		today: snapshot.DayOf(clock.In(a.Zone))}
}

// plan finds what is due for the datasets, in no order yet. What cannot be planned of a dataset alone is in its result.
func (p *planner) plan(ctx context.Context, datasets []*dataset) ([]*task, error) {
	if err := p.findSaved(ctx, datasets); err != nil {
		return nil, err
	}
	for i, err := range p.surveyAll(ctx, datasets) {
		d := datasets[i]
		if err == nil {
			err = p.planDataset(ctx, d)
		}
		if err == nil {
			err = p.planBegun(ctx, d)
		}
		if err = p.contain(d, err); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return p.tasks, nil
}

// surveyAll reads, for each dataset, the ledger and the listing of the days that the run is about. It answers an error
// for each.
func (p *planner) surveyAll(ctx context.Context, datasets []*dataset) []error {
	faults := make([]error, len(datasets))
	slots := make(chan struct{}, maxLooking)
	var group sync.WaitGroup
	for i, d := range datasets {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			faults[i] = p.survey(ctx, d)
		})
	}
	group.Wait()
	return faults
}

// survey reads the ledger and the listing of the days that the run is about.
func (p *planner) survey(ctx context.Context, d *dataset) error {
	first, last, err := p.window(ctx, d)
	if err != nil || first > last {
		return err
	}
	d.looked = p.spans(d, first, last)
	var months []string
	for _, s := range d.looked {
		for month := s.last.FirstOfMonth(); month >= s.first.FirstOfMonth(); month = (month - 1).FirstOfMonth() {
			months = append(months, month.Month())
		}
	}
	var listing sync.WaitGroup
	var fault error
	listing.Go(func() { d.objects, fault = p.objects(ctx, d) })
	err = p.contain(d, d.book.Load(ctx, months...))
	listing.Wait()
	return cmp.Or(err, fault)
}

// objects are those of the days to look at.
func (p *planner) objects(ctx context.Context, d *dataset) (map[snapshot.Day]map[string]snapshot.Info, error) {
	all := map[snapshot.Day]map[string]snapshot.Info{}
	for _, s := range d.looked {
		objects, err := snapshot.Objects(ctx, p.store, p.layout, p.source, d.Name, p.Name, s.first, s.last)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, objects)
	}
	return all, nil
}

// contain keeps ledgers that cannot be used to their months: these fail by name, and the others are gone about as ever. Any
// other error it passes on.
func (p *planner) contain(d *dataset, err error) error {
	if _, ok := errors.AsType[*snapshot.LedgerError](err); !ok {
		return err
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // of several months
		faults = joined.Unwrap()
	}
	for _, fault := range faults {
		if ledger, ok := errors.AsType[*snapshot.LedgerError](fault); ok {
			p.lose(d, ledger)
		}
	}
	return nil
}

// lose notes a month whose ledger cannot be used, once.
func (p *planner) lose(d *dataset, ledger *snapshot.LedgerError) {
	if d.broken[ledger.Month] {
		return
	}
	last := p.today
	if first, err := snapshot.ParseDay(ledger.Month + "-01"); err == nil {
		last = min(last, (first+31).FirstOfMonth()-1)
	}
	d.broken[ledger.Month] = true
	d.result.Failed = append(d.result.Failed, Failure{Day: last, Kind: Storage, Error: clean(ledger)})
}

// window is the first and last day that the run is about; first > last says none.
func (p *planner) window(ctx context.Context, d *dataset) (first, last snapshot.Day, err error) {
	first, last = p.event.From, p.event.To
	if last == 0 || last > p.today {
		last = p.today
	}
	if d.Listing {
		if first > p.today || last < p.today {
			return 1, 0, nil
		}
		return p.today, p.today, nil
	}
	if first == 0 {
		first = p.Start
	}
	if first == 0 {
		// A first run that time cut short leaves a ledger that begins too late: the history wanted then is still wanted.
		if err := p.findOldest(ctx, d); err != nil {
			return 0, 0, err
		}
		if first = p.today - defaultHistory; d.oldest != nil {
			first = min(first, d.oldest.Day)
		}
	}
	return first, last, nil
}

// findOldest finds the first day in the ledger, where there is one.
func (p *planner) findOldest(ctx context.Context, d *dataset) error {
	if known := p.remembered.of(d).Oldest; known != nil && fresh(known.At, p.time) && !p.event.Ranged() {
		d.oldest = known
		return nil
	}
	day, err := d.book.Oldest(ctx)
	if err == nil && day != 0 {
		d.oldest = &oldest{At: p.time, Day: day}
	}
	return p.contain(d, err)
}

// planDataset goes through the days that were looked at, newest first.
func (p *planner) planDataset(ctx context.Context, d *dataset) error {
	for _, s := range d.looked {
		for day := s.last; day >= s.first; day-- {
			if d.broken[day.Month()] {
				continue
			}
			for _, part := range d.parts {
				if err := p.planPart(ctx, d, day, part, d.objects[day][part]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// planPart decides whether one part of one day is due.
func (p *planner) planPart(ctx context.Context, d *dataset, day snapshot.Day, part string, there snapshot.Info) error {
	t := &task{dataset: d, there: there, before: -1, clock: p.time, real: p.now,
		name: snapshot.Name{Source: p.source, Dataset: d.Name, Account: p.Name, Day: day, Part: part}}
	entry, known := d.book.Entry(day, part)
	held, err := p.holds(ctx, d, t, &entry, known)
	switch {
	case err != nil:
		return err
	case held:
		t.before = entry.Rows
	case d.Listing: // that of the day may be gone, and the one before it is there
		if t.before, err = lastRows(ctx, d, day, part); err != nil {
			return err
		}
	}
	p.takeUp(d, t, entry, held)
	if held && entry.FetchedAt.After(p.time) {
		return nil // a later run was here
	}
	if held && entry.Spec == d.Spec && p.event.Continues() && entry.FetchedAt.Equal(p.time) {
		return nil // an earlier try was
	}
	if held && entry.Spec == d.Spec {
		t.entry = entry
	}
	var due bool
	if t.class, due = p.due(d, t); due || t.saved != nil {
		p.tasks = append(p.tasks, t)
	}
	return nil
}

// holds says whether the ledger's word on a part still holds: its object is there, and is the one written. An object
// that was copied or restored with another ETag is known by its metadata, and the ETag is adopted.
func (p *planner) holds(ctx context.Context, d *dataset, t *task, entry *snapshot.Entry, known bool) (bool, error) {
	if !known || t.there.ETag == "" {
		return false, nil
	}
	if t.there.ETag == entry.ETag {
		return true, nil
	}
	object, err := p.store.Head(ctx, t.there.Key)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", t.there.Key, err)
	}
	content := snapshot.Content{Rows: entry.Rows, SHA256: entry.SHA256}
	if !content.Is(object) {
		return false, nil
	}
	entry.ETag = object.ETag
	d.book.Set(t.name.Day, t.name.Part, *entry)
	return true, nil
}

// lastRows is how many rows the newest listing before a day had, -1 where there is none in this month and the last.
func lastRows(ctx context.Context, d *dataset, day snapshot.Day, part string) (int64, error) {
	oldest := (day.FirstOfMonth() - 1).FirstOfMonth()
	for earlier := day - 1; earlier >= oldest; earlier-- {
		if err := d.book.Load(ctx, earlier.Month()); err != nil {
			return 0, err
		}
		if entry, ok := d.book.Entry(earlier, part); ok {
			return entry.Rows, nil
		}
	}
	return -1, nil
}

func (p *planner) due(d *dataset, t *task) (class, bool) {
	known := t.entry.Key != ""
	age := p.time.Sub(t.entry.FetchedAt)
	switch {
	case d.Listing:
		return listing, t.name.Day == p.today && (!known || p.event.Force || older(age, p.Refresh))
	case t.name.Day >= p.today:
		return openDay, true
	case !known:
		return backlog, true
	case !t.entry.Settled:
		return unsettledDay, p.event.Force || older(age, p.RestateEvery)
	case p.event.Force:
		return backlog, true
	default:
		return verification, p.VerifyAfter > 0 && age > p.VerifyAfter
	}
}

// older says whether a reading of that age is due again; every 0 is on every run.
func older(age, every time.Duration) bool { return every == 0 || age > every }

// closed says whether a window's day was over when its reading began, on the run's clock and in real time.
func (p *planner) closed(t *task) bool {
	end := (t.name.Day + 1).In(p.Zone)
	return !t.clock.Before(end) && !t.real.Before(end)
}

// settles says whether a reading of a closed day is final, by the clock of the run that began it. A window of several
// pages without a total needs two readings in a row with the same content, but for backlog, which nothing changes any more.
func (p *planner) settles(t *task, proof Proof, c snapshot.Content) bool {
	day := t.name.Day
	if t.dataset.Listing || !p.closed(t) || t.clock.Before((day + 1 + snapshot.Day(p.RestateDays)).In(p.Zone)) {
		return false
	}
	return proof.Pages <= 1 || proof.Total != nil || t.entry.Key == "" || t.entry.SHA256 == c.SHA256
}

// order puts open days first, then what was begun already, and verification last, the oldest reading first; between them the
// datasets and parts take turns, unsettled days, due listings and backlog side by side, each newest first.
func order(tasks []*task) []*task {
	type lane struct {
		begun         bool
		class         class
		dataset, part string
	}
	var lanes []lane
	queues := map[lane][]*task{}
	for _, t := range tasks {
		l := lane{t.saved != nil, t.class, t.name.Dataset, t.name.Part}
		if queues[l] == nil {
			lanes = append(lanes, l)
		}
		queues[l] = append(queues[l], t)
	}
	slices.SortStableFunc(lanes, func(a, b lane) int { return int(a.class - b.class) })
	var ordered []*task
	turns := func(begun bool, from, to class) {
		for more := true; more; {
			more = false
			for _, l := range lanes {
				if q := queues[l]; l.begun == begun && l.class >= from && l.class <= to && len(q) > 0 {
					ordered, queues[l], more = append(ordered, q[0]), q[1:], true
				}
			}
		}
	}
	turns(false, openDay, openDay)
	turns(true, openDay, verification)
	turns(false, unsettledDay, backlog)
	for l, q := range queues {
		if l.class == verification && !l.begun {
			slices.SortFunc(q, func(a, b *task) int {
				return cmp.Or(a.entry.FetchedAt.Compare(b.entry.FetchedAt), int(a.name.Day-b.name.Day))
			})
		}
	}
	rest := len(ordered)
	turns(false, verification, verification)
	slices.SortStableFunc(ordered[rest:], func(a, b *task) int { return a.entry.FetchedAt.Compare(b.entry.FetchedAt) })
	return ordered
}
