package local_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/bubble"
	"yardstick/pkg/golden"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/simulator"
)

const (
	yardAddress  = "127.0.0.1:1001"
	cloudAddress = "127.0.0.1:1002"
	apiKey       = "the-key-of-the-yard-under-check"
)

// place is a yard to check beside an embedded cloud, on fake time.
type place struct {
	*testing.T
	network *bubble.Network
	dir     string
	log     bytes.Buffer // everything that is logged, at every level
}

// inPlace runs a test in a bubble, with a yard at yardAddress.
func inPlace(t *testing.T, yard func() http.Handler, test func(p *place)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		p := &place{T: t, network: &bubble.Network{}, dir: dir}
		cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now, NoSync: true})
		p.must(err)
		t.Cleanup(func() { p.must(cloud.Close()) })
		p.must(cloud.CreateBucket("acme-reporting"))
		p.network.Serve(t, cloudAddress, cloud.Handler())
		if yard != nil {
			p.network.Serve(t, yardAddress, yard())
		}
		p.must(p.open("").CreateSecret(t.Context(), "key", `{"api_key":"`+apiKey+`"}`))
		test(p)
	})
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// open is yardstick with lines of the account's settings, which a check may have printed.
func (p *place) open(settings string) *app.App {
	p.Helper()
	text := fmt.Sprintf("version: 1\nbucket: acme-reporting\n%s\n", settings)
	account := fmt.Sprintf("account: main\n    url: http://%s\n    api_key_secret: key\n    session_secret: session\n    timezone: America/Chicago\n    start: 1999-12-31", yardAddress)
	if strings.Contains(text, "account: main\n") {
		text = strings.Replace(text, "account: main", account, 1)
	} else {
		text += "scrapright:\n  - " + account + "\n"
	}
	a, err := app.Open(p.Context(), app.Options{Config: text, Endpoint: "http://" + cloudAddress, Transport: p.network.Transport(p),
		Log: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	p.must(err)
	return a
}

// check checks, and shows that nothing of what was found or logged is a secret.
func (p *place) check(settings string) app.Report {
	p.Helper()
	report := local.Check(p.Context(), p.open(settings), "")
	text, err := json.Marshal(report)
	p.must(err)
	secrets := []string{apiKey}
	if stored, err := os.ReadFile(filepath.Join(p.dir, "secretsmanager", "session.json")); err == nil {
		for _, token := range regexp.MustCompile(`_token\\*":\s*\\*"([^"\\]+)`).FindAllSubmatch(stored, -1) {
			secrets = append(secrets, string(token[1]))
		}
		if len(secrets) < 3 {
			p.Fatalf("no tokens found among %d bytes", len(stored))
		}
	}
	for _, secret := range secrets {
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(p.log.Bytes(), []byte(secret)) {
			p.Errorf("a secret was told")
		}
	}
	return report
}

// aboutReference are the findings that come of the yard's own reference, as lines.
func aboutReference(r app.Report) string {
	var out strings.Builder
	for _, f := range r.Findings {
		switch f.Subject {
		case "bucket", "api_key_secret", "session_secret", "renewal", "pace", "timezone", "lease":
			continue
		}
		fmt.Fprintf(&out, "%s %s/%s %s: %s\n", f.Level, f.Source, f.Account, f.Subject, f.Message)
		for _, line := range f.Change {
			fmt.Fprintln(&out, line)
		}
	}
	return out.String()
}

func lines(r app.Report) string {
	for _, f := range r.Findings {
		if f.Change != nil {
			return strings.Join(f.Change, "\n")
		}
	}
	return ""
}

// simulated is a small yard. It is made inside the bubble, whose clock it takes.
func simulated(c simulator.YardConfig) func() http.Handler {
	return func() http.Handler {
		c.APIKey, c.Now, c.RequestsPerMinute = apiKey, time.Now, cmp.Or(c.RequestsPerMinute, 6000)
		c.TicketsPerDay, c.Customers, c.Businesses = 3, 3, 3
		return simulator.NewYard(c)
	}
}

var otherRoutes = map[string]simulator.Route{
	simulator.Purchases: {Path: "/api/v1/purchases/daterange", From: "dateFrom", To: "dateTo", ToExclusive: true},
	simulator.Customers: {Path: "/api/v1/customers"},
}

func TestCheckComparesEveryKindOfReference(t *testing.T) {
	for name, config := range map[string]simulator.YardConfig{
		"defaults":        {},
		"swagger-2":       {Swagger: simulator.Swagger2, Nested: "Items", Total: true},
		"page":            {Swagger: simulator.SwaggerPage},
		"absent":          {Swagger: simulator.SwaggerAbsent},
		"other-routes":    {Routes: otherRoutes, MaxPageSize: 40},
		"other-routes-2":  {Routes: otherRoutes, Swagger: simulator.Swagger2, Nested: "Items"},
		"locked-no-token": {Swagger: simulator.SwaggerLocked},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, simulated(config), func(p *place) {
				report := p.check("")
				got := aboutReference(report)
				golden.Compare(p.T, "testdata/check-"+name+".txt", got)
				if change := lines(report); change != "" {
					if again := p.check(change); lines(again) != "" || strings.Contains(aboutReference(again), "fault") {
						p.Errorf("with the lines in place:\n%s", aboutReference(again))
					}
				}
			})
		})
	}
}

