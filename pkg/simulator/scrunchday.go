package simulator

import (
	"iter"
	"time"
)

// scrunchOpening is the first day of which there are answers.
func scrunchOpening() time.Time { return time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC) }

// scrunchClosing ends the days that are looked at, whatever range is asked for.
func scrunchClosing() time.Time { return scrunchOpening().AddDate(100, 0, 0) }

// mention is where and how an answer speaks of a company: -1 where it does not.
type mention struct{ position, sentiment int }

// citation is a page of a host.
type citation struct{ host, page int }

// observation is one answer of an AI platform to a prompt, less what follows from these numbers.
type observation struct {
	day       *brandDay
	number    int // within its day
	collected time.Time
	prompt    prompt
	platform  int // of the brand's platforms
	country   int // of countries; -1 for none
	searched  bool
	brand     mention
	rivals    [maxCompetitors]mention
	citations []citation
}

// brandDay makes the answers that a brand got on one day, each from its number alone.
type brandDay struct {
	*brand
	date  time.Time // its midnight in UTC
	n     int       // numbers are 0 to n-1
	runs  int
	whole bool // every number has an answer; by default a few platforms give none
}

func newBrandDay(b *brand, date time.Time) *brandDay {
	n := b.activePrompts() * len(b.platforms) * b.cfg.Runs
	if date.Before(scrunchOpening()) || date.After(b.cfg.Now()) {
		n = 0
	}
	return &brandDay{brand: b, date: date, n: n, runs: b.cfg.Runs}
}

// dice are those of an observation: ok is false where there is none.
func (d *brandDay) dice(i int) (own *dice, ok bool) {
	own = newDice(d.cfg.Seed, diceOfAnswer, uint64(d.id), uint64(d.date.Unix()), uint64(i))
	return own, !own.oneIn(25) || d.whole
}

// times are when an observation was collected, and when it is seen.
func (d *brandDay) times(own *dice, i int) (collected, seen time.Time) {
	part := (float64(i) + own.fraction()) / float64(d.n)
	collected = d.date.Add(time.Duration(part * float64(24*time.Hour))).Truncate(time.Second)
	return collected, collected.Add(time.Duration(own.fraction() * float64(d.cfg.Late)))
}

// shown gives the numbers of what can be seen at a time: nil and true for all of them.
func (d *brandDay) shown(now time.Time) (numbers []int32, all bool) {
	if d.whole && d.cfg.Late == 0 {
		return nil, true
	}
	for i := range d.n {
		own, ok := d.dice(i)
		if ok && d.cfg.Late > 0 {
			_, seen := d.times(own, i)
			ok = !seen.After(now)
		}
		if ok {
			numbers = append(numbers, int32(i))
		}
	}
	return numbers, false
}

// observe makes observation i, in the room of another.
func (d *brandDay) observe(o *observation, i int) {
	own, _ := d.dice(i)
	o.day, o.number = d, i
	o.collected, _ = d.times(own, i)
	o.platform = i % len(d.platforms)
	o.prompt = d.prompt(activePrompt(i / len(d.platforms) / d.runs))
	at := d.platforms[o.platform]
	o.searched = at.searches || own.oneIn(2)
	o.country = 0
	if own.oneIn(3) {
		o.country = own.between(-1, len(countries)-1)
	}
	o.brand = mentioned(own, o.prompt.branded || own.below(100) < 55)
	for k := range d.rivals {
		o.rivals[k] = mentioned(own, own.below(100) < 40)
	}
	o.citations = o.citations[:0]
	if o.searched {
		for range own.below(7) {
			o.citations = append(o.citations, d.cite(own))
		}
	}
}

func mentioned(d *dice, is bool) mention {
	if !is {
		return mention{-1, -1}
	}
	return mention{
		position:  pick(d, []int{0, 0, 0, 0, 1, 1, 1, 2, 2}),
		sentiment: pick(d, []int{0, 0, 0, 0, 0, 1, 1, 2, 3}),
	}
}

// cite picks a page: one in three of the brand or a competitor.
func (d *brandDay) cite(own *dice) citation {
	outside := len(others)
	h := len(d.hosts) - outside + own.below(outside)
	if own.oneIn(3) {
		h = own.below(len(d.hosts) - outside)
	}
	return citation{h, own.below(len(pages))}
}

// answers are the observations of a day that can be seen at some time. As a list they are records of /responses.
type answers struct {
	day        *brandDay
	numbers    []int32 // where not all
	all        bool
	descending bool
}

func (d *brandDay) answers(now time.Time) answers {
	a := answers{day: d, descending: d.cfg.Order == Descending}
	a.numbers, a.all = d.shown(now)
	return a
}

func (a answers) size() int {
	if a.all {
		return a.day.n
	}
	return len(a.numbers)
}

// number is that of the k-th one by time.
func (a answers) number(k int) int {
	if a.all {
		return k
	}
	return int(a.numbers[k])
}

// each gives the observations by time. What it gives is gone with the next one.
func (a answers) each() iter.Seq[*observation] {
	return func(yield func(*observation) bool) {
		var o observation
		for k := range a.size() {
			if a.day.observe(&o, a.number(k)); !yield(&o) {
				return
			}
		}
	}
}

func (a answers) records(from, to int) iter.Seq[string] {
	return func(yield func(string) bool) {
		var o observation
		var text []byte
		for k := from; k < to; k++ {
			at := k
			if a.descending {
				at = a.size() - 1 - k
			}
			a.day.observe(&o, a.number(at))
			text = o.appendResponse(text[:0])
			if !yield(string(text)) {
				return
			}
		}
	}
}

// days are the midnights from one day to the one before another, as far as there can be answers.
func days(from, end time.Time) (all []time.Time) {
	if from.Before(scrunchOpening()) {
		from = scrunchOpening()
	}
	for day := from; day.Before(end) && day.Before(scrunchClosing()); day = day.AddDate(0, 0, 1) {
		all = append(all, day)
	}
	return all
}

// rivalsPresent gives the competitors that are mentioned.
func (o *observation) rivalsPresent() (present []string) {
	for k, r := range o.day.rivals {
		if o.rivals[k].position >= 0 {
			present = append(present, r.name)
		}
	}
	return present
}
