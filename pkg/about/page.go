package about

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

// style is a constant in all but the word: nobody else writes to it.
//
//go:embed page.css
var style string

// Page is about/index.html: the status as one HTML file, which asks for nothing else, runs no script, and has for policy
// that nothing may. Ages are told as seen from s.Time, and times in UTC. The error names a month whose days
// cannot be drawn; a Status that was gathered has none. It is safe for concurrent use.
func Page(s Status) ([]byte, error) {
	v, err := viewOf(s)
	if err != nil {
		return nil, err
	}
	d := &document{}
	d.head(v)
	d.banner(v)
	d.overview(v)
	d.legend()
	for _, source := range v.sources {
		for i := range source.accounts {
			d.account(v, &source.accounts[i])
		}
		d.runs(v, &source)
	}
	d.put("</main>\n</body>\n</html>\n")
	return d.b, nil
}

func (d *document) head(v *view) {
	digest := sha256.Sum256([]byte(style))
	d.put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{}'; img-src data:; `+
		`base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{} · yardstick</title>
<style>`, text(base64.StdEncoding.EncodeToString(digest[:])), text(v.headline()))
	d.b = append(d.b, style...)
	d.put("</style>\n</head>\n<body>\n<main>\n")
	d.shapes()
}

// banner answers whether all is well.
func (d *document) banner(v *view) {
	concerns := v.concerns()
	class := text("well")
	if len(concerns) > 0 {
		class = "trouble"
	}
	d.put(`<header class="{}">
<p class="brand">yardstick status</p>
<h1>{}</h1>
<p class="soft">As of <time datetime="{}">{}</time>, to which ages are counted. A run that changes something writes the page `+
		`anew; “yardstick status” tells the present.</p>
`, class, text(v.headline()), stamp(v.now), moment(v.now))
	if len(concerns) > 0 {
		d.put("<ul>\n")
		for _, c := range concerns {
			if c.at == "" {
				d.put("<li><bdi>{}</bdi></li>\n", text(c.what))
				continue
			}
			d.put(`<li><a href="#{}"><bdi>{}</bdi></a></li>`+"\n", c.at, text(c.what))
		}
		d.put("</ul>\n")
	}
	d.put("</header>\n")
}

// overview is a table of all accounts.
func (d *document) overview(v *view) {
	rows := 0
	for _, source := range v.sources {
		for _, a := range source.accounts {
			if rows++; rows == 1 {
				d.put(`<table class="overview">
<caption class="hidden">Accounts</caption>
<thead><tr><th scope="col">Account</th><th scope="col">State</th><th scope="col">Stalest reading</th>` +
					`<th scope="col" class="n">Backlog</th></tr></thead>
<tbody>
`)
			}
			d.put(`<tr><th scope="row"><a href="#{}"><bdi>{}</bdi></a></th><td>`, a.id, text(a.name()))
			d.badge(a.verdict())
			d.put(`</td><td>{}</td><td class="n">{}</td></tr>`+"\n", text(a.freshness(v)), text(a.Backlog.parts()))
		}
	}
	if rows > 0 {
		d.put("</tbody>\n</table>\n")
	}
}

// badge is a word, "good" and "bad" with a mark before it, or "plain".
func (d *document) badge(word, class string) {
	d.put(`<span class="badge {}">`, text(class))
	switch class {
	case "good":
		d.put(`<span aria-hidden="true">✓</span> `)
	case "bad":
		d.put(`<span aria-hidden="true">✕</span> `)
	}
	d.put("{}</span>", text(word))
}

// legend explains the shapes.
func (d *document) legend() {
	d.put(`<section class="legend" aria-labelledby="legend">
<h2 id="legend">How to read the days</h2>
<ul>
`)
	for i := range len(order) {
		state := State(order[i])
		d.put(`<li>`)
		d.icon(state)
		d.put("<span><b>{}</b> <small>{}</small></span></li>\n", text(state.word()), text(state.meaning()))
	}
	d.put(`</ul>
<p class="soft">Each column is a week, Monday at the top; a frame marks today. Where the parts of a day differ, the worst ` +
		`of them is shown. The bars below are rows per day.</p>
</section>
`)
}
