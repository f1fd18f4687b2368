package awscloud_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"yardstick/pkg/awscloud/invoke"
)

const startEvent = `{"account":"main","datasets":["purchases"]}`

// lambdaError is a step: an error as Lambda sends it.
func lambdaError(status int, code string) http.HandlerFunc {
	return answer(status, `{"Type":"User","Message":"words of Lambda"}`, "X-Amzn-Errortype: "+code, "X-Amzn-Requestid: 4f2a")
}

func TestAFunctionIsStartedWithoutWaitingForIt(t *testing.T) {
	for function, path := range map[string]string{
		"stack-export": "/2015-03-31/functions/stack-export/invocations",
		"arn:aws:lambda:us-east-1:000000000000:function:f:live": "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f:live/invocations",
	} {
		var log bytes.Buffer
		cfg, s := configure(t, []http.HandlerFunc{answer(http.StatusAccepted, "")}, logTo(&log))
		if err := invoke.New(cfg).Start(t.Context(), function, []byte(startEvent)); err != nil {
			t.Fatal(err)
		}
		all := s.requests()
		if len(all) != 1 || all[0].Path != path || all[0].Body != startEvent || all[0].Header.Get("X-Amz-Invocation-Type") != "Event" {
			t.Errorf("%s: %+v", function, all)
		}
		if log.Len() > 0 {
			t.Errorf("logged: %s", log.String())
		}
	}
}

func TestWhatKeepsAFunctionFromStartingIsNamed(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		step     http.HandlerFunc
		requests int
		says     []string
	}{
		{lambdaError(http.StatusForbidden, "AccessDeniedException"), 1, []string{"AccessDeniedException", "words of Lambda", "4f2a", "lambda:InvokeFunction"}},
		{lambdaError(http.StatusNotFound, "ResourceNotFoundException"), 1, []string{"ResourceNotFoundException", "another region"}},
		{lambdaError(http.StatusTooManyRequests, "TooManyRequestsException"), 3, []string{"TooManyRequestsException", "3 attempts"}},
		{lambdaError(http.StatusInternalServerError, "ServiceException"), 3, []string{"ServiceException", "3 attempts"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: []http.HandlerFunc{c.step}}
			err := invoke.New(load(t, serve(t, s)...)).Start(t.Context(), "stack-export", []byte(startEvent))
			if err == nil || len(s.requests()) != c.requests || strings.Contains(err.Error(), "purchases") {
				t.Fatalf("%v after %d requests, expected %d", err, len(s.requests()), c.requests)
			}
			for _, part := range append(c.says, "start function stack-export") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
}

func TestAStartEndsWithItsContext(t *testing.T) {
	cfg, _ := configure(t, []http.HandlerFunc{answer(http.StatusAccepted, "")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := invoke.New(cfg).Start(ctx, "f", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
