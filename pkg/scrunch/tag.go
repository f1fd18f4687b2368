package scrunch

import (
	"bytes"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"
)

// tagger is a Sink that puts brand_id and brand_name first in each record, where it has no such member.
type tagger struct {
	export.Sink
	brand  Brand
	cutter wire.Cutter
	layout layout
	shape  int // of the record that was followed last and that the layout may not fit; 0: none
	record []byte
}

// Append adds the record with the brand put first.
func (t *tagger) Append(record []byte) (export.Line, error) {
	if found, ok := t.follow(record); ok && found.Length == len(record) {
		return t.Take()
	}
	members, err := t.members(record)
	if err != nil {
		return nil, err
	}
	t.fit(members)
	return t.add(record)
}

// Line is that of the record with the brand put first.
func (t *tagger) Line(record []byte) (export.Line, error) {
	members, err := t.members(record)
	if err != nil {
		return nil, err
	}
	t.fit(members)
	return t.Sink.Line(t.tag(record))
}

// members are those of a record, until the next call.
func (t *tagger) members(record []byte) ([]wire.Member, error) {
	members, err := t.cutter.Members(record)
	if err != nil {
		return nil, wire.Malformed("a record is %w, expected an object", err)
	}
	return members, nil
}

// Follow finds none: what is put first depends on the record.
func (t *tagger) Follow([]byte, []byte) export.Found { return export.Found{} }

// follow is Follow of a record with the brand put first. It is false where the layout does not fit it, or may not.
func (t *tagger) follow(text []byte) (found export.Found, ok bool) {
	if len(t.layout.names) > 0 {
		found = t.Sink.Follow(t.layout.head, text)
	}
	if ok = found.Length > 0 && found.Shape == t.layout.shape; !ok {
		t.shape = found.Shape
	}
	return found, ok
}

// fit has the layout fit a record: the one that was followed last, if one was.
func (t *tagger) fit(members []wire.Member) {
	t.layout.fit(members, t.brand, t.shape)
	t.shape = 0
}

// add is Append of a record that the layout fits.
func (t *tagger) add(record []byte) (export.Line, error) { return t.Sink.Append(t.tag(record)) }

// tag puts the brand first. What it gives is gone with the next record.
func (t *tagger) tag(record []byte) []byte {
	if len(t.layout.names) == 0 {
		return t.layout.head
	}
	rest := bytes.IndexByte(record, '{') + 1
	t.record = append(append(t.record[:0], t.layout.head...), record[rest:]...)
	return t.record
}
