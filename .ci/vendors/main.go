// Command vendors serves what .ci/e2e deploys against: a simulated ScrapRight yard for each of two accounts, a simulated
// Scrunch with a key for each, and what they hold, for the comparison with what lies in the bucket. All listen on
// 127.0.0.1. Its first line on standard output says where, as JSON; it serves until standard input ends. Their clocks stand
// still, so that nothing comes in between two exports.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "vendors:", err)
		os.Exit(1)
	}
}
