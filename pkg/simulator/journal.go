package simulator

import (
	"net/url"
	"slices"
	"sync"
	"time"
)

// Request is one request that a simulated vendor received. It holds no secret: of a credential a short hash, of a
// query only the parameters that the endpoint knows.
type Request struct {
	N        int       // from 1, over all requests of this vendor
	Nth      int       // from 1, over the requests of this Endpoint
	Time     time.Time // of its arrival, by the vendor's clock
	Endpoint string    // one of the constants that name what is served; "" where nothing is served at that path
	Method   string
	Path     string
	Query    url.Values // a parameter that the endpoint does not know is kept without its value

	From, To       string // the dates, as spelt in the query
	Page, PageSize int    // as a yard is asked; 0 where missing or not a number
	Limit, Offset  int    // as Scrunch is asked; 0 where missing or not a number
	Brand          int    // of Scrunch, as in the path; 0 where there is none

	// Credential is the first 8 hex digits of the SHA-256 of what was sent: the API key to TokenEndpoint and to Scrunch,
	// the refresh token to RefreshEndpoint, else the X-Access-Token header. "" where there was none.
	Credential string
	Generation int // of a yard's token: 1 from an exchange, one more by every refresh; 0 for none of this account

	Status int // sent in answer; 0 while under way, and where nothing was sent
}

// journal is the log of what was asked.
type journal struct {
	mu          sync.Mutex
	requests    []Request
	perEndpoint map[string]int // nil until the first one
}

// arrived numbers r and keeps it.
func (j *journal) arrived(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.perEndpoint == nil {
		j.perEndpoint = map[string]int{}
	}
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
func (f *front) Requests() []Request {
	f.journal.mu.Lock()
	defer f.journal.mu.Unlock()
	return slices.Clone(f.journal.requests)
}

// Count is the number of requests that reached an endpoint, refused ones too.
func (f *front) Count(endpoint string) int {
	f.journal.mu.Lock()
	defer f.journal.mu.Unlock()
	return f.journal.perEndpoint[endpoint]
}

// CountStatus is the number of requests that were answered with a status.
func (f *front) CountStatus(status int) (n int) {
	for _, r := range f.Requests() {
		if r.Status == status {
			n++
		}
	}
	return n
}
