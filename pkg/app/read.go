package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"yardstick/pkg/sheet"
	"yardstick/pkg/snapshot"
)

// Reading says which records are wanted, and how. Dataset is required.
type Reading struct {
	Dataset string
	Source  string // "": the one that has the dataset
	Account string // "": all that export it
	// First and last day, inclusive. Without From: of a listing the newest reading, else yesterday where the account is.
	// Without To: up to today, of a listing, else yesterday; but at least From.
	From, To Day
	Brands   []int64 // only these; empty: all
	CSV      bool    // rows of a CSV file; false: the lines as they are stored
	Safe     bool    // with CSV: what a spreadsheet would take for a formula has a ' before it

	Observe func(ReadProgress) // called before each object; nil: not
}

// ReadProgress says how far a reading is.
type ReadProgress struct {
	Name    string // of what is read now
	Done    int    // objects
	Objects int
	Rows    int64
}

// ReadResult says what a reading found.
type ReadResult struct {
	Source   string
	Accounts []string // that were read, in their order
	Objects  int
	Rows     int64
	Gaps     []ReadGap // what is not exported; nothing of it was read
	Gone     []string  // keys that the ledger has, and that no object lies under
	Differ   []string  // keys of objects that were read and of which the ledger tells something else: a run is at it, or was cut off
	Off      []string  // accounts left out, since the dataset is off there
	Broken   int64     // values of the CSV that held what is no Unicode, and have U+FFFD there
}

// ReadGap is days of an account that are not exported.
type ReadGap struct {
	Account     string
	Part        string // "": the whole days
	First, Last Day    // no days: the newest reading of a listing
	Off         bool   // the dataset is off in the account
	Again       bool   // an export would read them, as far as is known
}

// ReadInvalid says that a reading names what there is not. Nothing was read.
type ReadInvalid struct{ Err error }

func (e *ReadInvalid) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *ReadInvalid) Unwrap() error { return e.Err }

// Read writes records that were exported, by account, day and part. Each object is read whole into a temporary file and
// held against its metadata and the ledger before anything of it is written; for CSV that is all of them, since the header
// names every member that any record has. Memory does not grow with the records. A reading that names what there is not is
// a *ReadInvalid. A damaged object is an error that names its key; what came before it was written. So is an error of the
// writer. It asks no vendor and changes nothing.
func (a *App) Read(ctx context.Context, r Reading, to io.Writer) (ReadResult, error) {
	tables, off, err := a.choose(r)
	if err != nil {
		return ReadResult{}, &ReadInvalid{err}
	}
	x := &reading{Reading: r, result: ReadResult{Source: tables[0].source, Off: off}, out: bufio.NewWriterSize(to, 64<<10)}
	var parts []snapshot.Part
	for _, t := range tables {
		x.result.Accounts = append(x.result.Accounts, t.account)
		found, gaps, err := a.find(ctx, r, t)
		if err != nil {
			return x.result, fmt.Errorf("%s/%s %s: %w", t.source, t.account, r.Dataset, err)
		}
		parts = append(parts, found...)
		x.result.Gaps = append(x.result.Gaps, gaps...)
	}
	copies, err := snapshot.NewCopies(a.store, "")
	if err != nil {
		return x.result, err
	}
	err = x.write(ctx, copies, parts)
	return x.result, errors.Join(err, x.out.Flush(), copies.Close())
}

// find tells what of a table is wanted, and what of that there is not.
func (a *App) find(ctx context.Context, r Reading, t readable) ([]snapshot.Part, []ReadGap, error) {
	book := snapshot.NewBook(a.store, a.layout(), t.source, r.Dataset, t.account)
	today := snapshot.DayOf(a.Now().In(t.zone))
	s := snapshot.Selection{First: r.From, Last: r.To, Wanted: t.wanted, Unwanted: t.unwanted}
	for _, id := range r.Brands {
		s.Parts = append(s.Parts, brandPart(id))
	}
	find := book.Find
	switch {
	case r.From == 0 && t.listing:
		find = book.FindNewest
	case r.From == 0:
		s.First, s.Last = today-1, today-1
	case r.To == 0 && t.listing:
		s.Last = max(today, r.From)
	case r.To == 0:
		s.Last = max(today-1, r.From)
	}
	parts, missing, err := find(ctx, s)
	var gaps []ReadGap
	for _, g := range missing {
		again := g.First <= today && (!t.listing || g.Last == 0 || g.Last >= today)
		gaps = append(gaps, ReadGap{Account: t.account, Part: g.Part, First: g.First, Last: g.Last, Off: t.off,
			Again: again && !t.off && len(r.Brands) == 0})
	}
	return parts, gaps, err
}

