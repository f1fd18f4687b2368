package scrapright

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"yardstick/pkg/snapshot/snapshottest"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

func reply(status int, contentType, body string) *simulator.Answer {
	return &simulator.Answer{Reply: &simulator.Reply{Status: status, Header: http.Header{"Content-Type": {contentType}},
		Body: []byte(body)}}
}

func redirect(to string) *simulator.Answer {
	return &simulator.Answer{Reply: &simulator.Reply{Status: http.StatusFound, Header: http.Header{"Location": {to}}}}
}

// Page 3 of 5 fails in one way or another, always.
func TestAFailureHasAKindAndNamesEndpointPageAndMessage(t *testing.T) {
	const json = "application/json"
	tests := []struct {
		name    string
		answer  *simulator.Answer
		kind    export.Kind
		account bool
		says    string
	}{
		{"400", simulator.Refuse(400, "The page is not valid."), export.VendorError, false, "The page is not valid."},
		{"401", simulator.Refuse(401, "Invalid access token."), export.CredentialRefused, true, keySecret},
		{"402", simulator.Refuse(402, "The API is not in your plan."), export.NotInPlan, false, "not in your plan"},
		{"403", simulator.Refuse(403, "Forbidden here."), export.NotInPlan, false, "Forbidden here."},
		{"404", simulator.Refuse(404, "No such resource."), export.VendorError, false, "No such resource."},
		{"408", simulator.Refuse(408, "Too late."), export.Unavailable, false, "Too late."},
		{"429", simulator.Refuse(429, "Slow down."), export.Throttled, false, "Slow down."},
		{"500", simulator.Refuse(500, "Object reference."), export.Unavailable, false, "Object reference."},
		{"503", simulator.Refuse(503, "Maintenance."), export.Unavailable, false, "Maintenance."},
		{"504 in HTML", reply(504, "text/html", "<h1>Gateway</h1>"), export.Unavailable, false, "Gateway"},
		{"a redirect to a login", redirect("https://login.example/"), export.VendorError, false,
			"redirect to https://login.example"},
		{"a redirect in a circle", redirect("/api/v1/customer?page=3"), export.VendorError, false, "redirect number 6"},
		{"too large", reply(200, json, strings.Repeat(" ", 2<<20)), export.Malformed, false, "larger than 1048576 bytes"},
		{"dropped", &simulator.Answer{Drop: true}, export.Unavailable, false, "no whole answer"},
		{"cut with a length", &simulator.Answer{Cut: simulator.CutSized, CutAt: 99}, export.Unavailable, false,
			"no whole answer"},
		{"cut in chunks", &simulator.Answer{Cut: simulator.CutChunked, CutAt: 99}, export.Unavailable, false, "no whole answer"},
		{"cut without a length", &simulator.Answer{Cut: simulator.CutUnsized, CutAt: 99}, export.Malformed, false,
			"ends too early"},
		{"204", reply(204, json, ""), export.Malformed, false, "empty"},
		{"empty", reply(200, json, ""), export.Malformed, false, "empty"},
		{"HTML", reply(200, "text/html; charset=utf-8", "<html>"), export.Malformed, false, "text/html, expected JSON"},
		{"JSON that calls itself HTML", reply(200, "text/html", `{"IsError":0,"Data":[]}`), export.Malformed, false,
			"text/html, expected JSON"},
		{"XML", reply(200, "application/problem+xml", "<a/>"), export.Malformed, false, "application/problem+xml"},
		{"HTML without a type", reply(200, "application/octet-stream", "<html>"), export.Malformed, false, "not whole JSON"},
		{"IsError", simulator.Refuse(200, "Yard closed."), export.VendorError, false, "the vendor says no: Yard closed."},
		{"Data null", reply(200, json, `{"IsError":0,"Data":null}`), export.Malformed, false, "Data is null"},
		{"a page before", &simulator.Answer{Page: 1}, export.Incomplete, false, "page 3 holds the same records as page 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inYard(t, simulator.YardConfig{Customers: 45, MaxPageSize: 10}, func(y *yard) {
				y.open(1 << 20)
				y.vault.Store(keySecret, yardKey)
				y.Fault(onPage(simulator.Customers, 3, func() *simulator.Answer { return tt.answer }))
				_, _, err := y.read("customers")
				y.check(err, tt.kind, tt.account, "GET /api/v1/customer: ", "page 3", tt.says)
				if strings.Contains(err.Error(), "\n") {
					y.Errorf("%q is not one line", err)
				}
				y.Fault(nil)
				if !tt.account {
					y.whole("customers")
				}
			})
		})
	}
}

func TestATypeThatServersAreCarelessWithIsNoFault(t *testing.T) {
	for _, kind := range []string{"", "text/plain", "application/octet-stream", "text/json; charset=utf-8", "bad type;;"} {
		inYard(t, simulator.YardConfig{Customers: 150}, func(y *yard) {
			y.Fault(func(r simulator.Request) *simulator.Answer {
				return &simulator.Answer{Rewrite: func(reply *simulator.Reply) { reply.Header["Content-Type"] = []string{kind} }}
			})
			y.whole("customers")
		})
	}
}

