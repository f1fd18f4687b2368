package app_test

import (
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
)

// A secret that cannot be read is no end of time, however the store fails: the account failed, and the alarm is told.
func TestASecretStoreThatIsDown(t *testing.T) {
	for name, c := range map[string]struct {
		answer *faultproxy.Answer
		want   string
	}{
		"server faults": {&faultproxy.Answer{Status: 500, Code: "InternalServiceError"}, "InternalServiceError"},
		"silence":       {&faultproxy.Answer{Delay: time.Hour}, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
				w.aws.Fault(func(call faultproxy.Call) *faultproxy.Answer {
					if call.Operation == "GetSecretValue" {
						return c.answer
					}
					return nil
				})
				r := w.run(app.Event{}, export.Failed)
				a := r.Accounts[0]
				if a.Error == nil || a.Error.Kind != export.SecretFault || !strings.Contains(a.Error.Error, c.want) {
					t.Errorf("%s", show(r))
				}
				w.aws.Fault(nil)
				w.pass(time.Minute)
				w.run(app.Event{}, export.Complete)
			})
		})
	}
}
