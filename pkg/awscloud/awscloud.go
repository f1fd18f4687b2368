// Package awscloud is where snapshots and secrets meet AWS: a Store keeps snapshots in an S3 bucket, a Vault keeps
// credentials in Secrets Manager. Together with package invoke and the set-up of clients in pkg/app these are the only SDK
// calls of the functions; nothing here knows vendors, keys' meanings or schedules.
//
// What fails in passing (throttling, server faults, broken connections) is sent again up to five times, with jittered
// waits that end with the context; AWS_MAX_ATTEMPTS sets another number. What reaches the caller is classified by the
// errors of pkg/snapshot and pkg/credential, says what was being done to what, and carries the service's own code,
// message and request id.
//
// No request or response is logged from here, whatever a client's ClientLogMode says. Only aws.LogSigning cannot be
// overruled call by call, and it prints AWS's own session token: a client must not be made with it.
package awscloud

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// defaultAttempts is how often one request is sent at most, unless the operator set a number. It is more than the SDK's
// three: giving up costs a day of data or a token that cannot be had twice, and waiting costs some seconds.
const defaultAttempts = 5

// failure is an error of one operation. It prints the operation, the kind, the service's words and a hint, and
// nothing of the request.
type failure struct {
	operation string // "put latest/x.json.gz"
	kind      error  // nil where no caller acts on it
	said      string
	hint      string
	causes    []error // for errors.Is and errors.As, never printed
}

// Error is one line: "put k: access denied: AccessDenied: no (request 4f); hint".
func (f *failure) Error() string {
	text := f.operation
	if f.kind != nil {
		text += ": " + f.kind.Error()
	}
	text += ": " + f.said
	if f.hint != "" {
		text += "; " + f.hint
	}
	return text
}

// Unwrap gives the kind and the causes.
func (f *failure) Unwrap() []error {
	if f.kind == nil {
		return f.causes
	}
	return append([]error{f.kind}, f.causes...)
}

// Failed is what an operation on another of AWS's services failed with: in one line what was being done, the service's own
// code, message and request id, and the hint for that code. Nothing of the request is in it. It is of no kind, but for the
// context's end.
func Failed(operation string, err error, hints map[string]string) error {
	f := &failure{operation: operation, said: describe(err), hint: hints[code(err)]}
	if end := ended(err); end != nil {
		f.causes = []error{end}
	}
	return f
}

// describe is what a service answered: code, message, request id and attempts. Where there was no answer it is what
// came between; the SDK puts no header into either.
func describe(err error) string {
	return cause(err) + trail(err)
}

func cause(err error) string {
	if late, ok := errors.AsType[*overtaken](err); ok {
		return late.Error()
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return join(api.ErrorCode(), api.ErrorMessage())
	}
	if end := ended(err); end != nil {
		return end.Error()
	}
	if broken, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return "the answer could not be read: " + fmt.Sprint(broken.Err)
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return sent.Error()
	}
	if call, ok := errors.AsType[*smithy.OperationError](err); ok {
		return call.Err.Error()
	}
	return err.Error()
}

func join(code, message string) string {
	if message == "" || message == code {
		return code
	}
	return code + ": " + message
}

// trail is " (request 4f, 5 attempts)", as far as it is known.
func trail(err error) string {
	var notes []string
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok && response.RequestID != "" {
		notes = append(notes, "request "+response.RequestID)
	}
	if exhausted, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		notes = append(notes, fmt.Sprintf("%d attempts", exhausted.Attempt))
	}
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

// code is the service's error code, or "" where it gave none.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// status is the HTTP status of the answer that err tells of, or 0.
func status(err error) int {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// ended is the context's error inside err, if there is one. A connection's own timeout says that it is one too, which it
// is not: errors.Is cannot tell them apart.
func ended(err error) error {
	if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // see above
		return err
	}
	switch err := err.(type) { //nolint:errorlint // the chain is followed here
	case interface{ Unwrap() error }:
		return ended(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			if end := ended(one); end != nil {
				return end
			}
		}
	}
	return nil
}
