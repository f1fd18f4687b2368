package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// console is where the program writes: results to out, progress, logs and faults to err.
type console struct {
	out    *output
	err    *messages
	width  int  // of out's terminal in columns; 0: it is none, and lines may be as long as they need
	margin int  // the same of err
	live   bool // err is a terminal on which lines can be drawn anew
	colour bool // out is a terminal that shall show colours
}

func newConsole(stdout, stderr io.Writer, env func(string) string) *console {
	able := env("TERM") != "dumb"
	c := &console{out: &output{Writer: stdout}, err: &messages{plain: stderr}, width: width(stdout), margin: width(stderr)}
	c.live = c.margin > 0 && able
	c.colour = c.width > 0 && able && env("NO_COLOR") == ""
	return c
}

// width is how many columns a terminal has, 0 for anything else.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return 80
	}
	return columns
}

// tell writes a message of the program itself to err, a fault or what is going on.
func (c *console) tell(message string) {
	lines := strings.Split("yardstick: "+message, "\n")
	for i, line := range lines {
		lines[i] = wrapped(line, c.margin) + "\n"
	}
	c.err.printf("%s", strings.Join(lines, ""))
}

// log is the rooms' log as text on err: everything, or only warnings, without what people at a terminal know.
func (c *console) log(everything bool) *slog.Logger {
	if everything {
		return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	known := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == "run") {
			return slog.Attr{}
		}
		return a
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: known}))
}

// paint colours a word by how work ended.
func (c *console) paint(code exitCode, word string) string {
	if !c.colour {
		return word
	}
	colour := map[exitCode]string{complete: "32", partial: "33", busy: "33"}[code]
	if colour == "" {
		colour = "31"
	}
	return "\x1b[1;" + colour + "m" + word + "\x1b[0m"
}

// output keeps the first fault of writing, so that results which went nowhere are no success.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// lost says that a result went nowhere: more of them is in vain.
func (o *output) lost() bool { return o.err != nil }

func (o *output) printf(format string, args ...any) { _, _ = fmt.Fprintf(o, format, args...) }

// messages is standard error: written through the live lines while there are any, so that text stays above them. It is
// safe for concurrent use.
type messages struct {
	mu    sync.Mutex
	plain io.Writer
	live  io.Writer // nil: no live lines
}

func (m *messages) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live != nil {
		if _, err := m.live.Write(append([]byte{'\r'}, b...)); err == nil {
			return len(b), nil
		}
	}
	return m.plain.Write(b)
}

// printf writes as well as it can: there is no place left to tell that it cannot.
func (m *messages) printf(format string, args ...any) { _, _ = fmt.Fprintf(m, format, args...) }

// through sends what is written from now on through the live lines; nil ends that.
func (m *messages) through(live io.Writer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live = live
}
