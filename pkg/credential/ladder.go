package credential

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// margin is the time that an access token must have left to be handed out: a request may wait for its pace.
	margin = 2 * time.Minute
	// proven is how long a token must have been in use until its rejection is news, and no sign that new ones are of no
	// use either.
	proven = 5 * time.Minute
	// maxExchanges is how often the API key is exchanged until one of the tokens is proven.
	maxExchanges = 2
)

// Config is what a Ladder works with. All but Log, Granted, Holds and StoreTimeout is required (Inspect alone needs no Issuer).
type Config struct {
	Vault         Vault
	KeySecret     string // name or ARN of the secret with the API key; only read
	SessionSecret string // name or ARN of the secret with the session; written by yardstick alone, created where absent
	Issuer        Issuer
	Now           func() time.Time
	Log           *slog.Logger  // nil = none. Tokens appear by their hash only
	StoreTimeout  time.Duration // for storing a new pair, all attempts together; 0 = 10 s
	// Granted is told the limit of every session that is taken, before anything is sent for it: token calls count too,
	// and a stored session is the best that is known of the account's limit even where it can no longer be used. nil: nobody.
	Granted func(perMinute int)
	// Holds is told the key and the tokens that the Ladder takes up, before anything is sent, for whoever shows what a vendor
	// says: that may repeat them. nil: nobody.
	Holds func(secrets ...Secret)
}

// Ladder gives out one account's access token during one run, and climbs for a new one when it must: the stored one,
// one refresh, what another process stored meanwhile, one exchange of the API key, and else a refusal by name. A new
// pair is stored, and the store acknowledged, before its access token is given out. It is safe for concurrent use:
// whoever needs a token waits for the one climb that is under way. A new run takes a new Ladder, which reads both
// secrets anew and so notices a new API key.
type Ladder struct {
	cfg Config

	turn   chan struct{} // holds one element while somebody reads or changes what is below
	climbs atomic.Int64  // finished so far
	failed error         // how the last climb ended, for those who waited for it

	key        Secret
	keyVersion string
	stored     holding // what the session secret holds, as last read or written
	have       pair
	exchanges  int // since a token was proven
	lastFault  error
	refused    *Refused
	spent      map[string]bool // refresh tokens that were sent, by their hash, whatever came back
	note       func(ctx context.Context, spent string) error
	rejected   map[Secret]bool // access tokens that the vendor answered 401 to

	mu   sync.Mutex
	seen report
}

// pair is the session that tokens are given out from. It is ahead of the vault where that could not store it.
type pair struct {
	Session
	since    time.Time     // when this Ladder took it
	granted  bool          // by the vendor to this Ladder; else it was found in the vault
	unstored bool          // the vault did not take it
	margin   time.Duration // shorter than the usual where the vendor grants hardly more than that
}

// report is what the getters tell.
type report struct {
	keyVersion string
	limit      int
	assumed    bool
	rung       rung
	fault      error
	renewable  time.Time // until when
}

// rung is how far up a run had to go.
type rung int

const (
	none rung = iota
	cached
	refreshed
	exchanged
)

// New is a Ladder that has read nothing yet.
func New(c Config) *Ladder {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Granted == nil {
		c.Granted = func(int) {}
	}
	if c.Holds == nil {
		c.Holds = func(...Secret) {}
	}
	if c.StoreTimeout <= 0 {
		c.StoreTimeout = 10 * time.Second
	}
	return &Ladder{
		cfg:      c,
		turn:     make(chan struct{}, 1),
		spent:    make(map[string]bool),
		note:     func(context.Context, string) error { return nil },
		rejected: make(map[Secret]bool),
		seen:     report{limit: documentedLimit},
	}
}

// Resume tells which refresh tokens were sent in earlier runs, by Secret.Hash, and how to note another one before it is
// sent. A token that was sent is spent, even where a killed process never learned what came back: this Ladder exchanges
// the API key in its place. Where a token cannot be noted it is not sent. Without Resume only this Ladder's own tokens
// are known. It is called before all else.
func (l *Ladder) Resume(spent []string, note func(ctx context.Context, spent string) error) {
	for _, hash := range spent {
		l.spent[hash] = true
	}
	if note != nil {
		l.note = note
	}
}

