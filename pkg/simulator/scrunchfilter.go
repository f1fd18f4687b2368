package simulator

import (
	"slices"
	"strconv"
	"strings"
)

// field is a column of a report: a dimension or a metric.
type field struct {
	name      string
	dimension *dimension
	metric    *metric
}

// filter lets observations through by the values of one dimension.
type filter struct {
	dimension *dimension
	codes     []int
	not       bool
}

// passes says whether a filter lets something through. What is null is equal to nothing and, as SQL has it, unequal to
// nothing, unless keep says otherwise.
func (f *filter) passes(j joined, keep bool) bool {
	code := f.dimension.code(j)
	if code < 0 {
		return f.not && keep
	}
	return slices.Contains(f.codes, code) != f.not
}

// having lets groups through by one metric.
type having struct {
	metric   *metric
	operator string
	bound    float64
}

func (h *having) passes(t *tally) bool {
	v, ok := h.metric.value(t)
	if !ok {
		return false
	}
	switch h.operator {
	case "gt":
		return v > h.bound
	case "gte":
		return v >= h.bound
	case "lt":
		return v < h.bound
	case "lte":
		return v <= h.bound
	case "eq":
		return v == h.bound
	default:
		return v != h.bound
	}
}

// readFields reads a list of columns. None at all means every dimension; what comes twice is there once.
func (s *Scrunch) readFields(text string) ([]field, error) {
	names := strings.Split(text, ",")
	if text == "" {
		names = dimensionNames()
	}
	var fields []field
	for _, name := range names {
		name = strings.TrimSpace(name)
		f := field{name, s.dimensions[name], s.metrics[name]}
		if f.dimension == nil && f.metric == nil {
			return nil, refusef("Unknown field: '%s'", name)
		}
		if !slices.ContainsFunc(fields, func(other field) bool { return other.name == name }) {
			fields = append(fields, f)
		}
	}
	return fields, nil
}

func (s *Scrunch) readFilter(b *brand, text string) (filter, error) {
	name, values, ok := strings.Cut(text, ":")
	if !ok || values == "" || values == "!" {
		return filter{}, refusef("Invalid filter '%s'. Expected format: field:value", text)
	}
	f := filter{dimension: s.dimensions[name]}
	if f.dimension == nil || !f.dimension.filterable {
		return filter{}, refusef("Filtering by '%s' is not supported", name)
	}
	values, f.not = strings.CutPrefix(values, "!")
	for value := range strings.SplitSeq(values, "|") {
		code, known, expected := f.dimension.form.parse(b, value)
		if expected != "" {
			return filter{}, refusef("Invalid value '%s' for filter '%s'. Expected %s", value, name, expected)
		}
		if known {
			f.codes = append(f.codes, code)
		}
	}
	return f, nil
}

func (s *Scrunch) readHaving(text string) (having, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return having{}, refusef("Invalid having '%s'. Expected format: metric:operator:value", text)
	}
	h := having{metric: s.metrics[parts[0]], operator: parts[1]}
	if h.metric == nil {
		return h, refusef("Unknown metric in having: '%s'", parts[0])
	}
	if !slices.Contains([]string{"gt", "gte", "lt", "lte", "eq", "neq"}, h.operator) {
		return h, refusef("Unknown operator in having: '%s'. Expected gt, gte, lt, lte, eq or neq", h.operator)
	}
	var err error
	if h.bound, err = strconv.ParseFloat(parts[2], 64); err != nil {
		return h, refusef("Invalid value in having: '%s'. Expected a number", parts[2])
	}
	return h, nil
}
