package main

import (
	"errors"
	"slices"
	"sync"

	"yardstick/pkg/app"
)

// chain is ranged work of one source, in one run after the other.
type chain struct {
	runs   int
	sum    app.Result // of all runs
	faults []error    // results that were not kept

	idle    int   // runs in a row that brought nothing and left the same work
	busy    bool  // the last run did not get an account's lease
	refused bool  // the last run failed, and did nothing
	before  int64 // rows that the run before the last one took up
	taken   int64 // rows that the last run took up

	mu      sync.Mutex // guards what follows
	done    map[window]bool
	resumed int64
}

// window is one part of one day.
type window struct {
	account, dataset, part string
	day                    app.Day
}

func newChain(source string) *chain {
	return &chain{sum: app.Result{Version: 1, Source: source, Status: "complete", Warnings: []app.Warning{}}, done: map[window]bool{}}
}

// observe takes note of what is done. It is safe for concurrent use.
func (c *chain) observe(o app.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch o.State {
	case "written", "unchanged", "kept":
		c.done[window{o.Account, o.Name.Dataset, o.Name.Part, o.Name.Day}] = true
	case "resumed":
		c.resumed += o.Rows
	}
}

// add counts a run in.
func (c *chain) add(e app.Event, r app.Result, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs++
	done := len(c.done)
	c.before, c.taken, c.resumed = c.taken, c.resumed, 0
	c.sum.Run, c.sum.Time, c.sum.Next = r.Run, r.Time, r.Next
	if r.Status != "failed" && err != nil {
		c.faults = append(c.faults, err)
	}
	for _, w := range r.Warnings {
		if !slices.Contains(c.sum.Warnings, w) {
			c.sum.Warnings = append(c.sum.Warnings, w)
		}
	}
	for _, a := range r.Accounts {
		c.account(a)
	}
	c.busy, c.refused = isBusy(r), r.Status == "failed" && done == 0
	if c.idle++; done > 0 || r.Next == nil || !same(e, *r.Next) {
		c.idle = 0
	}
	clear(c.done)
}

func (c *chain) account(a app.AccountResult) {
	i := slices.IndexFunc(c.sum.Accounts, func(s app.AccountResult) bool { return s.Account == a.Account })
	if i < 0 {
		i = len(c.sum.Accounts)
		c.sum.Accounts = append(c.sum.Accounts, app.AccountResult{Account: a.Account})
	}
	s := &c.sum.Accounts[i]
	s.Requests, s.Throttled = s.Requests+a.Requests, s.Throttled+a.Throttled
	s.Status, s.Session, s.Error = a.Status, a.Session, a.Error
	for _, d := range a.Datasets {
		c.dataset(s, d)
	}
}

// dataset adds what a run did for a dataset. What failed in it, or in a run before and was not made good in this one, stays
// failed.
func (c *chain) dataset(s *app.AccountResult, d app.DatasetResult) {
	i := slices.IndexFunc(s.Datasets, func(o app.DatasetResult) bool { return o.Dataset == d.Dataset })
	if i < 0 {
		i = len(s.Datasets)
		s.Datasets = append(s.Datasets, app.DatasetResult{Dataset: d.Dataset, Failed: []app.Failure{}})
	}
	sum := &s.Datasets[i]
	sum.Written, sum.Unchanged, sum.Rows = sum.Written+d.Written, sum.Unchanged+d.Unchanged, sum.Rows+d.Rows
	sum.Vanished, sum.Changed = sum.Vanished+d.Vanished, sum.Changed+d.Changed
	earlier := slices.DeleteFunc(sum.Failed, func(f app.Failure) bool {
		again := slices.ContainsFunc(d.Failed, func(o app.Failure) bool { return o.Day == f.Day && o.Part == f.Part })
		return again || c.done[window{s.Account, d.Dataset, f.Part, f.Day}]
	})
	sum.Remaining = d.Remaining + len(earlier)
	sum.Failed = append(earlier, d.Failed...)
}

// stuck says why another run would bring no more than the last one, or nothing where it may.
func (c *chain) stuck() string {
	switch {
	case c.refused && !c.busy:
		return "the last run failed and did nothing"
	case c.idle < 2 || c.taken > c.before: // a long window grows from run to run
		return ""
	case c.busy:
		return "another run has held an account for two runs' time"
	}
	return "two runs in a row did nothing and left the same work; a longer --time-limit may help"
}

// same says whether two events are about the same work.
func same(a, b app.Event) bool {
	return (a.Account == b.Account || a.Account == "") && a.From == b.From && a.To == b.To && slices.Equal(a.Datasets, b.Datasets)
}

// isBusy says that a run failed for no other reason than that others held its accounts.
func isBusy(r app.Result) bool {
	held := false
	for _, a := range r.Accounts {
		switch {
		case a.Error != nil && a.Error.Kind == "busy":
			held = true
		case a.Status == "failed":
			return false
		}
	}
	return held
}

// outcome is how it all ended.
func (c *chain) outcome() outcome {
	x := outcome{source: c.sum.Source, result: c.sum, runs: c.runs}
	x.result.Remaining = 0
	if x.result.Next != nil {
		x.result.Status = "partial"
	}
	for i, a := range x.result.Accounts {
		if a.Error != nil && a.Error.Kind == "busy" && c.idle < 2 { // it was stopped while it waited
			x.result.Accounts[i].Error = nil
		}
		for _, d := range a.Datasets {
			x.result.Remaining += d.Remaining
		}
	}
	if told := x.result.Failures(); told != "" {
		x.result.Status = "failed"
		x.err = &app.ExportFailed{Run: c.sum.Run, Err: errors.Join(append([]error{errors.New(told)}, c.faults...)...)}
	} else if len(c.faults) > 0 {
		x.err = errors.Join(c.faults...)
	}
	return x
}
