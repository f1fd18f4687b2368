// Command floor does the least that an export can: it asks for one page after another on one connection and compresses
// the bodies into a file as they come. Nothing is looked at. Usage: floor -header NAME:VALUE -level LEVEL -out FILE <URLs,
// one a line. It prints its requests, the bytes of their bodies and the most memory that it had, as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	var f floor
	flag.StringVar(&f.header, "header", "", "the credential, as `NAME:VALUE`")
	flag.StringVar(&f.level, "level", "", "of compression, as package gzip spells it: gzip.DefaultCompression, or a number")
	flag.StringVar(&f.out, "out", "", "the `file` to write")
	flag.Parse()
	got, err := f.run(os.Stdin)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(got)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}
