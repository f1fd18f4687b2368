package about

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

const (
	maxRuns    = 10  // told of each source
	maxTold    = 20  // errors, warnings and failures of a kind
	runDays    = 31  // how far back results are looked for
	maxResults = 500 // read at most: one source may run rarely beside another that runs often
)

// readResults reads the last results of each source.
func (g *gathering) readResults(ctx context.Context) error {
	oldest := snapshot.DayOf(g.now.UTC()) - runDays
	var keys []string
	for info, err := range g.store.List(ctx, g.layout.Runs(), g.layout.RunsOf(oldest)) {
		if err != nil {
			return fmt.Errorf("list the runs: %w", err)
		}
		keys = append(keys, info.Key)
	}
	slices.Reverse(keys)
	keys = keys[:min(len(keys), maxResults)]
	g.results = map[string][]export.Result{}
	for some := range slices.Chunk(keys, maxSide) {
		if g.enough() {
			return nil
		}
		if err := g.readSome(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// enough says whether ten runs of every source are known.
func (g *gathering) enough() bool {
	return !slices.ContainsFunc(g.sources, func(source string) bool { return len(g.results[source]) < maxRuns })
}

func (g *gathering) readSome(ctx context.Context, keys []string) error {
	results := make([]*export.Result, len(keys))
	var jobs []func(context.Context) error
	for i, key := range keys {
		jobs = append(jobs, func(ctx context.Context) (err error) {
			results[i], err = g.readResult(ctx, key)
			return err
		})
	}
	if err := sideBySide(ctx, jobs); err != nil {
		return err
	}
	for _, r := range results {
		if r != nil && len(g.results[r.Source]) < maxRuns {
			g.results[r.Source] = append(g.results[r.Source], *r)
		}
	}
	return nil
}

// readResult reads one result; nil where it cannot be used, or is gone.
func (g *gathering) readResult(ctx context.Context, key string) (*export.Result, error) {
	body, _, err := g.store.Get(ctx, key)
	if errors.Is(err, snapshot.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a run's result: %w", err)
	}
	r, err := decodeResult(body)
	if err := errors.Join(err, body.Close()); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		g.fault(fmt.Errorf("the result %s cannot be used: %w; nothing else depends on it, and it may be deleted", key, err))
		return nil, nil
	}
	return r, nil
}

// decodeResult reads a result up to its changes, which come last and may be long.
func decodeResult(text io.Reader) (*export.Result, error) {
	r := &export.Result{}
	members := map[string]any{"version": &r.Version, "run": &r.Run, "source": &r.Source, "time": &r.Time, "status": &r.Status,
		"remaining": &r.Remaining, "accounts": &r.Accounts, "warnings": &r.Warnings}
	d, ended := json.NewDecoder(text), false
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, fmt.Errorf("expected a result in JSON: %w", cmp.Or(err, errors.New("it is no object")))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("expected a result in JSON: %w", err)
		}
		if ended = name == "changes"; ended {
			break
		}
		into, known := members[name.(string)]
		if !known {
			into = new(json.RawMessage)
		}
		if err := d.Decode(into); err != nil {
			return nil, fmt.Errorf("expected a result in JSON: its %s: %w", name, err)
		}
	}
	if _, err := d.Token(); !ended && err != nil {
		return nil, fmt.Errorf("expected a result in JSON: %w", err)
	}
	if r.Version != 1 || r.Run == "" || r.Source == "" || r.Time.IsZero() {
		return nil, fmt.Errorf("expected a result of version 1 with run, source and time, found version %d, run %q, source %q", r.Version, r.Run, r.Source)
	}
	return r, nil
}

// runsOf tells of a source's results.
func runsOf(results []export.Result) []Run {
	runs := []Run{}
	for _, r := range results {
		run := Run{Run: r.Run, Time: r.Time, Status: string(r.Status), Remaining: r.Remaining, Errors: []string{}, Warnings: []string{}}
		for _, a := range r.Accounts {
			run.Requests, run.Throttled = run.Requests+a.Requests, run.Throttled+a.Throttled
			for _, d := range a.Datasets {
				run.Rows, run.Written = run.Rows+d.Rows, run.Written+d.Written
			}
		}
		if text := r.Failures(); text != "" {
			run.Errors = first(strings.Split(text, "\n"), maxTold)
		}
		for _, w := range first(r.Warnings, maxTold) {
			run.Warnings = append(run.Warnings, warning(r.Source, w))
		}
		runs = append(runs, run)
	}
	return runs
}

func first[T any](all []T, n int) []T { return all[:min(len(all), n)] }

// warning is a line: where, what kind, and what is said.
func warning(source string, w export.Warning) string {
	words := []string{strings.Trim(source+"/"+w.Account, "/"), w.Dataset, w.Day.String()}
	if w.Part != w.Dataset {
		words = append(words, w.Part)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	return fmt.Sprintf("%s: %s: %s", strings.Join(words, " "), w.Kind, w.Message)
}

// failuresOf is what failed of a dataset when it was tried last, as far as the results tell; a ledger that cannot be used,
// which each run that is about the dataset tells again, only where the newest one does. That run is the second answer, "" for
// none. The third is the whole account's failure; nil where the newest result that has the account tells of none.
func failuresOf(results []export.Result, t table) (parts map[place]Failure, looked string, whole *Failure) {
	parts = map[place]Failure{}
	newest := true
	for _, r := range results {
		for _, a := range r.Accounts {
			if a.Account != t.account {
				continue
			}
			held := a.Status == export.Held || a.Error != nil && a.Error.Kind == export.Busy // it did nothing there
			if newest && !held && a.Error != nil {
				whole = &Failure{Time: r.Time, Run: r.Run, Kind: a.Error.Kind, Error: a.Error.Error}
			}
			newest = newest && held
			for _, d := range a.Datasets {
				if d.Dataset != t.dataset {
					continue
				}
				if looked == "" && !held && a.Error == nil {
					looked = r.Run
				}
				for _, f := range d.Failed {
					at := place{f.Day, f.Part}
					if _, told := parts[at]; !told && (f.Part != "" || r.Run == looked) {
						parts[at] = Failure{Time: r.Time, Run: r.Run, Day: f.Day, Part: f.Part, Kind: f.Kind, Error: f.Error}
					}
				}
			}
		}
	}
	return parts, looked, whole
}
