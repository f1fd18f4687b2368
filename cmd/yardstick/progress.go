package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"yardstick/pkg/app"
)

// progress follows the accounts at work, in the order of their names. It is safe for concurrent use.
type progress struct {
	now func() time.Time

	mu       sync.Mutex
	accounts []account
	changed  bool // since the last look
}

// account is how far one account is.
type account struct {
	name    string // source/account
	began   time.Time
	reading string // the window begun last
	due     int
	done    int
	failed  int
	rows    int64
	usage   usage
	before  struct{ done, requests int } // in the runs before this one
}

// usage is what an account used of its vendor's patience, as told last.
type usage struct {
	requests int
	granted  int // a minute
	recent   []time.Time
	wait     time.Time
}

// observe takes note. It is what an App's Observe is set to.
func (p *progress) observe(o app.Progress) {
	name := o.Name.Source + "/" + o.Account
	p.mu.Lock()
	defer p.mu.Unlock()
	i, known := slices.BinarySearchFunc(p.accounts, name, func(a account, name string) int { return strings.Compare(a.name, name) })
	if !known {
		p.accounts = slices.Insert(p.accounts, i, account{name: name, began: p.now()})
	}
	a := &p.accounts[i]
	a.due = a.before.done + o.Due
	a.usage = usage{requests: a.before.requests + o.Usage.Requests, granted: o.Usage.PerMinute, recent: o.Usage.Recent, wait: o.Usage.WaitUntil}
	switch o.State {
	case "reading":
		a.reading = strings.TrimPrefix(o.Name.String(), name+" ")
	case "written", "unchanged", "kept":
		a.done++
		a.rows += o.Rows
	case "failed":
		a.failed++
	}
	p.changed = true
}

// again begins another run: what it will be about is counted on top of what was done. What failed is due again.
func (p *progress) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.accounts {
		a := &p.accounts[i]
		a.before.done, a.before.requests, a.failed = a.done, a.usage.requests, 0
	}
}

// look is the accounts as they are, and whether anything was observed since the last look.
func (p *progress) look() (_ []account, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed, p.changed = p.changed, false
	return slices.Clone(p.accounts), changed
}

// counts is how far the account is: 12/33 windows, 1,834 rows, about 3m left.
func (a *account) counts(now time.Time) string {
	text := a.far()
	if left := a.left(now); left >= time.Second {
		text += fmt.Sprintf(", about %s left", length(left))
	}
	return text
}

// doing is what the account is at: purchases 2026-11-11, 10 of 10 requests/min, waiting until 12:03:20.
func (a *account) doing(now time.Time) string {
	parts := []string{a.reading}
	switch {
	case a.usage.requests > 0 && a.limit(now) == 0:
		parts = append(parts, counted(a.usage.requests, "request"))
	case a.usage.requests > 0:
		parts = append(parts, fmt.Sprintf("%s of %s requests/min", number(len(a.used(now))), number(a.limit(now))))
	}
	if wait := a.wait(now); !wait.IsZero() {
		parts = append(parts, "waiting until "+wait.Local().Format(time.TimeOnly))
	}
	return strings.Join(parts, ", ")
}

// wait is when the next request can go out; zero where that is now.
func (a *account) wait(now time.Time) time.Time {
	if a.usage.wait.After(now) {
		return a.usage.wait
	}
	if used, limit := a.used(now), a.limit(now); limit > 0 && len(used) >= limit {
		return used[len(used)-limit].Add(time.Minute)
	}
	return time.Time{}
}

// ended is the account's last line: 33/33 windows, 2,329 rows, 93 requests in 1s.
func (a *account) ended(now time.Time) string {
	return fmt.Sprintf("%s, %s in %s", a.far(), counted(a.usage.requests, "request"), length(now.Sub(a.began)))
}

func (a *account) far() string {
	text := fmt.Sprintf("%s/%s, %s", number(a.done), counted(a.due, "window"), counted(a.rows, "row"))
	if a.failed > 0 {
		text += fmt.Sprintf(", %s failed", number(a.failed))
	}
	return text
}

// limit is how many requests a minute are granted, 0 where that is not known: the vendor documents none, or more went out in
// the last minute than were granted, as they do while the session was not read yet and the least is assumed.
func (a *account) limit(now time.Time) int {
	if len(a.used(now)) > a.usage.granted {
		return 0
	}
	return a.usage.granted
}

// used is when requests went out in the last minute, oldest first.
func (a *account) used(now time.Time) []time.Time {
	var used []time.Time
	for _, t := range a.usage.recent {
		if now.Sub(t) < time.Minute {
			used = append(used, t)
		}
	}
	slices.SortFunc(used, time.Time.Compare)
	return used
}

// left estimates the time that is left: what the pace allows, or, where less than half of that is used, what was
// reached so far. It is 0 while nothing is known.
func (a *account) left(now time.Time) time.Duration {
	windows := a.due - a.done - a.failed
	if a.done == 0 || windows <= 0 {
		return 0
	}
	used := a.used(now)
	paced := a.paced(now, used, (a.usage.requests*windows+a.done-1)/a.done)
	if paced > 0 && 2*len(used) >= a.limit(now) {
		return paced
	}
	return max(paced, now.Sub(a.began)/time.Duration(a.done)*time.Duration(windows))
}

// paced is when the last of so many more requests can go out, from now: each request of the last minute gives its place
// free a minute later.
func (a *account) paced(now time.Time, used []time.Time, requests int) time.Duration {
	granted := a.limit(now)
	if granted <= 0 || requests <= 0 {
		return 0
	}
	rounds, place := (requests-1)/granted, (requests-1)%granted
	free := max(0, granted-len(used))
	if place < free {
		return time.Duration(rounds) * time.Minute
	}
	last := used[len(used)-granted+place]
	return last.Add(time.Duration(rounds+1) * time.Minute).Sub(now)
}
