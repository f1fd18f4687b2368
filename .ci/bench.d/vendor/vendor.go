package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"yardstick/pkg/simulator"
)

const (
	purchases  = 100_000
	rows       = 50_000 // of each of the report's days
	reportDays = 10
	perMinute  = 1 << 30 // requests: so many that the pace never waits
	yardKey    = "the-key-of-the-yard"
	scrunchKey = "the-key-of-the-organization"
)

// place is where a vendor serves, its API key, and the days that it is asked for.
type place struct {
	URL  string `json:"url"`
	Key  string `json:"key"`
	From string `json:"from"`
	To   string `json:"to"`
	Rows int    `json:"rows"` // of all these days
}

// told is the first line of output.
type told struct {
	ScrapRight place  `json:"scrapright"`
	Scrunch    place  `json:"scrunch"`
	Shelf      string `json:"shelf"` // what was asked, and how often a page had to be made
}

func run(in io.Reader, out io.Writer) error {
	began := time.Now()
	day := func(ago int) string { return began.UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	yard := simulator.NewYard(simulator.YardConfig{Seed: 1, APIKey: yardKey, Now: time.Now, RequestsPerMinute: perMinute})
	yard.SetTicketCount(day(1), purchases)
	scrunch := simulator.NewScrunch(simulator.ScrunchConfig{Seed: 1, Brands: 1, Keys: []simulator.ScrunchKey{{Key: scrunchKey}}, Now: time.Now})
	for ago := range reportDays {
		scrunch.SetResponseCount(simulator.FirstBrand, day(ago+1), rows)
	}
	s := newShelf()
	served := make(chan error, 3)
	yardURL, err := serve(s.before(yard, "X-Access-Token"), served)
	scrunchURL, err2 := serve(s.before(scrunch, "Authorization"), served)
	shelfURL, err3 := serve(s, served)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	err = json.NewEncoder(out).Encode(told{
		ScrapRight: place{yardURL, yardKey, day(1), day(1), purchases},
		Scrunch:    place{scrunchURL + "/v1", scrunchKey, day(reportDays), day(1), reportDays * rows},
		Shelf:      shelfURL,
	})
	if err != nil {
		return err
	}
	go func() {
		_, err := io.Copy(io.Discard, in)
		served <- err
	}()
	return <-served
}

// serve begins to serve on a free port of loopback. It ends with the process.
func serve(h http.Handler, served chan<- error) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { served <- server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}
