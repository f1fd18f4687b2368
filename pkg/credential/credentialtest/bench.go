package credentialtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"yardstick/pkg/credential"
)

// rule is what every Vault keeps, or every Staging. Its check returns how it was broken.
type rule struct {
	name  string
	check func(ctx context.Context, b *bench) error
}

// bench is what a rule is checked with.
type bench struct {
	t     *testing.T
	vault credential.Vault
	// staging is the same one, as a rotation sees it; nil where that is not judged.
	staging credential.Staging
	name    string // of a secret that nothing else uses, and that does not exist yet

	makeEmpty   func(t *testing.T, name string)
	restore     func(t *testing.T, name, id string)
	markDeleted func(t *testing.T, name string)
	// startRotation returns the version that the rotation began.
	startRotation func(t *testing.T, name string) (token string)
	deviations    []string
}

// tokenOf is the token that the rules write a value with.
func tokenOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

func want(err, sentinel error) error {
	if errors.Is(err, sentinel) {
		return nil
	}
	return fmt.Errorf("got error %v; want one that is: %w", err, sentinel)
}

func (b *bench) create(ctx context.Context, value string) (string, error) {
	return b.vault.Create(ctx, b.name, credential.NewSecret(value), tokenOf(value))
}

func (b *bench) put(ctx context.Context, value string) (string, error) {
	return b.vault.Put(ctx, b.name, credential.NewSecret(value), tokenOf(value))
}

// putAll writes the values in turn, creating the secret where it is absent; each has to be current then.
func (b *bench) putAll(ctx context.Context, values ...string) error {
	for _, value := range values {
		id, err := b.put(ctx, value)
		if errors.Is(err, credential.ErrNotFound) {
			id, err = b.create(ctx, value)
		}
		if err != nil {
			return err
		}
		if err := b.holds(ctx, value, id); err != nil {
			return err
		}
	}
	return nil
}

// holds checks the current version, and that its ID is the token it was written with.
func (b *bench) holds(ctx context.Context, value, id string) error {
	v, err := b.vault.Current(ctx, b.name)
	if err != nil {
		return err
	}
	if got := v.Value.Reveal(); got != value || v.ID != id {
		return fmt.Errorf("current is %.40q (%d bytes), version %q; want %.40q (%d bytes), version %q",
			got, len(got), v.ID, value, len(value), id)
	}
	return nil
}

// useARN has the rule go on by ARN in place of the name.
func (b *bench) useARN(ctx context.Context) error {
	v, err := b.vault.Current(ctx, b.name)
	b.name = v.ARN
	return err
}

func (b *bench) refusesToken(ctx context.Context, length int) error {
	if _, err := b.create(ctx, "first"); err != nil {
		return err
	}
	if _, err := b.vault.Put(ctx, b.name, credential.NewSecret("second"), strings.Repeat("a", length)); err == nil {
		return errors.New("it was taken")
	}
	return b.holds(ctx, "first", tokenOf("first"))
}

type writer func(ctx context.Context, name string, value credential.Secret, token string) (string, error)

// race has eight writers at once store a value each with one token: one succeeds and is current, all others are told.
func (b *bench) race(ctx context.Context, write writer) error {
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() {
			_, errs[i] = write(ctx, b.name, credential.NewSecret(fmt.Sprint("writer ", i)), tokenOf("race"))
		})
	}
	group.Wait()
	winner, winners := "", 0
	for i, err := range errs {
		switch {
		case err == nil:
			winner = fmt.Sprint("writer ", i)
			winners++
		case !errors.Is(err, credential.ErrExists):
			return want(err, credential.ErrExists)
		}
	}
	if winners != 1 {
		return fmt.Errorf("%d writers won; want 1", winners)
	}
	return b.holds(ctx, winner, tokenOf("race"))
}
