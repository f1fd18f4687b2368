package export_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// scrolls is a vendor whose windows have a known number of pages, and which stops the run after so many of them.
type scrolls struct {
	account string
	parts   map[string][]string
	pages   func(snapshot.Name) int

	*tally
}

// tally is what all accounts of a run read.
type tally struct {
	mu    sync.Mutex
	left  int // pages until the run is stopped
	stop  chan struct{}
	pages map[string]int // how often each was read, over all runs
}

// turn says whether one more page may be read.
func (c *tally) turn(page string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left <= 0 {
		select {
		case <-c.stop:
		default:
			close(c.stop)
		}
		return false
	}
	c.left--
	c.pages[page]++
	return true
}

func (*scrolls) Resume(export.Past) {}

func (*scrolls) Usage() export.Usage { return export.Usage{} }

func (v *scrolls) Parts(_ context.Context, dataset string) ([]string, error) {
	return v.parts[dataset], nil
}

func (v *scrolls) Read(ctx context.Context, w export.Window, sink export.Sink) (export.Proof, error) {
	name := snapshot.Name{Account: v.account, Dataset: w.Dataset, Part: w.Part, Day: w.Day}
	begin := 0
	if w.Cursor != nil {
		if _, err := fmt.Sscan(string(w.Cursor), &begin); err != nil {
			return export.Proof{}, err
		}
	}
	all := v.pages(name)
	for page := begin; page < all; page++ {
		if !v.turn(fmt.Sprint(name, " page ", page)) {
			<-ctx.Done()
			if page == 0 {
				return export.Proof{}, ctx.Err()
			}
			return export.Proof{}, &export.Unfinished{Cursor: []byte(fmt.Sprint(page)), Err: ctx.Err()}
		}
		if _, err := sink.Append([]byte(fmt.Sprintf(`{"of":%q,"page":%d}`, name, page))); err != nil {
			return export.Proof{}, err
		}
	}
	return export.Proof{Pages: int64(max(1, all))}, nil
}

// chain is ranged work at one bucket, in as many runs as the cuts make of it.
type chain struct {
	*rapid.T
	bucket *snapshottest.Bucket
	tally  *tally
	config func(*tally) export.Config
	runs   []export.Result
	id     int // of the last run
}

// follow exports until next is null. Each cut is after how many pages a run is stopped; those after the last one are not.
func (c *chain) follow(e export.Event, cuts []int) {
	for {
		c.tally.left, c.tally.stop = 1<<30, make(chan struct{})
		if n := len(c.runs); n < len(cuts) {
			c.tally.left = cuts[n]
		}
		if c.tally.left == 0 {
			close(c.tally.stop)
		}
		config := c.config(c.tally)
		config.Store, config.Stop = c.bucket, c.tally.stop
		config.RunID = func() string { c.id++; return fmt.Sprintf("%04x", c.id) }
		r, err := export.New(config).Run(context.Background(), e)
		if err != nil || r.Status == export.Failed || len(c.runs) > len(cuts) {
			c.Fatalf("run %d: %v %+v", len(c.runs), err, r)
		}
		want := 4 // characters of an id; more where many runs have one clock
		if e.Attempt > "1" {
			want = 8
		}
		if _, id, _ := strings.Cut(r.Run, "-"); len(id) != want {
			c.Errorf("run %d of a chain is called %s", len(c.runs), r.Run)
		}
		c.runs = append(c.runs, r)
		if r.Next == nil {
			if r.Status != export.Complete {
				c.Fatalf("the last run: %+v", r)
			}
			return
		}
		text, err := json.Marshal(r.Next)
		if err == nil {
			e, err = export.ParseEvent(text) // as it comes back from a caller
		}
		if err != nil {
			c.Fatal(err)
		}
	}
}

// data are the lines of the objects for readers.
func (c *chain) data() map[string]string {
	data := map[string]string{}
	for _, key := range c.bucket.Keys() {
		if strings.HasPrefix(key, "_yardstick/") {
			continue
		}
		plain, err := gzip.NewReader(bytes.NewReader(c.bucket.Text(key)))
		if err != nil {
			c.Fatal(err)
		}
		lines, err := io.ReadAll(plain)
		if err != nil {
			c.Fatal(err)
		}
		data[key] = string(lines)
	}
	return data
}

