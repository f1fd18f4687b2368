package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/snapshot"
)

const (
	// turn is how long a complete month of the past goes without being looked at: a day less the hour until the next run.
	turn = 23 * time.Hour
	// maxHistory is how far back months are remembered, in days; those before are looked at on every run.
	maxHistory = 50 * 366
	// monthsVersion is the form of what is remembered. What has another one is as good as nothing.
	monthsVersion = 1
)

// months remembers from run to run which past months need nothing, so that a run need not read all ledgers and list all
// objects from the first day on. It travels in the account's lease. The zero months remember nothing, and everything is
// looked at: what it says too little costs requests, and what it says too much is found within a day.
type months struct {
	Version  int                `json:"version"`
	Datasets map[string]history `json:"datasets"`
	// Fresh is when each dataset was fresh last. It is no part of the rest: it stands whatever is asked.
	Fresh map[string]time.Time `json:"fresh,omitempty"`
}

// history is what is remembered of one dataset. The zero history is nothing.
type history struct {
	Basis  string          `json:"basis"`            // what was asked of the vendor, as the fingerprint of dataset.basis
	Oldest *oldest         `json:"oldest,omitempty"` // where no first day is configured
	Months map[string]look `json:"months"`           // "2026-01": the last look, which found it complete
}

// look is a look at a complete month.
type look struct {
	At   time.Time    `json:"at"`   // by the run's clock
	From snapshot.Day `json:"from"` // first day of the month that was wanted
	Read time.Time    `json:"read"` // the earliest of the readings that its days have
}

// oldest is the first day in the ledger.
type oldest struct {
	At  time.Time    `json:"at"`
	Day snapshot.Day `json:"day"`
}

// readMonths takes up what an earlier run left: nothing, where that is missing, broken or of another form.
func readMonths(text json.RawMessage) months {
	var m months
	if json.Unmarshal(text, &m) != nil || m.Version != monthsVersion {
		return months{}
	}
	return m
}

// of is what is remembered of a dataset that is asked as it was then.
func (m months) of(d *dataset) history {
	if h := m.Datasets[d.Name]; h.Basis == d.basis() {
		return h
	}
	return history{}
}

// basis is a fingerprint of what is asked and for which parts. Where it differs, nothing that is remembered holds.
func (d *dataset) basis() string {
	sum := sha256.Sum256([]byte(d.Spec + "\n" + strings.Join(slices.Sorted(slices.Values(d.parts)), "\n")))
	return hex.EncodeToString(sum[:8])
}

// fresh says whether a look still stands at a moment. What was looked at later than that, by an event with another clock,
// says nothing of it.
func fresh(at, now time.Time) bool { return !at.After(now) && now.Sub(at) < turn }

// stands says whether a month of which days from `first` on are wanted may go without a look.
func (l look) stands(month string, first snapshot.Day, now time.Time, verifyAfter time.Duration) bool {
	switch {
	case !fresh(l.At, now), first < l.From:
		return false
	case verifyAfter > 0 && !l.Read.IsZero() && now.Sub(l.Read) > verifyAfter:
		return false // a day of it is due for verification
	}
	return inTurn(month, l.At) == inTurn(month, now)
}

// inTurn counts a month's turns until a moment. Each month has its own hour, so that hourly runs look at one after the
// other although they were all complete at once.
func inTurn(month string, t time.Time) int64 {
	first, err := time.Parse("2006-01", month)
	if err != nil {
		return t.Unix() // not a month: it is looked at every time
	}
	hours := int64(first.Year())*12 + int64(first.Month())
	return (t.Unix() - hours*3600) / int64(turn/time.Second)
}

// span is days that are looked at together, both ends included.
type span struct{ first, last snapshot.Day }

// spans are the days to look at, newest first: whole months, but for the ends of what the run is about. The current month
// and the last one are always among them, and for an event that asks for certain work all are.
func (p *planner) spans(d *dataset, first, last snapshot.Day) []span {
	known := p.remembered.of(d).Months
	always := (p.today.FirstOfMonth() - 1).FirstOfMonth()
	var spans []span
	for end := last; end >= first; end = end.FirstOfMonth() - 1 {
		begin := max(first, end.FirstOfMonth())
		l, ok := known[begin.Month()]
		if ok && end < always && !p.event.Ranged() && l.stands(begin.Month(), begin, p.time, p.VerifyAfter) {
			continue
		}
		if n := len(spans); n > 0 && spans[n-1].first == end+1 {
			spans[n-1].first = begin
		} else {
			spans = append(spans, span{begin, end})
		}
	}
	return spans
}

// remember notes, when a run's work is done, what it found complete, for the runs to come. What an event with certain work
// touched is forgotten: it says nothing of the rest of its months.
func (p *planner) remember(datasets []*dataset) {
	kept := months{Version: monthsVersion, Datasets: map[string]history{}, Fresh: p.remembered.Fresh}
	for _, d := range p.Datasets { // those that this run is not about too
		if h, ok := p.remembered.Datasets[d.Name]; ok && !d.Listing {
			kept.Datasets[d.Name] = h
		}
	}
	for _, d := range datasets {
		if !d.Listing {
			kept.Datasets[d.Name] = p.history(d)
		}
	}
	p.remembered = kept
}

func (p *planner) history(d *dataset) history {
	was := p.remembered.of(d)
	now := history{Basis: d.basis(), Oldest: d.oldest, Months: map[string]look{}}
	for month, l := range was.Months {
		if p.time.Sub(l.At) < turn {
			now.Months[month] = l
		}
	}
	open := map[string]bool{} // months with work that is not done
	for _, t := range p.tasks {
		if t.dataset != d {
			continue
		}
		if p.event.Ranged() {
			now.Oldest = nil
			delete(now.Months, t.name.Day.Month())
		}
		open[t.name.Day.Month()] = open[t.name.Day.Month()] || !t.done && t.class != verification
	}
	if p.event.Ranged() {
		return now
	}
	for _, s := range d.looked {
		for end := s.last; end >= s.first; end = end.FirstOfMonth() - 1 {
			begin := max(s.first, end.FirstOfMonth())
			delete(now.Months, begin.Month())
			if l, ok := p.judge(d, begin, end); ok && !open[begin.Month()] {
				now.Months[begin.Month()] = l
			}
		}
	}
	return now
}

// judge says whether every part of days that were looked at is settled and asked as now.
func (p *planner) judge(d *dataset, first, last snapshot.Day) (look, bool) {
	l := look{At: p.time, From: first}
	if last >= (p.today.FirstOfMonth()-1).FirstOfMonth() || first < p.today-maxHistory {
		return l, false // looked at every time
	}
	for day := first; day <= last; day++ {
		for _, part := range d.parts {
			entry, ok := d.book.Entry(day, part)
			if !ok || !entry.Settled || entry.Spec != d.Spec {
				return l, false
			}
			if l.Read.IsZero() || entry.FetchedAt.Before(l.Read) {
				l.Read = entry.FetchedAt
			}
		}
	}
	return l, true
}
