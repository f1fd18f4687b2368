package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

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
