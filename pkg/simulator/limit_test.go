package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// passes asks at each moment (seconds after the first) and gives one letter for each: y passed, n refused.
func passes(l *limiter, clock *testClock, seconds ...float64) string {
	var out strings.Builder
	start := clock.now()
	for _, s := range seconds {
		clock.add(start.Add(time.Duration(s * float64(time.Second))).Sub(clock.now()))
		if ok, _ := l.take(); ok {
			out.WriteByte('y')
		} else {
			out.WriteByte('n')
		}
	}
	return out.String()
}

func TestLimitKinds(t *testing.T) {
	tests := map[string]struct {
		kind    LimitKind
		n       int
		seconds []float64
		want    string
	}{
		"sliding: a burst, then as the window frees": {
			SlidingWindow, 3, []float64{0, 1, 2, 3, 59.9, 60, 60.5, 61, 62, 62}, "yyynnynyyn",
		},
		"fixed: the minute of the clock": {
			FixedWindow, 3, []float64{50, 51, 52, 59.9, 60, 61, 62, 63, 120}, "yyynyyyny",
		},
		"no burst: one in each interval": {
			NoBurst, 10, []float64{0, 1, 5.9, 6, 11.9, 12, 100, 100}, "ynnynyyn",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clock := newClock() // on a full minute
			if got := passes(&limiter{kind: tt.kind, now: clock.now, perMinute: tt.n}, clock, tt.seconds...); got != tt.want {
				t.Errorf("%s; expected %s", got, tt.want)
			}
		})
	}
}

// A sliding window against its definition: a request passes if and only if fewer than n passed in the 60 s before it;
// and what take says of the wait is exact, for every kind.
func TestLimiterAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := newClock()
		kind := rapid.SampledFrom([]LimitKind{SlidingWindow, FixedWindow, NoBurst}).Draw(t, "kind")
		n := rapid.IntRange(1, 12).Draw(t, "n")
		l := &limiter{kind: kind, now: clock.now, perMinute: n}
		var passed []time.Time
		for range rapid.IntRange(1, 80).Draw(t, "requests") {
			clock.add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			now := clock.now()
			weighs := 0
			for _, p := range passed {
				switch {
				case kind == SlidingWindow && now.Sub(p) < time.Minute,
					kind == FixedWindow && p.Truncate(time.Minute).Equal(now.Truncate(time.Minute)),
					kind == NoBurst && now.Sub(p) < time.Minute/time.Duration(n):
					weighs++
				}
			}
			want := weighs < n
			if kind == NoBurst {
				want = weighs == 0
			}
			ok, retry := l.take()
			if ok != want {
				t.Fatalf("passed: %v; expected %v with %d of %d", ok, want, weighs, n)
			}
			if !ok {
				clock.add(retry - 1)
				if early, _ := l.take(); early {
					t.Fatalf("a request passed before the wait of %v was over", retry)
				}
				clock.add(1)
				if late, again := l.take(); !late {
					t.Fatalf("after the wait of %v it still asks for %v", retry, again)
				}
			}
			passed = append(passed, clock.now())
		}
	})
}

func TestOverTheLimitIsA429WithAuthenticationCounted(t *testing.T) {
	c := newYardClient(t, YardConfig{RequestsPerMinute: 3})
	c.get("/api/v1/business")
	c.useRefresh(c.refresh)
	for range 2 {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/business", nil)
		w := c.do(r)
		if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), `"IsError":1`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if got, ok := w.Header()["Retry-After"]; ok {
			t.Errorf("Retry-After %v; expected none", got)
		}
	}
	if status, _ := c.exchangeKey(testKey); status != http.StatusTooManyRequests {
		t.Errorf("an exchange over the limit: %d", status)
	}
	if status, _ := c.get("/api/v1/swagger"); status != http.StatusOK {
		t.Errorf("the API's description is not limited, but answers %d", status)
	}
	c.clock.add(time.Minute)
	if status, _ := c.exchangeKey(testKey); status != http.StatusOK {
		t.Errorf("a minute later: %d", status)
	}
}

func TestRetryAfterIsToldWhereSaidSo(t *testing.T) {
	c := newYardClient(t, YardConfig{RequestsPerMinute: 1, RetryAfter: true})
	c.clock.add(10*time.Second + 500*time.Millisecond)
	w := c.do(httptest.NewRequest(http.MethodGet, "/api/v1/business", nil))
	if got := w.Header().Get("Retry-After"); w.Code != http.StatusTooManyRequests || got != "50" {
		t.Errorf("%d, Retry-After %q; expected 429 and 50", w.Code, got)
	}
}

func TestSetLimitHoldsAtOnceAndIsToldByTheNextGrant(t *testing.T) {
	c := newYardClient(t, YardConfig{RequestsPerMinute: 5})
	c.SetLimit(2)
	status, body := c.exchangeKey(testKey)
	if status != http.StatusOK || !strings.Contains(body, `"requestLimitPerMinute":2}`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := c.get("/api/v1/business"); status != http.StatusTooManyRequests {
		t.Errorf("the third request under a limit of 2: %d", status)
	}
}

func TestFaultyRequestCountsAgainstTheLimit(t *testing.T) {
	c := newYardClient(t, YardConfig{RequestsPerMinute: 3})
	c.Fault(func(r Request) *Answer {
		if r.Nth == 1 && r.Endpoint == Businesses {
			return Refuse(http.StatusServiceUnavailable, "Down.")
		}
		return nil
	})
	var got []int
	for range 3 {
		status, _ := c.get("/api/v1/business")
		got = append(got, status)
	}
	if want := []int{503, 200, 429}; !equal(got, want) {
		t.Errorf("%v; expected %v", got, want)
	}
}
