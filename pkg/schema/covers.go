package schema

// Covers says whether Merge of another Schema would add nothing but counts: no member, no kind, and no object of too many
// members. Whatever is told of one by names and kinds then holds for the other too.
func (s *Schema) Covers(other *Schema) bool {
	if other.Records() == 0 {
		return true
	}
	return s.Records() > 0 && covers(s.Document().Value, other.Document().Value) && s.unreadable.covers(other.unreadable)
}

func (u Unreadable) covers(o Unreadable) bool {
	return (u.RepeatedNames > 0 || o.RepeatedNames == 0) && (u.NamesByCase > 0 || o.NamesByCase == 0) &&
		(u.LoneSurrogates > 0 || o.LoneSurrogates == 0) && (u.InvalidUTF8 > 0 || o.InvalidUTF8 == 0)
}

func covers(known, seen Value) bool {
	for kind := range seen.Kinds {
		if known.Kinds[kind] == 0 {
			return false
		}
	}
	switch {
	case known.Open:
		return true
	case seen.Open, seen.Elements != nil && (known.Elements == nil || !covers(*known.Elements, *seen.Elements)):
		return false
	}
	members := byName(known.Members)
	for _, m := range seen.Members {
		if k, ok := members[m.Name]; !ok || !covers(k.Value, m.Value) {
			return false
		}
	}
	return true
}
