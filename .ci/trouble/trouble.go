package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/simulator"
)

// told is the output.
type told struct {
	Page string  `json:"page"`
	Days []state `json:"days"` // not all, and at least one of each state
}

// state is what the page must say of a day.
type state struct {
	Account string `json:"account"` // "scrapright/main"
	Dataset string `json:"dataset"`
	Day     string `json:"dt"`
	State   string `json:"state"`
}

// clock begins at a time of its own, goes on as time does, and can be put forward.
type clock struct{ ahead atomic.Int64 }

func clockFrom(t time.Time) *clock {
	c := &clock{}
	c.pass(time.Until(t))
	return c
}

func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// troubled makes the demo for .ci/page.
func troubled(ctx context.Context, dir string, out io.Writer) (err error) {
	c := clockFrom(time.Date(2026, time.November, 22, 12, 5, 0, 0, time.UTC))
	d, err := local.OpenDemo(ctx, dir, app.Options{Now: c.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for _, r := range exported() {
		if err := r.export(ctx, d, "complete"); err != nil {
			return err
		}
	}
	bucket := d.Cloud.Bucket(d.Configured.Bucket)
	if err := os.Remove(filepath.Join(bucket, filepath.FromSlash(lost))); err != nil {
		return fmt.Errorf("delete an exported object: %w", err)
	}
	d.Yard.Fault(yardTrouble)
	d.Scrunch.Fault(scrunchTrouble)
	c.pass(30 * time.Hour)
	for _, source := range d.Sources() {
		if err := (ranged{source: source, from: "2026-11-13"}).export(ctx, d, "failed"); err != nil {
			return err
		}
	}
	page := filepath.Join(bucket, filepath.FromSlash(app.Layout{Prefix: d.Configured.Prefix}.Page()))
	return json.NewEncoder(out).Encode(told{page, expected()})
}

// exported is what is read before the troubles begin: all but three days of purchases and three of the answers.
func exported() []ranged {
	others := []string{"brands", "prompts", "competitors", "personas", "brand_daily", "platform_daily", "prompt_daily",
		"competitor_daily", "citation_daily"}
	return []ranged{
		{source: app.ScrapRight, from: "2026-07-01", to: "2026-11-02"},
		{source: app.ScrapRight, from: "2026-11-06"},
		{source: app.Scrunch, from: "2026-10-23", to: "2026-11-09"},
		{source: app.Scrunch, from: "2026-11-10", to: "2026-11-12", datasets: others},
		{source: app.Scrunch, from: "2026-11-13"},
	}
}

// ranged is a run that reads some days again, whatever is known of them; all that are due where no day is told.
type ranged struct {
	source   string
	from, to string
	datasets []string
	force    bool
}

// export makes the run. It must end as told.
func (r ranged) export(ctx context.Context, d *local.Demo, want string) error {
	e := app.Event{Datasets: r.datasets, Force: r.force}
	var err error
	if r.from != "" {
		e.From, err = app.ParseDay(r.from)
	}
	if r.to != "" && err == nil {
		e.To, err = app.ParseDay(r.to)
	}
	if err != nil {
		return err
	}
	result, err := d.Export(ctx, r.source, e)
	if string(result.Status) != want {
		return fmt.Errorf("the run of %s is %q, expected %q: %w", r.source, result.Status, want, errors.Join(err, errors.New(result.Failures())))
	}
	return nil
}

// lost is an object that somebody deletes.
const lost = "scrapright/purchases/account=main/dt=2026-11-18/purchases.json.gz"

// yardTrouble is a yard that has three bad days: it has no answer for one that is gone from the bucket, sends half of one
// that was exported before, and forgets most of the tickets of another.
func yardTrouble(r simulator.Request) *simulator.Answer {
	if r.Endpoint != simulator.Purchases {
		return nil
	}
	switch r.From {
	case "2026-11-18":
		return &simulator.Answer{Reply: &simulator.Reply{Status: 500}}
	case "2026-11-21":
		return &simulator.Answer{Rewrite: half}
	case "2026-11-20":
		return &simulator.Answer{Rows: func(page []string) []string { return page[:len(page)/4] }}
	}
	return nil
}

// scrunchTrouble is a Scrunch that does not get through one brand's prompts.
func scrunchTrouble(r simulator.Request) *simulator.Answer {
	if r.Endpoint == simulator.Prompts && r.Brand == simulator.FirstBrand+2 {
		return &simulator.Answer{Rewrite: half}
	}
	return nil
}

// half makes broken JSON of an answer.
func half(r *simulator.Reply) { r.Body = r.Body[:len(r.Body)/2] }

func expected() []state {
	var days []state
	add := func(account, dataset, word string, of ...string) {
		for _, day := range of {
			days = append(days, state{account, dataset, day, word})
		}
	}
	yard, scrunch := app.ScrapRight+"/main", app.Scrunch+"/main"
	add(yard, "purchases", "failed", "2026-11-18", "2026-11-21")
	add(yard, "purchases", "missing", "2026-11-03", "2026-11-04", "2026-11-05")
	add(yard, "purchases", "unsettled", "2026-11-20", "2026-11-22", "2026-11-23")
	add(yard, "purchases", "empty", "2026-07-05", "2026-11-01", "2026-11-08", "2026-11-15")
	add(yard, "purchases", "exported", "2026-07-01", "2026-11-02", "2026-11-17", "2026-11-19")
	add(yard, "purchases", "not wanted", "2026-11-24")
	add(scrunch, "brand_daily", "not wanted", "2026-10-22")
	add(scrunch, "prompts", "failed", "2026-11-23")
	add(scrunch, "responses", "missing", "2026-11-10", "2026-11-11", "2026-11-12")
	return days
}
