package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Vanished counts the rows of an earlier object that a later one of the same part no longer has. Where every row of both
// has a plain id, that is a member named id, <singular>id or <singular>_id in any case (purchases: PurchaseId) holding
// a string or number that no other row has, it counts ids. Elsewhere it counts by whole lines how many more went than
// came, so that a row that was only changed is not counted. It reads both objects to their ends, keeping 16 bytes for
// each row; an object that is not gzip, or breaks off, is an error.
func Vanished(dataset string, before, after io.Reader) (int64, error) {
	r := rowReader{names: idNames(dataset), decoder: jsontext.NewDecoder(bytes.NewReader(nil))}
	old, err := r.rows(before)
	if err != nil {
		return 0, fmt.Errorf("the earlier object: %w", err)
	}
	now, err := r.rows(after)
	if err != nil {
		return 0, fmt.Errorf("the later object: %w", err)
	}
	if old.identified() && now.identified() {
		gone, _ := difference(old.ids, now.ids)
		return gone, nil
	}
	gone, came := difference(old.lines, now.lines)
	return max(0, gone-came), nil
}

// rows are the fingerprints of an object's rows, in ascending order.
type rows struct{ ids, lines []uint64 }

// identified says whether each row has an id of its own.
func (r rows) identified() bool {
	for i := 1; i < len(r.ids); i++ {
		if r.ids[i] == r.ids[i-1] {
			return false
		}
	}
	return len(r.ids) == len(r.lines)
}

// rowReader reads the rows of objects of one part.
type rowReader struct {
	names   []string // that an id may have, in some case
	id      string   // the one that it has, by the first row with an id: the same in all objects
	decoder *jsontext.Decoder
	text    bytes.Reader
}

func (r *rowReader) rows(object io.Reader) (found rows, err error) {
	err = eachLine(object, func(line []byte) error {
		found.lines = append(found.lines, lineFingerprint(line))
		if id := r.plainID(line); id != nil {
			sum := sha256.Sum256(id)
			found.ids = append(found.ids, binary.BigEndian.Uint64(sum[:8]))
		}
		return nil
	})
	slices.Sort(found.ids)
	slices.Sort(found.lines)
	return found, err
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

// difference counts what of a is not in b, and of b not in a. Both are sorted; repeated values count.
func difference(a, b []uint64) (onlyA, onlyB int64) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		case a[0] < b[0]:
			a, onlyA = a[1:], onlyA+1
		default:
			b, onlyB = b[1:], onlyB+1
		}
	}
	return onlyA + int64(len(a)), onlyB + int64(len(b))
}
