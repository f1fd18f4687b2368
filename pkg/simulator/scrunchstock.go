package simulator

import (
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// shelf names a list of records: of a brand, of a day. Brand and day are left out where a list has none.
type shelf struct {
	endpoint string
	brand    int
	day      string
}

// scrunchStock is what somebody wrote in place of what is generated.
type scrunchStock struct {
	editing sync.Mutex // one change at a time

	mu      sync.Mutex
	written map[shelf]fixed
	sizes   map[shelf]int // answers of a day, where SetResponseCount said so
}

func newScrunchStock() *scrunchStock {
	return &scrunchStock{written: map[shelf]fixed{}, sizes: map[shelf]int{}}
}

// find gives the records that somebody wrote.
func (s *scrunchStock) find(at shelf) (fixed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, ok := s.written[at]
	return rows, ok
}

func (s *scrunchStock) write(at shelf, rows fixed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written[at] = rows
}

func (s *scrunchStock) size(at shelf) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.sizes[at]
	return n, ok
}

func shelfOf(endpoint string, brand int, day time.Time) shelf {
	if endpoint != Responses && endpoint != Query {
		return shelf{endpoint: endpoint, brand: brand}
	}
	return shelf{endpoint, brand, day.Format(time.DateOnly)}
}

// list gives the records of a listing, or of a day of responses.
func (s *Scrunch) list(endpoint string, brand int, day time.Time) list {
	if rows, ok := s.stock.find(shelfOf(endpoint, brand, day)); ok {
		return rows
	}
	if endpoint == Brands {
		return s.brandRecords()
	}
	b := s.brands[brand-FirstBrand]
	switch endpoint {
	case Responses:
		return s.answers(b, day)
	case Prompts:
		return made{b.cfg.Prompts, b.appendPrompt}
	case Competitors:
		return made{len(b.rivals), b.appendCompetitor}
	default:
		return made{len(b.personas), b.appendPersona}
	}
}

// answers gives what can be seen now of a brand's day.
func (s *Scrunch) answers(b *brand, date time.Time) answers {
	day := newBrandDay(b, date)
	if n, ok := s.stock.size(shelfOf(Responses, b.id, date)); ok {
		day.n, day.runs, day.whole = n, 1, true
	}
	return day.answers(s.cfg.Now())
}

// brandRecords gives the brands that are not archived.
func (s *Scrunch) brandRecords() (rows fixed) {
	for _, b := range s.brands {
		if s.ring.state(b.id) != Archived {
			rows = append(rows, string(b.appendBrand(nil)))
		}
	}
	return rows
}

// made is a list whose records are made when they are asked for.
type made struct {
	n     int
	write func(dst []byte, i int) []byte
}

func (m made) size() int { return m.n }

func (m made) records(from, to int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := from; i < to; i++ {
			if !yield(string(m.write(nil, i))) {
				return
			}
		}
	}
}

func (b *brand) appendBrand(dst []byte) []byte {
	dst = appendInt(append(dst, `{"id":`...), b.id)
	dst = appendText(append(dst, `,"name":`...), b.name)
	return append(appendText(append(dst, `,"website":`...), "https://www."+b.domain), '}')
}

func (b *brand) appendPrompt(dst []byte, i int) []byte {
	p := b.prompt(i)
	dst = appendInt(append(dst, `{"id":`...), b.firstPrompt()+i)
	dst = b.appendPromptText(append(dst, `,"text":"`...), i)
	dst = appendWord(append(dst, `","stage":`...), b.stages, p.stage)
	dst = append(dst, `,"persona_id":`...)
	if p.persona < 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendInt(dst, b.personaID(p.persona))
	}
	dst = appendTexts(append(dst, `,"platforms":`...), b.cfg.Platforms)
	dst = appendTexts(append(dst, `,"tags":`...), names(p.tags, b.theme.tags))
	dst = appendTexts(append(dst, `,"topics":`...), names(p.topics, b.theme.topics))
	dst = fmt.Appendf(dst, `,"branded":%t,"favorite":%t,"status":`, p.branded, p.favorite)
	status := "active"
	if p.archived {
		status = "archived"
	}
	dst = append(appendText(dst, status), `,"created_at":"`...)
	return append(p.created.AppendFormat(dst, time.RFC3339), `"}`...)
}

func (b *brand) appendCompetitor(dst []byte, k int) []byte {
	r := b.rivals[k]
	dst = appendInt(append(dst, `{"id":`...), r.id)
	dst = appendText(append(dst, `,"name":`...), r.name)
	dst = append(dst, `,"alternative_names":[],"excluded_names":[],"websites":`...)
	dst = appendTexts(dst, []string{"https://www." + r.domain})
	return append(dst, `,"case_sensitive":false}`...)
}

