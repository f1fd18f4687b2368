package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// saved is an object that holds some records.
func saved(t testing.TB, u snapshot.Unfinished, records ...string) string {
	t.Helper()
	s := openSpool(t)
	for _, record := range records {
		if _, err := s.Append([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	return read(t, s, u)
}

func read(t rapid.TB, s *snapshot.Spool, u snapshot.Unfinished) string {
	t.Helper()
	object, err := s.Save(u)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestASpoolThatIsSavedAndRestoredIsAsBefore(t *testing.T) {
	spools := []*snapshot.Spool{openSpool(t), openSpool(t), openSpool(t)}
	omit := func(t rapid.TB) *snapshot.Encoder {
		e, err := snapshot.NewEncoder([]string{"/drop"})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, s := range spools {
			s.Observer = new(shown)
			if err := s.Begin(omit(t)); err != nil {
				t.Fatal(err)
			}
		}
		now, next, whole := spools[0], spools[1], spools[2]
		for range rapid.IntRange(0, 25).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "what") > 0 {
				record := fmt.Appendf(nil, `{"n":%d,"N":"%s","drop":1}`, rapid.IntRange(0, 5).Draw(t, "n"),
					strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 70_000}).Draw(t, "length")))
				for _, s := range []*snapshot.Spool{now, whole} {
					if _, err := s.Append(record); err != nil {
						t.Fatal(err)
					}
				}
				continue
			}
			u := snapshot.Unfinished{Key: "k", Spec: "s", Run: "r", Began: time.Unix(1, 0).UTC(), Real: time.Unix(2, 0).UTC(),
				Cursor: rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "cursor")}
			text := read(t, now, u)
			if err := next.Begin(omit(t)); err != nil {
				t.Fatal(err)
			}
			got, err := next.Restore(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			u.Version, u.Rows, u.Bytes, u.SHA256, u.Collisions = got.Version, now.Rows(), got.Bytes, got.SHA256, got.Collisions
			if head, err := snapshot.ReadUnfinished(strings.NewReader(text)); err != nil || !cmp.Equal(head, got) || !cmp.Equal(u, got) {
				t.Fatalf("%v: %s%s", err, cmp.Diff(u, got), cmp.Diff(head, got))
			}
			now, next = next, now
		}
		want, err := whole.Finish()
		if err != nil {
			t.Fatal(err)
		}
		collisions := now.Collisions()
		if got, err := now.Finish(); err != nil || got != want || !slices.Equal(collisions, whole.Collisions()) {
			t.Fatalf("%v: %+v %q, expected %+v %q", err, got, collisions, want, whole.Collisions())
		}
		if !slices.Equal(snapshottest.Lines(t, now), snapshottest.Lines(t, whole)) {
			t.Fatal("the lines differ")
		}
		wantShown(t, now)
	})
}

