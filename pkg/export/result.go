package export

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
)

// Status says how a run or an account ended.
type Status string

// The statuses, from best to worst.
const (
	Complete Status = "complete" // everything due is done
	Held     Status = "busy"     // another run holds the account; nothing was done there
	Partial  Status = "partial"  // time ran out, or a list moved; the next run goes on from there
	Failed   Status = "failed"   // something was refused or wrong; the rest was done
)

func (s Status) worse(than Status) bool {
	rank := map[Status]int{"": 0, Complete: 1, Held: 2, Partial: 3, Failed: 4}
	return rank[s] > rank[than]
}

// Result tells what a run did. It is public surface: its JSON is the function's answer and lies under runs/.
type Result struct {
	Version   int             `json:"version"`
	Run       string          `json:"run"`
	Source    string          `json:"source"`
	Time      time.Time       `json:"time"` // the run's clock
	Status    Status          `json:"status"`
	Remaining int             `json:"remaining"` // day parts still due
	Accounts  []AccountResult `json:"accounts"`
	Next      *Event          `json:"next"` // continues ranged or forced work that time cut short
	Warnings  []Warning       `json:"warnings"`
}

// AccountResult tells what a run did for one account.
type AccountResult struct {
	Account   string          `json:"account"`
	Status    Status          `json:"status"`
	Requests  int             `json:"requests"` // to the vendor, token calls too
	Throttled int             `json:"throttled"`
	Session   string          `json:"session,omitempty"` // cached, refreshed or exchanged; absent where there are no sessions
	Error     *Failure        `json:"error"`
	Datasets  []DatasetResult `json:"datasets"`

	// What follows is for those who watch over runs, and in no answer and no object.

	// Planned says that it is known what was due: else nothing was done, and what the datasets have remaining says nothing.
	Planned bool `json:"-"`
	// FreshAt is when the account was fresh last: the earliest, over its datasets and their parts, of the last complete
	// reading of the newest day in the ledger, and of the newest listing, by the clocks of the runs that read them. What was
	// never read counts from the first run that wanted it. Zero where this run did not have the account.
	FreshAt time.Time `json:"-"`
	// RenewableUntil is when the stored session's refresh token expires. Zero: there is none, or this run did not read it.
	RenewableUntil time.Time `json:"-"`
	// Trace is what the run knows of the account's part of the bucket; nil where it did not have the account.
	Trace *Trace `json:"-"`
}

// DatasetResult tells what a run did for one dataset.
type DatasetResult struct {
	Dataset   string    `json:"dataset"`
	Written   int       `json:"written"`   // parts whose object was written
	Unchanged int       `json:"unchanged"` // parts read again with the same content
	Rows      int64     `json:"rows"`      // read
	Vanished  int64     `json:"vanished"`  // rows gone since the last reading
	Changed   int64     `json:"changed"`   // rows changed since the last reading, where rows have a plain id
	Remaining int       `json:"remaining"`
	Failed    []Failure `json:"failed"`
	// Drift are the members of the lines written that differ from those of all lines before, fifty at most; Drifted is how
	// many there are. Both are absent where there are none.
	Drift   []schema.Drift `json:"drift,omitempty"`
	Drifted int            `json:"drifted,omitempty"`
}

// Change tells what became of the rows of one part since its last reading. It lies with the result under runs/ and is in
// no answer and no log: ids are data.
type Change struct {
	Account     string            `json:"account"`
	Dataset     string            `json:"dataset"`
	Day         snapshot.Day      `json:"dt"`
	Part        string            `json:"part"`
	Vanished    int64             `json:"vanished"`
	Changed     int64             `json:"changed"`
	VanishedIDs []json.RawMessage `json:"vanished_ids"` // as the vendor spelt them; none where there is no plain id
	ChangedIDs  []json.RawMessage `json:"changed_ids"`
	Truncated   bool              `json:"truncated"` // there are more ids than are told
}

// runFile is a result as it lies under runs/. The changes come last: who wants the result alone, as the backfill does,
// cuts them off.
type runFile struct {
	Result
	Changes []Change `json:"changes,omitempty"`
}

// Failure is one part, or a whole account, that failed; or, without a Part, a month of a dataset whose ledger cannot be used,
// with the last day of it that the run could have been about.
type Failure struct {
	Day   snapshot.Day `json:"dt,omitzero"`
	Part  string       `json:"part,omitempty"`
	Kind  Kind         `json:"kind"`
	Error string       `json:"error"`
}

// Warning is what someone should look at although nothing failed. It holds names and counts, never a record's values.
type Warning struct {
	Kind    string       `json:"kind"`
	Account string       `json:"account,omitempty"`
	Dataset string       `json:"dataset,omitempty"`
	Day     snapshot.Day `json:"dt,omitzero"`
	Part    string       `json:"part,omitempty"`
	Message string       `json:"message"`
}

// Failures names everything that failed, a line each: account, dataset, day, kind and cause. Empty where nothing did.
func (r Result) Failures() string {
	var lines []string
	for _, a := range r.Accounts {
		if a.Error != nil {
			lines = append(lines, fmt.Sprintf("%s/%s: %s: %s", r.Source, a.Account, a.Error.Kind, a.Error.Error))
		}
		for _, d := range a.Datasets {
			for _, f := range d.Failed {
				place := fmt.Sprintf("%s/%s %s %s", r.Source, a.Account, d.Dataset, f.Day)
				if f.Part != d.Dataset && f.Part != "" {
					place += " " + f.Part
				}
				lines = append(lines, fmt.Sprintf("%s: %s: %s", place, f.Kind, f.Error))
			}
		}
	}
	return strings.Join(lines, "\n")
}
