package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"time"

	"yardstick/pkg/simulator"
)

// second is the account beside main, northBrand the only brand that its Scrunch key opens.
const (
	second     = "north-yard"
	northBrand = simulator.FirstBrand + 1
)

// place is where a vendor serves an account, and the account's API key.
type place struct {
	URL string `json:"url"`
	Key string `json:"key"`
}

// told is the first line of output.
type told struct {
	ScrapRight map[string]place `json:"scrapright"`
	Scrunch    map[string]place `json:"scrunch"`
	Truth      string           `json:"truth"`
}

type vendors struct {
	yards   map[string]*simulator.Yard
	scrunch *simulator.Scrunch
}

func run(in io.Reader, out io.Writer) error {
	v := &vendors{yards: map[string]*simulator.Yard{}}
	began := time.Now()
	clock := func() time.Time { return began }
	t := told{ScrapRight: map[string]place{}, Scrunch: map[string]place{}}
	for i, account := range []string{"main", second} {
		key := rand.Text()
		v.yards[account] = simulator.NewYard(simulator.YardConfig{Seed: uint64(i + 1), Name: account, APIKey: key, Now: clock,
			RequestsPerMinute: 60000, TicketsPerDay: 120, Customers: 250, Businesses: 30, Total: true})
		url, stop, err := v.yards[account].Start()
		if err != nil {
			return err
		}
		defer stop()
		t.ScrapRight[account] = place{url, key}
	}
	keys := []simulator.ScrunchKey{{Key: rand.Text()}, {Key: rand.Text(), Brands: []int{northBrand}}}
	v.scrunch = simulator.NewScrunch(simulator.ScrunchConfig{Seed: 1, Keys: keys, Now: clock, Brands: 2})
	url, stop, err := v.scrunch.Start()
	if err != nil {
		return err
	}
	defer stop()
	t.Scrunch["main"], t.Scrunch[second] = place{url, keys[0].Key}, place{url, keys[1].Key}
	truth := httptest.NewServer(v)
	defer truth.Close()
	t.Truth = truth.URL
	if err := json.NewEncoder(out).Encode(t); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// ServeHTTP tells what a dataset holds, as a list of records (/records?source=&account=&dataset=&brand=&day=), or what a
// yard was asked for since it began (/asked?account=).
func (v *vendors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	yard := v.yards[q.Get("account")]
	var answer any
	switch {
	case r.URL.Path == "/asked" && yard != nil:
		answer = map[string]int{"exchanges": yard.Count(simulator.TokenEndpoint), "refreshes": yard.Count(simulator.RefreshEndpoint),
			"refused": yard.CountStatus(http.StatusUnauthorized), "sent_twice": len(yard.RefreshTokensSentTwice())}
	case r.URL.Path == "/records" && q.Get("source") == "scrapright" && yard != nil:
		answer = yard.Records(q.Get("dataset"), q.Get("day"))
	case r.URL.Path == "/records" && q.Get("source") == "scrunch":
		brand, err := strconv.Atoi(q.Get("brand"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer = v.scrunch.Records(q.Get("dataset"), brand, q.Get("day"))
	default:
		http.NotFound(w, r)
		return
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		fmt.Fprintln(os.Stderr, "vendors:", err)
	}
}
