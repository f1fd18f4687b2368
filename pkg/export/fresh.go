package export

import (
	"time"

	"yardstick/pkg/snapshot"
)

// freshen brings up to date when each of the account's datasets was fresh last, for the runs to come, and answers the
// earliest of those times; zero where the account has no datasets. It costs no request: where a run did not look into
// this month's ledger, what earlier runs noted stands. A dataset that nobody noted and nobody read counts from this run,
// the first that wanted it. It is called when nothing is at work any more.
func (p *planner) freshen(ran []*dataset) (earliest time.Time) {
	noted := map[string]time.Time{}
	for _, d := range p.Datasets {
		at, ok := p.remembered.Fresh[d.Name]
		switch {
		case p.awaits(d):
			noted[d.Name] = p.now
		case ok:
			noted[d.Name] = at
		default:
			noted[d.Name] = p.time
		}
	}
	month := snapshot.DayOf(p.now.In(p.Zone)).Month() // a run whose clock is in the past does not know the newest day
	for _, d := range ran {
		if !p.awaits(d.Dataset) {
			noted[d.Name] = d.freshAt(month, noted[d.Name])
		}
	}
	p.remembered.Version, p.remembered.Fresh = monthsVersion, noted
	for _, at := range noted {
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	return earliest
}

// awaits says that no day of a dataset is wanted yet, in real time: it is as fresh as can be.
func (p *planner) awaits(d Dataset) bool {
	return !d.Listing && p.Start > snapshot.DayOf(p.now.In(p.Zone))
}

// freshAt is when a dataset was fresh last: the earliest, over its parts, of the last reading of the newest day that the
// ledger has of the part. A part that is not in what was read of the ledger holds the dataset at what was noted before.
func (d *dataset) freshAt(month string, before time.Time) time.Time {
	var earliest time.Time
	for _, part := range d.parts {
		at := before
		if entry, ok := d.book.Newest(month, part); ok {
			at = entry.FetchedAt
		}
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	if earliest.IsZero() { // its parts are not known
		return before
	}
	return earliest
}
