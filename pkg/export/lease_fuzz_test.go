package export

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// FuzzLease holds that whatever lies where a lease should, an account is either held by another run until a moment to
// come, or taken over whole.
func FuzzLease(f *testing.F) {
	now := noon
	for _, l := range []Lease{{}, {Version: 1, Holder: "a", ExpiresAt: now.Add(time.Minute), Requests: []time.Time{now}, Notes: []string{"n"}},
		{Version: 1, Holder: "a", ExpiresAt: now.Add(time.Minute), Released: true, Months: json.RawMessage(`{"version":1}`)}} {
		text, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{``, `null`, `[]`, `{"expires_at":"tomorrow"}`, `{"holder":7}`, `{"expires_at":"9999-12-31T23:59:59Z"}`,
		`{"requests":["2026-11-18T11:59:59Z",null]}`, `{"months":{"version":1,"datasets":{}}} x`, "\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		store := &snapshottest.Bucket{}
		store.Lay(snapshot.Info{Key: "lease"}, text)
		var there Lease
		broken := json.Unmarshal(text, &there) != nil
		l, err := acquire(t.Context(), store, "lease", "me", func() time.Time { return now })
		if err != nil {
			if !errors.Is(err, errHeld) || broken || there.Released || !there.ExpiresAt.After(now) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !broken && !there.Released && there.ExpiresAt.After(now) {
			t.Fatalf("%q was taken over", text)
		}
		var mine Lease
		if _, err := snapshot.Load(t.Context(), store, "lease", &mine); err != nil || mine.Holder != "me" || !mine.Held(now) {
			t.Fatalf("%+v %v", mine, err)
		}
		if err := l.note(t.Context(), "a note", nil); err != nil {
			t.Fatal(err)
		}
		if err := l.release(t.Context(), l.recent); err != nil {
			t.Fatal(err)
		}
		if _, err := snapshot.Load(t.Context(), store, "lease", &mine); err != nil || mine.Held(now) || mine.Notes[len(mine.Notes)-1] != "a note" || len(mine.Notes) > maxNotes {
			t.Fatalf("%+v %v", mine, err)
		}
	})
}
