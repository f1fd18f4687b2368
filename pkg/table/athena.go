package table

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"yardstick/pkg/schema"
)

// Athena is the statement that makes the table in Athena (Hive's DDL), with partitions by projection. Members are matched
// as they are spelt: columns of another name have a mapping. It has no IF NOT EXISTS: where the stack has made a table of
// this name it fails, and its first lines tell what to do then.
func (s Snippets) Athena() string {
	t := s.Table
	var b strings.Builder
	b.WriteString(s.athenaNotes())
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE %s (\n", hiveName(t.Name()))
	for i, c := range t.Columns {
		fmt.Fprintf(&b, "  %s %s%s\n", hiveName(c.Name), c.Type, comma(i, len(t.Columns)))
	}
	b.WriteString(")\nPARTITIONED BY (")
	for i, c := range t.Partitions() {
		fmt.Fprintf(&b, "%s %s%s", hiveName(c.Name), c.Type, map[bool]string{true: ", "}[i < len(t.Partitions())-1])
	}
	b.WriteString(")\n")
	serde, of := "org.openx.data.jsonserde.JsonSerDe", [][2]string{{"case.insensitive", "false"}, {"ignore.malformed.json", "false"}}
	if t.Lines() { // no line has the character U+0001, at which a column would end
		serde, of = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", [][2]string{{"serialization.format", "1"}}
	}
	for _, pair := range mapping(t.Columns) {
		of = append(of, [2]string{"mapping." + pair[0], pair[1]})
	}
	fmt.Fprintf(&b, "ROW FORMAT SERDE %s\nWITH SERDEPROPERTIES (\n%s)\n", hiveText(serde), properties(of))
	fmt.Fprintf(&b, "STORED AS INPUTFORMAT %s\n  OUTPUTFORMAT %s\n", hiveText("org.apache.hadoop.mapred.TextInputFormat"),
		hiveText("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"))
	root := "s3://" + s.Place.Bucket + "/"
	fmt.Fprintf(&b, "LOCATION %s\n", hiveText(root+t.Location(s.Place.Layout)))
	fmt.Fprintf(&b, "TBLPROPERTIES (\n%s);\n", properties(s.projection(root)))
	return b.String()
}

func (s Snippets) projection(root string) [][2]string {
	of := [][2]string{{"projection.enabled", "true"}, {"projection.account.type", "enum"},
		{"projection.account.values", strings.Join(s.Place.Accounts, ",")}}
	if !s.Table.Lines() {
		of = append([][2]string{{"classification", "json"}}, of...)
	}
	if !s.Table.Latest {
		of = append(of, [2]string{"projection.dt.type", "date"}, [2]string{"projection.dt.format", "yyyy-MM-dd"},
			[2]string{"projection.dt.range", s.Place.First + ",NOW+1DAYS"}, [2]string{"projection.dt.interval", "1"},
			[2]string{"projection.dt.interval.unit", "DAYS"})
	}
	return append(of, [2]string{"storage.location.template", root + s.Table.Partition(s.Place.Layout, "${account}", "${dt}")})
}

// athenaNotes are comments: what the types rest on, and what a reader has to know.
func (s Snippets) athenaNotes() string {
	name := s.Table.Name()
	text := fmt.Sprintf("Table %s for Amazon Athena. Its types take all lines looked at so far: %d, with those that were read again.\n", name, s.Schema.Records)
	text += fmt.Sprintf("A stack that was deployed with Tables: 'on' has a table of this name. Run this in a database of your own beside it, or, to\n"+
		"replace it, run DROP TABLE %s first: that removes no data, and the next change of the template's table brings its own back.\n", hiveName(name))
	if s.Table.Source == "scrapright" && !s.Table.Lines() {
		text += "The stack's table has one column, record, with the whole line: queries that use it need that one.\n"
	}
	text += s.unreadableNotes("Athena may refuse such a record, or take one of the values", "U+FFFD or ?", "It reads as U+FFFD")
	if len(beyond(s.Schema.Value, nil)) > 0 || s.hasLongIDs() {
		text += "Numbers that neither bigint nor double holds are strings here. Where their digits must be those that were sent, take\n" +
			"json_extract_scalar(record, '$.Name') from the table of whole lines.\n"
	}
	return note("--", text)
}

// unreadableNotes tell of the records that readers cannot take, and of members that differ only in case.
func (s Snippets) unreadableNotes(twice, half, bytes string) (text string) {
	u := s.Schema.Unreadable
	if u.RepeatedNames > 0 {
		text += fmt.Sprintf("Records with a member twice: %d. %s.\n", u.RepeatedNames, twice)
	}
	for _, group := range collisions(s.Schema.Members) {
		text += fmt.Sprintf("Members that differ only in case, each in a column of its own: %s.\n", strings.Join(group, ", "))
	}
	if u.LoneSurrogates > 0 {
		text += fmt.Sprintf("Records with a text of half a character (a lone surrogate): %d. It reads as %s.\n", u.LoneSurrogates, half)
	}
	if u.InvalidUTF8 > 0 {
		text += fmt.Sprintf("Records with a text that is no UTF-8: %d. %s.\n", u.InvalidUTF8, bytes)
	}
	return text
}

// collisions are the members, quoted, that differ only in case.
func collisions(members []schema.Member) (groups [][]string) {
	folded := map[string][]string{}
	for _, m := range members {
		key := strings.ToLower(m.Name)
		folded[key] = append(folded[key], quoted(m.Name))
	}
	for _, m := range members {
		key := strings.ToLower(m.Name)
		if len(folded[key]) > 1 {
			groups = append(groups, folded[key])
		}
		delete(folded, key)
	}
	return groups
}

// quoted spells a name as JSON does, without a line's end in it.
func quoted(name string) string {
	text, _ := jsontext.AppendQuote(nil, name) // its error is invalid UTF-8, which no name of a schema has
	return string(text)
}

// beyond are the names of the members with numbers of which a double loses digits.
func beyond(v schema.Value, found []string) []string {
	for _, m := range v.Members {
		if m.Kinds[schema.DecimalBeyond] > 0 || m.Elements != nil && m.Elements.Kinds[schema.DecimalBeyond] > 0 {
			found = append(found, m.Name)
		}
		found = beyond(m.Value, found)
	}
	if v.Elements != nil {
		found = beyond(*v.Elements, found)
	}
	return found
}

func (s Snippets) hasLongIDs() bool { return hasKind(s.Schema.Value, schema.IntegerBeyond) }

func hasKind(v schema.Value, k schema.Kind) bool {
	for _, m := range v.Members {
		if hasKind(m.Value, k) {
			return true
		}
	}
	return v.Kinds[k] > 0 || v.Elements != nil && hasKind(*v.Elements, k)
}

// hiveName quotes an identifier.
func hiveName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// hiveText quotes a text.
func hiveText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", `\0`).Replace(text) + "'"
}

func properties(of [][2]string) string {
	var b strings.Builder
	for i, pair := range of {
		fmt.Fprintf(&b, "  %s = %s%s\n", hiveText(pair[0]), hiveText(pair[1]), comma(i, len(of)))
	}
	return b.String()
}

func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}
