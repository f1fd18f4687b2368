package export_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEventsAreReadAsTheScheduleAndPeopleSendThem(t *testing.T) {
	clock := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	cases := map[string]export.Event{
		``:     {},
		`null`: {},
		` {} `: {},
		`{"scheduledTime":"2026-11-23T05:00:00Z"}`:                                      {ScheduledTime: clock},
		`{"scheduledTime":"2026-11-23T06:00:00+01:00","executionId":"x","attempt":"1"}`: {ScheduledTime: clock, ExecutionID: "x", Attempt: "1"},
		`{"scheduledTime":"<aws.scheduler.scheduled-time>","attempt":2}`:                {Attempt: "2"},
		`{"account":"main","datasets":["purchases"],"from":"2026-01-01","to":"2026-01-31","force":true}`: {Account: "main",
			Datasets: []string{"purchases"}, From: snapshot.DateOf(2026, 1, 1), To: snapshot.DateOf(2026, 1, 31), Force: true},
		`{"account":null,"from":null,"force":false}`: {},
	}
	for text, want := range cases {
		got, err := export.ParseEvent([]byte(text))
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v %s", text, err, cmp.Diff(want, got))
		}
	}
}

func TestEventsThatCannotBeUsedNameEveryFault(t *testing.T) {
	cases := map[string][]string{
		`{"Force":true,"acount":"main"}`:          {`"Force"`, `"acount"`, "expected scheduledTime"},
		`{"from":"2026-02-30","to":"yesterday"}`:  {"from", "2026-02-30", "to", "yesterday", "2026-11-22"},
		`{"from":"2026-02-02","to":"2026-02-01"}`: {"from 2026-02-02 is after to 2026-02-01"},
		`{"force":"yes","datasets":"purchases"}`:  {"force", "datasets", "list"},
		`{"scheduledTime":"2026-11-23"}`:          {"scheduledTime", "2026-11-23T05:00:00Z"},
		`{"scheduledTime":1764000000}`:            {"scheduledTime"},
		`{"account":""}`:                          {"account"},
		`{"account":7}`:                           {"account"},
		`{"account":"a","account":"b"}`:           {`"account"`, "twice"},
		`[]`:                                      {"JSON object"},
		`{"account":"a"} {}`:                      {"follows"},
		`{"account":`:                             {"JSON object"},
		`{"from":"2026-1-1"}`:                     {"from"},
		`{"from":"0226-01-01","to":"1969-12-31"}`: {"from", "0226", "to", "1969", "1970"},
		`{"frm":null}`:                            {`"frm"`, "expected scheduledTime"},
		`{"account":"a"}}`:                        {"follows"},
		`{"account":"a"}]`:                        {"follows"},
		`{"attempt":{"a":1}}`:                     {"attempt"},
		`{"attempt":true}`:                        {"attempt"},
	}
	for text, says := range cases {
		_, err := export.ParseEvent([]byte(text))
		if !errors.As(err, new(*export.EventError)) {
			t.Errorf("%s: %v, expected an EventError", text, err)
			continue
		}
		for _, part := range says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q, expected %q in it", text, err, part)
			}
		}
	}
}

func TestAnEventSurvivesItsOwnSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Custom(func(t *rapid.T) snapshot.Day {
			return snapshot.DateOf(rapid.IntRange(1990, 2100).Draw(t, "year"), 1, rapid.IntRange(1, 365).Draw(t, "day"))
		})
		e := export.Event{Account: rapid.SampledFrom([]string{"", "main", "west-7"}).Draw(t, "account"),
			Force: rapid.Bool().Draw(t, "force"), From: day.Draw(t, "from")}
		e.To = e.From + snapshot.Day(rapid.IntRange(0, 400).Draw(t, "length"))
		if rapid.Bool().Draw(t, "timed") {
			e.ScheduledTime = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "time"), 0).UTC()
		}
		if rapid.Bool().Draw(t, "some") {
			e.Datasets = []string{"purchases", "customers"}
		}
		if rapid.Bool().Draw(t, "again") {
			e.ExecutionID, e.Attempt = "x-1", "2"
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := export.ParseEvent(text)
		if err != nil || !cmp.Equal(got, e) {
			t.Fatalf("%s: %v %s", text, err, cmp.Diff(e, got))
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"scheduledTime":"2026-11-23T05:00:00Z"}`, `{"from":"2026-01-01","to":"2026-01-31","force":true}`,
		`{"account":"main","datasets":["purchases"]}`, `{"a":{"b":[1,2]}}`, `[1]`, `{"account":"a"}{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := export.ParseEvent(text)
		if err != nil {
			if !errors.As(err, new(*export.EventError)) || !cmp.Equal(e, export.Event{}) {
				t.Fatalf("%v beside %v", err, e)
			}
			return
		}
		if e.From != 0 && e.To != 0 && e.From > e.To {
			t.Fatalf("from %s after to %s", e.From, e.To)
		}
	})
}

func TestAResultsFailuresNameAccountDatasetDayAndCause(t *testing.T) {
	r := export.Result{Source: "scrapright", Accounts: []export.AccountResult{
		{Account: "main", Error: &export.Failure{Kind: export.SecretFault, Error: "no such secret"}},
		{Account: "west", Datasets: []export.DatasetResult{
			{Dataset: "purchases", Failed: []export.Failure{{Day: snapshot.DateOf(2026, 11, 3), Part: "purchases", Kind: export.Malformed, Error: "page 2: Data is null"}}},
			{Dataset: "prompts", Failed: []export.Failure{{Day: snapshot.DateOf(2026, 11, 3), Part: "brand-7", Kind: export.NotInPlan, Error: "403"}}},
		}}}}
	want := []string{
		"scrapright/main: secret: no such secret",
		"scrapright/west purchases 2026-11-03: malformed: page 2: Data is null",
		"scrapright/west prompts 2026-11-03 brand-7: not_in_plan: 403",
	}
	if got := strings.Split(r.Failures(), "\n"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
