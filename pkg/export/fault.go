package export

import (
	"errors"
	"strings"

	"yardstick/pkg/snapshot"
)

// Kind names what went wrong, for operators and their alarms.
type Kind string

// The kinds of failure.
const (
	CredentialRefused Kind = "credential_refused" // the vendor does not take the key
	NotInPlan         Kind = "not_in_plan"        // the vendor's plan or the key's scope does not include it
	Throttled         Kind = "throttled"          // too many requests, and waiting did not help
	Unavailable       Kind = "unavailable"        // no whole answer came
	Malformed         Kind = "malformed"          // the answer is not what the vendor documents
	Incomplete        Kind = "incomplete"         // the answer cannot be shown to be whole
	VendorError       Kind = "vendor_error"       // the vendor said no
	Shrunk            Kind = "shrunk"             // far fewer rows than before, and the guard refuses that
	Storage           Kind = "storage"            // the bucket
	Conflict          Kind = "conflict"           // another run wrote here meanwhile
	SecretFault       Kind = "secret"             // a secret is missing, of the wrong form, or cannot be read or stored
	Busy              Kind = "busy"               // another run holds the account
)

// Error is a failure of a kind. A vendor's room makes it, and says how far it reaches.
type Error struct {
	Kind    Kind
	Part    bool // no other day of this part of the dataset can be done either, as when a brand is out of the key's scope
	Account bool // nothing else of the account can be done either, as when its key is refused
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrMoving says that a list whose day is still open moved while it was read, and moved again: it is left for the next
// run.
var ErrMoving = errors.New("the list moved while it was read")

// Unfinished says that time ran out in the middle of a window that a later run may go on with: the sink holds what was
// read until then, and the cursor says where that is. It wraps what ended the reading.
type Unfinished struct {
	Cursor []byte // the vendor's own, never empty
	Err    error
}

func (u *Unfinished) Error() string { return u.Err.Error() }

// Unwrap is what ended the reading.
func (u *Unfinished) Unwrap() error { return u.Err }

// asError gives any error a kind. What a vendor's room did not name comes from the bucket or the disk.
func asError(err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if errors.Is(err, snapshot.ErrConflict) {
		return &Error{Kind: Conflict, Err: err}
	}
	return &Error{Kind: Storage, Err: err}
}

// clean makes a message fit for one line of a result.
func clean(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
