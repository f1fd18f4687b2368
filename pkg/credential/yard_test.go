package credential_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	scan "yardstick/pkg/canary" // canary is a secret of these tests
	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// grantPair is a pair of tokens that the yard issued.
type grantPair struct {
	key     string
	family  int
	expires time.Time
	dead    bool
}

// yard is a vendor that keeps its rules strictly: refresh tokens work once, a revoked key ends all that came of it.
// It is a credential.Issuer, safe for concurrent use.
type yard struct {
	mu        sync.Mutex
	key       string // the one that works
	pairs     map[string]*grantPair
	refresh   map[string]*grantPair // unspent ones
	sent      map[string]int        // refresh tokens by how often they were sent
	families  map[string]int        // of every refresh token ever issued
	made      int
	exchanges int
	refreshes int

	killsFamily bool // a spent refresh token that is sent again ends all that came of the same exchange
	oneSession  bool // an exchange ends every earlier session
	limit       int
	lifetime    time.Duration
	alter       func(*credential.Grant) // what the answers look like
	// fault sees each call before it takes effect and after that; an error is all that the caller gets.
	fault func(ctx context.Context, call string, done bool) error
}

func newYard() *yard {
	return &yard{key: "K-1", pairs: map[string]*grantPair{}, refresh: map[string]*grantPair{}, sent: map[string]int{},
		families: map[string]int{}, limit: 60, lifetime: time.Hour}
}

func (y *yard) Exchange(ctx context.Context, key credential.Secret) (credential.Grant, error) {
	return y.call(ctx, "exchange", func() (credential.Grant, error) {
		y.exchanges++
		if key.Reveal() != y.key {
			return credential.Grant{}, fmt.Errorf("%w: 401 Invalid API key", credential.ErrRefused)
		}
		if y.oneSession {
			y.end(func(*grantPair) bool { return true })
		}
		return y.issue(y.exchanges + 1000), nil
	})
}

func (y *yard) Refresh(ctx context.Context, refresh credential.Secret) (credential.Grant, error) {
	return y.call(ctx, "refresh", func() (credential.Grant, error) {
		y.refreshes++
		token := refresh.Reveal()
		y.sent[token]++
		pair := y.refresh[token]
		if family, known := y.families[token]; known && y.killsFamily && y.sent[token] > 1 {
			y.end(func(p *grantPair) bool { return p.family == family })
		}
		if pair == nil || pair.dead || pair.key != y.key {
			return credential.Grant{}, fmt.Errorf("%w: 401 Invalid refresh token", credential.ErrRefused)
		}
		delete(y.refresh, token)
		return y.issue(pair.family), nil
	})
}

func (y *yard) call(
	ctx context.Context, name string, effect func() (credential.Grant, error),
) (credential.Grant, error) {
	fault := func(done bool) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if y.fault == nil {
			return nil
		}
		return y.fault(ctx, name, done)
	}
	if err := fault(false); err != nil {
		return credential.Grant{}, err
	}
	y.mu.Lock()
	grant, err := effect()
	y.mu.Unlock()
	if lost := fault(true); lost != nil {
		return credential.Grant{}, lost
	}
	if err == nil && y.alter != nil {
		y.alter(&grant)
	}
	return grant, err
}

// issue makes a pair. y.mu is held.
func (y *yard) issue(family int) credential.Grant {
	y.made++
	access, refresh := fmt.Sprintf("eyJ.access-%d", y.made), fmt.Sprintf("eyJ.refresh-%d", y.made)
	pair := &grantPair{key: y.key, family: family, expires: time.Now().Add(y.lifetime)}
	y.pairs[access], y.refresh[refresh], y.families[refresh] = pair, pair, family
	return credential.Grant{AccessToken: credential.NewSecret(access), RefreshToken: credential.NewSecret(refresh),
		AccessFor: y.lifetime, RefreshFor: 30 * 24 * time.Hour, RequestsPerMinute: y.limit}
}

// end ends sessions. y.mu is held.
func (y *yard) end(which func(*grantPair) bool) {
	for pair := range maps.Values(y.pairs) {
		if which(pair) {
			pair.dead = true
		}
	}
}

// endAll ends every session, as a yard may at any time.
func (y *yard) endAll() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.end(func(*grantPair) bool { return true })
}

// newKey revokes the key and all its tokens.
func (y *yard) newKey(key string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.key = key
}

// takes says whether a data request with that token is answered, or gets a 401.
func (y *yard) takes(access credential.Secret) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	pair := y.pairs[access.Reveal()]
	return pair != nil && !pair.dead && pair.key == y.key && time.Now().Before(pair.expires)
}

// tester is what a room needs of a *testing.T.
type tester interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
	Cleanup(f func())
}

// room is one account: its secrets, its yard, and the logs of all its ladders.
type room struct {
	t     tester
	vault *credentialtest.Memory
	yard  *yard
	log   *safeBuffer
	said  safeBuffer // errors

	mu    sync.Mutex
	notes []string // refresh tokens that were sent, as runs note them for one another
}

const (
	keySecret     = "yardstick/scrapright/main/api-key"
	sessionSecret = "yardstick/scrapright/main/session"
)

// newRoom is an account with a good key and a session secret without a value.
func newRoom(t tester) *room {
	r := &room{t: t, vault: credentialtest.NewMemory(), yard: newYard(), log: &safeBuffer{}}
	r.vault.Store(keySecret, `{"api_key":"K-1"}`)
	r.vault.MakeEmpty(sessionSecret)
	t.Cleanup(r.noSecretIsTold)
	return r
}

