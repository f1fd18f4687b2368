// Package config reads the configuration: what to export, from which accounts, into which bucket, and under which
// secrets' names the credentials lie. It is text in, Config or every fault at once out: no environment, no AWS, no
// files of its own.
//
// One table of keys (keys.go, scrapright.go, scrunch.go) says of each key where it belongs, what fits, what it stands
// at when it is left out and what it is for. The parser and the JSON Schema both come from it.
//
// Text may stand without quotes. What YAML would take for a number or a date is text as it is spelt where text is
// expected: account: 007 is "007". What it takes for true, false or nothing never is. Aliases of values are followed;
// a merge of mappings (<<) is refused.
package config

import "time"

// Config is a whole configuration, checked, with every default filled in. It is not changed after Parse and may be
// read from many goroutines.
type Config struct {
	Bucket     string       // S3 bucket that the snapshots go to
	Prefix     string       // put before every key; empty, or ends in "/"
	ScrapRight []ScrapRight // accounts at ScrapRight, in the order of the text; names differ
	Scrunch    []Scrunch    // accounts at Scrunch, in the order of the text; names differ
	Webhook    *Webhook     // nil: nothing is started from outside
}

// Common is what accounts of either vendor have.
type Common struct {
	Account      string        // name of the account, which appears in keys
	APIKeySecret string        // name or ARN of the secret that people put the API key into
	Start        string        // first day wanted, as "2006-01-02"; empty: left to the engine
	RestateDays  int           // closed days that stay unsettled after they end
	RestateEvery time.Duration // an unsettled closed day is read again when its reading is older; 0: on every run
	Refresh      time.Duration // a listing is read again when its reading is older; 0: on every run
	VerifyAfter  time.Duration // a settled day is read once more when its reading is older; 0: never
	Guard        Guard         // what becomes of a day or listing that shrinks suspiciously
}

// Guard says what becomes of a reading that is suspiciously smaller than the one before.
type Guard string

// What a Guard does. Parse fills in GuardWarn.
const (
	GuardWarn   Guard = "warn"   // publish, with a warning
	GuardRefuse Guard = "refuse" // keep the old one, and fail the day
)

// ScrapRight is one account at ScrapRight.
type ScrapRight struct {
	Common
	URL               string         // of the yard, without a slash at its end
	SessionSecret     string         // name or ARN of the secret that the session is kept in
	Timezone          string         // IANA name of the yard's zone
	Location          *time.Location // the zone of that name; never nil
	RequestsPerMinute int            // a lower cap of one's own; 0: only what the vendor grants
	// Datasets holds purchases, customers and businesses, each of them always.
	Datasets map[string]ScrapRightDataset
}

// ScrapRightDataset says how one dataset is asked for and found in the answer.
type ScrapRightDataset struct {
	Path        string   // below the yard's URL
	From, To    string   // parameters of the first and the last day; empty for listings
	DateFormat  string   // Go's layout of their values; empty for listings
	ToExclusive bool     // To names the day after the last one
	PageSize    int      // records a page, 1 to 100
	Records     string   // JSON pointer to the records in the answer; empty: found by their shape
	Total       string   // JSON pointer to the vendor's count in the answer; empty: found by its name, if it is there
	Omit        []string // JSON pointers of members cut from every record
	Off         bool     // not exported
}

// Scrunch is one account at Scrunch.
type Scrunch struct {
	Common
	URL         string  // of the data API, without a slash at its end
	Brands      []int64 // ids of the brands wanted; empty: every brand that the key sees
	Except      []int64 // ids of brands left out; none of them is in Brands
	Concurrency int     // requests at once
	// Reports holds the reports that the configuration names: overrides of known ones, and additions, which have Fields.
	Reports map[string]Report
	// Datasets holds the listings, and responses, that the configuration names.
	Datasets map[string]ScrunchDataset
}

// Report changes or adds a report. The zero value changes nothing.
type Report struct {
	Fields  []string // dimensions and metrics, in the order in which they are asked; empty: those of the known report
	Filters []string // each as field:value
	Off, On bool     // not exported; exported though it is off by default. Never both
}

// ScrunchDataset changes a listing, or responses. The zero value changes nothing.
type ScrunchDataset struct {
	Off  bool     // not exported
	Omit []string // JSON pointers of members cut from every record
}

// Webhook is how others start an export.
type Webhook struct {
	Secret    string            // name or ARN of the secret that holds the signing secrets
	Functions map[string]string // function name or ARN by source, "scrapright" or "scrunch"; at least one
}

// Parse reads a configuration from YAML or JSON text. It answers a Config, or an error, which is an *Invalid with
// every fault that the text has.
func Parse(text []byte) (*Config, error) {
	w := &walk{nodes: map[string]*node{}}
	top := w.top(text)
	if top == nil {
		return nil, w.invalid()
	}
	f, _ := file().format().read(w, "", top)
	if len(w.faults) > 0 {
		return nil, w.invalid()
	}
	return &f.Config, nil
}
