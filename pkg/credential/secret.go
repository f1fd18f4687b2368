// Package credential keeps an account's credentials usable: a Secret that never prints, the Vault that keeps secrets,
// the ScrapRight-style session with its single-use refresh token, and the ladder by which a session is recovered.
package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"unique"
)

const redacted = "REDACTED"

// Secret is a key or a token. However it is printed, logged or marshalled it shows REDACTED; only Reveal gives it out.
// The zero value holds nothing. It is immutable and safe for concurrent use; == compares what is held.
type Secret struct {
	// Package fmt calls no methods on unexported fields, nor for %p: it prints what it finds. A string would show
	// there; a handle is an address, and is still comparable by what it stands for.
	text unique.Handle[string]
}

// NewSecret holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal gives the secret out: to the request that sends it and the vault that stores it, and to nothing else.
func (s Secret) Reveal() string {
	if s.Empty() {
		return ""
	}
	return s.text.Value()
}

// Empty says that nothing is held.
func (s Secret) Empty() bool { return s == Secret{} }

// Equal says that both hold the same; it is == for packages that cannot look inside.
func (s Secret) Equal(other Secret) bool { return s == other }

// Hash is the beginning of the secret's SHA-256, by which logs tell generations of tokens apart; "none" for an empty
// one.
func (s Secret) Hash() string {
	if s.Empty() {
		return "none"
	}
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:4])
}

// Format prints REDACTED for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String prints REDACTED.
func (Secret) String() string { return redacted }

// GoString prints REDACTED.
func (Secret) GoString() string { return redacted }

// MarshalText prints REDACTED, and so does encoding/json.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue prints REDACTED.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
