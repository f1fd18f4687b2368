package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/simulator"
)

// correction is a part of a settled day that a vendor corrected, and that a run replaced then.
type correction struct {
	Source  string `json:"source"`
	Dataset string `json:"dataset"`
	Day     string `json:"day"`
	Part    string `json:"part"`
	Before  int    `json:"rows_before"`
	After   int    `json:"rows_after"`
}

// corrected makes the demo for .ci/readers. Its last run ends now, so that days are as old as those of any demo.
func corrected(ctx context.Context, dir string, out io.Writer) (err error) {
	const runs, between = 4, 40 * time.Minute
	c := clockFrom(time.Now().Add(-(runs - 1) * between))
	d, err := local.OpenDemo(ctx, dir, app.Options{Now: c.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	w := &corrections{Demo: d, now: c.now}
	for _, step := range []func(context.Context) error{w.due, w.first, w.second, w.due} {
		if err := step(ctx); err != nil {
			return err
		}
		c.pass(between)
	}
	return json.NewEncoder(out).Encode(w.made)
}

type corrections struct {
	*local.Demo
	now  func() time.Time
	made []correction
}

// due exports what is due.
func (w *corrections) due(ctx context.Context) error {
	return errors.Join(ranged{source: app.ScrapRight}.export(ctx, w.Demo, "complete"), ranged{source: app.Scrunch}.export(ctx, w.Demo, "complete"))
}

// first corrects two days of purchases: two tickets of one go, and one of the other is voided. Of a brand's answers one goes.
func (w *corrections) first(ctx context.Context) error {
	shorter, voided, answers := w.trading(14), w.trading(22), w.day(29)
	err := errors.Join(
		w.purchases(ctx, shorter, func() error { w.Yard.Remove(simulator.Purchases, shorter, 3, 2); return nil }),
		w.purchases(ctx, voided, func() error { return w.void(voided) }))
	if err != nil {
		return err
	}
	count := func() int { return len(w.Scrunch.Records(simulator.Responses, simulator.FirstBrand, answers)) }
	before := count()
	w.Scrunch.Remove(simulator.Responses, simulator.FirstBrand, answers, 0, 1)
	w.note(correction{app.Scrunch, "responses", answers, part(simulator.FirstBrand), before, count()})
	return w.again(ctx, app.Scrunch, answers, "responses")
}

// second corrects a day of purchases once more, and of the day of the answers a report of another brand. The yard sends a
// member then that it never sent, in two spellings.
func (w *corrections) second(ctx context.Context) error {
	day := w.trading(14)
	if err := w.purchases(ctx, day, func() error { w.Yard.AddTickets(day, 1); return nil }); err != nil {
		return err
	}
	const brand, platforms = simulator.FirstBrand + 1, 4
	w.Scrunch.SetResponseCount(brand, w.day(29), 30)
	rows := platforms * len(w.Scrunch.Records(simulator.Competitors, brand, ""))
	w.note(correction{app.Scrunch, "competitor_daily", w.day(29), part(brand), rows, rows})
	if err := w.again(ctx, app.Scrunch, w.day(29), "competitor_daily"); err != nil {
		return err
	}
	w.Yard.Insert(simulator.Businesses, "", -1, `{"Id":990001,"Name":"Two Fax Metals","Fax":"555-0100","FAX":"555-0101"}`)
	return ranged{source: app.ScrapRight, datasets: []string{"businesses"}, force: true}.export(ctx, w.Demo, "complete")
}

func part(brand int) string { return fmt.Sprintf("brand-%d", brand) }

// purchases corrects a day of purchases and reads it again.
func (w *corrections) purchases(ctx context.Context, day string, correct func() error) error {
	count := func() int { return len(w.Yard.Records(simulator.Purchases, day)) }
	before := count()
	if err := correct(); err != nil {
		return err
	}
	w.note(correction{app.ScrapRight, "purchases", day, "purchases", before, count()})
	return w.again(ctx, app.ScrapRight, day, "purchases")
}

// void voids the first ticket of a day that is not.
func (w *corrections) void(day string) error {
	records := w.Yard.Records(simulator.Purchases, day)
	for i, r := range records {
		if voided := strings.Replace(r, `"IsVoid":false`, `"IsVoid":true`, 1); voided != r {
			records[i] = voided
			w.Yard.SetRecords(simulator.Purchases, day, records)
			return nil
		}
	}
	return fmt.Errorf("no ticket of %s can be voided", day)
}

func (w *corrections) note(c correction) { w.made = append(w.made, c) }

func (w *corrections) again(ctx context.Context, source, day, dataset string) error {
	return ranged{source: source, from: day, to: day, datasets: []string{dataset}, force: true}.export(ctx, w.Demo, "complete")
}

func (w *corrections) day(before int) string {
	return w.now().UTC().AddDate(0, 0, -before).Format(time.DateOnly)
}

// trading is the last day, so many days ago or more, with a page of tickets: of more, only a second reading would settle it.
func (w *corrections) trading(before int) string {
	const least, page = 20, 100
	for {
		day := w.day(before)
		if n := len(w.Yard.Records(simulator.Purchases, day)); n >= least && n < page-1 {
			return day
		}
		before++
	}
}
