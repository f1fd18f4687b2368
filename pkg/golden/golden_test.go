package golden

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// told is a test that keeps what it is told.
type told struct {
	testing.TB
	says string
}

func (t *told) Helper() {}

func (t *told) Errorf(format string, args ...any) { t.says = fmt.Sprintf(format, args...) }

func TestADifferenceFailsAndIsWrittenOnlyWhenAskedFor(t *testing.T) {
	defer func(was bool) { *update = was }(*update)
	*update = false
	t.Chdir(t.TempDir())
	if err := os.WriteFile("kept.txt", []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	compare := func(got string) string {
		inner := &told{TB: t}
		Compare(inner, "kept.txt", got)
		return inner.says
	}
	if says := compare("one\ntwo\n"); says != "" {
		t.Errorf("the same differs: %s", says)
	}
	if says := compare("one\n2\n"); !strings.Contains(says, "kept.txt differs") || !strings.Contains(says, `"two"`) || !strings.Contains(says, `"2"`) {
		t.Errorf("the difference reads %q", says)
	}
	if text, err := os.ReadFile("kept.txt"); err != nil || string(text) != "one\ntwo\n" {
		t.Errorf("the file was written: %q %v", text, err)
	}
	*update = true
	if says := compare("one\n2\n"); says != "" {
		t.Errorf("written and yet different: %s", says)
	}
	*update = false
	if says := compare("one\n2\n"); says != "" {
		t.Errorf("not written: %s", says)
	}
}
