// Package about tells people and tools what lies in the bucket and how fresh it is: the status of every dataset day by day,
// as JSON, as a page and in a terminal. It counts and names; no value of a record is in anything that it writes.
package about

import (
	"time"

	"yardstick/pkg/snapshot"
)

// Status is what is there, as about/status.json has it. It is public surface.
type Status struct {
	Version int       `json:"version"` // 1
	Time    time.Time `json:"time"`    // when it was gathered: the clock of the run, or now
	Sources []Source  `json:"sources"` // in alphabetical order
}

// Source is one vendor.
type Source struct {
	Source   string    `json:"source"` // "scrapright"
	Runs     []Run     `json:"runs"`   // the last ten, newest first
	Accounts []Account `json:"accounts"`
}

// Run is how one run ended.
type Run struct {
	Run       string    `json:"run"`
	Time      time.Time `json:"time"` // its clock
	Status    string    `json:"status"`
	Requests  int       `json:"requests"`
	Throttled int       `json:"throttled"`
	Rows      int64     `json:"rows"`
	Written   int       `json:"written"`
	Remaining int       `json:"remaining"`
	Errors    []string  `json:"errors"`   // what failed, at most twenty: account, dataset, day and cause
	Warnings  []string  `json:"warnings"` // at most twenty
}

// Account is one account of a source.
type Account struct {
	Account    string     `json:"account"`
	Timezone   string     `json:"timezone"`   // IANA name of the zone that its days are of
	FreshAt    *time.Time `json:"fresh_at"`   // when the stalest of its datasets was read last; null where that is not known
	Stale      bool       `json:"stale"`      // something that is wanted was not read for longer than its source's schedule and settings explain
	Credential Credential `json:"credential"` // what is known of its key and session
	Backlog    Backlog    `json:"backlog"`
	Datasets   []Dataset  `json:"datasets"` // in the configuration's order
}

// Credential is what is known of an account's key and session.
type Credential struct {
	State          string     `json:"state"`           // "ok", "refused" or "unknown"
	RenewableUntil *time.Time `json:"renewable_until"` // when the session can no longer be refreshed; null where there are no sessions, or it is not known
}

// Backlog is what is still to be done.
type Backlog struct {
	Parts    int      `json:"parts"`    // day parts that are due
	Requests int      `json:"requests"` // that they take at least; 0 where there are none
	Hours    *float64 `json:"hours"`    // at the granted pace; null where no pace is known
}

// Dataset is one dataset of an account.
type Dataset struct {
	Dataset string       `json:"dataset"`
	Listing bool         `json:"listing"` // whole listings as read on each day, which nobody can read again afterwards
	Parts   []string     `json:"parts"`   // "purchases", or "brand-101" and so on
	First   snapshot.Day `json:"first"`   // the first day wanted
	ReadAt  *time.Time   `json:"read_at"` // the last reading of any of its days; null for never
	Rows    int64        `json:"rows"`    // of all days; of a listing those of its newest day
	Months  []Month      `json:"months"`  // oldest first, without gaps, the current one last
}

// Month is one month of a dataset, day by day from its first. The two have one entry for each day of the month.
type Month struct {
	Month string  `json:"month"` // "2026-11"
	Days  string  `json:"days"`  // one State a day
	Rows  []int64 `json:"rows"`  // of all parts that are there
}

// State is what a day of a dataset is, in one letter; where its parts differ, the worst of theirs.
type State byte

// The states, from worst to best.
const (
	Failed    State = 'f' // its last reading failed; what was there before stays
	Missing   State = 'm' // wanted, and not exported
	Unsettled State = 'u' // exported, and read again until it settles; the open day too
	Exported  State = 'e' // exported and settled
	Empty     State = '0' // exported and settled, and there was nothing
	Unwanted  State = '-' // before the first day wanted, after today, or a listing's day on which none was read
)
