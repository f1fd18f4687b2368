package stack

import (
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/app"
)

// compareTables looks whether what is exported can be asked for in SQL. No export needs that, so that nothing here is a
// fault.
func (c *comparison) compareTables() {
	const subject = "tables"
	if !c.on("Tables") {
		c.tell(app.OK, subject, "none: the stack was deployed with Tables: off")
		return
	}
	have := map[string]bool{}
	for _, name := range c.of("AWS::Glue::Table") {
		have[name[strings.LastIndex(name, "|")+1:]] = true // the name, or database|name
	}
	for _, source := range c.list("Sources") {
		if len(c.accounts(source)) > 0 {
			c.compareTablesOf(source, have)
		}
	}
	c.compareTablesFrom()
}

func (c *comparison) compareTablesOf(source string, have map[string]bool) {
	var added, missing []string
	there := 0
	for _, name := range c.tables(source, false) {
		if have[name] {
			there++
		} else {
			missing = append(missing, name)
		}
	}
	for _, name := range c.tables(source, true) {
		if have[name] {
			there++
		} else {
			added = append(added, name)
		}
	}
	start := len(c.findings)
	if len(missing) > 0 {
		c.tell(app.Warn, "tables", "the stack has no table %s; deploy this version of the template", strings.Join(missing, ", "))
	}
	if len(added) > 0 {
		c.tell(app.Warn, "tables", "a report of your own has no table in the stack: %s; `yardstick tables` makes the DDL", strings.Join(added, ", "))
	}
	if len(c.findings) == start {
		c.tell(app.OK, "tables", "all %d of what is exported are there", there)
	}
	for i := range c.findings[start:] {
		c.findings[start+i].Source = source
	}
}

// tables are the names of a source's tables: of reports that the configuration adds, or of all else.
func (c *comparison) tables(source string, added bool) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, e := range c.exported {
		if e.Source != source || e.Added != added {
			continue
		}
		add(e.Source + "_" + e.Dataset)
		if e.Listing {
			add(e.Source + "_" + e.Dataset + "_latest")
		}
	}
	return names
}

// compareTablesFrom tells of days that are exported and that no table knows.
func (c *comparison) compareTablesFrom() {
	const parameter = "TablesFrom"
	from, earliest := c.parameters[parameter], ""
	starts := []string{}
	for _, a := range c.Configured.ScrapRight {
		starts = append(starts, a.Start)
	}
	for _, a := range c.Configured.Scrunch {
		starts = append(starts, a.Start)
	}
	for _, start := range starts {
		if start != "" && (earliest == "" || start < earliest) {
			earliest = start
		}
	}
	if from != "" && earliest != "" && earliest < from { // both are YYYY-MM-DD
		c.change(app.Warn, parameter, fmt.Sprintf("days are exported from %s on, and the tables know none before %s; change this line of parameters.yaml",
			earliest, from), parameter+": "+earliest)
	}
}
