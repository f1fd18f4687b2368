package scrunch

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"
)

func refuse(status int, message string) func(simulator.Request) *simulator.Answer {
	return func(simulator.Request) *simulator.Answer { return simulator.RefuseDetail(status, message) }
}

func redirect(to string) func(simulator.Request) *simulator.Answer {
	return func(simulator.Request) *simulator.Answer {
		return &simulator.Answer{Reply: &simulator.Reply{Status: http.StatusFound, Header: http.Header{"Location": {to}}}}
	}
}

// One fault at each endpoint: its kind, how far it reaches, what it says, and how often it was tried.
func TestAFailureHasAKindAndNamesEndpointAndMessage(t *testing.T) {
	const advice = "check that the key's scope includes the brand and that the brand is not archived"
	tests := []struct {
		name     string
		answer   func(simulator.Request) *simulator.Answer
		want     export.Error
		requests int
		says     []string
	}{
		{"400", refuse(400, "Unknown field: 'x'"), export.Error{Kind: export.VendorError}, 1, []string{"status 400", "Unknown field: 'x'"}},
		{"401", refuse(401, "Invalid or missing API key"), export.Error{Kind: export.CredentialRefused, Account: true}, 1, []string{keySecret, "Invalid or missing"}},
		{"402", refuse(402, "Not in the plan"), export.Error{Kind: export.NotInPlan, Part: true}, 1, []string{"status 402", "Not in the plan", advice}},
		{"403", refuse(403, "No access to the brand"), export.Error{Kind: export.NotInPlan, Part: true}, 1, []string{"status 403", "No access to the brand", advice}},
		{"404", refuse(404, "Brand not found"), export.Error{Kind: export.VendorError}, 1, []string{"status 404", "Brand not found"}},
		{"408", refuse(408, "Too slow"), export.Error{Kind: export.Unavailable}, 4, []string{"status 408", "Too slow"}},
		{"414", refuse(414, "URI Too Long"), export.Error{Kind: export.VendorError}, 1, []string{"status 414"}},
		{"422, a list", func(simulator.Request) *simulator.Answer {
			return reply(422, "application/json", `{"detail":[{"type":"x","loc":["query","limit"],"msg":"Input should be less than or equal to 90000","input":"1"}]}`)
		}, export.Error{Kind: export.VendorError}, 1, []string{"status 422", "Input should be less than or equal to 90000"}},
		{"429", refuse(429, "Rate limit exceeded"), export.Error{Kind: export.Throttled}, 9, []string{"Rate limit exceeded"}},
		{"500", refuse(500, "Internal Server Error"), export.Error{Kind: export.Unavailable}, 4, []string{"status 500"}},
		{"502 in HTML", func(simulator.Request) *simulator.Answer { return reply(502, "text/html", "<h1>Bad Gateway</h1>") },
			export.Error{Kind: export.Unavailable}, 4, []string{"status 502", "Bad Gateway"}},
		{"503", refuse(503, "Maintenance"), export.Error{Kind: export.Unavailable}, 4, []string{"status 503", "Maintenance"}},
		{"dropped", func(simulator.Request) *simulator.Answer { return &simulator.Answer{Drop: true} }, export.Error{Kind: export.Unavailable}, 4, []string{"no whole answer"}},
		{"a redirect elsewhere", redirect("https://login.example/sso?next=1"), export.Error{Kind: export.VendorError}, 1, []string{"redirect to https://login.example", "not followed"}},
		{"a redirect to plain http", redirect("http://api.example/v1/brands"), export.Error{Kind: export.VendorError}, 1, []string{"redirect to http://api.example", "not followed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for endpoint, dataset := range map[string]string{simulator.Query: "brand_daily", simulator.Responses: "responses", simulator.Personas: "personas"} {
				inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
					s.Fault(on(endpoint, tt.answer))
					_, _, err := w.read(window(dataset, closed))
					w.check(err, tt.want, append(tt.says, "GET /")...)
					if !strings.Contains(err.Error(), "/"+endpoint) {
						w.Errorf("%q; expected the endpoint %s in it", err, endpoint)
					}
					if n := len(asked(s, endpoint)); n != tt.requests {
						w.Errorf("%d requests to %s, expected %d", n, endpoint, tt.requests)
					}
					s.Fault(nil)
					if tt.want.Kind != export.CredentialRefused {
						w.whole(window(dataset, closed))
					}
				})
			}
			inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
				s.Fault(on(simulator.Brands, tt.answer))
				_, err := w.source.Parts(w.Context(), "prompts")
				w.check(err, export.Error{Kind: tt.want.Kind, Account: true}, append(tt.says, "GET /brands: ")...)
			})
		})
	}
}

