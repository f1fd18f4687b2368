package rest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// gate is a server's own idea of the limit, over its own arrival times.
type gate func(arrivals []time.Time, now time.Time) bool

func slidingGate(limit int) gate {
	return func(arrivals []time.Time, now time.Time) bool {
		n := len(arrivals)
		return n < limit || now.Sub(arrivals[n-limit]) > time.Minute
	}
}

func fixedGate(limit int) gate {
	return func(arrivals []time.Time, now time.Time) bool {
		count := 0
		for _, a := range arrivals {
			if a.Truncate(time.Minute).Equal(now.Truncate(time.Minute)) {
				count++
			}
		}
		return count < limit
	}
}

func burstlessGate(limit int) gate {
	return func(arrivals []time.Time, now time.Time) bool {
		n := len(arrivals)
		return n == 0 || now.Sub(arrivals[n-1]) >= time.Minute/time.Duration(limit)
	}
}

// limitedServer answers after a way there and a way back, and counts what it lets in.
type limitedServer struct {
	gate    gate
	latency []time.Duration // in turn: half of it before the arrival, the rest after

	mu       sync.Mutex
	seen     int
	arrivals []time.Time
	refused  int
}

func (s *limitedServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	delay := s.latency[s.seen%len(s.latency)]
	s.seen++
	s.mu.Unlock()
	time.Sleep(delay / 2)
	s.mu.Lock()
	now := time.Now()
	ok := s.gate(s.arrivals, now)
	if ok {
		s.arrivals = append(s.arrivals, now)
	} else {
		s.refused++
	}
	s.mu.Unlock()
	time.Sleep(delay - delay/2)
	if !ok {
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

// drive sends n requests with some at once and gives the time that took.
func drive(t *testing.T, c *Client, n, atOnce int) time.Duration {
	t.Helper()
	began := time.Now()
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for range work {
				if _, err := c.Do(t.Context(), Request{Path: "/"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

func TestNeverOneTooManyInAnyMinuteAndHardlySlowerThanPossible(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(rt, "limit")
		n := rapid.IntRange(1, 4*limit+2).Draw(rt, "requests")
		atOnce := rapid.IntRange(1, 5).Draw(rt, "at once")
		latency := rapid.SliceOfN(rapid.IntRange(0, 1500), 1, 20).Draw(rt, "latency in ms")
		fixed := rapid.Bool().Draw(rt, "fixed windows")

		server := &limitedServer{gate: slidingGate(limit)}
		if fixed {
			server.gate = fixedGate(limit)
		}
		for _, ms := range latency {
			server.latency = append(server.latency, time.Duration(ms)*time.Millisecond)
		}
		var took time.Duration
		synctest.Test(t, func(t *testing.T) {
			pace := NewPace(time.Now)
			pace.SetLimit(limit)
			took = drive(t, bubbleClient(t, pace, server.ServeHTTP), n, atOnce)
		})
		for i := range len(server.arrivals) - limit {
			if gap := server.arrivals[i+limit].Sub(server.arrivals[i]); gap <= time.Minute {
				rt.Fatalf("requests %d to %d arrive within %s", i, i+limit, gap)
			}
		}
		if server.refused > 0 || len(server.arrivals) != n {
			rt.Fatalf("%d refused and %d let in; expected none and %d", server.refused, len(server.arrivals), n)
		}
		// Every minute may cost one answer's time, and the last burst an answer for each request sent one by one.
		windows := time.Duration((n - 1) / limit)
		most := windows*(time.Minute+1600*time.Millisecond) + time.Duration(limit)*1500*time.Millisecond
		if took > most {
			rt.Fatalf("%d requests take %s; expected at most %s", n, took, most)
		}
	})
}

func TestAServerWithoutBurstsIsFoundOutAndThenServedEvenly(t *testing.T) {
	tests := []struct {
		name    string
		atOnce  int
		latency []time.Duration
		refused int           // at most
		most    time.Duration // for 61 requests, which take 6 minutes at least, after the first minute lost
	}{
		{"quick", 1, []time.Duration{20e6, 90e6, 40e6, 200e6}, 1, 7*time.Minute + 15*time.Second},
		{"uneven", 1, []time.Duration{100e6, 500e6, 50e6, 300e6}, 2, 8*time.Minute + 20*time.Second},
		{"slow and uneven", 1, []time.Duration{100e6, 3000e6, 1500e6, 2e9, 200e6}, 6, 13 * time.Minute},
		{"slow and even", 1, []time.Duration{1200e6}, 1, 7*time.Minute + 30*time.Second},
		{"four at once", 4, []time.Duration{20e6, 200e6}, 4, 7*time.Minute + 15*time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := NewPace(time.Now)
				server := &limitedServer{gate: burstlessGate(10), latency: tt.latency}
				took := drive(t, bubbleClient(t, pace, server.ServeHTTP), 61, tt.atOnce)
				if server.refused > tt.refused || pace.Throttled() != server.refused {
					t.Errorf("%d refused, %d counted; expected at most %d", server.refused, pace.Throttled(), tt.refused)
				}
				if took > tt.most {
					t.Errorf("took %s; expected at most %s", took, tt.most)
				}
			})
		})
	}
}

func TestABurstGoesOutAtOnceAndTheNextRequestWhenTheWindowFrees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		client := bubbleClient(t, pace, ok)
		if took := drive(t, client, 10, 3); took != 0 {
			t.Errorf("the burst takes %s; expected no time", took)
		}
		if took := drive(t, client, 1, 1); took != window {
			t.Errorf("the next request takes %s; expected %s", took, window)
		}
		if pace.Requests() != 11 || pace.Limit() != 10 {
			t.Errorf("%d requests at limit %d; expected 11 at 10", pace.Requests(), pace.Limit())
		}
	})
}

func TestARequestInFlightHoldsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		pace.SetLimit(1)
		began := time.Now()
		var arrivals []time.Duration
		client := bubbleClient(t, pace, func(http.ResponseWriter, *http.Request) {
			arrivals = append(arrivals, time.Since(began))
			time.Sleep(45 * time.Second)
		})
		var both sync.WaitGroup
		both.Go(func() { drive(t, client, 1, 1) })
		time.Sleep(40 * time.Second)
		if times := pace.Times(); len(times) != 1 || !times[0].Equal(time.Now()) {
			t.Errorf("times %v; expected the one in flight as sent now", times)
		}
		both.Go(func() { drive(t, client, 1, 1) })
		synctest.Wait()
		if until := pace.Waiting(); !until.Equal(began.Add(40*time.Second + window)) {
			t.Errorf("waiting until %s; expected a window from now, at best", until.Sub(began))
		}
		both.Wait()
		if !pace.Waiting().IsZero() {
			t.Error("still waiting when all is done")
		}
		if seconds(arrivals[1]) != 105 {
			t.Errorf("the second arrives after %s; expected 60 s after the first was answered", arrivals[1])
		}
	})
}

func TestALimitSetInMidRunHoldsAtOnceBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		client := bubbleClient(t, pace, ok)
		drive(t, client, 8, 1)
		pace.SetLimit(4)
		time.Sleep(30 * time.Second)
		waiting := make(chan time.Duration, 1)
		go func() { waiting <- drive(t, client, 1, 1) }()
		time.Sleep(10 * time.Second)
		if seconds(time.Until(pace.Waiting())) != 20 {
			t.Errorf("waiting until %s; expected the end of the window", time.Until(pace.Waiting()))
		}
		pace.SetLimit(9)
		if took := <-waiting; seconds(took) != 10 {
			t.Errorf("the waiting request takes %s; expected it to go when the limit rises", took)
		}
		if pace.SetCap(3); pace.Limit() != 3 {
			t.Errorf("limit %d under a cap of 3", pace.Limit())
		}
		if pace.SetCap(20); pace.Limit() != 9 {
			t.Errorf("limit %d under a cap of 20; expected what is granted, 9", pace.Limit())
		}
		if pace.SetLimit(0); pace.Limit() != 10 {
			t.Errorf("limit %d after an unusable grant; expected 10", pace.Limit())
		}
	})
}

