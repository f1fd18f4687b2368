// Package golden holds what a test got against a file that is kept, for tests.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A flag is known before the tests begin, so it is declared as the package is.
var update = flag.Bool("update", false, "write the golden files anew")

// Compare fails the test where a text is not what a file holds, and shows which lines differ. The file's path counts from the
// test's folder.
// `go test -update` writes the file in place of that.
func Compare(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // it lies in the repository
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs; look at it, then go test -update writes it anew (- golden, + got)\n%s", file, diff)
	}
}
