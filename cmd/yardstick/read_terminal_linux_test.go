package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestReadShowsProgressOnlyBesideAPipe(t *testing.T) {
	s := november(t)
	env := func(name string) string {
		return map[string]string{"TERM": "xterm", "YARDSTICK_CONFIG": shelfConfig}[name]
	}
	args := []string{"read", "--local", s.dir, "purchases", "--from", "2024-11-01", "--to", "2024-11-02", "--csv"}
	var stdout bytes.Buffer
	text := newTerminal(t, 60, 24).seen(t, func(slave *os.File) {
		if code := run(t.Context(), args, strings.NewReader(""), &stdout, slave, env); code != partial {
			t.Errorf("exit code %d", code)
		}
	})
	const drawn = "scrapright/annex purchases 2024-11-01: 0 of 3 objects, 0 r…"
	first, rest, _ := strings.Cut(text, drawn)
	if first != wiped+"\r" || !strings.HasPrefix(rest, wiped+"\ryardstick: not exported: ") {
		t.Errorf("%q, expected a line that is drawn and wiped", text)
	}
	if !strings.HasPrefix(stdout.String(), "account,dt,") || strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("standard output: %q", stdout.String())
	}
	text = newTerminal(t, 60, 24).seen(t, func(slave *os.File) {
		run(t.Context(), args, strings.NewReader(""), slave, slave, env)
	})
	if strings.Contains(text, "\x1b") {
		t.Errorf("progress among the rows: %q", text)
	}
}
