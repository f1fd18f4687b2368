package scrapright

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"
)

// Probe asks for one record of a dataset with an access token that is not the ladder's: it shows whether the yard takes
// the token, and reads nothing else. A 401 is credential.ErrRefused; every other error leaves that open. It waits for the
// pace and is tried again as package rest does.
func (s *Source) Probe(ctx context.Context, dataset string, day export.Day, access credential.Secret) error {
	d, ok := s.Datasets[dataset]
	if !ok {
		return s.unknown(dataset)
	}
	d.PageSize = 1
	answer, err := s.Client.Do(ctx, rest.Request{Path: d.Path, Query: d.page(d.query(day, s.Zone), 1), Header: Authorized(access)})
	if status, ok := errors.AsType[*rest.StatusError](err); ok && status.Status == http.StatusUnauthorized {
		err = fmt.Errorf("%w: %w", credential.ErrRefused, err)
	}
	if err == nil {
		err = wire.JSONType(answer.Header)
	}
	if err == nil {
		_, err = parseEnvelope(answer.Body, s.Client.Veil())
	}
	if err != nil {
		return fmt.Errorf("GET %s: %w", d.Path, err)
	}
	return nil
}
