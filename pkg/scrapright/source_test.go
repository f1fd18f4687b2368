package scrapright

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

var _ interface {
	export.Vendor
	export.Forecaster
} = (*Source)(nil)

func TestReadsWhatTheYardHas(t *testing.T) {
	elsewhere := map[string]simulator.Route{
		"purchases": {Path: "/buy", From: "from", To: "until", Layout: "20060102", ToExclusive: true},
	}
	asked := map[string]Dataset{
		"purchases": {Path: "/buy", From: "from", To: "until", DateFormat: "20060102", ToExclusive: true, PageSize: 100},
	}
	pointed := map[string]Dataset{
		"customers": {Path: "/api/v1/customer", PageSize: 50, Records: "/Data/Items", Total: "/Data/TotalCount"},
	}
	tests := map[string]struct {
		yard     simulator.YardConfig
		datasets map[string]Dataset
	}{
		"as by default":   {simulator.YardConfig{TicketsPerDay: 300}, nil},
		"newest first":    {simulator.YardConfig{TicketsPerDay: 300, Order: simulator.Descending}, nil},
		"clamped to 37":   {simulator.YardConfig{MaxPageSize: 37}, nil},
		"nested":          {simulator.YardConfig{Nested: "Items"}, nil},
		"counted":         {simulator.YardConfig{Total: true}, nil},
		"nested, counted": {simulator.YardConfig{Total: true, Nested: "Items", Gzip: true}, nil},
		"by pointers":     {simulator.YardConfig{Total: true, Nested: "Items"}, pointed},
		"elsewhere":       {simulator.YardConfig{Routes: elsewhere}, asked},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inYard(t, tt.yard, func(y *yard) {
				for _, dataset := range []string{"purchases", "customers", "businesses"} {
					if d, ok := tt.datasets[dataset]; ok {
						y.source.Datasets[dataset] = d
					}
					proof := y.whole(dataset)
					if (proof.Total != nil) != tt.yard.Total {
						y.Errorf("%s: total %v", dataset, proof.Total)
					}
				}
			})
		})
	}
}

func TestA401InMidListTakesAnotherTokenAndAsksForThatPageAgain(t *testing.T) {
	inYard(t, simulator.YardConfig{Customers: 350}, func(y *yard) {
		first := true
		y.Fault(onPage(simulator.Customers, 3, func() *simulator.Answer {
			if !first {
				return nil
			}
			first = false
			return simulator.Refuse(401, "Access token has expired.")
		}))
		y.whole("customers")
		want := []asked{{1, 200}, {2, 200}, {3, 401}, {3, 200}, {4, 200}, {5, 200}, {1, 200}}
		if diff := cmp.Diff(want, y.pages(simulator.Customers, 0), cmp.AllowUnexported(asked{})); diff != "" {
			y.Errorf("pages (-want +got)\n%s", diff)
		}
		y.tokenCalls(2, 0) // a brand-new token that is refused takes another exchange
	})
}

func TestATokenThatRunsOutInMidListIsReplacedBeforeItDoes(t *testing.T) {
	inYard(t, simulator.YardConfig{Customers: 2000, RequestsPerMinute: 2, AccessTTL: 7 * time.Minute}, func(y *yard) {
		y.whole("customers")
		if n := y.CountStatus(401); n != 0 || y.Count(simulator.RefreshEndpoint) == 0 {
			y.Errorf("%d times 401, and %d refreshes", n, y.Count(simulator.RefreshEndpoint))
		}
		if n := y.Count(simulator.Customers); n != 22 {
			y.Errorf("%d requests for 20 pages; expected 22", n)
		}
		if n := y.CountStatus(429); n != 0 {
			y.Errorf("%d times 429", n)
		}
	})
}

func TestANewKeyInMidListIsTaken(t *testing.T) {
	inYard(t, simulator.YardConfig{Customers: 350}, func(y *yard) {
		y.Fault(onPage(simulator.Customers, 3, func() *simulator.Answer {
			if y.Count(simulator.TokenEndpoint) == 1 {
				y.Revoke("the-second-key")
				y.vault.Store(keySecret, "the-second-key")
			}
			return nil
		}))
		y.whole("customers")
		if n := y.Count(simulator.Customers); n != 7 || y.CountStatus(401) == 0 {
			y.Errorf("%d requests, %d times 401; expected 7 with one that was refused", n, y.CountStatus(401))
		}
	})
}

