package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"yardstick/pkg/app"
)

// exportRun is the command `export`.
type exportRun struct {
	selection
	TimeLimit span `placeholder:"10m" help:"End in this time with what was done so far. Default: no limit."`
}

func (x *exportRun) run(ctx context.Context, s *session) (exitCode, error) {
	ctx, stop, release := interruptible(ctx, s.tell)
	defer release()
	if x.TimeLimit > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(x.TimeLimit))
		defer cancel()
		ctx = limited
	}
	o, err := s.open(ctx)
	if err != nil {
		return failed, err
	}
	code := complete
	sources, err := x.sources(o.App)
	if err == nil {
		code, err = s.report(o, s.export(ctx, o.App, stop, sources, x.event()))
	}
	return code, errors.Join(err, o.close())
}

// outcome is how the export of one source ended. Where nothing ran, the result has no Run.
type outcome struct {
	source string
	result app.Result
	err    error
	runs   int    // that a backfill made of it; 0: it is one export
	goesOn string // the command line that goes on, where that is not one of an export
}

// export runs the sources side by side, as their functions do, and shows progress meanwhile.
func (s *session) export(ctx context.Context, a *app.App, stop <-chan struct{}, sources []string, e app.Event) []outcome {
	p := &progress{now: a.Now}
	a.Observe, a.Stop = p.observe, stop
	end := s.show(p, strings.Join(sources, ", ")+": looking for what is due")
	defer end()
	outcomes := make([]outcome, len(sources))
	var group sync.WaitGroup
	for i, source := range sources {
		group.Go(func() {
			result, err := a.Export(ctx, source, e)
			outcomes[i] = outcome{source: source, result: result, err: err}
		})
	}
	group.Wait()
	return outcomes
}
