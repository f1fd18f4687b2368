package app_test

import (
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// TestPutSecretValueStaysUnderThirtyADay runs a schedule of five minutes for a day. Secrets Manager keeps the newest 100
// versions of a secret and those of a day: an account stays far from that. Each of its writes is one new pair.
func TestPutSecretValueStaysUnderThirtyADay(t *testing.T) {
	const settings = "start: 2026-11-18\nrestate_every: 24h\nverify_after: 0\ndatasets: {customers: {off: true}, businesses: {off: true}}"
	inWorld(t, simulator.YardConfig{TicketsPerDay: 1, Customers: 1, Businesses: 1}, settings, func(w *world) {
		a := w.open() // a process that stays warm
		w.secret("CreateSecret", map[string]any{"Name": sessSecret, "ClientRequestToken": strings.Repeat("operator", 4)})
		for range 24 * 60 / 5 {
			if result, err := a.Export(w.Context(), app.ScrapRight, app.Event{}); err != nil || result.Status != export.Complete {
				t.Fatalf("%v %s", err, show(result))
			}
			w.pass(5 * time.Minute)
		}
		pairs := w.yard.Count(simulator.TokenEndpoint) + w.yard.Count(simulator.RefreshEndpoint)
		writes := w.aws.Of("PutSecretValue")
		if len(writes) > 30 || len(writes) != pairs || pairs < 24 || len(w.aws.Of("CreateSecret")) != 2 {
			t.Errorf("%d writes for %d pairs of tokens, expected as many, and 24 to 30", len(writes), pairs)
		}
		var before string
		for _, c := range writes {
			if c.Secret != sessSecret || c.Value == before || !c.Acknowledged() {
				t.Errorf("write %d: of %s, the same as before: %v, answered %d", c.N, c.Secret, c.Value == before, c.Status)
			}
			before = c.Value
		}
		if reads := len(w.aws.Of("GetSecretValue")); reads > 2*(24*60/5+pairs) {
			t.Errorf("%d reads of secrets", reads)
		}
		w.tokenCalls("a day", 1, pairs-1)
	})
}
