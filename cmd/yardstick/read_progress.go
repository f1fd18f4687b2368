package main

import (
	"fmt"
	"time"

	"yardstick/pkg/app"
)

// readLine is one line at the foot of the terminal that tells how far a reading is. What else is written goes above it.
type readLine struct {
	*messages
	drawn time.Time
}

const wiped = "\r\x1b[K"

// Write puts a text in the line's place.
func (l *readLine) Write(b []byte) (int, error) {
	if _, err := l.plain.Write([]byte(wiped)); err != nil {
		return 0, err
	}
	return l.plain.Write(b)
}

// follow draws a line of progress, ten times a second at most, until end is called, which takes it away.
func (c *console) follow(now func() time.Time) (observe func(app.ReadProgress), end func()) {
	l := &readLine{messages: c.err}
	c.err.through(l)
	observe = func(p app.ReadProgress) {
		at := now()
		if at.Sub(l.drawn) < 100*time.Millisecond {
			return
		}
		l.drawn = at
		c.err.printf("%s", cut(fmt.Sprintf("%s: %s of %s, %s", p.Name, number(p.Done), counted(p.Objects, "object"), counted(p.Rows, "row")), c.margin-1))
	}
	return observe, func() {
		c.err.printf("")
		c.err.through(nil)
	}
}
