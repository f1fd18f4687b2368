package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"yardstick/pkg/app"
)

// look opens what the common flags ask for and looks at it, until that is done or a signal comes.
func (s *session) look(ctx context.Context, at func(context.Context, *app.App) (exitCode, error)) (exitCode, error) {
	return s.lookInto(ctx, false, func(ctx context.Context, o *opened) (exitCode, error) { return at(ctx, o.App) })
}

// lookInto is look for who wants to know where it lies, too, and may publish there what was found.
func (s *session) lookInto(ctx context.Context, publishes bool, at func(context.Context, *opened) (exitCode, error)) (exitCode, error) {
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	o, err := s.open(ctx)
	if err != nil {
		return failed, err
	}
	code, err := at(ctx, o)
	switch {
	case ctx.Err() != nil && publishes:
		err = errors.New("interrupted; what was published before stays, and the same command publishes all of it")
	case ctx.Err() != nil:
		err = errors.New("interrupted; nothing was changed")
	}
	return code, errors.Join(err, o.close())
}

// interruptible makes the first SIGINT or SIGTERM close stop, and the second cancel the answered context; a third one
// kills the process. What happens is told. The caller calls release when the work is over.
func interruptible(ctx context.Context, tell func(string)) (_ context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stopping, over := make(chan struct{}), make(chan struct{})
	go func() {
		select {
		case <-signals:
			tell("stopping. What was read whole is still written, the rest is left to the next run. Ctrl-C again ends at once.")
			close(stopping)
		case <-over:
			return
		}
		select {
		case <-signals:
			tell("ending at once. Every day in the bucket is whole; the account stays leased for up to two minutes, then the same command goes on.")
			signal.Stop(signals)
			cancel()
		case <-over:
		}
	}()
	return ctx, stopping, func() {
		signal.Stop(signals)
		close(over)
		cancel()
	}
}
