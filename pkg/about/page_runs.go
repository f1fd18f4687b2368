package about

import "time"

// openMessages is how many errors and how many warnings are shown; the others are folded.
const openMessages = 5

// message is an error or warning of the last runs.
type message struct {
	said string
	last time.Time // of the newest run that said it
	runs int
}

// messages gathers what runs said, each once, the newest first.
func messages(runs []Run, said func(Run) []string) []message {
	var all []message
	at := map[string]int{} // the place in all, and the run that counted last
	counted := map[string]int{}
	for i, run := range runs {
		for _, s := range said(run) {
			place, known := at[s]
			switch {
			case !known:
				at[s] = len(all)
				all = append(all, message{said: s, last: run.Time, runs: 1})
			case counted[s] != i:
				all[place].runs++
			}
			counted[s] = i
		}
	}
	return all
}

// runs is how the last runs of a source ended, and what they said.
func (d *document) runs(v *view, source *sourceView) {
	d.put(`<section class="runs" aria-labelledby="{}">
<h2 id="{}">Last runs of <bdi>{}</bdi></h2>
`, source.id, source.id, text(source.Source.Source))
	if len(source.Runs) == 0 {
		d.put("<p>None is known.</p>\n</section>\n")
		return
	}
	d.messages(v, "Errors", len(source.Runs), messages(source.Runs, func(r Run) []string { return r.Errors }))
	d.messages(v, "Warnings", len(source.Runs), messages(source.Runs, func(r Run) []string { return r.Warnings }))
	d.put(`<div class="wide" role="region" aria-labelledby="{}" tabindex="0">
<table>
<thead><tr><th scope="col">Clock of the run</th><th scope="col">Ended</th><th scope="col" class="n">Rows</th>`+
		`<th scope="col" class="n">Written</th><th scope="col" class="n">Remaining</th><th scope="col" class="n">Requests</th>`+
		`<th scope="col" class="n">Throttled</th><th scope="col" class="n">Errors</th><th scope="col" class="n">Warnings</th>`+
		`<th scope="col">Run</th></tr></thead>
<tbody>
`, source.id)
	for _, run := range source.Runs {
		d.run(run)
	}
	d.put("</tbody>\n</table>\n</div>\n</section>\n")
}

func (d *document) run(run Run) {
	class := "plain"
	switch run.Status {
	case "complete":
		class = "good"
	case "failed":
		class = "bad"
	}
	d.put(`<tr><th scope="row"><time datetime="{}">{}</time></th><td>`, stamp(run.Time), moment(run.Time))
	d.badge(run.Status, class)
	d.put("</td>")
	for _, n := range []int64{run.Rows, int64(run.Written), int64(run.Remaining), int64(run.Requests), int64(run.Throttled),
		int64(len(run.Errors)), int64(len(run.Warnings))} {
		d.put(`<td class="n">{}</td>`, number(n))
	}
	d.put("<td><code><bdi>{}</bdi></code></td></tr>\n", text(run.Run))
}

func (d *document) messages(v *view, title string, runs int, all []message) {
	if len(all) == 0 {
		return
	}
	d.put("<h3>{}</h3>\n<ul class=\"messages\">\n", text(title))
	for i, m := range all {
		if i == openMessages {
			d.put("</ul>\n<details><summary>{} more</summary>\n<ul class=\"messages\">\n", number(len(all)-openMessages))
		}
		d.put(`<li><bdi>{}</bdi> <span class="soft">in {} of {}, last {}</span></li>`+"\n", text(m.said), number(m.runs),
			text(count(runs, "run", "runs")), text(ago(v.now, m.last)))
	}
	d.put("</ul>\n")
	if len(all) > openMessages {
		d.put("</details>\n")
	}
}