func TestAFailureThatPassesIsNone(t *testing.T) {
	inYard(t, simulator.YardConfig{Customers: 45, MaxPageSize: 10}, func(y *yard) {
		answers := []*simulator.Answer{simulator.Refuse(500, "no"), {Drop: true}, {Cut: simulator.CutSized, CutAt: 99},
			simulator.Refuse(429, "no")}
		y.Fault(onPage(simulator.Customers, 3, func() *simulator.Answer {
			if len(answers) == 0 {
				return nil
			}
			answer := answers[0]
			answers = answers[1:]
			return answer
		}))
		y.whole("customers")
		if n := y.Count(simulator.Customers); n != 7+4 {
			y.Errorf("%d requests; expected each failure to cost one", n)
		}
	})
}

// What keeps the account from being read at all is the account's failure, and still names what was asked for.
func TestAFailureOfTheCredentialsIsTheAccounts(t *testing.T) {
	onTokens := func(answer *simulator.Answer) func(y *yard) {
		return func(y *yard) {
			y.Fault(func(r simulator.Request) *simulator.Answer {
				if r.Endpoint == simulator.TokenEndpoint {
					return answer
				}
				return nil
			})
		}
	}
	down := errors.New("the store is down")
	tests := []struct {
		name  string
		spoil func(y *yard)
		kind  export.Kind
		says  string
	}{
		{"no key secret", func(y *yard) { y.vault.Remove(keySecret) }, export.SecretFault, keySecret},
		{"a key of no form", func(y *yard) { y.vault.Store(keySecret, `["`+yardKey+`"]`) }, export.SecretFault, keySecret},
		{"a session of no form", func(y *yard) { y.vault.Store(sessionSecret, "words") }, export.SecretFault, sessionSecret},
		{"the vault is down", func(y *yard) {
			y.vault.Intercept(func(context.Context, credentialtest.Call) error { return down })
		}, export.SecretFault, down.Error()},
		{"a key of another yard", func(y *yard) { y.vault.Store(keySecret, "another-key") }, export.CredentialRefused,
			"Invalid API key."},
		{"refused in a 200", onTokens(simulator.Refuse(200, "Key "+yardKey+" is revoked.")), export.CredentialRefused,
			"Key REDACTED is revoked."},
		{"403", onTokens(simulator.Refuse(403, "No API access.")), export.CredentialRefused, "No API access."},
		{"404", onTokens(simulator.Refuse(404, "Nothing here.")), export.VendorError, "Nothing here."},
		{"500", onTokens(simulator.Refuse(500, "Out of order.")), export.Unavailable, "Out of order."},
		{"429", onTokens(simulator.Refuse(429, "Slow down.")), export.Throttled, "Slow down."},
		{"a redirect", onTokens(redirect("/api/v2/token")), export.VendorError, "one address only"},
		{"dropped", onTokens(&simulator.Answer{Drop: true}), export.Unavailable, "no whole answer"},
		{"no JSON", onTokens(reply(200, "application/json", "{")), export.Malformed, "ends too early"},
		{"no Data", onTokens(reply(200, "application/json", `{"IsError":0}`)), export.Malformed, "Data holds no tokens"},
		{"no token", onTokens(reply(200, "application/json", `{"IsError":0,"Data":{}}`)), export.Malformed,
			"access_token is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inYard(t, simulator.YardConfig{}, func(y *yard) {
				tt.spoil(y)
				_, _, err := y.read("businesses")
				y.check(err, tt.kind, true, "GET /api/v1/business: page 1: ", tt.says)
				if n := y.Count(simulator.Businesses); n != 0 {
					y.Errorf("%d requests without a token", n)
				}
			})
		})
	}
}

// The key is revoked while a list is read, and nobody stored another.
func TestARevokedKeyInMidListIsARefusalThatNamesTheSecret(t *testing.T) {
	inYard(t, simulator.YardConfig{Customers: 45, MaxPageSize: 10}, func(y *yard) {
		y.Fault(onPage(simulator.Customers, 3, func() *simulator.Answer {
			if y.Count(simulator.TokenEndpoint) == 1 {
				y.Revoke("the-second-key")
			}
			return nil
		}))
		_, _, err := y.read("customers")
		y.check(err, export.CredentialRefused, true, "GET /api/v1/customer: page 3: ", keySecret, "Invalid API key.")
		if refused, ok := errors.AsType[*credential.Refused](err); !ok || refused.KeySecret != keySecret {
			y.Errorf("%v; expected the ladder's refusal", err)
		}
		if n := y.Count(simulator.Customers); n != 3 {
			y.Errorf("%d requests; expected none after the one that was refused", n)
		}
	})
}

