package swagger

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// paging is how an operation's pages are asked for.
type paging struct {
	page, size string // names of the parameters; "": none is told
	max        int    // of the page's size; 0: not told
}

// Names of paging parameters in small letters, without what joins their words.
var (
	pageNames = []string{"page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage", "offset", "skip"}
	sizeNames = []string{"pagesize", "perpage", "limit", "take", "size", "pagelimit", "pagecount", "maxresults",
		"recordsperpage", "itemsperpage", "rowsperpage"}
)

// take keeps a parameter if it is one of paging. The vendor's own names win over others that look like them.
func (g *paging) take(p *openapi3.Parameter) bool {
	name := strings.ToLower(p.Name[strings.LastIndexByte(p.Name, '.')+1:]) // "paging.page"
	name = strings.NewReplacer("_", "", "-", "").Replace(name)
	switch {
	case slices.Contains(pageNames, name):
		if g.page == "" || strings.EqualFold(p.Name, "page") {
			g.page = p.Name
		}
	case slices.Contains(sizeNames, name):
		if g.size == "" || strings.EqualFold(p.Name, "pageSize") {
			g.size, g.max = p.Name, maximum(p)
		}
	default:
		return false
	}
	return true
}

var saidMaximum = regexp.MustCompile(`(?i)\b(?:max(?:imum)?|at most|up to|no more than|(?:limited|capped) (?:to|at))\b` +
	`[^0-9.]{0,30}([0-9]{1,6})\b`)

// maximum is the largest value of a parameter, by its schema or else its description; 0 where neither tells it.
func maximum(p *openapi3.Parameter) int {
	if s := schemaOf(p); s != nil {
		var bound float64
		switch {
		case s.Max != nil:
			if bound = *s.Max; s.ExclusiveMax.Bool != nil && *s.ExclusiveMax.Bool {
				bound--
			}
		case s.ExclusiveMax.Value != nil:
			bound = *s.ExclusiveMax.Value - 1
		}
		if bound >= 1 && bound < 1<<31 {
			return int(bound)
		}
	}
	for _, text := range describedBy(p) {
		if match := saidMaximum.FindStringSubmatch(text); match != nil {
			n, _ := strconv.Atoi(match[1]) // six digits at most
			return n
		}
	}
	return 0
}

// describedBy are the texts that say what a parameter's values are.
func describedBy(p *openapi3.Parameter) []string {
	texts := []string{p.Description}
	if s := schemaOf(p); s != nil {
		texts = append(texts, s.Description)
		for _, example := range append([]any{s.Example, s.Default}, s.Examples...) {
			if text, ok := example.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	if text, ok := p.Example.(string); ok {
		texts = append(texts, text)
	}
	return texts
}

// dateRange is a pair of parameters for the first and the last day.
type dateRange struct {
	from, to string
	stem     string // what else their names say: "ticket" of ticketFrom and ticketTo
	required bool   // both
	format   string // of the values, as a description calls it: "date", "date-time" or ""
	layout   string // Go's, where a text shows how values are spelt; else ""
	end      end
}

// end is what a description says of the last day.
type end int

const (
	notTold end = iota
	inclusive
	exclusive
)

// role is what a parameter's name makes it.
type role int

const (
	neither role = iota
	first
	last
)

var (
	firstWords = []string{"from", "start", "begin", "since", "after", "starting", "beginning"}
	lastWords  = []string{"to", "end", "until", "till", "thru", "through", "before", "ending"}
	dateWords  = []string{"date", "datetime", "time", "day", "dt", "utc", "on", "at"}
)

// dateRole tells whether a parameter is the first or the last day of a range. What holds numbers is none.
func dateRole(p *openapi3.Parameter) role {
	if s := schemaOf(p); s != nil && s.Type != nil && !s.Type.Includes(openapi3.TypeString) {
		return neither
	}
	r, _ := roleOf(p.Name)
	return r
}

// roleOf takes a name apart into its role and what else it says, less the words for a date.
func roleOf(name string) (r role, stem string) {
	var rest []string
	for _, w := range dateNameWords(name) {
		switch {
		case slices.Contains(firstWords, w) && r == neither:
			r = first
		case slices.Contains(lastWords, w) && r == neither:
			r = last
		case !slices.Contains(dateWords, w):
			rest = append(rest, w)
		}
	}
	return r, strings.Join(rest, " ")
}

var joinedName = regexp.MustCompile(`^(from|start|begin|since|to|end|until)(date|time|datetime|day|dt)$|` +
	`^(date|time|datetime|day|dt)(from|start|begin|since|to|end|until)$`)

// dateNameWords are the words of a name, of one written in small letters throughout too ("startdate").
func dateNameWords(name string) []string {
	all := words(name)
	if len(all) != 1 {
		return all
	}
	if match := joinedName.FindStringSubmatch(all[0]); match != nil {
		return slices.DeleteFunc(match[1:], func(w string) bool { return w == "" })
	}
	return all
}

// pair joins first and last days whose names say the same otherwise. What is left over has no partner.
func pair(dates []*openapi3.Parameter) (ranges []dateRange, left []*openapi3.Parameter) {
	taken := make([]bool, len(dates))
	for i, from := range dates {
		if r, stem := roleOf(from.Name); r == first {
			for j, to := range dates {
				if r, other := roleOf(to.Name); r == last && other == stem && !taken[j] && !taken[i] {
					ranges = append(ranges, newRange(from, to, stem))
					taken[i], taken[j] = true, true
				}
			}
		}
	}
	for i, p := range dates {
		if !taken[i] {
			left = append(left, p)
		}
	}
	return ranges, left
}

func newRange(from, to *openapi3.Parameter, stem string) dateRange {
	r := dateRange{from: from.Name, to: to.Name, stem: stem, required: from.Required && to.Required}
	if s := schemaOf(from); s != nil && (s.Format == "date" || s.Format == "date-time") {
		r.format = s.Format
	}
	for _, text := range append(describedBy(from), describedBy(to)...) {
		if r.layout == "" {
			r.layout = layoutIn(text)
		}
	}
	r.end = endOf(to)
	return r
}

var (
	saysInclusive = regexp.MustCompile(`(?i)\b(inclusive|included|including|last day)\b`)
	saysExclusive = regexp.MustCompile(`(?i)\b(exclusive|excluded|excluding|(day|date) after|not included|(but )?not including)\b`)
	saysNot       = regexp.MustCompile(`(?i)\b(non|not)[- ]?(exclusive|inclusive)\b`)
)

// endOf reads whether the day that a parameter names is among the days. A text that says both tells nothing.
func endOf(p *openapi3.Parameter) end {
	text := p.Description
	if s := schemaOf(p); s != nil {
		text += " " + s.Description
	}
	if saysNot.MatchString(text) {
		return notTold
	}
	without := saysExclusive.ReplaceAllString(text, "")
	switch out, in := without != text, saysInclusive.MatchString(without); {
	case out && !in:
		return exclusive
	case in && !out:
		return inclusive
	}
	return notTold
}
