package scrunch

import (
	"bytes"
	"strconv"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"
)

// tagger is a Sink that puts brand_id and brand_name first in each record, where it has no such member.
type tagger struct {
	export.Sink
	brand  Brand
	cutter wire.Cutter
	record []byte
}

// Append adds the record with the brand put first.
func (t *tagger) Append(record []byte) (uint64, error) {
	members, err := t.members(record)
	if err != nil {
		return 0, err
	}
	return t.add(record, members)
}

// Fingerprint is that of the record with the brand put first.
func (t *tagger) Fingerprint(record []byte) (uint64, error) {
	members, err := t.members(record)
	if err != nil {
		return 0, err
	}
	return t.Sink.Fingerprint(t.tag(record, members))
}

// members are those of a record, until the next call.
func (t *tagger) members(record []byte) ([]wire.Member, error) {
	members, err := t.cutter.Members(record)
	if err != nil {
		return nil, wire.Malformed("a record is %w, expected an object", err)
	}
	return members, nil
}

// add is Append of a record whose members are known.
func (t *tagger) add(record []byte, members []wire.Member) (uint64, error) {
	return t.Sink.Append(t.tag(record, members))
}

// tag puts the brand first. What it gives is gone with the next record.
func (t *tagger) tag(record []byte, members []wire.Member) []byte {
	hasID, hasName := false, false
	for _, m := range members {
		hasID = hasID || m.Name == "brand_id"
		hasName = hasName || m.Name == "brand_name"
	}
	t.record = append(t.record[:0], '{')
	if !hasID {
		t.record = strconv.AppendInt(append(t.record, `"brand_id":`...), t.brand.ID, 10)
		t.record = append(t.record, ',')
	}
	if !hasName {
		t.record = append(append(append(t.record, `"brand_name":`...), t.brand.Name...), ',')
	}
	if len(members) == 0 {
		t.record[len(t.record)-1] = '}'
		return t.record
	}
	rest := bytes.IndexByte(record, '{') + 1
	t.record = append(t.record, record[rest:]...)
	return t.record
}
