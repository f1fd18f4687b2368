package export_test

import (
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"

	"github.com/google/go-cmp/cmp"
)

func dayOf(t *testing.T, text string) snapshot.Day {
	t.Helper()
	d, err := snapshot.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestARequestIsAnEventWithASource(t *testing.T) {
	from, to := dayOf(t, "2026-01-01"), dayOf(t, "2026-01-31")
	for text, want := range map[string]export.Request{
		``:                      {},
		` null `:                {},
		`{}`:                    {},
		`{"source":"scrunch"}`:  {Source: "scrunch"},
		`{"source":null}`:       {},
		`{"account":"main"}`:    {Event: export.Event{Account: "main"}},
		`{"source":"whatever"}`: {Source: "whatever"},
		`{"account":"main","datasets":["purchases"],"from":"2026-01-01","to":"2026-01-31","force":true,"source":"scrapright"}`: {
			Source: "scrapright",
			Event:  export.Event{Account: "main", Datasets: []string{"purchases"}, From: from, To: to, Force: true}},
	} {
		got, err := export.ParseRequest([]byte(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestWhatIsWrongWithARequestIsToldAtOnce(t *testing.T) {
	for text, says := range map[string][]string{
		`{"scheduledTime":"2026-11-23T05:00:00Z","executionId":"e","attempt":"1"}`: {"scheduledTime: only a schedule", "executionId: only", "attempt: only"},
		`{"scheduledTime":null}`:                  {"scheduledTime: only a schedule"},
		`{"acount":"main","Force":true}`:          {`unknown member "acount"`, `unknown member "Force"`, "source, account, datasets"},
		`{"source":7,"from":"x","force":1}`:       {"source: found 7", `from: found "x"`, "force: found 1"},
		`{"source":""}`:                           {`source: found ""`},
		`{"from":"2026-01-02","to":"2026-01-01"}`: {"from 2026-01-02 is after to 2026-01-01"},
		`{"source":"a","source":"b"}`:             {"twice"},
		`[]`:                                      {"object"},
		`{"account":"main"}{}`:                    {"follows"},
		`{"account":`:                             {"object"},
	} {
		got, err := export.ParseRequest([]byte(text))
		if _, ok := err.(*export.EventError); !ok || cmp.Diff(export.Request{}, got) != "" {
			t.Errorf("%s: %+v, %T %v", text, got, err, err)
			continue
		}
		for _, part := range says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: it says %q, expected %q in it", text, err, part)
			}
		}
	}
	_, err := export.ParseRequest([]byte(`{"` + strings.Repeat("x", 5000) + `":1}`))
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("a long name is told whole: %d characters", len(err.Error()))
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"account":"main","datasets":["purchases"],"from":"2026-01-01","source":"scrunch"}`))
	f.Add([]byte(`{"attempt":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := export.ParseRequest(text)
		if err != nil {
			if _, ok := err.(*export.EventError); !ok {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		spelt, err := got.Event.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := export.ParseEvent(spelt)
		if err != nil || !again.ScheduledTime.IsZero() || again.Attempt != "" {
			t.Fatalf("%s is handed on as %s: %v", text, spelt, err)
		}
		if twice, err := again.MarshalJSON(); err != nil || string(twice) != string(spelt) {
			t.Errorf("%s is handed on as %s and read as %s: %v", text, spelt, twice, err)
		}
	})
}
