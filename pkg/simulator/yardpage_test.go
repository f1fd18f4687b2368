package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func equal[T comparable](a, b []T) bool { return slices.Equal(a, b) }

const day20 = "2026-11-20" // a Friday

func onDay(day string) string {
	return "/api/v1/purchase?pageSize=100&startDate=" + day + "&endDate=" + day
}

func numbered(n int) (raw []string) {
	for i := range n {
		raw = append(raw, `{"Id":`+strconv.Itoa(i+1)+`}`)
	}
	return raw
}

func TestPages(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.SetRecords(Customers, "", numbered(230))
	tests := map[string]struct {
		query       string
		first, rows int
	}{
		"defaults":              {"", 1, 25},
		"first":                 {"?page=1&pageSize=100", 1, 100},
		"last":                  {"?page=3&pageSize=100", 201, 30},
		"past the end":          {"?page=4&pageSize=100", 0, 0},
		"far past the end":      {"?page=9223372036854775807&pageSize=100", 0, 0},
		"clamped":               {"?page=2&pageSize=1000", 101, 100},
		"clamped from very far": {"?page=1&pageSize=9223372036854775807", 1, 100},
		"small":                 {"?page=77&pageSize=3", 229, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rows := c.rows("/api/v1/customer" + tt.query)
			if len(rows) != tt.rows || tt.rows > 0 && rows[0] != `{"Id":`+strconv.Itoa(tt.first)+`}` {
				t.Errorf("%d rows: %v", len(rows), rows)
			}
		})
	}
	if _, body := c.get("/api/v1/customer?page=4&pageSize=100"); !strings.HasSuffix(body, `"Data":[]}`) {
		t.Errorf("past the end: %s", body)
	}
}

func TestServerMayClampToLess(t *testing.T) {
	for _, size := range []int{100, 37, 1} {
		c := newYardClient(t, YardConfig{MaxPageSize: size, Businesses: 75})
		if rows := c.rows("/api/v1/business?pageSize=100"); len(rows) != min(size, 75) {
			t.Errorf("clamped to %d: %d rows", size, len(rows))
		}
	}
}

func TestRecordsAreServedByteForByte(t *testing.T) {
	raw := []string{
		`{"a":0.1000,"b":1E5,"c":-0,"d":123456789012345678901234567890.5}`,
		`{ "Id" : 18446744073709551617, "id":1, "Id":2 }`,
		`{"s":"\ud800 \u2028 \/ é"}`, `null`, "not JSON at all",
	}
	c := newYardClient(t, YardConfig{})
	c.SetRecords(Purchases, "2031-01-05", raw)
	_, body := c.get(onDay("2031-01-05"))
	if want := `"Data":[` + strings.Join(raw, ",") + `]}`; !strings.HasSuffix(body, want) {
		t.Errorf("%s; expected it to end in %s", body, want)
	}
}

