package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxIDs   = 1000 // told of each kind
	maxIDLen = 256  // bytes of an id that is told: what is longer is a text and no id
)

// Changes is how a later object of a part differs from an earlier one. The zero Changes is no difference.
type Changes struct {
	Vanished int64 // rows that the later one no longer has
	Changed  int64 // rows that both have, and whose lines differ
	// The ids of those rows as the vendor spelt them, in the order of the earlier object. Empty where there is no plain id.
	VanishedIDs, ChangedIDs []json.RawMessage
	Truncated               bool // ids beyond the first 1,000 of a kind, and ids longer than 256 bytes, were left out
}

// Compare tells which rows of an earlier object a later one of the same part no longer has, and which it has changed.
// Rows are known by their plain id: a member named id, <singular>id or <singular>_id in any case (purchases: PurchaseId),
// holding a string or number that no other row has. Where a row of either object has none, nobody can tell a row that
// was changed from one that went while another came: then Vanished is how many fewer rows there are, and Changed is 0. It
// reads both objects once to their ends, keeping 16 bytes for each row of both; an object that is not gzip, or breaks off, is an
// error.
func Compare(dataset string, before, after io.Reader) (Changes, error) {
	r := rowReader{names: idNames(dataset), decoder: jsontext.NewDecoder(bytes.NewReader(nil))}
	var old, now table
	if err := r.each(after, func(_ []byte, known row) { now.add(known) }); err != nil {
		return Changes{}, fmt.Errorf("the later object: %w", err)
	}
	plain := now.identified()
	var c Changes
	err := r.each(before, func(id []byte, known row) {
		old.add(known)
		if plain && id != nil {
			c.compare(id, known, now)
		}
	})
	if err != nil {
		return Changes{}, fmt.Errorf("the earlier object: %w", err)
	}
	if !plain || !old.identified() {
		return Changes{Vanished: max(0, old.count-now.count)}, nil
	}
	return c, nil
}

// compare looks a row of the earlier object up in the later one.
func (c *Changes) compare(id []byte, known row, now table) {
	at, found := slices.BinarySearchFunc(now.rows, known, byID)
	switch {
	case !found:
		c.Vanished++
		c.VanishedIDs = c.tell(c.VanishedIDs, id)
	case now.rows[at].line != known.line:
		c.Changed++
		c.ChangedIDs = c.tell(c.ChangedIDs, id)
	}
}

func (c *Changes) tell(told []json.RawMessage, id []byte) []json.RawMessage {
	if len(told) >= maxIDs || len(id) > maxIDLen {
		c.Truncated = true
		return told
	}
	return append(told, bytes.Clone(id))
}

// row is what is kept of a row: the fingerprints of its id and its line.
type row struct{ id, line uint64 }

func byID(a, b row) int { return cmp.Compare(a.id, b.id) }

// table is an object's rows.
type table struct {
	rows  []row // that have an id
	count int64 // of all rows
}

func (t *table) add(r row) {
	t.count++
	if r.id != 0 {
		t.rows = append(t.rows, r)
	}
}

// identified sorts the rows by id, and says whether each has one of its own.
func (t *table) identified() bool {
	if int64(len(t.rows)) != t.count {
		return false
	}
	slices.SortFunc(t.rows, byID)
	for i := 1; i < len(t.rows); i++ {
		if t.rows[i].id == t.rows[i-1].id {
			return false
		}
	}
	return true
}

// rowReader reads the rows of objects of one part.
type rowReader struct {
	names   []string // that an id may have, in some case
	id      string   // the one that it has, by the first row with an id: the same in all objects
	decoder *jsontext.Decoder
	text    bytes.Reader
}

// each goes through an object's rows. The id is as it is spelt, good until f returns, and nil where there is none.
func (r *rowReader) each(object io.Reader, f func(id []byte, known row)) error {
	return eachLine(object, func(line []byte) error {
		line = bytes.TrimSuffix(line, []byte("\n"))
		known := row{line: fingerprint(line)}
		id := r.plainID(line)
		if id != nil {
			known.id = max(1, fingerprint(id)) // 0 is none
		}
		f(id, known)
		return nil
	})
}

// plainID finds the id in a line, as it is spelt. What is no JSON object has none.
func (r *rowReader) plainID(line []byte) jsontext.Value {
	r.text.Reset(line)
	r.decoder.Reset(&r.text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := r.decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return nil
	}
	for r.decoder.PeekKind() == '"' {
		token, err := r.decoder.ReadToken()
		if err != nil {
			return nil
		}
		member := token.String()
		kind := r.decoder.PeekKind()
		if r.isID(member) && (kind == '"' || kind == '0') {
			r.id = member
			id, err := r.decoder.ReadValue()
			if err != nil {
				return nil
			}
			return id
		}
		if err := r.decoder.SkipValue(); err != nil {
			return nil
		}
	}
	return nil
}

func (r *rowReader) isID(member string) bool {
	if r.id != "" {
		return strings.EqualFold(member, r.id)
	}
	return slices.ContainsFunc(r.names, func(name string) bool { return strings.EqualFold(name, member) })
}

func idNames(dataset string) []string {
	singular := strings.TrimSuffix(dataset, "s")
	if strings.HasSuffix(dataset, "sses") {
		singular = strings.TrimSuffix(dataset, "es")
	}
	return []string{"id", singular + "id", singular + "_id"}
}
