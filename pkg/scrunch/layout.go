package scrunch

import (
	"cmp"
	"strconv"

	"yardstick/pkg/wire"
)

// layout is what the names of a record's members say of it. Records of one table have the same names in the same order, so
// that it is made once for all of them. The zero layout fits no record.
type layout struct {
	names      []string
	shape      int         // that the sink says records have which it fits; 0: not known
	head       []byte      // what a line begins with: the brand, as far as the record has no such members
	dates      []int       // which of the members are the date
	dimensions []dimension // of the slicing ones
}

// dimension is a member that is a slicing dimension.
type dimension struct{ member, place int }

// fit makes the layout that of a record, which has that shape, if it is not 0.
func (l *layout) fit(members []wire.Member, brand Brand, shape int) {
	if l.fits(members) {
		l.shape = cmp.Or(shape, l.shape)
		return
	}
	l.shape = shape
	l.names, l.dates, l.dimensions = l.names[:0], l.dates[:0], l.dimensions[:0]
	hasID, hasName := false, false
	for i, m := range members {
		l.names = append(l.names, m.Name)
		hasID = hasID || m.Name == "brand_id"
		hasName = hasName || m.Name == "brand_name"
		if m.Name == "date" {
			l.dates = append(l.dates, i)
		}
		if place := dimensionOf(m.Name); place >= 0 {
			l.dimensions = append(l.dimensions, dimension{i, place})
		}
	}
	l.head = append(l.head[:0], '{')
	if !hasID {
		l.head = append(strconv.AppendInt(append(l.head, `"brand_id":`...), brand.ID, 10), ',')
	}
	if !hasName {
		l.head = append(append(append(l.head, `"brand_name":`...), brand.Name...), ',')
	}
	if len(members) == 0 {
		l.head[len(l.head)-1] = '}'
	}
}

// fits says whether the record before had the same names.
func (l *layout) fits(members []wire.Member) bool {
	if len(l.names) != len(members) || len(l.head) == 0 {
		return false
	}
	for i := range members {
		if members[i].Name != l.names[i] {
			return false
		}
	}
	return true
}
