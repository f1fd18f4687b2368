package wire

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
)

// Classify gives a failure its kind. The end of ctx, or a wait that would outlast it, is no failure and stays as it is.
func Classify(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, export.ErrMoving) {
		return err
	}
	if _, ok := errors.AsType[*export.Error](err); ok {
		return unwrapInto(err)
	}
	kind, account := kindOf(err)
	return &export.Error{Kind: kind, Account: account, Err: err}
}

// ClassifyAccount is Classify for a failure that keeps the whole account from being read.
func ClassifyAccount(ctx context.Context, err error) error {
	err = Classify(ctx, err)
	if known, ok := errors.AsType[*export.Error](err); ok {
		return &export.Error{Kind: known.Kind, Account: true, Err: err}
	}
	return err
}

// unwrapInto puts the whole message under the kind that lies deeper in it.
func unwrapInto(err error) error {
	known, _ := errors.AsType[*export.Error](err)
	return &export.Error{Kind: known.Kind, Part: known.Part, Account: known.Account, Err: err}
}

// Status is the status that an error of package rest tells, 0 where it tells none.
func Status(err error) int {
	if status, ok := errors.AsType[*rest.StatusError](err); ok {
		return status.Status
	}
	return 0
}

func kindOf(err error) (kind export.Kind, account bool) {
	if _, ok := errors.AsType[*credential.Refused](err); ok {
		return export.CredentialRefused, true
	}
	if _, ok := errors.AsType[*credential.SecretFault](err); ok {
		return export.SecretFault, true
	}
	if status, ok := errors.AsType[*rest.StatusError](err); ok {
		switch {
		case status.Status == http.StatusUnauthorized:
			return export.CredentialRefused, true
		case status.Status == http.StatusPaymentRequired, status.Status == http.StatusForbidden:
			return export.NotInPlan, false
		case status.Status >= 500, status.Status == http.StatusRequestTimeout:
			return export.Unavailable, false
		}
		return export.VendorError, false
	}
	if _, ok := errors.AsType[*rest.LimitedError](err); ok {
		return export.Throttled, false
	}
	if _, ok := errors.AsType[*rest.TransportError](err); ok {
		return export.Unavailable, false
	}
	if _, ok := errors.AsType[*rest.TooLargeError](err); ok {
		return export.Malformed, false
	}
	if errors.Is(err, credential.ErrUnusableGrant) {
		return export.Malformed, true
	}
	return export.Storage, false // the spool's disk
}

// Malformed is a failure of that kind: the answer is not what the vendor documents.
func Malformed(format string, args ...any) error {
	return &export.Error{Kind: export.Malformed, Err: fmt.Errorf(format, args...)}
}

// Incomplete is a failure of that kind: the answer cannot be shown to be whole.
func Incomplete(format string, args ...any) error {
	return &export.Error{Kind: export.Incomplete, Err: fmt.Errorf(format, args...)}
}

// JSONType refuses an answer that calls itself a page for people. Servers are careless with the other types.
func JSONType(h http.Header) error {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err == nil && (kind == "text/html" || strings.HasSuffix(kind, "xml")) {
		return Malformed("the answer is %s, expected JSON", kind)
	}
	return nil
}
