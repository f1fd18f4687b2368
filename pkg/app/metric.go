package app

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"
)

// metricNamespace is where CloudWatch keeps the metrics.
const metricNamespace = "yardstick"

// metric is one number that CloudWatch shall keep, or that stands beside those.
type metric struct {
	Name  string
	Unit  string // one of CloudWatch's: Count, None where it has no unit for it ...; "" = no metric, for logs alone
	value float64
}

// count is a metric that counts.
func count(name string, n int64) metric { return metric{Name: name, Unit: "Count", value: float64(n)} }

// measure is a metric that is measured, to the thousandth: more would be noise.
func measure(name, unit string, value float64) metric {
	return metric{Name: name, Unit: unit, value: math.Round(value*1000) / 1000}
}

// beside is a number that is no metric: each of those is paid for.
func beside(name string, value float64) metric { return measure(name, "", value) }

// writeMetrics writes one line of the embedded metric format, from which CloudWatch makes metrics with the one
// dimension source (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
// CloudWatch_Embedded_Metric_Format_Specification.html). about stands beside them for people and is no dimension, so
// that it costs nothing; it never holds a record or a secret's content. The line goes out in one write.
func writeMetrics(w io.Writer, at time.Time, source string, about map[string]string, metrics ...metric) error {
	kept := slices.DeleteFunc(slices.Clone(metrics), func(m metric) bool { return m.Unit == "" })
	line := map[string]any{"source": source, "_aws": map[string]any{
		"Timestamp": at.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": metricNamespace, "Dimensions": [][]string{{"source"}}, "Metrics": kept,
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
