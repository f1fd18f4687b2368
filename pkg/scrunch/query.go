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
var slicing = [...]string{"ai_platform", "stage", "branded", "prompt_id"}

// report reads one day of one report whole. The answer has no total and no order, so what follows it is asked for: where
// nothing does, it was whole. Where something does, the vendor caps its answers, and offsets over an answer without an
// order prove nothing: then the day is asked for in slices. What follows as many rows as the slices hold shows whether
// they hold all, whatever the filters make of a null.
type report struct {
	Report
	day     export.Day
	closed  bool // the day is over
	sink    *rows
	fetch   func(ctx context.Context, query url.Values, begin func() error, into taker) (int, error)
	proven  *longest // of this brand and report in this run
	answers int64    // that were whole
	cut     int      // rows of the longest answer that was cut off: a shorter one was not, which close makes sure of
}

func (r *report) read(ctx context.Context) (export.Proof, error) {
	sliced, err := r.slice(ctx, nil, slicing[:])
	if err != nil {
		return export.Proof{}, err
	}
	if sliced {
		if err := r.close(ctx); err != nil {
			return export.Proof{}, err
		}
	}
	twice, err := r.sink.twice()
	if err != nil {
		return export.Proof{}, err
	}
	if twice {
		return export.Proof{}, wire.Incomplete("rows came twice over %d answers: the slices of the day overlap, or it changed meanwhile", r.answers)
	}
	return export.Proof{Pages: r.answers}, nil
}

// slice reads the rows that the filters let through, in smaller slices by one of the dimensions where it has to.
func (r *report) slice(ctx context.Context, filters, dimensions []string) (sliced bool, err error) {
	mark, err := r.sink.mark()
	if err != nil {
		return false, err
	}
	back := func() error { return r.sink.rollback(mark) }
	count, err := r.fetch(ctx, r.query(filters, maxRows, 0), back, r.sink)
	if err != nil {
		return false, err
	}
	if count < r.cut || r.proven.covers(count) {
		r.answers++
		return false, nil
	}
	more, err := r.follows(ctx, filters, count)
	if err != nil {
		return false, err
	}
	if !more {
		r.proven.shown(count)
		r.answers++
		return false, nil
	}
	r.cut = max(r.cut, count)
	found := r.sink.values
	if err := back(); err != nil {
		return false, err
	}
	return true, r.inSlices(ctx, filters, count, &found, dimensions)
}

// follows says whether anything follows that many rows.
func (r *report) follows(ctx context.Context, filters []string, rows int) (bool, error) {
	n, err := r.fetch(ctx, r.query(filters, 1, rows), func() error { return nil }, unread{})
	if err != nil {
		return false, fmt.Errorf("what follows row %d: %w", rows, err)
	}
	return n > 0, nil
}

// inSlices asks for each value of a dimension by itself and for all other values by negation. found are the values that
// the answer before showed; limit is how many rows it had when it was cut off.
func (r *report) inSlices(ctx context.Context, filters []string, limit int, found *values, dimensions []string) error {
	dimension, texts, ok := r.choose(found, dimensions)
	if !ok || len(filters)+len(texts) > maxValues {
		return wire.Incomplete("an answer stops after %d rows although more follow, and %s has no dimension left to ask for it in slices: "+
			"it needs one of %s among its fields, without nulls and with at most %d values", limit, r.Name, strings.Join(slicing[:], ", "), maxValues)
	}
	others := slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return d == dimension })
	rest := slices.Clone(filters)
	for _, text := range texts {
		not := dimension + ":!" + text
		if slices.Contains(filters, not) {
			return wire.Incomplete("an answer of %s holds a value of %s that a filter keeps out: it cannot be asked for in slices", r.Name, dimension)
		}
		if _, err := r.slice(ctx, append(slices.Clone(filters), dimension+":"+text), others); err != nil {
			return err
		}
		rest = append(rest, not)
	}
	_, err := r.slice(ctx, rest, dimensions) // the values that were not shown
	return err
}

// choose picks the first dimension that the report has and whose values can be asked for.
func (r *report) choose(found *values, dimensions []string) (dimension string, texts []string, ok bool) {
	for _, d := range dimensions {
		if texts, ok := found.texts(d); ok && slices.Contains(r.Fields, d) {
			return d, texts, true
		}
	}
	return "", nil, false
}

// close shows that the slices hold every row, by what follows as many rows when the day is asked for whole.
func (r *report) close(ctx context.Context) error {
	held := r.sink.count
	more, err := r.follows(ctx, nil, held)
	switch {
	case err != nil:
		return err
	case more && !r.closed:
		return fmt.Errorf("%w: its slices hold %d rows, and there are more", export.ErrMoving, held)
	case more:
		return wire.Incomplete("the slices hold %d rows of the day, and there are more: some have a value that no filter lets through, "+
			"or the day changed meanwhile", held)
	}
	return nil
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