// Token is an access token with more than 2 minutes left. The first call reads both secrets; later ones read nothing
// until the token runs out. It blocks for vault and vendor while it climbs, at most until ctx ends. Errors: *Refused,
// *SecretFault, those of the Issuer, and that of ctx.
func (l *Ladder) Token(ctx context.Context) (Secret, error) { return l.take(ctx, Secret{}) }

// Rejected is to be called when the vendor answered 401 to a token that came from here. It gives another one, which
// another caller may have brought already; else it reads both secrets again and climbs. Errors are those of Token.
func (l *Ladder) Rejected(ctx context.Context, access Secret) (Secret, error) {
	return l.take(ctx, access)
}

// Limit is how many requests a minute the vendor grants; 10 before any grant, and where that names no usable limit.
// Like all that follow it neither blocks nor calls.
func (l *Ladder) Limit() int { return l.report().limit }

// Assumed says that the session in use was granted without a usable limit, so that Limit is an assumption.
func (l *Ladder) Assumed() bool { return l.report().assumed }

// How tells what this run needed so far, at most: "cached", "refreshed" or "exchanged"; "" before any token was had.
func (l *Ladder) How() string {
	return [...]string{none: "", cached: "cached", refreshed: "refreshed", exchanged: "exchanged"}[l.report().rung]
}

// RenewableUntil is when the refresh token of the stored session expires, as last read or stored; the zero Time where there
// is none, and before that. A pair that could not be stored does not count.
func (l *Ladder) RenewableUntil() time.Time { return l.report().renewable }

// KeyVersion is the VersionId of the API key as last read; "" before that.
func (l *Ladder) KeyVersion() string { return l.report().keyVersion }

// StoreFault is not nil where a new pair could not be stored: a *SecretFault that names the secret. The run goes on
// with the pair in memory and must not be called a success.
func (l *Ladder) StoreFault() error { return l.report().fault }

func (l *Ladder) report() report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

func (l *Ladder) tell(change func(*report)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.seen)
}

// take is an access token other than dead.
func (l *Ladder) take(ctx context.Context, dead Secret) (Secret, error) {
	before := l.climbs.Load()
	leave, err := l.alone(ctx)
	if err != nil {
		return Secret{}, err
	}
	defer leave()
	if !dead.Empty() {
		l.rejected[dead] = true
		l.cfg.Log.Info("the vendor rejected an access token", "token", dead.Hash())
	}
	if l.live(l.have.Session, l.have.margin) {
		return l.have.AccessToken, nil
	}
	if l.failed != nil && l.climbs.Load() != before { // one climb is enough for all who waited for it
		return Secret{}, l.failed
	}
	err = l.climb(ctx)
	l.climbs.Add(1)
	if l.failed = err; ctx.Err() != nil { // the end of one caller's context is nobody else's failure
		l.failed = nil
	}
	if err != nil {
		return Secret{}, err
	}
	return l.have.AccessToken, nil
}

// climb takes each rung once, and ends with a live token in l.have or an error.
func (l *Ladder) climb(ctx context.Context) error {
	if l.have.granted && l.cfg.Now().Sub(l.have.since) >= proven {
		l.exchanges, l.lastFault = 0, nil
	}
	if err := l.read(ctx); err != nil {
		return err
	}
	if l.live(l.have.Session, l.have.margin) {
		l.cfg.Log.Debug("the stored access token is good",
			"token", l.have.AccessToken.Hash(), "until", l.have.AccessExpiresAt)
		l.reached(cached)
		return nil
	}
	return l.renew(ctx)
}

// renew gets a token that the vault does not hold yet.
func (l *Ladder) renew(ctx context.Context) error {
	if !l.refreshable() {
		return l.exchange(ctx)
	}
	err := l.refresh(ctx)
	if err == nil {
		return nil
	}
	l.cfg.Log.Warn("the refresh brought no session", "error", err)
	if ctx.Err() != nil {
		return err
	}
	if err := l.read(ctx); err != nil {
		return err
	}
	if l.live(l.have.Session, l.have.margin) {
		l.cfg.Log.Info("another process stored a session first", "token", l.have.AccessToken.Hash())
		l.reached(cached)
		return nil
	}
	return l.exchange(ctx)
}

