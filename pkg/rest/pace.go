package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	defaultLimit = 10

	// window is the minute that vendors count in, and a little for clocks that run unevenly.
	window = time.Minute + 50*time.Millisecond

	// While requests are spread, one counts as arrived at the server after this part of the gap, in twentieths, even if
	// its answer takes longer. Every refusal doubles it, until only the answer counts.
	firstSlack, fullSlack = 1, 20
)

// Pace keeps the requests of one account under a limit for any minute: a sliding log of request times, with a burst up
// to the limit and then a request whenever the window frees. A request is dated by its answer, which the server's own
// date cannot be later than, and holds a place while it is in flight; so a server that counts strictly never sees one
// too many, whatever the latency.
//
// A vendor that refuses one of a burst inside the limit allows no bursts: from then on they are spread evenly. After
// "limited until T" no request is sent before T. A Pace is safe for concurrent use; requests are let through in the
// order in which they came.
type Pace struct {
	now func() time.Time

	mu        sync.Mutex
	granted   int
	own       int         // the operator's cap, 0: none
	log       []time.Time // requests of the last minute that were answered, in order
	inFlight  int
	queue     []*slot       // waiting, in the order of coming
	changed   chan struct{} // closed whenever something changes that waits depend on
	held      time.Time     // nothing is sent before
	spread    bool
	slack     int   // in twentieths of the gap
	last      *slot // the request sent last, nil before the first
	requests  int
	throttled int
}

// slot is one request's place.
type slot struct {
	sent, answered time.Time
	close          bool // sent sooner after another than evenly spread requests are
}

// NewPace makes a Pace with a limit of 10 a minute, the one that ScrapRight documents ("API Access & Authentication").
func NewPace(now func() time.Time) *Pace {
	return &Pace{now: now, granted: defaultLimit, changed: make(chan struct{})}
}

// SetLimit sets what the vendor grants, in requests a minute; less than 1 counts as 10. It takes effect at once, up and
// down, for requests that are waiting too.
func (p *Pace) SetLimit(perMinute int) {
	if perMinute < 1 {
		perMinute = defaultLimit
	}
	p.change(func(time.Time) { p.granted = perMinute })
}

// SetCap sets the operator's own limit, in requests a minute: the lower of the two holds. Less than 1: none.
func (p *Pace) SetCap(perMinute int) {
	p.change(func(time.Time) { p.own = max(perMinute, 0) })
}

// Limit is the limit that holds, in requests a minute.
func (p *Pace) Limit() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit()
}

// Seed adds requests sent before this Pace was made, by another process for instance. Times to come count as now.
func (p *Pace) Seed(times []time.Time) {
	p.change(func(now time.Time) {
		for _, t := range times {
			if t.After(now) {
				t = now
			}
			p.record(t)
		}
	})
}

// Times are the times of the requests of the last minute, in order. One still in flight counts as sent now.
func (p *Pace) Times() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.prune(now)
	return append(slices.Clone(p.log), slices.Repeat([]time.Time{now}, p.inFlight)...)
}

// Requests counts the requests sent so far: every attempt, with redirects and token calls; not those that were seeded.
func (p *Pace) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Throttled counts the 429 answers so far.
func (p *Pace) Throttled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.throttled
}

// Waiting is when the next waiting request may be sent, as far as is known now. Zero: none is waiting.
func (p *Pace) Waiting() (until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return time.Time{}
	}
	now := p.now()
	p.prune(now)
	return p.earliest(now, 0)
}

// take blocks until a request may be sent, and counts it as sent. answered must follow. The error is a *pastDeadline,
// at once, when the wait would outlast ctx's deadline; else ctx's own.
func (p *Pace) take(ctx context.Context) (*slot, error) {
	s := new(slot)
	p.change(func(time.Time) { p.queue = append(p.queue, s) })
	for {
		admitted, wait, changed, err := p.admit(ctx, s)
		if admitted || err != nil {
			return s, err
		}
		await(ctx, wait, changed)
	}
}

// admit lets a waiting request through if it is its turn, and else says how long that will take at least.
func (p *Pace) admit(ctx context.Context, s *slot) (admitted bool, _ time.Duration, changed <-chan struct{}, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.prune(now)
	place := slices.Index(p.queue, s)
	at := p.earliest(now, place)
	leave := func() {
		p.queue = slices.Delete(p.queue, place, place+1)
		p.broadcast()
	}
	deadline, bounded := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		leave()
		return false, 0, nil, ctx.Err()
	case place == 0 && !at.After(now):
		leave()
		n := len(p.log)
		s.sent, s.close = now, p.inFlight > 0 || n > 0 && now.Before(p.log[n-1].Add(p.gap()))
		p.last = s
		p.inFlight++
		p.requests++
		return true, 0, nil, nil
	case bounded && at.After(now) && !at.Before(deadline):
		leave()
		return false, 0, nil, &pastDeadline{until: at, deadline: deadline}
	}
	return false, at.Sub(now), p.changed, nil
}

