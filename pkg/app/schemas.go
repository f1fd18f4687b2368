package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/table"
)

const (
	// maxDrifts is how many drifts are remembered of a dataset.
	maxDrifts = 200
	// maxSchemaTries is how often a schema is merged anew because another run merged its own meanwhile.
	maxSchemaTries = 5
)

// published is what is told of a dataset's lines, as about/schema/<source>/<dataset>.json has it. It is public surface.
type published struct {
	schema.Document
	Accounts []string `json:"accounts"` // whose lines they are
	First    Day      `json:"first"`    // the first day that has lines
	Drift    []drift  `json:"drift"`    // oldest first, the last 200
}

// drift is a member that was not as before in a run's lines.
type drift struct {
	Time    time.Time `json:"time"` // the run's clock
	Run     string    `json:"run"`
	Account string    `json:"account"`
	schema.Drift
}

// news is what a run found out about a dataset's lines.
type news struct {
	dataset string
	lines   schema.Schema
	known   schema.Schema // of all lines of the accounts that have some
	first   Day
	drift   []drift
}

// tellSchemas brings about/schema/ and about/tables/ up to a run, for each dataset whose lines had something new: a member,
// a kind of value, or an earlier first day. It blocks for two requests for each and one for each reader's file.
func (a *App) tellSchemas(ctx context.Context, r Result) error {
	var faults []error
	for _, n := range newsOf(r) {
		faults = append(faults, a.tellSchema(ctx, r.Source, n))
	}
	return errors.Join(faults...)
}

func newsOf(r Result) (all []*news) {
	for _, account := range r.Accounts {
		if account.Trace == nil {
			continue
		}
		for i, t := range account.Trace.Datasets {
			if t.Schema == nil {
				continue
			}
			at := slices.IndexFunc(all, func(n *news) bool { return n.dataset == t.Dataset })
			if at < 0 {
				at, all = len(all), append(all, &news{dataset: t.Dataset})
			}
			all[at].add(r, account.Account, t, account.Datasets[i].Drift)
		}
	}
	return all
}

func (n *news) add(r Result, account string, t export.DatasetTrace, found []schema.Drift) {
	n.lines.Merge(t.Schema)
	if t.Known != nil {
		n.known.Merge(t.Known)
	}
	if t.First != 0 && (n.first == 0 || t.First < n.first) {
		n.first = t.First
	}
	for _, d := range found {
		n.drift = append(n.drift, drift{Time: r.Time, Run: r.Run, Account: account, Drift: d})
	}
}

func (a *App) tellSchema(ctx context.Context, source string, n *news) error {
	var p published
	var known schema.Schema
	var err error
	for range maxSchemaTries {
		var told bool
		if told, err = a.mergeSchema(ctx, source, n, &p, &known); told || !errors.Is(err, snapshot.ErrConflict) {
			break
		}
	}
	if err != nil {
		return err
	}
	all := a.snippets(source, n.dataset, p.Accounts, p.First, known.Document())
	return a.putTables(ctx, all, func(string) bool { return true })
}

// mergeSchema adds what a run found out to what is told already.
func (a *App) mergeSchema(ctx context.Context, source string, n *news, p *published, known *schema.Schema) (told bool, err error) {
	etag, err := a.readSchema(ctx, source, n.dataset, p, known)
	if err != nil {
		return false, err
	}
	known.Merge(&n.lines)
	if !known.Covers(&n.known) { // what an earlier run told was lost, or never came there
		known.Merge(&n.known)
	}
	p.Document = known.Document()
	p.Accounts = a.accountsOf(source)
	if n.first != 0 && (p.First == 0 || n.first < p.First) {
		p.First = n.first
	}
	p.Drift = append(p.Drift, n.drift...)
	p.Drift = append([]drift{}, p.Drift[max(0, len(p.Drift)-maxDrifts):]...)
	layout := a.layout()
	_, err = snapshot.Swap(ctx, a.store, layout.Schema(source, n.dataset), etag, p)
	return err == nil, err
}

// readSchema reads what is told of a dataset; nothing where there is none, or it cannot be used.
func (a *App) readSchema(ctx context.Context, source, dataset string, p *published, known *schema.Schema) (etag string, err error) {
	*p, *known = published{}, schema.Schema{}
	var text json.RawMessage
	key := a.layout().Schema(source, dataset)
	etag, err = snapshot.Load(ctx, a.store, key, &text)
	switch {
	case errors.Is(err, snapshot.ErrNotFound), errors.Is(err, snapshot.ErrForm):
		return etag, nil
	case err != nil:
		return "", err
	}
	if json.Unmarshal(text, p) != nil || json.Unmarshal(text, known) != nil {
		*p, *known = published{}, schema.Schema{} // another program's: written anew
	}
	return etag, nil
}

// accountsOf are the names of a source's accounts.
func (a *App) accountsOf(source string) (names []string) {
	for _, c := range a.ofSource(source) {
		names = append(names, c.Account)
	}
	return names
}

// snippets are what readers run to have a dataset's tables. first is the first day that was exported; 0: none was.
func (a *App) snippets(source, dataset string, accounts []string, first Day, d schema.Document) (all []table.Snippets) {
	if earliest := a.earliest(source); first == 0 || earliest < first {
		first = earliest
	}
	place := table.Place{Bucket: a.Configured.Bucket, Root: a.root(),
		Layout: a.layout(), Accounts: accounts, First: first.String()}
	for _, t := range a.tables(source, dataset) {
		all = append(all, table.Snippets{Table: t.Infer(d), Place: place, Schema: d})
	}
	return all
}

// root is what stands before a key for tools.
func (a *App) root() string { return cmp.Or(a.Root, "s3://"+a.Configured.Bucket+"/") }

// putTables writes what those readers that are wanted run, under about/tables/.
func (a *App) putTables(ctx context.Context, all []table.Snippets, wants func(reader string) bool) error {
	layout := a.layout()
	var objects []about.Object
	for _, s := range all {
		for _, f := range s.Files() {
			if !wants(f.Reader) {
				continue
			}
			objects = append(objects, about.Object{Key: layout.Snippet(f.Reader, f.Name), Type: f.Type, Body: []byte(f.Text)})
		}
	}
	return about.Put(ctx, a.store, objects...)
}
