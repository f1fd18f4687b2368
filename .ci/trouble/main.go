// Command trouble makes a demo that had troubles, in a folder that it makes. All listen on 127.0.0.1. What lies in the bucket
// was written by runs alone.
//
//	trouble page DIR         for .ci/page. Its output is JSON: where the page lies, and what it must say of which days. Its clock
//	                         begins on a Sunday of its own choice, so that the page is the same whenever it is made
//	trouble corrections DIR  for .ci/readers: the demo up to now, with settled days that the vendors corrected. Its output is
//	                         JSON: which
package main

import (
	"context"
	"fmt"
	"io"
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

func run(ctx context.Context, args []string, out io.Writer) error {
	worlds := map[string]func(context.Context, string, io.Writer) error{"page": troubled, "corrections": corrected}
	if len(args) != 2 || worlds[args[0]] == nil {
		return fmt.Errorf("found %q, expected page DIR or corrections DIR", args)
	}
	return worlds[args[0]](ctx, args[1], out)
}
