// Package credential keeps an account's credentials usable: a Secret that never prints, the Vault that keeps secrets,
// the ScrapRight-style session with its single-use refresh token, and the ladder by which a session is recovered.
package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const redacted = "REDACTED"

// Secret is a key or a token. However it is printed, logged or marshalled it shows REDACTED; only Reveal gives it out.
// The zero value holds nothing. It is immutable and safe for concurrent use.
type Secret struct{ text string }

// NewSecret holds text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the secret out: to the request that sends it and the vault that stores it, and to nothing else.
func (s Secret) Reveal() string { return s.text }

// Empty says that nothing is held.
func (s Secret) Empty() bool { return s.text == "" }

// Hash is the beginning of the secret's SHA-256, by which logs tell generations of tokens apart; "none" for an empty one.
func (s Secret) Hash() string {
	if s.Empty() {
		return "none"
	}
	sum := sha256.Sum256([]byte(s.text))
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
