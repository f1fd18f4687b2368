package schema

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Drift is one difference between two schemas: of a member, by its path, with counts and no values.
type Drift struct {
	Path   string         `json:"path"` // such as Lines[].Price; a name that is not plain is quoted; empty: the line itself
	Change Change         `json:"change"`
	Before map[Kind]int64 `json:"before"` // how many values of each kind; none where it appeared
	After  map[Kind]int64 `json:"after"`  // none where it vanished
}

// Change says what became of a member.
type Change string

// The changes.
const (
	Appeared Change = "appeared" // it was in no record before
	Vanished Change = "vanished" // it was in every record before, and is in none now
	Retyped  Change = "retyped"  // it has values of a kind that it had not, and that its type before does not take
)

// Diff tells how lines differ in their members from those before, sorted by path. A member that only some records had and
// none has now is no difference, nor is one that has fewer kinds than before: so whoever compares each reading with the
// merged schema of all before it is told each drift once. Where either has seen no record there is none. Of what appeared
// or vanished, what lies below it is not told.
func Diff(before, after *Schema) []Drift {
	drifts := []Drift{}
	if before.Records() > 0 && after.Records() > 0 {
		old, now := before.Document().Value, after.Document().Value
		drifts = compare(drifts, "", old, now)
	}
	slices.SortStableFunc(drifts, func(a, b Drift) int { return cmp.Compare(a.Path, b.Path) })
	return drifts
}

// compare tells the difference of one path, and of those below.
func compare(drifts []Drift, path string, old, now Value) []Drift {
	if retyped(old, now) {
		drifts = append(drifts, Drift{path, Retyped, old.Kinds, now.Kinds})
	}
	if old.Open || now.Open {
		return drifts
	}
	if old.Elements != nil && now.Elements != nil {
		drifts = compare(drifts, path+"[]", *old.Elements, *now.Elements)
	}
	if old.Kinds[Object] == 0 || now.Kinds[Object] == 0 {
		return drifts
	}
	known := byName(old.Members)
	for _, m := range now.Members {
		at := below(path, m.Name)
		if was, ok := known[m.Name]; ok {
			drifts = compare(drifts, at, was.Value, m.Value)
		} else {
			drifts = append(drifts, Drift{at, Appeared, map[Kind]int64{}, m.Kinds})
		}
	}
	present := byName(now.Members)
	for _, m := range old.Members {
		if _, ok := present[m.Name]; !ok && m.Count() >= old.Kinds[Object] {
			drifts = append(drifts, Drift{below(path, m.Name), Vanished, m.Kinds, map[Kind]int64{}})
		}
	}
	return drifts
}

// retyped says whether there is a kind now that the kinds before did not lead to expect.
func retyped(old, now Value) bool {
	for k := range now.Kinds {
		if k != Null && !slices.ContainsFunc(slices.Collect(maps.Keys(old.Kinds)), func(had Kind) bool { return takes(had, k) }) {
			return true
		}
	}
	return false
}

// takes says whether what has values of one kind can be expected to have those of another.
func takes(had, k Kind) bool {
	return had == k || k == Integer && (had == Integer64 || had == IntegerBeyond || had == Decimal || had == DecimalBeyond) ||
		k == Integer64 && (had == Integer || had == IntegerBeyond) || k == Decimal && had == DecimalBeyond
}

func byName(members []Member) map[string]Member {
	named := make(map[string]Member, len(members))
	for _, m := range members {
		named[m.Name] = m
	}
	return named
}

// below is the path of a member.
func below(path, name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}) {
		name = quoted(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
