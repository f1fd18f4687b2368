package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
)

// What a token is for.
const (
	accessUse  = "access"
	refreshUse = "refresh"
)

// claims is what a token says of itself.
type claims struct {
	Issuer     string `json:"iss"`
	Use        string `json:"use"`
	Session    string `json:"sid"` // begun by an exchange, the same after every refresh
	ID         string `json:"jti"`
	Generation int    `json:"gen"` // 1 from an exchange, one more by every refresh
	IssuedAt   int64  `json:"iat"`
	ExpiresAt  int64  `json:"exp"`
}

var errNotAToken = errors.New("the token is not one of this account")

// tokenCoding refuses a second spelling of the same bytes, so that a token has one value.
func tokenCoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// signToken makes a JWT signed by HS256.
func signToken(key []byte, c claims) (string, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	text := tokenCoding().EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + tokenCoding().EncodeToString(body)
	return text + "." + tokenCoding().EncodeToString(signature(key, text)), nil
}

// readToken gives the claims of a token that was signed by key. It does not look at the time.
func readToken(key []byte, token string) (c claims, err error) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 {
		return c, errNotAToken
	}
	signed, err := tokenCoding().DecodeString(token[end+1:])
	if err != nil || !hmac.Equal(signed, signature(key, token[:end])) {
		return c, errNotAToken
	}
	_, payload, _ := strings.Cut(token[:end], ".")
	body, err := tokenCoding().DecodeString(payload)
	if err != nil {
		return c, errNotAToken
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, errNotAToken
	}
	return c, nil
}

func signature(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// shortHash tells secrets apart without holding them: the beginning of the SHA-256, in hex; "" for none.
func shortHash(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:4])
}
