package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/scrunch"
)

// Verified says that the vendor takes an API key, for each account that has it from one secret.
type Verified struct {
	Version    int               `json:"version"` // 1
	Secret     string            `json:"secret"`  // as configured
	KeyVersion string            `json:"key_version"`
	Accounts   []VerifiedAccount `json:"accounts"`
}

// VerifiedAccount is what an account's vendor gave for the key. Both are nil for a key that was stored and not tried.
type VerifiedAccount struct {
	Source  string           `json:"source"`
	Account string           `json:"account"`
	Session *VerifiedSession `json:"session"` // ScrapRight's; it is stored
	Brands  *int             `json:"brands"`  // how many the key may read at Scrunch
}

// VerifiedSession is the session that was made with the key. Times are UTC, in whole seconds.
type VerifiedSession struct {
	AccessExpiresAt   time.Time  `json:"access_expires_at"`
	RefreshExpiresAt  *time.Time `json:"refresh_expires_at"`  // nil: the grant brought no refresh token
	RequestsPerMinute int        `json:"requests_per_minute"` // 10 where the grant named no usable limit
}

// VerifyKey tries the API key that lies in a secret, for each account that has its key from there: ScrapRight's by one
// exchange, whose session is stored; Scrunch's by listing the brands that it may read. secret is an api_key_secret of
// the configuration, each by name or ARN.
//
// Errors: *EventInvalid where no account has such a secret, *KeyRefused where the vendor does not take the key, and
// *VerificationFailed where that could not be found out, or the session not be stored.
func (a *App) VerifyKey(ctx context.Context, secret string) (Verified, error) {
	if err := a.KnowsKeySecret(secret); err != nil {
		return Verified{}, err
	}
	return a.verify(ctx, a.keyUsers(secret))
}

// KnowsKeySecret tells whether some account has its API key from that secret, which may be told by name or ARN: an
// *EventInvalid that names the secrets there are, and not what was told, since that may be the key itself.
func (a *App) KnowsKeySecret(secret string) error {
	if len(a.keyUsers(secret)) > 0 {
		return nil
	}
	return &EventInvalid{fmt.Errorf("no account of the configuration has its API key from a secret of that name; expected one of %q", a.keySecrets())}
}

// keyUser is an account with the secret that it has its API key from.
type keyUser struct {
	source, account string
	secret          string             // as configured
	yard            *config.ScrapRight // of the one source or
	brands          *config.Scrunch    // of the other
}

// everyKeyUser is every account, in the configuration's order.
func (a *App) everyKeyUser() []keyUser {
	var users []keyUser
	for i := range a.Configured.ScrapRight {
		c := &a.Configured.ScrapRight[i]
		users = append(users, keyUser{source: ScrapRight, account: c.Account, secret: c.APIKeySecret, yard: c})
	}
	for i := range a.Configured.Scrunch {
		c := &a.Configured.Scrunch[i]
		users = append(users, keyUser{source: Scrunch, account: c.Account, secret: c.APIKeySecret, brands: c})
	}
	return users
}

