package app_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
)

func TestMetricsAreOneLineOfTheEmbeddedFormat(t *testing.T) {
	at := app.Options{Now: func() time.Time { return noon.Add(1500 * time.Microsecond) }}
	var out bytes.Buffer
	if err := app.WriteMetrics(&out, at, "scrapright", map[string]string{"secret": "a\nb"}, "KeyVerified", 1); err != nil {
		t.Fatal(err)
	}
	const want = `{"KeyVerified":1,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["source"]],"Metrics":[{"Name":"KeyVerified","Unit":"Count"}],` +
		`"Namespace":"yardstick"}],"Timestamp":1795003200001},"secret":"a\nb","source":"scrapright"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", &out, want)
	}
}

// closed is a standard output that nobody reads.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestMetricsThatGoNowhereAreAnError(t *testing.T) {
	err := app.WriteMetrics(closed{}, app.Options{Now: time.Now}, "scrunch", nil, "KeyRefused", 0)
	if err == nil || !strings.Contains(err.Error(), "broken pipe") {
		t.Errorf("got %v", err)
	}
}
