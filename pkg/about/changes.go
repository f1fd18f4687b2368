package about

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"yardstick/pkg/snapshot"
)

// Revised is one replacement of a part of a day that was settled, as a row of the tables of changes has it. Its JSON is
// public surface: the members are the table's columns, and who closed a month by its rows finds here what changed since.
type Revised struct {
	Day          snapshot.Day `json:"day"`
	Source       string       `json:"source"`
	Dataset      string       `json:"dataset"`
	Account      string       `json:"account"`
	Part         string       `json:"part"`
	ChangedAt    time.Time    `json:"changed_at"` // the clock of the run that replaced it, UTC in whole seconds
	Run          string       `json:"run"`
	RowsBefore   int64        `json:"rows_before"`
	RowsAfter    int64        `json:"rows_after"`
	SHA256Before string       `json:"sha256_before"` // of the uncompressed lines
	SHA256After  string       `json:"sha256_after"`
}

// Changes are the replacements that ledgers remember, oldest first, and of one moment in the order of dataset, day and
// part. Those of one source, account and month of the day make one table (snapshot.Layout.Changes).
func Changes(ledgers ...snapshot.Ledger) []Revised {
	rows := []Revised{}
	for _, l := range ledgers {
		for day, parts := range l.Days {
			for part, e := range parts {
				rows = append(rows, revisionsOf(l, day, part, e)...)
			}
		}
	}
	sortChanges(rows)
	return rows
}

func sortChanges(rows []Revised) {
	slices.SortFunc(rows, func(a, b Revised) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account), a.ChangedAt.Compare(b.ChangedAt),
			cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Day, b.Day), byPart(a.Part, b.Part))
	})
}

// decodeChanges are the rows of a table of changes; none where it is of another form.
func decodeChanges(packed []byte) (rows []Revised) {
	text, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	lines := json.NewDecoder(text)
	for {
		var row Revised
		err := lines.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			return nil
		}
		rows = append(rows, row)
	}
}

func appendRevised(b []byte, r Revised) ([]byte, error) {
	line, err := json.Marshal(r)
	return append(b, line...), err
}

// revisionsOf are an entry's: each content was replaced by the next one that is remembered, the last by the entry's own. What
// replaced a settled content and was replaced before it settled itself is not remembered, and counts with the next.
func revisionsOf(l snapshot.Ledger, day snapshot.Day, part string, e snapshot.Entry) (rows []Revised) {
	for i, r := range e.Revised {
		after := snapshot.Revision{Rows: e.Rows, SHA256: e.SHA256}
		if i+1 < len(e.Revised) {
			after = e.Revised[i+1]
		}
		rows = append(rows, Revised{Day: day, Source: l.Source, Dataset: l.Dataset, Account: l.Account, Part: part,
			ChangedAt: r.At.UTC().Truncate(time.Second), Run: r.Run, RowsBefore: r.Rows, RowsAfter: after.Rows,
			SHA256Before: r.SHA256, SHA256After: after.SHA256})
	}
	return rows
}
