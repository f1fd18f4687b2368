package app

import (
	"context"
	"io"

	"yardstick/pkg/export"
)

// ExportUntold is Export of an App that tells nothing under about/.
func ExportUntold(ctx context.Context, a *App, source string, e Event) (Result, error) {
	x, err := a.exporter(source)
	if err != nil {
		return Result{}, err
	}
	x.Tell = func(context.Context, export.Result) {}
	return x.Run(ctx, e)
}

// Export is the handler of a source's export function in an environment of the test's own, as one process keeps it.
func Export(source string, o Options) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return MeasuredExport(source, o, io.Discard)
}

// MeasuredExport is Export whose metrics can be read.
func MeasuredExport(source string, o Options, metrics io.Writer) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &exportHandler{source: source, opener: opener{options: o}, metrics: metrics}
}

// Rotate is the handler of the function rotate-session in an environment of the test's own.
func Rotate(o Options) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &rotationHandler{opener: opener{options: o}}
}