func TestCheckReadsALockedReferenceWithTheStoredTokenOnly(t *testing.T) {
	var yard *simulator.Yard
	start := func() http.Handler {
		yard = simulated(simulator.YardConfig{Swagger: simulator.SwaggerLocked})().(*simulator.Yard)
		return yard
	}
	inPlace(t, start, func(p *place) {
		expect := func(when, want string) {
			p.Helper()
			calls := yard.Count(simulator.TokenEndpoint) + yard.Count(simulator.RefreshEndpoint)
			if got := aboutReference(p.check("")); !strings.Contains(got, want) {
				p.Errorf("%s: found\n%sexpected %q", when, got, want)
			}
			if yard.Count(simulator.TokenEndpoint)+yard.Count(simulator.RefreshEndpoint) != calls {
				p.Errorf("%s: the check made a token call", when)
			}
		}
		expect("before any export", "none is live: run an export first, then check again")
		if _, err := p.open("").Export(p.Context(), app.ScrapRight, app.Event{Datasets: []string{"businesses"}}); err != nil {
			p.Fatal(err)
		}
		expect("after an export", "ok scrapright/main purchases: GET /api/v1/purchase is as")
		<-time.After(time.Hour)
		expect("an hour later", "none is live: run an export first, then check again")
		if _, err := p.open("").Export(p.Context(), app.ScrapRight, app.Event{Datasets: []string{"businesses"}, Force: true}); err != nil {
			p.Fatal(err)
		}
		yard.Revoke("a-key-that-nobody-put-into-the-secret")
		expect("after the key was revoked", "it was sent the stored access token, and refused that")
	})
}

func TestCheckCountsTheRequestsOfTheRunBefore(t *testing.T) {
	inPlace(t, simulated(simulator.YardConfig{RequestsPerMinute: 3}), func(p *place) {
		result, err := p.open("").Export(p.Context(), app.ScrapRight, app.Event{Datasets: []string{"businesses"}})
		if err != nil || result.Accounts[0].Requests != 3 {
			p.Fatalf("%d requests, %v; expected an export with the 3 that are granted", result.Accounts[0].Requests, err)
		}
		began := time.Now()
		p.check("")
		if waited := time.Since(began); waited < 55*time.Second || waited > 65*time.Second {
			p.Errorf("the check took %s; expected it to wait for the next minute", waited)
		}
	})
}

