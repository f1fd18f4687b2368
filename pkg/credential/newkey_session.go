package credential

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Verify tries the API key that the secret holds by one exchange, whether or not the stored session is live, and stores
// the new session. It never refreshes. Where another process stored a live session of the same key first, that is the
// answer. Where the key is refused and another one is in the secret by now, that one is tried. It is for a Ladder that
// was not used before.
//
// Errors: *Refused, *SecretFault (the new session could not be stored too), those of the Issuer, and that of ctx.
func (l *Ladder) Verify(ctx context.Context) (Session, error) {
	leave, err := l.alone(ctx)
	if err != nil {
		return Session{}, err
	}
	defer leave()
	for range maxExchanges {
		if err = l.read(ctx); err != nil {
			return Session{}, err
		}
		if err = l.exchange(ctx); err == nil {
			err = l.StoreFault()
			break
		}
		if !l.replaced(ctx, err) {
			break
		}
	}
	if err != nil {
		return Session{}, err
	}
	return l.have.Session, nil
}

// replaced says that err refuses a key which is no longer the current one.
func (l *Ladder) replaced(ctx context.Context, err error) bool {
	refused, ok := errors.AsType[*Refused](err)
	if !ok {
		return false
	}
	_, version, fault := ReadKey(ctx, l.cfg.Vault, l.cfg.KeySecret)
	return fault == nil && version != refused.Version
}

// PutKey is the function PutKey for the account's API key: it is tried by one exchange, stored, and then the session
// that the exchange brought is stored as one of the new key's version. Without a trial there is no session, and the next
// run exchanges the key. The session secret is read first: where it cannot be used, nothing is changed.
//
// Errors: those of PutKey and of the Issuer, and *SessionNotStored where the key is in place and its session is not.
func (l *Ladder) PutKey(ctx context.Context, n NewKey) (Session, error) {
	leave, err := l.alone(ctx)
	if err != nil {
		return Session{}, err
	}
	defer leave()
	if !n.Untried {
		if l.stored, _, err = l.readSession(ctx); err != nil {
			return Session{}, fmt.Errorf("%w; nothing was changed", err)
		}
	}
	var grant Grant
	var asked time.Time
	version, err := PutKey(ctx, l.cfg.Vault, l.cfg.KeySecret, n, func(ctx context.Context, key Secret) (err error) {
		l.key, asked = key, l.cfg.Now()
		if grant, err = l.cfg.Issuer.Exchange(ctx, key); err == nil {
			err = grant.fault(ByExchange)
		}
		return err
	})
	if err != nil {
		return Session{}, err
	}
	l.keyVersion = version
	l.tell(func(seen *report) { seen.keyVersion = version })
	l.cfg.Log.Info("API key in place", "version", version, "tried", !n.Untried)
	if n.Untried {
		return Session{}, nil
	}
	n.tell(StoringSession)
	l.accept(ctx, grant.session(asked, ByExchange, version, l.cfg.Log), exchanged)
	if fault := l.StoreFault(); fault != nil {
		return Session{}, &SessionNotStored{KeySecret: l.cfg.KeySecret, Version: version, Err: fault}
	}
	return l.have.Session, nil
}

// alone waits until nobody else reads or changes the Ladder. The caller calls leave.
func (l *Ladder) alone(ctx context.Context) (leave func(), err error) {
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the credentials: %w", ctx.Err())
	}
}
