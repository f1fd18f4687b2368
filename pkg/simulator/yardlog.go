package simulator

import (
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Request is one request that a yard received. It holds no secret: of a credential a short hash, of a query only the
// parameters that the endpoint knows.
type Request struct {
	N        int       // from 1, over all requests of the yard
	Nth      int       // from 1, over the requests of this Endpoint
	Time     time.Time // of its arrival, by the yard's clock
	Endpoint string    // a dataset or one of the ...Endpoint constants; "" where nothing is served at that path
	Method   string
	Path     string
	Query    url.Values // a parameter that the endpoint does not know is kept without its value

	Page, PageSize int    // as asked; 0 where missing or not a number
	From, To       string // of purchases, as spelt in the query

	// Credential is the first 8 hex digits of the SHA-256 of what was sent: the API key to TokenEndpoint, the refresh
	// token to RefreshEndpoint, else the X-Access-Token header. "" where there was none.
	Credential string
	Generation int // of the token sent: 1 from an exchange, one more by every refresh; 0 for none of this account

	Status int // sent in answer; 0 while under way, and where nothing was sent
}

// journal is the log of what was asked.
type journal struct {
	mu          sync.Mutex
	requests    []Request
	perEndpoint map[string]int
}

// arrived numbers r and keeps it.
func (j *journal) arrived(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.perEndpoint[r.Endpoint]++
	r.N, r.Nth = len(j.requests)+1, j.perEndpoint[r.Endpoint]
	j.requests = append(j.requests, *r)
}

func (j *journal) answered(n, status int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests[n-1].Status = status
}

// Requests is the log of everything that was asked, in the order of arrival. A request is in it before it is answered,
// and its Status before the answer is sent.
func (y *Yard) Requests() []Request {
	y.journal.mu.Lock()
	defer y.journal.mu.Unlock()
	return slices.Clone(y.journal.requests)
}

// Count is the number of requests that reached an endpoint, refused ones too.
func (y *Yard) Count(endpoint string) int {
	y.journal.mu.Lock()
	defer y.journal.mu.Unlock()
	return y.journal.perEndpoint[endpoint]
}

// CountStatus is the number of requests that were answered with a status.
func (y *Yard) CountStatus(status int) (n int) {
	for _, r := range y.Requests() {
		if r.Status == status {
			n++
		}
	}
	return n
}

// RefreshTokensSentTwice names the refresh tokens, by their Credential, that reached RefreshEndpoint more than once,
// whatever was answered.
func (y *Yard) RefreshTokensSentTwice() []string {
	times := map[string]int{}
	for _, r := range y.Requests() {
		if r.Endpoint == RefreshEndpoint && r.Credential != "" {
			times[r.Credential]++
		}
	}
	maps.DeleteFunc(times, func(_ string, n int) bool { return n < 2 })
	return slices.Sorted(maps.Keys(times))
}
