package about

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/snapshot"
)

// order is the states' letters from worst to best.
const order = string(Failed) + string(Missing) + string(Unsettled) + string(Exported) + string(Empty) + string(Unwanted)

// Worse says whether a state is worse than another: of a day whose parts differ, the worst is told.
func (s State) Worse(than State) bool {
	return strings.IndexByte(order, byte(s)) < strings.IndexByte(order, byte(than))
}

// dataset tells of the dataset. It counts the backlog on the way.
func (x *assessment) dataset() Dataset {
	d := Dataset{Dataset: x.wanted.Dataset, Listing: x.wanted.Listing, Parts: append([]string{}, x.parts...), First: x.first,
		Failures: x.failures(), Months: x.months(), Lacking: []string{}}
	for _, part := range x.parts {
		if x.lacking[part] {
			d.Lacking = append(d.Lacking, part)
		}
	}
	var last, fresh time.Time
	for _, at := range x.readAt {
		if at.After(last) {
			last = at
		}
	}
	for _, part := range x.parts {
		if day, ok := x.newest[part]; ok {
			fresh = earlier(fresh, x.entries[place{day, part}].readAt)
		}
		if x.wanted.Listing {
			d.Rows += x.rows(x.newest[part], part)
		}
	}
	for at, entry := range x.entries {
		if !x.wanted.Listing {
			d.Rows += x.rows(at.day, at.part)
		}
		if at.day <= x.today {
			d.Unreadable += entry.unreadable
		}
	}
	d.ReadAt, d.FreshAt, d.Stale = nullable(last), nullable(fresh), x.stale(fresh)
	return d
}

// stale says whether the dataset was not read for longer than can be explained: a listing is read again after the
// configured time, the newest day on every run.
func (x *assessment) stale(fresh time.Time) bool {
	if x.first > x.today {
		return false // nothing is wanted yet
	}
	if fresh.IsZero() {
		unknown := len(x.broken) > 0 // and the days of those ledgers count as failed
		return !unknown && (x.wanted.Parts == nil || len(x.parts) > 0)
	}
	allowed := x.patience
	if x.wanted.Listing {
		allowed += x.Refresh
	}
	return x.now.Sub(fresh) > allowed
}

func (x *assessment) failures() []Failure {
	failed := []Failure{}
	for _, f := range x.failed {
		failed = append(failed, f)
	}
	slices.SortFunc(failed, func(a, b Failure) int { return cmp.Or(cmp.Compare(b.Day, a.Day), byPart(a.Part, b.Part)) })
	return first(failed, maxTold)
}

// months goes through all days from the first that is wanted or there until the current month's end.
func (x *assessment) months() []Month {
	begin := x.first
	if x.oldest != 0 {
		begin = min(begin, x.oldest)
	}
	for at := range x.failed {
		begin = min(begin, at.day)
	}
	begin = min(begin, x.today).FirstOfMonth()
	var months []Month
	var letters strings.Builder
	for day := begin; ; day++ {
		if n := len(months); n == 0 || months[n-1].Month != day.Month() {
			if n > 0 {
				months[n-1].Days = letters.String()
				letters.Reset()
			}
			if day > x.today {
				return months
			}
			months = append(months, Month{Month: day.Month(), Parts: x.partMonths(day)})
		}
		state, rows := x.day(day)
		letters.WriteByte(byte(state))
		months[len(months)-1].Rows = append(months[len(months)-1].Rows, rows)
	}
}

// partMonths is what the ledger has of a month, by part.
func (x *assessment) partMonths(first snapshot.Day) []PartMonth {
	all := []PartMonth{}
	end := (first + 31).FirstOfMonth()
	for _, part := range slices.SortedFunc(maps.Keys(x.readAt), byPart) {
		m, known := PartMonth{Part: part}, false
		var letters strings.Builder
		for day := first; day < end; day++ {
			at := place{day, part}
			entry, ok := x.entries[at]
			if ok = ok && day <= x.today; !ok {
				entry = fact{readAt: time.Unix(0, 0)}
			}
			known = known || ok
			letters.WriteByte(x.letter(at, ok))
			m.Rows, m.Read = append(m.Rows, entry.rows), append(m.Read, entry.readAt.Unix())
			m.Unreadable = append(m.Unreadable, entry.unreadable)
		}
		if !slices.ContainsFunc(m.Unreadable, func(n int64) bool { return n > 0 }) {
			m.Unreadable = nil
		}
		if m.Days = letters.String(); known {
			all = append(all, m)
		}
	}
	return all
}

// letter is what PartMonth.Days says.
func (x *assessment) letter(at place, known bool) byte {
	entry := x.entries[at]
	held := entry.holds(x.wanted.Spec)
	switch {
	case !known:
		return '-'
	case entry.settled && held:
		return 's'
	case entry.settled:
		return 'S'
	case held:
		return 'u'
	}
	return 'U'
}

// day is the state of a day and its rows.
func (x *assessment) day(day snapshot.Day) (State, int64) {
	worst, rows := Unwanted, int64(0)
	if day > x.today {
		return worst, 0
	}
	parts := x.parts
	if len(parts) == 0 && x.wanted.Parts == nil {
		parts = []string{x.wanted.Dataset} // there is one at least
	}
	for _, part := range parts {
		state := x.part(day, part)
		if state.Worse(worst) {
			worst = state
		}
		rows += x.rows(day, part)
	}
	for _, part := range x.others {
		if state := x.final(day, part); state.Worse(worst) {
			worst = state
		}
		rows += x.rows(day, part)
	}
	return worst, rows
}

// part is the state of a part that is wanted. What is due of it is counted.
func (x *assessment) part(day snapshot.Day, part string) State {
	at := place{day, part}
	entry, held := x.entries[at]
	held = held && entry.holds(x.wanted.Spec)
	wanted := day >= x.first && day <= x.today
	if x.wanted.Listing {
		wanted = day == x.today
	}
	if wanted {
		x.count(day, entry, held)
	}
	_, failed := x.failed[at]
	switch {
	case failed, wanted && x.broken[day.Month()]:
		return Failed
	case wanted && !held:
		x.lacking[part] = true
		return Missing
	case wanted && !entry.settled:
		return Unsettled
	}
	return x.final(day, part)
}

// final is the state of a part that nobody reads again.
func (x *assessment) final(day snapshot.Day, part string) State {
	at := place{day, part}
	entry, known := x.entries[at]
	switch {
	case !known || !entry.there:
		return Unwanted
	case entry.rows == 0:
		return Empty
	}
	return Exported
}

// rows are those that are there.
func (x *assessment) rows(day snapshot.Day, part string) int64 {
	if entry := x.entries[place{day, part}]; entry.there && day <= x.today {
		return entry.rows
	}
	return 0
}

// count adds a part of a day to the backlog where it is due now, as the engine has it.
func (x *assessment) count(day snapshot.Day, entry fact, held bool) {
	again := x.RestateEvery
	if x.wanted.Listing {
		again = x.Refresh
	}
	age := x.now.Sub(entry.readAt)
	open := !x.wanted.Listing && day == x.today
	switch {
	case open:
		x.backlog.Open++
		x.backlog.Parts++
	case !held:
		x.backlog.Missing++
		x.backlog.Parts++
	case !entry.settled && (again == 0 || age > again):
		x.backlog.Parts++
	}
}
