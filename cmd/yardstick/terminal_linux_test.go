package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
	"unsafe"
)

// terminal is a real one of a size: what is written to the slave is what a person would see.
type terminal struct {
	slave  *os.File
	master *os.File
}

func newTerminal(t *testing.T, columns, rows uint16) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var unlock, number uint32
	size := struct{ rows, columns, x, y uint16 }{rows: rows, columns: columns}
	control(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	control(t, master, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &terminal{slave: slave, master: master}
}

func control(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, fault := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(argument)); fault != 0 {
		t.Fatalf("ioctl %#x: %v", request, fault)
	}
}

// seen is all that a program writes to the terminal.
func (x *terminal) seen(t *testing.T, program func(slave *os.File)) string {
	t.Helper()
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(x.master) // it ends with an error of the kind EIO when the slave is closed
		text <- string(all)
	}()
	program(x.slave)
	if err := x.slave.Close(); err != nil {
		t.Error(err)
	}
	defer x.master.Close()
	return <-text
}

// wipe is how the live lines are taken away: so many lines up, and all below is cleared.
var wipe = regexp.MustCompile(`\x1b\[\d+A\x1b\[J`)

// colours are no columns.
var colours = regexp.MustCompile(`\x1b\[[\d;]*m`)

func TestLiveLinesFitTheTerminalAndLeaveOneLineBehind(t *testing.T) {
	for _, columns := range []int{80, 100} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Chdir(t.TempDir())
			var code exitCode
			text := newTerminal(t, uint16(columns), 24).seen(t, func(slave *os.File) {
				env := func(name string) string { return map[string]string{"TERM": "xterm"}[name] }
				code = run(t.Context(), []string{"demo"}, strings.NewReader(""), slave, slave, env)
			})
			if code != complete {
				t.Fatalf("exit code %d:\n%s", code, text)
			}
			frames := wipe.Split(strings.ReplaceAll(text, "\r", ""), -1)
			if len(frames) < 2 {
				t.Fatalf("%d frames, expected live lines that are drawn anew:\n%q", len(frames), text)
			}
			for _, frame := range frames {
				for line := range strings.Lines(colours.ReplaceAllString(frame, "")) {
					line = strings.TrimSuffix(line, "\n")
					if n := utf8.RuneCountInString(line); n > columns && strings.Contains(strings.TrimSpace(line), " ") {
						t.Errorf("%d columns: %q", n, line)
					}
				}
			}
			last := frames[len(frames)-1]
			if !strings.HasPrefix(last, "scrapright/main: 33/33 windows, ") || strings.Count(last, "33/33") != 1 {
				t.Errorf("what stays is not one line for the account:\n%s", last)
			}
			if !strings.Contains(last, "\x1b[1;32mComplete\x1b[0m: 33 objects written") {
				t.Errorf("the sentence at the end is not in colour:\n%q", last)
			}
		})
	}
}
