package localcloud

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Faults of a request's signature. The signature itself is not verified: there are no credentials to verify it with.
var (
	errUnsigned   = errors.New("the request has no Authorization header; it must be signed (AWS Signature Version 4)")
	errBadSigning = errors.New("the Authorization header is malformed")
)

// checkSigned holds a request to the form of Signature Version 4: an Authorization header with credential, signed
// headers and signature, scoped to the service.
func checkSigned(h http.Header, service string) error {
	text := h.Get("Authorization")
	if text == "" {
		return errUnsigned
	}
	fields, ok := strings.CutPrefix(text, "AWS4-HMAC-SHA256 ")
	if !ok {
		return fmt.Errorf("%w: it does not begin with AWS4-HMAC-SHA256", errBadSigning)
	}
	parts := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		parts[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return fmt.Errorf("%w: it has no %s", errBadSigning, name)
		}
	}
	scope := strings.Split(parts["Credential"], "/") // access key (which may hold slashes), date, region, service, aws4_request
	if len(scope) < 5 || scope[len(scope)-1] != "aws4_request" || scope[len(scope)-2] != service {
		return fmt.Errorf("%w: Credential should be scoped to the service %s and end in aws4_request", errBadSigning, service)
	}
	return nil
}
