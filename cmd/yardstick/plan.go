package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"yardstick/pkg/app"
)

// plan is the command `plan`.
type plan struct {
	selection
	TimeLimit span `default:"15m" placeholder:"15m" help:"How long one run may take; a Lambda function has 15m at most, which is the default."`
}

func (p *plan) run(ctx context.Context, s *session) (exitCode, error) {
	return s.look(ctx, func(ctx context.Context, a *app.App) (exitCode, error) {
		sources, err := p.sources(a)
		if err != nil {
			return failed, err
		}
		return p.plan(ctx, s, a, sources)
	})
}

// plan tells the forecast of each source, and of which accounts there is none. An error says that there was none at all.
func (p *plan) plan(ctx context.Context, s *session, a *app.App, sources []string) (exitCode, error) {
	var refusals []error
	code, planned := complete, 0
	for _, source := range sources {
		f, err := a.Plan(ctx, source, p.event(), time.Duration(p.TimeLimit))
		if err != nil {
			refusals = append(refusals, err)
		}
		if len(f.Accounts) == 0 && err != nil {
			continue
		}
		planned++
		if s.JSON {
			_ = json.NewEncoder(s.out).Encode(f) // it keeps its own error
		} else {
			s.printForecast(f, time.Duration(p.TimeLimit))
		}
	}
	if planned == 0 {
		return failed, errors.Join(refusals...)
	}
	for _, refusal := range refusals {
		if codeOf(refusal) != badUsage {
			code = failed
		}
		s.tell("not planned: " + strings.ReplaceAll(refusal.Error(), "\n", "\nnot planned: "))
	}
	return code, nil
}

func (s *session) printForecast(f app.Forecast, run time.Duration) {
	for _, a := range f.Accounts {
		s.out.printf("%s/%s on %s\n\n", f.Source, a.Account, a.Today)
		t := table{heading: []string{"DATASET", ">OPEN", ">UNSETTLED", ">LISTINGS", ">BACKLOG", ">VERIFY", ">REQUESTS", "DAYS"}}
		for _, d := range a.Datasets {
			days := none
			if d.First != 0 {
				days = d.First.String()
			}
			if d.Last != d.First {
				days += " to " + d.Last.String()
			}
			t.add(d.Dataset, number(d.Open), number(d.Unsettled), number(d.Listings), number(d.Backlog), number(d.Verify),
				atLeast(number(d.Requests), d.AtLeast), days)
		}
		s.out.printf("%s", t.fitted(s.width))
		if a.Requests == 0 {
			s.out.printf("\nNothing is due.\n\n")
			continue
		}
		if a.PerMinute == 0 {
			s.out.printf("\nRequests: %s; no limit a minute is known.\n\n", atLeast(number(a.Requests), a.AtLeast))
			continue
		}
		took := atLeast(length(time.Duration(a.Seconds)*time.Second), a.AtLeast)
		if a.Seconds == 0 {
			took = "about a minute"
		}
		requests := atLeast(number(a.Requests), a.AtLeast)
		if a.Opening > 0 {
			requests += fmt.Sprintf(" (%s before the first window)", number(a.Opening))
		}
		text := fmt.Sprintf("Requests: %s, at %s a minute: %s, in %s of up to %s.", requests,
			number(a.PerMinute), took, atLeast(counted(a.Runs, "run"), a.AtLeast), length(run))
		s.out.printf("\n%s\n\n", wrapped(text, s.width))
	}
}

func atLeast(text string, least bool) string {
	if least {
		return "at least " + text
	}
	return text
}
