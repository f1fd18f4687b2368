package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"yardstick/pkg/export"
)

// measure writes the metrics of one run; none where there was no run.
func (h *exportHandler) measure(ctx context.Context, a *App, began time.Time, r Result, err error) {
	if r.Run == "" {
		return
	}
	var names []string
	for _, account := range r.Accounts {
		names = append(names, account.Account)
	}
	unkept := err != nil && r.Status != export.Failed // the result could not be kept, though all else went well
	if unkept {
		r.Status = export.Failed
	}
	now := a.Now()
	about := map[string]string{"run": r.Run, "status": string(r.Status), "accounts": strings.Join(names, ",")}
	metrics := append(runCounts(r, unkept), runTimes(r, now)...)
	metrics = append(metrics, beside("RunSeconds", now.Sub(began).Seconds()))
	if err := writeMetrics(h.metrics, now, r.Source, about, metrics...); err != nil {
		h.options.Log.LogAttrs(ctx, slog.LevelError, "metrics lost", slog.String("error", err.Error()))
	}
}

// runCounts are what a run counted. Failed are windows and whole accounts, and the run's result, where that is unkept: a
// run that fails has at least one. Remaining is among them where it is known of every account what was due: else a run
// that did nothing would pass for one that had nothing left. SchemaDrift is among them where there was some: CloudWatch
// takes money for each hour in which a metric comes.
func runCounts(r Result, unkept bool) []metric {
	var rows, requests, throttled, written, unchanged, failed, refused, drifted int64
	planned := true
	if unkept {
		failed++
	}
	for _, a := range r.Accounts {
		requests, throttled = requests+int64(a.Requests), throttled+int64(a.Throttled)
		planned = planned && a.Planned
		if a.Error != nil {
			failed++
			if a.Error.Kind == export.CredentialRefused {
				refused++
			}
		}
		for _, d := range a.Datasets {
			rows, failed = rows+d.Rows, failed+int64(len(d.Failed))
			written, unchanged = written+int64(d.Written), unchanged+int64(d.Unchanged)
			drifted += int64(d.Drifted)
		}
	}
	metrics := []metric{count("Rows", rows), count("Requests", requests), count("Throttled", throttled), count("Failed", failed),
		count("KeyRefused", refused), beside("Written", float64(written)), beside("Unchanged", float64(unchanged))}
	if planned {
		metrics = append(metrics, count("Remaining", int64(r.Remaining)))
	}
	if drifted > 0 {
		metrics = append(metrics, count("SchemaDrift", drifted))
	}
	return metrics
}

// runTimes are the age of the stalest account and the days of the session that ends first, as far as the run knows them.
// CloudWatch has a unit for neither.
func runTimes(r Result, now time.Time) []metric {
	var stalest, ends time.Time
	for _, a := range r.Accounts {
		stalest, ends = earlier(stalest, a.FreshAt), earlier(ends, a.RenewableUntil)
	}
	var metrics []metric
	if !stalest.IsZero() { // a run's clock may be ahead
		metrics = append(metrics, measure("FreshnessHours", "None", max(0, now.Sub(stalest).Hours())))
	}
	if !ends.IsZero() {
		metrics = append(metrics, measure("CredentialDaysLeft", "None", max(0, ends.Sub(now).Hours()/24)))
	}
	return metrics
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
