package credential

import (
	"context"
	"errors"
	"time"
)

// Inspection is what can be told of an account's credentials without asking the vendor or changing anything.
type Inspection struct {
	KeyUsable      bool   // the API key could be read and has the right form
	KeyVersion     string // VersionId of the API key; "" where it cannot be read
	SessionAbsent  bool   // there is no session secret yet; the first run creates it
	SessionVersion string // VersionId of the session; "" where there is none

	Session Session // as stored; the zero Session where there is none. Its KeyVersion may be another than the key's
	Live    bool    // Session.AccessToken can be used now: it has more than 2 minutes left and comes from the current key
	Limit   int     // requests a minute as Ladder.Limit has it
	Assumed bool    // as Ladder.Assumed has it
}

// Inspect reads both secrets and tells what is in them. It spends no token, asks no vendor, writes nothing, and leaves
// the Ladder as it is. The error joins the *SecretFault of either secret; the Inspection holds what could be seen.
func (l *Ladder) Inspect(ctx context.Context) (Inspection, error) {
	_, version, keyErr := ReadKey(ctx, l.cfg.Vault, l.cfg.KeySecret)
	stored, s, sessionErr := l.readSession(ctx)
	return Inspection{
		KeyUsable: keyErr == nil, KeyVersion: version,
		SessionAbsent: stored.absent, SessionVersion: stored.ID,
		Session: s,
		Live:    keyErr == nil && s.usable(l.cfg.Now(), margin) && s.KeyVersion == version,
		Limit:   s.limit(), Assumed: s.assumed(),
	}, errors.Join(keyErr, sessionErr)
}

// Due is when the stored access token is no longer given out, and an export has to get another one: 2 minutes before
// its end. It is the zero Time where that is so already.
func (i Inspection) Due() time.Time {
	if !i.Live {
		return time.Time{}
	}
	return i.Session.AccessExpiresAt.Add(-margin)
}
