package scrapright

import (
	"net/http"
	"strings"
	"testing"

	"yardstick/pkg/credential"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

func TestAProbeAsksForOneRecordAndTellsARejectedToken(t *testing.T) {
	inYard(t, simulator.YardConfig{}, func(y *yard) {
		day, err := snapshot.ParseDay(today)
		if err != nil {
			t.Fatal(err)
		}
		token, err := y.source.Ladder.Token(y.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, dataset := range []string{"customers", "purchases"} {
			before := len(y.Requests())
			if err := y.source.Probe(y.Context(), dataset, day, token); err != nil {
				t.Errorf("%s: %v", dataset, err)
			}
			asked := y.Requests()[before:]
			if len(asked) != 1 || asked[0].Page != 1 || asked[0].PageSize != 1 || dataset == "purchases" && asked[0].From != today {
				t.Errorf("%s: asked %+v", dataset, asked)
			}
		}
		if err := y.source.Probe(y.Context(), "customers", day, credential.NewSecret("no-token-of-theirs")); !isRefused(err) {
			t.Errorf("%v, expected a refusal", err)
		}
		if err := y.source.Probe(y.Context(), "tickets", day, token); err == nil || !strings.Contains(err.Error(), "customers") {
			t.Errorf("%v, expected the datasets that there are", err)
		}
	})
}

func TestAProbeThatFailsOtherwiseIsNoRefusal(t *testing.T) {
	answers := map[string]*simulator.Answer{
		"403":       simulator.Refuse(http.StatusForbidden, "not for you"),
		"IsError":   {Reply: &simulator.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"IsError":1,"Message":"closed","Data":null}`)}},
		"no JSON":   {Reply: &simulator.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(`<html>`)}},
		"no answer": {Drop: true},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			inYard(t, simulator.YardConfig{}, func(y *yard) {
				token, err := y.source.Ladder.Token(y.Context())
				if err != nil {
					t.Fatal(err)
				}
				y.Fault(func(simulator.Request) *simulator.Answer { return answer })
				if err := y.source.Probe(y.Context(), "customers", 0, token); err == nil || isRefused(err) {
					t.Errorf("%v, expected an error that is no refusal", err)
				}
			})
		})
	}
}
