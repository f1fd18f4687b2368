// Package swagger reads a yard's own API reference and compares it with the settings of its datasets.
//
// ScrapRight publishes the paths and parameters of its resources nowhere but in each yard, at /api/v1/swagger (page
// "Getting API Access & Authentication"). What answers there is a description in JSON or YAML (Swagger 2.0, OpenAPI 3),
// or a page for people that names one on the same host. Read finds and reads it; Compare finds the calls that serve the
// three datasets in it, and tells which settings to change, and to what.
//
// A description is the word of whoever runs the yard, read by rules of thumb: what it leaves open is not guessed, and
// of several calls that fit equally well none is chosen. It is never asked of another host than the yard's.
package swagger

import (
	"context"
	"fmt"
	"strings"
)

// Answer is what the yard answered to a GET.
type Answer struct {
	Path   string // of what answered, with its query: a redirect may have led there
	Status int
	Body   []byte
}

// Fetch makes a GET at the yard's host. path begins with "/", may have a query, and counts from the host's root. An
// answer with any status is no error. It may block, and ends with ctx.
type Fetch func(ctx context.Context, path string) (Answer, error)

// Reference is what a yard says of its own API. It is not changed after Read.
type Reference struct {
	Sources []Source
	// Notes are what could not be read beside the Sources, one line each.
	Notes []string

	operations []operation // in the order of the sources, then of their paths
	servers    []string    // that it names and that are not the yard
}

// Source is one description that was read.
type Source struct {
	Path    string // on the yard's host
	Version string // as it calls itself: "OpenAPI 3.0.1", "Swagger 2.0"
}

// String is the source as people read it.
func (s Source) String() string { return fmt.Sprintf("%s at %s", s.Version, s.Path) }

// StatusError says that the yard did not hand out its reference, or the file that its page names.
type StatusError struct {
	Path   string
	Status int
}

func (e *StatusError) Error() string { return fmt.Sprintf("GET %s: status %d", e.Path, e.Status) }

// NotFoundError says that what the yard answers is no description and leads to none.
type NotFoundError struct {
	Path string // where the search began
	// Elsewhere are the hosts that descriptions are said to lie at, and that are not asked: scheme, host and port.
	Elsewhere []string
	Faults    []error // what went wrong on the way; may be empty
}

func (e *NotFoundError) Error() string {
	text := fmt.Sprintf("%s is neither a Swagger 2.0 or OpenAPI 3 description nor a page that names one on this host", e.Path)
	if len(e.Elsewhere) > 0 {
		text += "; it names one at " + strings.Join(e.Elsewhere, ", ") + ", which is not asked"
	}
	for _, fault := range e.Faults {
		text += "; " + fault.Error()
	}
	return text
}

// Unwrap are the faults on the way.
func (e *NotFoundError) Unwrap() []error { return e.Faults }

// Dataset is how one dataset is asked for, as the configuration has it. From, To and DateFormat are empty for a listing.
type Dataset struct {
	Path        string // below the yard's URL
	From, To    string // query parameters of the first and the last day
	DateFormat  string // Go's layout
	ToExclusive bool   // the last day's parameter names the day after
	PageSize    int
	Records     string // JSON pointer; "": the one array in Data
	Total       string // JSON pointer; "": found by its name beside the records
}

// Verdict is how one dataset's settings compare with the reference.
type Verdict struct {
	Dataset string // "purchases"
	Path    string // of the call that serves it, below the yard's URL; "" where none was found or chosen
	// Differences are the settings to change, in the order in which the configuration has them.
	Differences []Difference
	Faults      []string // what keeps the dataset from being read, and no setting mends
	Doubts      []string // what may do so, and is not told clearly enough
}

// Difference is one setting that the reference contradicts.
type Difference struct {
	Key   string // of the configuration: "path"
	Value any    // that it should have: a string, bool or int
	Why   string // one clause that names what is configured and what the reference says
	// Minor says that the setting works as it is, or that the reference only hints at the other.
	Minor bool
}
