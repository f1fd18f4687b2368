package awscloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// startAttempts is how often one start is sent at most, unless the operator set a number: somebody waits for the answer,
// and repeats by himself.
const startAttempts = 3

const (
	hintNoFunction = "the function's name or ARN is not right, or it is in another region"
	hintMayNot     = "the role needs lambda:InvokeFunction on that function"
)

// Functions are the Lambda functions that a client reaches. Make it with NewFunctions. It is safe for concurrent use.
type Functions struct{ client *lambda.Client }

// NewFunctions is the Lambda that client reaches. Nothing is asked of it yet.
func NewFunctions(client *lambda.Client) *Functions { return &Functions{client: client} }

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
	failed := &failure{operation: "start function " + function, said: describe(err)}
	switch code(err) {
	case "ResourceNotFoundException":
		failed.hint = hintNoFunction
	case "AccessDeniedException":
		failed.hint = hintMayNot
	}
	if end := ended(err); end != nil {
		failed.causes = []error{end}
	}
	return failed
}

// startOptions are laid over the client's own for every call: nothing of a request or an answer is ever logged.
func startOptions(o *lambda.Options) {
	o.ClientLogMode = 0
	if o.RetryMaxAttempts == 0 {
		o.RetryMaxAttempts = startAttempts
	}
}
