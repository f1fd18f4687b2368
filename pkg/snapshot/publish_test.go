package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/snapshot"
)

const (
	purchasesKey = "acme/scrapright/purchases/account=main/dt=2026-11-22/purchases.json.gz"
	latestKey    = "acme/latest/scrapright/customers/account=main/customers.json.gz"
)

// publisher is one of a run at that hour.
func publisher(b *bucket, hour int) *snapshot.Publisher {
	at := time.Date(2026, 11, 23, hour, 0, 0, 0, time.FixedZone("", 3600))
	return &snapshot.Publisher{Store: b, Layout: snapshot.Layout{Prefix: "acme/"}, Run: fmt.Sprintf("run-%d", hour), Time: at}
}

func customers(t testing.TB) snapshot.Name {
	t.Helper()
	name := purchases(t, "2026-11-23")
	name.Dataset, name.Part = "customers", "customers"
	return name
}

// wantPublished compares an object whole: its lines and its metadata by run-<hour>.
func wantPublished(t testing.TB, b *bucket, key string, hour int, lines ...string) {
	t.Helper()
	text, info := b.get(t, key)
	if text == "" {
		t.Errorf("there is no %s", key)
		return
	}
	content, want := contentOf(lines...)
	if got := gunzip(t, []byte(text)); got != want {
		t.Errorf("%s holds %q, expected %q", key, got, want)
	}
	if info.ContentType != "application/x-ndjson" {
		t.Errorf("%s is %s", key, info.ContentType)
	}
	if diff := cmp.Diff(map[string]string{
		"rows": fmt.Sprint(len(lines)), "sha256": content.SHA256, "run": fmt.Sprintf("run-%d", hour),
		"fetched-at": fmt.Sprintf("2026-11-23T%02d:00:00Z", hour-1), "format": "1",
	}, info.Metadata); diff != "" {
		t.Errorf("metadata of %s (-want +got)\n%s", key, diff)
	}
}

func TestPublishPutsAnObjectInPlace(t *testing.T) {
	for name, lines := range map[string][]string{"rows": {`{"a":1}`, `{"a":2}`}, "none": nil} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			content, body := gzipped(t, lines...)
			if _, err := body.Seek(0, io.SeekEnd); err != nil { // wherever it stands
				t.Fatal(err)
			}
			etag, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, snapshot.Info{})
			if err != nil {
				t.Fatal(err)
			}
			wantPublished(t, b, purchasesKey, 5, lines...)
			if _, info := b.get(t, purchasesKey); info.ETag != etag {
				t.Errorf("answered ETag %s, and it has %s", etag, info.ETag)
			}
		})
	}
}

func TestPublishReplacesTheObjectThatWasListed(t *testing.T) {
	b := openBucket(t)
	there := snapshot.Info{Key: purchasesKey, ETag: b.put(t, purchasesKey, "old")}
	content, body := gzipped(t, `1`)
	if _, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, there); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, b, purchasesKey, 5, `1`)
}

func TestPublishOverAnotherWriterIsAConflict(t *testing.T) {
	listed := func(b *bucket) snapshot.Info { return snapshot.Info{ETag: b.put(t, purchasesKey, "old")} }
	absent := func(*bucket) snapshot.Info { return snapshot.Info{} }
	for name, there := range map[string]func(*bucket) snapshot.Info{"new": absent, "replaced": listed} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			info := there(b)
			b.put(t, purchasesKey, "another's")
			content, body := gzipped(t, `1`)
			etag, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, info)
			wantError(t, "publish", err, snapshot.ErrConflict, purchasesKey)
			if etag != "" {
				t.Errorf("answered ETag %s", etag)
			}
			if text, _ := b.get(t, purchasesKey); text != "another's" {
				t.Errorf("there is %q", text)
			}
		})
	}
}

func TestPublishWhoseAnswerWasLostCountsAsWritten(t *testing.T) {
	b := openBucket(t)
	info := snapshot.Info{}
	for _, record := range []string{`1`, `2`} {
		content, body := gzipped(t, record)
		b.wire.loseAnswer(http.MethodPut, func() {})
		etag, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, info)
		if err != nil {
			t.Fatal(err)
		}
		wantPublished(t, b, purchasesKey, 5, record)
		if _, info = b.get(t, purchasesKey); info.ETag != etag {
			t.Errorf("answered ETag %s, and it has %s", etag, info.ETag)
		}
	}
}

func TestPublishTakesTheSameContentOfAnotherRunAsItsOwn(t *testing.T) {
	b := openBucket(t)
	content, body := gzipped(t, `1`)
	first, err := publisher(b, 4).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, snapshot.Info{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, snapshot.Info{})
	if err != nil || second != first {
		t.Errorf("got %s, %v; expected %s", second, err, first)
	}
	wantPublished(t, b, purchasesKey, 4, `1`)
}

