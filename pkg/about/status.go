// Package about tells people and tools what lies in the bucket and how fresh it is: the status of every dataset day by day,
// as JSON, as a page and in a terminal. It counts and names; no value of a record is in anything that it writes.
package about

import (
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// version is the form of status.json.
const version = 1

// Status is what is there, as about/status.json has it. It is public surface.
type Status struct {
	Version int       `json:"version"` // 1
	Time    time.Time `json:"time"`    // when it was gathered: the clock of the run, or now
	Sources []Source  `json:"sources"` // in alphabetical order
	Faults  []string  `json:"faults"`  // what lies in the bucket and could not be used, such as a broken ledger: each names the key and what to do

	// Coverage has the rows of the coverage tables of all accounts, which are objects of their own.
	Coverage []Covered `json:"-"`
	// Changes has the rows of the tables of days that changed after they were settled, as Coverage has its own.
	Changes []Revised `json:"-"`
	// Untold are the accounts ("source/account") of which nothing was told before: they get a table of changes even where
	// there are none.
	Untold map[string]bool `json:"-"`
}

// Source is one vendor.
type Source struct {
	Source   string    `json:"source"` // "scrapright"
	Runs     []Run     `json:"runs"`   // the last ten of the last 31 days, newest first
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
	Account    string       `json:"account"`
	Timezone   string       `json:"timezone"`   // IANA name of the zone that its days are of
	Today      snapshot.Day `json:"today"`      // in that zone
	FreshAt    *time.Time   `json:"fresh_at"`   // when the stalest of its datasets was read last; null where one was never read
	Stale      bool         `json:"stale"`      // a dataset is
	Error      *Failure     `json:"error"`      // why the newest run that had it failed as a whole; null where it did not
	Notes      []string     `json:"notes"`      // what could not be seen, and what is told instead
	Credential Credential   `json:"credential"` // what is known of its key and session
	Backlog    Backlog      `json:"backlog"`
	Datasets   []Dataset    `json:"datasets"` // in the configuration's order
}

// Failure is something that failed when it was tried last.
type Failure struct {
	Time  time.Time    `json:"time"` // the clock of the run that tried
	Run   string       `json:"run"`
	Day   snapshot.Day `json:"dt,omitzero"`
	Part  string       `json:"part,omitempty"`
	Kind  export.Kind  `json:"kind"`
	Error string       `json:"error"`
}

// The states of a credential.
const (
	Good    = "ok"
	Refused = "refused"
	Unknown = "unknown"
)

// Credential is what is known of an account's key and session.
type Credential struct {
	// State is "ok" where the vendor took it when it was last asked, "refused" where it did not, else "unknown".
	State          string     `json:"state"`
	RenewableUntil *time.Time `json:"renewable_until"` // when the session can no longer be refreshed; null where there are no sessions, or it is not known
}

// Backlog is what is still to be done.
type Backlog struct {
	Parts    int      `json:"parts"`    // day parts that are due
	Open     int      `json:"open"`     // of these, days that are not over: every run reads them
	Missing  int      `json:"missing"`  // of these, days that were never exported, are gone from the bucket, or were asked differently
	Verify   int      `json:"verify"`   // settled ones to read once more when time is left. They are no part of Parts
	Requests int      `json:"requests"` // that all of these take at least; 0 where there are none
	AtLeast  bool     `json:"at_least"` // there may be more requests than that
	Hours    *float64 `json:"hours"`    // at the granted pace; null where no pace is known
}

// Dataset is one dataset of an account.
type Dataset struct {
	Dataset string       `json:"dataset"`
	Listing bool         `json:"listing"` // whole listings as read on each day, which nobody can read again afterwards
	Parts   []string     `json:"parts"`   // wanted: "purchases", or "brand-101" and so on
	First   snapshot.Day `json:"first"`   // the first day wanted; of a listing the first day there is, else today
	ReadAt  *time.Time   `json:"read_at"` // the last reading of any of its days; null for never
	// FreshAt is the earliest, over its parts, of the last reading of the newest day there is, as the metric
	// FreshnessHours has it; null where nothing was read yet.
	FreshAt *time.Time `json:"fresh_at"`
	// Stale says that this is longer ago than 12 hours, or than twice the usual time between the source's runs where that
	// is longer, to which a listing's refresh is added; or that nothing was ever read.
	Stale      bool      `json:"stale"`
	Rows       int64     `json:"rows"`       // of all days; of a listing those of the newest day of each part
	Lacking    []string  `json:"lacking"`    // the parts that its missing days lack
	Unreadable int64     `json:"unreadable"` // records, of all days, that some readers cannot take: see Covered
	Failures   []Failure `json:"failures"`   // what failed and was not read since: newest day first, at most twenty
	Months     []Month   `json:"months"`     // oldest first, without gaps, the current one last
}

// Month is one month of a dataset, day by day from its first. The two have one entry for each day of the month.
type Month struct {
	Month string      `json:"month"` // "2026-11"
	Days  string      `json:"days"`  // one State a day
	Rows  []int64     `json:"rows"`  // of all parts that are there
	Parts []PartMonth `json:"parts"` // those that the ledger has a day of
}

// PartMonth is what the ledger says of a month of a part. The three have one entry for each day of the month.
type PartMonth struct {
	Part string `json:"part"`
	// Days has a letter for each day: s is settled and u is not; in capitals where the object is gone, or another content is
	// wanted than was asked for; - is not in the ledger.
	Days string  `json:"days"`
	Rows []int64 `json:"rows"`
	Read []int64 `json:"read"` // when it was read last, in seconds since 1970; 0 where it is not in the ledger
	// Unreadable is how many records some readers cannot take; absent where there are none in the whole month.
	Unreadable []int64 `json:"unreadable,omitempty"`
}

// State is what a day of a dataset is, in one letter; where its parts differ, the worst of theirs.
type State byte

// The states, from worst to best.
const (
	Failed    State = 'f' // its last reading failed, or its ledger cannot be used; what was there before stays
	Missing   State = 'm' // wanted, and not exported: never read, gone from the bucket, or asked differently
	Unsettled State = 'u' // exported, and read again until it settles; the open day and today's listing too
	Exported  State = 'e' // exported and settled
	Empty     State = '0' // exported and settled, and there was nothing
	Unwanted  State = '-' // not there and not wanted: before the first day wanted, after today, or a listing's day on which none was read
)
