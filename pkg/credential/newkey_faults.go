package credential

import "fmt"

const storingKey = "store the API key"

// KeyFormError says that what an operator gave is no API key. Nothing was done. It never holds any of the text.
type KeyFormError struct {
	Form *FormError // found and expected
}

func (e *KeyFormError) Error() string {
	return fmt.Sprintf("the new key is %s; expected %s; nothing was changed", e.Form.Found, e.Form.Expected)
}

func (e *KeyFormError) Unwrap() error { return e.Form }

// NewKeyRefused says that the vendor does not take an API key that was to be put in place of another. Nothing was
// changed: the secret holds what it held.
type NewKeyRefused struct {
	KeySecret string // name or ARN, as configured
	Version   string // VersionId that stays; "" where there is no value
	Err       error  // what the vendor said; errors.Is ErrRefused
}

func (e *NewKeyRefused) Error() string {
	stays := "nothing was changed"
	if e.Version != "" {
		stays += ", version " + e.Version + " stays"
	}
	return fmt.Sprintf("new API key for secret %q: %v; %s; "+
		"see that the key was copied whole and is active, or generate another one at the vendor", e.KeySecret, e.Err, stays)
}

func (e *NewKeyRefused) Unwrap() error { return e.Err }

// KeyConflict says that somebody else put another API key into the secret meanwhile. That one stays.
type KeyConflict struct {
	KeySecret string // name or ARN, as configured
	Version   string // VersionId of the other key
}

func (e *KeyConflict) Error() string {
	return fmt.Sprintf("secret %q: somebody else stored another API key meanwhile (version %s), which stays; "+
		"see which of the two is the right one, and try again if it is yours", e.KeySecret, e.Version)
}

// SessionNotStored says that a new API key is in place, and that the session which its trial brought could not be
// stored. Nothing is lost: the next export exchanges the key by itself.
type SessionNotStored struct {
	KeySecret string // name or ARN, as configured
	Version   string // VersionId of the new key
	Err       error  // a *SecretFault about the session secret
}

func (e *SessionNotStored) Error() string {
	return fmt.Sprintf("the new API key is in place (secret %q, version %s), but its session is not: %v; "+
		"the next export exchanges the key by itself", e.KeySecret, e.Version, e.Err)
}

func (e *SessionNotStored) Unwrap() error { return e.Err }
