package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Vanished counts the rows of an earlier object that a later one of the same part no longer has. Where every row of both
// has a plain id, that is a member named id, <singular>id or <singular>_id in any case (purchases: PurchaseId) holding
// a string or number that no other row has, it counts ids. Elsewhere it counts by whole lines how many more went than
// came, so that a row that was only changed is not counted. It keeps 16 bytes for each row.
func Vanished(dataset string, before, after io.Reader) (int64, error) {
	old, err := readRows(dataset, before)
	if err != nil {
		return 0, err
	}
	now, err := readRows(dataset, after)
	if err != nil {
		return 0, err
	}
	if old.identified() && now.identified() {
		gone, _ := difference(old.ids, now.ids)
		return gone, nil
	}
	gone, came := difference(old.lines, now.lines)
	return max(0, gone-came), nil
}

type rows struct{ ids, lines []uint64 }

// identified says whether each row has an id of its own.
func (r rows) identified() bool {
	if len(r.ids) != len(r.lines) {
		return false
	}
	for i := 1; i < len(r.ids); i++ {
		if r.ids[i] == r.ids[i-1] {
			return false
		}
	}
	return true
}

func readRows(dataset string, object io.Reader) (rows, error) {
	var r rows
	name := ""
	err := eachLine(object, func(line []byte) error {
		r.lines = append(r.lines, lineFingerprint(line))
		id, err := plainID(dataset, &name, line)
		if id != nil {
			sum := sha256.Sum256(id)
			r.ids = append(r.ids, binary.BigEndian.Uint64(sum[:8]))
		}
		return err
	})
	slices.Sort(r.ids)
	slices.Sort(r.lines)
	return r, err
}

// plainID finds the id in a line. The first line decides on the member's name.
func plainID(dataset string, name *string, line []byte) (jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(line), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, errors.Join(err)
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		member := token.String()
		found := *name != "" && member == *name || *name == "" && idName(dataset, member)
		if kind := d.PeekKind(); found && (kind == '"' || kind == '0') {
			*name = member
			return d.ReadValue()
		}
		if err := d.SkipValue(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func idName(dataset, member string) bool {
	member = strings.ReplaceAll(strings.ToLower(member), "_", "")
	singular := strings.TrimSuffix(dataset, "s")
	if strings.HasSuffix(dataset, "sses") {
		singular = strings.TrimSuffix(dataset, "es")
	}
	return member == "id" || member == singular+"id"
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