// TestCheckFollowsTheYardsOwnRedirects shows that addresses are relative to where a page is, and not to where it was
// asked for.
func TestCheckFollowsTheYardsOwnRedirects(t *testing.T) {
	site := func() http.Handler {
		inner := simulated(simulator.YardConfig{})()
		mux := http.NewServeMux()
		mux.HandleFunc("/api/v1/swagger", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/docs/ui/index.html?v=1", http.StatusMovedPermanently)
		})
		mux.HandleFunc("/docs/ui/index.html", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `<script src="./swagger-ui-bundle.js"></script><script src="./swagger-initializer.js?v=2"></script>`)
		})
		mux.HandleFunc("/docs/ui/swagger-initializer.js", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "v=2" {
				http.Error(w, "which version?", http.StatusBadRequest)
			}
			_, _ = fmt.Fprint(w, `window.ui = SwaggerUIBundle({ urls: [{url: "../v1/yard.json", name: "v1"}, {url: "//cdn.example/yard.json"}] })`)
		})
		mux.HandleFunc("/docs/v1/yard.json", func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = "/api/v1/swagger"
			inner.ServeHTTP(w, r)
		})
		return mux
	}
	inPlace(t, site, func(p *place) {
		got := aboutReference(p.check(""))
		for _, want := range []string{
			"ok scrapright/main swagger: the yard's own reference was read: OpenAPI 3.0.1 at /docs/v1/yard.json",
			"warn scrapright/main swagger: a part of the yard's own reference was not read: a description at http://cdn.example is not asked",
			"ok scrapright/main businesses: ",
		} {
			if !strings.Contains(got, want) {
				p.Errorf("found\n%sexpected %q", got, want)
			}
		}
	})
}

func TestCheckSaysWhatItCouldNotSee(t *testing.T) {
	answer := func(status int, header ...string) func() http.Handler {
		return func() http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if len(header) > 0 {
					w.Header().Set(header[0], header[1])
				}
				w.WriteHeader(status)
			})
		}
	}
	for name, c := range map[string]struct {
		yard func() http.Handler
		want string
	}{
		"nobody is there":        {nil, "connection refused"},
		"a server that fails":    {answer(http.StatusInternalServerError), "GET /api/v1/swagger: status 500"},
		"one that wants no more": {answer(http.StatusTooManyRequests, "Retry-After", "3600"), "no request allowed before"},
		"one that leads away":    {answer(http.StatusFound, "Location", "https://login.example/?next=x"), "a redirect to https://login.example"},
		"an empty answer":        {answer(http.StatusOK), "/api/v1/swagger is neither a Swagger 2.0 or OpenAPI 3 description nor a page that names one on this host"},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, c.yard, func(p *place) {
				got := aboutReference(p.check(""))
				const start = "warn scrapright/main swagger: the yard's own reference was not read, so paths and parameters are not compared: "
				if !strings.HasPrefix(got, start) || !strings.Contains(got, c.want) || strings.Count(got, "\n") != 1 {
					p.Errorf("found\n%sexpected one line with %q", got, c.want)
				}
			})
		})
	}
}

func TestCheckLeavesOutDatasetsThatAreOff(t *testing.T) {
	inPlace(t, simulated(simulator.YardConfig{Routes: otherRoutes}), func(p *place) {
		const off = "scrapright:\n  - account: main\n    datasets:\n      purchases: {off: true}\n      customers: {off: true}\n"
		if got := aboutReference(p.check(off)); strings.Contains(got, "purchases") || !strings.Contains(got, "ok scrapright/main businesses: ") {
			p.Errorf("found\n%s", got)
		}
	})
}

func TestFindingsOfOneAccountStandTogether(t *testing.T) {
	inPlace(t, simulated(simulator.YardConfig{}), func(p *place) {
		const two = "scrapright:\n  - account: main\n  - {account: a-second, url: http://" + yardAddress +
			", api_key_secret: key2, session_secret: session2}\n"
		var order []string
		for _, f := range p.check(two).Findings {
			if len(order) == 0 || order[len(order)-1] != f.Account {
				order = append(order, f.Account)
			}
		}
		if diff := gocmp.Diff([]string{"", "main", "a-second"}, order); diff != "" {
			p.Errorf("accounts (-want +got):\n%s", diff)
		}
	})
}

// hostile is a reference whose texts try to do something to a terminal.
func TestForeignTextsAreToldOnOneLine(t *testing.T) {
	site := func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `{"openapi":"3.0.1","info":{"title":"","version":""},"paths":{"/customer":{"get":{"parameters":[
				{"in":"query","name":"a\u001b[2J\nok scrapright/main customers: fine","required":true}],"responses":{}}}}}`)
		})
	}
	inPlace(t, site, func(p *place) {
		for _, f := range p.check("").Findings {
			if strings.ContainsAny(f.Message, "\x1b\n") {
				p.Errorf("%q", f.Message)
			}
		}
	})
}