func TestSavingEndsNothing(t *testing.T) {
	s := openSpool(t)
	for i := range 3 {
		if _, err := s.Append(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
		if text := read(t, s, snapshot.Unfinished{}); !strings.Contains(text, fmt.Sprintf(`"rows":%d,`, i+1)) {
			t.Errorf("%q", text)
		}
	}
	if err := s.Drop([]int64{1}); err != nil {
		t.Fatal(err)
	}
	if got := snapshottest.Lines(t, s); !slices.Equal(got, []string{`{"n":0}`, `{"n":2}`}) {
		t.Errorf("%q", got)
	}
}

func TestWhatIsNotWholeIsNotRestored(t *testing.T) {
	good := saved(t, snapshot.Unfinished{Cursor: []byte("c")}, `{"a":1}`, `{"b":2}`)
	end := strings.Index(good, "\n") + 1
	cases := map[string]string{"empty": "", "no line": "{}", "no JSON": "a\n" + good[end:], "a data object": good[end:],
		"another version": strings.Replace(good, `"version":2`, `"version":1`, 1), "another count": strings.Replace(good, `"rows":2`, `"rows":3`, 1),
		"no lines": good[:end], "something behind": good + "x", "twice the lines": good + good[end:], "a list": "[1]\n", "null": "null\n"}
	for length := range len(good) {
		cases[fmt.Sprint("cut at ", length)] = good[:length]
	}
	for at := end; at < len(good); at++ {
		torn := []byte(good)
		torn[at] ^= 0x5a
		if at >= end+4 && at < end+10 {
			continue // gzip's own time, flags and system are no part of the lines
		}
		cases[fmt.Sprint("torn at ", at)] = string(torn)
	}
	s := openSpool(t)
	for name, text := range cases {
		if _, err := s.Restore(strings.NewReader(text)); !errors.Is(err, snapshot.ErrForm) {
			t.Errorf("%s: %v; expected ErrForm", name, err)
		}
		if err := s.Begin(&snapshot.Encoder{}); err != nil {
			t.Fatal(err)
		}
	}
	if u, err := s.Restore(strings.NewReader(good)); err != nil || u.Rows != 2 {
		t.Errorf("%v %+v", err, u)
	}
}

func TestAnObjectThatCannotBeReadIsNoFormError(t *testing.T) {
	good := saved(t, snapshot.Unfinished{}, `{"a":1}`)
	broken := errors.New("the line broke")
	for _, length := range []int{0, 10, len(good) - 9} {
		_, err := openSpool(t).Restore(io.MultiReader(strings.NewReader(good[:length]), failing{broken}))
		if !errors.Is(err, broken) || errors.Is(err, snapshot.ErrForm) {
			t.Errorf("after %d bytes: %v", length, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestSavingAndRestoringTakeLittleMemory(t *testing.T) {
	const lines = 20_000
	s, next := openSpool(t), openSpool(t)
	source := rand.New(rand.NewPCG(1, 2))
	for range lines {
		if _, err := s.Append(fmt.Appendf(nil, `{"a":"%x%x%x%x"}`, source.Uint64(), source.Uint64(), source.Uint64(), source.Uint64())); err != nil {
			t.Fatal(err)
		}
	}
	object, err := s.Save(snapshot.Unfinished{})
	if err != nil {
		t.Fatal(err)
	}
	size, err := object.Seek(0, io.SeekEnd)
	if err != nil || size < 500_000 {
		t.Fatalf("%d bytes: %v", size, err)
	}
	if _, err := object.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := next.Restore(object); err != nil || next.Rows() != lines {
		t.Fatal(next.Rows(), err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 400_000 {
		t.Errorf("%d bytes were allocated for an object of %d", took, size)
	}
}

func TestASavedWindowIsPutOverTheVersionThatWasRead(t *testing.T) {
	b := openBucket(t)
	const key = "_yardstick/spool/scrapright/account=main/customers/dt=2026-11-22/customers.spool"
	put := func(run, text, have string) error {
		p := snapshot.Publisher{Store: b.Store, Run: run}
		return p.Save(t.Context(), key, bytes.NewReader([]byte(text)), have)
	}
	if err := put("1", "one", ""); err != nil {
		t.Fatal(err)
	}
	_, first := b.get(t, key)
	wantError(t, "create over another", put("2", "two", ""), snapshot.ErrConflict, key)
	if err := put("2", "two", first.ETag); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a zombie", put("3", "three", first.ETag), snapshot.ErrConflict, key)
	b.wire.loseAnswer("PUT", func() {})
	_, second := b.get(t, key)
	if err := put("4", "four", second.ETag); err != nil {
		t.Errorf("whose answer was lost: %v", err)
	}
	if text, _ := b.get(t, key); text != "four" {
		t.Errorf("%q", text)
	}
	b.remove(t, key)
	wantError(t, "removed meanwhile", put("5", "five", second.ETag), snapshot.ErrConflict, key)
}

func FuzzReadUnfinished(f *testing.F) {
	f.Add([]byte(saved(f, snapshot.Unfinished{Key: "k", Cursor: []byte("c")}, `{"a":1}`)))
	f.Add([]byte("{\"version\":1}\n"))
	s := openSpool(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		head, err := snapshot.ReadUnfinished(bytes.NewReader(text))
		if err != nil && !errors.Is(err, snapshot.ErrForm) {
			t.Fatal(err)
		}
		u, restored := s.Restore(bytes.NewReader(text))
		if restored != nil && !errors.Is(restored, snapshot.ErrForm) || restored == nil && (err != nil || u.Rows != s.Rows() || !cmp.Equal(head, u)) {
			t.Fatalf("%v and %v: %+v", err, restored, u)
		}
	})
}
