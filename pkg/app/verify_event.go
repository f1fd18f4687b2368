package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"yardstick/pkg/credential"
)

// What EventBridge sends when a label of a secret moves (docs.aws.amazon.com/secretsmanager/latest/userguide/
// secret-event-notifications.html).
const (
	secretsSource = "aws.secretsmanager"
	labelUpdated  = "Secret Label Updated"
	currentLabel  = "AWSCURRENT"
)

// verification is what an event asks for.
type verification struct {
	secret string // name or ARN
	byRule bool   // EventBridge sent it, and to it every secret is the same
	label  string // that moved; "" on demand
}

// ignored is the answer to an event that is about no API key. It is no failure: else the session that a verification
// stores, whose label moves too, would raise an alarm.
type ignored struct {
	Version int    `json:"version"` // 1
	Secret  string `json:"secret"`
	Ignored string `json:"ignored"` // why
}

// parseVerification reads {"secret":"..."} or EventBridge's event. Its fault tells all that is wrong.
func parseVerification(payload []byte) (verification, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil || members == nil {
		return verification{}, errors.New(`expected {"secret":"..."} or an EventBridge event "` + labelUpdated + `"; found no JSON object`)
	}
	if _, ok := members["detail-type"]; ok {
		return parseLabelUpdated(payload)
	}
	var v verification
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name != "secret" {
			faults = append(faults, fmt.Errorf("unknown member %q; expected secret", name))
		}
	}
	if err := json.Unmarshal(members["secret"], &v.secret); err != nil || v.secret == "" {
		faults = append(faults, errors.New("secret: expected the name or ARN of an api_key_secret of the configuration"))
	}
	return v, errors.Join(faults...)
}

// labels are one staging label or several.
type labels []string

// UnmarshalJSON takes a string or a list of them.
func (l *labels) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = labels{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

func parseLabelUpdated(payload []byte) (verification, error) {
	var event struct {
		Source    string   `json:"source"`
		Kind      string   `json:"detail-type"`
		Resources []string `json:"resources"`
		Detail    struct {
			Name   string `json:"name"`
			Labels labels `json:"labelUpdated"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return verification{}, fmt.Errorf("an EventBridge event of another form: %w", err)
	}
	if event.Source != secretsSource || event.Kind != labelUpdated {
		return verification{}, fmt.Errorf("found an EventBridge event %q from %q, expected %q from %q",
			event.Kind, event.Source, labelUpdated, secretsSource)
	}
	v := verification{byRule: true, secret: event.Detail.Name, label: strings.Join(event.Detail.Labels, ", ")}
	if len(event.Resources) > 0 { // an ARN says more than a name
		v.secret = event.Resources[0]
	}
	if slices.Contains(event.Detail.Labels, currentLabel) {
		v.label = currentLabel
	}
	if v.secret == "" || v.label == "" {
		return v, errors.New("the EventBridge event names no secret (resources, detail.name) or no label (detail.labelUpdated)")
	}
	return v, nil
}

// verifyHandler answers requests to verify an API key.
type verifyHandler struct {
	opener
	metrics io.Writer
}

// Invoke takes what parseVerification reads, and answers Verified or ignored. Its errors are *ConfigInvalid,
// *EventInvalid, *KeyRefused and *VerificationFailed.
func (h *verifyHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	asked, err := parseVerification(payload)
	if err != nil {
		return nil, h.told(ctx, &EventInvalid{fmt.Errorf("event: %w", err)})
	}
	if asked.byRule && asked.label != currentLabel {
		return h.ignore(ctx, asked, "the label "+asked.label+" moved, and not "+currentLabel)
	}
	a, err := h.open(ctx)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	if asked.byRule && len(a.keyUsers(asked.secret)) == 0 {
		return h.ignore(ctx, asked, "it is no api_key_secret of the configuration")
	}
	working, end := answering(ctx)
	defer end()
	done, err := a.VerifyKey(working, asked.secret)
	h.count(ctx, a, asked.secret, err)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	h.options.Log.LogAttrs(ctx, slog.LevelInfo, "API key verified", slog.String("secret", done.Secret), slog.String("version", done.KeyVersion))
	return json.Marshal(done)
}

func (h *verifyHandler) ignore(ctx context.Context, asked verification, why string) ([]byte, error) {
	h.options.Log.LogAttrs(ctx, slog.LevelInfo, "event ignored", slog.String("secret", asked.secret), slog.String("why", why))
	return json.Marshal(ignored{Version: 1, Secret: asked.secret, Ignored: why})
}

// count writes the metrics of one verification; none where there was nothing to verify.
func (h *verifyHandler) count(ctx context.Context, a *App, secret string, err error) {
	users := a.keyUsers(secret)
	if len(users) == 0 {
		return
	}
	var accounts []string
	for _, u := range users {
		accounts = append(accounts, u.account)
	}
	verified, refused := count("KeyVerified", 0), count("KeyRefused", 0)
	switch {
	case err == nil:
		verified.value = 1
	case errors.Is(err, credential.ErrRefused):
		refused.value = 1
	}
	about := map[string]string{"account": strings.Join(accounts, ","), "secret": users[0].secret}
	if err := writeMetrics(h.metrics, a.Now(), users[0].source, about, verified, refused); err != nil {
		h.options.Log.LogAttrs(ctx, slog.LevelError, "metrics lost", slog.String("error", err.Error()))
	}
}
