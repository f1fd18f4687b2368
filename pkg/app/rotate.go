package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/scrapright"
	"yardstick/pkg/snapshot"
)

// ServeRotation is the main of the function that rotates sessions: it answers Lambda's invocations and does not return.
func ServeRotation() {
	lambda.Start(&rotationHandler{opener: opener{options: lambdaOptions()}})
}

// rotationHandler answers the steps of Secrets Manager's rotations.
type rotationHandler struct{ opener }

// rotated is the answer to a step, for people who invoke the function by hand; Secrets Manager does not read it.
type rotated struct {
	Version int                `json:"version"` // 1
	Secret  string             `json:"secret"`  // as configured
	Step    string             `json:"step"`
	Outcome credential.Outcome `json:"outcome"`
}

// Invoke takes one step's event (docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html)
// and answers what was done. Its errors are *ConfigInvalid, *EventInvalid and *RotationFailed.
func (h *rotationHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	a, err := h.open(ctx)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	var event events.SecretsManagerSecretRotationEvent
	if err := json.Unmarshal(payload, &event); err != nil || event.Step == "" || event.SecretID == "" || event.ClientRequestToken == "" {
		return nil, h.told(ctx, &EventInvalid{fmt.Errorf(
			"expected the event of a rotation's step: an object with Step, SecretId and ClientRequestToken; Secrets Manager sends it")})
	}
	working, end := answering(ctx)
	defer end()
	done, err := a.rotate(working, event)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	return json.Marshal(done)
}

// rotate does one step for the account whose session secret it is about.
func (a *App) rotate(ctx context.Context, e events.SecretsManagerSecretRotationEvent) (rotated, error) {
	c, err := a.sessionUser(e.SecretID)
	if err != nil {
		return rotated{}, &EventInvalid{err}
	}
	r, err := a.rotation(c)
	if err != nil {
		return rotated{}, &ConfigInvalid{fmt.Errorf("%s account %s: %w", ScrapRight, c.Account, err)}
	}
	outcome, err := r.Step(ctx, e.Step, e.ClientRequestToken, credential.NewSecret(e.RotationToken))
	if err != nil {
		return rotated{}, &RotationFailed{fmt.Errorf("%s account %s: %w", ScrapRight, c.Account, err)}
	}
	return rotated{Version: 1, Secret: c.SessionSecret, Step: e.Step, Outcome: outcome}, nil
}

// sessionUser is the account that keeps its session in a secret, which is told by name or ARN.
func (a *App) sessionUser(secret string) (config.ScrapRight, error) {
	for _, match := range []func(configured, told string) bool{isSecret, mayBeSecret} {
		for _, c := range a.Configured.ScrapRight {
			if match(c.SessionSecret, secret) {
				return c, nil
			}
		}
	}
	var names []string
	for _, c := range a.Configured.ScrapRight {
		names = append(names, c.SessionSecret)
	}
	return config.ScrapRight{}, fmt.Errorf("SecretId: found %q, expected a session_secret of the configuration: %q", secret, names)
}

// rotation takes no lease: four invocations cannot hold one. It keeps to the pace by itself and bears a 429.
func (a *App) rotation(c config.ScrapRight) (*credential.Rotation, error) {
	yard, err := a.yard(c)
	if err != nil {
		return nil, err
	}
	dataset := probed(c)
	return &credential.Rotation{Vault: a.vault, Staging: a.vault, KeySecret: c.APIKeySecret, SessionSecret: c.SessionSecret,
		Issuer: scrapright.Issuer{Client: yard.Client}, Now: a.Now, Log: a.Log.With(slog.String("source", ScrapRight), slog.String("account", c.Account)),
		Probe: func(ctx context.Context, access credential.Secret) error {
			return yard.Probe(ctx, dataset, snapshot.DayOf(a.Now().In(c.Location)), access)
		}}, nil
}

// probed is the dataset that a new token is tried with: one that is exported, and rather a listing than a day.
func probed(c config.ScrapRight) string {
	exported := slices.DeleteFunc(slices.Clone(scrapRightDatasets[:]), func(name string) bool { return c.Datasets[name].Off })
	for _, name := range exported {
		if c.Datasets[name].From == "" {
			return name
		}
	}
	if len(exported) == 0 {
		return scrapRightDatasets[0]
	}
	return exported[0]
}
