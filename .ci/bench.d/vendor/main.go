// Command vendor serves what .ci/bench exports: a simulated ScrapRight yard with one day of 100,000 purchases, and a
// simulated Scrunch with ten days of 50,000 rows each. A page is made once; from then on the same bytes are sent from
// memory. Its first line on standard output says where all this is, as JSON. It serves until standard input ends.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "vendor:", err)
		os.Exit(1)
	}
}
