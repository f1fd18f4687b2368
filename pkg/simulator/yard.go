package simulator

import (
	"fmt"
	"net/http"
	"time"
)

// The datasets of a yard, as SetRecords, Records and YardConfig.Routes name them.
const (
	Purchases  = "purchases"
	Customers  = "customers"
	Businesses = "businesses"
)

// The other endpoints of a yard, as Request.Endpoint names them.
const (
	TokenEndpoint   = "token"   // an API key is exchanged
	RefreshEndpoint = "refresh" // a refresh token is used up
	SwaggerEndpoint = "swagger" // the API's description
	LookupEndpoint  = "lookup"  // one record by its id, a search, or purchases of one seller
)

const (
	tokenPath   = "/api/v1/authorization/token"
	refreshPath = "/api/v1/authorization/refresh-token"
)

// Yard is a simulated ScrapRight account. It is an http.Handler, safe for concurrent use, and holds all its state in
// memory. Its tokens carry their own state: another Yard of the same seed and API key accepts them too, and only
// does not know which refresh tokens this one saw used.
type Yard struct {
	cfg      YardConfig
	paths    map[string]string // what is served at a path that has no variable part
	sessions *sessions
	limit    *limiter
	stock    *stock
	front
}

// NewYard makes a yard that serves nobody yet: use it as a handler, or Start it. A config that cannot work is a mistake
// of the code that wrote it, and panics with a list of what is wrong.
func NewYard(cfg YardConfig) *Yard {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		panic(fmt.Sprintf("simulator.NewYard: %v", err))
	}
	y := &Yard{
		cfg:      cfg,
		paths:    map[string]string{tokenPath: TokenEndpoint, refreshPath: RefreshEndpoint, swaggerPath: SwaggerEndpoint},
		sessions: newSessions(cfg),
		limit:    &limiter{kind: cfg.Limit, now: cfg.Now, perMinute: cfg.RequestsPerMinute},
		stock:    newStock(cfg),
		front:    front{gzip: cfg.Gzip},
	}
	if cfg.Swagger == SwaggerPage {
		y.paths[swaggerDocumentPath] = SwaggerEndpoint
	}
	for dataset, route := range cfg.Routes {
		y.paths[route.Path] = dataset
	}
	return y
}

// Start serves the yard on a free port of 127.0.0.1 and tells its URL, which has no slash at its end. stop ends the
// server and every connection at once, returns when it has ended, and may be called again.
func (y *Yard) Start() (url string, stop func(), err error) { return listen(y) }

// ServeHTTP answers one request, as the vendor would or as a fault tells.
func (y *Yard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := y.receive(r)
	work := func(answer *Answer) *Reply {
		c.shape(answer)
		return y.serve(c)
	}
	count := func() {
		if c.Endpoint != SwaggerEndpoint {
			y.limit.count()
		}
	}
	y.answer(w, r, c.Request, work, count)
}

// serve is the vendor's own behaviour.
func (y *Yard) serve(c *call) *Reply {
	if c.Endpoint == SwaggerEndpoint {
		return y.swagger(c)
	}
	if ok, retry := y.limit.take(); !ok {
		return y.tooMany(retry)
	}
	switch c.Endpoint {
	case "":
		return notFound()
	case TokenEndpoint:
		return only(http.MethodPost, c, y.exchange)
	case RefreshEndpoint:
		return only(http.MethodPost, c, y.refresh)
	default:
		return only(http.MethodGet, c, y.data)
	}
}

// data serves records, to those who show an access token.
func (y *Yard) data(c *call) *Reply {
	if err := y.sessions.authorize(c.accessToken); err != nil {
		return refusal(http.StatusUnauthorized, err.Error())
	}
	if c.Endpoint == LookupEndpoint {
		return y.lookup(c)
	}
	return y.page(c)
}

func (y *Yard) tooMany(retry time.Duration) *Reply {
	reply := refusal(http.StatusTooManyRequests,
		fmt.Sprintf("Too many requests. Your limit is %d requests per minute.", y.limit.granted()))
	if y.cfg.RetryAfter {
		tellRetry(reply.Header, retry)
	}
	return reply
}

// Revoke is what the vendor does when an administrator generates a new API key: the old key and every token that came
// from it stop working at once. It panics if newKey is empty or the key in use.
func (y *Yard) Revoke(newKey string) { y.sessions.revoke(newKey) }

// SetLimit changes the granted requests per minute, at once for what is refused and with the next token answer for what
// is told. It panics unless n is positive.
func (y *Yard) SetLimit(n int) { y.limit.set(n) }

// CheckPair says whether the yard would accept both tokens now, changing nothing: nil, or what is wrong with which.
func (y *Yard) CheckPair(access, refresh string) error { return y.sessions.checkPair(access, refresh) }
