package snapshottest

import (
	"bufio"
	"compress/gzip"

	"yardstick/pkg/snapshot"
)

// TB is what the spool's aids need of a test.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// NewSpool is an empty spool, or the end of the test.
func NewSpool(t TB) *snapshot.Spool {
	t.Helper()
	spool, err := snapshot.NewSpool("")
	if err != nil {
		t.Fatal(err)
	}
	return spool
}

// Lines are the lines of a spool, which is finished by that.
func Lines(t TB, spool *snapshot.Spool) []string {
	t.Helper()
	content, err := spool.Finish()
	if err != nil {
		t.Fatal(err)
	}
	body, err := spool.Body()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	scanner := bufio.NewScanner(plain)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if int64(len(lines)) != content.Rows {
		t.Fatalf("the spool says %d rows and holds %d", content.Rows, len(lines))
	}
	return lines
}
