package simulator

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

func TestDataFollowsFromSeedAndDay(t *testing.T) {
	first, second := newYardClient(t, YardConfig{Seed: 3}), newYardClient(t, YardConfig{Seed: 3})
	other := newYardClient(t, YardConfig{Seed: 4})
	second.clock.add(13 * time.Hour) // later, another day in UTC: it changes nothing
	for _, set := range [][2]string{{Purchases, day20}, {Purchases, "2026-11-23"}, {Customers, ""}, {Businesses, ""}} {
		want := first.Records(set[0], set[1])
		if diff := cmp.Diff(want, second.Records(set[0], set[1])); diff != "" {
			t.Errorf("%v differs between two yards of one seed: %s", set, diff)
		}
		if equal(want, other.Records(set[0], set[1])) {
			t.Errorf("%v is the same for another seed", set)
		}
	}
}

func TestMonthOfABelievableYard(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	weekdays, empty, twoPages := 0, 0, 0
	for back := range 30 {
		date := c.clock.now().AddDate(0, 0, -back)
		n := len(c.Records(Purchases, date.Format(time.DateOnly)))
		switch date.Weekday() {
		case time.Sunday:
			if n != 0 {
				t.Errorf("%d tickets on a Sunday", n)
			}
			empty++
		case time.Saturday:
			if n < 30 || n > 60 {
				t.Errorf("%d tickets on a Saturday", n)
			}
		default:
			if n < 60 || n > 140 {
				t.Errorf("%d tickets on a weekday", n)
			}
			weekdays++
			if n > 100 {
				twoPages++
			}
		}
	}
	if empty == 0 || twoPages == 0 || twoPages == weekdays {
		t.Errorf("%d empty days, %d of %d weekdays with two pages", empty, twoPages, weekdays)
	}
	if n := len(c.Records(Customers, "")); n != 850 {
		t.Errorf("%d customers", n)
	}
	if n := len(c.Records(Businesses, "")); n != 60 {
		t.Errorf("%d businesses", n)
	}
}

func TestTomorrowHasNoTicketsInTheZoneOfTheYard(t *testing.T) {
	zone, err := time.LoadLocation("Pacific/Auckland") // 13 hours ahead: the 24th at 04:00 there
	if err != nil {
		t.Fatal(err)
	}
	c := newYardClient(t, YardConfig{Zone: zone})
	if n := len(c.Records(Purchases, "2026-11-24")); n == 0 {
		t.Error("no tickets today")
	}
	if n := len(c.Records(Purchases, "2026-11-25")); n != 0 {
		t.Errorf("%d tickets tomorrow", n)
	}
	for _, row := range c.Records(Purchases, "2026-11-24") {
		if at := decode(t, row).TicketDate; !strings.HasPrefix(at, "2026-11-24T") || !strings.HasSuffix(at, "+13:00") {
			t.Fatalf("a ticket of the day was made at %s", at)
		}
	}
}

func TestTicketsAddUp(t *testing.T) {
	c := newYardClient(t, YardConfig{TicketsPerDay: 2000})
	names, customers := map[string]bool{}, map[int64]string{}
	for _, row := range c.Records(Customers, "") {
		var who struct {
			ID                  int64 `json:"Id"`
			FirstName, LastName string
		}
		if err := json.Unmarshal([]byte(row), &who); err != nil {
			t.Fatal(err)
		}
		customers[who.ID] = who.FirstName + " " + who.LastName
	}
	ids, voids, notes, last := map[int64]bool{}, 0, 0, ""
	for _, row := range c.Records(Purchases, day20) {
		ticket := decode(t, row)
		if ids[ticket.ID] || ticket.TicketDate < last {
			t.Fatalf("ticket %d of %s comes after one of %s", ticket.ID, ticket.TicketDate, last)
		}
		ids[ticket.ID], last = true, ticket.TicketDate
		checkSums(t, ticket)
		if (ticket.CustomerID == nil) == (ticket.BusinessID == nil) {
			t.Errorf("not one seller: %s", row)
		}
		if ticket.CustomerID != nil && customers[*ticket.CustomerID] != ticket.SellerName {
			t.Errorf("seller %q is customer %d, %q", ticket.SellerName, *ticket.CustomerID, customers[*ticket.CustomerID])
		}
		if ticket.IsVoid {
			voids++
		}
		if ticket.Notes != nil {
			notes++
		}
		for _, line := range ticket.Lines {
			names[line.Material] = true
		}
	}
	if len(names) != len(metals) || voids == 0 || notes == 0 || notes == len(ids) {
		t.Errorf("%d metals, %d voids and %d notes on %d tickets", len(names), voids, notes, len(ids))
	}
}

