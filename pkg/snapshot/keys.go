package snapshot

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Name names one partition part: what one data object holds.
type Name struct {
	Source  string // the vendor, as keys name it
	Dataset string // "purchases"
	Account string // "main"
	Day     Day
	Part    string // "purchases", or "brand-101" where a dataset has an object for each brand
}

// String is the name as people read it: source/main purchases 2026-11-22, with the part where it says more.
func (n Name) String() string {
	s := fmt.Sprintf("%s/%s %s %s", n.Source, n.Account, n.Dataset, n.Day)
	if n.Part != n.Dataset {
		s += " " + n.Part
	}
	return s
}

// Layout spells the keys of a bucket. The zero Layout puts them at the bucket's root; a Prefix ends in "/".
type Layout struct{ Prefix string }

const dataSuffix = ".json.gz"

// Data is the key of a partition part's object.
func (l Layout) Data(n Name) string {
	return fmt.Sprintf("%sdt=%s/%s%s", l.Partitions(n.Source, n.Dataset, n.Account), n.Day, n.Part, dataSuffix)
}

// Partitions is what the keys of a dataset's data objects of one account begin with. It ends in "/".
func (l Layout) Partitions(source, dataset, account string) string {
	return fmt.Sprintf("%s%s/%s/account=%s/", l.Prefix, source, dataset, account)
}

// ParseData reads back a key that Data spelt from a name with none of its fields empty. A key of any other form is not ok.
func (l Layout) ParseData(key string) (n Name, ok bool) {
	rest, ok := strings.CutPrefix(key, l.Prefix)
	fields := strings.Split(rest, "/")
	if !ok || len(fields) != 5 {
		return Name{}, false
	}
	account, isAccount := strings.CutPrefix(fields[2], "account=")
	dt, isDay := strings.CutPrefix(fields[3], "dt=")
	part, isData := strings.CutSuffix(fields[4], dataSuffix)
	day, err := ParseDay(dt)
	n = Name{Source: fields[0], Dataset: fields[1], Account: account, Day: day, Part: part}
	if !isAccount || !isDay || !isData || err != nil {
		return Name{}, false
	}
	if n.Source == "" || n.Dataset == "" || n.Account == "" || n.Part == "" {
		return Name{}, false
	}
	return n, true
}

// Latest is the key of the newest copy of a listing's part.
func (l Layout) Latest(n Name) string {
	return l.latest(n.Source, n.Dataset, n.Account) + n.Part + dataSuffix
}

func (l Layout) latest(source, dataset, account string) string {
	return fmt.Sprintf("%slatest/%s/%s/account=%s/", l.Prefix, source, dataset, account)
}

// Ledgers is what the keys of a dataset's ledgers of one account begin with. It ends in "/".
func (l Layout) Ledgers(source, dataset, account string) string {
	return fmt.Sprintf("%s_yardstick/ledger/%s/%s/account=%s/", l.Prefix, source, dataset, account)
}

// Ledger is the key of one month's ledger.
func (l Layout) Ledger(source, dataset, account, month string) string {
	return l.Ledgers(source, dataset, account) + month + ".json"
}

// SourceLedgers is what the keys of all ledgers of a source begin with. It ends in "/".
func (l Layout) SourceLedgers(source string) string {
	return fmt.Sprintf("%s_yardstick/ledger/%s/", l.Prefix, source)
}

// ParseLedger reads back a key that Ledger spelt from a name with none of its fields empty. A key of any other form is not
// ok.
func (l Layout) ParseLedger(key string) (n LedgerName, ok bool) {
	rest, ok := strings.CutPrefix(key, l.Prefix+"_yardstick/ledger/")
	fields := strings.Split(rest, "/")
	if !ok || len(fields) != 4 {
		return LedgerName{}, false
	}
	account, isAccount := strings.CutPrefix(fields[2], "account=")
	month, isLedger := strings.CutSuffix(fields[3], ".json")
	if _, err := ParseDay(month + "-01"); err != nil || !isAccount || !isLedger {
		return LedgerName{}, false
	}
	if fields[0] == "" || fields[1] == "" || account == "" {
		return LedgerName{}, false
	}
	return LedgerName{Source: fields[0], Dataset: fields[1], Account: account, Month: month}, true
}

