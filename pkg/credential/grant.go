package credential

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// What the vendor documents of its tokens (ScrapRight, API access and authentication), for answers that leave it out.
const (
	documentedAccess  = time.Hour
	documentedRefresh = 30 * 24 * time.Hour
	documentedLimit   = 10 // requests a minute
)

// Grant is the vendor's answer to a token call.
type Grant struct {
	AccessToken  Secret
	RefreshToken Secret
	AccessFor    time.Duration // 0 or less = not told: the documented hour
	RefreshFor   time.Duration // 0 or less = not told: the documented 30 days
	// RequestsPerMinute is the pace granted; 0 or less = none usable was told, which counts as 10 and is warned of.
	RequestsPerMinute int
}

// Issuer is the vendor's side: its two token calls (ScrapRight, API access and authentication, steps 1 and 3). Exchange
// may repeat its request; Refresh never may. An error that is ErrRefused says that the vendor said no to this very
// credential; after any other it is unknown whether the vendor did what was asked.
type Issuer interface {
	Exchange(ctx context.Context, key Secret) (Grant, error)
	Refresh(ctx context.Context, refresh Secret) (Grant, error)
}

// fault says why the grant cannot be used. A refresh has to bring the next refresh token too: it spent the last one.
func (g Grant) fault(by string) error {
	switch {
	case g.AccessToken.Empty():
		return fmt.Errorf("%w: access_token is missing", ErrUnusableGrant)
	case unsendable(g.AccessToken.Reveal()) != "":
		return fmt.Errorf("%w: access_token is %s", ErrUnusableGrant, unsendable(g.AccessToken.Reveal()))
	case unsendable(g.RefreshToken.Reveal()) != "":
		return fmt.Errorf("%w: refresh_token is %s", ErrUnusableGrant, unsendable(g.RefreshToken.Reveal()))
	case g.RefreshToken.Empty() && by == ByRefresh:
		return fmt.Errorf("%w: refresh_token is missing", ErrUnusableGrant)
	}
	return nil
}

// session is what to store of a grant that was asked for at asked. Lifetimes count from before the request was sent,
// and so end too early rather than too late.
func (g Grant) session(asked time.Time, by, keyVersion string, log *slog.Logger) Session {
	if g.AccessFor <= 0 {
		log.Debug("the grant names no access lifetime; the documented one is taken", "lifetime", documentedAccess)
		g.AccessFor = documentedAccess
	}
	if g.RefreshFor <= 0 {
		log.Debug("the grant names no refresh lifetime; the documented one is taken", "lifetime", documentedRefresh)
		g.RefreshFor = documentedRefresh
	}
	s := Session{
		AccessToken: g.AccessToken, AccessExpiresAt: asked.Add(g.AccessFor).UTC(),
		RequestsPerMinute: max(g.RequestsPerMinute, 0),
		KeyVersion:        keyVersion, ObtainedAt: asked.UTC(), ObtainedBy: by,
	}
	if g.RefreshToken.Empty() {
		log.Warn("the grant brings no refresh token; the next session takes an exchange of the API key")
	} else {
		s.RefreshToken, s.RefreshExpiresAt = g.RefreshToken, asked.Add(g.RefreshFor).UTC()
	}
	return s
}
