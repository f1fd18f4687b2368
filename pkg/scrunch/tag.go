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
	record []byte
}

// Append adds the record with the brand put first.
func (t *tagger) Append(record []byte) (uint64, error) {
	if length, members := t.follow(record); length > 0 && length == len(record) && t.layout.fits(members) {
		return t.Sink.Take()
	}
	members, err := t.members(record)
	if err != nil {
		return 0, err
	}
	t.layout.fit(members, t.brand)
	return t.add(record)
}

// Fingerprint is that of the record with the brand put first.
func (t *tagger) Fingerprint(record []byte) (uint64, error) {
	members, err := t.members(record)
	if err != nil {
		return 0, err
	}
	t.layout.fit(members, t.brand)
	return t.Sink.Fingerprint(t.tag(record))
}

// members are those of a record, until the next call.
func (t *tagger) members(record []byte) ([]wire.Member, error) {
	members, err := t.cutter.Members(record)
	if err != nil {
		return nil, wire.Malformed("a record is %w, expected an object", err)
	}
	return members, nil
}

// Follow tells nothing: without the layout of the record there is no brand to put first.
func (t *tagger) Follow([]byte, []byte) (length int, members []export.Member) { return 0, nil }

// follow is Follow of a record that the layout may fit. It is to be taken only if it does.
func (t *tagger) follow(text []byte) (length int, members []export.Member) {
	if len(t.layout.names) == 0 {
		return 0, nil
	}
	return t.Sink.Follow(t.layout.head, text)
}

// add is Append of a record that the layout fits.
func (t *tagger) add(record []byte) (uint64, error) { return t.Sink.Append(t.tag(record)) }

// tag puts the brand first. What it gives is gone with the next record.
func (t *tagger) tag(record []byte) []byte {
	if len(t.layout.names) == 0 {
		return t.layout.head
	}
	rest := bytes.IndexByte(record, '{') + 1
	t.record = append(append(t.record[:0], t.layout.head...), record[rest:]...)
	return t.record
}
