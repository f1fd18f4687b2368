// Package scrapright reads one ScrapRight yard: its two token calls, the envelope of its answers, its three datasets,
// how a day is asked for, and what shows that a list was read whole.
//
// ScrapRight publishes no reference but in each yard's own /api/v1/swagger. What it does publish, its page on API access
// and authentication, is the source of the facts here: header names, form body, paging by page and pageSize, at most
// 100 records a page, the envelope of IsError, Message and Data.
package scrapright

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"
)

// Dataset says how a dataset is asked for. From and To are empty for a listing, which takes no dates.
type Dataset struct {
	Path        string // "/api/v1/purchase"
	From, To    string // names of the query parameters for the first and the last day
	DateFormat  string // Go's layout
	ToExclusive bool   // the last day's parameter names the day after
	PageSize    int    // asked for; the server may give fewer
	Records     string // JSON pointer to the records; "": the one array of objects in Data
	Total       string // JSON pointer to the vendor's count; "": a total beside the records, if one is plainly there
}

// Listing says that the dataset takes no dates and is read whole.
func (d Dataset) Listing() bool { return d.From == "" }

// Spec is a fingerprint of what is asked of the vendor and kept of its answer: not of the size of pages, nor of the
// time zone. It changes where days that were read before must be read again.
func (d Dataset) Spec(omit []string) string {
	parts := []string{d.Path, d.From, d.To, d.DateFormat, fmt.Sprint(d.ToExclusive), d.Records}
	omit = slices.Compact(slices.Sorted(slices.Values(omit)))
	sum := sha256.Sum256([]byte(strings.Join(append(parts, omit...), "\n")))
	return hex.EncodeToString(sum[:8])
}

// Config is what a Source works with. All but the cap is required.
type Config struct {
	Client   *rest.Client
	Pace     *rest.Pace         // the client's
	Ladder   *credential.Ladder // which tells the pace what is granted
	Zone     *time.Location     // the account's, for date formats that carry a time
	Datasets map[string]Dataset
}

// Source reads one account's yard during one run. It is an export.Vendor and an export.Forecaster.
type Source struct{ Config }

// New makes a Source.
func New(c Config) *Source { return &Source{c} }

// Resume tells the pace of requests in runs before this one, and the ladder of refresh tokens that those sent: the notes
// are their hashes.
func (s *Source) Resume(p export.Past) {
	s.Pace.Seed(p.Requests)
	s.Pace.Hold(p.HeldUntil)
	s.Ladder.Resume(p.Notes, p.Note)
}

// Parts are one a dataset, of its own name.
func (s *Source) Parts(_ context.Context, dataset string) ([]string, error) {
	return []string{dataset}, nil
}

// Usage tells what was used so far.
func (s *Source) Usage() export.Usage {
	u := export.Usage{Requests: s.Pace.Requests(), Throttled: s.Pace.Throttled(), PerMinute: s.Pace.Limit(),
		Recent: s.Pace.Times(), WaitUntil: s.Pace.Waiting(), HeldUntil: s.Pace.HeldUntil(), Session: s.Ladder.How(),
		RenewableUntil: s.Ladder.RenewableUntil()}
	if s.Ladder.Assumed() {
		u.Warnings = append(u.Warnings, export.Warning{Kind: "pace_assumed",
			Message: fmt.Sprintf("the grant has no usable requestLimitPerMinute; %d requests a minute are assumed",
				s.Ladder.Limit())})
	}
	if fault := s.Ladder.StoreFault(); fault != nil {
		u.Fault = &export.Error{Kind: export.SecretFault, Account: true, Err: fault}
	}
	return u
}

// PerMinute is the pace of the stored session, within the operator's own cap, and one request for a token where the session
// has none that can be used now; no vendor is called.
func (s *Source) PerMinute(ctx context.Context) (pace, tokens int, err error) {
	found, err := s.Ladder.Inspect(ctx)
	if err != nil {
		return 0, 0, err
	}
	if !found.Live {
		tokens = 1
	}
	s.Pace.SetLimit(found.Limit)
	return s.Pace.Limit(), tokens, nil
}

