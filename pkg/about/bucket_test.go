package about_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// bucket is a Store in memory, filled by the tests, whose reading can fail.
type bucket struct {
	snapshottest.Bucket
	mu     sync.Mutex
	faults map[string]error // by key or prefix
	gets   []string
}

func newBucket() *bucket { return &bucket{faults: map[string]error{}} }

func (b *bucket) Get(ctx context.Context, key string) (io.ReadCloser, snapshot.Info, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gets = append(b.gets, key)
	if err := b.faults[key]; err != nil {
		return nil, snapshot.Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	return b.Bucket.Get(ctx, key)
}

func (b *bucket) List(ctx context.Context, prefix, after string) iter.Seq2[snapshot.Info, error] {
	if err := b.faults[prefix]; err != nil {
		return func(yield func(snapshot.Info, error) bool) {
			yield(snapshot.Info{}, fmt.Errorf("list %s: %w", prefix, err))
		}
	}
	return b.Bucket.List(ctx, prefix, after)
}

// lay puts an object there.
func (b *bucket) lay(key string, text []byte) { b.Lay(snapshot.Info{Key: key}, text) }

// layout is where all of these tests' objects lie.
var layout = snapshot.Layout{Prefix: "team/"}

// export puts a part of a day into the bucket, and into the ledger what change makes of its entry.
func (b *bucket) export(name snapshot.Name, read time.Time, change func(*snapshot.Entry)) {
	e := snapshot.Entry{Key: layout.Data(name), Rows: 10, Pages: 1, FetchedAt: read, Settled: true, Spec: "as now", Window: [2]snapshot.Day{name.Day, name.Day}}
	if change != nil {
		change(&e)
	}
	b.lay(e.Key, []byte("rows"))
	key := layout.Ledger(name.Source, name.Dataset, name.Account, name.Day.Month())
	l := snapshot.Ledger{Version: 1, Source: name.Source, Dataset: name.Dataset, Account: name.Account, Month: name.Day.Month(),
		Days: map[snapshot.Day]map[string]snapshot.Entry{}}
	if text := b.Text(key); text != nil {
		must(json.Unmarshal(text, &l))
	}
	if l.Days[name.Day] == nil {
		l.Days[name.Day] = map[string]snapshot.Entry{}
	}
	l.Days[name.Day][name.Part] = e
	b.lay(key, encoded(l))
}

// ran keeps the result of a run at a moment, as a run keeps it.
func (b *bucket) ran(source string, at time.Time, status export.Status, accounts ...export.AccountResult) {
	id := at.UTC().Format("20060102T150405Z") + "-" + source[:4]
	r := struct {
		export.Result
		Changes []export.Change `json:"changes"`
	}{export.Result{Version: 1, Run: id, Source: source, Time: at.UTC(), Status: status, Accounts: accounts, Warnings: []export.Warning{}},
		[]export.Change{{Account: "main"}}}
	b.lay(layout.Run(snapshot.DayOf(at.UTC()), id), encoded(r))
}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func gather(t testing.TB, b *bucket, wanted ...about.Wanted) about.Status {
	t.Helper()
	s, err := about.Gather(t.Context(), b, layout, wanted, noon())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func date(text string) snapshot.Day {
	day, err := snapshot.ParseDay(text)
	must(err)
	return day
}

func purchasesOf(account, day string) snapshot.Name {
	return snapshot.Name{Source: "scrapright", Dataset: "purchases", Account: account, Day: date(day), Part: "purchases"}
}

// yard wants a yard's purchases from a day on.
func yard(account, start string) about.Wanted {
	return about.Wanted{Source: "scrapright", Account: account, Zone: time.UTC, Start: date(start), RestateEvery: 6 * time.Hour, Refresh: 6 * time.Hour,
		Datasets: []about.WantedDataset{{Dataset: "purchases", Spec: "as now", Parts: []string{"purchases"}}}}
}

// letters are the states of a dataset's days of one month.
func letters(t testing.TB, d about.Dataset, month string) string {
	t.Helper()
	for _, m := range d.Months {
		if m.Month == month {
			return m.Days
		}
	}
	t.Fatalf("no %s in %+v", month, d.Months)
	return ""
}