// reading is one at work.
type reading struct {
	Reading
	result ReadResult
	out    *bufio.Writer
	done   int
}

func (x *reading) write(ctx context.Context, copies *snapshot.Copies, parts []snapshot.Part) error {
	if x.CSV {
		return x.writeCSV(ctx, copies, parts)
	}
	return copies.Each(ctx, parts, false, func(c *snapshot.Copy) error {
		x.note(c, len(parts))
		_, err := c.WriteTo(x.out)
		return err
	})
}

// writeCSV reads all objects for their members' names, and then the copies of them for their values.
func (x *reading) writeCSV(ctx context.Context, copies *snapshot.Copies, parts []snapshot.Part) error {
	rows := sheet.New("account", "dt")
	rows.Safe = x.Safe
	var kept []*snapshot.Copy
	err := copies.Each(ctx, parts, true, func(c *snapshot.Copy) error {
		x.note(c, len(parts))
		kept = append(kept, c)
		return eachLine(c, rows.Note)
	})
	if err != nil {
		return err
	}
	if _, err := x.out.Write(rows.Header()); err != nil {
		return err
	}
	var row []byte
	for _, c := range kept {
		lead := [][]byte{[]byte(c.Name.Account), []byte(c.Name.Day.String())}
		err := eachLine(c, func(line []byte) (err error) {
			if row, err = rows.Row(row[:0], lead, line); err == nil {
				_, err = x.out.Write(row)
			}
			return err
		})
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	x.result.Broken = rows.Broken()
	return nil
}

// eachLine names the object in an error.
func eachLine(c *snapshot.Copy, f func(line []byte) error) error {
	number := 0
	return c.Lines(func(line []byte) error {
		number++
		if err := f(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		return nil
	})
}

// note counts a copy.
func (x *reading) note(c *snapshot.Copy, objects int) {
	if x.Observe != nil {
		x.Observe(ReadProgress{Name: c.Name.String(), Done: x.done, Objects: objects, Rows: x.result.Rows})
	}
	x.done++
	switch {
	case c.Gone:
		x.result.Gone = append(x.result.Gone, c.Key)
		return
	case c.Differs:
		x.result.Differ = append(x.result.Differ, c.Key)
	}
	x.result.Objects++
	x.result.Rows += c.Content.Rows
}

// choose finds the tables that a reading is about, by account. off are accounts that are left out.
func (a *App) choose(r Reading) (tables []readable, off []string, err error) {
	all := a.readables()
	if len(r.Source) > 0 && !slices.Contains(a.Sources(), r.Source) {
		return nil, nil, fmt.Errorf("--source: found %q, expected one that the configuration has accounts of: %q", r.Source, a.Sources())
	}
	all = only(all, func(t readable) bool { return r.Source == "" || t.source == r.Source })
	tables = only(all, func(t readable) bool { return t.dataset == r.Dataset })
	if len(tables) == 0 {
		return nil, nil, fmt.Errorf("dataset: found %q, expected one of %q", r.Dataset, names(all, func(t readable) string { return t.dataset }))
	}
	if sources := names(tables, func(t readable) string { return t.source }); len(sources) > 1 {
		return nil, nil, fmt.Errorf("dataset: %q is a dataset of %s; say which one is meant: --source %s",
			r.Dataset, strings.Join(sources, " and of "), sources[0])
	}
	if accounts := names(tables, func(t readable) string { return t.account }); r.Account != "" && !slices.Contains(accounts, r.Account) {
		return nil, nil, fmt.Errorf("--account: found %q, expected one of %q", r.Account, accounts)
	}
	if len(r.Brands) > 0 && !tables[0].brands {
		return nil, nil, fmt.Errorf("--brand: %s is not kept by brand; leave it out", r.Dataset)
	}
	return pick(tables, r.Account)
}

// pick leaves out the accounts in which a dataset is off, unless that is all of them or the one that was asked for.
func pick(tables []readable, account string) (_ []readable, off []string, _ error) {
	if account != "" {
		return only(tables, func(t readable) bool { return t.account == account }), nil, nil
	}
	on := only(tables, func(t readable) bool { return !t.off })
	if len(on) == 0 {
		return tables, nil, nil
	}
	return on, names(only(tables, func(t readable) bool { return t.off }), func(t readable) string { return t.account }), nil
}

func only[T any](all []T, wanted func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool { return !wanted(one) })
}

// names are the names of tables, each once and in order.
func names(tables []readable, name func(readable) string) []string {
	var all []string
	for _, t := range tables {
		all = append(all, name(t))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
