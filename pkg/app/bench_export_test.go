package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// BenchmarkExport does the two jobs of `make bench` in this process, for the profiler. The servers are here too; leave
// them out of a profile by `go tool pprof -ignore 'http.\(\*conn\).serve'`.
func BenchmarkExport(b *testing.B) {
	yesterday := snapshot.DayOf(time.Now().UTC()) - 1
	b.Run("purchases", func(b *testing.B) {
		yard := simulator.NewYard(simulator.YardConfig{Seed: 1, APIKey: apiKey, Now: time.Now, RequestsPerMinute: 1 << 30})
		yard.SetTicketCount(yesterday.String(), 100_000)
		benchmarkExport(b, yard, app.ScrapRight, "purchases", yesterday, yesterday, 100_000)
	})
	b.Run("report", func(b *testing.B) {
		scrunch := simulator.NewScrunch(simulator.ScrunchConfig{Seed: 1, Brands: 1, Keys: []simulator.ScrunchKey{{Key: apiKey}}, Now: time.Now})
		for ago := range snapshot.Day(10) {
			scrunch.SetResponseCount(simulator.FirstBrand, (yesterday - ago).String(), 50_000)
		}
		benchmarkExport(b, scrunch, app.Scrunch, "prompt_daily", yesterday-9, yesterday, 500_000)
	})
}

// benchmarkExport exports days of a dataset into an empty bucket, again and again.
func benchmarkExport(b *testing.B, vendor http.Handler, source, dataset string, from, to snapshot.Day, rows int) {
	server := httptest.NewServer(remembered(vendor))
	b.Cleanup(server.Close)
	cloud, err := localcloud.Open(b.TempDir(), localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			b.Error(err)
		}
	})
	endpoint, err := cloud.Start()
	if err != nil {
		b.Fatal(err)
	}
	if err := cloud.CreateBucket(bucket); err != nil {
		b.Fatal(err)
	}
	runs := 0
	run := func() {
		runs++
		account := map[string]string{app.ScrapRight: server.URL + "\n    session_secret: " + sessSecret, app.Scrunch: server.URL + "/v1"}[source]
		config := fmt.Sprintf("version: 1\nbucket: %s\nprefix: run-%d\n%s:\n  - account: main\n    api_key_secret: %s\n    url: %s\n",
			bucket, runs, source, keySecret, account)
		a, err := app.Open(b.Context(), app.Options{Config: config, Endpoint: endpoint})
		if err != nil {
			b.Fatal(err)
		}
		if err := a.CreateSecret(b.Context(), keySecret, apiKey); err != nil {
			b.Fatal(err)
		}
		result, err := a.Export(b.Context(), source, app.Event{Datasets: []string{dataset}, From: from, To: to})
		if err != nil || result.Status != export.Complete || result.Accounts[0].Datasets[0].Rows != int64(rows) {
			b.Fatalf("%v\n%s", err, show(result))
		}
	}
	run() // has the vendor make its pages
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "records/s")
}

// remembered has a vendor answer each question once, and repeats the answer to a GET from then on.
func remembered(vendor http.Handler) http.Handler {
	var mu sync.Mutex
	answers := map[string]*httptest.ResponseRecorder{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		answer := answers[r.URL.RequestURI()]
		mu.Unlock()
		if answer == nil {
			answer = httptest.NewRecorder()
			vendor.ServeHTTP(answer, r)
		}
		if r.Method == http.MethodGet && answer.Code == http.StatusOK {
			mu.Lock()
			answers[r.URL.RequestURI()] = answer
			mu.Unlock()
		}
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // a client that is gone fails by itself
	})
}
