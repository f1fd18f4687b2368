package awscloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// repetition is the retryer of one call. Every call made from here may be repeated, so that it also repeats what was
// answered and could not be read to its end. It remembers why it last repeated: where the context ends in a wait, the SDK
// tells of the context alone.
type repetition struct {
	aws.RetryerV2
	why error
}

// repeat lays a repetition over a client's retryer, for one call.
func repeat(retryer *aws.Retryer, options *[]func(*middleware.Stack) error) {
	v2, ok := (*retryer).(aws.RetryerV2)
	if !ok {
		return
	}
	r := &repetition{RetryerV2: v2}
	*retryer, *options = r, append(*options, r.around)
}

// IsErrorRetryable adds broken answers to what the SDK repeats by itself.
func (r *repetition) IsErrorRetryable(err error) bool {
	_, cut := errors.AsType[*smithy.DeserializationError](err)
	again := cut && ended(err) == nil || r.RetryerV2.IsErrorRetryable(err)
	if again && ended(err) == nil {
		r.why = err
	}
	return again
}

// around puts into the stack what says, where the context ended, what it was that had to be repeated.
func (r *repetition) around(stack *middleware.Stack) error {
	tell := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		out middleware.FinalizeOutput, notes middleware.Metadata, err error,
	) {
		out, notes, err = next.HandleFinalize(ctx, in)
		if end := ended(err); end != nil && r.why != nil {
			err = &overtaken{end: end, why: r.why}
		}
		return out, notes, err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("TellOfRepetitions", tell), "Retry", middleware.Before)
}

// overtaken is a call that was to be repeated when its context ended. It is of the context's kind alone: what is behind
// it may have passed.
type overtaken struct{ end, why error }

// Error is "context deadline exceeded, after InternalServiceError (request 4f)", without the service's words: they may
// repeat what was sent.
func (o *overtaken) Error() string {
	text, answered := code(o.why), status(o.why)
	switch {
	case text != "":
	case answered != 0:
		text = fmt.Sprintf("an answer of status %d that could not be read", answered)
	default:
		text = cause(o.why)
	}
	return o.end.Error() + ", after " + text + trail(o.why)
}

// Unwrap is the context's error.
func (o *overtaken) Unwrap() error { return o.end }