// noSecretIsTold fails the test where a token, or the key, stands in a log or in an error that a user of the ladder got.
func (r *room) noSecretIsTold() {
	text := r.log.String() + r.said.String()
	if strings.Contains(text, "eyJ.") || strings.Contains(text, "K-1") {
		r.t.Errorf("a secret was told:\n%s", text)
	}
	tokens := map[string]string{}
	for token := range maps.Keys(r.yard.pairs) {
		tokens["access token of "+credential.NewSecret(token).Hash()] = token
	}
	for token := range maps.Keys(r.yard.families) {
		tokens["refresh token of "+credential.NewSecret(token).Hash()] = token
	}
	scanner, err := scan.New(tokens)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, found := range scanner.Text("a log or an error", text) {
		r.t.Errorf("a secret was told: %s", found)
	}
}

// ladder is that of a new run, which knows what the runs before it noted.
func (r *room) ladder() *credential.Ladder {
	l := r.ladderOver(r.vault)
	r.resume(l)
	return l
}

// resume gives a ladder the notes so far, and keeps its own.
func (r *room) resume(l *credential.Ladder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.Resume(r.notes, func(_ context.Context, spent string) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.notes = append(r.notes, spent)
		return nil
	})
}

func (r *room) ladderOver(vault credential.Vault) *credential.Ladder {
	return credential.New(credential.Config{
		Vault: vault, KeySecret: keySecret, SessionSecret: sessionSecret, Issuer: r.yard, Now: time.Now,
		Log: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// seed leaves a stored session behind, as an earlier run would.
func (r *room) seed() {
	r.t.Helper()
	r.mustUse(r.ladder())
}

var errGivenOutUnstored = errors.New("a token was given out before it was stored")

// use is one data request: it asks for a token, sends it, and asks for another at a 401, as a source does.
func (r *room) use(l *credential.Ladder) (credential.Secret, error) {
	token, err := l.Token(r.t.Context())
	for range 5 {
		if err != nil {
			_, _ = fmt.Fprintf(&r.said, "%v\n%+v\n%#v\n", err, err, err)
			return token, err
		}
		if l.StoreFault() == nil && !r.isStored(token) {
			return token, errGivenOutUnstored
		}
		if r.yard.takes(token) {
			return token, nil
		}
		token, err = l.Rejected(r.t.Context(), token)
	}
	return token, errors.New("401 five times")
}

func (r *room) mustUse(l *credential.Ladder) credential.Secret {
	r.t.Helper()
	token, err := r.use(l)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// tryUse is mustUse for goroutines.
func (r *room) tryUse(l *credential.Ladder) {
	if _, err := r.use(l); err != nil {
		r.t.Error(err)
	}
}

// pass lets time go by on the fake clock.
func (r *room) pass(d time.Duration) { <-time.After(d) }

// putOver stores value as another process would that replaces version id.
func (r *room) putOver(id, value string) {
	r.t.Helper()
	_, err := r.vault.Put(r.t.Context(), sessionSecret, credential.NewSecret(value), credential.First(id))
	if err != nil {
		r.t.Error(err)
	}
}

// isStored says that some version of the session secret holds the token.
func (r *room) isStored(access credential.Secret) bool {
	return r.vault.HoldsEver(sessionSecret, func(value string) bool { return strings.Contains(value, access.Reveal()) })
}

// held is the stored session.
func (r *room) held() credential.Session {
	r.t.Helper()
	value, id := r.vault.Held(sessionSecret)
	s, err := credential.ParseSession(sessionSecret, credential.Version{ID: id, Value: credential.NewSecret(value)})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// counts are calls so far: what a test wants to tell of a climb.
type counts struct{ Reads, Writes, Refreshes, Exchanges int }

func (r *room) counts() counts {
	r.yard.mu.Lock()
	defer r.yard.mu.Unlock()
	return counts{
		Reads:     r.vault.Count(credentialtest.Current),
		Writes:    r.vault.Count(credentialtest.Put) + r.vault.Count(credentialtest.Create),
		Refreshes: r.yard.refreshes, Exchanges: r.yard.exchanges,
	}
}

// since is what was called since before.
func (r *room) since(before counts) counts {
	now := r.counts()
	return counts{now.Reads - before.Reads, now.Writes - before.Writes,
		now.Refreshes - before.Refreshes, now.Exchanges - before.Exchanges}
}

func (r *room) want(before, want counts) {
	r.t.Helper()
	if got := r.since(before); got != want {
		r.t.Errorf("calls %+v; want %+v", got, want)
	}
}

// neverTwice checks that no refresh token was sent twice.
func (r *room) neverTwice() {
	r.t.Helper()
	for token, n := range r.yard.sent {
		if n > 1 {
			r.t.Errorf("refresh token %s was sent %d times", token, n)
		}
	}
}

// stands checks that the stored session is one that the yard takes, and comes from the current key.
func (r *room) stands() {
	r.t.Helper()
	s := r.held()
	if !r.yard.takes(s.AccessToken) || r.yard.refresh[s.RefreshToken.Reveal()] == nil {
		value, _ := r.vault.Held(sessionSecret)
		r.t.Errorf("the yard takes nothing of the stored session %s", value)
	}
	if _, id := r.vault.Held(keySecret); s.KeyVersion != id {
		r.t.Errorf("the stored session comes from key version %s; want %s", s.KeyVersion, id)
	}
}

// seedBeside is seed over a document that holds another member.
func (r *room) seedBeside(member string) {
	r.t.Helper()
	r.vault.Store(sessionSecret, "{"+member+"}")
	r.seed()
}

// safeBuffer is a bytes.Buffer for several writers.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
