package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"yardstick/pkg/app"
)

// openTime is how long a desktop has to say that it cannot open a file. One that says nothing is showing it.
const openTime = 5 * time.Second

// openPage writes the page to a file of its own and has the desktop open it. The file stays: the browser may read it
// later.
func (s *session) openPage(ctx context.Context, told app.Status) error {
	page, err := app.StatusPage(told)
	if err != nil {
		return fmt.Errorf("draw the page: %w", err)
	}
	file, err := os.CreateTemp("", "yardstick-status-*.html")
	if err != nil {
		return fmt.Errorf("keep the page: %w", err)
	}
	_, err = file.Write(page)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("keep the page: %w", err)
	}
	if err := show(ctx, file.Name()); err != nil {
		return fmt.Errorf("the page is in %s and could not be opened: %w", file.Name(), err)
	}
	s.err.printf("the page is in %s\n", file.Name())
	return nil
}

// show has the desktop open a file, and waits for a fault for a while. What it started goes on after this program.
func show(ctx context.Context, file string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	desktop := exec.CommandContext(context.WithoutCancel(ctx), opener, file) //nolint:gosec // one of two names, and a file of our own
	if err := desktop.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- desktop.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("%s: %w", opener, err)
		}
	case <-time.After(openTime):
	case <-ctx.Done():
	}
	return nil
}
