package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// lexemes are records whose spelling a careless reader would lose.
func lexemes() []string {
	return []string{
		`{"id":9007199254740993,"big":18446744073709551617,"huge":123456789012345678901234567890.123456789012345678901234567890}`,
		`{"price":0.1000,"exp":1E5,"exp2":1e+05,"minus":-0,"minusf":-0.0,"far":1e400}`,
		`{"escapes":"\u0041\/\b\f\n\r\t\"\\","pair":"\ud83d\ude00","lone":"\ud800","low":"\udc00x","plain":"/"}`,
		"{\"separator\":\"a\u2028b\u2029c\",\"escaped\":\"\\u2028\",\"emoji\":\"\U0001F600\",\"del\":\"\x7f\"}",
		`{"long":"` + strings.Repeat("x", 1<<20) + `"}`,
		`{"deep":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `}`,
		`{"twice":1,"twice":2,"Case":1,"case":2,"CASE":3}`,
		`{"empty":{},"none":[],"null":null,"true":true,"false":false,"":"","name with space":1}`,
	}
}

func TestLossless(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		want := lexemes()
		w.yard.SetRecords(simulator.Purchases, "2026-11-18", want)
		r := w.run(app.Event{}, export.Complete)
		if got := w.lines(purchases("2026-11-18")); !slices.Equal(got, want) {
			t.Errorf("lines differ from what was sent:\n%.2000q", got)
		}
		var warned string
		for _, warning := range r.Warnings {
			if warning.Kind == "case_collision" && warning.Day == day("2026-11-18") {
				warned = warning.Message
			}
		}
		if !strings.Contains(warned, "case, twice") {
			t.Errorf("warning of members that collide: %q", warned)
		}
	})
}

func TestWhiteSpaceBetweenTokensIsAllThatIsDropped(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.yard.SetRecords(simulator.Purchases, "2026-11-18", []string{"{ \"a b\" :\t[ 1 ,\r\n2.50 ] , \"c\" : \" x \" }"})
		w.run(app.Event{}, export.Complete)
		if got := w.lines(purchases("2026-11-18")); !slices.Equal(got, []string{`{"a b":[1,2.50],"c":" x "}`}) {
			t.Errorf("%q", got)
		}
	})
}

func TestOmittedMembersNeverReachTheBucket(t *testing.T) {
	const settings = "start: 2026-11-18\ndatasets: {customers: {omit: [/DriverLicense, /ids/0]}}"
	inWorld(t, simulator.YardConfig{}, settings, func(w *world) {
		w.yard.SetRecords(simulator.Customers, "", []string{`{"id":1,"DriverLicense":{"n":"CANARY"},"ids":["CANARY","b"],"DriverLicense":"CANARY"}`, `{"id":2}`})
		w.run(app.Event{}, export.Complete)
		got := w.lines("scrapright/customers/account=main/dt=2026-11-18/customers.json.gz")
		if !slices.Equal(got, []string{`{"id":1,"ids":["b"]}`, `{"id":2}`}) {
			t.Errorf("%q", got)
		}
	})
}

func TestAListingHasItsNewestCopyInLatest(t *testing.T) {
	const latest = "latest/scrapright/customers/account=main/customers.json.gz"
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.run(app.Event{}, export.Complete)
		if w.bytes(latest) != w.bytes("scrapright/customers/account=main/dt=2026-11-18/customers.json.gz") {
			t.Error("the copy is not the day's listing")
		}
		w.pass(24 * time.Hour)
		w.yard.Insert(simulator.Customers, "", -1, `{"id":"new"}`)
		w.run(app.Event{}, export.Complete)
		if lines := w.lines(latest); lines[len(lines)-1] != `{"id":"new"}` {
			t.Errorf("the copy is not the newest: %q", lines[len(lines)-1])
		}
		if lines := w.lines("scrapright/customers/account=main/dt=2026-11-18/customers.json.gz"); slices.Contains(lines, `{"id":"new"}`) {
			t.Error("yesterday's listing was changed")
		}
	})
}

func TestRowsThatVanishedAreCountedAndASuspiciousDayIsWarnedOfOrRefused(t *testing.T) {
	records := func(n int) []string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"id":%d}`, i))
		}
		return all
	}
	const settings = "start: 2026-11-17\nrestate_every: 0s\nrefresh: 1000h\nguard: "
	inWorld(t, simulator.YardConfig{}, settings+"warn", func(w *world) {
		w.yard.SetRecords(simulator.Purchases, "2026-11-17", records(60))
		w.run(app.Event{}, export.Complete)
		w.yard.SetRecords(simulator.Purchases, "2026-11-17", records(58))
		w.pass(time.Minute)
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Vanished != 2 || d.Written != 1 {
			t.Errorf("%s; expected 2 vanished rows", show(d))
		}
		w.config = settings + "refuse"
		w.yard.SetRecords(simulator.Purchases, "2026-11-17", records(20))
		w.pass(time.Minute)
		d := w.dataset(w.run(app.Event{}, export.Failed), "purchases")
		if len(d.Failed) != 1 || d.Failed[0].Kind != export.Shrunk || len(w.lines(purchases("2026-11-17"))) != 58 {
			t.Errorf("%s; expected kind shrunk and the old object", show(d))
		}
		w.config = settings + "warn"
		w.pass(time.Minute)
		r := w.run(app.Event{}, export.Complete)
		if len(r.Warnings) != 1 || r.Warnings[0].Kind != "shrunk" || w.dataset(r, "purchases").Vanished != 38 {
			t.Errorf("%s; expected one warning of kind shrunk", show(r))
		}
	})
}

