package about

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// otherwise stands for the fingerprint of what was asked where that is not what is wanted.
const otherwise = "otherwise"

// recall takes from a Status what it tells of an account, as if it had been read from the bucket again: of what failed,
// only what did so since a time.
func (g *gathering) recall(source string, a Account, wanted []WantedDataset, since time.Time) {
	for _, d := range a.Datasets {
		i := slices.IndexFunc(wanted, func(w WantedDataset) bool { return w.Dataset == d.Dataset })
		if i < 0 {
			continue // not wanted any more
		}
		b := g.books[table{source, a.Account, d.Dataset}]
		b.entries = make(map[place]fact, len(d.Months)*31*max(1, len(d.Parts)))
		for _, m := range d.Months {
			first, err := snapshot.ParseDay(m.Month + "-01")
			if err != nil {
				continue
			}
			for _, p := range m.Parts {
				b.recall(first, p, wanted[i].Spec)
			}
		}
	}
	for _, r := range formerly(a) {
		if r.Time.IsZero() || !r.Time.Before(since) {
			g.results[source] = append(g.results[source], r)
		}
	}
}

func (b *book) recall(first snapshot.Day, p PartMonth, spec string) {
	for i, letter := range p.Days {
		if letter == '-' || i >= len(p.Rows) || i >= len(p.Read) {
			continue
		}
		at := place{first + snapshot.Day(i), p.Part}
		f := fact{rows: p.Rows[i], settled: unicode.ToLower(letter) == 's', readAt: time.Unix(p.Read[i], 0).UTC(), spec: spec, there: true}
		if unicode.IsUpper(letter) {
			f.spec, f.there = otherwise, false
		}
		if i < len(p.Unreadable) {
			f.unreadable = p.Unreadable[i]
		}
		b.entries[at] = f
	}
}

// formerly is what a Status tells of an account's failures and key, as results of runs: newest first.
func formerly(a Account) (results []export.Result) {
	add := func(at time.Time, run string, told export.AccountResult) {
		told.Account = a.Account
		results = append(results, export.Result{Time: at, Run: run, Accounts: []export.AccountResult{told}})
	}
	if f := a.Error; f != nil {
		add(f.Time, f.Run, export.AccountResult{Status: export.Failed, Error: &export.Failure{Kind: f.Kind, Error: f.Error}})
	} else if a.Credential.State == Good {
		add(time.Time{}, "", export.AccountResult{Requests: 1})
	}
	var failed []export.Result
	for _, d := range a.Datasets {
		for _, f := range d.Failures {
			failed = append(failed, export.Result{Time: f.Time, Run: f.Run, Accounts: []export.AccountResult{{Account: a.Account,
				Datasets: []export.DatasetResult{{Dataset: d.Dataset, Failed: []export.Failure{{Day: f.Day, Part: f.Part, Kind: f.Kind, Error: f.Error}}}}}}})
		}
	}
	slices.SortStableFunc(failed, func(x, y export.Result) int { return y.Time.Compare(x.Time) })
	return append(results, failed...)
}

// take puts what a run found in the place of what was known of the months that it looked at, but for what was read later
// than its clock: another run has told of that already.
func (g *gathering) take(w Wanted, t export.DatasetTrace, clock time.Time) {
	b := g.books[table{w.Source, w.Account, t.Dataset}]
	if b == nil {
		return
	}
	later := map[place]bool{}
	for _, l := range t.Ledgers {
		for at, e := range b.entries {
			if later[at] = e.readAt.After(clock); at.day.Month() == l.Month && !later[at] {
				delete(b.entries, at)
			}
		}
		for day, parts := range l.Days {
			for part, entry := range parts {
				if at := (place{day, part}); !later[at] {
					f := factOf(entry)
					f.there = true
					b.entries[at] = f
				}
			}
		}
	}
	for _, n := range t.Lacking {
		at := place{n.Day, n.Part}
		f, known := b.entries[at]
		if known && slices.ContainsFunc(w.Datasets, func(d WantedDataset) bool { return d.Dataset == t.Dataset && d.Spec == f.spec }) {
			f.there = false
			b.entries[at] = f
		}
	}
}

// covered are the rows of an account's coverage table.
func (g *gathering) covered(w Wanted) []Covered {
	rows := []Covered{}
	for _, d := range w.Datasets {
		for at, e := range g.books[table{w.Source, w.Account, d.Dataset}].entries {
			rows = append(rows, Covered{Day: at.day, Source: w.Source, Dataset: d.Dataset, Account: w.Account, Part: at.part,
				Rows: e.rows, Settled: e.settled, FetchedAt: e.readAt, Unreadable: e.unreadable})
		}
	}
	sortCoverage(rows)
	return rows
}

// merged are the last runs of a source: those that are told already and others, newest first.
func merged(known, others []Run, now time.Time) []Run {
	all := slices.Clone(others)
	for _, r := range known {
		if !slices.ContainsFunc(others, func(o Run) bool { return o.Run == r.Run }) {
			all = append(all, r)
		}
	}
	all = slices.DeleteFunc(all, func(r Run) bool { return now.Sub(r.Time) > runDays*24*time.Hour })
	slices.SortFunc(all, func(a, b Run) int { return cmp.Or(b.Time.Compare(a.Time), strings.Compare(b.Run, a.Run)) })
	return first(all, maxRuns)
}

// quiet are the runs that had nothing to tell since the last that had. One that had several accounts is told once.
func quiet(traces []*export.Trace) (runs []Run) {
	for _, t := range traces {
		for _, q := range t.Quiet {
			i := slices.IndexFunc(runs, func(r Run) bool { return r.Run == q.Run })
			if i < 0 {
				i, runs = len(runs), append(runs, Run{Run: q.Run, Time: q.Time, Status: string(export.Complete), Errors: []string{}, Warnings: []string{}})
			}
			runs[i].Requests, runs[i].Rows = runs[i].Requests+q.Requests, runs[i].Rows+q.Rows
		}
	}
	return runs
}
