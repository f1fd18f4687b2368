package scrunch

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"
)

// maxRows is the most rows that one answer of /query gives (parameter limit of operation query).
const maxRows = 90_000

// slicing are the dimensions by which a report can be asked in slices: filterable, with just one value for each response,
// and never null (schema ResponseListing: prompt_id, platform, stage and branded are required). Filters act before
// aggregation, so that by any other dimension a slice would hold rows of another.
var slicing = []string{"ai_platform", "stage", "branded", "prompt_id"}

// report reads one day of one report whole. The answer has no total and no order, so what follows it is asked for: where
// nothing does, it was whole. Where something does, the vendor caps its answers, and offsets over an answer without an
// order prove nothing: then the day is asked for in slices.
type report struct {
	Report
	day    export.Day
	sink   *rows
	fetch  func(ctx context.Context, query url.Values, each func(r row) error) (int, error)
	proven *longest // of this brand and report in this run
}

func (r *report) read(ctx context.Context) (export.Proof, error) {
	answers := int64(0)
	count, values, err := r.slice(ctx, nil, &answers)
	if err != nil {
		return export.Proof{}, err
	}
	if values != nil {
		if err := r.sink.rollback(place{}); err != nil {
			return export.Proof{}, err
		}
		if err := r.inSlices(ctx, nil, count, values, slicing, &answers); err != nil {
			return export.Proof{}, err
		}
	}
	if r.sink.repeats() {
		return export.Proof{}, wire.Incomplete("rows came twice over %d answers: the slices of the day overlap, or it changed meanwhile", answers)
	}
	return export.Proof{Pages: answers}, nil
}

// slice asks for the rows that the filters let through, and then for what follows them. Where something does, the answer
// was cut off: then it tells which values the slicing dimensions showed.
func (r *report) slice(ctx context.Context, filters []string, answers *int64) (count int, values map[string][]string, err error) {
	count, err = r.fetch(ctx, r.query(filters, maxRows, 0), r.sink.add)
	if err != nil {
		return 0, nil, err
	}
	*answers++
	if r.proven.covers(count) {
		return count, nil, nil
	}
	values = r.sink.values
	following, err := r.fetch(ctx, r.query(filters, 1, count), func(row) error { return nil })
	if err != nil {
		return 0, nil, fmt.Errorf("what follows row %d: %w", count, err)
	}
	if following > 0 {
		return count, values, nil
	}
	r.proven.shown(count)
	return count, nil, nil
}

// inSlices asks for each value of a dimension by itself and for all other values by negation. values are those that the
// answer before showed; limit is how many rows it had when it was cut off.
func (r *report) inSlices(ctx context.Context, filters []string, limit int, values map[string][]string, dimensions []string, answers *int64) error {
	dimension, others, ok := r.choose(values, dimensions)
	if !ok {
		return wire.Incomplete("an answer stops after %d rows although more follow, and %s has no dimension left to ask for it in slices: "+
			"it needs one of %s among its fields, without nulls", limit, r.Name, strings.Join(slicing, ", "))
	}
	rest := slices.Clone(filters)
	for _, value := range values[dimension] {
		if err := r.oneSlice(ctx, append(slices.Clone(filters), dimension+":"+value), others, answers); err != nil {
			return err
		}
		rest = append(rest, dimension+":!"+value)
	}
	return r.oneSlice(ctx, rest, others, answers)
}

func (r *report) oneSlice(ctx context.Context, filters, dimensions []string, answers *int64) error {
	mark, err := r.sink.mark()
	if err != nil {
		return err
	}
	count, values, err := r.slice(ctx, filters, answers)
	if err != nil || values == nil {
		return err
	}
	if err := r.sink.rollback(mark); err != nil {
		return err
	}
	return r.inSlices(ctx, filters, count, values, dimensions, answers)
}

// choose picks the first dimension that the report has, of which the answer showed values and no null.
func (r *report) choose(values map[string][]string, dimensions []string) (dimension string, others []string, ok bool) {
	for i, d := range dimensions {
		if slices.Contains(r.Fields, d) && usable(values[d]) {
			return d, slices.Concat(dimensions[:i], dimensions[i+1:]), true
		}
	}
	return "", nil, false
}

// query asks for the day. Both dates are inclusive (parameters start_date and end_date of operation query).
func (r *report) query(filters []string, limit, offset int) url.Values {
	return url.Values{
		"start_date": {r.day.String()}, "end_date": {r.day.String()},
		"fields":  {strings.Join(r.Fields, ",")},
		"filters": slices.Concat(r.Filters, filters),
		"limit":   {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)},
	}
}
