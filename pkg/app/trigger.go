package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"yardstick/pkg/export"
	"yardstick/pkg/webhook"
)

const (
	triggerTime = 12 * time.Second // senders wait 15 seconds for an answer
	retryAfter  = "10"             // seconds, for senders that heed it
	maxFaults   = 1000             // bytes of an answer that names what is wrong with an event
)

// ServeTrigger is the main of the function that webhooks start exports by: it answers the requests of its function URL
// and does not return. Functions are those that an SDK's configuration reaches: only this function links their client.
func ServeTrigger(functions func(aws.Config) Starter) {
	lambda.Start(&triggerHandler{opener{options: lambdaOptions()}, functions})
}

// Starter starts functions by their names or ARNs without waiting for them. After an error a function may have been started.
type Starter interface {
	Start(ctx context.Context, function string, event []byte) error
}

// triggerHandler answers webhooks.
type triggerHandler struct {
	opener
	functions func(aws.Config) Starter
}

// refused is a webhook that is not accepted.
type refused struct {
	status int
	reason string // told to the sender
	cause  error  // logged alone; nil where it is the sender's fault
}

func (r *refused) Error() string {
	if r.cause != nil {
		return r.reason + ": " + r.cause.Error()
	}
	return r.reason
}

func (r *refused) Unwrap() error { return r.cause }

// Invoke takes a request of the function URL (docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html) and answers its
// response: 202 with what was started, for every further try at the same webhook within a day too; 400, 401, 405 or 413
// with what is wrong with it; 502 or 503 where the sender shall try again, since AWS failed (the cause is not told) or
// another try is under way. Its errors are *ConfigInvalid, and *EventInvalid for what is no such request.
func (h *triggerHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var request events.LambdaFunctionURLRequest
	if json.Unmarshal(payload, &request) != nil || request.RequestContext.HTTP.Method == "" {
		return nil, h.told(ctx, &EventInvalid{errors.New("expected a request of this function's URL; " +
			"to start an export by hand, invoke its own function")})
	}
	accepted, err := h.accept(ctx, request)
	if err == nil {
		return respond(http.StatusAccepted, map[string]any{"accepted": accepted})
	}
	no, ok := errors.AsType[*refused](err)
	if !ok {
		return nil, h.told(ctx, err)
	}
	level := slog.LevelWarn
	if no.cause != nil {
		level = slog.LevelError
	}
	h.options.Log.LogAttrs(ctx, level, "webhook refused", slog.Int("status", no.status), slog.String("error", no.Error()))
	return respond(no.status, map[string]any{"error": no.reason})
}

func respond(status int, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	header := map[string]string{"Content-Type": "application/json"}
	switch status {
	case http.StatusMethodNotAllowed:
		header["Allow"] = http.MethodPost
	case http.StatusServiceUnavailable:
		header["Retry-After"] = retryAfter
	}
	return json.Marshal(events.LambdaFunctionURLResponse{StatusCode: status, Headers: header, Body: string(text), Cookies: []string{}})
}

// accept does all that a webhook asks for. Its errors are *refused and *ConfigInvalid. What can be refused without a call
// to AWS is refused first: everybody may send requests.
func (h *triggerHandler) accept(ctx context.Context, request events.LambdaFunctionURLRequest) ([]webhook.Target, error) {
	message, err := readWebhook(request)
	if err != nil {
		return nil, err
	}
	working, stop := context.WithTimeout(ctx, triggerLimit(ctx))
	defer stop()
	a, err := h.open(working)
	if err != nil {
		return nil, err
	}
	if a.Configured.Webhook == nil {
		return nil, &ConfigInvalid{errors.New("webhook: not set, " +
			"expected the secret that webhooks are signed with and the functions that they start")}
	}
	if err := a.verifyWebhook(working, message); err != nil {
		return nil, err
	}
	wanted, event, err := a.wanted(message.Body)
	if err != nil {
		return nil, err
	}
	return a.startOnce(ctx, working, h.functions(a.reached()), message.ID, wanted, event)
}

// triggerLimit leaves time to give a claim free and to answer.
func triggerLimit(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return triggerTime
	}
	left := time.Until(deadline)
	return min(triggerTime, max(left-2*time.Second, left/2))
}

// readWebhook takes the webhook out of a request. Names of headers come in any case.
func readWebhook(request events.LambdaFunctionURLRequest) (webhook.Message, error) {
	if request.RequestContext.HTTP.Method != http.MethodPost {
		return webhook.Message{}, &refused{status: http.StatusMethodNotAllowed, reason: "expected POST"}
	}
	header, body := http.Header{}, []byte(request.Body)
	for name, value := range request.Headers {
		header.Add(name, value)
	}
	if request.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(request.Body); err != nil {
			return webhook.Message{}, &refused{status: http.StatusBadRequest, reason: "the body is not the base64 that it is said to be"}
		}
	}
	message, err := webhook.Parse(header, body)
	return message, rejected(err)
}

// rejected gives what package webhook does not take the form of an answer.
func rejected(err error) error {
	if rejection, ok := errors.AsType[*webhook.Rejection](err); ok {
		return &refused{status: rejection.Status, reason: rejection.Reason}
	}
	return err
}

