package simulator

import (
	"encoding/binary"
	"math/bits"
)

// aggregation groups observations and tallies each group.
type aggregation struct {
	fields  []field
	filters []filter
	joins   join // what dimensions and filters need
	keep    bool // a filter's negation keeps null

	byKey   map[string]int
	keys    []string // the codes of a group's dimensions
	tallies []tally

	key     []byte
	touched []touch
	lists   [4][]int
}

// touch is a group to which the observation at hand belongs, and which of its citations and competitors brought it there.
type touch struct {
	group             int
	citations, rivals uint32
}

func newAggregation(q *reportQuery, keepNull bool) *aggregation {
	a := &aggregation{fields: q.fields, filters: q.filters, keep: keepNull, byKey: map[string]int{}}
	dimensional := false
	for _, f := range q.fields {
		if f.dimension != nil {
			a.joins |= f.dimension.over
			dimensional = true
		}
	}
	for _, f := range q.filters {
		a.joins |= f.dimension.over
	}
	if !dimensional {
		a.group() // metrics alone make one row, of nothing at all too
	}
	return a
}

// add counts an observation in every group to which it belongs.
func (a *aggregation) add(o *observation) {
	a.touched = a.touched[:0]
	tags := a.elements(0, joinTags, o.prompt.tags)
	topics := a.elements(1, joinTopics, o.prompt.topics)
	citations := a.elements(2, joinCitations, 1<<len(o.citations)-1)
	rivals := a.elements(3, joinRivals, 1<<len(o.day.rivals)-1)
	for _, tag := range tags {
		for _, topic := range topics {
			for _, citation := range citations {
				for _, rival := range rivals {
					if j := (joined{o, tag, topic, citation, rival}); a.passes(j) {
						a.touch(j)
					}
				}
			}
		}
	}
	for _, t := range a.touched {
		if a.joins&joinCitations == 0 {
			t.citations = 1<<len(o.citations) - 1
		}
		if a.joins&joinRivals == 0 {
			t.rivals = 1<<len(o.day.rivals) - 1
		}
		a.tallies[t.group].add(o, t.citations, t.rivals)
	}
}

// elements gives the elements of a list, as bits, over which a report multiplies an observation: -1 where it does not, or
// where there are none.
func (a *aggregation) elements(room int, of join, set uint) []int {
	list := a.lists[room][:0]
	if a.joins&of != 0 {
		for ; set != 0; set &= set - 1 {
			list = append(list, bits.TrailingZeros(set))
		}
	}
	if len(list) == 0 {
		list = append(list, -1)
	}
	a.lists[room] = list
	return list
}

func (a *aggregation) passes(j joined) bool {
	for i := range a.filters {
		if !a.filters[i].passes(j, a.keep) {
			return false
		}
	}
	return true
}

// touch finds the group of a joined observation.
func (a *aggregation) touch(j joined) {
	a.key = a.key[:0]
	for _, f := range a.fields {
		if f.dimension != nil {
			a.key = binary.LittleEndian.AppendUint32(a.key, uint32(f.dimension.code(j)))
		}
	}
	group := a.group()
	for i := range a.touched {
		if a.touched[i].group == group {
			a.touched[i].mark(j)
			return
		}
	}
	t := touch{group: group}
	t.mark(j)
	a.touched = append(a.touched, t)
}

func (t *touch) mark(j joined) {
	if j.citation >= 0 {
		t.citations |= 1 << j.citation
	}
	if j.rival >= 0 {
		t.rivals |= 1 << j.rival
	}
}

// group finds the group of the key at hand, or makes it.
func (a *aggregation) group() int {
	if group, ok := a.byKey[string(a.key)]; ok {
		return group
	}
	key, group := string(a.key), len(a.keys)
	a.byKey[key] = group
	a.keys = append(a.keys, key)
	a.tallies = append(a.tallies, tally{})
	return group
}

// appendRow writes a group as a row of a report.
func (a *aggregation) appendRow(dst []byte, b *brand, group int) []byte {
	key := a.keys[group]
	dst = append(dst, '{')
	for i, f := range a.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), f.name...), `":`...)
		if f.metric != nil {
			dst = f.metric.append(dst, &a.tallies[group])
			continue
		}
		code := int(int32(uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24))
		key = key[4:]
		if code < 0 {
			dst = append(dst, "null"...)
		} else {
			dst = f.dimension.form.append(dst, b, code)
		}
	}
	return append(dst, '}')
}
