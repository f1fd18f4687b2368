package app

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"time"
)

// metricNamespace is where CloudWatch keeps the metrics.
const metricNamespace = "yardstick"

// metric is one number that CloudWatch shall keep.
type metric struct {
	Name  string
	Unit  string // one of CloudWatch's: Count, Seconds, None where it has no unit for it ...
	value float64
}

// count is a metric that counts.
func count(name string, n int64) metric { return metric{Name: name, Unit: "Count", value: float64(n)} }

// measure is a metric that is measured, to the thousandth: more would be noise.
func measure(name, unit string, value float64) metric {
	return metric{Name: name, Unit: unit, value: math.Round(value*1000) / 1000}
}

// writeMetrics writes one line of the embedded metric format, from which CloudWatch makes metrics with the one
// dimension source (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
// CloudWatch_Embedded_Metric_Format_Specification.html). about stands beside them for people and is no dimension, so
// that it costs nothing; it never holds a record or a secret's content. The line goes out in one write.
func writeMetrics(w io.Writer, at time.Time, source string, about map[string]string, metrics ...metric) error {
	line := map[string]any{"source": source, "_aws": map[string]any{
		"Timestamp": at.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": metricNamespace, "Dimensions": [][]string{{"source"}}, "Metrics": metrics,
		}},
	}}
	for name, text := range maps.All(about) {
		line[name] = text
	}
	for _, m := range metrics {
		line[m.Name] = m.value
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}