// Runs is what the keys of all results begin with. It ends in "/".
func (l Layout) Runs() string { return l.Prefix + "_yardstick/runs/" }

// RunsOf is what the keys of the results of one day's clocks in UTC begin with. It ends in "/".
func (l Layout) RunsOf(day Day) string { return fmt.Sprintf("%sdt=%s/", l.Runs(), day) }

// Run is the key of a run's result; day is the date of the run's clock in UTC.
func (l Layout) Run(day Day, run string) string {
	return l.RunsOf(day) + run + ".json"
}

// Lease is the key of an account's lease.
func (l Layout) Lease(source, account string) string {
	return fmt.Sprintf("%s_yardstick/leases/%s/%s.json", l.Prefix, source, account)
}

// Status is the key of what is told to programs of the bucket: what is there and how fresh it is.
func (l Layout) Status() string { return l.Prefix + "about/status.json" }

// Page is the key of the same for people.
func (l Layout) Page() string { return l.Prefix + "about/index.html" }

// Snippet is the key of what a reader ("athena") runs to have a table, as a file of that name.
func (l Layout) Snippet(reader, file string) string {
	return fmt.Sprintf("%sabout/tables/%s/%s", l.Prefix, reader, file)
}

// Schema is the key of the names and kinds of the members that a dataset's records have.
func (l Layout) Schema(source, dataset string) string {
	return fmt.Sprintf("%sabout/schema/%s/%s.json", l.Prefix, source, dataset)
}

// Coverage is the key of the table of an account's exported days.
func (l Layout) Coverage(source, account string) string {
	return fmt.Sprintf("%sabout/coverage/account=%s/%s%s", l.Prefix, account, source, dataSuffix)
}

// Changes is the key of the table of an account's days of a month ("2026-11") that changed after they were settled.
func (l Layout) Changes(source, account, month string) string {
	return fmt.Sprintf("%sabout/changes/account=%s/month=%s/%s%s", l.Prefix, account, month, source, dataSuffix)
}

// Webhook is the key under which it is kept that a webhook was accepted. Whoever sends it chooses its id, so that the key
// holds its SHA-256.
func (l Layout) Webhook(id string) string {
	return fmt.Sprintf("%s_yardstick/webhooks/%x.json", l.Prefix, sha256.Sum256([]byte(id)))
}

// Spools is what the keys of an account's unfinished parts begin with. It ends in "/".
func (l Layout) Spools(source, account string) string {
	return fmt.Sprintf("%s_yardstick/spool/%s/account=%s/", l.Prefix, source, account)
}

const spoolSuffix = ".spool"

// Spool is the key of an unfinished partition part. It has the account before the dataset, so that one listing finds all
// of an account's.
func (l Layout) Spool(n Name) string {
	return fmt.Sprintf("%s%s/dt=%s/%s%s", l.Spools(n.Source, n.Account), n.Dataset, n.Day, n.Part, spoolSuffix)
}

// ParseSpool reads back a key that Spool spelt from a name with none of its fields empty. A key of any other form is not
// ok.
func (l Layout) ParseSpool(key string) (n Name, ok bool) {
	rest, ok := strings.CutPrefix(key, l.Prefix+"_yardstick/spool/")
	fields := strings.Split(rest, "/")
	if !ok || len(fields) != 5 {
		return Name{}, false
	}
	n = Name{Source: fields[0], Dataset: fields[2]}
	if n.Account, ok = strings.CutPrefix(fields[1], "account="); !ok {
		return Name{}, false
	}
	dt, isDay := strings.CutPrefix(fields[3], "dt=")
	day, err := ParseDay(dt)
	if n.Part, ok = strings.CutSuffix(fields[4], spoolSuffix); !ok || !isDay || err != nil {
		return Name{}, false
	}
	if n.Source == "" || n.Dataset == "" || n.Account == "" || n.Part == "" {
		return Name{}, false
	}
	n.Day = day
	return n, true
}
