// Package scrunch reads one Scrunch account: its brands, listings, reports and responses, which dates an operation takes,
// and what shows that an answer is whole. The vendor's own OpenAPI document decides; its operations are named in
// datasets.go, and no call other than GET is ever made.
package scrunch

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"
)

// Config is what a Source works with. Client, Pace, Vault, KeySecret and Reports are required.
type Config struct {
	Client    *rest.Client
	Pace      *rest.Pace // the client's
	Vault     credential.Vault
	KeySecret string   // name or ARN of the secret with the API key
	Brands    []int64  // brands wanted; none: every brand that the key lists
	Except    []int64  // brands left out
	Reports   []Report // as Datasets has them
}

// Source reads one account during one run. It is an export.Vendor and an export.Forecaster, and safe for concurrent use.
type Source struct {
	Config
	key key

	listing turn // guards the brands
	brands  []Brand
	listed  bool

	mu     sync.Mutex
	proven map[string]*longest // by report and brand
}

// New makes a Source. Scrunch documents no limit of requests: the pace holds back only after a 429.
func New(c Config) *Source {
	c.Pace.SetLimit(math.MaxInt32)
	return &Source{Config: c, key: key{vault: c.Vault, secret: c.KeySecret, turn: newTurn()}, listing: newTurn(),
		proven: map[string]*longest{}}
}

// Resume does nothing: there is no documented limit that earlier requests could count against.
func (s *Source) Resume(p export.Past) { s.Pace.Hold(p.HeldUntil) }

// Usage tells what was used so far.
func (s *Source) Usage() export.Usage {
	return export.Usage{Requests: s.Pace.Requests(), Throttled: s.Pace.Throttled(), WaitUntil: s.Pace.Waiting(), HeldUntil: s.Pace.HeldUntil()}
}

// PerMinute is 0: no limit is known, and no token is asked for.
func (s *Source) PerMinute(context.Context) (pace, tokens int, err error) { return 0, 0, nil }

// Requests counts the answers of a report; it may take one more for what follows each. Listings have a total, and take one
// more request where their last page is full.
func (s *Source) Requests(dataset string, last export.Reading) (n int, exact bool) {
	pages := int(last.Pages)
	switch _, listing := listings[dataset]; {
	case !listing:
		return max(1, pages), false
	case pages == 0:
		return int(max(1, (last.Rows+pageSize-1)/pageSize)), false
	case last.Rows > 0 && last.Rows >= last.Pages*pageSize:
		return pages + 1, last.Total
	default: // pages that the server clamps may all be as long as the last one
		return pages, last.Total && (last.Rows == 0 || last.Rows > (last.Pages-1)*pageSize || last.Rows%last.Pages != 0)
	}
}

// Parts are the brands, for every dataset but brands itself.
func (s *Source) Parts(ctx context.Context, dataset string) ([]string, error) {
	if dataset == "brands" {
		return []string{dataset}, nil
	}
	brands, err := s.wanted(ctx)
	if err != nil {
		return nil, wire.ClassifyAccount(ctx, err)
	}
	parts := make([]string, len(brands))
	for i, b := range brands {
		parts[i] = partOf(b.ID)
	}
	return parts, nil
}

func partOf(brand int64) string { return "brand-" + strconv.FormatInt(brand, 10) }

// Read reads one window whole, as export.Vendor says.
func (s *Source) Read(ctx context.Context, w export.Window, sink export.Sink) (export.Proof, error) {
	proof, err := s.read(ctx, w, sink)
	return proof, wire.Classify(ctx, err)
}

func (s *Source) read(ctx context.Context, w export.Window, sink export.Sink) (export.Proof, error) {
	if w.Dataset == "brands" {
		return s.list(ctx, listBrands, url.Values{}, w, sink)
	}
	b, err := s.brand(ctx, w.Part)
	if err != nil {
		return export.Proof{}, err
	}
	tagged := &tagger{Sink: sink, brand: b}
	switch w.Dataset {
	case "responses": // its end is exclusive (parameter end_date of operation listResponses)
		return s.list(ctx, b.path(listResponses), url.Values{"start_date": {w.Day.String()}, "end_date": {(w.Day + 1).String()}}, w, tagged)
	case "prompts":
		return s.list(ctx, b.path(listPrompts), url.Values{"status": {"all"}}, w, tagged)
	case "competitors", "personas":
		return s.list(ctx, b.path(listings[w.Dataset]), url.Values{}, w, tagged)
	}
	i := slices.IndexFunc(s.Reports, func(r Report) bool { return r.Name == w.Dataset })
	if i < 0 {
		return export.Proof{}, fmt.Errorf("no dataset %q", w.Dataset)
	}
	return s.report(ctx, s.Reports[i], b, w, tagged)
}

func (s *Source) report(ctx context.Context, asked Report, b Brand, w export.Window, sink *tagger) (export.Proof, error) {
	path := b.path(query)
	r := &report{Report: asked, day: w.Day, closed: w.Closed, sink: newRows(sink, asked.Fields, w.Day), proven: s.longest(asked.Name, w.Part)}
	r.fetch = func(ctx context.Context, q url.Values, begin func() error, into taker) (int, error) {
		return s.rows(ctx, path, q, begin, into)
	}
	proof, err := r.read(ctx)
	if err != nil {
		err = fmt.Errorf("GET %s: %w", path, err)
	}
	return proof, err
}

// longest is the longest answer that was shown to be whole: a shorter one is not cut off. One just as long may be, where
// that is how many rows the vendor gives at most.
type longest struct {
	mu   sync.Mutex
	rows int
}

func (l *longest) covers(rows int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return rows == 0 || rows < l.rows
}

func (l *longest) shown(rows int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = max(l.rows, rows)
}

func (s *Source) longest(report, part string) *longest {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := report + " " + part
	if s.proven[name] == nil {
		s.proven[name] = &longest{}
	}
	return s.proven[name]
}

// get makes one call with the key. A key that was changed meanwhile is read again, once.
func (s *Source) get(ctx context.Context, r rest.Request) (*rest.Response, error) {
	for {
		key, err := s.key.current(ctx)
		if err != nil {
			return nil, wire.ClassifyAccount(ctx, err)
		}
		r.Header = http.Header{"Authorization": {"Bearer " + key.Reveal()}}
		answer, err := s.Client.Do(ctx, r)
		if status := wire.Status(err); status == http.StatusUnauthorized {
			if again, fault := s.key.refused(ctx, key, err); fault != nil {
				return nil, wire.ClassifyAccount(ctx, fault)
			} else if again {
				continue
			}
		} else if status == http.StatusPaymentRequired || status == http.StatusForbidden {
			// The vendor's page on API keys, troubleshooting.
			return nil, &export.Error{Kind: export.NotInPlan, Part: true,
				Err: fmt.Errorf("%w; check that the key's scope includes the brand and that the brand is not archived", err)}
		}
		return answer, err
	}
}

func (b Brand) path(operation string) string {
	return strings.ReplaceAll(operation, "{brand_id}", strconv.FormatInt(b.ID, 10))
}
