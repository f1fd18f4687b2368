package about

import "time"

// verdict is how an account is, in a word, with the class of its badge.
func (a *accountView) verdict() (word, class string) {
	switch {
	case a.Credential.State == Refused:
		return "refused", "bad"
	case a.Stale:
		return "stale", "bad"
	case a.Error != nil || a.failed():
		return "failed", "bad"
	case a.Backlog.Missing > 0:
		return "behind", "plain"
	}
	return "well", "good"
}

// freshness is the age of the account's stalest reading.
func (a *accountView) freshness(v *view) string {
	if a.FreshAt == nil {
		return "not known"
	}
	return ago(v.now, *a.FreshAt)
}

// parts tells how much was never exported; what every run reads anyway is no backlog to speak of.
func (b Backlog) parts() string {
	if b.Missing == 0 {
		return "none"
	}
	return count(b.Missing, "part", "parts")
}

// account is all of one account.
func (d *document) account(v *view, a *accountView) {
	d.put(`<section class="account" aria-labelledby="{}">
<h2 id="{}"><bdi>{}</bdi></h2>
<p class="soft">Its days are those of <bdi>{}</bdi>; times are UTC.</p>
<dl class="facts">
`, a.id, a.id, text(a.name()), text(a.Timezone))
	d.freshness(v, a)
	d.credential(v, a.Credential)
	d.backlog(a.Backlog)
	d.put("</dl>\n")
	if a.Error != nil {
		d.put(`<p class="gap">`)
		d.badge("failed", "bad")
		d.put("<span><bdi>{}</bdi> <span class=\"soft\">{}</span></span></p>\n", text(a.Error.Error), text(ago(v.now, a.Error.Time)))
	}
	for _, note := range a.Notes {
		d.put("<p class=\"soft\">Note: <bdi>{}</bdi></p>\n", text(note))
	}
	d.contents(v, a)
	for i := range a.datasets {
		d.dataset(v, a, &a.datasets[i])
	}
	d.put("</section>\n")
}

func (d *document) freshness(v *view, a *accountView) {
	d.put("<div><dt>Freshness</dt><dd>")
	switch {
	case a.Stale:
		d.badge("stale", "bad")
	case a.FreshAt == nil:
		d.badge("not known", "plain")
	default:
		d.badge("fresh", "good")
	}
	d.put("</dd><dd>")
	if a.FreshAt == nil {
		d.put("nothing tells when all of it was read")
	} else {
		d.put("stalest reading ")
		d.when(v, *a.FreshAt)
	}
	d.put("</dd></div>\n")
}

// when is a time as seen from now, and on the clock.
func (d *document) when(v *view, t time.Time) {
	d.put(`{} <span class="soft"><time datetime="{}">{}</time></span>`, text(ago(v.now, t)), stamp(t), moment(t))
}

func (d *document) credential(v *view, c Credential) {
	d.put("<div><dt>Credential</dt><dd>")
	switch c.State {
	case Good:
		d.badge("accepted", "good")
	case Refused:
		d.badge("refused", "bad")
	default:
		d.badge("not known", "plain")
	}
	d.put("</dd><dd>")
	switch {
	case c.State == Refused:
		d.put("“yardstick secret put” tries and stores another key")
	case c.RenewableUntil == nil:
		d.put("no session whose end is known")
	case c.RenewableUntil.After(v.now):
		d.put("session renewable until <time datetime=\"{}\">{}</time> <span class=\"soft\">{}</span>",
			stamp(*c.RenewableUntil), moment(*c.RenewableUntil), text(ago(v.now, *c.RenewableUntil)))
	default:
		d.put("session ended {}; the next run exchanges the key", text(ago(v.now, *c.RenewableUntil)))
	}
	d.put("</dd></div>\n")
}

func (d *document) backlog(b Backlog) {
	d.put("<div><dt>Backlog</dt><dd>")
	if b.Parts == 0 {
		d.badge("none", "good")
		d.put("</dd><dd>everything due is done</dd></div>\n")
		return
	}
	if b.Missing > 0 {
		d.badge(count(b.Missing, "day part", "day parts")+" missing", "plain")
	} else {
		d.badge("nothing missing", "good")
	}
	d.put("</dd><dd>{} due", text(count(b.Parts, "part", "parts")))
	if b.Open > 0 {
		d.put(", {} of them of days that are not over", number(b.Open))
	}
	if b.Verify > 0 {
		d.put("; {} to verify", number(b.Verify))
	}
	if b.Hours == nil {
		d.put("; no pace is known to estimate by")
	} else {
		d.put("; {} at the granted pace", text(estimate(*b.Hours)))
	}
	if b.Requests > 0 {
		d.put(" <span class=\"soft\">")
		if b.AtLeast {
			d.put("at least ")
		}
		d.put("{}</span>", text(count(b.Requests, "request", "requests")))
	}
	d.put("</dd></div>\n")
}

// contents is a table of the account's datasets.
func (d *document) contents(v *view, a *accountView) {
	if len(a.datasets) == 0 {
		d.put("<p>It has no datasets.</p>\n")
		return
	}
	d.put(`<table class="contents">
<caption class="hidden">Datasets of <bdi>{}</bdi></caption>
<thead><tr><th scope="col">Dataset</th><th scope="col">Days</th><th scope="col">Last reading</th>`+
		`<th scope="col" class="n">Rows</th></tr></thead>
<tbody>
`, text(a.name()))
	for _, dataset := range a.datasets {
		read := "never"
		if dataset.ReadAt != nil {
			read = ago(v.now, *dataset.ReadAt)
		}
		d.put(`<tr><th scope="row"><a href="#{}"><bdi>{}</bdi></a></th><td>`, dataset.id, text(dataset.Dataset.Dataset))
		d.summary(&dataset)
		d.put("</td><td>{}", text(read))
		if dataset.Stale {
			d.put(" ")
			d.badge("stale", "bad")
		}
		d.put(`</td><td class="n">{}</td></tr>`+"\n", number(dataset.Rows))
	}
	d.put("</tbody>\n</table>\n")
}

// summary is what days of a dataset are other than exported, in shapes and numbers.
func (d *document) summary(dataset *datasetView) {
	switch dataset.worst() {
	case Unwanted:
		d.put("none yet")
	case Exported, Empty:
		d.tally(Exported, len(dataset.days[Exported])+len(dataset.days[Empty]), "settled")
	default:
		for _, state := range []State{Failed, Missing, Unsettled} {
			if n := len(dataset.days[state]); n > 0 {
				d.tally(state, n, state.word())
			}
		}
	}
}

// tally is a shape, a number, and what is counted.
func (d *document) tally(state State, n int, word string) {
	d.put(`<span class="tally">`)
	d.icon(state)
	d.put("{} {}</span> ", number(n), text(word))
}