// Requests counts the pages, the empty page that ends them, and the first page asked again where there were several, or a
// single one that may not be all. With a total the pages are all, but where the last one is full. A window that was never
// read takes a page and the empty one; one without rows would take a single request.
func (s *Source) Requests(dataset string, last export.Reading) (n int, exact bool) {
	full := int64(max(1, min(s.Datasets[dataset].PageSize, maxPage)))
	pages := int(last.Pages)
	switch {
	case pages == 0 && last.Rows > 0: // as long as a listing of another day, of whose pages nothing is known
		return int((last.Rows + full - 1) / full), false
	case pages == 0:
		return 2, false
	case last.Rows == 0:
		return 1, true
	case last.Total && last.Rows >= last.Pages*full:
		return pages + 1, true
	case last.Total: // pages that the server clamps may all be as long as the last one
		return pages, last.Rows > (last.Pages-1)*full || last.Rows%last.Pages != 0
	case pages == 1 && last.Rows < full:
		return 2, true
	default:
		return pages + 2, true
	}
}

// Read reads one window whole, as export.Vendor says.
func (s *Source) Read(ctx context.Context, w export.Window, sink export.Sink) (export.Proof, error) {
	dataset, ok := s.Datasets[w.Dataset]
	if !ok {
		return export.Proof{}, s.unknown(w.Dataset)
	}
	query, found := dataset.query(w.Day, s.Zone), &finder{records: dataset.Records, total: dataset.Total}
	l := wire.List{Closed: w.Closed, Sink: sink, Full: min(dataset.PageSize, maxPage), Cursor: w.Cursor}
	var page bytes.Buffer // a page's records are good until the next one is asked for
	l.Fetch = func(ctx context.Context, number, _ int) (wire.Page, error) {
		body, err := s.get(ctx, dataset.Path, dataset.page(query, number), &page)
		if err != nil {
			return wire.Page{}, err
		}
		if number > 1 {
			if p, ok := found.glance(body, s.Client.Veil(), sink); ok {
				return p, nil
			}
		}
		return found.page(body, s.Client.Veil())
	}
	proof, err := l.Read(ctx)
	if err != nil {
		err = fmt.Errorf("GET %s: %w", dataset.Path, err)
	}
	return proof, wire.Classify(ctx, err)
}

func (s *Source) unknown(dataset string) error {
	return fmt.Errorf("no dataset %q among %q", dataset, slices.Sorted(maps.Keys(s.Datasets)))
}

// maxPage is how many records a page holds at most, by the page "Getting API Access & Authentication", rate limits.
const maxPage = 100

// maxRefusals is how often one call is made again with another token: more often than the ladder has rungs, so that the
// last word is the ladder's, which names the secret.
const maxRefusals = 6

// Authorized is the header of a data call: X-Access-Token, and no Bearer (the page "Getting API Access & Authentication",
// step 2).
func Authorized(token credential.Secret) http.Header {
	return http.Header{"X-Access-Token": {token.Reveal()}}
}

// get makes one data call, whose body goes into a buffer. A 401 enters the ladder, and the same call is made again with
// what it gives.
func (s *Source) get(ctx context.Context, path string, query url.Values, into *bytes.Buffer) ([]byte, error) {
	token, err := s.Ladder.Token(ctx)
	for refusals := 0; err == nil; refusals++ {
		answer, fault := s.Client.Do(ctx, rest.Request{Path: path, Query: query, Header: Authorized(token), Buffer: into})
		if fault == nil {
			return answer.Body, wire.JSONType(answer.Header)
		}
		status, ok := errors.AsType[*rest.StatusError](fault)
		if !ok || status.Status != http.StatusUnauthorized || refusals >= maxRefusals {
			return nil, fault
		}
		token, err = s.Ladder.Rejected(ctx, token)
	}
	return nil, wire.ClassifyAccount(ctx, err)
}