// Tokens of every rung are refused: the stored one, the refreshed one, and those of two exchanges.
func TestTheLadderHasTheLastWordOnTokensThatAreRefused(t *testing.T) {
	inYard(t, simulator.YardConfig{}, func(y *yard) {
		y.whole("businesses")
		<-time.After(10 * time.Minute)
		vault := y.vault
		y.open(0)
		y.source.Ladder = ladderOf(vault, y.source.Client, y.source.Pace)
		y.vault = vault
		y.Fault(onPage(simulator.Customers, 1, func() *simulator.Answer { return simulator.Refuse(401, "Not for you.") }))
		_, _, err := y.read("customers")
		y.check(err, export.CredentialRefused, true, "GET /api/v1/customer: page 1: ", keySecret)
		y.tokenCalls(1+2, 1)
	})
}

func TestAMessageThatRepeatsTheTokenDoesNotShowIt(t *testing.T) {
	inYard(t, simulator.YardConfig{Customers: 45, MaxPageSize: 10}, func(y *yard) {
		for _, status := range []int{200, 403} {
			y.Fault(onPage(simulator.Customers, 2, func() *simulator.Answer {
				value, id := y.vault.Held(sessionSecret)
				session, err := credential.ParseSession(sessionSecret,
					credential.Version{ID: id, Value: credential.NewSecret(value)})
				if err != nil {
					y.Error(err)
				}
				token := session.AccessToken.Reveal()
				return simulator.Refuse(status, "Token "+token[:3]+"\u200b"+token[3:]+" may not do this.")
			}))
			_, _, err := y.read("customers")
			if err == nil || !strings.Contains(err.Error(), "Token REDACTED may not do this.") {
				y.Errorf("%d: %v", status, err)
			}
		}
	})
}

func TestAnUnknownDatasetIsNamed(t *testing.T) {
	s := New(Config{Datasets: map[string]Dataset{"purchases": {}, "customers": {}}})
	_, err := s.Read(t.Context(), export.Window{Dataset: "tickets"}, nil)
	if err == nil || err.Error() != `no dataset "tickets" among ["customers" "purchases"]` {
		t.Error(err)
	}
}

// A disk that is full is nobody's fault but the disk's.
type fullDisk struct{ export.Sink }

func (fullDisk) Append([]byte) (export.Line, error) {
	return nil, errors.New("no space left on device")
}

func TestASinkThatFailsIsStorage(t *testing.T) {
	inYard(t, simulator.YardConfig{}, func(y *yard) {
		_, err := y.source.Read(y.Context(), y.window("customers"), fullDisk{y.spool})
		y.check(err, export.Storage, false, "GET /api/v1/customer: page 1: record 1: no space left")
	})
}

// Tickets come in, or go, before one page or another of the open day; here over HTTP and through the real client.
func TestADayThatMovesOverHTTP(t *testing.T) {
	tests := []struct {
		name  string
		order simulator.Order
		move  func(y *yard, r simulator.Request)
		says  string
	}{
		{"tickets all the time, oldest first", simulator.Ascending, func(y *yard, _ simulator.Request) { y.AddTickets(today, 1) },
			"whole"},
		{"tickets all the time, newest first", simulator.Descending,
			func(y *yard, _ simulator.Request) { y.AddTickets(today, 1) }, "whole"},
		{"tickets taken from page 1 all the time", simulator.Ascending, func(y *yard, r simulator.Request) {
			if r.Page == 2 {
				y.Remove(simulator.Purchases, today, 10, 1)
			}
		}, "moving"},
	}
	for _, tt := range tests {
		for _, counts := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				inYard(t, simulator.YardConfig{Order: tt.order, Total: counts}, func(y *yard) {
					y.SetTicketCount(today, 230)
					began := y.Records(simulator.Purchases, today)
					y.Fault(func(r simulator.Request) *simulator.Answer {
						if r.Endpoint == simulator.Purchases {
							tt.move(y, r)
						}
						return nil
					})
					_, rows, err := y.read("purchases")
					if says(err) != tt.says {
						y.Fatalf("%v; expected %s", err, tt.says)
					}
					if err == nil {
						missing(y.T, began, rows)
						return
					}
					if !strings.Contains(err.Error(), "GET /api/v1/purchase: ") {
						y.Errorf("%v names no endpoint", err)
					}
					w := y.window("purchases")
					w.Closed = true
					_, err = y.source.Read(y.Context(), w, snapshottest.NewSpool(y))
					y.check(err, export.Incomplete, false, "GET /api/v1/purchase: ", "again when it was read once more")
				})
			})
		}
	}
}

// says is "whole", "moving", or the kind of the failure.
func says(err error) string {
	known, ok := errors.AsType[*export.Error](err)
	switch {
	case err == nil:
		return "whole"
	case ok:
		return string(known.Kind)
	case errors.Is(err, export.ErrMoving):
		return "moving"
	}
	return err.Error()
}

// missing finds rows that were lost, and those kept twice.
func missing(t *testing.T, want, kept []string) {
	t.Helper()
	for _, row := range want {
		if !slices.Contains(kept, row) {
			t.Errorf("%s is missing", row)
		}
	}
	if slices.Sort(kept); len(slices.Compact(slices.Clone(kept))) != len(kept) {
		t.Error("rows were kept twice")
	}
}
