package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/app"
)

// event is a Progress of one account's purchases.
func event(state string, day app.Day, rows int64) app.Progress {
	p := app.Progress{Account: "main", State: state, Due: 33, Rows: rows}
	p.Name.Source, p.Name.Account, p.Name.Dataset, p.Name.Part, p.Name.Day = "scrapright", "main", "purchases", "purchases", day
	return p
}

func someDay(t *testing.T) (d app.Day) {
	t.Helper()
	if err := d.UnmarshalText([]byte("2026-11-22")); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestProgressTellsHowFarAndUntilWhenItWaits(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)
	p := &progress{now: func() time.Time { return now }}
	day := someDay(t)
	p.observe(event("reading", day, 0))
	p.observe(event("written", day, 61))
	p.observe(event("failed", day-1, 0))
	p.observe(event("unchanged", day-2, 1000))
	next := event("reading", day-3, 0)
	next.Usage.Requests, next.Usage.PerMinute = 10, 10
	for i := range 10 {
		next.Usage.Recent = append(next.Usage.Recent, now.Add(time.Duration(i)*time.Second))
	}
	p.observe(next)
	now = now.Add(20 * time.Second)

	accounts, changed := p.look()
	if len(accounts) != 1 || !changed {
		t.Fatalf("%d accounts, changed %t; expected one that changed", len(accounts), changed)
	}
	a := accounts[0]
	for got, want := range map[string]string{
		// 30 windows take 150 requests of 10 a minute: the last goes out a quarter of an hour after the tenth before it.
		a.counts(now): "2/33 windows, 1,061 rows, 1 failed, about 14m left",
		a.doing(now):  "purchases 2026-11-19, 10 of 10 requests/min, waiting until 12:01:00",
		a.ended(now):  "2/33 windows, 1,061 rows, 1 failed, 10 requests in 20s",
	} {
		if got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
	if _, changed := p.look(); changed {
		t.Error("nothing was observed since the last look, and it tells of a change")
	}
}

func TestTimeLeftFollowsThePace(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ago := func(seconds ...int) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, now.Add(-time.Duration(s)*time.Second))
		}
		return times
	}
	for _, test := range []struct {
		name string
		account
		left time.Duration
	}{
		{"nothing done", account{began: now, due: 5}, 0},
		{"all done", account{began: now, due: 5, done: 5}, 0},
		{"all free", account{began: now, due: 4, done: 2, usage: usage{requests: 4, granted: 10, recent: ago(61, 62, 63, 64)}}, 0},
		{"one over", account{began: now, due: 4, done: 2, usage: usage{requests: 4, granted: 7, recent: ago(10, 20, 30, 40)}}, 20 * time.Second},
		{"none free", account{began: now, due: 4, done: 2, usage: usage{requests: 4, granted: 4, recent: ago(10, 20, 30, 40)}}, 50 * time.Second},
		{"next round", account{began: now, due: 8, done: 2, usage: usage{requests: 4, granted: 4, recent: ago(10, 20, 30, 40)}}, 170 * time.Second},
		{"a limit that is not known yet", account{began: now.Add(-10 * time.Second), due: 4, done: 2, usage: usage{requests: 4, granted: 3, recent: ago(10, 20, 30, 40)}}, 10 * time.Second},
		{"a slow vendor", account{began: now.Add(-time.Minute), due: 4, done: 2, usage: usage{requests: 4, granted: 6000, recent: ago(1)}}, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.account.left(now); got != test.left {
				t.Errorf("%s left, expected %s", got, test.left)
			}
		})
	}
}

func TestPlainProgressGrowsSparse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr bytes.Buffer
		p := &progress{now: time.Now}
		end := newConsole(&bytes.Buffer{}, &stderr, environment("")).show(p, "scrapright: looking for what is due")
		day := someDay(t)
		for range 3600 * 3 {
			time.Sleep(time.Second)
			p.observe(event("written", day, 1))
		}
		end()
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		if len(lines) < 180 || len(lines) > 400 {
			t.Errorf("%d lines for three hours, expected about one a minute", len(lines))
		}
		if first := lines[0]; first != "scrapright: looking for what is due" {
			t.Errorf("the first line is %q", first)
		}
		if last, want := lines[len(lines)-1], fmt.Sprintf("scrapright/main: 10,800/33 windows, %s rows", number(10800)); !strings.HasPrefix(last, want) {
			t.Errorf("the last line is %q, expected %q", last, want)
		}
	})
}
