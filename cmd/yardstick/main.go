// Command yardstick exports, plans and checks from a terminal or a scheduler of one's own what the Lambda functions do
// in AWS, and shows it on simulated vendors.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(int(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)))
}
