package scrunch

import (
	"context"
	"fmt"
	"strings"

	"yardstick/pkg/credential"
)

// key is the API key during one run.
type key struct {
	vault  credential.Vault
	secret string

	turn    chan struct{} // holds one element while somebody uses what is below
	value   credential.Secret
	version string
}

// current reads the key at the first call and keeps it.
func (k *key) current(ctx context.Context) (credential.Secret, error) {
	if err := k.take(ctx); err != nil {
		return credential.Secret{}, err
	}
	defer func() { <-k.turn }()
	if k.value.Empty() {
		if err := k.read(ctx); err != nil {
			return credential.Secret{}, err
		}
	}
	return k.value, nil
}

// take waits for the turn, at most until ctx ends.
func (k *key) take(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *key) read(ctx context.Context) error {
	value, version, err := credential.ReadKey(ctx, k.vault, k.secret)
	if err == nil {
		k.value, k.version = value, version
	}
	return err
}

// refused is told that the vendor answered 401. Where the secret holds another key by now, the call may be made again;
// else it is a *credential.Refused that names secret and version.
func (k *key) refused(ctx context.Context, tried credential.Secret, cause error) (again bool, err error) {
	if err := k.take(ctx); err != nil {
		return false, err
	}
	defer func() { <-k.turn }()
	if !k.value.Equal(tried) {
		return true, nil
	}
	if err := k.read(ctx); err != nil {
		return false, err
	}
	if !k.value.Equal(tried) {
		return true, nil
	}
	return false, &credential.Refused{KeySecret: k.secret, Version: k.version, Err: fmt.Errorf("%w: %w", credential.ErrRefused, cause)}
}

// hide is a vendor's text without the key.
func (k *key) hide(text string) string {
	k.turn <- struct{}{} // whoever has it ends with its own context
	defer func() { <-k.turn }()
	if k.value.Empty() {
		return text
	}
	return strings.ReplaceAll(text, k.value.Reveal(), k.value.String())
}
