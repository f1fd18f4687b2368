// Package table knows the snapshots as tables: which columns of which types the lines of a dataset have, and where a
// table's objects lie. What is said of tables elsewhere, such as the Glue tables of template.yaml, is held to it by tests.
//
// The vendor's OpenAPI document decides on Scrunch's columns. ScrapRight publishes its members only inside each yard: a
// line of its datasets is one column, from which queries take members by json_extract.
package table

import (
	"strings"

	"yardstick/pkg/snapshot"
)

// Record is the name of the column that holds a whole line.
const Record = "record"

// Table is one table over the data objects of all accounts. There are two of a listing: one of its days, and one of its
// newest copies.
type Table struct {
	Source  string // as keys name it
	Dataset string
	Latest  bool     // over the newest copies, which are partitioned by account alone
	Columns []Column // the members of a line, in their order; or Record alone, which is the line as it stands
}

// ScrapRight are the tables of a yard's datasets.
func ScrapRight() []Table {
	line := []Column{text(Record)}
	listings := withLatest(Table{Dataset: "customers", Columns: line}, Table{Dataset: "businesses", Columns: line})
	return in("scrapright", append([]Table{{Dataset: "purchases", Columns: line}}, listings...))
}

// withLatest puts behind each listing's table the one over its newest copies.
func withLatest(listings ...Table) []Table {
	var all []Table
	for _, t := range listings {
		latest := t
		latest.Latest = true
		all = append(all, t, latest)
	}
	return all
}

func in(source string, tables []Table) []Table {
	for i := range tables {
		tables[i].Source = source
	}
	return tables
}

// Name is what the table is called: source_dataset, with _latest behind it where it is over the newest copies.
func (t Table) Name() string {
	name := t.Source + "_" + t.Dataset
	if t.Latest {
		name += "_latest"
	}
	return name
}

// Lines says whether the table has whole lines, in the column Record, and not their members.
func (t Table) Lines() bool {
	return len(t.Columns) == 1 && t.Columns[0].Name == Record
}

// Partitions are the columns that keys have and lines have not, all of them strings: account, then dt where the table has
// days, such as 2026-11-22.
func (t Table) Partitions() []Column {
	if t.Latest {
		return []Column{text("account")}
	}
	return []Column{text("account"), text("dt")}
}

// Partition is what the keys of one partition's objects begin with. It ends in "/". dt does not matter where the table has
// no days. Placeholders are taken as they are.
func (t Table) Partition(l snapshot.Layout, account, dt string) string {
	if t.Latest {
		key := l.Latest(snapshot.Name{Source: t.Source, Dataset: t.Dataset, Account: account})
		return key[:strings.LastIndex(key, "/")+1]
	}
	return l.Partitions(t.Source, t.Dataset, account) + "dt=" + dt + "/"
}

// Location is what the keys of all its objects begin with. It ends in "/".
func (t Table) Location(l snapshot.Layout) string {
	partition := t.Partition(l, "", "")
	return partition[:strings.LastIndex(partition, "account=")]
}
