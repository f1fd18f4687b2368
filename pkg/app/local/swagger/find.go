package swagger

import (
	"slices"
	"strings"
)

// Names of the datasets.
const (
	purchases  = "purchases"
	customers  = "customers"
	businesses = "businesses"
)

// names are the datasets in the order in which they are told, each with its noun.
var names = []struct{ dataset, noun string }{{purchases, "purchase"}, {customers, "customer"}, {businesses, "business"}}

// Words of a path that say nothing about what it serves.
var plainWords = []string{"api", "v", "list", "all", "get", "getall", "paged", "page", "active", "history", "record",
	"ticket", "for", "by", "date", "day", "range", "daterange", "bydate", "bydaterange", "between"}

var searchWords = []string{"search", "find", "lookup", "query", "autocomplete", "suggest", "typeahead", "match"}

// candidate is an operation that may serve a dataset.
type candidate struct {
	*operation
	score int
}

// candidates are the operations that can serve a dataset, the best first. blocked are those that would, but for a
// reason told.
func (r *Reference) candidates(dataset, noun string) (found []candidate, blocked map[string]string) {
	blocked = map[string]string{}
	for i := range r.operations {
		o := &r.operations[i]
		score := o.names(noun)
		if score < named { // a tag or a summary alone names what it has to do with, and not what it gives
			continue
		}
		if why := o.unfit(dataset, noun); why != "" {
			blocked[o.path] = why
			continue
		}
		found = append(found, candidate{o, score + o.fits(noun)})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return b.score - a.score })
	return found, blocked
}

// named is what names says at least of an operation that is called after a noun.
const named = 3

// names says how plainly an operation is called after a noun: 3 and more by its path, or by several of the others.
func (o *operation) names(noun string) int {
	n := 0
	switch at := slices.Index(o.pathWords, noun); {
	case at >= 0 && at == len(o.pathWords)-1:
		n = 6
	case at >= 0:
		n = 4
	case strings.Contains(strings.ToLower(o.path), noun):
		n = 3
	}
	for weight, in := range [][]string{1: o.sumWords, 2: o.tagWords} {
		if slices.Contains(in, noun) {
			n += weight
		}
	}
	if slices.Contains(o.idWords, noun) {
		n += 2
	}
	return n
}

// unfit says why an operation cannot serve a dataset whose noun it is called after; "" where it can.
func (o *operation) unfit(dataset, noun string) string {
	switch {
	case !o.answer.lists():
		return "answers no list"
	case dataset == purchases && len(o.ranges) == 0:
		return "takes no date range"
	case len(o.needs) > 0:
		return "needs " + strings.Join(o.needs, ", ") + ", which yardstick does not send"
	case dataset != purchases && slices.ContainsFunc(o.ranges, func(r dateRange) bool { return r.required }):
		return "needs a date range"
	case dataset != purchases && o.searches():
		return "is a search"
	case !o.about(noun):
		return "seems to serve something else"
	}
	return ""
}

// about says whether nothing but plain words follow the noun in the path: /business/types lists no businesses.
func (o *operation) about(noun string) bool {
	after := o.pathWords[slices.Index(o.pathWords, noun)+1:] // all of it where the noun is not in it as a word
	if len(after) == len(o.pathWords) {
		return o.others(noun) == 0
	}
	return !slices.ContainsFunc(after, func(w string) bool {
		return !slices.Contains(plainWords, w) && !slices.Contains(searchWords, w)
	})
}

func (o *operation) searches() bool {
	return slices.ContainsFunc(slices.Concat(o.pathWords, o.idWords, o.sumWords[:min(1, len(o.sumWords))]),
		func(w string) bool { return slices.Contains(searchWords, w) })
}

// others counts the path's nouns of other datasets.
func (o *operation) others(noun string) (n int) {
	for _, other := range names {
		if other.noun != noun && slices.Contains(o.pathWords, other.noun) {
			n++
		}
	}
	return n
}

// fits says how much an operation looks like a list that is read page by page.
func (o *operation) fits(noun string) (n int) {
	if !o.answer.openEnded() {
		n += 3
	}
	if o.paging.page != "" && o.paging.size != "" {
		n += 3
	}
	for _, w := range o.pathWords {
		if w != noun && !slices.Contains(plainWords, w) {
			n--
		}
	}
	n -= 4 * o.others(noun)
	if o.searches() {
		n -= 3
	}
	if o.deprecated {
		n -= 4
	}
	return n
}

// choose is the operation that serves a dataset: the one configured, if it can; else the one that fits best. Where
// several fit best, none is chosen and tied are their paths.
func choose(found []candidate, configured string) (best *operation, tied []string) {
	for _, c := range found {
		if c.path == configured {
			return c.operation, nil
		}
	}
	for _, c := range found {
		if samePath(c.path, configured) {
			return c.operation, nil
		}
	}
	for _, c := range found {
		if c.score == found[0].score {
			tied = append(tied, c.path)
		}
	}
	if len(tied) != 1 {
		return nil, tied
	}
	return found[0].operation, nil
}

// samePath says whether two paths lead to one place at a server that does not tell small letters from capitals.
func samePath(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/"))
}