// live says that the session's access token can be used now: time is left, the API key it came from is the current
// one, and the vendor has not turned it down.
func (l *Ladder) live(s Session, left time.Duration) bool {
	return s.usable(l.cfg.Now(), left) && s.KeyVersion == l.keyVersion && !l.rejected[s.AccessToken]
}

// refreshable says that the refresh token is worth sending, and was not sent before.
func (l *Ladder) refreshable() bool {
	now := l.cfg.Now()
	if l.have.granted && l.rejected[l.have.AccessToken] && now.Sub(l.have.since) < proven {
		return false // brand-new and of no use: another of its kind would be too
	}
	return !l.have.RefreshToken.Empty() && l.have.RefreshExpiresAt.After(now) &&
		l.have.KeyVersion == l.keyVersion && !l.spent[l.have.RefreshToken.Hash()]
}

// refresh spends the refresh token. Whatever comes back, that token is never sent again.
func (l *Ladder) refresh(ctx context.Context) error {
	refresh := l.have.RefreshToken
	if err := l.note(ctx, refresh.Hash()); err != nil {
		return fmt.Errorf("note that a refresh token is sent: %w", err)
	}
	l.spent[refresh.Hash()] = true
	asked := l.cfg.Now()
	grant, err := l.cfg.Issuer.Refresh(ctx, refresh)
	if err == nil {
		err = grant.fault(ByRefresh)
	}
	if err != nil {
		return fmt.Errorf("refresh the session: %w", err)
	}
	l.cfg.Log.Info("session refreshed", "spent", refresh.Hash(),
		"token", grant.AccessToken.Hash(), "refresh", grant.RefreshToken.Hash())
	l.accept(ctx, grant.session(asked, ByRefresh, l.keyVersion, l.cfg.Log), refreshed)
	return nil
}

// exchange gives the API key for a new pair.
func (l *Ladder) exchange(ctx context.Context) error {
	if l.refused != nil && l.refused.Version == l.keyVersion {
		return l.refused
	}
	if l.exchanges == maxExchanges {
		return l.exhausted()
	}
	l.exchanges++
	asked := l.cfg.Now()
	grant, err := l.cfg.Issuer.Exchange(ctx, l.key)
	if errors.Is(err, ErrRefused) {
		l.refused = &Refused{KeySecret: l.cfg.KeySecret, Version: l.keyVersion, Err: err}
		return l.refused
	}
	if err == nil {
		err = grant.fault(ByExchange)
	}
	if l.lastFault = err; err != nil {
		return fmt.Errorf("exchange the API key: %w", err)
	}
	l.cfg.Log.Info("API key exchanged", "version", l.keyVersion,
		"token", grant.AccessToken.Hash(), "refresh", grant.RefreshToken.Hash())
	l.accept(ctx, grant.session(asked, ByExchange, l.keyVersion, l.cfg.Log), exchanged)
	return nil
}

// exhausted is the answer when exchanges are of no use.
func (l *Ladder) exhausted() error {
	if l.lastFault != nil {
		return fmt.Errorf("exchange the API key: tried %d times: %w", l.exchanges, l.lastFault)
	}
	return &Refused{KeySecret: l.cfg.KeySecret, Version: l.keyVersion,
		Err: fmt.Errorf("%w: it rejected the tokens that it had just given for it, %d times", ErrRefused, l.exchanges)}
}

// accept stores a new pair, and only then lets its access token be given out.
func (l *Ladder) accept(ctx context.Context, s Session, by rung) {
	l.store(ctx, s)
	l.reached(by)
}

func (l *Ladder) reached(r rung) {
	l.tell(func(seen *report) { seen.rung = max(seen.rung, r) })
}

// hold makes s the session that tokens are given out from.
func (l *Ladder) hold(s Session, granted, unstored bool) {
	l.cfg.Holds(s.AccessToken, s.RefreshToken)
	l.have = pair{Session: s, since: l.cfg.Now(), granted: granted, unstored: unstored, margin: margin}
	if granted {
		// A token that never has more than the margin left would be replaced on every call.
		l.have.margin = min(margin, s.AccessExpiresAt.Sub(s.ObtainedAt)/2)
	}
	l.tell(func(seen *report) {
		seen.limit, seen.assumed = s.limit(), s.assumed()
		if !unstored {
			seen.renewable = s.renewable()
		}
	})
	l.cfg.Granted(s.limit())
}