// keySecrets are the configured secrets with API keys, each once.
func (a *App) keySecrets() []string {
	var names []string
	for _, u := range a.everyKeyUser() {
		names = append(names, u.secret)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// keyUsers are the accounts that have their API key from a secret, which is told by name or ARN. They are all of one
// source: no yard shares its key. Exact matches come first, since a name may end like an ARN; where an ARN is told that
// has a configured name at its end, it has no suffix, and nothing else is meant.
func (a *App) keyUsers(secret string) []keyUser {
	var exact, likely []keyUser
	whole := true
	_, _, isARN := cutARN(secret)
	for _, u := range a.everyKeyUser() {
		switch {
		case isSecret(u.secret, secret):
			exact = append(exact, u)
			whole = whole && (!isARN || u.secret == secret)
		case mayBeSecret(u.secret, secret):
			likely = append(likely, u)
		}
	}
	if whole {
		exact = append(exact, likely...)
	}
	return exact
}

// arnSuffix is what Secrets Manager puts behind a secret's name in its ARN.
var arnSuffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// isSecret says that two names or ARNs are one, where one may be an ARN that has no suffix.
func isSecret(a, b string) bool {
	home, name, isARN := cutARN(a)
	otherHome, otherName, otherIsARN := cutARN(b)
	return name == otherName && (!isARN || !otherIsARN || home == otherHome)
}

// mayBeSecret is isSecret where one of the two is an ARN with its suffix.
func mayBeSecret(a, b string) bool {
	return endsInSuffix(a) && isSecret(arnSuffix.ReplaceAllString(a, ""), b) ||
		endsInSuffix(b) && isSecret(a, arnSuffix.ReplaceAllString(b, ""))
}

func endsInSuffix(arn string) bool {
	_, _, isARN := cutARN(arn)
	return isARN && arnSuffix.MatchString(arn)
}

// cutARN cuts an ARN in what is before the secret's name and the name. A name is not cut.
func cutARN(s string) (home, name string, isARN bool) {
	if home, name, isARN = strings.Cut(s, ":secret:"); isARN {
		return home, name, true
	}
	return "", s, false
}

// verify tries the key of accounts that share it.
func (a *App) verify(ctx context.Context, users []keyUser) (Verified, error) {
	done := Verified{Version: 1, Secret: users[0].secret, Accounts: []VerifiedAccount{}}
	var faults []error
	for _, u := range users {
		account, version, err := a.verifyUser(ctx, u)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s account %s: %w", u.source, u.account, err))
			continue
		}
		done.KeyVersion, done.Accounts = version, append(done.Accounts, account)
	}
	switch err := errors.Join(faults...); {
	case errors.Is(err, credential.ErrRefused):
		return done, &KeyRefused{err}
	case err != nil:
		return done, &VerificationFailed{err}
	}
	return done, nil
}

func (a *App) verifyUser(ctx context.Context, u keyUser) (done VerifiedAccount, keyVersion string, err error) {
	done = VerifiedAccount{Source: u.source, Account: u.account}
	if u.yard != nil {
		yard, err := a.yard(*u.yard)
		if err != nil {
			return done, "", err
		}
		session, err := yard.Ladder.Verify(ctx)
		if err != nil {
			return done, "", err
		}
		done.Session = verifiedSession(session, yard.Ladder.Limit())
		return done, yard.Ladder.KeyVersion(), nil
	}
	source, err := a.brands(*u.brands)
	if err != nil {
		return done, "", err
	}
	done.Brands, err = countBrands(ctx, source)
	if _, told := errors.AsType[*credential.Refused](err); errors.Is(err, credential.ErrRefused) && !told {
		err = &credential.Refused{KeySecret: u.secret, Version: source.KeyVersion(), Err: err}
	}
	return done, source.KeyVersion(), err
}

func verifiedSession(s credential.Session, perMinute int) *VerifiedSession {
	done := &VerifiedSession{AccessExpiresAt: s.AccessExpiresAt.UTC().Truncate(time.Second), RequestsPerMinute: perMinute}
	if !s.RefreshToken.Empty() {
		until := s.RefreshExpiresAt.UTC().Truncate(time.Second)
		done.RefreshExpiresAt = &until
	}
	return done
}

// countBrands lists the brands that a source's key may read. A key that may not even list them is refused too: 402 and
// 403 are the vendor's answer to a key without the scope or the plan.
func countBrands(ctx context.Context, source *scrunch.Source) (*int, error) {
	listed, err := source.Listed(ctx)
	if known, ok := errors.AsType[*export.Error](err); ok && known.Kind == export.NotInPlan {
		err = fmt.Errorf("%w: %w", credential.ErrRefused, err)
	}
	if err != nil {
		return nil, err
	}
	n := len(listed)
	return &n, nil
}