func (b *brand) appendPersona(dst []byte, k int) []byte {
	dst = appendInt(append(dst, `{"id":`...), b.personaID(k))
	dst = appendText(append(dst, `,"name":`...), b.personas[k])
	about := b.theme.personas[k%len(b.theme.personas)].about
	return append(appendText(append(dst, `,"description":`...), about), '}')
}

// SetRecords replaces what an endpoint serves by raw records, byte for byte in the order given, not looked at unless a
// caller filters by what is in them. brand is 0 for Brands; day is a date such as "2026-11-22" for Responses and Query,
// and "" for the others. With Query they are that day's rows in every report, whatever fields and filters it asks for.
// It panics on an endpoint, a brand or a day that is none.
func (s *Scrunch) SetRecords(endpoint string, brand int, day string, raw []string) {
	s.stock.editing.Lock()
	defer s.stock.editing.Unlock()
	s.stock.write(s.mustShelf(endpoint, brand, day), slices.Clone(raw))
}

// Records is what an endpoint has to serve to a key of every brand, in the order of serving and with nothing filtered
// out. The arguments are as in SetRecords; it panics on Query, whose rows depend on what is asked.
func (s *Scrunch) Records(endpoint string, brand int, day string) []string {
	at := s.mustShelf(endpoint, brand, day)
	if endpoint == Query {
		panic("simulator: the rows of a query depend on what is asked; only SetRecords takes it")
	}
	date, _ := time.Parse(time.DateOnly, at.day) // it is a date, or has none
	l := s.list(endpoint, brand, date)
	return slices.Collect(l.records(0, l.size()))
}

// Insert puts raw records before position at of the order of serving: 0 is before the first, -1 after the last. The
// other arguments are as in Records; it panics where those positions do not exist.
func (s *Scrunch) Insert(endpoint string, brand int, day string, at int, raw ...string) {
	s.change(endpoint, brand, day, func(rows []string) []string {
		if at == -1 {
			at = len(rows)
		}
		return slices.Insert(rows, at, raw...)
	})
}

// Remove takes n records out of the order of serving, from position at on. The other arguments are as in Records; it
// panics where those positions do not exist.
func (s *Scrunch) Remove(endpoint string, brand int, day string, at, n int) {
	s.change(endpoint, brand, day, func(rows []string) []string { return slices.Delete(rows, at, at+n) })
}

func (s *Scrunch) change(endpoint string, brand int, day string, f func([]string) []string) {
	s.stock.editing.Lock()
	defer s.stock.editing.Unlock()
	rows := f(slices.Clone(s.Records(endpoint, brand, day)))
	s.stock.write(s.mustShelf(endpoint, brand, day), rows)
}

// SetResponseCount gives a day of a brand n answers, in place of whatever it has: each to another prompt or from another
// platform, so that a report by prompt and platform has n rows. They are made when they are asked for, so that a day of
// 100,000 is cheap. Its prompts need not be in the listing. It panics on more than 9,999,999.
func (s *Scrunch) SetResponseCount(brand int, day string, n int) {
	at := s.mustShelf(Responses, brand, day)
	if n < 0 || n >= answersPerDay {
		panic(fmt.Sprintf("simulator: %d answers on a day; expected 0 to %d", n, answersPerDay-1))
	}
	s.stock.editing.Lock()
	defer s.stock.editing.Unlock()
	s.stock.mu.Lock()
	defer s.stock.mu.Unlock()
	s.stock.sizes[at] = n
	delete(s.stock.written, at)
}

// mustShelf reads where records are, as tests name it.
func (s *Scrunch) mustShelf(endpoint string, brand int, day string) shelf {
	if endpoint == Brands {
		if brand != 0 || day != "" {
			panic(fmt.Sprintf("simulator: brands have no brand and no day; found %d and %q", brand, day))
		}
		return shelf{endpoint: Brands}
	}
	s.mustBrand(brand)
	switch endpoint {
	case Prompts, Competitors, Personas:
		if day != "" {
			panic(fmt.Sprintf("simulator: %s is a listing and has no day; found %q", endpoint, day))
		}
	case Responses, Query:
		date, err := time.Parse(time.DateOnly, day)
		if err != nil || date.Before(scrunchOpening()) || !date.Before(scrunchClosing()) {
			panic(fmt.Sprintf("simulator: %s needs a day such as 2026-11-22, from %s on; found %q",
				endpoint, scrunchOpening().Format(time.DateOnly), day))
		}
	default:
		panic(fmt.Sprintf("simulator: Scrunch has no endpoint %q", endpoint))
	}
	return shelf{endpoint, brand, day}
}

func (s *Scrunch) mustBrand(id int) {
	if !s.cfg.has(id) {
		panic(fmt.Sprintf("simulator: no brand %d; there are %d to %d", id, FirstBrand, FirstBrand+s.cfg.Brands-1))
	}
}
