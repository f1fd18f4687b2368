package table

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"yardstick/pkg/schema"
)

// DuckDB is a statement that makes a view of the table's name in DuckDB. Where the lines are such that read_json takes
// them, it reads with that; where it would stop or lose digits, the lines are read as text, mended and taken apart.
func (s Snippets) DuckDB() string {
	text := fmt.Sprintf("View %s for DuckDB. Its types take all lines looked at so far: %d, with those that were read again.\n", s.Table.Name(), s.Schema.Records)
	if strings.HasPrefix(s.Place.Root, "s3://") {
		text += "Once before: INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);\n"
	}
	text += s.unreadableNotes("DuckDB takes the first of the values", "the rest of the text", "DuckDB leaves the record out")
	body := s.duckPlain()
	if s.Table.Lines() {
		body = s.duckMended()
	} else if s.mend() {
		text += "read_json would stop at some of these lines, or lose digits: they are read as text and taken apart. In lists and objects,\n" +
			"what does not fit its type is NULL: make this anew when members changed.\n"
		body = s.duckMended()
	}
	return note("--", text) + fmt.Sprintf("CREATE OR REPLACE VIEW %s AS\n%s;\n", sqlName(s.Table.Name()), body)
}

// mend says whether read_json could not take the lines as they are.
func (s Snippets) mend() bool {
	u := s.Schema.Unreadable
	if u.RepeatedNames > 0 || u.LoneSurrogates > 0 || u.InvalidUTF8 > 0 || hasKind(s.Schema.Value, schema.DecimalBeyond) {
		return true
	}
	labels := s.labels()
	return slices.ContainsFunc(s.Table.Columns, func(c Column) bool { return !slices.Contains(labels, c.Key()) })
}

func (s Snippets) hive() string {
	if s.Table.Latest {
		return "hive_partitioning = true, hive_types = {'account': VARCHAR}"
	}
	return "hive_partitioning = true, hive_types = {'account': VARCHAR, 'dt': DATE}"
}

func (s Snippets) duckPlain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT * FROM read_json(%s,\n  format = 'newline_delimited', compression = 'gzip', %s,\n  columns = {\n", sqlText(s.files()), s.hive())
	for i, c := range s.Table.Columns {
		fmt.Fprintf(&b, "    %s: %s%s\n", sqlText(c.Key()), sqlText(c.Type.duck()), comma(i, len(s.Table.Columns)))
	}
	b.WriteString("  })")
	return b.String()
}

// duckMended reads each line as a text. No line has the character U+0001, at which a column would end.
func (s Snippets) duckMended() string {
	partitions := []string{}
	for _, c := range s.Table.Partitions() {
		partitions = append(partitions, c.Name)
	}
	with := strings.Join(partitions, ", ")
	extra := ""
	if s.Schema.Unreadable.InvalidUTF8 > 0 {
		extra = ", encoding = 'utf-8', ignore_errors = true"
	}
	read := fmt.Sprintf("read_csv(%s, columns = {'record': 'VARCHAR'}, auto_detect = false, header = false,\n"+
		"    delim = E'\\x01', quote = '', escape = '', max_line_size = 100000000, compression = 'gzip'%s,\n    %s)", sqlText(s.files()), extra, s.hive())
	if s.Table.Lines() {
		return fmt.Sprintf("SELECT record, %s FROM %s", with, read)
	}
	var b strings.Builder
	b.WriteString("SELECT\n")
	labels := s.labels()
	for i, c := range s.Table.Columns {
		fmt.Fprintf(&b, "  %s AS %s,\n", c.extract(), sqlName(labels[i]))
	}
	fmt.Fprintf(&b, "  %s\nFROM (\n  SELECT %s AS record, %s\n  FROM %s)", with, s.mended(), with, read)
	return b.String()
}

// mended is a line without half characters, and with the numbers in quotes of which a double would lose digits.
func (s Snippets) mended() string {
	const halves = `(\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`
	expression := "record"
	if s.Schema.Unreadable.LoneSurrogates > 0 {
		expression = fmt.Sprintf("regexp_replace(%s, %s, '\\1', 'g')", expression, sqlText(halves))
	}
	names := beyond(s.Schema.Value, nil)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		pattern := `([{,]` + regexp.QuoteMeta(quoted(name)) + `:)(-?[0-9][-+.0-9eE]*)`
		expression = fmt.Sprintf("regexp_replace(%s,\n    %s, '\\1\"\\2\"', 'g')", expression, sqlText(pattern))
	}
	return expression
}

// extract takes the column out of a line.
func (c Column) extract() string {
	at := sqlText("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(c.Key()))
	switch {
	case c.Type.Kind == String:
		return fmt.Sprintf("json_extract_string(record, %s)", at)
	case c.Type.Element != nil || len(c.Type.Members) > 0:
		return fmt.Sprintf("json_transform(json_extract(record, %s), %s)", at, sqlText(c.Type.structure()))
	}
	return fmt.Sprintf("CAST(json_extract_string(record, %s) AS %s)", at, c.Type.duck())
}

// duck is the type as DuckDB spells it.
func (t Type) duck() string {
	switch {
	case t.Element != nil:
		return t.Element.duck() + "[]"
	case len(t.Members) > 0:
		members := make([]string, len(t.Members))
		for i, m := range t.Members {
			members[i] = sqlName(m.Key()) + " " + m.Type.duck()
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	}
	return map[Kind]string{Bigint: "BIGINT", Double: "DOUBLE", Boolean: "BOOLEAN", String: "VARCHAR"}[t.Kind]
}

// structure is the type as json_transform takes it: JSON.
func (t Type) structure() string {
	switch {
	case t.Element != nil:
		return "[" + t.Element.structure() + "]"
	case len(t.Members) > 0:
		members := make([]string, len(t.Members))
		for i, m := range t.Members {
			members[i] = quoted(m.Key()) + ":" + m.Type.structure()
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	return quoted(t.duck())
}

// sqlName quotes an identifier of SQL.
func sqlName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// sqlText quotes a text of SQL.
func sqlText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
