package credential

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Rotation makes a new session of an account as Secrets Manager asks for it, in four steps that are invoked one by one
// (docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html). Every step may come
// twice, out of order, or after another was killed at any moment: each reads what is there and does what is missing.
//
// It takes no lease and spends no refresh token. An export that runs meanwhile may store a newer session first; then
// that one stays AWSCURRENT, because the pending one may be dead by it, and the rotation ends with no version pending.
// Promoting, and all that is stored as AWSCURRENT, is conditional on what was read.
//
// All fields but Log are required. It is safe for concurrent use.
type Rotation struct {
	Vault         Vault
	Staging       Staging // the same vault as Vault
	KeySecret     string  // name or ARN of the secret with the API key; only read
	SessionSecret string  // name or ARN of the secret that rotates
	Issuer        Issuer  // only Exchange is called
	// Probe makes one call with an access token, for one record. An error that is ErrRefused says that the vendor
	// rejected the token; any other that it is not known whether the token is good.
	Probe func(ctx context.Context, access Secret) error
	Now   func() time.Time
	Log   *slog.Logger // nil = none. Tokens appear by their hash only
}

// Outcome is what a step of a rotation did.
type Outcome string

// The outcomes.
const (
	OutcomeNothing   Outcome = "nothing to do" // the step has nothing to do, or the rotation has ended before
	OutcomeCreated   Outcome = "created"       // a new session is pending
	OutcomeKept      Outcome = "kept"          // the pending session of an earlier invocation is kept
	OutcomeTested    Outcome = "tested"        // the vendor takes the pending session
	OutcomePromoted  Outcome = "promoted"      // the pending session is AWSCURRENT
	OutcomeOvertaken Outcome = "overtaken"     // a newer session was stored as AWSCURRENT meanwhile, and counts instead
	OutcomeReplaced  Outcome = "replaced"      // the pending session was of no use; a new one was stored as AWSCURRENT
)

// ErrNotRotating says that what a step is to act on is no rotation in progress.
var ErrNotRotating = errors.New("this is no rotation in progress")

// errUnfilled says that finishSecret came before createSecret.
var errUnfilled = errors.New("the version holds no value yet")

// RotationFault says that a step of a rotation could not be done. AWSCURRENT stays usable, or is made so by the next
// run.
type RotationFault struct {
	Step    string
	Secret  string // name or ARN, as configured
	Version string // VersionId under rotation
	// Err is ErrNotRotating, a *Refused where the vendor does not take the API key, a *SecretFault, an error of a
	// Staging, of the Issuer or of Probe, or that of a context that ended.
	Err error
}

func (e *RotationFault) Error() string {
	return fmt.Sprintf("step %s of the rotation of secret %q (version %s): %v%s",
		e.Step, e.Secret, e.Version, e.Err, e.advice())
}

func (e *RotationFault) Unwrap() error { return e.Err }

// advice is what to do about it, as the end of the message. A key that is refused, and a secret that stands in the way,
// bring their own.
func (e *RotationFault) advice() string {
	_, refused := errors.AsType[*Refused](e.Err)
	_, secret := errors.AsType[*SecretFault](e.Err)
	switch {
	case refused || secret:
		return ""
	case errors.Is(e.Err, ErrNotRotating):
		return "; let Secrets Manager call these steps, and begin a rotation with RotateSecret"
	case errors.Is(e.Err, ErrDenied):
		return "; allow the role to describe the secret, to read and put its values, to move its staging labels and to " +
			"use its encryption key"
	case errors.Is(e.Err, errUnfilled):
		return "; createSecret comes first, and Secrets Manager begins with it when it repeats the rotation"
	default:
		return "; Secrets Manager repeats the rotation by itself, and exports go on with the stored session until then"
	}
}

// Step does one step of the rotation that made version token of the secret: createSecret, setSecret, testSecret or
// finishSecret. token and rotationToken are those of the rotation's event; rotationToken may be empty. It blocks for
// vault and vendor, at most until ctx ends. What fails in passing at the vault is tried again, a few times. Every error
// is a *RotationFault.
func (r *Rotation) Step(ctx context.Context, step, token string, rotationToken Secret) (Outcome, error) {
	t := r.turn(token, rotationToken)
	outcome, err := t.take(ctx, step)
	if err != nil {
		return "", &RotationFault{Step: step, Secret: r.SessionSecret, Version: token, Err: err}
	}
	t.log.Info("rotation step done", "step", step, "version", token, "outcome", outcome)
	return outcome, nil
}

func (r *Rotation) turn(token string, rotationToken Secret) *turn {
	l := New(Config{Vault: r.Vault, KeySecret: r.KeySecret, SessionSecret: r.SessionSecret, Issuer: r.Issuer,
		Now: r.Now, Log: r.Log})
	return &turn{Rotation: r, token: token, rotationToken: rotationToken, ladder: l, log: l.cfg.Log}
}
