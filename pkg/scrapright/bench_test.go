package scrapright

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// shelf answers for a day of purchases with pages that were made before, and lets a yard answer for the rest.
type shelf struct {
	yard    *simulator.Yard
	pages   []string
	records int
}

func newShelf(t testing.TB, atLeast int) *shelf {
	t.Helper()
	s := &shelf{yard: simulator.NewYard(simulator.YardConfig{APIKey: yardKey, Now: time.Now, TicketsPerDay: atLeast * 2})}
	lines := s.yard.Records(simulator.Purchases, today)
	if len(lines) < atLeast {
		t.Fatalf("a day of %d purchases, expected %d", len(lines), atLeast)
	}
	s.records = atLeast
	for at := 0; at <= s.records; at += 100 {
		page := strings.Join(lines[at:min(at+100, s.records)], ",")
		s.pages = append(s.pages, `{"IsError":0,"Message":"Success.","Data":[`+page+`]}`)
	}
	return s
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/purchase") {
		answer := httptest.NewRecorder()
		r.RemoteAddr = yardAddress
		s.yard.ServeHTTP(answer, r)
		return answer.Result(), nil
	}
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page > len(s.pages) {
		return nil, fmt.Errorf("page %d of %d, %w", page, len(s.pages), err)
	}
	body := s.pages[page-1]
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}, nil
}

// source is a Source before the shelf.
func (s *shelf) source(t testing.TB) *Source {
	t.Helper()
	pace := rest.NewPace(time.Now)
	pace.SetLimit(1_000_000)
	client, err := rest.New(rest.Config{BaseURL: "http://" + yardAddress, Transport: s, Pace: pace, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	source, vault := newSource(client, pace, map[string]Dataset{
		"purchases": {Path: "/api/v1/purchase", From: "startDate", To: "endDate", DateFormat: "2006-01-02", PageSize: 100},
	})
	source.Ladder = ladderOf(vault, client, rest.NewPace(time.Now)) // whose grant is none of this pace's
	vault.Store(keySecret, yardKey)
	return source
}

// BenchmarkPurchases is the way of a day's purchases from the answers' bytes to the finished object.
func BenchmarkPurchases(b *testing.B) {
	s := newShelf(b, 20_000)
	source, spool := s.source(b), snapshottest.NewSpool(b)
	spool.Observer = new(observer)
	defer func() { _ = spool.Close() }()
	b.ReportAllocs()
	for b.Loop() {
		s.read(b, source, spool)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*s.records), "ns/record")
}

func (s *shelf) read(t testing.TB, source *Source, spool *snapshot.Spool) {
	t.Helper()
	day, err := snapshot.ParseDay(today)
	if err != nil {
		t.Fatal(err)
	}
	if err := spool.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Read(t.Context(), export.Window{Dataset: "purchases", Part: "purchases", Day: day}, spool); err != nil {
		t.Fatal(err)
	}
	if content, err := spool.Finish(); err != nil || content.Rows != int64(s.records) {
		t.Fatal(content, err)
	}
}

// A day may have a million purchases: only their pages allocate, some 80 times each, nearly all of it in net/http.
func TestPagesOfPurchasesAllocateNextToNothing(t *testing.T) {
	s := newShelf(t, 5_000)
	source, spool := s.source(t), snapshottest.NewSpool(t)
	defer func() { _ = spool.Close() }()
	allocations := testing.AllocsPerRun(3, func() { s.read(t, source, spool) })
	if perPage := allocations / float64(len(s.pages)); perPage > 120 {
		t.Errorf("%.0f allocations for each page of 100 purchases, expected at most 120", perPage)
	}
}