// A failure in passing is no failure, and a redirect on the same host is followed.
func TestWhatPassesIsTriedAgain(t *testing.T) {
	for name, answer := range map[string]func(simulator.Request) *simulator.Answer{
		"429": refuse(429, "Rate limit exceeded"), "500": refuse(500, ""), "503": refuse(503, ""),
		"dropped":      func(simulator.Request) *simulator.Answer { return &simulator.Answer{Drop: true} },
		"another path": redirect("/v1/brands/101/personas?limit=1&offset=0"),
	} {
		inScrunch(t, simulator.ScrunchConfig{Brands: 1, Personas: 1}, func(w *world, s *simulator.Scrunch) {
			s.Fault(on(simulator.Personas, func(r simulator.Request) *simulator.Answer {
				if r.Nth > 1 {
					return nil
				}
				return answer(r)
			}))
			if lines := w.whole(window("personas", closed)); len(lines) != 1 {
				w.Errorf("%s: %d lines", name, len(lines))
			}
			if u := w.source.Usage(); u.Requests != 3 || (u.Throttled == 1) != (name == "429") {
				w.Errorf("%s: usage %+v, expected the list of brands and two requests", name, u)
			}
		})
	}
}

const secondKey = "the-second-key-of-the-organization"

// Whoever changed the key at the vendor changed it in the secret too: the run goes on with the new one.
func TestAKeyThatWasChangedMeanwhileIsReadAgainOnce(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, MaxLimit: 2, Prompts: 5}, func(w *world, s *simulator.Scrunch) {
		s.Fault(on(simulator.Prompts, func(r simulator.Request) *simulator.Answer {
			if r.Nth == 2 {
				s.SetKeys(simulator.ScrunchKey{Key: secondKey})
				w.vault.Store(keySecret, `{"api_key":"`+secondKey+`"}`)
			}
			return nil
		}))
		if lines := w.whole(window("prompts", today)); len(lines) != 5 {
			w.Errorf("%d prompts", len(lines))
		}
		if got := pages(w, asked(s, simulator.Prompts)); got != "0 2 2 4" {
			w.Errorf("offsets %s; expected the refused page once more and no other", got)
		}
		if n := w.vault.Count("Current"); n != 2 {
			w.Errorf("the secret was read %d times, expected 2", n)
		}
		before := len(s.Requests())
		w.whole(window("brand_daily", closed))
		if n := s.CountStatus(http.StatusUnauthorized); n != 1 || len(s.Requests()) == before {
			w.Errorf("%d refusals; expected that the new key is kept", n)
		}
	})
}

func TestAKeyThatIsRefusedEndsTheAccountAndNamesSecretAndVersion(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		w.whole(window("personas", today))
		s.SetKeys(simulator.ScrunchKey{Key: "another"})
		version := w.vault.Store(keySecret, secondKey) // neither is taken
		_, _, err := w.read(window("brand_daily", closed))
		w.check(err, export.Error{Kind: export.CredentialRefused, Account: true}, keySecret, version)
		if strings.Contains(err.Error(), secondKey) || !errors.Is(err, credential.ErrRefused) {
			w.Errorf("%v", err)
		}
		if n := s.CountStatus(http.StatusUnauthorized); n != 2 {
			w.Errorf("%d requests were refused, expected one with each key", n)
		}
	})
}

