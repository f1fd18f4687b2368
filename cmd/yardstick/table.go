package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// table is rows under a heading. Columns whose heading begins with ">" are numbers and stand to the right.
type table struct {
	heading []string
	rows    [][]string
}

// none is a cell with nothing to say.
const none = "-"

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// fitted is the table as text. Where it is wider than the terminal, the last column goes on lines of its own under its
// rows.
func (t *table) fitted(width int) string {
	text := t.text(len(t.heading))
	if width > 0 && widest(text) > width {
		return t.folded()
	}
	return text
}

// text is the table with its first n columns side by side.
func (t *table) text(n int) string {
	var b strings.Builder
	columns := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range append([][]string{t.heading}, t.rows...) {
		aligned := make([]string, n)
		for c, cell := range cells[:n] {
			if aligned[c] = cell; strings.HasPrefix(t.heading[c], ">") {
				aligned[c] = fmt.Sprintf("%*s", t.widest(c), strings.TrimPrefix(cell, ">"))
			}
		}
		_, _ = fmt.Fprintln(columns, strings.Join(aligned, "\t")) // into memory
	}
	_ = columns.Flush()
	return b.String()
}

// folded is the table with the last column on lines of its own.
func (t *table) folded() string {
	last := len(t.heading) - 1
	lines := strings.SplitAfter(t.text(last), "\n")
	for i, cells := range t.rows {
		if cells[last] != none {
			lines[i+1] += "    " + cells[last] + "\n"
		}
	}
	return strings.Join(lines, "")
}

// widest is the width of a column of numbers.
func (t *table) widest(column int) int {
	most := len(t.heading[column]) - 1
	for _, cells := range t.rows {
		most = max(most, utf8.RuneCountInString(cells[column]))
	}
	return most
}

func widest(text string) int {
	most := 0
	for line := range strings.Lines(text) {
		most = max(most, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
	}
	return most
}
