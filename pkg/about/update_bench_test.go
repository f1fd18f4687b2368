package about_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// BenchmarkUpdate is what a run takes to tell of an account of which so many years were exported, with a bucket
// in memory: three datasets of a part each, or ten of five parts.
func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct{ datasets, parts, days int }{{3, 1, 30}, {3, 1, 730}, {10, 5, 730}} {
		b.Run(fmt.Sprintf("%d datasets of %d parts and %d days", c.datasets, c.parts, c.days), func(b *testing.B) {
			store, wanted, result := told(c.datasets, c.parts, c.days)
			b.ReportAllocs()
			for b.Loop() {
				if err := about.Update(b.Context(), store, layout, wanted, []string{"yard"}, result, noon()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(store.Text(layout.Status())))/1000, "status-kB")
			b.ReportMetric(float64(len(store.Text(layout.Page())))/1000, "page-kB")
		})
	}
}

// told is a bucket in which an account is told of, and a run that read its last two months.
func told(datasets, parts, days int) (*snapshottest.Bucket, []about.Wanted, export.Result) {
	store := &snapshottest.Bucket{}
	today := snapshot.DayOf(noon())
	w := about.Wanted{Source: "yard", Account: "main", Zone: time.UTC, Start: today - snapshot.Day(days)}
	all, last := export.Trace{Changed: true, Whole: true}, export.Trace{Changed: true}
	for d := range datasets {
		var names []string
		for p := range parts {
			names = append(names, fmt.Sprintf("brand-%d", 100+p))
		}
		name := fmt.Sprintf("dataset_%d", d)
		w.Datasets = append(w.Datasets, about.WantedDataset{Dataset: name, Spec: "as now"})
		whole := export.DatasetTrace{Dataset: name, Parts: names, Ledgers: ledgers(name, names, w.Start, today)}
		recent := whole
		recent.Ledgers = whole.Ledgers[max(0, len(whole.Ledgers)-2):]
		all.Datasets, last.Datasets = append(all.Datasets, whole), append(last.Datasets, recent)
	}
	result := func(t *export.Trace) export.Result {
		return export.Result{Version: 1, Run: "20261123T120500Z-0000", Source: "yard", Time: noon(), Status: export.Complete,
			Accounts: []export.AccountResult{{Account: "main", Status: export.Complete, Requests: 3, Trace: t}}}
	}
	wanted := []about.Wanted{w}
	if err := about.Update(context.Background(), store, layout, wanted, []string{"yard"}, result(&all), noon()); err != nil {
		panic(err)
	}
	return store, wanted, result(&last)
}

func ledgers(dataset string, parts []string, first, last snapshot.Day) (all []snapshot.Ledger) {
	for day := first; day <= last; day++ {
		if n := len(all); n == 0 || all[n-1].Month != day.Month() {
			all = append(all, snapshot.Ledger{Version: 1, Source: "yard", Dataset: dataset, Account: "main", Month: day.Month(),
				Days: map[snapshot.Day]map[string]snapshot.Entry{}})
		}
		entries := map[string]snapshot.Entry{}
		for i, part := range parts {
			entries[part] = snapshot.Entry{Rows: int64(100 + i), Settled: day < last-3, Spec: "as now", FetchedAt: (day + 3).In(time.UTC)}
		}
		all[len(all)-1].Days[day] = entries
	}
	return all
}
