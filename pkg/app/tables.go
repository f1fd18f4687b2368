package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yardstick/pkg/config"
	"yardstick/pkg/schema"
	"yardstick/pkg/scrunch"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/table"
)

// Inferring says which datasets' tables are wanted. The zero value is all of them, by all that was exported.
type Inferring struct {
	Source   string   // "": all
	Account  string   // "": all; types that hold for one alone may not hold for the others
	Datasets []string // empty: all
	From     Day      // lines of days before are not read: quicker, and the types may not hold for them; 0: all are

	Observe func(ReadProgress) // called before each object; nil: not
}

// Inferred is what was inferred of a dataset.
type Inferred struct {
	Source, Dataset string
	Schema          *schema.Schema
	Objects         int
	First, Last     Day // with an object; 0: none has
	Tables          []table.Snippets
}

// Tables reads all lines that are exported, by the ledger, and calls each with every dataset's tables, in the order of the
// sources: of every account together, since account is a partition. A dataset of which nothing is exported has the columns
// that are known without. Each object is held against its metadata and the ledger. Memory does not grow with the lines. A
// damaged object is an error that names its key; that and an error of each end it. What there is not is a *ReadInvalid. It asks no vendor and changes
// nothing.
func (a *App) Tables(ctx context.Context, i Inferring, each func(Inferred) error) error {
	chosen, err := a.inferable(i)
	if err != nil {
		return &ReadInvalid{err}
	}
	for _, accounts := range chosen {
		inferred, err := a.infer(ctx, i, accounts)
		if err == nil {
			err = each(inferred)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inferable are the datasets that are wanted, each with its accounts. Those that are off are among them only by name.
func (a *App) inferable(i Inferring) (chosen [][]readable, err error) {
	if i.Source != "" && !slices.Contains(a.Sources(), i.Source) {
		return nil, fmt.Errorf("--source: found %q, expected one that the configuration has accounts of: %q", i.Source, a.Sources())
	}
	all := only(a.readables(), func(r readable) bool { return i.Source == "" || r.source == i.Source })
	if accounts := names(all, func(r readable) string { return r.account }); i.Account != "" && !slices.Contains(accounts, i.Account) {
		return nil, fmt.Errorf("--account: found %q, expected one of %q", i.Account, accounts)
	}
	all = only(all, func(r readable) bool { return i.Account == "" || r.account == i.Account })
	for _, name := range i.Datasets {
		if datasets := names(all, func(r readable) string { return r.dataset }); !slices.Contains(datasets, name) {
			return nil, fmt.Errorf("--dataset: found %q, expected one of %q", name, datasets)
		}
	}
	all = only(all, func(r readable) bool { return slices.Contains(i.Datasets, r.dataset) || len(i.Datasets) == 0 && !r.off })
	for _, r := range all {
		at := slices.IndexFunc(chosen, func(c []readable) bool { return c[0].source == r.source && c[0].dataset == r.dataset })
		if at < 0 {
			at, chosen = len(chosen), append(chosen, nil)
		}
		chosen[at] = append(chosen[at], r)
	}
	return chosen, nil
}

// infer reads the lines of a dataset of all its accounts.
func (a *App) infer(ctx context.Context, i Inferring, accounts []readable) (Inferred, error) {
	source, dataset := accounts[0].source, accounts[0].dataset
	x := Inferred{Source: source, Dataset: dataset, Schema: &schema.Schema{}}
	var names []string
	var first Day
	var parts []snapshot.Part
	for _, r := range accounts {
		names = append(names, r.account)
		found, oldest, err := a.exported(ctx, i, r)
		if err != nil {
			return x, fmt.Errorf("%s/%s %s: %w", source, r.account, dataset, err)
		}
		parts = append(parts, found...)
		if oldest != 0 && (first == 0 || oldest < first) {
			first = oldest
		}
	}
	if err := a.observe(ctx, i, parts, &x); err != nil {
		return x, err
	}
	x.Tables = a.snippets(source, dataset, names, first, x.Schema.Document())
	return x, nil
}

// earliest is the first day that is configured to be exported of a source; today where none is.
func (a *App) earliest(source string) Day {
	first := snapshot.DayOf(a.Now())
	for _, c := range a.ofSource(source) {
		if day, err := snapshot.ParseDay(c.Start); err == nil { // "": no day is
			first = min(first, day)
		}
	}
	return first
}

// ofSource is what the accounts of a source have in common with those of any other.
func (a *App) ofSource(source string) (all []config.Common) {
	switch source {
	case ScrapRight:
		for _, c := range a.Configured.ScrapRight {
			all = append(all, c.Common)
		}
	case Scrunch:
		for _, c := range a.Configured.Scrunch {
			all = append(all, c.Common)
		}
	}
	return all
}

// exported are the parts of a dataset of one account that the ledger has, and its oldest day.
func (a *App) exported(ctx context.Context, i Inferring, r readable) ([]snapshot.Part, Day, error) {
	book := snapshot.NewBook(a.store, a.layout(), r.source, r.dataset, r.account)
	oldest, err := book.Oldest(ctx)
	if err != nil || oldest == 0 {
		return nil, 0, err
	}
	const ahead = 1 // where a zone is a day further
	parts, _, err := book.Find(ctx, snapshot.Selection{First: max(oldest, i.From), Last: snapshot.DayOf(a.Now()) + ahead})
	return parts, oldest, err
}

// observe reads the lines of parts.
func (a *App) observe(ctx context.Context, i Inferring, parts []snapshot.Part, x *Inferred) error {
	copies, err := snapshot.NewCopies(a.store, "")
	if err != nil {
		return err
	}
	done := 0
	err = copies.Each(ctx, parts, false, func(c *snapshot.Copy) error {
		if i.Observe != nil {
			i.Observe(ReadProgress{Name: c.Name.String(), Done: done, Objects: len(parts), Rows: x.Schema.Records()})
		}
		done++
		if c.Gone {
			return nil // it counts as not exported
		}
		x.Objects++
		if x.First == 0 || c.Name.Day < x.First {
			x.First = c.Name.Day
		}
		x.Last = max(x.Last, c.Name.Day)
		return eachLine(c, x.Schema.Observe)
	})
	return errors.Join(err, copies.Close())
}

// tables are those of a dataset, with the columns that are known without its lines.
func (a *App) tables(source, dataset string) []table.Table {
	all := table.ScrapRight()
	if source == Scrunch {
		all = table.Scrunch(a.allReports())
	}
	return slices.DeleteFunc(all, func(t table.Table) bool { return t.Dataset != dataset })
}

// allReports are the reports of all accounts, those that are off too: earlier days of theirs may be there.
func (a *App) allReports() (all []scrunch.Report) {
	for _, c := range a.Configured.Scrunch {
		for _, r := range reports(c.Reports) {
			r.Off = false
			all = append(all, r)
		}
	}
	return all
}

// PublishTables writes what was inferred of a dataset into the bucket: its schema under about/schema/, and under
// about/tables/ what those readers that are wanted run. What the schema there tells of earlier drift stays.
func (a *App) PublishTables(ctx context.Context, i Inferred, wants func(reader string) bool) error {
	var p published
	var known schema.Schema
	etag, err := a.readSchema(ctx, i.Source, i.Dataset, &p, &known)
	if err != nil {
		return err
	}
	p.Document, p.Accounts, p.First, p.Drift = i.Schema.Document(), a.accountsOf(i.Source), i.First, append([]drift{}, p.Drift...)
	layout := a.layout()
	if _, err := snapshot.Swap(ctx, a.store, layout.Schema(i.Source, i.Dataset), etag, p); err != nil {
		return err
	}
	return a.putTables(ctx, i.Tables, wants)
}