func TestAWaitThatWouldOutlastTheDeadlineIsNoFailure(t *testing.T) {
	tests := map[string]struct {
		yard  simulator.YardConfig
		fault func(simulator.Request) *simulator.Answer
	}{
		"for the pace": {simulator.YardConfig{RequestsPerMinute: 2, Customers: 850}, nil},
		"for a 429": {simulator.YardConfig{RetryAfter: true},
			onPage(simulator.Customers, 2, func() *simulator.Answer { return simulator.Refuse(429, "slow down") })},
		"for an answer": {simulator.YardConfig{},
			onPage(simulator.Customers, 2, func() *simulator.Answer { return &simulator.Answer{Delay: time.Hour} })},
		"for a first page": {simulator.YardConfig{},
			onPage(simulator.Customers, 1, func() *simulator.Answer { return &simulator.Answer{Delay: time.Hour} })},
		"for a token": {simulator.YardConfig{}, func(r simulator.Request) *simulator.Answer {
			if r.Endpoint == simulator.TokenEndpoint {
				return &simulator.Answer{Delay: time.Hour}
			}
			return nil
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inYard(t, tt.yard, func(y *yard) {
				y.Fault(tt.fault)
				ctx, cancel := context.WithTimeout(y.Context(), 40*time.Second)
				defer cancel()
				_, err := y.source.Read(ctx, y.window("customers"), y.spool)
				if !errors.Is(err, context.DeadlineExceeded) || kindOfError(err) != export.Kind(err.Error()) {
					y.Errorf("%#v: %v; expected the deadline, and no kind", err, err)
				}
				if !strings.Contains(err.Error(), "/api/v1/customer: page ") {
					y.Errorf("%v names no page", err)
				}
			})
		})
	}
}

func TestACancelledReadingIsNoFailure(t *testing.T) {
	inYard(t, simulator.YardConfig{}, func(y *yard) {
		ctx, cancel := context.WithCancel(y.Context())
		y.Fault(onPage(simulator.Customers, 2, func() *simulator.Answer {
			cancel()
			return nil
		}))
		_, err := y.source.Read(ctx, y.window("customers"), y.spool)
		if !errors.Is(err, context.Canceled) || kindOfError(err) != export.Kind(err.Error()) {
			y.Errorf("%#v: %v; expected the end of the context, and no kind", err, err)
		}
	})
}

func TestUsage(t *testing.T) {
	inYard(t, simulator.YardConfig{RequestsPerMinute: 5, Customers: 350}, func(y *yard) {
		if diff := cmp.Diff(export.Usage{PerMinute: 10}, y.source.Usage()); diff != "" {
			y.Errorf("before anything (-want +got)\n%s", diff)
		}
		slow := true
		y.Fault(onPage(simulator.Customers, 2, func() *simulator.Answer {
			if !slow {
				return nil
			}
			slow = false
			if u := y.source.Usage(); u.Requests != 3 || u.Session != "exchanged" || u.PerMinute != 5 || len(u.Recent) != 3 {
				y.Errorf("while a request is under way: %+v", u)
			}
			return simulator.Refuse(429, "slow down")
		}))
		done := make(chan struct{})
		go func() { defer close(done); y.whole("customers") }()
		<-time.After(30 * time.Second)
		if u := y.source.Usage(); u.Throttled != 1 || u.WaitUntil.Sub(time.Now()).Round(time.Second) != 30*time.Second {
			y.Errorf("while it waits: %+v", u)
		}
		<-done
		u := y.source.Usage()
		if u.Requests != 8 || u.Throttled != 1 || u.Fault != nil || len(u.Warnings) != 0 || u.Requests != len(y.Requests()) {
			y.Errorf("at the end: %+v", u)
		}
	})
}

func TestUsageTellsAPaceThatIsAssumed(t *testing.T) {
	for _, limit := range []string{"", `,"requestLimitPerMinute":0`, `,"requestLimitPerMinute":"many"`} {
		inYard(t, simulator.YardConfig{}, func(y *yard) {
			y.Fault(func(r simulator.Request) *simulator.Answer {
				if r.Endpoint != simulator.TokenEndpoint {
					return nil
				}
				return &simulator.Answer{Rewrite: func(reply *simulator.Reply) {
					reply.Body = []byte(strings.Replace(string(reply.Body), `,"requestLimitPerMinute":6000`, limit, 1))
				}}
			})
			y.whole("businesses")
			u := y.source.Usage()
			if u.PerMinute != 10 || len(u.Warnings) != 1 || u.Warnings[0].Kind != "pace_assumed" ||
				!strings.Contains(u.Warnings[0].Message, "10 requests a minute") {
				y.Errorf("%q: %+v", limit, u)
			}
		})
	}
}

