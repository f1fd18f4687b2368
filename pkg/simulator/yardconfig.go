package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// YardConfig says how a yard differs from the default one. Now and APIKey are required; every other zero value means
// the default that its field names.
type YardConfig struct {
	Seed   uint64           // decides data and, with APIKey, whose tokens are accepted
	Name   string           // shown in the API's description and in tokens; "" = "Simulated Yard"
	APIKey string           // the one active key
	Now    func() time.Time // the clock

	RequestsPerMinute int       // granted in token answers and enforced; 0 = 10
	Limit             LimitKind // how that is counted
	RetryAfter        bool      // tell in a 429 after how many seconds a request would pass; the default tells nothing

	AccessTTL            time.Duration // 0 = 1 hour, as documented
	RefreshTTL           time.Duration // 0 = 30 days, as documented
	ExchangeEndsSessions bool          // an exchange of the key ends every earlier session
	ReuseKillsFamily     bool          // a spent refresh token that comes again ends the session it belongs to

	Zone          *time.Location // decides the day of a ticket; nil = UTC
	TicketsPerDay int            // on an ordinary weekday, give or take 40 percent; 0 = 100
	Customers     int            // 0 = 850
	Businesses    int            // 0 = 60

	MaxPageSize int    // a larger pageSize is clamped to it without a word; 0 = 100
	Order       Order  // of records in a listing, by time and id
	Nested      string // the member of Data that holds the records, such as "Items"; "" = Data is the array
	Total       bool   // put a TotalCount beside the records
	Gzip        bool   // compress answers for clients that take it

	Swagger SwaggerKind      // how /api/v1/swagger answers
	Routes  map[string]Route // by dataset; what is missing has the default Route
}

// Route says where a dataset is served and what its date parameters are called. Every empty field means the default.
type Route struct {
	Path        string // /api/v1/purchase, /api/v1/customer, /api/v1/business
	From, To    string // names of the date parameters, purchases only: startDate, endDate
	Layout      string // of their values, as Go writes layouts: 2006-01-02
	ToExclusive bool   // the day that To names is not among the days; by default it is
}

func (c YardConfig) withDefaults() YardConfig {
	c.Name = cmp.Or(c.Name, "Simulated Yard")
	c.RequestsPerMinute = cmp.Or(c.RequestsPerMinute, 10)
	c.AccessTTL = cmp.Or(c.AccessTTL, time.Hour)
	c.RefreshTTL = cmp.Or(c.RefreshTTL, 30*24*time.Hour)
	c.Zone = cmp.Or(c.Zone, time.UTC)
	c.TicketsPerDay = cmp.Or(c.TicketsPerDay, 100)
	c.Customers = cmp.Or(c.Customers, 850)
	c.Businesses = cmp.Or(c.Businesses, 60)
	c.MaxPageSize = cmp.Or(c.MaxPageSize, 100)

	routes := maps.Clone(c.Routes)
	if routes == nil {
		routes = map[string]Route{}
	}
	defaultPath := map[string]string{
		Purchases: "/api/v1/purchase", Customers: "/api/v1/customer", Businesses: "/api/v1/business",
	}
	for dataset, path := range defaultPath {
		r := routes[dataset]
		r.Path = cmp.Or(r.Path, path)
		if dataset == Purchases {
			r.From, r.To, r.Layout = cmp.Or(r.From, "startDate"), cmp.Or(r.To, "endDate"), cmp.Or(r.Layout, time.DateOnly)
		}
		routes[dataset] = r
	}
	c.Routes = routes
	return c
}

// check names every fault of a config that has its defaults.
func (c YardConfig) check() error {
	var faults []error
	refuse := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Now == nil {
		refuse("Now is nil; a yard needs a clock")
	}
	if c.APIKey == "" {
		refuse("APIKey is empty; a yard has exactly one active key")
	}
	for name, n := range map[string]int{
		"RequestsPerMinute": c.RequestsPerMinute, "TicketsPerDay": c.TicketsPerDay, "Customers": c.Customers,
		"Businesses": c.Businesses, "MaxPageSize": c.MaxPageSize,
	} {
		if n < 0 {
			refuse("%s is %d; expected a positive number, or 0 for the default", name, n)
		}
	}
	if c.AccessTTL < time.Second || c.RefreshTTL < time.Second {
		refuse("AccessTTL is %v and RefreshTTL %v; tokens live a second at least", c.AccessTTL, c.RefreshTTL)
	}
	faults = append(faults, c.checkRoutes()...)
	return errors.Join(faults...)
}

func (c YardConfig) checkRoutes() (faults []error) {
	taken := map[string]string{
		tokenPath: "the token exchange", refreshPath: "the refresh", swaggerPath: "the API's description",
		swaggerDocumentPath: "the API's description",
	}
	for _, dataset := range slices.Sorted(maps.Keys(c.Routes)) {
		r := c.Routes[dataset]
		if !isDataset(dataset) {
			faults = append(faults, fmt.Errorf("field Routes has %q; expected %s, %s or %s",
				dataset, Purchases, Customers, Businesses))
			continue
		}
		if !strings.HasPrefix(r.Path, "/") {
			faults = append(faults, fmt.Errorf("the path of %s is %q; expected one that begins with a slash", dataset, r.Path))
		}
		if other, ok := taken[r.Path]; ok {
			faults = append(faults, fmt.Errorf("the path of %s is %q, where %s is served", dataset, r.Path, other))
		}
		taken[r.Path] = dataset
	}
	return faults
}

func isDataset(name string) bool {
	return name == Purchases || name == Customers || name == Businesses
}
