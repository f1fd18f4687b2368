package functions_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/simulator"
)

// runtimeSettings is what the template sets of Go's runtime for a function, by its logical id.
func runtimeSettings(t *testing.T, id string) []string {
	t.Helper()
	f, ok := readTemplate(t).functions()[id]
	if !ok {
		t.Fatalf("the template has no %s", id)
	}
	set := f.at("Environment", "Variables").(mapping)
	return []string{"GOMEMLIMIT=" + set.text("GOMEMLIMIT"), "GOGC=" + set.text("GOGC")}
}

// longDay is a yard one day of which has a great many purchases. It numbers the records of one page anew for each, since a
// simulator that makes them all would take longer than the export.
type longDay struct {
	yard http.Handler
	day  string
	rows int
	page []byte // of a hundred records
	ids  []int  // where each one's number is, twelve digits
}

const longRecord = `{"Id":000000000000,"TicketNumber":"20261123-0001","TicketDate":"2026-11-23T07:06:10-06:00","Type":"Purchase","SellerType":"Customer",` +
	`"CustomerId":1797,"BusinessId":null,"SellerName":"Quentin Tran","Lines":[{"Line":1,"MaterialCode":"BR-RD","Material":"Brass Red","Gross":138.5,` +
	`"Tare":18.5,"Net":120.0,"Unit":"lb","Price":2.8200,"Amount":338.40},{"Line":2,"MaterialCode":"CU-2","Material":"Copper No. 2","Gross":31.5,` +
	`"Tare":1.5,"Net":30.0,"Unit":"lb","Price":3.6100,"Amount":108.30}],"TotalNet":150.0,"TotalAmount":446.70,"PaymentType":"Check",` +
	`"CheckNumber":20765,"Cashier":"tkowalski","IsVoid":false,"Notes":null}`

func newLongDay(yard http.Handler, day string, rows int) *longDay {
	d := &longDay{yard: yard, day: day, rows: rows, page: []byte(`{"IsError":0,"Message":"Success.","Data":[`)}
	for i := range 100 {
		if i > 0 {
			d.page = append(d.page, ',')
		}
		d.ids = append(d.ids, len(d.page)+len(`{"Id":`))
		d.page = append(d.page, longRecord...)
	}
	d.page = append(d.page, "]}"...)
	return d
}

func (d *longDay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || !strings.HasSuffix(r.URL.Path, "/purchase") {
		d.yard.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if first := (page - 1) * 100; first < d.rows {
		body := append([]byte{}, d.page...)
		for i, at := range d.ids {
			copy(body[at:], fmt.Sprintf("1%011d", first+i))
		}
		_, _ = w.Write(body) // the export tells when it did not arrive
		return
	}
	_, _ = w.Write([]byte(`{"IsError":0,"Message":"Success.","Data":[]}`))
}

// used is the most memory that a function had, once it exported all that an event asks for.
func used(t *testing.T, d deployment, id, event string) (peaked, rows int) {
	t.Helper()
	binary := bootstrap(t, map[string]string{"ScrapRightExport": "scrapright-export", "ScrunchExport": "scrunch-export"}[id])
	f := start(t, binary, 5*time.Minute, append(d.env, runtimeSettings(t, id)...)...)
	got := f.invoke(event)
	peaked = peak(t, processOf(t, binary))
	var result struct {
		Status   string
		Accounts []struct{ Datasets []struct{ Rows int } }
	}
	if err := json.Unmarshal(got.body, &result); got.errorType != "" || err != nil || result.Status != "complete" {
		t.Fatalf("%s: %s %s %v", got.errorType, got.message, got.body, err)
	}
	for _, dataset := range result.Accounts[0].Datasets {
		rows += dataset.Rows
	}
	if peaked >= mostMemory {
		t.Errorf("%d bytes resident, expected less than %d", peaked, mostMemory)
	}
	return peaked, rows
}

func TestADayOfAMillionPurchasesPassesInLittleMemory(t *testing.T) {
	const rows = 1_000_000
	day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	yard := simulator.NewYard(simulator.YardConfig{APIKey: yardKey, Now: time.Now, RequestsPerMinute: 1 << 30})
	server := httptest.NewServer(newLongDay(yard, day, rows))
	t.Cleanup(server.Close)
	config := fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrapright:\n  - account: main\n    url: %s\n    api_key_secret: yard/key\n    session_secret: yard/session\n", server.URL)
	d := deploy(t, config, "yard/key", yardKey)
	peaked, read := used(t, d, "ScrapRightExport", fmt.Sprintf(`{"datasets":["purchases"],"from":%q,"to":%q}`, day, day))
	lines := countLines(t, filepath.Join(d.dir, "s3", "acme-reporting", "scrapright", "purchases", "account=main", "dt="+day, "purchases.json.gz"))
	if read != rows || lines != rows {
		t.Errorf("%d rows were read and %d lines are there, expected %d", read, lines, rows)
	}
	t.Logf("a day of %d purchases: at most %.1f MiB resident", rows, float64(peaked)/(1<<20))
}

func TestFiftyBrandsSideBySidePassInLittleMemory(t *testing.T) {
	const brands = 50
	s := simulator.NewScrunch(simulator.ScrunchConfig{Brands: brands, Prompts: 20, Keys: []simulator.ScrunchKey{{Key: scrunchKey}}, Now: time.Now})
	url, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for _, concurrency := range []int{4, brands} {
		config := fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrunch:\n  - account: main\n    url: %s\n    api_key_secret: scrunch/key\n"+
			"    concurrency: %d\n    start: %s\n", url, concurrency, time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly))
		peaked, read := used(t, deploy(t, config, "scrunch/key", scrunchKey), "ScrunchExport", `{}`)
		t.Logf("%d brands, %d windows at once, %d rows: at most %.1f MiB resident", brands, concurrency, read, float64(peaked)/(1<<20))
	}
}

// countLines counts the lines of an object that may be larger than memory.
func countLines(t *testing.T, path string) (lines int) {
	t.Helper()
	plain := openLines(t, path)
	for block := make([]byte, 1<<20); ; {
		n, err := plain.Read(block)
		lines += bytes.Count(block[:n], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
