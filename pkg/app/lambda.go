package app

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"yardstick/pkg/export"
)

// ServeExport is the main of an export function: it answers Lambda's invocations and does not return.
func ServeExport(source string) {
	lambda.Start(&exportHandler{source: source, options: Options{Log: lambdacontext.NewLogger()}})
}

// exportHandler answers export events of one source. The configuration is read anew at each invocation, so that its
// faults are told as errors of the invocation and a changed file counts at once; the SDK's clients are kept.
type exportHandler struct {
	source  string
	options Options
	cloud   *cloud
}

// Invoke takes an export event and answers the result of the run. Its errors are *ConfigInvalid, *EventInvalid and
// *ExportFailed.
func (h *exportHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	a, err := h.open(ctx)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	event, err := export.ParseEvent(payload)
	if err != nil {
		return nil, h.told(ctx, &EventInvalid{err})
	}
	result, err := a.Export(ctx, h.source, event)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	return json.Marshal(result)
}

func (h *exportHandler) told(ctx context.Context, err error) error {
	h.options.Log.LogAttrs(ctx, slog.LevelError, "invocation failed", slog.String("error", err.Error()))
	return err
}

func (h *exportHandler) open(ctx context.Context) (*App, error) {
	if h.cloud == nil {
		c, err := connect(ctx, h.options)
		if err != nil {
			return nil, &ConfigInvalid{err}
		}
		h.cloud = &c
	}
	return open(ctx, h.options, *h.cloud)
}
