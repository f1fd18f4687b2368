package about

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

const (
	// defaultHistory is how many days before today the first wanted day lies where nothing else says, as the engine has it.
	defaultHistory = 30
	// lately is how long a part that is not read any more counts as wanted, where it is not known which ones are.
	lately = 7 * 24 * time.Hour
	// patience is how long after it was due something may stay unread under an hourly schedule: as long as the stack's
	// alarm of freshness waits where nothing else is set.
	patience = 12 * time.Hour
	// unknownSchedule stands in for patience where too few runs are known to see the schedule: the slowest that is usual
	// is one run a day.
	unknownSchedule = 26 * time.Hour
)

// status makes a Status of what was read.
func (g *gathering) status(wanted []Wanted) Status {
	s := Status{Version: version, Time: g.now.UTC().Truncate(time.Second), Sources: []Source{}, Faults: slices.Sorted(slices.Values(g.faults)),
		Coverage: Coverage(g.ledgers...), Changes: Changes(g.ledgers...), Untold: map[string]bool{}}
	if s.Faults == nil {
		s.Faults = []string{}
	}
	for _, name := range g.sources {
		source := Source{Source: name, Runs: runsOf(g.results[name]), Accounts: []Account{}}
		for _, w := range wanted {
			if w.Source == name {
				source.Accounts = append(source.Accounts, g.account(w))
				s.Untold[name+"/"+w.Account] = true
			}
		}
		s.Sources = append(s.Sources, source)
	}
	return s
}

func (g *gathering) account(w Wanted) Account {
	today := snapshot.DayOf(g.now.In(w.Zone))
	a := Account{Account: w.Account, Timezone: w.Zone.String(), Today: today, Notes: []string{}, Datasets: []Dataset{}}
	fresh, known := time.Time{}, true
	for _, d := range w.Datasets {
		t := table{w.Source, w.Account, d.Dataset}
		x := assessment{Wanted: w, wanted: d, book: g.books[t], now: g.now, today: today, patience: patienceOf(g.clocks[w.Source])}
		x.failed, x.looked, a.Error = failuresOf(g.results[w.Source], t)
		x.prepare()
		told := x.dataset()
		a.Datasets = append(a.Datasets, told)
		a.Stale = a.Stale || told.Stale
		a.Backlog = x.backlog.and(a.Backlog)
		if told.FreshAt == nil {
			known = known && d.Parts != nil && len(x.parts) == 0 // nothing is wanted of it
		} else {
			fresh = earlier(fresh, *told.FreshAt)
		}
	}
	a.Backlog.Requests = a.Backlog.Parts
	a.Backlog.AtLeast = a.Backlog.Parts > 0
	if known {
		a.FreshAt = nullable(fresh)
	}
	a.Credential = Credential{State: credential(g.results[w.Source], w.Account), RenewableUntil: nullable(w.RenewableUntil)}
	return a
}

// patienceOf is how long after it was due something may stay unread, by the clocks of the source's runs: two of the usual
// times between them, and 12 hours at least.
func patienceOf(runs []time.Time) time.Duration {
	clocks := map[time.Time]bool{} // a run that was cut short is continued under the same clock
	for _, at := range runs {
		clocks[at.UTC()] = true
	}
	if len(clocks) < 2 {
		return unknownSchedule
	}
	sorted := slices.SortedFunc(maps.Keys(clocks), time.Time.Compare)
	var between []time.Duration
	for i := 1; i < len(sorted); i++ {
		between = append(between, sorted[i].Sub(sorted[i-1]))
	}
	slices.Sort(between)
	return max(patience, 2*between[len(between)/2])
}

// credential is what the newest run that asked the vendor for an account's sake says of its key.
func credential(results []export.Result, account string) string {
	for _, r := range results {
		for _, a := range r.Accounts {
			switch {
			case a.Account != account:
			case a.Error != nil && a.Error.Kind == export.CredentialRefused:
				return Refused
			case a.Error != nil && a.Error.Kind != export.Busy:
				return Unknown
			case a.Requests > 0:
				return Good
			}
		}
	}
	return Unknown
}

