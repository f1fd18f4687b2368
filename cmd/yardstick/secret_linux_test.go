package main

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// echoes says whether a terminal shows what is typed.
func (x *terminal) echoes(t *testing.T) bool {
	t.Helper()
	var state syscall.Termios
	control(t, x.slave, syscall.TCGETS, unsafe.Pointer(&state))
	return state.Lflag&syscall.ECHO != 0
}

// ask calls `secret put` on a terminal, and then once the prompt is there and nothing is shown any more.
func (o *office) ask(t *testing.T, x *terminal, then func()) (c call, shown string) {
	t.Helper()
	stderr := &watch{}
	prompted := make(chan struct{})
	stderr.on = func(text string) {
		if strings.Contains(text, "API key for yard/key (it is not shown): ") {
			stderr.on = nil
			close(prompted)
		}
	}
	over := make(chan struct{})
	var typing sync.WaitGroup
	typing.Go(func() {
		select {
		case <-prompted:
			for x.echoes(t) {
				runtime.Gosched() // until the program turned it off, which it does at once
			}
			then()
		case <-over: // without a prompt
		}
	})
	var stdout bytes.Buffer
	shown = x.seen(t, func(slave *os.File) {
		c.code = run(t.Context(), []string{"secret", "put", yardKeyIn}, slave, &stdout, stderr, environment(o.config))
		close(over)
		typing.Wait()
		if !x.echoes(t) {
			t.Error("the terminal was left without an echo")
		}
		if _, err := x.master.WriteString("\n"); err != nil { // a read that goes on would keep the terminal open
			t.Error(err)
		}
	})
	c.stdout, c.stderr = stdout.String(), stderr.String()
	return c, shown
}

func TestSecretPutPromptsWithoutShowingTheKey(t *testing.T) {
	for typed, want := range map[string]struct {
		code exitCode
		told string
	}{
		freshKey + "\n": {complete, "asking the vendor whether it takes the key"},
		"\n":            {badUsage, "no key came on standard input"},
	} {
		o := newOffice(t)
		x := newTerminal(t, 80, 24)
		c, shown := o.ask(t, x, func() {
			if _, err := x.master.WriteString(typed); err != nil {
				t.Error(err)
			}
		})
		c.expect(t, want.code, "API key for yard/key (it is not shown): \n", want.told)
		if said := c.stdout + c.stderr + shown; strings.Contains(said, "canary") {
			t.Errorf("the key was shown:\n%s", said)
		}
		if want.code == complete {
			o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+freshKey+`"}`)
		}
	}
}

func TestSecretPutInterruptedAtThePromptLeavesTheTerminalSane(t *testing.T) {
	o := newOffice(t)
	x := newTerminal(t, 80, 24)
	c, _ := o.ask(t, x, func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
	})
	c.expect(t, failed, "interrupted; nothing was changed").silent(t)
	o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+oldKey+`"}`)
	if n := len(o.yard.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}
