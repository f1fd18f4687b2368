package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// FuzzVerification holds that whatever EventBridge or a person sends names a secret, or is refused with what was expected.
func FuzzVerification(f *testing.F) {
	for _, text := range []string{
		`{"secret":"yardstick/scrapright/main/api-key"}`, `{"secret":7}`, `{"secret":""}`, `{"secret":"a","key":"b"}`, `{}`, `[]`, `null`, ``, "\xff",
		`{"version":"0","source":"aws.secretsmanager","detail-type":"Secret Label Updated","resources":["arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf"],` +
			`"detail":{"name":"a","labelUpdated":"AWSCURRENT"}}`,
		`{"source":"aws.secretsmanager","detail-type":"Secret Label Updated","detail":{"name":"a","labelUpdated":["AWSPREVIOUS","AWSCURRENT"]}}`,
		`{"source":"aws.secretsmanager","detail-type":"Secret Label Updated","detail":{"labelUpdated":[]}}`,
		`{"source":"aws.s3","detail-type":"Object Created"}`, `{"detail-type":null}`, `{"detail-type":"Secret Label Updated","detail":{"labelUpdated":{}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		v, err := parseVerification(payload)
		if err != nil {
			if says := err.Error(); says == "" || !v.byRule && !strings.Contains(says, "expected") && !strings.Contains(says, "EventBridge") {
				t.Fatalf("%q: %v", payload, err)
			}
			return
		}
		if v.secret == "" || v.byRule == (v.label == "") {
			t.Fatalf("%q was taken for %+v", payload, v)
		}
	})
}

// nowhere is a transport that reaches nothing.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is nothing here")
}

// FuzzRotationEvent holds that whatever comes in place of a step's event is refused as that, with nothing called.
func FuzzRotationEvent(f *testing.F) {
	const session = "yardstick/scrapright/main/session"
	for _, text := range []string{
		`{"Step":"createSecret","SecretId":"another","ClientRequestToken":"t"}`, `{"Step":"testSecret","SecretId":"` + session + `","ClientRequestToken":""}`,
		`{"Step":7}`, `{"step":"finishSecret","secretid":"x","clientrequesttoken":"t","RotationToken":"r"}`, `{}`, `[]`, `null`, ``, "\xff", `{"Step":"a"}{}`,
	} {
		f.Add([]byte(text))
	}
	config := fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrapright: [{account: main, url: 'https://yard.example', api_key_secret: k, session_secret: %s}]\n", session)
	h := &rotationHandler{opener{options: Options{Config: config, Endpoint: "http://127.0.0.1:1", Transport: nowhere{},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var step struct{ SecretID string }
		if json.Unmarshal(payload, &step) == nil && strings.Contains(step.SecretID, "session") {
			return // it may be a real step: what that does has tests of its own
		}
		answer, err := h.Invoke(t.Context(), payload)
		if invalid, ok := errors.AsType[*EventInvalid](err); !ok || answer != nil || invalid.Error() == "" {
			t.Fatalf("%q: %q, %v", payload, answer, err)
		}
	})
}