func TestPublishPutsBackWhatWasDeletedSinceItWasListed(t *testing.T) {
	b := openBucket(t)
	there := snapshot.Info{ETag: b.put(t, purchasesKey, "old")}
	b.remove(t, purchasesKey)
	content, body := gzipped(t, `1`)
	if _, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, there); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, b, purchasesKey, 5, `1`)
}

func TestPublishThatLosesAndFindsNothingIsAConflict(t *testing.T) {
	b := openBucket(t)
	content, body := gzipped(t, `1`)
	b.wire.loseAnswer(http.MethodPut, func() {
		b.put(t, purchasesKey, "another's")
		b.wire.set(http.MethodHead, func(r *http.Request) (*http.Response, error) {
			b.remove(t, purchasesKey) // between the lost condition and the look
			return b.wire.next.RoundTrip(r)
		})
	})
	_, err := publisher(b, 5).Publish(t.Context(), purchases(t, "2026-11-22"), content, body, snapshot.Info{})
	wantError(t, "publish", err, snapshot.ErrConflict)
}

func TestPublishTellsWhyItFailed(t *testing.T) {
	b := openBucket(t)
	p, name := publisher(b, 5), purchases(t, "2026-11-22")
	content, body := gzipped(t, `1`)
	b.wire.deny(http.MethodPut)
	_, err := p.Publish(t.Context(), name, content, body, snapshot.Info{})
	wantError(t, "denied", err, snapshot.ErrDenied, purchasesKey)
	b.put(t, purchasesKey, "another's")
	b.wire.deny(http.MethodHead)
	_, err = p.Publish(t.Context(), name, content, body, snapshot.Info{})
	wantError(t, "whose it is could not be seen", err, snapshot.ErrDenied, purchasesKey)
	if errors.Is(err, snapshot.ErrConflict) {
		t.Errorf("it is a conflict: %v", err)
	}
	_, err = p.Publish(t.Context(), name, content, &unreadable{}, snapshot.Info{})
	wantError(t, "the spool cannot be read", err, errUnreadable)
}

var errUnreadable = errors.New("no disk")

type unreadable struct{ bytes.Reader }

func (*unreadable) Seek(int64, int) (int64, error) { return 0, errUnreadable }

func TestContentIsWhatTheMetadataNames(t *testing.T) {
	c, _ := contentOf(`1`, `2`)
	for name, there := range map[string]struct {
		metadata map[string]string
		want     bool
	}{
		"both":         {map[string]string{"sha256": c.SHA256, "rows": "2", "run": "x"}, true},
		"other rows":   {map[string]string{"sha256": c.SHA256, "rows": "3"}, false},
		"other digest": {map[string]string{"sha256": c.SHA256[1:], "rows": "2"}, false},
		"no rows":      {map[string]string{"sha256": c.SHA256}, false},
		"none":         {nil, false},
	} {
		if got := c.Is(snapshot.Info{Metadata: there.metadata}); got != there.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLatestFollowsTheNewestReading(t *testing.T) {
	b := openBucket(t)
	bring := func(hour int, records ...string) {
		t.Helper()
		content, body := gzipped(t, records...)
		if err := publisher(b, hour).Latest(t.Context(), customers(t), content, body); err != nil {
			t.Fatal(err)
		}
	}
	bring(5, `1`)
	wantPublished(t, b, latestKey, 5, `1`)
	bring(6, `1`, `2`)
	wantPublished(t, b, latestKey, 6, `1`, `2`)
	bring(7, `1`, `2`) // the same content: the copy stays
	wantPublished(t, b, latestKey, 6, `1`, `2`)
	bring(5, `0`) // an earlier run, which ends late
	wantPublished(t, b, latestKey, 6, `1`, `2`)
	bring(6, `3`) // the same hour once more
	wantPublished(t, b, latestKey, 6, `3`)
	if b.puts() != 3 {
		t.Errorf("%d writes, expected 3", b.puts())
	}
	b.remove(t, latestKey)
	bring(8)
	wantPublished(t, b, latestKey, 8)
}

func TestLatestReplacesWhatNoRunWrote(t *testing.T) {
	b := openBucket(t)
	b.put(t, latestKey, "no metadata")
	content, body := gzipped(t, `1`)
	b.wire.loseAnswer(http.MethodPut, func() {})
	if err := publisher(b, 5).Latest(t.Context(), customers(t), content, body); err != nil {
		t.Fatal(err)
	}
	wantPublished(t, b, latestKey, 5, `1`)
}

func TestLatestTellsWhyItFailed(t *testing.T) {
	b := openBucket(t)
	content, body := gzipped(t, `1`)
	b.wire.deny(http.MethodHead)
	err := publisher(b, 5).Latest(t.Context(), customers(t), content, body)
	wantError(t, "denied", err, snapshot.ErrDenied, "look at "+latestKey)
	b.wire.loseAnswer(http.MethodPut, func() { b.put(t, latestKey, "another's") })
	err = publisher(b, 5).Latest(t.Context(), customers(t), content, body)
	wantError(t, "replaced", err, snapshot.ErrConflict, latestKey)
	if text, _ := b.get(t, latestKey); text != "another's" {
		t.Errorf("there is %q", text)
	}
}

func TestPruneRemovesTheCopiesThatAreNotKept(t *testing.T) {
	b := openBucket(t)
	const at = "acme/latest/scrunch/prompts/account=main/"
	kept := []string{
		at + "brand-1.json.gz", at + "README", "acme/latest/scrunch/prompts/account=main2/brand-2.json.gz",
		"acme/latest/scrunch/personas/account=main/brand-2.json.gz",
		"acme/scrunch/prompts/account=main/dt=2026-11-22/brand-2.json.gz",
	}
	for _, key := range append([]string{at + "brand-2.json.gz", at + "brand-10.json.gz"}, kept...) {
		b.put(t, key, "x")
	}
	if err := publisher(b, 5).Prune(t.Context(), "scrunch", "prompts", "main", []string{"brand-1", "brand-3"}, whatever); err != nil {
		t.Fatal(err)
	}
	var left []string
	for info, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, info.Key)
	}
	slices.Sort(kept)
	if diff := cmp.Diff(kept, left); diff != "" {
		t.Errorf("(-kept +left)\n%s", diff)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		b.wire.deny(method)
		err := publisher(b, 5).Prune(t.Context(), "scrunch", "prompts", "main", nil, whatever)
		wantError(t, method+" denied", err, snapshot.ErrDenied)
	}
}

