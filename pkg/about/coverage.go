package about

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
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
func EncodeCoverage(rows []Covered) ([]byte, error) { return encodeTable(rows, appendCovered) }

// appendCovered spells a row as encoding/json does, without its cost: an account may have tens of thousands.
func appendCovered(b []byte, c Covered) ([]byte, error) {
	b = append(b, `{"day":"`...)
	b = append(b, c.Day.String()...)
	for _, text := range [...]struct{ name, value string }{{"source", c.Source}, {"dataset", c.Dataset}, {"account", c.Account}, {"part", c.Part}} {
		b = append(append(append(b, `","`...), text.name...), `":`...)
		b, _ = jsontext.AppendQuote(b, text.value) // its error is invalid UTF-8, which is U+FFFD then
		b = b[:len(b)-1]
	}
	b = append(b, `","rows":`...)
	b = strconv.AppendInt(b, c.Rows, 10)
	b = append(b, `,"settled":`...)
	b = strconv.AppendBool(b, c.Settled)
	b = append(b, `,"fetched_at":"`...)
	b = c.FetchedAt.UTC().Truncate(time.Second).AppendFormat(b, time.RFC3339)
	b = append(b, `","unreadable":`...)
	return append(strconv.AppendInt(b, c.Unreadable, 10), '}'), nil
}

// encodeTable is gzip of a line for each row.
func encodeTable[T any](rows []T, appendRow func([]byte, T) ([]byte, error)) ([]byte, error) {
	var text bytes.Buffer
	packed, err := gzip.NewWriterLevel(&text, gzip.BestSpeed)
	var line []byte
	for _, row := range rows {
		if err == nil {
			line, err = appendRow(line[:0], row)
		}
		if err == nil {
			_, err = packed.Write(append(line, '\n'))
		}
	}
	if err == nil {
		err = packed.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("write a table: %w", err)
	}
	return text.Bytes(), nil
}
