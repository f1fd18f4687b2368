package snapshot_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"yardstick/pkg/snapshot"
)

type note struct {
	Holder string `json:"holder"`
	Times  []int  `json:"times"`
}

const noteKey = "acme/_yardstick/leases/scrapright/main.json"

func TestSwapGoesOnFromTheVersionThatWasRead(t *testing.T) {
	b := openBucket(t)
	var read note
	if etag, err := snapshot.Load(t.Context(), b, noteKey, &read); !errors.Is(err, snapshot.ErrNotFound) || etag != "" ||
		!strings.Contains(err.Error(), noteKey) {
		t.Fatalf("%q, %v", etag, err)
	}
	etag := ""
	for i, holder := range []string{"one", "two", "two"} {
		wrote, err := snapshot.Swap(t.Context(), b, noteKey, etag, note{Holder: holder, Times: []int{i}})
		if err != nil {
			t.Fatal(err)
		}
		etag, err = snapshot.Load(t.Context(), b, noteKey, &read)
		if err != nil || etag != wrote || read.Holder != holder || read.Times[0] != i {
			t.Fatalf("%s, %v; wrote %s and read %+v", etag, err, wrote, read)
		}
	}
	if text, info := b.get(t, noteKey); text != `{"holder":"two","times":[2]}` || info.ContentType != "application/json" {
		t.Errorf("%s of type %s", text, info.ContentType)
	}
}

func TestSwapOverAnotherWriterIsAConflict(t *testing.T) {
	for name, c := range map[string]struct {
		have      bool
		meanwhile func(*testing.T, *bucket)
		left      string
	}{
		"new":      {false, func(t *testing.T, b *bucket) { b.put(t, noteKey, "another's") }, "another's"},
		"replaced": {true, func(t *testing.T, b *bucket) { b.put(t, noteKey, "another's") }, "another's"},
		"deleted":  {true, func(t *testing.T, b *bucket) { b.remove(t, noteKey) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			have := ""
			if c.have {
				have = b.put(t, noteKey, "before")
			}
			c.meanwhile(t, b)
			etag, err := snapshot.Swap(t.Context(), b, noteKey, have, note{Holder: "mine"})
			wantError(t, "swap", err, snapshot.ErrConflict, "write "+noteKey)
			if etag != "" {
				t.Errorf("answered ETag %s", etag)
			}
			if text, _ := b.get(t, noteKey); text != c.left {
				t.Errorf("there is %q, expected %q", text, c.left)
			}
		})
	}
}

func TestSwapWhoseAnswerWasLostCountsAsWritten(t *testing.T) {
	b := openBucket(t)
	etag := ""
	for _, holder := range []string{"one", "two"} {
		b.wire.loseAnswer(http.MethodPut, func() {})
		wrote, err := snapshot.Swap(t.Context(), b, noteKey, etag, note{Holder: holder})
		if err != nil {
			t.Fatal(err)
		}
		var read note
		if etag, err = snapshot.Load(t.Context(), b, noteKey, &read); err != nil || etag != wrote || read.Holder != holder {
			t.Errorf("%s, %v; wrote %s and read %+v", etag, err, wrote, read)
		}
	}
}

func TestSwapTellsWhyItFailed(t *testing.T) {
	b := openBucket(t)
	_, err := snapshot.Swap(t.Context(), b, noteKey, "", func() {})
	if err == nil || !strings.Contains(err.Error(), "write "+noteKey) {
		t.Errorf("what is no JSON: %v", err)
	}
	b.wire.deny(http.MethodPut)
	_, err = snapshot.Swap(t.Context(), b, noteKey, "", note{})
	wantError(t, "denied", err, snapshot.ErrDenied, "write "+noteKey)
}

func TestLoadTellsWhatIsNoDocument(t *testing.T) {
	b := openBucket(t)
	for _, text := range []string{"", "<html>", `{"holder":7}`, `{"holder":"a"`, `{"holder":"a"} {}`} {
		want := b.put(t, noteKey, text)
		etag, err := snapshot.Load(t.Context(), b, noteKey, new(note))
		wantError(t, text, err, snapshot.ErrForm, "read "+noteKey)
		if etag != want {
			t.Errorf("%q has ETag %s, expected %s", text, etag, want)
		}
	}
	b.put(t, noteKey, "\n{\"holder\" : \"a\", \"more\": 1}\n")
	var read note
	if _, err := snapshot.Load(t.Context(), b, noteKey, &read); err != nil || read.Holder != "a" {
		t.Errorf("%+v, %v", read, err)
	}
	b.wire.breakOff()
	if _, err := snapshot.Load(t.Context(), b, noteKey, &read); err == nil || errors.Is(err, snapshot.ErrForm) ||
		!strings.Contains(err.Error(), "read "+noteKey) {
		t.Errorf("broken off: %v", err)
	}
}

func TestResultIsKeptUnderItsRun(t *testing.T) {
	b := openBucket(t)
	p := publisher(b, 1) // 00:00 UTC, and 01:00 where it was told
	const key = "acme/_yardstick/runs/dt=2026-11-23/run-1.json"
	b.wire.loseAnswer(http.MethodPut, func() {})
	if err := p.Result(t.Context(), note{Holder: "run-1"}); err != nil {
		t.Fatal(err)
	}
	if text, info := b.get(t, key); text != `{"holder":"run-1","times":null}`+"\n" || info.ContentType != "application/json" {
		t.Errorf("%q of type %s", text, info.ContentType)
	}
	wantError(t, "another result of that run", p.Result(t.Context(), note{Holder: "other"}), snapshot.ErrConflict, key)
	if err := p.Result(t.Context(), func() {}); err == nil || !strings.Contains(err.Error(), "the run's result") {
		t.Errorf("what is no JSON: %v", err)
	}
}

func TestResultGoesByTheDateInUTC(t *testing.T) {
	b := openBucket(t)
	if err := publisher(b, 0).Result(t.Context(), note{}); err != nil { // 23:00 UTC of the day before
		t.Fatal(err)
	}
	if text, _ := b.get(t, "acme/_yardstick/runs/dt=2026-11-22/run-0.json"); text == "" {
		t.Error("it is not there")
	}
}
