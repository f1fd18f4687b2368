// Command start measures how long functions take from the start of their process to their first answer, under a Runtime
// API of its own: the export functions with nothing due; a handler that does nothing (.ci/bench.d/empty); and that
// handler making the calls to AWS that the functions made. They take turns. Usage: start [-check] [-rounds N] FOLDER, which
// holds the binaries scrapright-export, scrunch-export and empty.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	rounds := flag.Int("rounds", 15, "how often each is started")
	check := flag.Bool("check", false, "fail where a start takes longer than it may")
	flag.Parse()
	if flag.NArg() != 1 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	slow, err := compare(flag.Arg(0), *rounds, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		os.Exit(1)
	}
	said := "note:"
	if *check {
		said = "start:"
	}
	for _, fault := range slow {
		fmt.Fprintln(os.Stderr, said, fault)
	}
	if *check && len(slow) > 0 {
		os.Exit(1)
	}
}
