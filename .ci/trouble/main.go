// Command trouble makes a demo that had troubles, and the page that tells of them, for .ci/page. Usage: trouble DIR, a
// folder that it makes. Its output is JSON: where the page lies, and what it must say of which days. All listen on
// 127.0.0.1. Its clock begins on a Sunday of its own choice, so that the page is the same whenever it is made.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "trouble:", err)
		os.Exit(1)
	}
}
