package app

import "context"

// Trigger is the handler of the function trigger-export in an environment of the test's own.
func Trigger(o Options) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &triggerHandler{opener{options: o}}
}
