package scrunch

import (
	"context"
	"fmt"
	"sync"

	"yardstick/pkg/credential"
)

// key is the API key during one run.
type key struct {
	vault  credential.Vault
	secret string
	turn   turn // to read the secret
	alone  bool // the value that was given counts, and the secret is not read

	mu      sync.Mutex // guards what follows
	value   credential.Secret
	version string
}

// With is a Source of the same account that has read nothing yet and calls with another key: with one that is tried
// before it is stored. The secret is not read, and where the vendor answers 401 the error is credential.ErrRefused.
func (s *Source) With(other credential.Secret) *Source {
	tried := New(s.Config)
	tried.key.value, tried.key.alone = other, true
	return tried
}

// KeyVersion is the VersionId of the API key as last read; "" before that.
func (s *Source) KeyVersion() string {
	_, version := s.key.held()
	return version
}

// turn lets one in at a time. Those who wait for it end with their context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) leave() { <-t }

// held is the key as it was read last, empty before that.
func (k *key) held() (credential.Secret, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, k.version
}

// current reads the key at the first call and keeps it.
func (k *key) current(ctx context.Context) (credential.Secret, error) {
	if value, _ := k.held(); !value.Empty() {
		return value, nil
	}
	value, _, err := k.other(ctx, credential.Secret{})
	return value, err
}

// other is a key other than the one that was tried, if another one is held or the secret has one by now.
func (k *key) other(ctx context.Context, tried credential.Secret) (value credential.Secret, version string, err error) {
	if err := k.turn.take(ctx); err != nil {
		return credential.Secret{}, "", err
	}
	defer k.turn.leave()
	if value, version = k.held(); !value.Equal(tried) {
		return value, version, nil
	}
	if value, version, err = credential.ReadKey(ctx, k.vault, k.secret); err != nil {
		return credential.Secret{}, "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value, k.version = value, version
	return value, version, nil
}

// refused is told that the vendor answered 401. Where the secret holds another key by now, the call may be made again;
// else it is a *credential.Refused that names secret and version.
func (k *key) refused(ctx context.Context, tried credential.Secret, cause error) (again bool, err error) {
	if k.alone {
		return false, fmt.Errorf("%w: %w", credential.ErrRefused, cause)
	}
	value, version, err := k.other(ctx, tried)
	if err != nil || !value.Equal(tried) {
		return err == nil, err
	}
	return false, &credential.Refused{KeySecret: k.secret, Version: version, Err: fmt.Errorf("%w: %w", credential.ErrRefused, cause)}
}
