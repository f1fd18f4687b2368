package app_test

import (
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

const (
	readerAddress = "127.0.0.1:1004"
	latestCopy    = "latest/scrapright/customers/account=main/customers.json.gz"
)

// reader is a customer of the bucket: it reads objects over and over, on a way of its own.
type reader struct {
	*world
	client *http.Client
	seen   map[string][]int // by key: the versions in the order they were seen, each change once
	reads  int
}

// versioned are the records of a list in one of its versions.
func versioned(version, rows int) []string {
	var all []string
	for id := range rows {
		all = append(all, fmt.Sprintf(`{"id":%d,"version":%d}`, id, version))
	}
	return all
}

// get answers a request to the bucket, with its body read to the end.
func (r *reader) get(path string) (body []byte, status int) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+readerAddress+"/"+bucket+path, nil)
	if err != nil {
		r.Error(err)
		return nil, 0
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=reader/20261118/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	request.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	answer, err := r.client.Do(request)
	if err != nil {
		r.Error(err)
		return nil, 0
	}
	body, err = io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		r.Errorf("%s: cut off: %v", path, err)
	}
	return body, answer.StatusCode
}

// look reads an object, which must be there and be one version of its list, whole.
func (r *reader) look(key string, rows int) {
	body, status := r.get("/" + key)
	if status != http.StatusOK {
		r.Errorf("%s: answered %d: a gap", key, status)
		return
	}
	plain, err := gzip.NewReader(strings.NewReader(string(body)))
	if err != nil {
		r.Errorf("%s: %v", key, err)
		return
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		r.Errorf("%s: a cut file: %v", key, err)
		return
	}
	var id, version int
	if _, err := fmt.Sscanf(string(text), `{"id":%d,"version":%d}`, &id, &version); err != nil {
		r.Errorf("%s: %.60q", key, text)
		return
	}
	if want := strings.Join(versioned(version, rows), "\n") + "\n"; string(text) != want {
		r.Errorf("%s: no whole version %d: a mix", key, version)
	}
	r.reads++
	if seen := r.seen[key]; len(seen) == 0 || seen[len(seen)-1] != version {
		r.seen[key] = append(seen, version)
	}
}

// list checks that a partition has its one object and nothing beside it.
func (r *reader) list(key string) {
	prefix, _, _ := strings.Cut(key, "dt=2026-11-18")
	body, status := r.get("?list-type=2&prefix=" + url.QueryEscape(prefix+"dt=2026-11-18"))
	var listing struct{ Contents []struct{ Key string } }
	if err := xml.Unmarshal(body, &listing); err != nil || status != http.StatusOK || len(listing.Contents) != 1 || listing.Contents[0].Key != key {
		r.Errorf("%s: listed %v, %d %v; expected the one object", prefix, listing.Contents, status, err)
	}
}

// poll reads every few milliseconds until done.
func (r *reader) poll(rows int, done <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(7+n%5) * time.Millisecond):
		}
		for _, key := range []string{purchases("2026-11-18"), customers("2026-11-18"), latestCopy} {
			r.look(key, rows)
		}
		r.list([]string{purchases("2026-11-18"), customers("2026-11-18")}[n%2])
	}
}

// TestAReaderSeesTheOldDayOrTheNewOne polls objects while runs replace them, every few milliseconds of calls that take as
// long. In every second run the yard's data changes while the run reads it.
func TestAReaderSeesTheOldDayOrTheNewOne(t *testing.T) {
	const rows, versions = 23, 4
	inWorld(t, simulator.YardConfig{MaxPageSize: 10}, "start: 2026-11-18\nrefresh: 0s\ndatasets: {businesses: {off: true}}", func(w *world) {
		change := func(version int) {
			w.yard.SetRecords(simulator.Purchases, "2026-11-18", versioned(version, rows))
			w.yard.SetRecords(simulator.Customers, "", versioned(version, rows))
		}
		change(0)
		w.run(app.Event{}, export.Complete)
		w.network.Serve(w, readerAddress, w.cloud.Handler())
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			hold := time.Duration(2+c.N%7) * time.Millisecond
			return &faultproxy.Answer{Delay: hold}
		})
		r := &reader{world: w, client: &http.Client{Transport: w.network.Transport(w)}, seen: map[string][]int{}}
		done := make(chan struct{})
		var polling sync.WaitGroup
		polling.Go(func() { r.poll(rows, done) })
		a := w.open()
		for version := 1; version < versions; version++ {
			w.pass(time.Second)
			w.yard.Fault(func(r simulator.Request) *simulator.Answer {
				if version%2 == 0 && r.Endpoint == simulator.Purchases && r.Page == 2 {
					change(version)
				}
				return &simulator.Answer{Delay: 4 * time.Millisecond}
			})
			if version%2 == 1 {
				change(version)
			}
			if result, err := a.Export(w.Context(), app.ScrapRight, app.Event{}); err != nil || result.Status == export.Failed {
				t.Errorf("%v %s", err, show(result))
			}
		}
		w.pass(time.Second)
		close(done)
		polling.Wait()
		for _, key := range []string{purchases("2026-11-18"), customers("2026-11-18"), latestCopy} {
			if seen := r.seen[key]; !slices.Equal(seen, []int{0, 1, 2, 3}) {
				t.Errorf("%s: versions %v were seen, expected each, one after the other", key, seen)
			}
		}
		if r.reads < 200 {
			t.Errorf("%d reads", r.reads)
		}
	})
}