func TestObjectsListsTheDaysAskedFor(t *testing.T) {
	b := openBucket(t)
	l := snapshot.Layout{Prefix: "acme/"}
	key := func(text, part string) string {
		return l.Data(snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "main", Day: day(t, text), Part: part})
	}
	etags := map[string]string{}
	for _, text := range []string{"2025-12-31", "2026-10-31", "2026-11-01", "2026-11-22", "2026-12-31", "2027-01-01"} {
		for _, part := range []string{"brand-101", "brand-7"} {
			etags[key(text, part)] = b.put(t, key(text, part), text+part)
		}
	}
	etags[key("2026-11-30", "brand-7")] = b.put(t, key("2026-11-30", "brand-7"), "one part")
	const at = "acme/scrunch/brand_daily/account=main"
	for _, foreign := range []string{
		at + "/README.md", at + "/dt=2026-11-02", at + "/dt=2026-11-01/brand-7.json", at + "/dt=2026-11-01/old/brand-7.json.gz",
		at + "/dt=2026-11-22x/brand-7.json.gz", at + "/dt=2026-11-31/brand-7.json.gz", at + "/dt=9/brand-7.json.gz", at + "/zz",
		at + "2/dt=2026-11-22/brand-7.json.gz", "acme/scrunch/brand_daily2/account=main/dt=2026-11-22/brand-7.json.gz",
		"scrunch/brand_daily/account=main/dt=2026-11-22/brand-7.json.gz",
	} {
		b.put(t, foreign, "foreign")
	}
	for _, c := range []struct {
		first, last string
		want        []string
	}{
		{"2026-10-31", "2026-12-31", []string{"2026-10-31", "2026-11-01", "2026-11-22", "2026-11-30", "2026-12-31"}},
		{"2026-11-01", "2026-11-22", []string{"2026-11-01", "2026-11-22"}},
		{"2026-11-02", "2026-11-21", nil},
		{"2026-11-22", "2026-11-22", []string{"2026-11-22"}},
		{"0001-01-01", "9999-12-31", []string{
			"2025-12-31", "2026-10-31", "2026-11-01", "2026-11-22", "2026-11-30", "2026-12-31", "2027-01-01"}},
	} {
		found, err := snapshot.Objects(t.Context(), b, l, "scrunch", "brand_daily", "main", day(t, c.first), day(t, c.last))
		if err != nil {
			t.Fatal(err)
		}
		want := map[snapshot.Day]map[string]string{}
		for _, text := range c.want {
			want[day(t, text)] = map[string]string{}
			for _, part := range []string{"brand-101", "brand-7"} {
				if etag := etags[key(text, part)]; etag != "" {
					want[day(t, text)][part] = etag
				}
			}
		}
		got := map[snapshot.Day]map[string]string{}
		for d, parts := range found {
			got[d] = map[string]string{}
			for part, info := range parts {
				got[d][part] = info.ETag
				if info.Key != key(d.String(), part) || info.Size == 0 {
					t.Errorf("%s %s: %+v", d, part, info)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s to %s (-want +got)\n%s", c.first, c.last, diff)
		}
	}
	b.wire.deny(http.MethodGet)
	_, err := snapshot.Objects(t.Context(), b, l, "scrunch", "brand_daily", "main", 1, 2)
	wantError(t, "denied", err, snapshot.ErrDenied, "list "+at+"/")
}

// whatever lets all copies go.
func whatever(int, int) bool { return true }
