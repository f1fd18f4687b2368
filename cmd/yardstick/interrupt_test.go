package main

import (
	"context"
	"strings"
	"testing"
)

func TestAnInterruptedCommandSaysWhetherItMayHaveChangedSomething(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, c := range []struct {
		arguments []string
		unchanged bool
	}{
		{[]string{"check"}, true},
		{[]string{"plan"}, true},
		{[]string{"status"}, true},
		{[]string{"status", "--publish"}, false},
		{[]string{"tables"}, true},
		{[]string{"tables", "--publish"}, false},
	} {
		end := watched(ctx, w.config(), new(watch), c.arguments...).expect(t, failed, "interrupted")
		if strings.Contains(end.stderr, "nothing was changed") != c.unchanged {
			t.Errorf("%q says:\n%s", c.arguments, end.stderr)
		}
	}
}