// checkSums holds a ticket to its arithmetic and to the spelling of its numbers.
func checkSums(t *testing.T, got ticket) {
	t.Helper()
	net, amount := new(big.Rat), new(big.Rat)
	for _, line := range got.Lines {
		if !strings.Contains(line.Amount.String(), ".") || len(line.Amount)-strings.Index(line.Amount.String(), ".") != 3 {
			t.Errorf("amount %s has no two decimals", line.Amount)
		}
		lineNet := new(big.Rat).Sub(rat(line.Gross), rat(line.Tare))
		if lineNet.Cmp(rat(line.Net)) != 0 {
			t.Errorf("%s - %s is not %s", line.Gross, line.Tare, line.Net)
		}
		if exact := new(big.Rat).Mul(lineNet, rat(line.Price)); exact.FloatString(2) != line.Amount.String() {
			t.Errorf("%s lb at %s is not %s", line.Net, line.Price, line.Amount)
		}
		net.Add(net, lineNet)
		amount.Add(amount, rat(line.Amount))
	}
	if net.Cmp(rat(got.TotalNet)) != 0 || amount.FloatString(2) != got.TotalAmount.String() {
		t.Errorf("the lines of %s make %s lb and %s; it says %s and %s", got.TicketNumber, net.FloatString(1),
			amount.FloatString(2), got.TotalNet, got.TotalAmount)
	}
}

func rat(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic(fmt.Sprintf("not a number: %q", n))
	}
	return r
}

func TestPeopleArePlainlyInvented(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	customer := regexp.MustCompile(`^\{"Id":\d+,"FirstName":"[^"]+","LastName":"[^"]+","Address":\{.*\},` +
		`"Phone":"\(555\) 555-01\d\d","DriverLicense":\{"Number":"FAKE-\d{7}","State":"[A-Z]{2}",` +
		`"Expires":"20\d\d-\d\d-\d\d"\},"Vehicle":(null|\{.*"FAKE \d{3}"\}),.*"Active":true\}$`)
	business := regexp.MustCompile(`^\{"Id":\d+,"Name":"[^"]+","TaxId":"00-\d{7}",.*` +
		`"Contacts":\[\{"Name":"[^"]+","Email":"[^"]+\.example",.*\}$`)
	for dataset, form := range map[string]*regexp.Regexp{Customers: customer, Businesses: business} {
		for _, row := range c.Records(dataset, "") {
			if !form.MatchString(row) || !json.Valid([]byte(row)) {
				t.Fatalf("%s: %s", dataset, row)
			}
		}
	}
}

func TestWordTablesAreInsidesOfJSONStrings(t *testing.T) {
	words := slices.Concat(payments[:], cashiers[:], firstNames[:], lastNames[:], trades[:], streets[:], cities[:],
		vehicles[:])
	for _, m := range metals {
		words = append(words, m.code, m.name)
	}
	for _, w := range words {
		if !json.Valid([]byte(`"` + w + `"`)) {
			t.Errorf("%q", w)
		}
	}
	for _, n := range notes {
		if !json.Valid([]byte(n)) {
			t.Errorf("%s", n)
		}
	}
}

func TestFixedDecimals(t *testing.T) {
	for _, tt := range []struct {
		v, decimals int
		want        string
	}{{184040, 2, "1840.40"}, {0, 2, "0.00"}, {7, 2, "0.07"}, {70, 2, "0.70"}, {123, 1, "12.3"}, {5, 4, "0.0005"}} {
		if got := string(appendFixed([]byte("x"), tt.v, tt.decimals)); got != "x"+tt.want {
			t.Errorf("%s; expected x%s", got, tt.want)
		}
	}
	for v, want := range map[int]string{0: "0000", 42: "0042", 9999: "9999", 10000: "10000"} {
		if got := string(appendPadded(nil, v, 4)); got != want {
			t.Errorf("%s; expected %s", got, want)
		}
	}
}

func TestYardBearsConcurrentUse(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.Fault(func(Request) *Answer { return nil })
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 30 {
				switch (worker + i) % 8 {
				case 0:
					c.Insert(Purchases, day20, 0, `{}`)
				case 1:
					c.AddTickets(day20, 1)
				case 2:
					c.SetLimit(1_000_000 + i)
				case 3:
					c.Requests()
				case 4:
					c.exchangeKey(testKey)
				case 5:
					c.Records(Purchases, "2026-11-19")
				default:
					if status, body := c.get(onDay(day20)); status != http.StatusOK {
						t.Errorf("%d %s", status, body)
					}
				}
			}
		})
	}
	wg.Wait()
	for i, r := range c.Requests() {
		if r.N != i+1 || r.Status != http.StatusOK {
			t.Errorf("request %d of the log: %+v", i+1, r)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	clock := newClock()
	y := NewYard(YardConfig{APIKey: testKey, Now: clock.now})
	y.SetTicketCount(day20, 100_000)
	day := mustDay(Purchases, day20)
	for name, cold := range map[string]bool{"made": true, "kept": false} {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				if cold {
					clear(y.stock.book.chunks)
				}
				reply := y.cut(&call{query: map[string][]string{"page": {itoa(i%1000 + 1)}, "pageSize": {"100"}}},
					y.stock.list(Purchases, day))
				b.SetBytes(int64(len(reply.Body)))
				i++
			}
		})
	}
}