func TestASecretThatIsNoneEndsTheAccount(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		w.vault.Store(keySecret, "two words")
		_, err := w.source.Parts(w.Context(), "prompts")
		w.check(err, export.Error{Kind: export.SecretFault, Account: true}, keySecret)
		_, _, err = w.read(window("brands", today))
		w.check(err, export.Error{Kind: export.SecretFault, Account: true}, keySecret)
		w.open(func(c *Config, _ *rest.Config) { c.KeySecret = "elsewhere" })
		_, err = w.source.Parts(w.Context(), "prompts")
		w.check(err, export.Error{Kind: export.SecretFault, Account: true}, "elsewhere")
		if n := len(s.Requests()); n != 0 {
			w.Errorf("%d requests without a key", n)
		}
	})
}

// The secret is gone when the vendor refuses the key: both are told of in one way.
func TestASecretThatIsGoneWhenTheKeyIsRefused(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1}, func(w *world, s *simulator.Scrunch) {
		w.whole(window("personas", today))
		s.SetKeys(simulator.ScrunchKey{Key: "another"})
		w.vault.Remove(keySecret)
		_, _, err := w.read(window("brand_daily", closed))
		w.check(err, export.Error{Kind: export.SecretFault, Account: true}, keySecret)
	})
}

// The simulated vendor's own refusals, by key and brand.
func TestWhatAKeyMayNotReadIsNotInPlan(t *testing.T) {
	tests := map[string]struct {
		key    simulator.ScrunchKey
		states map[int]simulator.BrandState
		part   bool
	}{
		"an archived brand":        {simulator.ScrunchKey{Key: firstKey}, map[int]simulator.BrandState{101: simulator.Archived}, true},
		"a brand out of the plan":  {simulator.ScrunchKey{Key: firstKey}, map[int]simulator.BrandState{101: simulator.OutOfPlan}, true},
		"a brand of another key":   {simulator.ScrunchKey{Key: firstKey, Brands: []int{102}}, nil, true},
		"a key that may not query": {simulator.ScrunchKey{Key: firstKey, Scopes: []simulator.Scope{simulator.ScopeConfigure}}, nil, false},
	}
	for name, tt := range tests {
		inScrunch(t, simulator.ScrunchConfig{Brands: 2}, func(w *world, s *simulator.Scrunch) {
			if tt.part {
				w.parts("prompts") // the brand is still listed
			}
			s.SetKeys(tt.key)
			for brand, state := range tt.states {
				s.SetState(brand, state)
			}
			for _, dataset := range []string{"competitors", "responses"} {
				_, _, err := w.read(window(dataset, closed))
				w.check(err, export.Error{Kind: export.NotInPlan, Part: true}, "scope", "archived")
			}
			if !tt.part {
				_, err := w.source.Parts(w.Context(), "prompts")
				w.check(err, export.Error{Kind: export.NotInPlan, Account: true}, "scope")
				return
			}
			at := window("competitors", closed)
			at.Part = "brand-102"
			if lines := w.whole(at); len(lines) == 0 {
				w.Errorf("%s: the other brand was not read", name)
			}
		})
	}
}

// A 429 holds back every request of the account, as long as the vendor asks for.
func TestAThrottledRunWaitsAsLongAsTheVendorAsksFor(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{Brands: 1, RequestsPerMinute: 2, RetryAfter: true}, func(w *world, s *simulator.Scrunch) {
		began := time.Now()
		w.whole(window("brand_daily", closed)) // 3 requests
		if waited := time.Since(began); waited < 30*time.Second || waited > 61*time.Second {
			w.Errorf("waited %s", waited)
		}
		if u := w.source.Usage(); u.Throttled != 1 || u.Requests != 4 || u.PerMinute != 0 {
			w.Errorf("usage %+v", u)
		}
	})
}
