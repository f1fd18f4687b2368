package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scrunchCall is a request with what the log must not hold, and with what a fault changed of it.
type scrunchCall struct {
	Request
	route  *scrunchRoute // nil where nothing is served
	brand  string        // as it stands in the path
	values url.Values
	key    string

	pageInstead int
	rows        func([]string) []string
}

// receive reads a request and puts it into the log.
func (s *Scrunch) receive(r *http.Request) *scrunchCall {
	values := r.URL.Query()
	c := &scrunchCall{values: values, key: bearer(r.Header.Get("Authorization"))}
	if path, ok := strings.CutPrefix(r.URL.Path, scrunchBase); ok {
		for i := range s.routes {
			if brand, ok := s.routes[i].match(path); ok {
				c.route, c.brand = &s.routes[i], brand
				break
			}
		}
	}
	c.Request = Request{
		Time: s.cfg.Now(), Method: r.Method, Path: r.URL.Path, Query: url.Values{}, Credential: shortHash(c.key),
		Brand: number(c.brand), Limit: number(values.Get("limit")), Offset: number(values.Get("offset")),
		From: values.Get("start_date"), To: values.Get("end_date"),
	}
	if c.route != nil {
		c.Endpoint = c.route.endpoint
	}
	for name, v := range values {
		c.Query[name] = []string{"(not kept)"}
		if c.route != nil && c.route.takes(name) {
			c.Query[name] = v
		}
	}
	s.journal.arrived(&c.Request)
	return c
}

// params reads the parameters of a call, and keeps what is wrong with them.
type params struct {
	values url.Values
	faults []invalid
}

// text gives the last one of a name: "" where there is none.
func (p *params) text(name string) string {
	all := p.values[name]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func (p *params) path(name, value string) int {
	n, err := strconv.Atoi(value)
	if err != nil {
		p.refuse(intParsing([]string{"path", name}, value))
	}
	return n
}

// integer reads a number that is at least low and at most high.
func (p *params) integer(name string, missing, low, high int) int {
	if !p.values.Has(name) {
		return missing
	}
	text, loc := p.text(name), []string{"query", name}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		p.refuse(intParsing(loc, text))
	case n < low:
		p.refuse(invalid{Type: "greater_than_equal", Loc: loc, Input: text, Ctx: map[string]any{"ge": low},
			Msg: fmt.Sprintf("Input should be greater than or equal to %d", low)})
	case n > high:
		p.refuse(invalid{Type: "less_than_equal", Loc: loc, Input: text, Ctx: map[string]any{"le": high},
			Msg: fmt.Sprintf("Input should be less than or equal to %d", high)})
	}
	return n
}

// choice reads one of some values.
func (p *params) choice(name, missing string, of []string) string {
	if !p.values.Has(name) {
		return missing
	}
	text := p.text(name)
	if !slices.Contains(of, text) {
		last := len(of) - 1
		expected := "'" + strings.Join(of[:last], "', '") + "' or '" + of[last] + "'"
		p.refuse(invalid{Type: "enum", Loc: []string{"query", name}, Input: text, Ctx: map[string]any{"expected": expected},
			Msg: "Input should be " + expected})
	}
	return text
}

// flag reads a truth value; given is false where there is none.
func (p *params) flag(name string) (value, given bool) {
	if !p.values.Has(name) {
		return false, false
	}
	text := p.text(name)
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return true, true
	case "false", "0", "no", "off":
		return false, true
	}
	p.refuse(invalid{Type: "bool_parsing", Loc: []string{"query", name}, Input: text,
		Msg: "Input should be a valid boolean, unable to interpret input"})
	return false, false
}

func (p *params) refuse(fault invalid) { p.faults = append(p.faults, fault) }

func intParsing(loc []string, text string) invalid {
	return invalid{Type: "int_parsing", Loc: loc, Input: text,
		Msg: "Input should be a valid integer, unable to parse string as an integer"}
}

// dates reads start_date and end_date, which the vendor's framework takes for mere text.
func (p *params) dates(start, end time.Time) (from, to time.Time, err error) {
	if from, err = p.date("start_date", start); err != nil {
		return from, to, err
	}
	if to, err = p.date("end_date", end); err != nil {
		return from, to, err
	}
	if to.Before(from) {
		return from, to, refusef("start_date must not be after end_date")
	}
	return from, to, nil
}

func (p *params) date(name string, missing time.Time) (time.Time, error) {
	text := p.text(name)
	if text == "" {
		return missing, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, refusef("Invalid %s '%s'. Expected format: YYYY-MM-DD", name, text)
	}
	return day, nil
}
