package table

import (
	"fmt"
	"strings"
)

// Pandas is a Python program that reads the table into a pandas DataFrame of the table's name. It takes any line: a member
// that a record has twice has its last value, and what is no character is a question mark or U+FFFD.
func (s Snippets) Pandas() string {
	install := "pip install pandas fsspec"
	if strings.HasPrefix(s.Place.Root, "s3://") {
		install += " s3fs"
	}
	text := fmt.Sprintf("Table %s for pandas: %s\nIts types take all lines looked at so far: %d, with those that were read again. Numbers that no double\n"+
		"holds are text, those within lists and objects decimal.Decimal.\n", s.Table.Name(), install, s.Schema.Records)
	text += s.unreadableNotes("The last of the values counts", "?", "It reads as U+FFFD")
	var columns strings.Builder
	labels := s.labels()
	for i, c := range s.Table.Columns {
		fmt.Fprintf(&columns, "    (%s, %s, %s),\n", pythonText(labels[i]), pythonText(c.Key()), pythonText(c.Type.pandas()))
	}
	partitions := "account"
	if !s.Table.Latest {
		partitions = "account, dt"
	}
	row := "json.loads(line, parse_float=Decimal)"
	if s.Table.Lines() {
		row = `{"record": line.rstrip("\n")}`
	}
	return note("#", text) + fmt.Sprintf(pandas, pythonText(s.files()), columns.String(), strings.Count(partitions, ",")+1, row,
		pythonText(partitions), s.Table.variable())
}

// pandas takes: files, columns, partitions, a row, names of the partitions, the variable.
const pandas = `import json
from decimal import Decimal

import fsspec
import pandas as pd

files = %s
columns = [  # name, member of a line, type
%s]


def text(value):
    if not isinstance(value, (str, int, Decimal)) or isinstance(value, bool):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return str(value).encode("utf-8", "replace").decode("utf-8")


make = {"Int64": int, "Float64": float, "boolean": bool, "string": text, "object": lambda value: value}
partitions, rows = [], []
for file in sorted(fsspec.open_files(files, "rt", compression="gzip", encoding="utf-8", errors="replace"), key=lambda f: f.path):
    partition = [part.split("=", 1)[1] for part in file.path.split("/")[:-1] if part.startswith(("account=", "dt="))][-%d:]
    with file as lines:
        for line in lines:
            rows.append(%s)
            partitions.append(partition)

keys = pd.DataFrame(partitions, columns=%s.split(", "), dtype="string")
data = {}
for name, member, kind in columns:
    values = (row.get(member) for row in rows)
    data[name] = pd.Series([None if value is None else make[kind](value) for value in values], dtype=kind)
%s = pd.concat([pd.DataFrame(data), keys], axis=1)
`

// pandas is the type as pandas names it: those that take a missing value beside the others.
func (t Type) pandas() string {
	if kind, ok := map[Kind]string{Bigint: "Int64", Double: "Float64", Boolean: "boolean", String: "string"}[t.Kind]; ok {
		return kind
	}
	return "object"
}

// variable is the table's name as a name of Python.
func (t Table) variable() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, t.Name())
}

// pythonText quotes a text: JSON's spelling is Python's too.
func pythonText(text string) string { return quoted(text) }
