package simulator

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// join is a list of an observation over which a report multiplies it: a bit each.
type join uint

const (
	joinTags join = 1 << iota
	joinTopics
	joinCitations
	joinRivals
)

// joined is an observation and one element of each list that a report joins: -1 where it joins none, or the list is
// empty. That is what filters see, and what is grouped.
type joined struct {
	*observation
	tag, topic, citation, rival int
}

// dimension is what a report can be grouped by. Values have codes, which belong to a brand; -1 is null.
type dimension struct {
	name       string
	over       join // 0 where an observation has one value
	filterable bool
	code       func(joined) int
	form       form
}

// form is how the values of a dimension are spelt.
type form interface {
	append(dst []byte, b *brand, code int) []byte
	// parse gives the code of a value in a filter: ok is false where the brand has no such value, and expected is what
	// the vendor wants where it is of the wrong kind.
	parse(b *brand, text string) (code int, ok bool, expected string)
}

// dimensions are all that the vendor supports, by name.
func dimensions(numericDates bool) map[string]*dimension {
	byName := map[string]*dimension{}
	for _, d := range slices.Concat(periodDimensions(numericDates), singleDimensions(), joinedDimensions()) {
		byName[d.name] = &d
	}
	return byName
}

// dimensionNames are in the order in which the vendor describes them.
func dimensionNames() []string {
	return []string{
		"date", "date_week", "date_month", "date_quarter", "date_year", "prompt_id", "prompt", "persona_id", "persona_name",
		"ai_platform", "ai_platform_search_enabled", "tag", "source_url", "source_type", "source_domain", "competitor_id",
		"competitor_name", "branded", "stage", "prompt_topic", "country", "position_bucket", "sentiment_band",
	}
}

func periodDimensions(numeric bool) []dimension {
	plain, quarter := period{numeric: numeric}, period{quarter: true}
	of := func(f func(time.Time) int) func(joined) int { return func(j joined) int { return f(j.day.date) } }
	return []dimension{
		{"date", 0, true, of(func(t time.Time) int { return 10_000*t.Year() + 100*int(t.Month()) + t.Day() }), plain},
		{"date_week", 0, true, of(func(t time.Time) int {
			year, week := t.ISOWeek()
			return 100*year + week
		}), plain},
		{"date_month", 0, true, of(func(t time.Time) int { return 100*t.Year() + int(t.Month()) }), plain},
		{"date_quarter", 0, true, of(func(t time.Time) int { return 10*t.Year() + (int(t.Month())+2)/3 }), quarter},
		{"date_year", 0, true, of(time.Time.Year), plain},
	}
}

func singleDimensions() []dimension {
	table := func(words []string) wordForm { return func(*brand) []string { return words } }
	return []dimension{
		{"prompt_id", 0, true, func(j joined) int { return j.prompt.number }, idForm((*brand).firstPrompt)},
		{"prompt", 0, false, func(j joined) int { return j.prompt.number }, promptForm{}},
		{"persona_id", 0, true, func(j joined) int { return j.prompt.persona },
			idForm(func(b *brand) int { return b.personaID(0) })},
		{"persona_name", 0, true, func(j joined) int { return j.prompt.persona },
			wordForm(func(b *brand) []string { return b.personas })},
		{"ai_platform", 0, true, func(j joined) int { return j.platform },
			wordForm(func(b *brand) []string { return b.platformNames })},
		{"ai_platform_search_enabled", 0, true, func(j joined) int { return truth(j.searched) }, flagForm{}},
		{"branded", 0, true, func(j joined) int { return truth(j.prompt.branded) }, flagForm{}},
		{"stage", 0, true, func(j joined) int { return j.prompt.stage },
			wordForm(func(b *brand) []string { return b.stages })},
		{"country", 0, true, func(j joined) int { return j.country }, table(countries[:])},
		{"position_bucket", 0, true, func(j joined) int { return j.brand.position }, table(positions[:])},
		{"sentiment_band", 0, true, func(j joined) int { return j.brand.sentiment }, table(sentiments[:])},
	}
}