func TestUsageTellsASessionThatCannotBeStored(t *testing.T) {
	inYard(t, simulator.YardConfig{}, func(y *yard) {
		down := errors.New("the store is down")
		y.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Current {
				return nil
			}
			return down
		})
		y.whole("businesses")
		fault, ok := errors.AsType[*export.Error](y.source.Usage().Fault)
		if !ok || fault.Kind != export.SecretFault || !fault.Account || !strings.Contains(fault.Error(), sessionSecret) {
			y.Errorf("%v; expected a fault of the account that names the secret", y.source.Usage().Fault)
		}
	})
}

func TestThePaceIsTheStoredSessionsWithinTheOwnCap(t *testing.T) {
	inYard(t, simulator.YardConfig{RequestsPerMinute: 60}, func(y *yard) {
		perMinute := func(want, tokens int) {
			y.Helper()
			if n, t, err := y.source.PerMinute(y.Context()); err != nil || n != want || t != tokens {
				y.Errorf("%d, %d for a token, %v; expected %d and %d", n, t, err, want, tokens)
			}
		}
		perMinute(10, 1)
		y.whole("businesses")
		asked := len(y.Requests())
		vault := y.vault
		y.open(0)
		session, _ := vault.Held(sessionSecret)
		y.vault.Store(keySecret, yardKey)
		y.vault.Store(sessionSecret, session)
		perMinute(60, 0)
		y.source.Pace.SetCap(7)
		perMinute(7, 0)
		if len(y.Requests()) != asked {
			y.Error("the vendor was asked")
		}
		y.vault.Remove(keySecret)
		if _, _, err := y.source.PerMinute(y.Context()); err == nil || !strings.Contains(err.Error(), keySecret) {
			y.Errorf("%v; expected an error that names the secret", err)
		}
	})
}

func TestRequestsOfAnEarlierRunCount(t *testing.T) {
	inYard(t, simulator.YardConfig{RequestsPerMinute: 10}, func(y *yard) {
		began := time.Now()
		y.source.Resume(export.Past{Requests: slices.Repeat([]time.Time{began.Add(-20 * time.Second)}, 10)})
		y.whole("businesses")
		if waited := time.Since(began).Round(time.Second); waited != 40*time.Second {
			y.Errorf("took %s; expected 40 s until the minute is over", waited)
		}
	})
}

// 15 requests in the last minute are too many for the documented 10 and not for the granted 20, which a session tells
// even when its own tokens are past use.
func TestTokenCallsGoAtTheGrantedPace(t *testing.T) {
	for name, newKey := range map[string]string{"refresh": "", "exchange": "the-second-key-of-the-yard"} {
		t.Run(name, func(t *testing.T) {
			inYard(t, simulator.YardConfig{RequestsPerMinute: 20}, func(y *yard) {
				y.whole("businesses")
				<-time.After(time.Hour)
				if newKey != "" {
					y.Revoke(newKey)
					y.vault.Store(keySecret, newKey)
				}
				vault := y.vault
				y.open(0)
				y.source.Ladder = ladderOf(vault, y.source.Client, y.source.Pace)
				began := time.Now()
				y.source.Resume(export.Past{Requests: slices.Repeat([]time.Time{began.Add(-20 * time.Second)}, 15)})
				y.whole("businesses")
				if waited := time.Since(began).Round(time.Second); waited != 0 {
					y.Errorf("waited %s; expected no wait", waited)
				}
			})
		})
	}
}

func TestAPartIsTheDatasetItself(t *testing.T) {
	parts, err := (&Source{}).Parts(t.Context(), "purchases")
	if err != nil || !slices.Equal(parts, []string{"purchases"}) {
		t.Errorf("%q, %v", parts, err)
	}
}

