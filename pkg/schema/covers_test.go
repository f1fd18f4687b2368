package schema_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"yardstick/pkg/schema"
)

func TestCoversSaysThatMergingAddsNothingButCounts(t *testing.T) {
	for _, c := range []struct {
		known, seen string
		want        bool
	}{
		{`{"a":1}`, ``, true},
		{``, `{"a":1}`, false},
		{`{"a":1,"b":"x"}`, `{"a":2}`, true},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
		{`{"a":1}`, `{"a":1.5}`, false},
		{`{"a":1}`, `{"a":9007199254740993}`, false},
		{`{"a":[1]}`, `{"a":[]}`, true},
		{`{"a":[]}`, `{"a":[1]}`, false},
		{`{"a":[{"b":1}]}`, `{"a":[{"b":1},{"c":1}]}`, false},
		{`{"a":1,"b":1}`, `{"a":1,"a":1}`, false},
	} {
		if got := of(t, lines1(c.known)...).Covers(of(t, lines1(c.seen)...)); got != c.want {
			t.Errorf("%s covers %s: %v", c.known, c.seen, got)
		}
	}
}

func lines1(line string) []string {
	if line == "" {
		return nil
	}
	return []string{line}
}

// uncounted is a schema's document with every count at 1.
func uncounted(t *rapid.T, s *schema.Schema) any {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return level(v)
}

func level(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			if k == "position" {
				delete(v, k)
			} else {
				v[k] = level(v[k])
			}
		}
	case []any:
		for i := range v {
			v[i] = level(v[i])
		}
	case float64:
		return min(v, 1)
	}
	return v
}

func TestCoversAgreesWithMerge(t *testing.T) {
	record := rapid.SampledFrom([]string{`{"a":1}`, `{"a":1.5,"b":null}`, `{"b":[1,"x"]}`, `{"b":[{"c":1}]}`, `{"b":{"c":true}}`, `{"a":1,"a":2}`, `7`})
	rapid.Check(t, func(t *rapid.T) {
		one, other, both := &schema.Schema{}, &schema.Schema{}, &schema.Schema{}
		for _, s := range []*schema.Schema{one, other} {
			for _, line := range rapid.SliceOfN(record, 0, 4).Draw(t, "lines") {
				if err := s.Observe([]byte(line)); err != nil {
					t.Fatal(err)
				}
			}
			both.Merge(s)
		}
		want := reflect.DeepEqual(uncounted(t, one), uncounted(t, both))
		if got := one.Covers(other); got != want {
			t.Fatalf("covers: %v, expected %v", got, want)
		}
	})
}
