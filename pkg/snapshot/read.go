package snapshot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Part is an object that the ledger has an entry of.
type Part struct {
	Name  Name
	Key   string // of the day's object, or of its copy in latest/
	Entry Entry
}

// Gap is days without a break that are not exported.
type Gap struct {
	Part        string // "": all parts
	First, Last Day    // no days: the newest reading of a listing
}

// Selection says which days and parts of a dataset are looked for.
type Selection struct {
	First, Last Day
	Parts       []string // only these; empty: all
	// Parts that a day shall have, beside those that the ledger knows of the same months; and those that it need not have.
	Wanted, Unwanted []string
}

// Find tells which objects of a selection the ledger proves, by day and part, and which days have none: where no parts are named,
// a day without any is one Gap of all parts. Of the bucket it lists the ledger, and reads those of its months that the days are of.
func (b *Book) Find(ctx context.Context, s Selection) ([]Part, []Gap, error) {
	names, err := b.monthNames(ctx)
	if err != nil {
		return nil, nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name < s.First.Month() || name > s.Last.Month() })
	if err := b.Load(ctx, names...); err != nil {
		return nil, nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var parts []Part
	var gaps gaps
	expected := b.expected(s)
	for day := s.First; day <= s.Last; day++ {
		var there []string
		if m := b.months[day.Month()]; m != nil {
			there = slices.DeleteFunc(slices.Sorted(maps.Keys(m.Days[day])), func(part string) bool {
				return len(s.Parts) > 0 && !slices.Contains(s.Parts, part)
			})
		}
		for _, part := range there {
			n := b.name(day, part)
			parts = append(parts, Part{Name: n, Key: b.layout.Data(n), Entry: b.months[day.Month()].Days[day][part]})
		}
		if len(there) == 0 && len(s.Parts) == 0 {
			gaps.add(day, "")
			continue
		}
		gaps.note(day, there, expected)
	}
	return parts, gaps.all, nil
}

// expected are the parts that each day of a selection shall have. Callers hold mu.
func (b *Book) expected(s Selection) []string {
	if len(s.Parts) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(s.Parts)))
	}
	expected := slices.Clone(s.Wanted)
	for _, m := range b.months {
		if m.Month < s.First.Month() || m.Month > s.Last.Month() {
			continue
		}
		for _, entries := range m.Days {
			for part := range entries {
				if !slices.Contains(expected, part) && !slices.Contains(s.Unwanted, part) {
					expected = append(expected, part)
				}
			}
		}
	}
	slices.Sort(expected)
	return slices.Compact(expected)
}

// gaps are collected day by day.
type gaps struct{ all []Gap }

func (g *gaps) note(day Day, there, expected []string) {
	for _, part := range expected {
		if !slices.Contains(there, part) {
			g.add(day, part)
		}
	}
}

// add puts the day to the gap that ends before it, or begins one.
func (g *gaps) add(day Day, part string) {
	for i, known := range slices.Backward(g.all) {
		if known.Part == part {
			if known.Last == day-1 {
				g.all[i].Last = day
				return
			}
			break
		}
	}
	g.all = append(g.all, Gap{Part: part, First: day, Last: day})
}

// FindNewest tells of the copies in latest/ which part each is, of which day, and which of the parts asked for have none:
// a dataset that has none at all is one Gap. A copy is of the newest day that the ledger has of its part; one that the
// ledger has no day of is a Gap too. Of a Selection the days are not looked at. Of the bucket it lists latest/ and the
// ledger, and reads months of the ledger, newest first, until each part is found.
func (b *Book) FindNewest(ctx context.Context, s Selection) ([]Part, []Gap, error) {
	there, err := b.copies(ctx, s.Parts)
	if err != nil {
		return nil, nil, err
	}
	if len(there) == 0 && len(s.Parts) == 0 {
		return nil, []Gap{{}}, nil
	}
	names, err := b.monthNames(ctx)
	if err != nil {
		return nil, nil, err
	}
	found := map[string]Part{}
	for _, name := range slices.Backward(names) {
		if len(found) == len(there) {
			break
		}
		if err := b.Load(ctx, name); err != nil {
			return nil, nil, err
		}
		for _, part := range there {
			if _, known := found[part]; known {
				continue
			}
			if n, e, ok := b.newestOf(name, part); ok {
				found[part] = Part{Name: n, Key: b.layout.Latest(n), Entry: e}
			}
		}
	}
	var parts []Part
	var missing []Gap
	for _, part := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(there, s.Parts, s.Wanted)))) {
		if p, ok := found[part]; ok {
			parts = append(parts, p)
		} else if len(s.Parts) == 0 || slices.Contains(s.Parts, part) {
			missing = append(missing, Gap{Part: part})
		}
	}
	return parts, missing, nil
}

// copies are the parts that latest/ has, of those asked for, if there are any.
func (b *Book) copies(ctx context.Context, parts []string) (there []string, err error) {
	prefix := b.layout.latest(b.source, b.dataset, b.account)
	for info, err := range b.store.List(ctx, prefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		part, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), dataSuffix)
		if ok && !strings.Contains(part, "/") && (len(parts) == 0 || slices.Contains(parts, part)) {
			there = append(there, part)
		}
	}
	return there, nil
}

// newestOf is the newest day of a part in a month.
func (b *Book) newestOf(month, part string) (n Name, e Entry, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for day, entries := range b.months[month].Days {
		if known, has := entries[part]; has && day > n.Day {
			n, e, ok = b.name(day, part), known, true
		}
	}
	return n, e, ok
}

func (b *Book) name(day Day, part string) Name {
	return Name{Source: b.source, Dataset: b.dataset, Account: b.account, Day: day, Part: part}
}

// monthNames are the months that the ledger has, oldest first.
func (b *Book) monthNames(ctx context.Context) (names []string, err error) {
	prefix := b.layout.Ledgers(b.source, b.dataset, b.account)
	for info, err := range b.store.List(ctx, prefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the ledger: %w", err)
		}
		name, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), ".json")
		if _, err := time.Parse("2006-01", name); ok && err == nil {
			names = append(names, name)
		}
	}
	return names, nil
}