// etags are the ETags of all data objects and copies in latest/, as a listing of the bucket tells them.
func (w *world) etags() []string {
	w.Helper()
	r := &reader{world: w, client: &http.Client{Transport: w.network.Transport(w)}}
	w.network.Serve(w, readerAddress, w.cloud.Handler())
	body, status := r.get("?list-type=2")
	var listing struct {
		Contents []struct{ Key, ETag, LastModified string }
	}
	if err := xml.Unmarshal(body, &listing); err != nil || status != http.StatusOK || len(listing.Contents) == 1000 {
		w.Fatal(status, err)
	}
	var all []string
	for _, c := range listing.Contents {
		if !strings.HasPrefix(c.Key, "_yardstick/") {
			all = append(all, fmt.Sprint(c))
		}
	}
	return all
}

// unchangedRuns runs 50 times before a vendor whose data stands still: what it reads again, it finds as it is.
func (w *world) unchangedRuns(datasets int) {
	w.Helper()
	w.run(app.Event{}, export.Complete)
	objects, since := w.etags(), len(w.aws.Calls())
	a, unchanged := w.open(), 0
	for n := range 50 {
		w.pass(5 * time.Minute)
		result, err := a.Export(w.Context(), w.source, app.Event{})
		if err != nil || result.Status != export.Complete {
			w.Fatalf("run %d: %v %s", n, err, show(result))
		}
		for _, d := range result.Accounts[0].Datasets {
			if unchanged += d.Unchanged; d.Written != 0 || d.Vanished != 0 || d.Changed != 0 || len(d.Failed) != 0 {
				w.Errorf("run %d: %s", n, show(d))
			}
		}
	}
	for _, c := range w.aws.Calls()[since:] {
		if c.Operation == "PutObject" && !strings.HasPrefix(c.Key, "_yardstick/") || c.Operation == "DeleteObject" {
			w.Errorf("%s of %s", c.Operation, c.Key)
		}
	}
	if now := w.etags(); !slices.Equal(objects, now) || len(objects) < datasets || unchanged < 50*datasets {
		w.Errorf("%d readings; objects before\n%q\nand after\n%q", unchanged, objects, now)
	}
}

func TestFiftyUnchangedRunsLeaveEveryObjectAsItIs(t *testing.T) {
	t.Run("a yard", func(t *testing.T) {
		const settings = "start: 2026-11-17\nrestate_every: 0s\nrefresh: 0s"
		inWorld(t, simulator.YardConfig{TicketsPerDay: 3, Customers: 3, Businesses: 3}, settings, func(w *world) { w.unchangedRuns(4) }) // two days, two listings
	})
	t.Run("a Scrunch, in another order each time", func(t *testing.T) {
		const settings = "start: 2026-11-18\nrestate_every: 0s\nrefresh: 0s\nreports: {brand_daily: {off: true}, prompt_daily: {off: true}, " +
			"competitor_daily: {off: true}, citation_daily: {off: true}}\ndatasets: {prompts: {off: true}, personas: {off: true}, competitors: {off: true}, responses: {off: true}}"
		inScrunch(t, simulator.ScrunchConfig{Brands: 1, Prompts: 2}, settings, func(w *world, _ *simulator.Scrunch) { w.unchangedRuns(2) })
	})
}
