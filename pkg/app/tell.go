package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
)

// tellTime is how long a run takes at most to tell what it did, and no more than half of the time that it has left. What it
// tells is then behind until the next run that changes something.
const tellTime = 20 * time.Second

// tell brings about/ up to a run. It fails no run: what was exported is in its place, and the log says what is behind.
func (a *App) tell(ctx context.Context, accounts []export.Account, r Result) {
	limit := tellTime
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2) // the answer comes first
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var page sync.WaitGroup
	defer page.Wait()
	page.Go(func() {
		layout := a.layout()
		if err := about.Update(ctx, a.store, layout, wantedOf(r.Source, accounts), a.Sources(), r, a.Now()); err != nil {
			a.Log.LogAttrs(ctx, slog.LevelWarn, "the status page is behind", slog.String("run", r.Run), slog.String("error", err.Error()))
		}
	})
	if err := a.tellSchemas(ctx, r); err != nil {
		a.Log.LogAttrs(ctx, slog.LevelWarn, "the schemas are behind", slog.String("run", r.Run), slog.String("error", err.Error()))
	}
}

// wantedOf is what is wanted of a source's accounts, as far as the configuration tells.
func wantedOf(source string, accounts []export.Account) (all []about.Wanted) {
	for _, account := range accounts {
		w := wantedAccount(source, account)
		for _, d := range account.Datasets {
			w.Datasets = append(w.Datasets, about.WantedDataset{Dataset: d.Name, Listing: d.Listing, Spec: d.Spec})
		}
		all = append(all, w)
	}
	return all
}

func wantedAccount(source string, account export.Account) about.Wanted {
	return about.Wanted{Source: source, Account: account.Name, Zone: account.Zone, Start: account.Start,
		RestateEvery: account.RestateEvery, Refresh: account.Refresh}
}
