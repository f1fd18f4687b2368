package credential

import (
	"context"
	"errors"
	"fmt"
)

// ErrRefused is what an Issuer's error is (errors.Is) where the vendor said no to this very credential: it is wrong,
// spent, expired or revoked. Asking again with the same one is of no use.
var ErrRefused = errors.New("the vendor refused the credential")

// ErrUnusableGrant says that the vendor answered a token call with success and yet without a usable token.
var ErrUnusableGrant = errors.New("the answer holds no usable token")

// FormError says that what a secret holds has not the form that is expected. It never holds any of the content.
type FormError struct {
	Secret   string // name or ARN, as configured
	Found    string // the shape only, such as "a JSON array"
	Expected string
}

func (e *FormError) Error() string {
	return fmt.Sprintf("secret %q holds %s; expected %s", e.Secret, e.Found, e.Expected)
}

// SecretFault says that a secret stands in the way: it is missing, empty, of the wrong form, not to be read by this
// role, or a new session could not be stored in it. Err is an error of the Vault or a *FormError.
type SecretFault struct {
	Secret string // name or ARN, as configured
	Doing  string // what was being done, such as "read the API key"
	Err    error
}

func (e *SecretFault) Error() string {
	if _, ok := errors.AsType[*FormError](e.Err); ok {
		return fmt.Sprintf("%s: %v", e.Doing, e.Err)
	}
	return fmt.Sprintf("%s: secret %q: %v%s", e.Doing, e.Secret, e.Err, e.advice())
}

func (e *SecretFault) Unwrap() error { return e.Err }

// faultOf blames the secret for err, unless it was the context that ended.
func faultOf(ctx context.Context, secret, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: secret %q: %w", doing, secret, errors.Join(ctx.Err(), err))
	}
	return &SecretFault{secret, doing, err}
}

// advice is what an operator can do about it, as the end of the message.
func (e *SecretFault) advice() string {
	stores := e.Doing == storing || e.Doing == storingKey
	switch {
	case errors.Is(e.Err, ErrNotFound):
		return "; create it, or correct its name in the configuration"
	case errors.Is(e.Err, ErrDenied) && stores:
		return "; allow the role to put values into it and to use its encryption key (and to create it, where it is absent)"
	case errors.Is(e.Err, ErrDenied):
		return "; allow the role to read it and to use its encryption key"
	case errors.Is(e.Err, ErrUnusable) && !stores:
		return "; see whether it is marked for deletion or its encryption key is disabled"
	default:
		return ""
	}
}

// Refused says that the vendor does not take the API key, or none of the tokens that it gave for it. Only a person can
// help: the message names the secret and the version that was tried.
type Refused struct {
	KeySecret string // name or ARN, as configured
	Version   string // VersionId of the API key that was tried
	Err       error  // what the vendor said; errors.Is ErrRefused
}

func (e *Refused) Error() string {
	return fmt.Sprintf("API key of secret %q (version %s): %v; "+
		"generate a new key at the vendor and put it into that secret", e.KeySecret, e.Version, e.Err)
}

func (e *Refused) Unwrap() error { return e.Err }

// What is being done, as SecretFault.Doing tells it.
const (
	readingKey     = "read the API key"
	readingSession = "read the session"
	storing        = "store the session"
)
