package scrapright

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"yardstick/pkg/snapshot/snapshottest"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// The vendor's documented answers, from the page "Getting API Access & Authentication".
const (
	documentedKey     = "your-api-key-here"
	documentedRefresh = "your-refresh-token-here"
	documentedGrant   = `{ "IsError": 0, "Message": "Token generated successfully.", "Data": { "access_token": "eyJ...", "refresh_token": "eyJ...", ` +
		`"token_type": "Bearer", "expires_in": 3600, "refresh_token_expires_in": 2592000, "requestLimitPerMinute": 10 } }`
)

// tape records what comes over the connections of a server, byte for byte.
type tape struct {
	net.Listener
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *tape) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return taped{c, l}, err
}

type taped struct {
	net.Conn
	tape *tape
}

func (c taped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.text.Write(p[:n])
	return n, err
}

// request is one request as it was written: its first line, its headers but for the connection's own, and its body.
type request struct {
	line    string
	headers []string
	body    string
}

// requests takes the record to pieces.
func (l *tape) requests(t *testing.T) (all []request) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.text.String()
	for rest != "" {
		head, body, ok := strings.Cut(rest, "\r\n\r\n")
		if !ok {
			t.Fatalf("no end of headers in %q", rest)
		}
		lines := strings.Split(head, "\r\n")
		r := request{line: lines[0]}
		length := 0
		for _, h := range lines[1:] {
			switch name, value, _ := strings.Cut(h, ": "); name {
			case "Host", "Connection", "Accept-Encoding", "User-Agent":
			case "Content-Length":
				for _, digit := range value {
					length = length*10 + int(digit-'0')
				}
			default:
				r.headers = append(r.headers, h)
			}
		}
		r.body, rest = body[:length], body[length:]
		slices.Sort(r.headers)
		all = append(all, r)
	}
	return all
}

// recorded serves answers on a socket and records the requests.
func recorded(t *testing.T, answer http.HandlerFunc) (*rest.Client, *rest.Pace, *tape) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	recorder := &tape{Listener: server.Listener}
	server.Listener = recorder
	server.Start()
	t.Cleanup(server.Close)
	pace := rest.NewPace(time.Now)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := rest.New(rest.Config{BaseURL: server.URL, Transport: transport, Pace: pace, Now: time.Now,
		UserAgent: "yardstick/1"})
	if err != nil {
		t.Fatal(err)
	}
	return client, pace, recorder
}

func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}
}

var asRequests = cmp.AllowUnexported(request{})

func TestTheTokenCallsAreAsDocumented(t *testing.T) {
	client, _, tape := recorded(t, answering(documentedGrant))
	issuer := Issuer{Client: client}
	want := credential.Grant{AccessToken: credential.NewSecret("eyJ..."), RefreshToken: credential.NewSecret("eyJ..."),
		AccessFor: 3600 * time.Second, RefreshFor: 2592000 * time.Second, RequestsPerMinute: 10}
	if got, err := issuer.Exchange(t.Context(), credential.NewSecret(documentedKey)); err != nil || got != want {
		t.Errorf("exchange: %+v, %v", got, err)
	}
	if got, err := issuer.Refresh(t.Context(), credential.NewSecret(documentedRefresh)); err != nil || got != want {
		t.Errorf("refresh: %+v, %v", got, err)
	}
	if _, err := issuer.Refresh(t.Context(), credential.NewSecret("a+b/c=&d e")); err != nil {
		t.Error(err)
	}
	form := []string{"Content-Type: application/x-www-form-urlencoded"}
	expected := []request{
		{"POST /api/v1/authorization/token HTTP/1.1", []string{"X-Api-Key: your-api-key-here"}, ""},
		{"POST /api/v1/authorization/refresh-token HTTP/1.1", form, "refreshToken=your-refresh-token-here"},
		{"POST /api/v1/authorization/refresh-token HTTP/1.1", form, "refreshToken=a%2Bb%2Fc%3D%26d+e"},
	}
	if diff := cmp.Diff(expected, tape.requests(t), asRequests); diff != "" {
		t.Errorf("(-documented +sent)\n%s", diff)
	}
}

