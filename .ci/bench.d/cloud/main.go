// Command cloud serves an embedded S3 and Secrets Manager over the folder that its argument names, with the bucket that
// .ci/bench exports into. It makes no write wait for the disk. Its first line on standard output is the endpoint. It
// serves until standard input ends.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"yardstick/pkg/localcloud"
)

func main() {
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cloud:", err)
		os.Exit(1)
	}
}

func run(dir string, in io.Reader, out io.Writer) error {
	cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		return err
	}
	endpoint, err := cloud.Start()
	if err == nil {
		err = cloud.CreateBucket("bench")
	}
	if err == nil {
		_, err = fmt.Fprintln(out, endpoint)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	return errors.Join(err, cloud.Close())
}
