package webhook_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/webhook"
)

// lain is what a claim's object says, read here a second time.
type lain struct {
	Holder    string           `json:"holder"`
	Time      time.Time        `json:"time"`
	ExpiresAt time.Time        `json:"expires_at"`
	Released  bool             `json:"released"`
	Done      bool             `json:"done"`
	Accepted  []webhook.Target `json:"accepted"`
}

// FuzzClaim holds that whatever lies where a claim should, a webhook was done before, is under way, or is taken over with
// what was started and no more; and that it is done in the end.
func FuzzClaim(f *testing.F) {
	for _, text := range []string{``, `null`, `[]`, `{`, `{"done":true}`, "\xff", `{"time":"1999-12-31T23:59:59Z","done":true} x`,
		`{"version":1,"holder":"h","time":"1999-12-31T23:59:59Z","expires_at":"2000-01-01T00:00:16Z","released":false,"done":false,"accepted":[]}`,
		`{"holder":"h","time":"1999-12-31T23:59:59Z","expires_at":"2000-01-01T00:00:16Z","released":true,"accepted":[{"source":"yard"}]}`,
		`{"holder":"h","time":"1999-12-31T23:59:59Z","done":true,"accepted":null}`,
		`{"time":"1999-12-31T00:00:00Z","done":true}`, `{"time":"9999-12-31T23:59:59Z","expires_at":"9999-12-31T23:59:59Z"}`,
		`{"time":"1999-12-31T12:00:00+14:00","accepted":[{"source":"brands","function":7}]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		synctest.Test(t, func(t *testing.T) { claimOver(t, text) })
	})
}

func claimOver(t *testing.T, text string) {
	b, now := newBucket(), time.Now()
	b.lay(claimKey, text)
	var there lain
	if json.Unmarshal([]byte(text), &there) != nil || !now.Before(there.Time.Add(24*time.Hour)) {
		there = lain{}
	}
	c, err := b.tryFor(t, 100*time.Millisecond, both)
	if held := !there.Done && !there.Released && there.ExpiresAt.After(now); held != errors.As(err, new(*webhook.UnderWay)) || !held && err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if err != nil || there.Done {
		if b.lies(claimKey) != text {
			t.Fatalf("%q was written over", text)
		}
		if err == nil {
			wantTargets(t, c, there.Accepted, nil)
		}
		return
	}
	pending := slices.DeleteFunc(slices.Clone(both), func(w webhook.Target) bool {
		return slices.ContainsFunc(there.Accepted, func(a webhook.Target) bool { return a.Source == w.Source })
	})
	wantTargets(t, c, there.Accepted, pending)
	accept(t, c, pending...)
	var mine lain
	if err := json.Unmarshal([]byte(b.lies(claimKey)), &mine); err != nil || !mine.Done || mine.Holder == there.Holder || !mine.Time.Equal(now) {
		t.Fatalf("%+v %v", mine, err)
	}
	wantTargets(t, b.holds(t, c.Accepted(), nil), mine.Accepted, nil)
}
