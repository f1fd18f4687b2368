package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// FirstBrand is the id of the first brand of a simulated Scrunch; the others follow it by ones.
const FirstBrand = 101

// Scope is a kind of operation that an API key may be used for.
type Scope string

// The scopes, as the vendor's API description spells them. ScopeQuery is the one for reading.
const (
	ScopeQuery       Scope = "query"
	ScopeConfigure   Scope = "configure"
	ScopeCreateBrand Scope = "create-brand"
)

// ScrunchKey is an API key and what it opens.
type ScrunchKey struct {
	Key    string
	Scopes []Scope // nil = ScopeQuery alone
	Brands []int   // ids of the brands it may read; nil = every brand
}

// BrandState says whether a brand is served.
type BrandState int

// The states. Active is the zero value.
const (
	Active    BrandState = iota
	Archived             // not listed; 403 to every key
	OutOfPlan            // listed; 402 to every key
)

// ScrunchConfig says how a simulated Scrunch differs from the default one. Now and a key are required; every other zero
// value means the default that its field names.
type ScrunchConfig struct {
	Seed uint64           // decides the data
	Keys []ScrunchKey     // the active ones
	Now  func() time.Time // the clock

	Brands      int                // 0 = 3
	Prompts     int                // of each brand, of which one in six is archived; 0 = 12
	Competitors int                // of each brand, 16 at most; 0 = 4
	Personas    int                // of each brand; 0 = 3
	Platforms   []string           // as /responses spells them; nil = ChatGPT, Perplexity and two of Google's
	Runs        int                // how often a day each active prompt is put to each platform; 0 = 2
	States      map[int]BrandState // by brand id; a brand that is missing is Active

	RequestsPerMinute int       // 0 = no limit; the vendor documents none
	Limit             LimitKind // how that is counted
	RetryAfter        bool      // tell in a 429 after how many seconds a request would pass; the default tells nothing

	Late     time.Duration // how long after its collecting an answer is seen at most; 0 = a day is whole from its beginning
	Order    Order         // of /responses, by time
	MaxLimit int           // a larger limit of a listing is clamped to it without a word; 0 = none is
	Gzip     bool          // compress answers for clients that take it

	QueryCap          int  // /query gives no more rows than this whatever its limit says, without a word; 0 = no such cap
	QueryCapEnds      bool // rows behind the cap are not reached by an offset either
	StableOrder       bool // /query has its rows in one order; by default each call shuffles them anew
	NumericDates      bool // date, week, month and year are JSON numbers in /query; by default strings
	NegationKeepsNull bool // a filter x:!v keeps rows whose x is null; by default it drops them, as SQL does
}

// Bounds of a config. A citation's host is one bit of 64, a competitor one of 32.
const (
	maxCompetitors = 16
	maxPersonas    = 400
	unlimited      = 1 << 30 // requests a minute
)

func (c ScrunchConfig) withDefaults() ScrunchConfig {
	c.Brands = cmp.Or(c.Brands, 3)
	c.Prompts = cmp.Or(c.Prompts, 12)
	c.Competitors = cmp.Or(c.Competitors, 4)
	c.Personas = cmp.Or(c.Personas, 3)
	c.Runs = cmp.Or(c.Runs, 2)
	c.RequestsPerMinute = cmp.Or(c.RequestsPerMinute, unlimited)
	if c.Platforms == nil {
		c.Platforms = []string{"chatgpt", "perplexity", "google_ai_overviews", "google_gemini"}
	}
	c.States = maps.Clone(c.States)
	return c
}

// check names every fault of a config that has its defaults.
func (c ScrunchConfig) check() error {
	var faults []error
	refuse := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Now == nil {
		refuse("field Now is nil; a vendor needs a clock")
	}
	for name, n := range map[string]int{
		"Brands": c.Brands, "Prompts": c.Prompts, "Competitors": c.Competitors, "Personas": c.Personas, "Runs": c.Runs,
		"RequestsPerMinute": c.RequestsPerMinute, "MaxLimit": c.MaxLimit, "QueryCap": c.QueryCap,
	} {
		if n < 0 {
			refuse("%s is %d; expected a positive number, or 0 for the default", name, n)
		}
	}
	if c.Competitors > maxCompetitors || c.Personas > maxPersonas || c.Prompts > promptsPerBrand {
		refuse("%d competitors, %d personas and %d prompts; expected at most %d, %d and %d",
			c.Competitors, c.Personas, c.Prompts, maxCompetitors, maxPersonas, promptsPerBrand)
	}
	if c.Late < 0 {
		refuse("Late is %v; expected no negative duration", c.Late)
	}
	for id := range c.States {
		if !c.has(id) {
			refuse("States has brand %d; there are %d to %d", id, FirstBrand, FirstBrand+c.Brands-1)
		}
	}
	for i, name := range c.Platforms {
		if platformNamed(name) == nil || slices.Contains(c.Platforms[:i], name) {
			refuse("Platforms has %q, which is none, or there twice; expected some of %q", name, platformNames())
		}
	}
	if err := checkKeys(c.Keys); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// has says whether there is a brand of an id.
func (c ScrunchConfig) has(id int) bool { return id >= FirstBrand && id < FirstBrand+c.Brands }
