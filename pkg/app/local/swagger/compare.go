package swagger

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Compare judges the settings of the datasets, by name, against the reference. A dataset that is not among them is left
// out; the verdicts are in the order purchases, customers, businesses.
func (r *Reference) Compare(configured map[string]Dataset) []Verdict {
	var all []Verdict
	for _, n := range names {
		if d, ok := configured[n.dataset]; ok {
			all = append(all, r.compare(n.dataset, n.noun, d))
		}
	}
	return all
}

// Elsewhere are the servers that the reference says its calls are at, where that is not the yard: scheme, host and port.
func (r *Reference) Elsewhere() []string { return slices.Clone(r.servers) }

func (r *Reference) compare(dataset, noun string, d Dataset) Verdict {
	v := Verdict{Dataset: dataset}
	found, blocked := r.candidates(dataset, noun)
	o, tied := choose(found, d.Path)
	switch {
	case len(tied) > 0:
		v.fault("path %s is not in the reference, and these serve %s equally well: %s; look which is meant, and set path to it",
			d.Path, dataset, strings.Join(tied, ", "))
		return v
	case o == nil:
		v.fault("the reference has no call that lists %s page by page%s", dataset, reasons(blocked))
		return v
	}
	v.Path = o.path
	if o.path != d.Path {
		v.path(o.path, d.Path, blocked)
	}
	if dataset == purchases {
		v.dates(o, d)
	}
	v.paging(o.paging, d)
	v.places(o.answer, noun, d)
	return v
}

func (v *Verdict) path(want, have string, blocked map[string]string) {
	if samePath(want, have) {
		v.differ("path", want, fmt.Sprintf("path is %s, and the reference spells it %s", have, want), true)
		return
	}
	why := fmt.Sprintf("path %s is not in the reference, which has %s", have, want)
	for path, said := range blocked {
		if samePath(path, have) {
			why = fmt.Sprintf("path %s %s; %s is the one", have, said, want)
		}
	}
	v.differ("path", want, why, false)
}

// reasons tells of the calls that were named right and do not serve.
func reasons(blocked map[string]string) string {
	var all []string
	for path, why := range blocked {
		all = append(all, path+" "+why)
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return " (" + strings.Join(all, "; ") + ")"
}

func (v *Verdict) differ(key string, value any, why string, minor bool) {
	v.Differences = append(v.Differences, Difference{Key: key, Value: value, Why: why, Minor: minor})
}

func (v *Verdict) fault(format string, args ...any) {
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
}

func (v *Verdict) doubt(format string, args ...any) {
	v.Doubts = append(v.Doubts, fmt.Sprintf(format, args...))
}

// dates compares the date parameters and how their values are spelt.
func (v *Verdict) dates(o *operation, d Dataset) {
	r, tied := chooseRange(o.ranges, d)
	if len(tied) > 0 {
		v.fault("%s takes several date ranges (%s), and none by the configured names %s and %s; "+
			"look which is meant, and set from and to",
			o.path, strings.Join(tied, ", "), d.From, d.To)
		return
	}
	for _, p := range []struct{ key, have, want string }{{"from", d.From, r.from}, {"to", d.To, r.to}} {
		if p.have != p.want {
			v.differ(p.key, p.want, fmt.Sprintf("%s is %s, and the reference calls it %s", p.key, p.have, p.want),
				strings.EqualFold(p.have, p.want))
		}
	}
	v.format(r, d)
	switch {
	case r.end == exclusive && !d.ToExclusive:
		v.differ("to_exclusive", true, "the reference says that "+r.to+" names the day after the last one", false)
	case r.end == inclusive && d.ToExclusive:
		v.differ("to_exclusive", false, "the reference says that "+r.to+" is the last day itself", false)
	}
}

// chooseRange is the range configured, or the one that stands out; else tied are all that could be meant.
func chooseRange(ranges []dateRange, d Dataset) (r dateRange, tied []string) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, r := range ranges {
			if same(r.from, d.From) && same(r.to, d.To) {
				return r, nil
			}
		}
	}
	for _, standsOut := range []func(dateRange) bool{
		func(r dateRange) bool { return r.required },
		func(r dateRange) bool {
			return r.stem == "" || slices.Contains([]string{"purchase", "ticket", "transaction"}, r.stem)
		},
	} {
		if few := slices.DeleteFunc(slices.Clone(ranges), func(r dateRange) bool { return !standsOut(r) }); len(few) > 0 {
			ranges = few
		}
	}
	if len(ranges) == 1 {
		return ranges[0], nil
	}
	for _, r := range ranges {
		tied = append(tied, r.from+" and "+r.to)
	}
	return dateRange{}, tied
}

const dateTime = "2006-01-02T15:04:05"