// However ranged or forced work is cut into runs, following next reads each page of each part that is due exactly once, and
// leaves what a single run leaves.
func TestHoweverWorkIsCutNextContinuesExactlyWhatRemains(t *testing.T) {
	today := snapshot.DateOf(2026, 11, 18)
	rapid.Check(t, func(t *rapid.T) {
		day := func(name string) snapshot.Day { return today - 5 + snapshot.Day(rapid.IntRange(0, 5).Draw(t, name)) }
		clock := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
		every := rapid.SampledFrom([]time.Duration{0, 6 * time.Hour}).Draw(t, "restate and refresh every")
		seed := rapid.Uint32().Draw(t, "pages")
		pages := func(n snapshot.Name) int {
			sum := sha256.Sum256(fmt.Append(nil, seed, n))
			return int(sum[0] % 4)
		}
		concurrency := rapid.IntRange(1, 3).Draw(t, "concurrency")
		parts := map[string][]string{"tickets": {"tickets"}, "answers": {"brand-1", "brand-2"}, "people": {"people"}}
		config := func(c *tally) export.Config {
			config := export.Config{Source: "vendor", Now: func() time.Time { return clock }}
			for _, name := range []string{"east", "west"} {
				v := &scrolls{account: name, parts: parts, pages: pages, tally: c}
				config.Accounts = append(config.Accounts, export.Account{Name: name, Zone: time.UTC, Start: today - 3, RestateDays: 2,
					RestateEvery: every, Refresh: every, Concurrency: concurrency, Vendor: v,
					Datasets: []export.Dataset{{Name: "tickets"}, {Name: "answers", Sorted: true}, {Name: "people", Listing: true}}})
			}
			return config
		}
		before := rapid.Bool().Draw(t, "an earlier run")
		start := func() *chain {
			c := &chain{T: t, bucket: &snapshottest.Bucket{}, tally: &tally{pages: map[string]int{}}, config: config}
			if before {
				c.follow(export.Event{ScheduledTime: clock.Add(-time.Hour)}, nil)
				c.runs, c.tally.pages = nil, map[string]int{}
			}
			return c
		}
		e := export.Event{From: day("from"), Force: rapid.Bool().Draw(t, "force"), ScheduledTime: clock,
			Account:  rapid.SampledFrom([]string{"", "east"}).Draw(t, "account"),
			Datasets: rapid.SampledFrom([][]string{nil, {"tickets"}, {"answers", "people"}}).Draw(t, "datasets")}
		if rapid.Bool().Draw(t, "to a day") {
			e.To = max(e.From, day("to"))
		}

		whole, cut := start(), start()
		whole.follow(e, nil)
		cut.follow(e, rapid.SliceOfN(rapid.IntRange(0, 25), 0, 12).Draw(t, "cuts"))
		for page, n := range cut.tally.pages {
			if n != 1 {
				t.Errorf("%s was read %d times", page, n)
			}
		}
		if diff := cmp.Diff(whole.tally.pages, cut.tally.pages); diff != "" {
			t.Errorf("pages read (-in one run +in %d):\n%s", len(cut.runs), diff)
		}
		if diff := cmp.Diff(whole.counts(), cut.counts()); diff != "" {
			t.Errorf("windows told of (-in one run +in %d):\n%s", len(cut.runs), diff)
		}
		if diff := cmp.Diff(whole.data(), cut.data()); diff != "" {
			t.Errorf("objects (-of one run +of %d):\n%s", len(cut.runs), diff)
		}
		for _, key := range cut.bucket.Keys() {
			if strings.Contains(key, "/spool/") {
				t.Errorf("%s is left", key)
			}
		}
	})
}

// counts are how many windows of each dataset the results tell of, over all runs.
func (c *chain) counts() map[string][2]int {
	counts := map[string][2]int{}
	for _, r := range c.runs {
		for _, a := range r.Accounts {
			for _, d := range a.Datasets {
				n := counts[a.Account+" "+d.Dataset]
				if n[0] += d.Written; d.Written+d.Unchanged > 0 {
					n[1] += d.Unchanged
					counts[a.Account+" "+d.Dataset] = n
				}
			}
		}
	}
	return counts
}
