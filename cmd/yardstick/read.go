package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardstick/pkg/app"
)

// read is the command `read`.
type read struct {
	Dataset text                `arg:"" help:"What to read, such as purchases, customers or brand_daily."`
	Source  text                `placeholder:"NAME" help:"The source, where two of them have a dataset of that name."`
	Account text                `placeholder:"NAME" help:"Only this account. Default: all that export the dataset."`
	From    day                 `placeholder:"DATE" help:"First day (YYYY-MM-DD). Default: of a listing its newest reading, else yesterday."`
	To      day                 `placeholder:"DATE" help:"Last day, inclusive; needs --from. Default: yesterday, of a listing today."`
	Brand   many[brand, *brand] `placeholder:"ID,..." help:"Only this brand; repeat it for several."`
	CSV     bool                `name:"csv" help:"Rows of a CSV file instead of the lines as they are stored."`
	Safe    bool                `help:"With --csv: put a ' before texts that a spreadsheet would take for a formula."`
}

// Validate is called by kong.
func (r *read) Validate() error {
	if r.To.Day != 0 && r.From.Day == 0 {
		return errors.New("--to needs --from: give both, the same day twice for a single one")
	}
	if r.Safe && !r.CSV {
		return errors.New("--safe needs --csv: lines are written as they are stored")
	}
	return forward(r.From, r.To)
}

func (r *read) run(ctx context.Context, s *session) (exitCode, error) {
	if r.CSV && s.JSON {
		return badUsage, &misuse{fault: "--json and --csv exclude each other: without --csv the records are JSON already", help: "yardstick read"}
	}
	return s.look(ctx, func(ctx context.Context, a *app.App) (exitCode, error) {
		asked := app.Reading{Dataset: string(r.Dataset), Source: string(r.Source), Account: string(r.Account), From: r.From.Day, To: r.To.Day,
			CSV: r.CSV, Safe: r.Safe}
		for _, id := range r.Brand {
			asked.Brands = append(asked.Brands, int64(id))
		}
		end := func() {}
		if s.live && s.width == 0 {
			asked.Observe, end = s.follow(a.Now)
		}
		result, err := a.Read(ctx, asked, s.out)
		end()
		if s.out.lost() {
			return failed, nil // it is told where the program ends, or quiet
		}
		return r.judge(s, result), err
	})
}

// judge tells what is missing and what to know of the rest.
func (r *read) judge(s *session, result app.ReadResult) exitCode {
	code := complete
	for _, account := range result.Off {
		s.tell(fmt.Sprintf("%s/%s is left out, since %s is off there; --account %s reads what was exported before", result.Source, account, r.Dataset, account))
	}
	for _, key := range result.Differ {
		s.tell(key + " is whole, and the ledger tells of another: a run is writing it, or was cut off; the next one settles that")
	}
	if result.Broken > 0 {
		s.tell(counted(result.Broken, "value") + " held what is no Unicode, such as half of a surrogate pair; it reads as U+FFFD")
	}
	for _, key := range result.Gone {
		code = partial
		s.tell("gone: " + key + ": the ledger has it, and there is no such object")
	}
	for _, g := range result.Gaps {
		code = partial
		what := strings.Join(strings.Fields(string(r.Dataset)+" "+g.Part+" "+spanned(g)), " ")
		if g.Off {
			what += ": it is off in the configuration"
		}
		s.tell(fmt.Sprintf("not exported: %s/%s %s", result.Source, g.Account, what))
	}
	if again := r.again(s, result); again != "" {
		s.tell("to export what is missing: " + again)
	}
	return code
}

// spanned is a gap's days.
func spanned(g app.ReadGap) string {
	switch g.Last {
	case 0:
		return "(there is no reading yet)"
	case g.First:
		return g.First.String()
	}
	return fmt.Sprintf("%s to %s (%s)", g.First, g.Last, counted(int64(g.Last-g.First)+1, "day"))
}

// again is the command line that exports what is missing, if an export can.
func (r *read) again(s *session, result app.ReadResult) string {
	var e app.Event
	for _, g := range result.Gaps {
		switch {
		case !g.Again:
		case e.Datasets == nil:
			e = app.Event{Account: g.Account, Datasets: []string{string(r.Dataset)}, From: g.First, To: g.Last}
		default:
			e.From, e.To = min(e.From, g.First), max(e.To, g.Last)
			if e.Account != g.Account {
				e.Account = ""
			}
		}
	}
	if e.Datasets == nil {
		return ""
	}
	return s.line("export", result.Source, e, "")
}
