package simulator

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	defaultPageSize = 25
	longestRange    = 366 // days of purchases in one question
)

// page serves one page of a dataset.
func (y *Yard) page(c *call) *Reply {
	if c.Endpoint != Purchases {
		return y.cut(c, y.stock.list(c.Endpoint, time.Time{}))
	}
	days, err := y.days(c)
	if err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	all := make(chain, 0, len(days))
	for _, day := range days {
		all = append(all, y.stock.list(Purchases, day))
	}
	return y.cut(c, all)
}

// cut renders the page of a list that is asked for.
func (y *Yard) cut(c *call, all list) *Reply {
	number, err := positive(c.query, "page", 1)
	if err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	size, err := positive(c.query, "pageSize", defaultPageSize)
	if err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	size = min(size, y.cfg.MaxPageSize)
	if c.pageInstead != 0 {
		number = c.pageInstead
	}
	total := all.size()
	first := total
	if number-1 <= total/size {
		first = min((number-1)*size, total)
	}
	rows := all.records(first, min(first+size, total))
	if c.rows != nil {
		rows = slices.Values(c.rows(slices.Collect(rows)))
	}

	return y.envelop(rows, total, size)
}

// envelop puts the records of a page into the shape that the yard's answers have.
func (y *Yard) envelop(rows iter.Seq[string], total, size int) *Reply {
	body := make([]byte, 0, 1024+min(size, total)*768)
	body = append(body, `{"IsError":0,"Message":"Success.","Data":`...)
	if y.cfg.Nested != "" {
		body = fmt.Appendf(body, `{%q:`, y.cfg.Nested)
	}
	body = append(body, '[')
	comma := false
	for row := range rows {
		if comma {
			body = append(body, ',')
		}
		body = append(body, row...)
		comma = true
	}
	body = append(body, ']')
	if y.cfg.Total {
		body = fmt.Appendf(body, `,"TotalCount":%d`, total)
	}
	if y.cfg.Nested != "" {
		body = append(body, '}')
	}
	return jsonReply(http.StatusOK, append(body, '}'))
}

// days reads the range of a question for purchases: its days as midnights in UTC, in the order of serving.
func (y *Yard) days(c *call) ([]time.Time, error) {
	route := y.cfg.Routes[Purchases]
	from, err := date(c.query, route.From, route.Layout)
	if err != nil {
		return nil, err
	}
	to, err := date(c.query, route.To, route.Layout)
	if err != nil {
		return nil, err
	}
	if to.Before(from) {
		return nil, refusef("%s must not be after %s.", route.From, route.To)
	}
	if !route.ToExclusive {
		to = to.AddDate(0, 0, 1)
	}
	if to.After(from.AddDate(0, 0, longestRange)) {
		return nil, refusef("The date range must not exceed %d days.", longestRange)
	}
	var days []time.Time
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		days = append(days, day)
	}
	if y.cfg.Order == Descending {
		slices.Reverse(days)
	}
	return days, nil
}

func date(query url.Values, name, layout string) (time.Time, error) {
	text := query.Get(name)
	if text == "" {
		return time.Time{}, refusef("The %s parameter is required.", name)
	}
	day, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}, refusef("The value '%s' is not valid for %s.", text, name)
	}
	return day, nil
}

// positive reads a page number or a page size.
func positive(query url.Values, name string, missing int) (int, error) {
	if !query.Has(name) {
		return missing, nil
	}
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < 1 {
		return 0, refusef("The value '%s' is not valid for %s.", query.Get(name), name)
	}
	return n, nil
}

func refusef(format string, args ...any) refused { return refused(fmt.Sprintf(format, args...)) }
