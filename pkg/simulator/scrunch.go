package simulator

import (
	"fmt"
	"net/http"
	"strings"
)

// What a Scrunch serves, as Request.Endpoint, SetRecords and Records name it.
const (
	Brands      = "brands"
	Prompts     = "prompts"
	Competitors = "competitors"
	Personas    = "personas"
	Responses   = "responses"
	Query       = "query"
)

// scrunchBase is the path below which everything is served.
const scrunchBase = "/v1"

// Scrunch is a simulated Scrunch data API, read-only: every method but GET is refused. It is an http.Handler, safe for
// concurrent use, and holds all its state in memory. Its data follow from seed, brand and day: another Scrunch of the
// same config serves the same.
//
// Beneath /query and /responses lie the same answers of AI platforms. A /query report counts those that its filters let
// through, so all reports of a day agree with one another and with the listing of responses.
type Scrunch struct {
	cfg        ScrunchConfig
	routes     []scrunchRoute
	ring       *ring
	limit      *limiter
	brands     []*brand
	stock      *scrunchStock
	dimensions map[string]*dimension
	metrics    map[string]*metric
	front
}

// NewScrunch makes a vendor that serves nobody yet: use it as a handler, or Start it. A config that cannot work is a
// mistake of the code that wrote it, and panics with a list of what is wrong.
func NewScrunch(cfg ScrunchConfig) *Scrunch {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		panic(fmt.Sprintf("simulator.NewScrunch: %v", err))
	}
	s := &Scrunch{
		cfg:        cfg,
		routes:     scrunchRoutes(),
		ring:       newRing(cfg),
		limit:      &limiter{kind: cfg.Limit, now: cfg.Now, perMinute: cfg.RequestsPerMinute},
		stock:      newScrunchStock(),
		dimensions: dimensions(cfg.NumericDates),
		metrics:    metrics(),
		front:      front{gzip: cfg.Gzip},
	}
	for i := range cfg.Brands {
		s.brands = append(s.brands, newBrand(cfg, i))
	}
	return s
}

// Start serves the vendor on a free port of 127.0.0.1 and tells its URL, which ends in /v1. stop ends the server and
// every connection at once, returns when it has ended, and may be called again.
func (s *Scrunch) Start() (url string, stop func(), err error) {
	url, stop, err = listen(s)
	if err != nil {
		return "", nil, err
	}
	return url + scrunchBase, stop, nil
}

// ServeHTTP answers one request, as the vendor would or as a fault tells.
func (s *Scrunch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.receive(r)
	work := func(answer *Answer) *Reply {
		c.pageInstead, c.rows = answer.Page, answer.Rows
		return s.serve(c)
	}
	s.answer(w, r, c.Request, work, s.limit.count)
}

// SetLimit changes the requests that are let through in a minute. It panics unless n is positive.
func (s *Scrunch) SetLimit(n int) { s.limit.set(n) }

// serve is the vendor's own behaviour.
func (s *Scrunch) serve(c *scrunchCall) *Reply {
	if ok, retry := s.limit.take(); !ok {
		reply := detail(http.StatusTooManyRequests,
			fmt.Sprintf("Rate limit exceeded: %d per 1 minute", s.limit.granted()))
		if s.cfg.RetryAfter {
			tellRetry(reply.Header, retry)
		}
		return reply
	}
	if c.route == nil {
		return detail(http.StatusNotFound, "Not Found")
	}
	if c.Method != http.MethodGet {
		reply := detail(http.StatusMethodNotAllowed, "Method Not Allowed")
		reply.Header.Set("Allow", http.MethodGet)
		return reply
	}
	key, refusal := s.ring.admit(c)
	if refusal != nil {
		return refusal
	}
	return s.work(c, key)
}

// work reads the parameters, finds the brand and does what is asked, in the order in which the vendor's framework would.
func (s *Scrunch) work(c *scrunchCall, key ScrunchKey) *Reply {
	p := &params{values: c.values}
	id := 0
	if c.route.ofBrand() {
		id = p.path("brand_id", c.brand)
	}
	do := c.route.serve(s, c, p)
	if len(p.faults) > 0 {
		return unprocessable(p.faults)
	}
	if !c.route.ofBrand() {
		return do(nil, key)
	}
	b, refusal := s.brand(id, key)
	if refusal != nil {
		return refusal
	}
	return do(b, key)
}

// scrunchWork answers a call whose parameters are well-formed. b is nil where the route has no brand.
type scrunchWork func(b *brand, key ScrunchKey) *Reply

// scrunchRoute is an operation of the vendor's API description.
type scrunchRoute struct {
	endpoint string
	path     string // below scrunchBase
	scope    Scope  // "" where any key will do
	known    string // its query parameters
	serve    func(s *Scrunch, c *scrunchCall, p *params) scrunchWork
}

func scrunchRoutes() []scrunchRoute {
	return []scrunchRoute{
		{Brands, "/brands", ScopeQuery, "limit offset", (*Scrunch).listBrands},
		{Competitors, "/brands/{brand_id}/competitors", ScopeQuery, "limit offset", (*Scrunch).listPlain},
		{Personas, "/brands/{brand_id}/personas", ScopeQuery, "limit offset", (*Scrunch).listPlain},
		{Prompts, "/{brand_id}/prompts", "", "limit offset stage status", (*Scrunch).listPrompts},
		{Responses, "/{brand_id}/responses", ScopeQuery,
			"platform prompt_id persona_id stage start_date end_date has_shopping_data limit offset",
			(*Scrunch).listResponses},
		{Query, "/{brand_id}/query", "", "start_date end_date limit offset fields filters having", (*Scrunch).query},
	}
}

func (r *scrunchRoute) ofBrand() bool { return strings.Contains(r.path, "{brand_id}") }

// takes says whether the operation has a parameter of a name.
func (r *scrunchRoute) takes(name string) bool {
	for known := range strings.FieldsSeq(r.known) {
		if known == name {
			return true
		}
	}
	return false
}

// match compares a path, and gives what stands in it for the brand's id.
func (r *scrunchRoute) match(path string) (brand string, ok bool) {
	before, after, variable := strings.Cut(r.path, "{brand_id}")
	if !variable {
		return "", path == r.path
	}
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	brand, ok = strings.CutSuffix(rest, after)
	return brand, ok && brand != "" && !strings.Contains(brand, "/")
}
