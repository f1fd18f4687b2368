package app

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"yardstick/pkg/awscloud/invoke"
)

// Trigger is the handler of the function trigger-export in an environment of the test's own.
func Trigger(o Options) interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
} {
	return &triggerHandler{opener{options: o}, func(c aws.Config) Starter { return invoke.New(c) }}
}
