package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yardstick/pkg/app"
)

// backfill is the command `backfill`.
type backfill struct {
	scope
	From      day  `required:"" placeholder:"DATE" help:"The first day (YYYY-MM-DD); it may lie before the configured start."`
	To        day  `placeholder:"DATE" help:"The last day, inclusive. Default: today."`
	Force     bool `help:"Read again what is settled or fresh."`
	TimeLimit span `default:"15m" placeholder:"15m" help:"How long one run may take; a Lambda function has 15m at most, which is the default."`
}

// lambdaLimit is the longest that a Lambda function may run, and the default of the time limit.
const lambdaLimit = 15 * time.Minute

// Validate is called by kong.
func (b *backfill) Validate() error { return forward(b.From, b.To) }

func (b *backfill) event() app.Event {
	e := b.scope.event()
	e.From, e.To, e.Force = b.From.Day, b.To.Day, b.Force
	return e
}

func (b *backfill) run(ctx context.Context, s *session) (exitCode, error) {
	ctx, stop, release := interruptible(ctx, s.tell)
	defer release()
	o, err := s.open(ctx)
	if err != nil {
		return failed, err
	}
	code := complete
	sources, err := b.sources(o.App)
	if err == nil {
		o.Stop = stop
		var outcomes []outcome
		for _, source := range sources {
			outcomes = append(outcomes, b.fill(ctx, s, o.App, source))
		}
		code, err = s.filled(o, outcomes)
	}
	return code, errors.Join(err, o.close())
}

// fill runs one source until its range is done, nothing comes of it any more, or it is stopped.
func (b *backfill) fill(ctx context.Context, s *session, a *app.App, source string) outcome {
	c := newChain(source)
	e := b.event()
	if stopped(ctx, a) {
		return b.rest(s, c, e)
	}
	estimate, err := a.Plan(ctx, source, e, time.Duration(b.TimeLimit))
	if err != nil && codeOf(err) == badUsage {
		return outcome{source: source, err: err}
	}
	if err != nil {
		s.tell(source + ": how many runs it takes is not known: " + err.Error())
		estimate = app.Forecast{}
	}
	p := &progress{now: a.Now}
	a.Observe = func(o app.Progress) {
		p.observe(o)
		c.observe(o)
	}
	for !stopped(ctx, a) {
		end := s.showRun(p, c, expect(estimate))
		result, err := b.once(ctx, a, source, e)
		end()
		if result.Run == "" {
			return outcome{source: source, err: err}
		}
		c.add(e, result, err)
		if s.JSON {
			s.printJSON(outcome{source: source, result: result, err: err})
		}
		if result.Next == nil {
			return c.outcome()
		}
		e = *result.Next
		if why := c.stuck(); why != "" {
			s.tell(fmt.Sprintf("%s: stopped after %s: %s.", source, counted(c.runs, "run"), why))
			break
		}
		p.again()
	}
	return b.rest(s, c, e)
}

// once is one run, within the time limit.
func (b *backfill) once(ctx context.Context, a *app.App, source string, e app.Event) (app.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(b.TimeLimit))
	defer cancel()
	return a.Export(ctx, source, e)
}

// rest is the outcome of what was not brought to its end, with the command line that goes on with it.
func (b *backfill) rest(s *session, c *chain, e app.Event) outcome {
	limit := ""
	if time.Duration(b.TimeLimit) != lambdaLimit {
		limit = time.Duration(b.TimeLimit).String()
	}
	c.sum.Next = &e
	x := c.outcome()
	x.goesOn = s.line("backfill", c.sum.Source, e, limit)
	return x
}

// stopped says that no further run shall begin.
func stopped(ctx context.Context, a *app.App) bool {
	select {
	case <-a.Stop:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

// runsExpected is how many runs are foreseen, 0 where that is not known.
type runsExpected struct {
	runs    int
	atLeast bool
}

func expect(f app.Forecast) runsExpected {
	var e runsExpected
	for _, a := range f.Accounts {
		e.runs, e.atLeast = max(e.runs, a.Runs), e.atLeast || a.AtLeast
	}
	return e
}

// showRun shows progress as show does, under a line that counts the runs and what was done in those before.
func (s *session) showRun(p *progress, c *chain, e runsExpected) (end func()) {
	text := fmt.Sprintf("%s: run %s", c.sum.Source, number(c.runs+1))
	if e.runs > c.runs {
		text += " of " + atLeast(number(e.runs), e.atLeast)
	}
	if accounts, _ := p.look(); len(accounts) > 0 {
		done, due := 0, 0
		for _, a := range accounts {
			done, due = done+a.done, due+a.due
		}
		text += fmt.Sprintf(", %s of %s done", number(done), counted(due, "window"))
	}
	if s.live {
		s.err.printf("%s\n", text) // it stays there, above the live lines
	}
	return s.show(p, text)
}

// filled tells how the ranges ended. An error says that nothing ran at all.
func (s *session) filled(o *opened, outcomes []outcome) (exitCode, error) {
	if !s.JSON {
		return s.report(o, outcomes)
	}
	for _, x := range outcomes { // the runs were told of as they ended
		if x.goesOn != "" {
			s.tell("to go on: " + x.goesOn)
		}
	}
	return s.judge(outcomes)
}