// A session is got and a listing is read, as the page's three steps show it.
func TestACallIsAsDocumented(t *testing.T) {
	tokens := 0
	client, pace, tape := recorded(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v1/authorization/"):
			tokens++
			answering(strings.ReplaceAll(documentedGrant, "eyJ...", "eyJ"+strings.Repeat(".", tokens)))(w, r)
		case r.URL.Query().Get("page") == "1":
			answering(`{"IsError":0,"Message":"Success.","Data":[{"Id":1}]}`)(w, r)
		default:
			answering(`{"IsError":0,"Message":"Success.","Data":[]}`)(w, r)
		}
	})
	source, vault := newSource(client, pace, map[string]Dataset{
		"customers": {Path: "/api/v1/customer", PageSize: 25},
		"purchases": {Path: "/api/v1/purchase", From: "startDate", To: "endDate", DateFormat: "2006-01-02", PageSize: 100},
	})
	vault.Store(keySecret, documentedKey)
	spool := snapshottest.NewSpool(t)
	for _, w := range []export.Window{{Dataset: "customers"}, {Dataset: "purchases", Day: date(t, "2026-11-22"), Closed: true}} {
		if err := spool.Reset(); err != nil {
			t.Fatal(err)
		}
		if _, err := source.Read(t.Context(), w, spool); err != nil {
			t.Fatal(err)
		}
		if lines := snapshottest.Lines(t, spool); !slices.Equal(lines, []string{`{"Id":1}`}) {
			t.Errorf("%s: %q", w.Dataset, lines)
		}
	}
	token := []string{"X-Access-Token: eyJ."}
	expected := []request{
		{"POST /api/v1/authorization/token HTTP/1.1", []string{"X-Api-Key: your-api-key-here"}, ""},
		{"GET /api/v1/customer?page=1&pageSize=25 HTTP/1.1", token, ""},
		{"GET /api/v1/customer?page=2&pageSize=25 HTTP/1.1", token, ""},
		{"GET /api/v1/purchase?endDate=2026-11-22&page=1&pageSize=100&startDate=2026-11-22 HTTP/1.1", token, ""},
		{"GET /api/v1/purchase?endDate=2026-11-22&page=2&pageSize=100&startDate=2026-11-22 HTTP/1.1", token, ""},
	}
	if diff := cmp.Diff(expected, tape.requests(t), asRequests); diff != "" {
		t.Errorf("(-documented +sent)\n%s", diff)
	}
}

func TestARefusedTokenCallIsARefusal(t *testing.T) {
	for status, refused := range map[int]bool{400: true, 401: true, 403: true, 404: false, 405: false, 415: false} {
		client, _, _ := recorded(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"IsError":1,"Message":"no","Data":null}`)
		})
		issuer := Issuer{Client: client}
		_, exchange := issuer.Exchange(t.Context(), credential.NewSecret(documentedKey))
		_, refresh := issuer.Refresh(t.Context(), credential.NewSecret(documentedRefresh))
		for call, err := range map[string]error{"exchange": exchange, "refresh": refresh} {
			if err == nil || strings.Contains(err.Error(), "your-") || !strings.Contains(err.Error(), "/api/v1/authorization/") {
				t.Errorf("%s, %d: %v", call, status, err)
			}
			if is := isRefused(err); is != refused {
				t.Errorf("%s, %d: refused %v; expected %v", call, status, is, refused)
			}
		}
	}
}

// Each refresh token is good for one request: whatever comes back, it was spent. An exchange may be made again.
func TestARefreshIsSentOnce(t *testing.T) {
	faults := map[string]*simulator.Answer{"500": simulator.Refuse(500, "no"), "503": simulator.Refuse(503, "no"),
		"lost": simulator.Lose(),
		"cut":  {Cut: simulator.CutSized, CutAt: 9}}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			inYard(t, simulator.YardConfig{}, func(y *yard) {
				issuer := Issuer{Client: y.source.Client}
				grant, err := issuer.Exchange(y.Context(), credential.NewSecret(yardKey))
				if err != nil {
					y.Fatal(err)
				}
				y.Fault(func(simulator.Request) *simulator.Answer { return fault })
				if _, err := issuer.Refresh(y.Context(),
					grant.RefreshToken); err == nil || isRefused(err) || y.Count(simulator.RefreshEndpoint) != 1 {
					y.Errorf("%v after %d requests", err, y.Count(simulator.RefreshEndpoint))
				}
				if _, err := issuer.Exchange(y.Context(),
					credential.NewSecret(yardKey)); err == nil || y.Count(simulator.TokenEndpoint) != 1+4 {
					y.Errorf("%v after %d requests", err, y.Count(simulator.TokenEndpoint))
				}
			})
		})
	}
}

// newSource is a source over a client, and the vault with its secrets.
func newSource(client *rest.Client, pace *rest.Pace, datasets map[string]Dataset) (*Source, *credentialtest.Memory) {
	vault := credentialtest.NewMemory()
	return New(Config{Client: client, Pace: pace, Ladder: ladderOf(vault, client, pace), Zone: time.UTC, Datasets: datasets}), vault
}

func ladderOf(vault credential.Vault, client *rest.Client, pace *rest.Pace) *credential.Ladder {
	return credential.New(credential.Config{Vault: vault, KeySecret: keySecret, SessionSecret: sessionSecret,
		Issuer: Issuer{Client: client}, Granted: pace.SetLimit, Now: time.Now})
}
