package app

import "context"

// Export is the handler of a source's export function in an environment of the test's own, as one process keeps it.
func Export(source string, o Options) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &exportHandler{source: source, opener: opener{options: o}}
}

// Rotate is the handler of the function rotate-session in an environment of the test's own.
func Rotate(o Options) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &rotationHandler{opener: opener{options: o}}
}