// What a second reading asks is what the ledger's word on the first one foretells; where a server clamps its pages, and a
// total could have been met by a full page, it says that it is not sure.
func TestRequestsAreForetold(t *testing.T) {
	for _, n := range []int{0, 1, 36, 37, 38, 74, 99, 100, 101, 111, 199, 200, 250, 300, 350} {
		for _, c := range []simulator.YardConfig{{}, {Total: true}, {MaxPageSize: 37}, {MaxPageSize: 37, Total: true}} {
			t.Run(fmt.Sprintf("%d rows, total %v, clamped %v", n, c.Total, c.MaxPageSize > 0), func(t *testing.T) {
				inYard(t, c, func(y *yard) {
					y.SetTicketCount(today, n)
					proof := y.whole("purchases")
					foretold, exact := y.source.Requests("purchases",
						export.Reading{Pages: proof.Pages, Rows: int64(n), Total: proof.Total != nil})
					before := y.Count(simulator.Purchases)
					y.whole("purchases")
					asked, unsure := y.Count(simulator.Purchases)-before, !exact && c.Total && c.MaxPageSize > 0
					if exact == unsure || asked != foretold && (exact || asked != foretold+1) {
						y.Errorf("%d requests, %d foretold (exact %v)", asked, foretold, exact)
					}
				})
			})
		}
	}
	for last, want := range map[export.Reading]int{{}: 2, {Rows: 850}: 9, {Rows: 1}: 1} {
		s := &Source{Config{Datasets: map[string]Dataset{"customers": {PageSize: 100}}}}
		if n, exact := s.Requests("customers", last); n != want || exact {
			t.Errorf("%+v: %d, exact %v; expected at least %d", last, n, exact, want)
		}
	}
}

// A single page is asked for again where it is full: as many records as were asked for, or as the vendor gives at most.
func TestAFullPageHasAsManyRecordsAsCanBe(t *testing.T) {
	tests := []struct{ size, rows, requests int }{
		{25, 24, 2}, {25, 25, 3}, {100, 99, 2}, {100, 100, 3}, {500, 99, 2}, {500, 100, 3},
	}
	for _, tt := range tests {
		inYard(t, simulator.YardConfig{Customers: tt.rows}, func(y *yard) {
			y.source.Datasets["customers"] = Dataset{Path: "/api/v1/customer", PageSize: tt.size}
			y.whole("customers")
			if n := y.Count(simulator.Customers); n != tt.requests {
				y.Errorf("%d of %d rows: %d requests; expected %d", tt.rows, tt.size, n, tt.requests)
			}
		})
	}
}

func TestSpecChangesWithWhatIsAskedAndKept(t *testing.T) {
	base := func() (Dataset, []string) {
		return Dataset{Path: "/p", From: "a", To: "b", DateFormat: "2006-01-02", PageSize: 100}, []string{"/X", "/Y"}
	}
	d, omit := base()
	spec := d.Spec(omit)
	seen := map[string]string{spec: "base"}
	for name, change := range map[string]func(*Dataset, *[]string){
		"path":         func(d *Dataset, _ *[]string) { d.Path = "/q" },
		"from":         func(d *Dataset, _ *[]string) { d.From = "c" },
		"to":           func(d *Dataset, _ *[]string) { d.To = "c" },
		"date_format":  func(d *Dataset, _ *[]string) { d.DateFormat = "20060102" },
		"to_exclusive": func(d *Dataset, _ *[]string) { d.ToExclusive = true },
		"records":      func(d *Dataset, _ *[]string) { d.Records = "/Data" },
		"omit less":    func(_ *Dataset, o *[]string) { *o = []string{"/X"} },
		"omit none":    func(_ *Dataset, o *[]string) { *o = nil },
		"omit another": func(_ *Dataset, o *[]string) { *o = []string{"/X", "/Z"} },
		"from and to":  func(d *Dataset, _ *[]string) { d.From, d.To = d.To, d.From },
	} {
		d, omit := base()
		change(&d, &omit)
		got := d.Spec(omit)
		if same, ok := seen[got]; ok {
			t.Errorf("%s has the fingerprint of %s", name, same)
		}
		seen[got] = name
	}
	for name, change := range map[string]func(*Dataset, *[]string){
		"page_size":        func(d *Dataset, _ *[]string) { d.PageSize = 5 },
		"total":            func(d *Dataset, _ *[]string) { d.Total = "/T" },
		"omit's order":     func(_ *Dataset, o *[]string) { *o = []string{"/Y", "/X"} },
		"omit, one twice":  func(_ *Dataset, o *[]string) { *o = []string{"/Y", "/X", "/Y"} },
		"nothing whatever": func(*Dataset, *[]string) {},
	} {
		d, omit := base()
		change(&d, &omit)
		if got := d.Spec(omit); got != spec {
			t.Errorf("%s changes the fingerprint", name)
		}
	}
	if got := d.Spec(omit); got != spec || len(spec) != 16 || slices.Compare(omit, []string{"/X", "/Y"}) != 0 {
		t.Errorf("%q of %q", got, omit)
	}
}
