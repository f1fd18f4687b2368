package about

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"yardstick/pkg/snapshot"
)

// Covered is one part of one day that was exported, as a row of the coverage table has it. Its JSON is public surface: the
// members are the table's columns, and by them SQL can tell "no purchases" from "not exported".
type Covered struct {
	Day       snapshot.Day `json:"day"`
	Source    string       `json:"source"`
	Dataset   string       `json:"dataset"`
	Account   string       `json:"account"`
	Part      string       `json:"part"`
	Rows      int64        `json:"rows"`
	Settled   bool         `json:"settled"`
	FetchedAt time.Time    `json:"fetched_at"` // the last reading, UTC in whole seconds
	// Unreadable is how many records some readers cannot take: with a name twice, names that differ only in case, half a
	// character, or bytes that are no UTF-8.
	Unreadable int64 `json:"unreadable"`
}

// Coverage is what ledgers say was exported, in the order of dataset, day and part. Those of one source and account make
// one table (snapshot.Layout.Coverage).
func Coverage(ledgers ...snapshot.Ledger) []Covered {
	rows := []Covered{}
	for _, l := range ledgers {
		for day, parts := range l.Days {
			for part, e := range parts {
				rows = append(rows, Covered{Day: day, Source: l.Source, Dataset: l.Dataset, Account: l.Account, Part: part,
					Rows: e.Rows, Settled: e.Settled, FetchedAt: e.FetchedAt, Unreadable: e.Unreadable["records"]})
			}
		}
	}
	sortCoverage(rows)
	return rows
}

func sortCoverage(rows []Covered) {
	slices.SortFunc(rows, func(a, b Covered) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Dataset, b.Dataset),
			cmp.Compare(a.Day, b.Day), byPart(a.Part, b.Part))
	})
}

// EncodeCoverage is the object of a coverage table: gzip of a line of JSON for each row, in their order. The same rows make
// the same bytes.
func EncodeCoverage(rows []Covered) ([]byte, error) {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].FetchedAt = rows[i].FetchedAt.UTC().Truncate(time.Second)
	}
	return encodeTable(rows)
}

// encodeTable is gzip of a line of JSON for each row.
func encodeTable[T any](rows []T) ([]byte, error) {
	var text bytes.Buffer
	packed := gzip.NewWriter(&text)
	lines := json.NewEncoder(packed)
	lines.SetEscapeHTML(false)
	for _, row := range rows {
		if err := lines.Encode(row); err != nil {
			return nil, fmt.Errorf("write a table: %w", err)
		}
	}
	if err := packed.Close(); err != nil {
		return nil, fmt.Errorf("write a table: %w", err)
	}
	return text.Bytes(), nil
}
