package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// show shows progress on standard error until the answered function is called, which leaves a last line for each
// account: live lines on a terminal, plain ones elsewhere. The opening stands there first.
func (c *console) show(p *progress, opening string) (end func()) {
	var stop func()
	if c.live {
		stop = c.draw(p, opening)
	} else {
		c.err.printf("%s\n", opening)
		stop = c.list(p)
	}
	return func() {
		stop()
		accounts, _ := p.look()
		for _, a := range accounts {
			c.err.printf("%s: %s\n", a.name, a.ended(p.now()))
		}
		if c.live && c.width > 0 {
			c.err.printf("\n")
		}
	}
}

// list writes a plain line for each account once a second at most, and less often the longer the work takes: the log of
// a night's run shall be readable.
func (c *console) list(p *progress) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		began := p.now()
		for last := began; ; {
			select {
			case <-over:
				return
			case <-ticker.C:
			}
			now := p.now()
			if now.Sub(last) < min(now.Sub(began)/30, time.Minute) {
				continue
			}
			accounts, changed := p.look()
			if !changed {
				continue
			}
			for _, a := range accounts {
				c.err.printf("%s: %s: %s\n", a.name, a.counts(now), a.doing(now))
			}
			last = now
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

// draw keeps two lines for each account at the foot of the terminal.
func (c *console) draw(p *progress, opening string) (stop func()) {
	bar := mpb.BarStyle().Build()
	lines := func(columns int) []string {
		accounts, _ := p.look()
		if len(accounts) == 0 {
			return []string{opening}
		}
		var lines []string
		for _, a := range accounts {
			lines = append(lines, a.gauge(p.now(), columns, bar), "  "+a.doing(p.now()))
		}
		return lines
	}
	first := mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		_, err := io.WriteString(w, "\r"+cut(lines(s.AvailableWidth)[0], s.AvailableWidth)) // a key that was echoed moved the cursor
		return err
	})
	more := mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		for _, line := range lines(s.AvailableWidth)[1:] {
			if _, err := fmt.Fprintln(w, cut(line, s.AvailableWidth)); err != nil {
				return err
			}
		}
		return nil
	})
	screen := mpb.New(mpb.WithOutput(c.err.plain), mpb.WithRefreshRate(100*time.Millisecond))
	drawn := screen.MustAdd(0, first, mpb.BarFillerTrim(), mpb.BarExtender(more, false), mpb.BarRemoveOnComplete())
	c.err.through(screen)
	return func() {
		c.err.through(nil)
		drawn.Abort(true)
		screen.Wait()
	}
}

// gauge is the account's name, a bar and its counts, in so many columns.
func (a *account) gauge(now time.Time, columns int, bar mpb.BarFiller) string {
	counts := a.counts(now)
	room := min(columns-len(a.name)-len(counts)-2, 40)
	if room < 8 {
		return a.name + " " + counts
	}
	var drawn strings.Builder
	done, due := int64(a.done), int64(max(a.due, 1))
	if err := bar.Fill(&drawn, decor.Statistics{AvailableWidth: room, Total: due, Current: done, Completed: done >= due}); err != nil {
		return a.name + " " + counts
	}
	return a.name + " " + drawn.String() + " " + counts
}

// cut shortens a line to so many columns.
func cut(line string, columns int) string {
	letters := []rune(line)
	if len(letters) <= columns {
		return line
	}
	return string(letters[:max(columns-1, 0)]) + "…"
}
