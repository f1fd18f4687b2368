// Package invoke starts Lambda functions. It is apart from pkg/awscloud so that the functions which start none do not link
// Lambda's client, whose package initialisation alone takes a tenth of their start.
package invoke

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"yardstick/pkg/awscloud"
)

// startAttempts is how often one start is sent at most, unless the operator set a number: somebody waits for the answer,
// and repeats by himself.
const startAttempts = 3

const (
	hintNoFunction = "the function's name or ARN is not right, or it is in another region"
	hintMayNot     = "the role needs lambda:InvokeFunction on that function"
)

// Functions are the Lambda functions that a client reaches. Make it with New. It is safe for concurrent use.
type Functions struct{ client *lambda.Client }

// New is the Lambda that the SDK's configuration tells of. Nothing is asked of it yet.
func New(c aws.Config) *Functions { return &Functions{client: lambda.NewFromConfig(c)} }

// Start hands an event to a function, told by its name or ARN, and returns once Lambda has taken it; it does not wait
// for the function (docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, InvocationType Event). What fails in passing
// is sent again up to three times. Where an answer was lost the function may thus be started twice, and after an error
// it may have been started. Errors are of no kind, and hold nothing of the event.
func (f *Functions) Start(ctx context.Context, function string, event []byte) error {
	_, err := f.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent,
		Payload: event}, startOptions)
	if err == nil {
		return nil
	}
	return awscloud.Failed("start function "+function, err, map[string]string{
		"ResourceNotFoundException": hintNoFunction, "AccessDeniedException": hintMayNot})
}

// startOptions are laid over the client's own for every call: nothing of a request or an answer is ever logged.
func startOptions(o *lambda.Options) {
	o.ClientLogMode = 0
	if o.RetryMaxAttempts == 0 {
		o.RetryMaxAttempts = startAttempts
	}
}
