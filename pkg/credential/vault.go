package credential

import (
	"context"
	"errors"
)

// Errors that a Vault answers, found with errors.Is through whatever wraps them. No other error of a Vault is final:
// it may pass, and was already tried again.
var (
	// ErrNotFound says that there is no secret of that name.
	ErrNotFound = errors.New("no such secret")
	// ErrExists says that another writer was first: the idempotency token is taken by another value, or a secret of
	// that name was created meanwhile.
	ErrExists = errors.New("another version was stored first")
	// ErrDenied says that the role may not do this.
	ErrDenied = errors.New("access denied")
	// ErrUnusable says that the secret cannot be used as it is: marked for deletion, its key disabled, its value too long.
	ErrUnusable = errors.New("the secret cannot be used")
)

// Version is what a secret holds at one moment. ID is empty where the secret exists and holds no value yet.
type Version struct {
	ARN   string
	ID    string // VersionId of AWSCURRENT
	Value Secret
}

// Vault keeps secrets. Names may be ARNs. It is safe for concurrent use.
type Vault interface {
	// Current reads the version labelled AWSCURRENT. A secret without a value gives a Version without an ID; where
	// there is no secret at all it is ErrNotFound.
	Current(ctx context.Context, name string) (Version, error)
	// Put stores value as the new AWSCURRENT and returns once that is acknowledged, with the new version's ID. token
	// (32 to 64 characters) becomes that ID: the same token with the same value changes nothing and succeeds; with
	// another value it is ErrExists. ErrNotFound where there is no such secret.
	Put(ctx context.Context, name string, value Secret, token string) (id string, err error)
	// Create makes a secret of that name with a first value. ErrExists where there is one already; ErrUnusable for an
	// ARN, which names only what exists.
	Create(ctx context.Context, name string, value Secret, token string) (id string, err error)
}
