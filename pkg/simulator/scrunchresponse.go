package simulator

import (
	"strconv"
	"time"
)

// appendResponse writes an observation as a record of /responses.
func (o *observation) appendResponse(dst []byte) []byte {
	b := o.day.brand
	dst = appendInt(append(dst, `{"id":`...), b.answerID(o))
	dst = append(dst, `,"created_at":"`...)
	dst = o.collected.AppendFormat(dst, time.RFC3339)
	dst = appendInt(append(dst, `","prompt_id":`...), b.firstPrompt()+o.prompt.number)
	dst = b.appendPromptText(append(dst, `,"prompt":"`...), o.prompt.number)
	dst = append(dst, `","persona_id":`...)
	if o.prompt.persona < 0 {
		dst = append(dst, `null,"persona_name":null`...)
	} else {
		dst = appendInt(dst, b.personaID(o.prompt.persona))
		dst = appendText(append(dst, `,"persona_name":`...), b.personas[o.prompt.persona])
	}
	dst = appendWord(append(dst, `,"country":`...), countries[:], o.country)
	dst = appendWord(append(dst, `,"stage":`...), b.stages, o.prompt.stage)
	dst = strconv.AppendBool(append(dst, `,"branded":`...), o.prompt.branded)
	dst = appendTexts(append(dst, `,"tags":`...), names(o.prompt.tags, b.theme.tags))
	dst = appendTexts(append(dst, `,"key_topics":`...), names(o.prompt.topics, b.theme.topics))
	dst = appendText(append(dst, `,"platform":`...), b.platforms[o.platform].name)
	dst = strconv.AppendBool(append(dst, `,"brand_present":`...), o.brand.position >= 0)
	dst = appendWord(append(dst, `,"brand_sentiment":`...), sentiments[:], o.brand.sentiment)
	dst = appendWord(append(dst, `,"brand_position":`...), positions[:], o.brand.position)
	dst = appendTexts(append(dst, `,"competitors_present":`...), o.rivalsPresent())
	dst = o.appendAnswerText(append(dst, `,"response_text":"`...))
	dst = o.appendCitations(append(dst, `","citations":[`...))
	dst = o.appendRivals(append(dst, `],"competitors":[`...))
	dst = append(dst, `],"query_fanout":`...)
	if o.searched {
		dst = b.appendPromptText(append(dst, `{"queries":["`...), o.prompt.number)
		dst = append(dst, `"],"engine_metadata":null}`...)
	} else {
		dst = append(dst, "null"...)
	}
	return o.appendShopping(append(dst, `,"shopping_results":`...))
}

// answerID is the id of an observation: no two of a vendor have the same, and all are below 2^53.
func (b *brand) answerID(o *observation) int {
	day := int(o.day.date.Sub(scrunchOpening()) / (24 * time.Hour))
	return ((b.id-FirstBrand+1)*100_000+day)*answersPerDay + o.number
}

// appendAnswerText writes three paragraphs: each company is in the one that its position tells.
func (o *observation) appendAnswerText(dst []byte) []byte {
	d := newDice(o.day.cfg.Seed, diceOfText, uint64(o.day.answerID(o)))
	fillers := [...]string{pick(d, openings[:]), pick(d, middles[:]), pick(d, endings[:])}
	for part, filler := range fillers {
		if part > 0 {
			dst = append(dst, `\n\n`...)
		}
		dst = append(dst, filler...)
		if o.brand.position == part {
			dst = append(append(append(dst, ' '), o.day.name...), opinions[o.brand.sentiment]...)
		}
		for k, r := range o.day.rivals {
			if o.rivals[k].position == part {
				dst = append(append(append(dst, ' '), r.name...), opinions[o.rivals[k].sentiment]...)
			}
		}
	}
	return dst
}

func (o *observation) appendCitations(dst []byte) []byte {
	d := newDice(o.day.cfg.Seed, diceOfText, uint64(o.day.answerID(o)), 1)
	for i, c := range o.citations {
		if i > 0 {
			dst = append(dst, ',')
		}
		h := o.day.hosts[c.host]
		dst = h.appendURL(append(dst, `{"url":`...), c.page)
		dst = appendText(append(dst, `,"domain":`...), h.domain)
		dst = appendWord(append(dst, `,"source_type":`...), sources[:], h.owner)
		title := pages[c.page].title
		if title == "" {
			dst = append(dst, `,"title":null`...)
		} else {
			dst = appendText(append(dst, `,"title":`...), title)
		}
		dst = append(dst, `,"snippet":`...)
		if d.oneIn(2) {
			dst = append(dst, "null}"...)
		} else {
			dst = append(append(append(dst, '"'), pick(d, middles[:])...), `"}`...)
		}
	}
	return dst
}

// appendURL writes the address of a page, quoted.
func (h host) appendURL(dst []byte, page int) []byte {
	return append(append(append(append(append(dst, `"https://`...), h.name...), '/'), pages[page].path...), '"')
}

func (o *observation) appendRivals(dst []byte) []byte {
	for k, r := range o.day.rivals {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = appendInt(append(dst, `{"id":`...), r.id)
		dst = appendText(append(dst, `,"name":`...), r.name)
		dst = strconv.AppendBool(append(dst, `,"present":`...), o.rivals[k].position >= 0)
		dst = appendWord(append(dst, `,"position":`...), positions[:], o.rivals[k].position)
		dst = appendWord(append(dst, `,"sentiment":`...), sentiments[:], o.rivals[k].sentiment)
		dst = append(dst, '}')
	}
	return dst
}

// appendShopping writes an offer of the brand's shop with one answer in nine, and ends the record.
func (o *observation) appendShopping(dst []byte) []byte {
	if !o.searched || o.number%9 != 0 {
		return append(dst, "[]}"...)
	}
	d := newDice(o.day.cfg.Seed, diceOfText, uint64(o.day.answerID(o)), 2)
	shop := o.day.hosts[0]
	dst = shop.appendURL(append(dst, `[{"url":`...), 2)
	dst = appendText(append(dst, `,"title":`...), pick(d, o.day.theme.products))
	dst = append(dst, `,"image":null,"all_images":null,"description":null,"rating":`...)
	dst = appendFixed(dst, d.between(20, 50), 1)
	dst = appendInt(append(dst, `,"reviews":`...), d.below(900))
	dst = appendFixed(append(dst, `,"purchasing_options":[{"price":`...), d.between(500, 20_000), 2)
	dst = shop.appendURL(append(dst, `,"currency":"USD","url":`...), 2)
	return append(appendText(append(dst, `,"merchant":`...), o.day.name), `}]}]}`...)
}