// What is gone cannot be kept: the guard stands before no object.
func TestAnObjectThatIsGoneComesBackHoweverShort(t *testing.T) {
	for _, guard := range []string{"warn", "refuse"} {
		inWorld(t, simulator.YardConfig{TicketsPerDay: 60}, "start: 2026-11-10\nguard: "+guard, func(w *world) {
			w.run(app.Event{}, export.Complete)
			w.yard.SetRecords(simulator.Purchases, "2026-11-10", []string{`{"id":1}`})
			w.remove(purchases("2026-11-10"))
			w.pass(time.Minute)
			r := w.run(app.Event{}, export.Complete)
			if lines := w.lines(purchases("2026-11-10")); len(lines) != 1 || slices.ContainsFunc(r.Warnings, func(w export.Warning) bool { return w.Kind == "shrunk" }) {
				t.Errorf("guard: %s: %d lines, %s", guard, len(lines), show(r.Warnings))
			}
		})
	}
}

func TestASettledDayThatShrinksIsKeptUntilForced(t *testing.T) {
	const settings = "start: 2026-11-10\nrestate_days: 0\nverify_after: 24h\nrefresh: 1000h"
	inWorld(t, simulator.YardConfig{TicketsPerDay: 60, Customers: 5, Businesses: 5}, settings, func(w *world) {
		w.run(app.Event{}, export.Complete)
		kept := w.bytes(purchases("2026-11-10"))
		w.yard.SetRecords(simulator.Purchases, "2026-11-10", []string{`{"id":1}`})
		w.pass(25 * time.Hour)
		if r := w.run(app.Event{}, export.Complete); len(r.Warnings) != 1 || r.Warnings[0].Kind != "shrunk" || w.bytes(purchases("2026-11-10")) != kept {
			t.Errorf("%s; expected the day kept and one warning", show(r.Warnings))
		}
		w.run(app.Event{From: day("2026-11-10"), To: day("2026-11-10"), Force: true}, export.Complete)
		if lines := w.lines(purchases("2026-11-10")); len(lines) != 1 {
			t.Errorf("forced, and still %d lines", len(lines))
		}
	})
}

func TestPoliteOverRunsBackToBack(t *testing.T) {
	for _, kind := range []simulator.LimitKind{simulator.SlidingWindow, simulator.FixedWindow} {
		inWorld(t, simulator.YardConfig{RequestsPerMinute: 10, Limit: kind}, "start: 2026-11-08\nverify_after: 0\nrefresh: 0s", func(w *world) {
			begun := time.Now()
			first := w.run(app.Event{}, export.Complete)
			second := w.run(app.Event{}, export.Complete)
			requests := first.Accounts[0].Requests + second.Accounts[0].Requests
			if n := w.yard.CountStatus(429); n != 0 {
				t.Errorf("%d answers of 429", n)
			}
			if requests != len(w.yard.Requests()) {
				t.Errorf("the results count %d requests, the yard %d", requests, len(w.yard.Requests()))
			}
			least := time.Duration((requests-1)/10) * time.Minute
			if took := time.Since(begun); took < least || took > least+least*15/100+5*time.Second {
				t.Errorf("%d requests took %v, the least possible is %v", requests, took, least)
			}
		})
	}
}