// verifyWebhook reads the secrets anew, so that one that was rotated counts at once.
func (a *App) verifyWebhook(ctx context.Context, message webhook.Message) error {
	name := a.Configured.Webhook.Secret
	var secrets webhook.Secrets
	stored, err := a.vault.Current(ctx, name)
	if err == nil {
		secrets, err = webhook.ParseSecrets(stored.Value.Reveal())
	}
	if err != nil {
		return &refused{http.StatusServiceUnavailable, "signatures cannot be verified now",
			fmt.Errorf("webhook.secret %q: %w", name, err)}
	}
	return rejected(message.Verify(secrets, a.Now()))
}

// wanted is what a webhook's body asks for: the functions, and the event that each is handed.
func (a *App) wanted(body []byte) ([]webhook.Target, []byte, error) {
	functions := a.Configured.Webhook.Functions
	sources := slices.DeleteFunc(a.Sources(), func(source string) bool { return functions[source] == "" })
	if len(sources) == 0 {
		return nil, nil, &ConfigInvalid{fmt.Errorf("webhook.functions: found %q, expected a function for a source that has accounts: %q",
			sortedNames(functions), a.Sources())}
	}
	asked, err := export.ParseRequest(body)
	if err != nil {
		return nil, nil, unfit(err)
	}
	if asked.Source != "" && !slices.Contains(sources, asked.Source) {
		fault := fmt.Sprintf("source: found %q, expected one of %q", asked.Source, sources)
		return nil, nil, unfit(&export.EventError{Faults: []string{fault}})
	}
	if asked.Source != "" {
		sources = []string{asked.Source}
	}
	if err := a.checkEvent(sources, asked.Event); err != nil {
		return nil, nil, err
	}
	var wanted []webhook.Target
	for _, source := range sources {
		wanted = append(wanted, webhook.Target{Source: source, Function: functions[source]})
	}
	event, err := json.Marshal(asked.Event)
	return wanted, event, err
}

// checkEvent tells at once what an export function would refuse when nobody listens any more.
func (a *App) checkEvent(sources []string, event Event) error {
	var faults, fit []string
	for _, source := range sources {
		x, err := a.exporter(source)
		if err != nil {
			return err
		}
		err = x.Check(event)
		if wrong, ok := errors.AsType[*export.EventError](err); ok {
			faults = append(faults, source+": "+strings.Join(wrong.Faults, "; "))
			continue
		}
		if err != nil {
			return err
		}
		fit = append(fit, source)
	}
	if len(faults) == 0 {
		return nil
	}
	if len(fit) > 0 {
		faults = append(faults, fmt.Sprintf(`say "source":%q if that one alone is meant`, fit[0]))
	}
	return unfit(&export.EventError{Faults: faults})
}

// unfit answers what is wrong with a signed event.
func unfit(err error) error {
	reason := err.Error()
	if len(reason) > maxFaults {
		reason = strings.ToValidUTF8(reason[:maxFaults], "") + "..."
	}
	return &refused{status: http.StatusBadRequest, reason: reason}
}

// startOnce starts what is wanted, unless an earlier try at the same webhook did. It works as long as working lasts.
func (a *App) startOnce(
	ctx, working context.Context, functions Starter, id string, wanted []webhook.Target, event []byte,
) ([]webhook.Target, error) {
	key := a.layout().Webhook(id)
	claim, err := webhook.Acquire(working, a.store, key, wanted, a.Now)
	if _, ok := errors.AsType[*webhook.UnderWay](err); ok {
		return nil, &refused{status: http.StatusServiceUnavailable, reason: "another try at this webhook is under way; try again"}
	}
	if err != nil {
		return nil, &refused{http.StatusServiceUnavailable, "the webhook cannot be accepted now; try again", err}
	}
	if len(claim.Pending()) == 0 {
		a.Log.LogAttrs(ctx, slog.LevelInfo, "webhook accepted before",
			slog.String("id", id), slog.Time("time", claim.Time()))
		return bySource(claim.Accepted()), nil
	}
	if err := a.start(ctx, working, functions, claim, event); err != nil {
		return nil, &refused{http.StatusBadGateway, "the export could not be started; try again",
			errors.Join(err, claim.Release(ctx))}
	}
	a.Log.LogAttrs(ctx, slog.LevelInfo, "webhook accepted", slog.String("id", id), slog.Any("started", claim.Accepted()))
	return bySource(claim.Accepted()), nil
}

// bySource is the order of an answer, whatever was started first.
func bySource(started []webhook.Target) []webhook.Target {
	slices.SortFunc(started, func(a, b webhook.Target) int { return strings.Compare(a.Source, b.Source) })
	return started
}

// start starts what is pending and marks each. One that cannot be started does not keep the others from it. A mark that is lost is
// no failure: what was asked for is under way.
func (a *App) start(ctx, working context.Context, functions Starter, claim *webhook.Claim, event []byte) error {
	var faults []error
	for _, target := range claim.Pending() {
		if err := functions.Start(working, target.Function, event); err != nil {
			faults = append(faults, err)
			continue
		}
		if err := claim.Accept(ctx, target); err != nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "webhook not marked; a further try at it would start again",
				slog.String("function", target.Function), slog.String("error", err.Error()))
		}
	}
	return errors.Join(faults...)
}