func TestEnvelopeShapes(t *testing.T) {
	tests := map[string]struct {
		cfg  YardConfig
		want string
	}{
		"array":           {YardConfig{}, `"Data":[{"Id":1},{"Id":2}]}`},
		"array and total": {YardConfig{Total: true}, `"Data":[{"Id":1},{"Id":2}],"TotalCount":5}`},
		"nested":          {YardConfig{Nested: "Items"}, `"Data":{"Items":[{"Id":1},{"Id":2}]}}`},
		"nested with a total": {
			YardConfig{Nested: "Rows", Total: true},
			`"Data":{"Rows":[{"Id":1},{"Id":2}],"TotalCount":5}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newYardClient(t, tt.cfg)
			c.SetRecords(Businesses, "", numbered(5))
			want := `{"IsError":0,"Message":"Success.",` + tt.want
			if _, body := c.get("/api/v1/business?pageSize=2"); body != want {
				t.Errorf("%s; expected %s", body, want)
			}
		})
	}
}

func TestRangeIsInclusiveAndInOrder(t *testing.T) {
	for _, order := range []Order{Ascending, Descending} {
		c := newYardClient(t, YardConfig{Order: order})
		days := []string{"2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"}
		var want []string
		if order == Descending {
			slices.Reverse(days)
		}
		for _, day := range days {
			one, _ := c.all(onDay(day))
			want = append(want, one...)
		}
		got, pages := c.all("/api/v1/purchase?pageSize=100&startDate=2026-11-19&endDate=2026-11-23")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if pages < 4 || len(got) < 200 {
			t.Errorf("%d rows on %d pages: the range should need several", len(got), pages)
		}
		var times []string
		for _, row := range got {
			times = append(times, decode(t, row).TicketDate)
		}
		if order == Descending {
			slices.Reverse(times)
		}
		if !slices.IsSorted(times) {
			t.Errorf("order %v is not kept", order)
		}
	}
}

func TestRoutesMayDiffer(t *testing.T) {
	c := newYardClient(t, YardConfig{Routes: map[string]Route{
		Purchases: {Path: "/api/v1/purchases", From: "dateFrom", To: "dateTo", Layout: "01/02/2006", ToExclusive: true},
	}})
	want := c.Records(Purchases, day20)
	got, _ := c.all("/api/v1/purchases?pageSize=100&dateFrom=11/20/2026&dateTo=11/21/2026")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rows := c.rows("/api/v1/purchases?dateFrom=11/20/2026&dateTo=11/20/2026"); len(rows) != 0 {
		t.Errorf("an exclusive end left %d rows", len(rows))
	}
	if status, _ := c.get(onDay(day20)); status != http.StatusNotFound {
		t.Errorf("the default path: %d", status)
	}
}

func TestMutationBetweenPages(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	before := c.Records(Purchases, day20)
	first := c.rows(onDay(day20) + "&page=1")
	c.Insert(Purchases, day20, 0, `{"Id":"new"}`)
	second := c.rows(onDay(day20) + "&page=2")
	if len(before) <= 100 || second[0] != first[99] {
		t.Fatalf("of %d rows, row %s did not move to the next page", len(before), first[99])
	}
	c.Remove(Purchases, day20, 0, 2)
	c.Insert(Purchases, day20, -1, `{"Id":"last"}`)
	want := append(slices.Clone(before[1:]), `{"Id":"last"}`)
	if diff := cmp.Diff(want, c.Records(Purchases, day20)); diff != "" {
		t.Error(diff)
	}
}

func TestAddedTicketsComeAfterTheOthers(t *testing.T) {
	for _, order := range []Order{Ascending, Descending} {
		c := newYardClient(t, YardConfig{Order: order})
		before := c.Records(Purchases, "2026-11-23")
		added := append(c.AddTickets("2026-11-23", 3), c.AddTickets("2026-11-23", 1000)...)
		got := c.Records(Purchases, "2026-11-23")
		if order == Descending {
			slices.Reverse(got)
			slices.Reverse(before)
		}
		if diff := cmp.Diff(append(before, added...), got); diff != "" {
			t.Error(diff)
		}
		ids, last := map[int64]bool{}, ""
		for _, row := range got {
			ticket := decode(t, row)
			if ids[ticket.ID] || ticket.TicketDate < last || !strings.HasPrefix(ticket.TicketDate, "2026-11-23T") {
				t.Fatalf("ticket %d of %s after %s", ticket.ID, ticket.TicketDate, last)
			}
			ids[ticket.ID], last = true, ticket.TicketDate
		}
	}
}

func TestBigDayIsCheap(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.SetTicketCount(day20, 1_000_000)
	if rows := c.rows(onDay(day20) + "&page=10000"); len(rows) != 100 {
		t.Errorf("%d rows on the last page", len(rows))
	}
	if made := len(c.stock.book.chunks); made != 1 {
		t.Errorf("%d chunks of %d records were made for one page", made, chunkSize)
	}
	c.SetTicketCount(day20, 3)
	if rows, _ := c.all(onDay(day20)); len(rows) != 3 {
		t.Errorf("%d rows; expected 3", len(rows))
	}
}

func TestLookups(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	customer := c.Records(Customers, "")[4]
	status, body := c.get("/api/v1/customer/1005")
	if want := `{"IsError":0,"Message":"Success.","Data":` + customer + `}`; status != http.StatusOK || body != want {
		t.Errorf("%d %s; expected %s", status, body, want)
	}
	for _, row := range c.rows("/api/v1/business/search?name=pLUMB") {
		if !strings.Contains(row, "Plumbing") {
			t.Errorf("found by plumb: %s", row)
		}
	}
	found := c.rows("/api/v1/purchase/customer/1005?pageSize=100")
	if len(found) == 0 {
		t.Error("no purchases of a customer in 90 days")
	}
	for _, row := range found {
		if !strings.Contains(row, `"CustomerId":1005,`) {
			t.Errorf("found by customer 1005: %s", row)
		}
	}
	for _, path := range []string{
		"/api/v1/customer/1", "/api/v1/customer/x", "/api/v1/purchase/1", "/api/v1/purchase/customer/x",
	} {
		if status, _ := c.get(path); status != http.StatusNotFound {
			t.Errorf("%s: %d; expected 404", path, status)
		}
	}
}

func TestMisuseOfATestsHandlesPanics(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	for name, misuse := range map[string]func(){
		"unknown dataset":       func() { c.SetRecords("widgets", "", nil) },
		"purchases, no day":     func() { c.SetRecords(Purchases, "", nil) },
		"listing with a day":    func() { c.Records(Customers, day20) },
		"position out of range": func() { c.Remove(Businesses, "", 60, 1) },
		"before the opening":    func() { c.AddTickets("1989-12-31", 1) },
		"too many tickets":      func() { c.SetTicketCount(day20, 10_000_000) },
		"limit of 0":            func() { c.SetLimit(0) },
		"the same key again":    func() { c.Revoke(testKey) },
		"an empty key":          func() { c.Revoke("") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse()
		})
	}
	if rows := c.rows("/api/v1/business"); len(rows) == 0 { // no lock was left behind
		t.Error("the yard serves nothing any more")
	}
}

// ticket is what tests read of one.
type ticket struct {
	ID                          int64 `json:"Id"`
	TicketNumber, TicketDate    string
	CustomerID, BusinessID      *int64
	SellerName                  string
	IsVoid                      bool
	Lines                       []ticketLine
	TotalNet, TotalAmount       json.Number
	PaymentType, Cashier, Notes *string
}

type ticketLine struct {
	Material                              string
	Gross, Tare, Net, Price, Amount, Line json.Number
}

func decode(t *testing.T, row string) (out ticket) {
	t.Helper()
	if err := json.Unmarshal([]byte(row), &out); err != nil {
		t.Fatalf("%v in %s", err, row)
	}
	return out
}