func (b Backlog) and(other Backlog) Backlog {
	return Backlog{Parts: b.Parts + other.Parts, Open: b.Open + other.Open, Missing: b.Missing + other.Missing}
}

// assessment judges one dataset of an account.
type assessment struct {
	Wanted
	*book
	wanted   WantedDataset
	now      time.Time
	today    snapshot.Day
	patience time.Duration
	failed   map[place]Failure
	looked   string // the newest run that was about the dataset

	parts   []string                // that a day has
	first   snapshot.Day            // wanted
	oldest  snapshot.Day            // there or failed, 0 for none
	newest  map[string]snapshot.Day // by part
	readAt  map[string]time.Time    // by part, the last reading
	others  []string                // parts that are there and not wanted any more
	lacking map[string]bool         // parts that some day lacks
	backlog Backlog
}

// prepare finds out which parts and days are wanted, and drops failures that were made good.
func (x *assessment) prepare() {
	x.lacking = map[string]bool{}
	x.newest, x.readAt = map[string]snapshot.Day{}, map[string]time.Time{}
	for at, entry := range x.entries {
		if at.day > x.today { // the zone was another one, or a clock was wrong
			continue
		}
		if x.oldest == 0 || at.day < x.oldest {
			x.oldest = at.day
		}
		x.newest[at.part] = max(x.newest[at.part], at.day)
		if entry.readAt.After(x.readAt[at.part]) {
			x.readAt[at.part] = entry.readAt
		}
	}
	maps.DeleteFunc(x.failed, func(at place, f Failure) bool { return at.day > x.today || x.madeGood(at, f) })
	for at := range x.failed {
		if at.part == "" { // the month's ledger
			x.broken[at.day.Month()] = true
		}
	}
	x.choose()
	switch {
	case x.wanted.Listing:
		x.first = cmp.Or(x.oldest, x.today)
	case x.Start != 0:
		x.first = x.Start
	default:
		x.first = x.today - defaultHistory
		if x.oldest != 0 {
			x.first = min(x.first, x.oldest)
		}
	}
}

// madeGood says whether what failed was read since. A listing's day cannot be read again: any later listing is as good. A settled
// day is as good as ever although it could not be read once more; where that is due still, the newest run tells of it.
func (x *assessment) madeGood(at place, f Failure) bool {
	if x.wanted.Listing {
		return x.newest[at.part] >= at.day && !x.readAt[at.part].Before(f.Time)
	}
	entry, ok := x.entries[at]
	again := ok && entry.settled && entry.holds(x.wanted.Spec) && f.Run != x.looked
	return again || ok && !entry.readAt.Before(f.Time)
}

// choose sets the parts.
func (x *assessment) choose() {
	known := map[string]bool{}
	var last time.Time
	for part, at := range x.readAt {
		known[part] = true
		if at.After(last) {
			last = at
		}
	}
	if x.wanted.Parts != nil {
		x.parts = x.wanted.Parts
	} else {
		for part, at := range x.readAt {
			if last.Sub(at) <= lately {
				x.parts = append(x.parts, part)
			}
		}
		for at := range x.failed {
			if at.part != "" && !slices.Contains(x.parts, at.part) {
				x.parts = append(x.parts, at.part)
			}
		}
		slices.SortFunc(x.parts, byPart)
	}
	maps.DeleteFunc(x.failed, func(at place, _ Failure) bool { return at.part != "" && !slices.Contains(x.parts, at.part) })
	for _, part := range slices.SortedFunc(maps.Keys(known), byPart) {
		if !slices.Contains(x.parts, part) {
			x.others = append(x.others, part)
		}
	}
}

// byPart puts brand-9 before brand-10.
func byPart(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// nullable is a time that may not be known.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