func TestADeadlineEndsARunWithAResultAndTheNextGoesOn(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-10-19", func(w *world) {
		done := 0
		for run := 1; ; run++ {
			ctx, cancel := context.WithTimeout(w.Context(), 3*time.Minute)
			result, err := w.open().Export(ctx, app.ScrapRight, app.Event{})
			if ctx.Err() != nil || err != nil {
				t.Fatalf("run %d: %v %v", run, err, ctx.Err())
			}
			cancel()
			days := len(w.keys("scrapright/purchases/"))
			if days <= done && result.Status != export.Complete {
				t.Fatalf("run %d: %d days in the bucket, and %d before", run, days, done)
			}
			if done = days; result.Status == export.Complete {
				break
			}
			if result.Status != export.Partial || result.Remaining == 0 || run > 10 {
				t.Fatalf("run %d: %s", run, show(result))
			}
			w.pass(time.Minute)
		}
		if done != 31 {
			t.Errorf("%d days in the end, expected 31", done)
		}
	})
}

func TestRangedWorkCutShortNamesTheEventThatContinuesIt(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-11-18", func(w *world) {
		e := app.Event{From: day("2026-10-01"), To: day("2026-10-20"), Force: true, ScheduledTime: noon}
		read := 0
		for range 10 {
			ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
			result, err := w.open().Export(ctx, app.ScrapRight, e)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			d := w.dataset(result, "purchases")
			read += d.Written + d.Unchanged
			if result.Next == nil {
				break
			}
			if d.Written == 0 {
				t.Fatalf("no progress: %s", show(result))
			}
			text, err := json.Marshal(result.Next)
			if err != nil {
				t.Fatal(err)
			}
			if e, err = export.ParseEvent(text); err != nil {
				t.Fatalf("next %s: %v", text, err)
			}
			w.pass(time.Minute)
		}
		if n := len(w.keys("scrapright/purchases/")); n != 20 || read != 20 {
			t.Errorf("%d days written, %d read; expected 20 of both", n, read)
		}
	})
}

func TestOneRunHoldsAnAccountAtATime(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-11-10", func(w *world) {
		ended := make(chan app.Result)
		go func() {
			result, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{})
			if err != nil {
				t.Error(err)
			}
			ended <- result
		}()
		w.pass(10 * time.Second)
		asked := len(w.yard.Requests())
		w.run(app.Event{}, export.Held)
		if len(w.yard.Requests()) != asked {
			t.Error("the busy run made requests")
		}
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		defer cancel()
		result, err := w.open().Export(ctx, app.ScrapRight, app.Event{From: day("2026-11-12"), To: day("2026-11-12")})
		if !errors.As(err, new(*app.ExportFailed)) || result.Accounts[0].Error.Kind != export.Busy {
			t.Errorf("a ranged run that never got the lease: %v %s", err, show(result))
		}
		waited := w.run(app.Event{From: day("2026-11-12"), To: day("2026-11-12"), Force: true}, export.Complete)
		if first := <-ended; first.Status != export.Complete || w.dataset(waited, "purchases").Unchanged != 1 {
			t.Errorf("%s\n%s", show(first), show(waited))
		}
		if n := w.yard.CountStatus(429); n != 0 {
			t.Errorf("%d answers of 429", n)
		}
	})
}

func TestAGrantWithoutAUsableLimitCountsAsTen(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint != simulator.TokenEndpoint {
				return nil
			}
			return &simulator.Answer{Rewrite: func(a *simulator.Reply) {
				a.Body = []byte(strings.Replace(string(a.Body), `"requestLimitPerMinute":6000`, `"requestLimitPerMinute":"many"`, 1))
			}}
		})
		r := w.run(app.Event{}, export.Complete)
		if len(r.Warnings) != 1 || r.Warnings[0].Kind != "pace_assumed" || r.Warnings[0].Account != "main" {
			t.Errorf("%s; expected one warning of kind pace_assumed", show(r.Warnings))
		}
	})
}

// One of the requests to S3 looks for readings that time cut short.
func TestAnIdleRunAsksForLittle(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-10-19", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.pass(time.Minute)
		before := w.cloud.Requests()
		r := w.run(app.Event{}, export.Complete)
		s3, secrets := 0, 0
		for operation, n := range w.cloud.Requests() {
			n -= before[operation]
			if strings.HasPrefix(operation, "s3:") {
				s3 += n
			} else {
				secrets += n
			}
		}
		if s3 > 13 || secrets > 2 || r.Accounts[0].Requests != 2 {
			t.Errorf("%d requests to S3 (at most 13), %d to Secrets Manager (at most 2), %d to the yard (2)", s3, secrets, r.Accounts[0].Requests)
		}
	})
}
