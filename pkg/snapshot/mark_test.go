package snapshot_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/snapshot"

	"pgregory.net/rapid"
)

func TestASpoolGoesBackToAMarkAndSortsWhatItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spool, err := snapshot.NewSpool("")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = spool.Close() }()
		spool.Observer = new(shown)
		var model []string
		type place struct {
			mark snapshot.Mark
			rows int
		}
		marks := []place{{}}
		for step := range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				m, err := spool.Mark()
				if err != nil {
					t.Fatal(err)
				}
				marks = append(marks, place{m, len(model)})
			case 1:
				i := rapid.IntRange(0, len(marks)-1).Draw(t, "mark")
				if err := spool.Rollback(marks[i].mark); err != nil {
					t.Fatal(err)
				}
				model, marks = model[:marks[i].rows], marks[:i+1]
			default:
				line := fmt.Sprintf(`{"n":%d,"step":%d}`, rapid.IntRange(0, 9).Draw(t, "n"), step)
				if _, err := spool.Append([]byte(line)); err != nil {
					t.Fatal(err)
				}
				model = append(model, line+"\n")
			}
		}
		if rapid.Bool().Draw(t, "sorted") {
			if _, err := spool.Sort(); err != nil {
				t.Fatal(err)
			}
			slices.Sort(model)
		}
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
		got, err := io.ReadAll(plain)
		if want := strings.Join(model, ""); err != nil || string(got) != want || content.Bytes != int64(len(want)) || content.Rows != int64(len(model)) {
			t.Fatalf("%v %+v\n%s\nexpected\n%s", err, content, got, want)
		}
		if content.SHA256 != fmt.Sprintf("%x", sha256.Sum256(got)) {
			t.Fatal("the digest is not that of the bytes")
		}
		wantShown(t, spool)
	})
}

func TestAMarkFromBeforeTheLinesWereWrittenAnewIsRefused(t *testing.T) {
	for name, anew := range map[string]func(*snapshot.Spool) error{
		"drop":  func(s *snapshot.Spool) error { return s.Drop([]int64{0}) },
		"sort":  func(s *snapshot.Spool) error { _, err := s.Sort(); return err },
		"reset": (*snapshot.Spool).Reset,
	} {
		spool, err := snapshot.NewSpool("")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = spool.Close() }()
		for _, line := range []string{`{"b":1}`, `{"a":1}`} {
			if _, err := spool.Append([]byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		mark, err := spool.Mark()
		if err := errors.Join(err, anew(spool)); err != nil {
			t.Fatal(err)
		}
		if err := spool.Rollback(mark); err == nil {
			t.Errorf("after %s an old mark was taken", name)
		}
		if err := spool.Rollback(snapshot.Mark{}); err != nil || spool.Rows() != 0 {
			t.Errorf("after %s the beginning was refused: %v", name, err)
		}
	}
}

func TestSortNeedsNoMemoryForAllLines(t *testing.T) {
	spool, err := snapshot.NewSpool("")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	filler := strings.Repeat("x", 900)
	const rows = 12_000 // three runs of 4 MiB
	for i := range rows {
		if _, err := spool.Append(fmt.Appendf(nil, `{"k":%05d,"x":"%s"}`, 10000+(i*7919)%rows, filler)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := spool.Sort(); err != nil {
		t.Fatal(err)
	}
	content, err := spool.Finish()
	if err != nil || content.Rows != rows {
		t.Fatalf("%v %+v", err, content)
	}
	body, err := spool.Body()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")); !slices.IsSortedFunc(lines, bytes.Compare) || len(lines) != rows {
		t.Errorf("%d lines, not in order", len(lines))
	}
}
