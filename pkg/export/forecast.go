package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yardstick/pkg/snapshot"
)

// Forecast tells what a run at this moment would do.
type Forecast struct {
	Version  int               `json:"version"`
	Source   string            `json:"source"`
	Time     time.Time         `json:"time"`
	Accounts []AccountForecast `json:"accounts"`
}

// AccountForecast tells what is due for one account and what it costs at the vendor.
type AccountForecast struct {
	Account   string            `json:"account"`
	Today     snapshot.Day      `json:"today"`
	PerMinute int               `json:"requests_per_minute"` // 0: no limit is known
	Requests  int               `json:"requests"`
	Opening   int               `json:"opening"`  // of these, what comes before the first window: for a token, or the list of parts
	AtLeast   bool              `json:"at_least"` // pages are unknown: there may be more requests
	Seconds   int               `json:"seconds"`  // at that pace, from a free minute on
	Runs      int               `json:"runs"`     // of the length that was asked for
	Datasets  []DatasetForecast `json:"datasets"`
}

// DatasetForecast tells what is due of one dataset.
type DatasetForecast struct {
	Dataset   string       `json:"dataset"`
	Open      int          `json:"open"`      // days that are not over
	Unsettled int          `json:"unsettled"` // closed days to read again
	Listings  int          `json:"listings"`
	Backlog   int          `json:"backlog"` // days never exported, missing, or asked differently
	Verify    int          `json:"verify"`  // settled days to read once more when time is left
	First     snapshot.Day `json:"first,omitzero"`
	Last      snapshot.Day `json:"last,omitzero"`
	Requests  int          `json:"requests"`
	AtLeast   bool         `json:"at_least"`
}

// Plan tells what a run would do now, and how many runs of a length it takes. It writes nothing, takes no lease and
// spends no token; a vendor is called for its list of parts at most. An event that names what there is not is an *EventError.
// Any other error is of accounts that cannot be planned, and comes beside the forecast of the others.
func (x *Exporter) Plan(ctx context.Context, e Event, length time.Duration) (Forecast, error) {
	accounts, err := x.selected(e)
	if err != nil {
		return Forecast{}, err
	}
	f := Forecast{Version: 1, Source: x.Source, Time: x.clock(e), Accounts: []AccountForecast{}}
	var faults []error
	for _, a := range accounts {
		r := newAccountRun(x.Config, a, e, "", f.Time)
		account, err := r.forecast(ctx, length)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s/%s: %w", x.Source, a.Name, err))
			continue
		}
		f.Accounts = append(f.Accounts, account)
	}
	return f, errors.Join(faults...)
}

func (r *accountRun) forecast(ctx context.Context, length time.Duration) (AccountForecast, error) {
	f := AccountForecast{Account: r.account.Name, Today: r.planner.today, Datasets: []DatasetForecast{}}
	if err := r.prepare(ctx); err != nil {
		return f, err
	}
	pace, tokens, err := r.account.Forecast.PerMinute(ctx)
	if err != nil {
		return f, err
	}
	f.PerMinute = pace
	for _, d := range r.datasets {
		if len(d.result.Failed) > 0 { // a forecast without these days would be too low
			return f, fmt.Errorf("%s: %s", d.Name, d.result.Failed[0].Error)
		}
		line := DatasetForecast{Dataset: d.Name}
		for _, t := range r.queue {
			if t.dataset == d {
				line.add(t, r.account.Forecast)
			}
		}
		f.Requests += line.Requests
		f.AtLeast = f.AtLeast || line.AtLeast
		f.Datasets = append(f.Datasets, line)
	}
	if f.Requests > 0 {
		f.Opening = tokens + r.account.Vendor.Usage().Requests // a run asks for the parts as this plan did
		f.Requests += f.Opening
		f.Seconds, f.Runs = paced(f.Requests, pace, length)
	}
	return f, nil
}

// paced is how long requests take at a pace, from a free minute on, and in how many runs of a length. The first minute's
// requests go out at once, and so do those of every further one.
func paced(requests, perMinute int, length time.Duration) (seconds, runs int) {
	if perMinute == 0 {
		return 0, 1
	}
	minutes := int((length - finishing(length) + time.Minute - 1) / time.Minute) // begun in one run
	each := minutes * perMinute
	return (requests - 1) / perMinute * 60, (requests + each - 1) / each
}

func (f *DatasetForecast) add(t *task, cost Forecaster) {
	switch t.class {
	case openDay:
		f.Open++
	case unsettledDay:
		f.Unsettled++
	case listing:
		f.Listings++
	case backlog:
		f.Backlog++
	case verification:
		f.Verify++
	}
	if f.First == 0 || t.name.Day < f.First {
		f.First = t.name.Day
	}
	f.Last = max(f.Last, t.name.Day)
	n, exact := cost.Requests(t.name.Dataset, t.last())
	f.Requests += n
	f.AtLeast = f.AtLeast || !exact
}

// last is what is known of a window's last reading: for a listing, of another day where today's was not read yet.
func (t *task) last() Reading {
	switch {
	case t.saved != nil: // a part of it is read already
		return Reading{}
	case t.entry.Key != "":
		return Reading{Pages: t.entry.Pages, Rows: t.entry.Rows, Total: t.entry.Total != nil}
	}
	return Reading{Rows: max(0, t.before)}
}
