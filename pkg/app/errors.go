package app

import (
	"fmt"
	"strings"
)

// ConfigInvalid says that the configuration cannot be used: every fault of it, by key. The type's name is what Lambda
// shows as the error's type.
type ConfigInvalid struct{ Err error }

func (e *ConfigInvalid) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *ConfigInvalid) Unwrap() error { return e.Err }

// EventInvalid says that an event cannot be used. Nothing was done.
type EventInvalid struct{ Err error }

func (e *EventInvalid) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *EventInvalid) Unwrap() error { return e.Err }

// ExportFailed says what of a run failed, by account, dataset and day. All the rest was done; the result lies under
// runs/.
type ExportFailed struct {
	Run string
	Err error
}

// maxFailureLines keeps the message readable; the result names all.
const maxFailureLines = 20

func (e *ExportFailed) Error() string {
	lines := strings.Split(e.Err.Error(), "\n")
	if more := len(lines) - maxFailureLines; more > 0 {
		lines = append(lines[:maxFailureLines], fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("run %s: %s", e.Run, strings.Join(lines, "\n"))
}

// Unwrap is the cause.
func (e *ExportFailed) Unwrap() error { return e.Err }

// KeyRefused says that the vendor does not take an API key: it names the secret, the version, and what to do.
type KeyRefused struct{ Err error }

func (e *KeyRefused) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *KeyRefused) Unwrap() error { return e.Err }

// VerificationFailed says that it could not be found out whether the vendor takes an API key, or that its session could
// not be stored: by account, with the cause. The key itself may be good.
type VerificationFailed struct{ Err error }

func (e *VerificationFailed) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *VerificationFailed) Unwrap() error { return e.Err }

// RotationFailed says which step of a rotation could not be done, for which secret and version, and what to do.
type RotationFailed struct{ Err error }

func (e *RotationFailed) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *RotationFailed) Unwrap() error { return e.Err }
