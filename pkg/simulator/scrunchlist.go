package simulator

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const defaultLimit = 100 // of the listings

// pageRange is which rows of a listing are asked for.
type pageRange struct{ limit, offset int }

func (c *scrunchCall) pageRange(p *params) pageRange {
	r := pageRange{p.integer("limit", defaultLimit, 1, math.MaxInt32), p.integer("offset", 0, 0, math.MaxInt)}
	if c.pageInstead != 0 {
		r.offset = (c.pageInstead - 1) * r.limit
	}
	return r
}

func (s *Scrunch) listBrands(c *scrunchCall, p *params) scrunchWork {
	at := c.pageRange(p)
	return func(_ *brand, key ScrunchKey) *Reply {
		all := s.list(Brands, 0, time.Time{})
		if key.Brands != nil {
			all = sift(all, "", func(r listed) bool { return key.mayRead(r.ID) })
		}
		return s.listing(c, all, at)
	}
}

// listPlain serves a listing that has no filters.
func (s *Scrunch) listPlain(c *scrunchCall, p *params) scrunchWork {
	at := c.pageRange(p)
	return func(b *brand, _ ScrunchKey) *Reply { return s.listing(c, s.list(c.Endpoint, b.id, time.Time{}), at) }
}

func (s *Scrunch) listPrompts(c *scrunchCall, p *params) scrunchWork {
	at := c.pageRange(p)
	status := p.choice("status", "active", []string{"active", "archived", "all"})
	stage := p.text("stage")
	return func(b *brand, _ ScrunchKey) *Reply {
		all := s.list(Prompts, b.id, time.Time{})
		if status != "all" || stage != "" {
			all = sift(all, "", func(r listed) bool {
				return (status == "all" || r.Status == status) && (stage == "" || r.Stage == stage)
			})
		}
		return s.listing(c, all, at)
	}
}

// listResponses serves the answers of some days, the last one not among them.
func (s *Scrunch) listResponses(c *scrunchCall, p *params) scrunchWork {
	at := c.pageRange(p)
	fits := responseFilter(p)
	return func(b *brand, _ ScrunchKey) *Reply {
		from, end, err := p.dates(scrunchOpening(), s.today().AddDate(0, 0, 1))
		if err != nil {
			return detail(http.StatusBadRequest, err.Error())
		}
		var all chain
		for _, day := range days(from, end) {
			all = append(all, s.list(Responses, b.id, day))
		}
		if s.cfg.Order == Descending {
			slices.Reverse(all)
		}
		if fits != nil {
			return s.listing(c, sift(all, "", fits), at)
		}
		return s.listing(c, all, at)
	}
}

// responseFilter says which answers are asked for: nil for all of them.
func responseFilter(p *params) func(listed) bool {
	platform := p.choice("platform", "", platformNames())
	prompt := p.integer("prompt_id", -1, math.MinInt, math.MaxInt)
	persona := p.integer("persona_id", -1, math.MinInt, math.MaxInt)
	shopping, given := p.flag("has_shopping_data")
	stage := p.text("stage")
	if platform == "" && prompt == -1 && persona == -1 && !given && stage == "" {
		return nil
	}
	return func(r listed) bool {
		return (platform == "" || r.Platform == platform) &&
			(prompt == -1 || r.PromptID == prompt) &&
			(persona == -1 || (r.PersonaID != nil && *r.PersonaID == persona)) &&
			(stage == "" || r.Stage == stage) &&
			(!given || (len(r.Shopping) > 0) == shopping)
	}
}

// listed is what a record can be filtered by.
type listed struct {
	ID        int               `json:"id"`
	Status    string            `json:"status"`
	Stage     string            `json:"stage"`
	Platform  string            `json:"platform"`
	PromptID  int               `json:"prompt_id"`
	PersonaID *int              `json:"persona_id"`
	Shopping  []json.RawMessage `json:"shopping_results"`
}

// listing serves a part of a list in the envelope of the vendor's listings.
func (s *Scrunch) listing(c *scrunchCall, all list, at pageRange) *Reply {
	if s.cfg.MaxLimit > 0 {
		at.limit = min(at.limit, s.cfg.MaxLimit)
	}
	total := all.size()
	from := min(at.offset, total)
	rows := all.records(from, min(total, from+at.limit))
	if c.rows != nil {
		rows = slices.Values(c.rows(slices.Collect(rows)))
	}
	body := strconv.AppendInt([]byte(`{"total":`), int64(total), 10)
	body = appendInt(append(body, `,"offset":`...), at.offset)
	body = appendInt(append(body, `,"limit":`...), at.limit)
	body = append(body, `,"items":[`...)
	comma := false
	for row := range rows {
		if comma {
			body = append(body, ',')
		}
		body = append(body, row...)
		comma = true
	}
	return vendorJSON(http.StatusOK, append(body, "]}"...))
}

// today is the midnight in UTC with which the day of the clock began.
func (s *Scrunch) today() time.Time { return s.cfg.Now().UTC().Truncate(24 * time.Hour) }
