package functions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// faulty puts a proxy between functions and the cloud.
func (d *yardDeployment) faulty(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	cloud, err := url.Parse(d.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := faultproxy.New(httputil.NewSingleHostReverseProxy(cloud), time.Now)
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	for i, variable := range d.env {
		if strings.HasPrefix(variable, "AWS_ENDPOINT_URL=") {
			d.env[i] = "AWS_ENDPOINT_URL=" + server.URL
		}
	}
	return proxy
}

// brief is the time that the killed functions are given: their leases end 60 s after it.
const brief = 3 * time.Second

// lastDays is an event for the last days and today. Such an event waits for the account's lease.
func lastDays(n int) string {
	today := time.Now().UTC()
	return fmt.Sprintf(`{"from":%q,"to":%q}`, today.AddDate(0, 0, -n).Format(time.DateOnly), today.Format(time.DateOnly))
}

// scene is a process that was killed in the middle of its work, and what the next one makes of it.
type scene struct {
	yardDeployment
	next    *function
	got     answered
	err     error
	took    time.Duration
	session string // how the next one shall come by its session
}

// killAtTheStore kills a process whose session the yard has granted, while it stores it: before that takes effect, or
// after.
func killAtTheStore(t *testing.T, binary string, first, stored bool) scene {
	t.Helper()
	d := deployYardOf(t, simulator.YardConfig{AccessTTL: short, ReuseKillsFamily: true})
	if !first {
		parseEnd(t, start(t, binary, time.Minute, d.env...).invoke(`{"datasets":["businesses"]}`))
	}
	before := len(d.yard.Requests())
	proxy, hold := d.faulty(t), faultproxy.NewHold()
	proxy.Fault(func(c faultproxy.Call) *faultproxy.Answer {
		switch {
		case c.Operation != "PutSecretValue" && c.Operation != "CreateSecret":
			return nil
		case stored:
			return &faultproxy.Answer{After: hold}
		default:
			return &faultproxy.Answer{Before: hold}
		}
	})
	holder := start(t, binary, brief, d.env...)
	go func() { _, _ = holder.call(`{}`) }() // it is killed and never answers
	<-hold.Held()
	holder.kill()
	proxy.Fault(nil)
	for _, r := range d.yard.Requests()[before:] {
		if r.Endpoint != simulator.TokenEndpoint && r.Endpoint != simulator.RefreshEndpoint {
			t.Errorf("%s was asked before the session was stored", r.Path)
		}
	}
	return scene{yardDeployment: d, session: "exchanged"}
}

// killInMidRun kills a process at its ninth request to a yard that grants twelve a minute.
func killInMidRun(t *testing.T, binary string) scene {
	t.Helper()
	d := deployYardOf(t, simulator.YardConfig{RequestsPerMinute: 12})
	reached := make(chan struct{})
	d.yard.Fault(func(r simulator.Request) *simulator.Answer {
		if r.N != 9 {
			return nil
		}
		close(reached)
		return &simulator.Answer{Until: t.Context().Done()}
	})
	holder := start(t, binary, brief, d.env...)
	go func() { _, _ = holder.call(lastDays(2)) }() // it is killed and never answers
	<-reached
	holder.kill()
	return scene{yardDeployment: d, session: "cached"}
}

// A killed run leaves its account's lease behind, which ends 60 s after the time that the run was given. The next run
// waits for that, needs nobody's help, and finds the yard's minute free. All scenes wait side by side.
func TestAfterAKillTheNextRunIsGreenWithinTheLeasesTerm(t *testing.T) {
	t.Parallel() // it waits for most of its time
	binary := bootstrap(t, "scrapright-export")
	scenes := map[string]*scene{}
	add := func(name string, s scene) { scenes[name] = &s }
	add("killed between the first exchange and the store", killAtTheStore(t, binary, true, false))
	add("killed between a refresh and the store", killAtTheStore(t, binary, false, false))
	stored := killAtTheStore(t, binary, false, true)
	stored.session = "refreshed" // by the token that was stored, which is past use as well
	add("killed when the store had succeeded", stored)
	add("killed in mid-run", killInMidRun(t, binary))

	var group sync.WaitGroup
	for _, s := range scenes {
		s.next = start(t, binary, 3*time.Minute, s.env...)
		group.Go(func() {
			began := time.Now()
			s.got, s.err = s.next.call(lastDays(2))
			s.took = time.Since(began)
		})
	}
	group.Wait()
	for name, s := range scenes {
		t.Run(name, func(t *testing.T) {
			if s.err != nil {
				t.Fatal(s.err)
			}
			got := parseEnd(t, s.got)
			if got.Status != "complete" || got.Accounts[0].Session != s.session || got.Accounts[0].Throttled != 0 {
				t.Errorf("%s; expected complete, %s, and no request too many", s.got.body, s.session)
			}
			if s.took < 50*time.Second || s.took > brief+90*time.Second {
				t.Errorf("took %s; expected the rest of a lease of %s and the work", s.took, brief+time.Minute)
			}
			for _, r := range s.yard.Requests() {
				if r.Status == http.StatusTooManyRequests {
					t.Errorf("request %d, %s: 429", r.N, r.Path)
				}
			}
			s.sessionStands(t)
		})
	}
}
