package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// refuseFirst answers the first n requests with a status and Retry-After, the others with 200.
func refuseFirst(n, status int, after func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if n--; n < 0 {
			return
		}
		if after != nil {
			w.Header().Set("Retry-After", after())
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><title>Slow</title><body>Slow down &amp; wait</body></html>")
	}
}

func say(text string) func() string { return func() string { return text } }

func date(in time.Duration) func() string {
	return func() string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
}

func TestA429IsWaitedForAsTheServerAsks(t *testing.T) {
	tests := []struct {
		name  string
		after func() string
		wait  int // seconds
	}{
		{"seconds", say("17"), 17},
		{"zero is a second", say("0"), 1},
		{"an hour", say("3600"), 3600},
		{"more than an hour is one", say("86400"), 3600},
		{"much more than fits a number", say("99999999999999999999999"), 3600},
		{"a date", date(90 * time.Second), 90},
		{"a date just now is a second", date(0), 1},
		{"a date far away is an hour", date(48 * time.Hour), 3600},
		{"a date gone by: the rest of the window", date(-time.Minute), 60},
		{"negative: the rest of the window", say("-5"), 60},
		{"nonsense: the rest of the window", say("soon"), 60},
		{"none: the rest of the window", nil, 60},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := NewPace(time.Now)
				client := bubbleClient(t, pace, refuseFirst(1, http.StatusTooManyRequests, tt.after))
				began := time.Now()
				if _, err := client.Do(t.Context(), Request{Path: "/"}); err != nil {
					t.Fatal(err)
				}
				if waited := seconds(time.Since(began)); waited != tt.wait {
					t.Errorf("waited %d s; expected %d", waited, tt.wait)
				}
				if pace.Requests() != 2 || pace.Throttled() != 1 {
					t.Errorf("%d requests, %d throttled; expected 2 and 1", pace.Requests(), pace.Throttled())
				}
			})
		})
	}
}

func TestADateIsReadByTheServersOwnClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := 20 * time.Minute
		first := true
		client := bubbleClient(t, NewPace(time.Now), func(w http.ResponseWriter, _ *http.Request) {
			if !first {
				return
			}
			first = false
			w.Header().Set("Date", date(ahead)())
			w.Header().Set("Retry-After", date(ahead+30*time.Second)())
			w.WriteHeader(http.StatusTooManyRequests)
		})
		began := time.Now()
		if _, err := client.Do(t.Context(), Request{Path: "/"}); err != nil {
			t.Fatal(err)
		}
		if waited := seconds(time.Since(began)); waited != 30 {
			t.Errorf("waited %d s; expected 30", waited)
		}
	})
}

func TestTheRestOfTheWindowIsCountedFromItsOldestRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		client := bubbleClient(t, NewPace(time.Now), func(w http.ResponseWriter, _ *http.Request) {
			if answers++; answers == 2 {
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		drive(t, client, 1, 1)
		time.Sleep(45 * time.Second)
		if took := drive(t, client, 1, 1); seconds(took) != 15 {
			t.Errorf("waited %s; expected the 15 s until the first request is a minute old", took)
		}
	})
}

func TestNobodySendsBeforeTheMomentThatA429Names(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var arrivals []time.Duration
		began := time.Now()
		pace := NewPace(time.Now)
		client := bubbleClient(t, pace, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			arrivals = append(arrivals, time.Since(began))
			if len(arrivals) == 1 {
				w.Header().Set("Retry-After", "100")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() { drive(t, client, 1, 1) })
			synctest.Wait()
			if until := pace.Waiting(); seconds(until.Sub(began)) != 100 {
				t.Errorf("%d: waiting until %s; expected 100 s after the start", i, until.Sub(began))
			}
		}
		_, err := client.Do(within(t, 99*time.Second), Request{Path: "/"})
		if _, is := errors.AsType[*LimitedError](err); !is {
			t.Errorf("%v; expected a LimitedError for the request whose deadline comes before", err)
		}
		all.Wait()
		if len(arrivals) != 5 || seconds(arrivals[1]) != 100 {
			t.Errorf("arrivals %v; expected none between 0 and 100 s", arrivals)
		}
		if seconds(arrivals[4]) != 100 {
			t.Errorf("arrivals %v; expected a burst, since the one request refused was in none", arrivals)
		}
	})
}

func TestARefusalInsideABurstMakesRequestsSpreadEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals []time.Time
		client := bubbleClient(t, NewPace(time.Now), func(w http.ResponseWriter, _ *http.Request) {
			if arrivals = append(arrivals, time.Now()); len(arrivals) == 2 {
				w.Header().Set("Retry-After", "20")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		drive(t, client, 8, 1)
		for i, want := range []int{0, 20, 6, 6, 6, 6, 6, 6} {
			if gap := arrivals[i+1].Sub(arrivals[i]); seconds(gap) != want {
				t.Errorf("gap %d is %s; expected %d s", i, gap, want)
			}
		}
		var first sync.WaitGroup
		first.Go(func() { drive(t, client, 1, 1) })
		synctest.Wait()
		_, err := client.Do(within(t, 10*time.Second), Request{Path: "/"})
		limited, is := errors.AsType[*LimitedError](err)
		if !is || seconds(time.Until(limited.Until)) != 12 {
			t.Errorf("%v; expected a LimitedError for the place behind the one that waits 6 s", err)
		}
		first.Wait()
	})
}

func TestAShorterWaitDoesNotEndALongerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := bubbleClient(t, fastPace(), func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Duration(len(r.URL.Path)) * time.Second)
			if after := r.URL.Query().Get("after"); after != "" {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		var both sync.WaitGroup
		for path, after := range map[string]string{"/": "100", "/later": "10"} {
			both.Go(func() {
				r := Request{Path: path, Query: map[string][]string{"after": {after}}, Once: true}
				if _, err := client.Do(t.Context(), r); err == nil {
					t.Error("no 503")
				}
			})
		}
		both.Wait()
		if _, err := client.Do(within(t, 90*time.Second), Request{Path: "/"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; expected the longer wait to hold", err)
		}
	})
}

func TestOnly429sInARowAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		client := bubbleClient(t, fastPace(), func(w http.ResponseWriter, _ *http.Request) {
			switch answers++; {
			case answers == 7:
				w.WriteHeader(http.StatusInternalServerError)
			case answers < 14:
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		if _, err := client.Do(t.Context(), Request{Path: "/"}); err != nil || answers != 14 {
			t.Errorf("%v after %d answers; expected success at the 14th", err, answers)
		}
	})
}

func TestA429AfterTheLimitWasLoweredIsNoSignThatBurstsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		answers := 0
		client := bubbleClient(t, pace, func(w http.ResponseWriter, _ *http.Request) {
			if answers++; answers == 6 {
				pace.SetLimit(5)
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		drive(t, client, 5, 1)
		if took := drive(t, client, 5, 1); seconds(took) != 60 {
			t.Errorf("took %s; expected a burst after the window", took)
		}
	})
}

func TestA429ThatCannotBeWaitedForIsALimitedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		client := bubbleClient(t, NewPace(time.Now), refuseFirst(1, http.StatusTooManyRequests, say("120")))
		_, err := client.Do(within(t, 100*time.Second), Request{Path: "/x", Query: map[string][]string{"page": {"2"}}})
		limited, is := errors.AsType[*LimitedError](err)
		if !is || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 0 {
			t.Fatalf("%v after %s; expected a LimitedError for the deadline at once", err, time.Since(began))
		}
		if limited.Until.Sub(began) != 120*time.Second || limited.Deadline.Sub(began) != 100*time.Second {
			t.Errorf("until %s, deadline %s", limited.Until.Sub(began), limited.Deadline.Sub(began))
		}
		if !strings.Contains(err.Error(), "429") || !strings.Contains(err.Error(), "Slow down & wait") {
			t.Errorf("%q does not name the answer before", err)
		}
	})
}

func Test429sThatDoNotEndAreALimitedErrorAndNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(time.Now)
		client := bubbleClient(t, pace, refuseFirst(100, http.StatusTooManyRequests, say("60")))
		began := time.Now()
		_, err := client.Do(within(t, 2*time.Hour), Request{Path: "/x"})
		limited, is := errors.AsType[*LimitedError](err)
		if !is || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v; expected a LimitedError that is no deadline", err)
		}
		if pace.Requests() != 9 || pace.Throttled() != 9 || seconds(time.Since(began)) != 8*60 {
			t.Errorf("%d requests, %d throttled in %s; expected 9 and 9 in 8 min",
				pace.Requests(), pace.Throttled(), time.Since(began))
		}
		if seconds(limited.Until.Sub(began)) != 9*60 {
			t.Errorf("until %s; expected what the last answer asked for", limited.Until.Sub(began))
		}
	})
}

func TestARetryAfterOn503IsWaitedForByAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := fastPace()
		client := bubbleClient(t, pace, refuseFirst(2, http.StatusServiceUnavailable, say("40")))
		began := time.Now()
		if _, err := client.Do(t.Context(), Request{Method: "POST", Path: "/", Once: true}); err == nil {
			t.Error("a Once was repeated after a 503")
		}
		if time.Since(began) != 0 {
			t.Errorf("the Once took %s; expected its 503 at once", time.Since(began))
		}
		if _, err := client.Do(t.Context(), Request{Path: "/"}); err != nil {
			t.Error(err)
		}
		if seconds(time.Since(began)) != 80 || pace.Requests() != 3 || pace.Throttled() != 0 {
			t.Errorf("%d requests, %d throttled in %s; expected 3 and 0 in 80 s",
				pace.Requests(), pace.Throttled(), time.Since(began))
		}
	})
}

func TestARetryAfterOn503PastTheDeadlineIsALimitedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := bubbleClient(t, fastPace(), refuseFirst(2, http.StatusServiceUnavailable, say("40")))
		began := time.Now()
		_, err := client.Do(within(t, 30*time.Second), Request{Path: "/"})
		if _, is := errors.AsType[*LimitedError](err); !is || time.Since(began) != 0 {
			t.Errorf("%v after %s; expected a LimitedError at once", err, time.Since(began))
		}
	})
}

func FuzzRetryAfterIsNoneOrBetweenASecondAndAnHour(f *testing.F) {
	now := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for _, text := range []string{"", "0", "17", "3600", "-5", " 5 ", "1.5", "soon", "18446744073709551617",
		"Mon, 23 Nov 2026 05:00:30 GMT", "Monday, 23-Nov-26 05:00:30 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"} {
		f.Add(text, "Mon, 23 Nov 2026 05:00:00 GMT")
	}
	f.Add("Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, text, date string) {
		h := http.Header{"Retry-After": {text}, "Date": {date}}
		if wait := retryAfter(h, now); wait != 0 && (wait < time.Second || wait > time.Hour) {
			t.Errorf("Retry-After %q at %q: %s", text, date, wait)
		}
	})
}
