package simulator

import (
	"math"
	"math/bits"
	"strconv"
)

// metric is what a report counts.
type metric struct {
	name  string
	whole bool // a count; else a fraction or a mean
	value func(*tally) (value float64, ok bool)
}

// tally is the answers of one group, added up. Every answer is in it once.
type tally struct {
	responses, present            int
	position, sentiment           mean
	rivalPresent                  int
	rivalPosition, rivalSentiment mean
	citing, brandCiting           int // answers that cite anything, and the brand's
	rivalCiting                   int
	citations                     int
	hosts                         uint64 // a bit each
}

// mean adds up scores of 0, 50 and 100, in fifties.
type mean struct{ sum, n int32 }

func (m *mean) add(fifties int) {
	m.sum += int32(fifties)
	m.n++
}

func (m *mean) value() (float64, bool) {
	if m.n == 0 {
		return 0, false
	}
	return 50 * float64(m.sum) / float64(m.n), true
}

// add counts an answer. citations and rivals are bits: which of its citations and of the brand's competitors count here.
func (t *tally) add(o *observation, citations, rivals uint32) {
	t.responses++
	if o.brand.position >= 0 {
		t.present++
	}
	score(o.brand, &t.position, &t.sentiment)
	present := false
	for set := rivals; set != 0; set &= set - 1 {
		at := o.rivals[bits.TrailingZeros32(set)]
		present = present || at.position >= 0
		score(at, &t.rivalPosition, &t.rivalSentiment)
	}
	t.rivalPresent += truth(present)

	t.citing += truth(citations != 0)
	t.citations += bits.OnesCount32(citations)
	var ownsBrand, ownsRival bool
	for set := citations; set != 0; set &= set - 1 {
		at := o.citations[bits.TrailingZeros32(set)].host
		t.hosts |= 1 << at
		h := &o.day.hosts[at]
		ownsBrand = ownsBrand || h.owner == ownerBrand
		ownsRival = ownsRival || (h.owner == ownerRival && rivals&(1<<h.rival) != 0)
	}
	t.brandCiting += truth(ownsBrand)
	t.rivalCiting += truth(ownsRival)
}

// score adds where and how a company is mentioned, if it is. A mention without sentiment has no score of it.
func score(m mention, position, sentiment *mean) {
	if m.position >= 0 {
		position.add(2 - m.position)
	}
	if m.sentiment >= 0 && m.sentiment <= 2 {
		sentiment.add(2 - m.sentiment)
	}
}

// metrics are all that the vendor supports, by name. What is a fraction of nothing, or the mean of nothing, is null.
func metrics() map[string]*metric {
	byName := map[string]*metric{}
	count := func(name string, f func(*tally) int) {
		byName[name] = &metric{name, true, func(t *tally) (float64, bool) { return float64(f(t)), true }}
	}
	share := func(name string, part, whole func(*tally) int) {
		byName[name] = &metric{name, false, func(t *tally) (float64, bool) {
			return float64(part(t)) / float64(whole(t)), whole(t) > 0
		}}
	}
	average := func(name string, f func(*tally) *mean) {
		byName[name] = &metric{name, false, func(t *tally) (float64, bool) { return f(t).value() }}
	}
	responses := func(t *tally) int { return t.responses }
	citing := func(t *tally) int { return t.citing }
	brandCiting := func(t *tally) int { return t.brandCiting }
	rivalCiting := func(t *tally) int { return t.rivalCiting }

	count("responses", responses)
	share("brand_presence_percentage", func(t *tally) int { return t.present }, responses)
	average("brand_position_score", func(t *tally) *mean { return &t.position })
	average("brand_sentiment_score", func(t *tally) *mean { return &t.sentiment })
	share("competitor_presence_percentage", func(t *tally) int { return t.rivalPresent }, responses)
	average("competitor_position_score", func(t *tally) *mean { return &t.rivalPosition })
	average("competitor_sentiment_score", func(t *tally) *mean { return &t.rivalSentiment })
	share("brand_citation_rate", brandCiting, responses)
	share("competitor_citation_rate", rivalCiting, responses)
	share("brand_citation_share_of_voice", brandCiting, citing)
	share("competitor_citation_share_of_voice", rivalCiting, citing)
	count("citation_count", func(t *tally) int { return t.citations })
	count("citation_unique_responses", citing)
	count("citation_unique_domains", func(t *tally) int { return bits.OnesCount64(t.hosts) })
	return byName
}

// append writes the metric of a group.
func (m *metric) append(dst []byte, t *tally) []byte {
	v, ok := m.value(t)
	switch {
	case !ok:
		return append(dst, "null"...)
	case m.whole:
		return appendInt(dst, int(v))
	default:
		return appendFloat(dst, v)
	}
}

// appendFloat writes a number as Python does, whose JSON the vendor's is: 1 is 1.0.
func appendFloat(dst []byte, v float64) []byte {
	if v != 0 && math.Abs(v) < 1e-4 {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	if v == math.Trunc(v) {
		dst = append(dst, ".0"...)
	}
	return dst
}