// format compares how dates are written: a text that shows it counts more than the format's name.
func (v *Verdict) format(r dateRange, d Dataset) {
	switch {
	case hasTime(d.DateFormat) && (r.format == "date-time" || hasTime(r.layout)): // of the rest the server is the judge
	case r.layout != "" && r.layout != d.DateFormat:
		v.differ("date_format", r.layout, fmt.Sprintf("dates are sent as %s, and the reference shows them as %s",
			shown(d.DateFormat), shown(r.layout)), false)
	case r.layout != "":
	case r.format == "date" && d.DateFormat != time.DateOnly:
		v.differ("date_format", time.DateOnly, fmt.Sprintf("dates are sent as %s, and the reference has them as %s",
			shown(d.DateFormat), shown(time.DateOnly)), false)
	case r.format == "date-time" && !hasTime(d.DateFormat) && !d.ToExclusive && r.end != exclusive:
		v.differ("date_format", dateTime, fmt.Sprintf("%s and %s are date-times, and dates are sent as %s: "+
			"a server that takes the last day for its midnight leaves that day out", r.from, r.to, shown(d.DateFormat)), true)
	}
}

// shown is a day in a layout, which tells more to most people than Go's layout does.
func shown(layout string) string {
	return time.Date(2026, time.November, 30, 0, 0, 0, 0, time.UTC).Format(layout)
}

// paging compares what no setting changes: yardstick always sends page and pageSize.
func (v *Verdict) paging(g paging, d Dataset) {
	switch {
	case g.page == "" && g.size == "":
		v.doubt("the reference names no parameters for paging at %s; yardstick sends page and pageSize", v.Path)
	case strings.EqualFold(g.page, "page") && strings.EqualFold(g.size, "pageSize"):
		if g.page != "page" || g.size != "pageSize" {
			v.doubt("%s calls its paging parameters %s and %s; yardstick sends page and pageSize, "+
				"which most servers take for the same",
				v.Path, g.page, g.size)
		}
	default:
		v.fault("%s asks for pages by %s; yardstick always sends page and pageSize, and no setting changes that",
			v.Path, both(g.page, g.size))
	}
	if g.max > 0 && d.PageSize > g.max {
		why := fmt.Sprintf("page_size is %d, and the reference allows %d at most", d.PageSize, g.max)
		v.differ("page_size", g.max, why, true)
	}
}

func both(a, b string) string {
	return strings.Join(slices.DeleteFunc([]string{a, b}, func(s string) bool { return s == "" }), " and ")
}

// places compares where the records and the total lie in the answer.
func (v *Verdict) places(a answer, noun string, d Dataset) {
	if a.root.kind == array {
		v.fault("%s answers a bare array; yardstick expects an object with IsError, Message and Data", v.Path)
		return
	}
	if a.root.kind == unknown {
		return
	}
	records := v.records(a, noun, d)
	v.total(a, records, d)
}

// records is the pointer to the records as they will be found once the differences are mended; "" where that is not told.
func (v *Verdict) records(a answer, noun string, d Dataset) string {
	byShape := a.foundByShape()
	if d.Records != "" {
		if n := a.root.at(d.Records); n != nil && (n.ofObjects() || n.kind == unknown) {
			return d.Records
		}
	} else if byShape != "" && a.root.at(byShape).ofObjects() {
		return byShape
	}
	likely := a.records(noun)
	switch {
	case a.openEnded() && d.Records == "":
		return ""
	case len(likely) > 1:
		v.fault("the answer of %s has several arrays that may be the records (%s); look which is meant, and set records to it",
			v.Path, strings.Join(likely, ", "))
		return ""
	case len(likely) == 0 && d.Records != "":
		v.doubt("the reference does not show the place %s, which records names, in the answer of %s", d.Records, v.Path)
		return ""
	}
	want, why := likely[0], fmt.Sprintf("the records lie at %s", likely[0])
	if want == byShape {
		want, why = "", why+", where they are found without records"
	}
	if d.Records != "" {
		why = fmt.Sprintf("records is %s, where the reference has no records; they lie at %s", d.Records, likely[0])
	}
	v.differ("records", want, why, false)
	return likely[0]
}

func (v *Verdict) total(a answer, records string, d Dataset) {
	found := a.total()
	byName := a.totalByName(records)
	if d.Total != "" {
		if n := a.root.at(d.Total); n != nil && (n.kind == integer || n.kind == unknown) {
			return
		}
		if byName {
			found = ""
		}
		v.differ("total", found, fmt.Sprintf("total is %s, where the reference has no whole number", d.Total), false)
		return
	}
	if !byName && found != "" && records != "" {
		why := fmt.Sprintf("the count of all records lies at %s, which proves a list whole with fewer requests", found)
		v.differ("total", found, why, true)
	}
}