func joinedDimensions() []dimension {
	cited := func(f func(joined, citation) int) func(joined) int {
		return func(j joined) int {
			if j.citation < 0 {
				return -1
			}
			return f(j, j.citations[j.citation])
		}
	}
	rival := func(j joined) int { return j.rival }
	return []dimension{
		{"tag", joinTags, true, func(j joined) int { return j.tag },
			wordForm(func(b *brand) []string { return b.theme.tags })},
		{"prompt_topic", joinTopics, true, func(j joined) int { return j.topic },
			wordForm(func(b *brand) []string { return b.theme.topics })},
		{"source_url", joinCitations, false,
			cited(func(_ joined, c citation) int { return c.host*len(pages) + c.page }), urlForm{}},
		{"source_type", joinCitations, false, cited(func(j joined, c citation) int { return j.day.hosts[c.host].owner }),
			wordForm(func(*brand) []string { return sources[:] })},
		{"source_domain", joinCitations, false, cited(func(_ joined, c citation) int { return c.host }),
			wordForm(func(b *brand) []string { return b.hostNames })},
		{"competitor_id", joinRivals, true, rival, idForm(func(b *brand) int { return b.rivals[0].id })},
		{"competitor_name", joinRivals, true, rival, wordForm(func(b *brand) []string { return b.rivalNames })},
	}
}

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

// wordForm is a text out of those that a brand has.
type wordForm func(*brand) []string

func (f wordForm) append(dst []byte, b *brand, code int) []byte { return appendText(dst, f(b)[code]) }

func (f wordForm) parse(b *brand, text string) (int, bool, string) {
	code := slices.Index(f(b), text)
	return code, code >= 0, ""
}

// idForm is a number that counts on from a brand's first one.
type idForm func(*brand) int

func (f idForm) append(dst []byte, b *brand, code int) []byte { return appendInt(dst, f(b)+code) }

func (f idForm) parse(b *brand, text string) (int, bool, string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, false, "an integer"
	}
	return n - f(b), n >= f(b), ""
}

type flagForm struct{}

func (flagForm) append(dst []byte, _ *brand, code int) []byte {
	return strconv.AppendBool(dst, code == 1)
}

func (flagForm) parse(_ *brand, text string) (int, bool, string) {
	if text != "true" && text != "false" {
		return 0, false, "true or false"
	}
	return truth(text == "true"), true, ""
}

// period is a date, week, month, year or quarter; its code is what its digits say.
type period struct{ numeric, quarter bool }

func (f period) append(dst []byte, _ *brand, code int) []byte {
	switch {
	case f.quarter:
		dst = append(appendInt(append(dst, '"'), code/10), 'Q')
		return append(appendInt(dst, code%10), '"')
	case f.numeric:
		return appendInt(dst, code)
	default:
		return append(appendInt(append(dst, '"'), code), '"')
	}
}

func (f period) parse(_ *brand, text string) (int, bool, string) {
	expected := "digits, such as 20261122 for a date"
	if f.quarter {
		year, quarter, ok := strings.Cut(text, "Q")
		if !ok {
			return 0, false, "a quarter such as 2026Q4"
		}
		text, expected = year+quarter, "a quarter such as 2026Q4"
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, false, expected
	}
	return n, true, ""
}

// promptForm is the text of a prompt. No filter asks for it.
type promptForm struct{}

func (promptForm) append(dst []byte, b *brand, code int) []byte {
	return append(b.appendPromptText(append(dst, '"'), code), '"')
}

func (promptForm) parse(*brand, string) (int, bool, string) { return 0, false, "" }

// urlForm is the address of a page. No filter asks for it.
type urlForm struct{}

func (urlForm) append(dst []byte, b *brand, code int) []byte {
	return b.hosts[code/len(pages)].appendURL(dst, code%len(pages))
}

func (urlForm) parse(*brand, string) (int, bool, string) { return 0, false, "" }