func TestSeededTimesKeepTwoRunsTogetherInsideTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &limitedServer{gate: slidingGate(10), latency: []time.Duration{300 * time.Millisecond}}
		first := NewPace(time.Now)
		drive(t, bubbleClient(t, first, server.ServeHTTP), 7, 1)
		time.Sleep(5 * time.Second)

		second := NewPace(time.Now)
		second.Seed(append(first.Times(), time.Now().Add(-2*time.Minute)))
		if len(second.Times()) != 7 || second.Requests() != 0 {
			t.Errorf("%d times and %d requests after seeding 7", len(second.Times()), second.Requests())
		}
		took := drive(t, bubbleClient(t, second, server.ServeHTTP), 10, 1)
		if server.refused != 0 || took < 50*time.Second || took > 60*time.Second {
			t.Errorf("%d refused in %s; expected the rest of the first run's minute to be waited for", server.refused, took)
		}
		third := NewPace(time.Now)
		third.Seed([]time.Time{time.Now().Add(time.Hour)})
		if times := third.Times(); !times[0].Equal(time.Now()) {
			t.Errorf("a time to come counts as %s; expected now", times[0])
		}
	})
}

func TestAWaitPastTheDeadlineIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		pace.SetLimit(2)
		client := bubbleClient(t, pace, ok)
		drive(t, client, 2, 1)
		began := time.Now()
		_, err := client.Do(within(t, 50*time.Second), Request{Path: "/x"})
		limited, is := errors.AsType[*LimitedError](err)
		if !is || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 0 {
			t.Fatalf("%v after %s; expected a LimitedError for the deadline at once", err, time.Since(began))
		}
		if limited.Path != "/x" || !limited.Until.Equal(began.Add(window)) || limited.After != nil {
			t.Errorf("%+v; expected the end of the window", limited)
		}
		if _, err := client.Do(within(t, 2*time.Minute), Request{Path: "/x"}); err != nil {
			t.Errorf("with time enough: %v", err)
		}
	})
}

func TestThoseBehindInTheQueueKnowThatItIsTooLateForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		pace.SetLimit(1)
		client := bubbleClient(t, pace, ok)
		drive(t, client, 1, 1)
		ctx := within(t, 90*time.Second)
		var first, second error
		var both sync.WaitGroup
		both.Go(func() { _, first = client.Do(ctx, Request{Path: "/first"}) })
		synctest.Wait()
		began := time.Now()
		_, second = client.Do(ctx, Request{Path: "/second"})
		if _, is := errors.AsType[*LimitedError](second); !is || time.Since(began) != 0 {
			t.Errorf("second: %v after %s; expected a LimitedError at once", second, time.Since(began))
		}
		if both.Wait(); first != nil {
			t.Errorf("first: %v", first)
		}
	})
}

func TestAWaitEndsWithTheContextAndLeavesTheQueueInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		pace.SetLimit(1)
		client := bubbleClient(t, pace, ok)
		drive(t, client, 1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var first, second error
		var both sync.WaitGroup
		both.Go(func() { _, first = client.Do(ctx, Request{Path: "/first"}) })
		synctest.Wait()
		both.Go(func() { _, second = client.Do(t.Context(), Request{Path: "/second"}) })
		time.Sleep(10 * time.Second)
		began := time.Now()
		cancel()
		both.Wait()
		lost, is := errors.AsType[*TransportError](first)
		if !is || lost.Sent || !errors.Is(first, context.Canceled) {
			t.Errorf("first: %v; expected a TransportError, not sent, for the cancelled context", first)
		}
		if second != nil || seconds(time.Since(began)) != 50 {
			t.Errorf("second: %v after %s; expected it to move up", second, time.Since(began))
		}
	})
}