// await waits for a time, a change or ctx's end, whichever comes first. Without a time it is another request's turn,
// whose leaving is the change.
func await(ctx context.Context, wait time.Duration, changed <-chan struct{}) {
	var fired <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		fired = timer.C
	}
	select {
	case <-fired:
	case <-changed:
	case <-ctx.Done():
	}
}

// answered dates a request. status is 0 where there was no answer, wait what its Retry-After asks for, 0 if nothing.
func (p *Pace) answered(s *slot, status int, wait time.Duration) {
	p.change(func(now time.Time) {
		s.answered = now
		p.inFlight--
		p.record(now)
		switch {
		case status == http.StatusTooManyRequests:
			p.refused(s, now, wait)
		case status == http.StatusServiceUnavailable && wait > 0:
			p.hold(now.Add(wait))
		}
	})
}

// refused takes a 429. Without a wait of the server's own, the rest of the window is waited for.
func (p *Pace) refused(s *slot, now time.Time, wait time.Duration) {
	p.throttled++
	if wait == 0 {
		wait = max(p.log[0].Add(window).Sub(now), minRetryAfter)
	}
	p.hold(now.Add(wait))
	if !s.close || len(p.log)+p.inFlight > p.limit() {
		return // not for coming in a burst, or our own fault after the limit was lowered
	}
	if p.spread {
		p.slack = min(2*p.slack, fullSlack)
	} else {
		p.spread, p.slack = true, firstSlack
	}
}

func (p *Pace) hold(until time.Time) {
	if until.After(p.held) {
		p.held = until
	}
}

// Hold keeps requests from being sent before a moment that the server told another process; more than an hour ahead is not
// believed.
func (p *Pace) Hold(until time.Time) {
	p.change(func(now time.Time) {
		if limit := now.Add(maxRetryAfter); until.After(limit) {
			until = limit
		}
		p.hold(until)
	})
}

// HeldUntil is the moment before which the server wants no request; zero where it never said so.
func (p *Pace) HeldUntil() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// change does something that waiting requests must hear of.
func (p *Pace) change(do func(now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.prune(now)
	do(now)
	p.prune(now)
	p.broadcast()
}

func (p *Pace) broadcast() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Pace) record(t time.Time) {
	i, _ := slices.BinarySearchFunc(p.log, t, time.Time.Compare)
	p.log = slices.Insert(p.log, i, t)
}

func (p *Pace) prune(now time.Time) {
	recent := slices.IndexFunc(p.log, func(t time.Time) bool { return t.Add(window).After(now) })
	if recent < 0 {
		recent = len(p.log)
	}
	p.log = slices.Delete(p.log, 0, recent)
}

func (p *Pace) limit() int {
	if p.own > 0 {
		return min(p.own, p.granted)
	}
	return p.granted
}

// gap is what lies between requests that are spread evenly.
func (p *Pace) gap() time.Duration { return window / time.Duration(p.limit()) }

// earliest is when the request at a place in the queue may be sent, if those in flight are answered at once and those
// before it are sent as early as may be: never later than the truth.
func (p *Pace) earliest(now time.Time, place int) time.Time {
	limit, used := p.limit(), len(p.log)+p.inFlight
	gap := p.gap()
	ahead := make([]time.Time, 0, place+1) // when those before it, and it, are sent
	for i := range place + 1 {
		at := later(now, p.held)
		switch expires := used + i - limit; { // the request, oldest first, that must leave the window before
		case expires < 0:
		case expires < len(p.log):
			at = later(at, p.log[expires].Add(window))
		case expires < used:
			at = later(at, now.Add(window))
		default:
			at = later(at, ahead[expires-used].Add(window))
		}
		if p.spread && i > 0 {
			at = later(at, ahead[i-1].Add(gap))
		} else if p.spread && p.last != nil {
			at = later(at, p.last.arrived(gap*time.Duration(p.slack)/fullSlack).Add(gap))
		}
		ahead = append(ahead, at)
	}
	return ahead[place]
}

// arrived is when the server had the request: before it answered, and probably not more than slack after it was sent.
func (s *slot) arrived(slack time.Duration) time.Time {
	probably := s.sent.Add(slack)
	if !s.answered.IsZero() && s.answered.Before(probably) {
		return s.answered
	}
	return probably
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// pastDeadline says that the pace allows a request only when it is too late.
type pastDeadline struct{ until, deadline time.Time }

func (e *pastDeadline) Error() string {
	return fmt.Sprintf("no request allowed before %s, and the deadline is %s", stamp(e.until), stamp(e.deadline))
}
