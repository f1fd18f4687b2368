package scrapright

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// Where the token calls are, by the page "Getting API Access & Authentication", steps 1 and 3.
const (
	exchangePath = "/api/v1/authorization/token"
	refreshPath  = "/api/v1/authorization/refresh-token"
)

// Issuer makes the yard's two token calls. It is a credential.Issuer and safe for concurrent use.
type Issuer struct{ Client *rest.Client }

// Exchange gives the API key for a new pair of tokens. It may be made again: each exchange stands for itself.
func (i Issuer) Exchange(ctx context.Context, key credential.Secret) (credential.Grant, error) {
	return i.call(ctx, rest.Request{Method: http.MethodPost, Path: exchangePath, Token: true,
		Header: http.Header{"X-Api-Key": {key.Reveal()}}})
}

// Refresh gives a refresh token for a new pair. The token is spent by it, so the call is made once, whatever happens.
func (i Issuer) Refresh(ctx context.Context, refresh credential.Secret) (credential.Grant, error) {
	return i.call(ctx, rest.Request{Method: http.MethodPost, Path: refreshPath, Token: true, Once: true,
		Form: url.Values{"refreshToken": {refresh.Reveal()}}})
}

func (i Issuer) call(ctx context.Context, r rest.Request) (credential.Grant, error) {
	answer, err := i.Client.Do(ctx, r)
	if status, ok := errors.AsType[*rest.StatusError](err); ok && refusal(status.Status) {
		return credential.Grant{}, fmt.Errorf("%w: %w", credential.ErrRefused, err)
	}
	if err != nil {
		return credential.Grant{}, err
	}
	grant, err := parseGrant(answer.Body, i.Client.Veil())
	if err != nil {
		return credential.Grant{}, fmt.Errorf("%s: %w", r.Path, err)
	}
	return grant, nil
}

func refusal(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}

// parseGrant reads a token answer. Lifetimes are told in seconds; what is absent or no number is left at zero, for the
// ladder to judge.
func parseGrant(body []byte, veil *rest.Veil) (credential.Grant, error) {
	top, err := parseEnvelope(body, veil)
	if err != nil {
		if said, ok := errors.AsType[*saysNo](err); ok {
			return credential.Grant{}, fmt.Errorf("%w: %w", credential.ErrRefused, said)
		}
		return credential.Grant{}, err
	}
	data, err := top.data.Members()
	if err != nil {
		return credential.Grant{}, wire.Malformed("Data holds no tokens: %w", err)
	}
	var g credential.Grant
	for _, m := range data {
		switch m.Name {
		case "access_token":
			g.AccessToken = credential.NewSecret(wire.Text(m.Value))
		case "refresh_token":
			g.RefreshToken = credential.NewSecret(wire.Text(m.Value))
		case "expires_in":
			g.AccessFor = lifetime(m.Value)
		case "refresh_token_expires_in":
			g.RefreshFor = lifetime(m.Value)
		case "requestLimitPerMinute":
			g.RequestsPerMinute = int(wire.Whole(m.Value))
		}
	}
	return g, nil
}

// lifetime is a number of seconds, as many as a duration can hold at most; not positive for any other value.
func lifetime(v jsontext.Value) time.Duration {
	return time.Duration(min(wire.Whole(v), int64(math.MaxInt64/time.Second))) * time.Second
}
