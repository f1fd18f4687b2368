package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"yardstick/pkg/export"
)

// ServeExport is the main of an export function: it answers Lambda's invocations and does not return. Metrics go to
// standard output.
func ServeExport(source string) {
	lambda.Start(&exportHandler{source: source, opener: opener{options: lambdaOptions()}, metrics: os.Stdout})
}

// ServeVerification is the main of the function that verifies API keys: it answers Lambda's invocations and does not
// return. Metrics go to standard output.
func ServeVerification() {
	lambda.Start(&verifyHandler{opener: opener{options: lambdaOptions()}, metrics: os.Stdout})
}

func lambdaOptions() Options { return Options{Log: lambdacontext.NewLogger()} }

// opener opens the App of each invocation. The configuration is read anew, so that its faults are told as errors of the
// invocation and a changed file counts at once; the SDK's clients are kept. It is safe for concurrent use.
type opener struct {
	options Options

	mu    sync.Mutex
	cloud *cloud
}

// open is Open. Its errors are *ConfigInvalid.
func (o *opener) open(ctx context.Context) (*App, error) {
	c, err := o.connected(ctx)
	if err != nil {
		return nil, &ConfigInvalid{err}
	}
	return open(ctx, o.options, c)
}

// answering leaves a handler of single calls time to say what became of one that a vendor never answered: else Lambda ends it,
// and the operator learns nothing but that.
func answering(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(5*time.Second, time.Until(deadline)/10)))
}

func (o *opener) connected(ctx context.Context) (cloud, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cloud == nil {
		c, err := connect(ctx, o.options)
		if err != nil {
			return cloud{}, err
		}
		o.cloud = &c
	}
	return *o.cloud, nil
}

// told is an error that the invocation ends with, after it was logged.
func (o *opener) told(ctx context.Context, err error) error {
	o.options.Log.LogAttrs(ctx, slog.LevelError, "invocation failed", slog.String("error", err.Error()))
	return err
}

// exportHandler answers export events of one source.
type exportHandler struct {
	opener
	source  string
	metrics io.Writer
}

// Invoke takes an export event and answers the result of the run, of which it writes one line of metrics. Its errors are
// *ConfigInvalid, *EventInvalid, where there was no run and is no line, and *ExportFailed.
func (h *exportHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	a, err := h.open(ctx)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	event, err := export.ParseEvent(payload)
	if err != nil {
		return nil, h.told(ctx, &EventInvalid{err})
	}
	began := a.Now()
	result, err := a.Export(ctx, h.source, event)
	h.measure(ctx, a, began, result, err)
	if err != nil {
		return nil, h.told(ctx, err)
	}
	return json.Marshal(result)
}
