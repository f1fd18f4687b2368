package snapshot_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// openSpool opens a spool in a folder of its own, in which nothing may be left at any time.
func openSpool(t testing.TB) *snapshot.Spool {
	t.Helper()
	folder := t.TempDir()
	s, err := snapshot.NewSpool(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
	return s
}

func add(t rapid.TB, s *snapshot.Spool, records ...string) {
	t.Helper()
	for _, record := range records {
		if _, err := s.Append([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
}

// object finishes the spool and reads its body, as bytes and as the text that the standard library makes of them.
func object(t rapid.TB, s *snapshot.Spool) (c snapshot.Content, compressed []byte, text string) {
	t.Helper()
	c, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	body, err := s.Body()
	if err != nil {
		t.Fatal(err)
	}
	if compressed, err = io.ReadAll(body); err != nil {
		t.Fatal(err)
	}
	return c, compressed, gunzip(t, compressed)
}

func gunzip(t rapid.TB, compressed []byte) string {
	t.Helper()
	plain, err := stdgzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// contentOf is what a spool has to say of lines, computed by other means.
func contentOf(lines ...string) (snapshot.Content, string) {
	text := ""
	if len(lines) > 0 {
		text = strings.Join(lines, "\n") + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	return snapshot.Content{Rows: int64(len(lines)), Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}, text
}

func wantObject(t rapid.TB, s *snapshot.Spool, lines ...string) {
	t.Helper()
	wantContent, wantText := contentOf(lines...)
	if got := s.Rows(); got != wantContent.Rows {
		t.Errorf("%d rows, expected %d", got, wantContent.Rows)
	}
	content, _, text := object(t, s)
	if diff := cmp.Diff(wantContent, content); diff != "" {
		t.Errorf("content (-want +got)\n%s", diff)
	}
	if text != wantText {
		t.Errorf("got %.300q\nexpected %.300q", text, wantText)
	}
}

func TestSpoolProvesWhatItHolds(t *testing.T) {
	s := openSpool(t)
	add(t, s, ` {"a" : 1} `, "{\"b\":\n2}", `{"a":1}`)
	wantObject(t, s, `{"a":1}`, `{"b":2}`, `{"a":1}`)
}

func TestSpoolServesOneWindowAfterAnother(t *testing.T) {
	s := openSpool(t)
	long := `"` + strings.Repeat("long", 1<<16) + `"`
	for _, c := range []struct {
		omit    []string
		records []string
		lines   []string
	}{
		{nil, []string{`{"a": 1, "A": 2}`}, []string{`{"a":1,"A":2}`}},
		{[]string{"/a"}, []string{`{"a": 1, "b": 2}`, `{"a": 3}`}, []string{`{"b":2}`, `{}`}},
		{nil, nil, nil},
		{nil, []string{`[0]`, long}, []string{`[0]`, long}},
		{nil, []string{`{"a": 1}`}, []string{`{"a":1}`}},
	} {
		if err := s.Begin(encoder(t, c.omit...)); err != nil {
			t.Fatal(err)
		}
		add(t, s, c.records...)
		wantObject(t, s, c.lines...)
	}
}

func TestSpoolTellsTheCollisionsOfItsWindow(t *testing.T) {
	s := openSpool(t)
	add(t, s, `{"a":1,"A":2}`)
	if got := s.Collisions(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%q", got)
	}
	if err := s.Begin(encoder(t)); err != nil {
		t.Fatal(err)
	}
	if got := s.Collisions(); len(got) != 0 {
		t.Errorf("%q in the next window", got)
	}
}

func TestSpoolOfNoLinesIsOneEmptyMember(t *testing.T) {
	s := openSpool(t)
	_, compressed, text := object(t, s)
	if text != "" || len(compressed) == 0 {
		t.Errorf("%x holds %q", compressed, text)
	}
	wantObject(t, s)
	member := bytes.NewReader(compressed)
	plain, err := stdgzip.NewReader(member)
	if err != nil {
		t.Fatal(err)
	}
	plain.Multistream(false)
	if n, err := io.Copy(io.Discard, plain); n != 0 || err != nil || member.Len() != 0 {
		t.Errorf("%d bytes, %v, and %d bytes behind the member", n, err, member.Len())
	}
}

func TestSpoolMakesTheSameBytesOfTheSameLines(t *testing.T) {
	records := []string{purchase, `{}`, purchase}
	first := openSpool(t)
	add(t, first, records...)
	_, want, _ := object(t, first)
	second := openSpool(t)
	add(t, second, `{"another":"window"}`)
	object(t, second)
	if err := second.Reset(); err != nil {
		t.Fatal(err)
	}
	add(t, second, records...)
	if _, got, _ := object(t, second); !bytes.Equal(got, want) {
		t.Errorf("%x\nexpected %x", got, want)
	}
}

func TestSpoolResetDropsEveryLine(t *testing.T) {
	s := openSpool(t)
	for range 2 {
		add(t, s, `1`, `"`+strings.Repeat("x", 1<<20)+`"`)
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
		if s.Rows() != 0 {
			t.Errorf("%d rows are left", s.Rows())
		}
	}
	add(t, s, `2`)
	wantObject(t, s, `2`)
	if err := s.Reset(); err != nil { // after Finish
		t.Fatal(err)
	}
	wantObject(t, s)
}

func TestSpoolFingerprintsKnowEqualLines(t *testing.T) {
	s := openSpool(t)
	if err := s.Begin(encoder(t, "/x")); err != nil {
		t.Fatal(err)
	}
	first, err := openSpool(t).Append([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	want := first.Fingerprint()
	for _, record := range []string{`{"a":1}`, ` {"a" : 1} `, `{"x":7,"a":1}`} {
		line, err := s.Line([]byte(record))
		if err != nil || s.Rows() != 0 {
			t.Errorf("%v, and %d rows", err, s.Rows())
		}
		if seen := line.Fingerprint(); seen != want {
			t.Errorf("%s has %x, expected %x", record, seen, want)
		}
	}
	appended, err := s.Append([]byte(`{"a": 1}`))
	if err != nil || appended.Fingerprint() != want {
		t.Errorf("appended as %s, %v; expected one with the fingerprint %x", appended, err, want)
	}
	other, err := s.Line([]byte(`{"a":1.0}`))
	if err != nil || other.Fingerprint() == want {
		t.Errorf("1.0 has %x as 1 has, %v", want, err)
	}
	wantObject(t, s, `{"a":1}`)
}

func TestSpoolIsAsItWasAfterARefusedRecord(t *testing.T) {
	s := openSpool(t)
	add(t, s, `1`)
	if _, err := s.Append([]byte(`{"a":`)); err == nil {
		t.Error("half a record was taken")
	}
	if _, err := s.Line([]byte(`{"a":`)); err == nil {
		t.Error("half a record has a line")
	}
	add(t, s, `2`)
	wantObject(t, s, `1`, `2`)
}

func TestSpoolBodiesAreReadSideBySide(t *testing.T) {
	s := openSpool(t)
	add(t, s, purchase)
	_, want, _ := object(t, s)
	one, err := s.Body()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, one, 10); err != nil {
		t.Fatal(err)
	}
	two, err := s.Body()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(two); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the second body differs: %v", err)
	}
	if got, err := io.ReadAll(one); err != nil || !bytes.Equal(got, want[10:]) {
		t.Errorf("the rest of the first body differs: %v", err)
	}
	if size, err := one.Seek(0, io.SeekEnd); err != nil || size != int64(len(want)) {
		t.Errorf("the body ends at %d, %v; expected %d", size, err, len(want))
	}
	if _, err := one.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(one); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the first body, read again, differs: %v", err)
	}
}

func TestSpoolDropsLinesOfAnyLength(t *testing.T) {
	s := openSpool(t)
	var lines []string
	for _, length := range []int{3, 64<<10 - 2, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3, 200_000, 128 << 10, 3} {
		lines = append(lines, `"`+strings.Repeat("x", length-2)+`"`)
	}
	add(t, s, lines...)
	if err := s.Drop([]int64{0, 3, 8}); err != nil {
		t.Fatal(err)
	}
	wantObject(t, s, slices.Concat(lines[1:3], lines[4:8])...)
}

// shown keeps the lines that an observer is shown.
type shown struct {
	lines    []string
	followed string
}

func (s *shown) Observe(line []byte) { s.lines = append(s.lines, string(line)) }
func (s *shown) Reset()              { s.lines = nil }

// Follow takes what it was shown before.
func (s *shown) Follow(head, text []byte) (found snapshot.Found) {
	if s.followed = string(head) + string(text); slices.Contains(s.lines, s.followed) {
		found.Length = len(text)
	}
	return found
}

func (s *shown) Leave() {}

func (s *shown) Keep() { s.Observe([]byte(s.followed)) }

// wantShown holds that the spool's observer, a *shown, was shown the lines that the spool holds. It ends the window.
func wantShown(t rapid.TB, s *snapshot.Spool) {
	t.Helper()
	if _, err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := s.Observed(); err != nil {
		t.Fatal(err)
	}
	got, want := slices.Sorted(slices.Values(s.Observer.(*shown).lines)), slices.Sorted(slices.Values(snapshottest.Lines(t, s)))
	if !slices.Equal(got, want) {
		t.Fatalf("the observer was shown %q, expected %q", got, want)
	}
}

func TestSpoolIsWhatAListOfLinesIs(t *testing.T) {
	s := openSpool(t)
	s.Observer = new(shown)
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		if err := s.Begin(new(snapshot.Encoder)); err != nil {
			t.Fatal(err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for _, record := range rapid.SliceOfN(rapid.SampledFrom(scalarLexemes), 1, 9).Draw(t, "records") {
					lines = append(lines, record)
					add(t, s, record)
				}
			},
			"drop": func(t *rapid.T) {
				var numbers []int64
				var left []string
				for i, line := range lines {
					if rapid.Bool().Draw(t, "dropped") {
						numbers = append(numbers, int64(i))
					} else {
						left = append(left, line)
					}
				}
				if err := s.Drop(numbers); err != nil {
					t.Fatal(err)
				}
				lines = left
			},
			"reset": func(t *rapid.T) {
				if err := s.Reset(); err != nil {
					t.Fatal(err)
				}
				lines = nil
			},
			"": func(t *rapid.T) {
				if s.Rows() != int64(len(lines)) {
					t.Fatalf("%d rows, expected %d", s.Rows(), len(lines))
				}
			},
		})
		if rapid.Bool().Draw(t, "sorted") {
			if _, err := s.Sort(); err != nil {
				t.Fatal(err)
			}
			slices.Sort(lines)
		}
		wantObject(t, s, lines...)
		wantShown(t, s)
	})
}

func TestSpoolDropRefusesNumbersThatNoLineHas(t *testing.T) {
	s := openSpool(t)
	add(t, s, `0`, `1`, `2`)
	for _, numbers := range [][]int64{{3}, {-1}, {0, 3}, {1, 0}, {1, 1}} {
		if err := s.Drop(numbers); err == nil || !strings.Contains(err.Error(), "expected ascending numbers") {
			t.Errorf("%d: %v", numbers, err)
		}
	}
	if err := s.Drop(nil); err != nil {
		t.Error(err)
	}
	add(t, s, `3`)
	wantObject(t, s, `0`, `1`, `2`, `3`)
}

func TestSpoolLeavesNothingOnTheDisk(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing")) // what goes anywhere else but the folder fails
	folder := t.TempDir()
	s, err := snapshot.NewSpool(folder)
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, purchase, `1`)
	if err := s.Drop([]int64{0}); err != nil {
		t.Fatal(err)
	}
	add(t, s, `2`)
	if _, err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("there are %v, %v", left, err)
	}
	wantObject(t, s, `1`, `2`)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSpoolThatCannotBeOpenedSaysSo(t *testing.T) {
	s, err := snapshot.NewSpool(filepath.Join(t.TempDir(), "missing"))
	if err == nil || s != nil || !strings.HasPrefix(err.Error(), "open a spool: ") {
		t.Error(err)
	}
}

func TestSpoolTellsWhenItsFileFails(t *testing.T) {
	s, err := snapshot.NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, `1`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(); err == nil || !strings.HasPrefix(err.Error(), "finish the spool: ") {
		t.Errorf("finish: %v", err)
	}
	if _, err := s.Body(); err == nil || !strings.HasPrefix(err.Error(), "read the spool: ") {
		t.Errorf("body: %v", err)
	}
	if err := s.Drop([]int64{0}); err == nil {
		t.Error("a line was dropped from a closed file")
	}
	if err := s.Reset(); err == nil || !strings.HasPrefix(err.Error(), "reset the spool: ") {
		t.Errorf("reset: %v", err)
	}
}
