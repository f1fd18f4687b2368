// Package webhook verifies webhooks that are signed as Standard Webhooks describes
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md): by HMAC-SHA256 with a secret that sender
// and receiver share. Whoever takes a webhook twice has to know its ID: a Claim keeps it in the bucket, so that it starts
// things once.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is taken. Senders stay far below: an ID has some thirty characters, a signature 47, an export event some hundred
// bytes.
const (
	MaxBody      = 64 << 10        // bytes of a body
	MaxID        = 256             // characters of webhook-id
	MaxSignature = 4 << 10         // characters of webhook-signature
	Tolerance    = 5 * time.Minute // how far webhook-timestamp may be from the clock, either way
)

const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"

	version      = "v1" // of signatures by HMAC-SHA256
	maxTimestamp = 12   // digits, which is the year 33658
)

// Rejection says why a webhook is not taken. Its text may be told to anybody: it holds nothing of a secret, a signature
// or the body.
type Rejection struct {
	Status int // of HTTP: 400, 401 or 413
	Reason string
}

func (r *Rejection) Error() string { return r.Reason }

func reject(status int, format string, values ...any) error {
	return &Rejection{status, fmt.Sprintf(format, values...)}
}

// Message is a webhook as it came. Make it with Parse. Nothing in it is to be believed before Verify took it.
type Message struct {
	ID   string // the same for every try at one webhook; visible ASCII characters without a full stop
	Body []byte // as signed

	timestamp string // as signed
	sent      time.Time
	entries   []string // of version v1, in base64
}

// Parse reads a webhook's header, whose names are canonical, and its raw body. An error is a *Rejection: 413 for a body
// of more than MaxBody bytes, 400 for a header that is missing, doubled, too long or of another form.
func Parse(header http.Header, body []byte) (Message, error) {
	if len(body) > MaxBody {
		return Message{}, reject(http.StatusRequestEntityTooLarge, "the body has %d bytes, expected at most %d",
			len(body), MaxBody)
	}
	m := Message{Body: body}
	var err error
	if m.ID, err = single(header, headerID, MaxID); err != nil {
		return Message{}, err
	}
	// With a full stop in it, the signed text could be cut into ID, time and body in more ways than the signer's.
	if strings.ContainsFunc(m.ID, func(r rune) bool { return r <= ' ' || r > '~' || r == '.' }) {
		return Message{}, reject(http.StatusBadRequest, "%s: expected visible ASCII characters without a full stop", headerID)
	}
	if m.timestamp, err = single(header, headerTimestamp, maxTimestamp); err != nil {
		return Message{}, err
	}
	seconds, err := strconv.ParseUint(m.timestamp, 10, 63) // takes no sign
	if err != nil {
		return Message{}, reject(http.StatusBadRequest, "%s: expected whole seconds since 1970 in digits", headerTimestamp)
	}
	m.sent = time.Unix(int64(seconds), 0)
	signatures, err := single(header, headerSignature, MaxSignature)
	if err != nil {
		return Message{}, err
	}
	for entry := range strings.FieldsSeq(signatures) {
		if signature, ok := strings.CutPrefix(entry, version+","); ok {
			m.entries = append(m.entries, signature)
		}
	}
	if len(m.entries) == 0 {
		return Message{}, reject(http.StatusBadRequest, "%s: expected at least one entry v1,<base64>, separated by spaces",
			headerSignature)
	}
	return m, nil
}

// single is the one value of a header that has to be there.
func single(header http.Header, name string, longest int) (string, error) {
	values := header.Values(name)
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", reject(http.StatusBadRequest, "%s: the header is missing", name)
	case len(values) > 1:
		return "", reject(http.StatusBadRequest, "%s: the header came %d times, expected once", name, len(values))
	case len(values[0]) > longest:
		return "", reject(http.StatusBadRequest, "%s: the header has %d characters, expected at most %d",
			name, len(values[0]), longest)
	}
	return values[0], nil
}

// Verify says whether one of the secrets signed the message, no longer than Tolerance from now. An error is a *Rejection
// with status 401. Every signature is compared with that of every secret, in a time that depends on neither, and the
// answer does not tell which of them fit. That the time is too far off is told only to who could sign it.
func (m Message) Verify(secrets Secrets, now time.Time) error {
	fits := 0
	for _, key := range secrets.all() {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(m.ID + "." + m.timestamp + "."))
		mac.Write(m.Body)
		want := []byte(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for _, entry := range m.entries {
			if hmac.Equal([]byte(entry), want) {
				fits++
			}
		}
	}
	if fits == 0 {
		return reject(http.StatusUnauthorized, "%s: none of the signatures is that of this webhook", headerSignature)
	}
	if off := now.Sub(m.sent).Abs(); off > Tolerance {
		return reject(http.StatusUnauthorized, "%s: it is more than %.0f minutes from the receiver's clock",
			headerTimestamp, Tolerance.Minutes())
	}
	return nil
}
