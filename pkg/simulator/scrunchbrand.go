package simulator

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the dice of a Scrunch are thrown for: the second part of a newDice, after the seed.
const (
	diceOfPrompt uint64 = 1000 + iota
	diceOfAnswer
	diceOfText
	diceOfShuffle
)

const (
	promptsPerBrand   = 10_000_000 // the room for ids that each brand has
	answersPerDay     = 10_000_000 // and each day of a brand
	activeOfSixPrompt = 5
)

// Whose a host is: of sources.
const (
	ownerBrand = iota
	ownerRival
	ownerOther
)

// host is a place that answers cite.
type host struct {
	name   string // as in URLs
	domain string // as registered
	owner  int
	rival  int // whose it is, where owner is ownerRival
}

// rival is a competitor of a brand.
type rival struct {
	id           int
	name, domain string
}

// brand is what stays the same from day to day. It is only read.
type brand struct {
	cfg       ScrunchConfig
	id        int
	name      string
	domain    string
	theme     *theme
	platforms []*platform
	rivals    []rival
	hosts     []host

	// The words of dimensions, as /query tells them.
	platformNames, rivalNames, hostNames, stages, personas []string
}

// newBrand makes brand number i.
func newBrand(cfg ScrunchConfig, i int) *brand {
	t := &themes[i%len(themes)]
	b := &brand{cfg: cfg, id: FirstBrand + i, theme: t}
	b.name, b.domain = another(t.name, t.domain, i/len(themes))
	for _, name := range cfg.Platforms {
		p := platformNamed(name)
		b.platforms, b.platformNames = append(b.platforms, p), append(b.platformNames, p.display)
	}
	b.stages = append(slices.Clone(stages[:]), t.stage)
	for k := range cfg.Personas {
		name, _ := another(t.personas[k%len(t.personas)].name, "", k/len(t.personas))
		b.personas = append(b.personas, name)
	}
	b.addHosts()
	return b
}

// addHosts gives a brand its competitors, and what is cited with it.
func (b *brand) addHosts() {
	b.hosts = []host{
		{"www." + b.domain, b.domain, ownerBrand, -1}, {"help." + b.domain, b.domain, ownerBrand, -1},
	}
	for k := range b.cfg.Competitors {
		of := b.theme.rivals[k%len(b.theme.rivals)]
		r := rival{id: b.id*1000 + k + 1}
		r.name, r.domain = another(of.name, of.domain, k/len(b.theme.rivals))
		b.rivals, b.rivalNames = append(b.rivals, r), append(b.rivalNames, r.name)
		b.hosts = append(b.hosts, host{"www." + r.domain, r.domain, ownerRival, k})
	}
	for _, o := range others {
		b.hosts = append(b.hosts, host{o.name, o.domain, ownerOther, -1})
	}
	for _, h := range b.hosts {
		b.hostNames = append(b.hostNames, strings.TrimPrefix(h.name, "www."))
	}
}

// another tells the second and later ones of a name from the first.
func another(name, domain string, before int) (string, string) {
	if before == 0 {
		return name, domain
	}
	n := strconv.Itoa(before + 1)
	return name + " " + n, n + "." + domain
}

func (b *brand) personaID(k int) int { return b.id*1000 + 501 + k }

func (b *brand) firstPrompt() int { return (b.id - FirstBrand + 1) * promptsPerBrand }

// activePrompt is the number of the k-th prompt that is not archived.
func activePrompt(k int) int { return k/activeOfSixPrompt*(activeOfSixPrompt+1) + k%activeOfSixPrompt }

func (b *brand) activePrompts() int {
	return b.cfg.Prompts/(activeOfSixPrompt+1)*activeOfSixPrompt + b.cfg.Prompts%(activeOfSixPrompt+1)
}

// prompt is what answers inherit of the prompt that they answer. Tags and topics are bits.
type prompt struct {
	number, stage, persona int // persona: -1 for none
	tags, topics           uint
	branded, favorite      bool
	archived               bool
	created                time.Time
}

func (b *brand) prompt(number int) prompt {
	d := newDice(b.cfg.Seed, diceOfPrompt, uint64(b.id), uint64(number))
	t := templates[number%len(templates)]
	p := prompt{
		number: number, stage: t.stage, branded: t.branded, persona: -1, favorite: d.oneIn(5),
		archived: number%(activeOfSixPrompt+1) == activeOfSixPrompt,
		created:  scrunchOpening().Add(-time.Duration(d.below(200*24*60*60)) * time.Second),
	}
	if !d.oneIn(3) {
		p.persona = d.below(len(b.personas))
	}
	for range d.below(4) {
		p.tags |= 1 << d.below(len(b.theme.tags))
	}
	if !d.oneIn(8) {
		for range d.between(1, 2) {
			p.topics |= 1 << d.below(len(b.theme.topics))
		}
	}
	return p
}

// appendPromptText writes the text of a prompt. No two prompts of a brand have the same.
func (b *brand) appendPromptText(dst []byte, number int) []byte {
	t, round := number%len(templates), number/len(templates)
	ofProducts := len(b.theme.products)
	circumstance := round/ofProducts + t
	text := templates[t].text
	for i := 0; i < len(text)-1; i++ {
		if text[i] != '%' {
			dst = append(dst, text[i])
			continue
		}
		i++
		switch text[i] {
		case 'p':
			dst = append(dst, b.theme.products[(round+t)%ofProducts]...)
		case 'q':
			dst = append(dst, circumstances[circumstance%len(circumstances)]...)
		case 'b':
			dst = append(dst, b.name...)
		case 'r':
			dst = append(dst, b.rivals[t%len(b.rivals)].name...)
		}
	}
	if again := round / (ofProducts * len(circumstances)); again > 0 {
		dst = strconv.AppendInt(append(dst, ", case "...), int64(again+1), 10)
	}
	return append(dst, text[len(text)-1])
}

// names gives the words of a set of bits.
func names(set uint, of []string) (words []string) {
	for ; set != 0; set &= set - 1 {
		words = append(words, of[bits.TrailingZeros(set)])
	}
	return words
}
