package app

import (
	"context"
	"errors"
	"fmt"

	"yardstick/pkg/credential"
)

// What the command line knows of credentials.
type (
	// Secret is credential.Secret.
	Secret = credential.Secret
	// NewKey is credential.NewKey.
	NewKey = credential.NewKey
	// KeyStep is credential.Step, which NewKey.Tell is told.
	KeyStep = credential.Step
	// KeyFormError is credential.KeyFormError.
	KeyFormError = credential.KeyFormError
)

// The steps of putting a new key in place.
const (
	TryingKey      = credential.TryingKey
	StoringKey     = credential.StoringKey
	KeepingKey     = credential.KeepingKey
	StoringSession = credential.StoringSession
)

// NewSecret is credential.NewSecret.
func NewSecret(text string) Secret { return credential.NewSecret(text) }

// PutKey puts a new API key into a secret of the configuration. It is tried at the vendor first, for each account that
// has its key from there, and then takes the old one's place; nothing else in the secret changes. ScrapRight's trial
// brings a session, which is stored too.
//
// Errors: those of KnowsKeySecret; *KeyFormError; *KeyRefused, and nothing was changed; and those of credential.PutKey,
// each of which says what is in place.
func (a *App) PutKey(ctx context.Context, secret string, n NewKey) (Verified, error) {
	if err := a.KnowsKeySecret(secret); err != nil {
		return Verified{}, err
	}
	users := a.keyUsers(secret)
	put := a.putBrandKey
	if users[0].yard != nil {
		put = a.putYardKey
	}
	done, err := put(ctx, users, n)
	if _, ok := errors.AsType[*credential.NewKeyRefused](err); ok {
		err = &KeyRefused{err}
	}
	if err != nil {
		return Verified{}, err
	}
	done.Version, done.Secret = 1, users[0].secret
	return done, nil
}

// putYardKey is PutKey for ScrapRight, where each account has a key of its own.
func (a *App) putYardKey(ctx context.Context, users []keyUser, n NewKey) (Verified, error) {
	yard, err := a.yard(*users[0].yard)
	if err != nil {
		return Verified{}, err
	}
	session, err := yard.Ladder.PutKey(ctx, n)
	if err != nil {
		return Verified{}, err
	}
	account := VerifiedAccount{Source: users[0].source, Account: users[0].account}
	if !n.Untried {
		account.Session = verifiedSession(session, yard.Ladder.Limit())
	}
	return Verified{KeyVersion: yard.Ladder.KeyVersion(), Accounts: []VerifiedAccount{account}}, nil
}

// putBrandKey is PutKey for Scrunch, where several accounts may share a key.
func (a *App) putBrandKey(ctx context.Context, users []keyUser, n NewKey) (done Verified, err error) {
	for _, u := range users {
		done.Accounts = append(done.Accounts, VerifiedAccount{Source: u.source, Account: u.account})
	}
	done.KeyVersion, err = credential.PutKey(ctx, a.vault, users[0].secret, n, func(ctx context.Context, key credential.Secret) error {
		for i, u := range users {
			source, err := a.brands(*u.brands)
			if err != nil {
				return err
			}
			if done.Accounts[i].Brands, err = countBrands(ctx, source.With(key)); err != nil {
				return fmt.Errorf("%s account %s: %w", u.source, u.account, err)
			}
		}
		return nil
	})
	return done, err
}
