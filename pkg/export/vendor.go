package export

import (
	"context"
	"time"

	"yardstick/pkg/snapshot"
)

// Vendor reads one account at one vendor. A Vendor serves one run.
type Vendor interface {
	// Resume tells what the runs before this one left. It is called first of all.
	Resume(p Past)
	// Parts names the parts of a dataset: its own name where it has one object a day.
	Parts(ctx context.Context, dataset string) ([]string, error)
	// Read reads one window, or the rest of it, into the sink and shows that it is whole. It waits for the pace and ends
	// with ctx: an error that is context.DeadlineExceeded says that time ran out and nothing is wrong; where an
	// *Unfinished is around it, a later Read may go on from its cursor. Every other failure is an *Error, or ErrMoving. It
	// may be called side by side, each time with a sink of its own.
	Read(ctx context.Context, w Window, sink Sink) (Proof, error)
	// Usage tells what was used so far. It may be called at any time.
	Usage() Usage
}

// Past is what the runs before this one left in the account's lease.
type Past struct {
	Requests []time.Time // of the last minute
	// HeldUntil is the moment before which the vendor wants no request, as it told an earlier run; zero: none.
	HeldUntil time.Time
	Notes     []string // of the vendor to itself, oldest first; the last 32 are kept
	// Note keeps another one, and returns once it is stored; whatever becomes of this run, the next one is told. An error
	// says that it may not be. It may be called at any time until the run ends.
	Note func(ctx context.Context, text string) error
}

// Day is a calendar date.
type Day = snapshot.Day

// Window is one day of one dataset, or a listing, as read on that day.
type Window struct {
	Dataset, Part string
	Day           snapshot.Day
	Closed        bool // the day is over: a list that still moves is a fault
	// Cursor is that of an *Unfinished, and the sink holds what was read until then; a cursor that the vendor cannot use
	// any more makes it empty the sink and begin anew. nil: from the beginning.
	Cursor []byte
}

// Mark is a place in a Sink. The zero Mark is its beginning.
type Mark = snapshot.Mark

// Found is a record that was found at the beginning of a text. The zero Found is none.
type Found = snapshot.Found

// Line is what became of a record in a Sink. It is only good until the sink's next method.
type Line = snapshot.Line

// Sink takes the records of a window, in the vendor's order. *snapshot.Spool is one.
type Sink interface {
	Lines
	Follower
	Rewinder
}

// Lines takes records.
type Lines interface {
	// Append adds a record, one JSON value as the vendor sent it, and answers its line. Equal records have equal lines.
	Append(record []byte) (Line, error)
	// Line answers the same line and adds nothing.
	Line(record []byte) (Line, error)
	// Sort puts the lines into the order of their bytes, and tells whether some of them are equal. Append may follow.
	Sort() (repeats bool, err error)
}

// Follower takes records that are like those before, at a glance.
type Follower interface {
	// Follow finds the record that text begins with where it is an object like those before. The members of head, such as
	// {"a":1, are put first; none where it is empty. It finds none where only Append can tell. Nothing is added yet, and
	// several may be followed in turn.
	Follow(head, text []byte) Found
	// Take adds the oldest record that was followed and not taken, as Append does.
	Take() (Line, error)
	// Leave forgets the records that were followed and not taken. Append and what takes records back do, too.
	Leave()
}

// Rewinder takes records back.
type Rewinder interface {
	// Mark remembers the place after the records so far.
	Mark() (Mark, error)
	// Rollback drops the records after a mark.
	Rollback(m Mark) error
	// Drop takes records out again, by their numbers from 0, ascending.
	Drop(rows []int64) error
	// Reset drops every record, to read the window again.
	Reset() error
}

// Proof shows why a window is whole.
type Proof struct {
	Pages int64  // that held the rows; 1 for a window with none
	Total *int64 // the vendor's own count, met; nil where it gives none
}

// Usage is what an account used of its vendor's patience.
type Usage struct {
	Requests  int
	Throttled int
	PerMinute int         // granted now
	Recent    []time.Time // requests of the last minute
	WaitUntil time.Time   // when the next request may go out; zero: now
	HeldUntil time.Time   // the vendor wants no request before; zero: it said nothing of the kind
	Session   string      // how the session was come by
	// RenewableUntil is when the stored session's refresh token expires. Zero: there is none, or it was not read.
	RenewableUntil time.Time
	Warnings       []Warning
	Fault          error // what spoils the account's run although its data was read, as an *Error
}

// Account is one account and what is wanted of it.
type Account struct {
	Name         string
	Zone         *time.Location // decides which day is today
	Start        snapshot.Day   // first day wanted; 0: the oldest in the ledger, else 30 days before the run
	RestateDays  int            // days that a closed day stays unsettled
	RestateEvery time.Duration
	Refresh      time.Duration
	VerifyAfter  time.Duration // 0: never
	Refuse       bool          // an unsettled day or a listing that shrinks suspiciously is refused and not only warned of
	Concurrency  int           // windows read side by side; 0 is 1, and more than eight are eight
	Datasets     []Dataset     // wanted, in the order of the result
	Vendor       Vendor
	Forecast     Forecaster // for Plan alone
}

// Dataset is a table of a vendor.
type Dataset struct {
	Name    string
	Listing bool   // read whole each time; otherwise a day at a time
	Sorted  bool   // the vendor promises no order: lines are sorted, so that the same rows make the same object
	Spec    string // fingerprint of what is asked
	// Settings is a fingerprint of all that its requests depend on, such as the size of pages, which Spec leaves out: days that
	// were read hold under other settings, and a reading that was begun is not gone on with.
	Settings string
	Omit     []string // JSON pointers of members that are cut from every record
}

// Forecaster tells what work will cost, without doing any.
type Forecaster interface {
	// PerMinute is the pace granted last, or the one that holds before any grant; 0 where no limit is known. tokens is how
	// many requests a run makes for a token before all others. It reads secrets and calls no vendor.
	PerMinute(ctx context.Context) (pace, tokens int, err error)
	// Requests is how many requests a window takes that is as it was at its last reading; exact is false where that is only
	// the least that is likely.
	Requests(dataset string, last Reading) (n int, exact bool)
}

// Reading is what is known of a window's last reading. The zero Reading is none.
type Reading struct {
	Pages int64 // that held the rows; 0 where Rows are those of a listing of another day, or nothing is known
	Rows  int64
	Total bool // the vendor gave a count of its own
}
