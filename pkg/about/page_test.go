package about_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/about"
)

var update = flag.Bool("update", false, "write the golden files anew")

func page(t testing.TB, s about.Status) string {
	t.Helper()
	p, err := about.Page(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func TestGoldenPage(t *testing.T) {
	const golden = "testdata/page.html"
	got := page(t, everything())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s (run go test -run Golden -update, and look at it):\n%s", golden, cmp.Diff(string(want), got))
	}
}
