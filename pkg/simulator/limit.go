package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// LimitKind is the way in which requests per minute are counted. The vendor does not say which it uses.
type LimitKind int

// The kinds. SlidingWindow is the zero value.
const (
	SlidingWindow LimitKind = iota // at most n in any 60 seconds
	FixedWindow                    // at most n in each minute of the clock
	NoBurst                        // evenly spaced: 60 seconds / n after the request before
)

// limiter counts the account's requests. Those it refused are not counted.
type limiter struct {
	kind LimitKind
	now  func() time.Time

	mu        sync.Mutex
	perMinute int
	passed    []time.Time // SlidingWindow: the last minute's; FixedWindow: this minute's; NoBurst: the last one
}

// take counts a request and lets it pass, or says how long it will be until one would.
func (l *limiter) take() (ok bool, retry time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.forget(now)
	if retry = l.wait(now); retry > 0 {
		return false, retry
	}
	l.passed = append(l.passed, now)
	return true, 0
}

// count counts a request that passes whatever the limit says.
func (l *limiter) count() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.forget(now)
	l.passed = append(l.passed, now)
}

// forget drops what no longer weighs at now.
func (l *limiter) forget(now time.Time) {
	since := now.Add(-time.Minute)
	switch l.kind {
	case FixedWindow:
		since = now.Truncate(time.Minute).Add(-1)
	case NoBurst:
		since = now.Add(-l.gap())
	}
	weighs := slices.IndexFunc(l.passed, func(t time.Time) bool { return t.After(since) })
	if weighs < 0 {
		weighs = len(l.passed)
	}
	l.passed = l.passed[weighs:]
}

// wait is how long it will be until a request would pass; nothing or less where it would now.
func (l *limiter) wait(now time.Time) time.Duration {
	allowed := l.perMinute
	if l.kind == NoBurst {
		allowed = 1
	}
	if len(l.passed) < allowed {
		return 0
	}
	last := l.passed[len(l.passed)-allowed] // the one that has to be forgotten
	switch l.kind {
	case FixedWindow:
		return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	case NoBurst:
		return last.Add(l.gap()).Sub(now)
	default:
		return last.Add(time.Minute).Sub(now)
	}
}

func (l *limiter) gap() time.Duration { return time.Minute / time.Duration(l.perMinute) }

// tellRetry says in a header when a request would pass, in whole seconds.
func tellRetry(h http.Header, retry time.Duration) {
	h.Set("Retry-After", strconv.Itoa(int((retry+time.Second-1)/time.Second)))
}

func (l *limiter) granted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.perMinute
}

func (l *limiter) set(perMinute int) {
	if perMinute < 1 {
		panic(fmt.Sprintf("simulator: a limit of %d requests per minute; expected a positive number", perMinute))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.perMinute = perMinute
}
