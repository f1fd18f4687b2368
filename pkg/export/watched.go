package export

import (
	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
)

// watched is a spool whose lines are looked at as they come.
type watched struct {
	*snapshot.Spool
	seen *observer
}

func newWatched(folder string) (*watched, error) {
	spool, err := snapshot.NewSpool(folder)
	if err != nil {
		return nil, err
	}
	w := &watched{Spool: spool, seen: &observer{}}
	w.Observer = w.seen
	return w, nil
}

// observer infers the schema of a window's lines.
type observer struct {
	schema.Schema
	missed int64 // lines that could not be looked at
}

// Observe is called by the spool.
func (o *observer) Observe(line []byte) {
	if o.Schema.Observe(line) != nil {
		o.missed++
	}
}

// Reset is called by the spool.
func (o *observer) Reset() {
	o.Schema.Reset()
	o.missed = 0
}

// unreadable counts the lines that some readers cannot take, nil where there are none.
func (o *observer) unreadable() map[string]int64 {
	u := o.Unreadable()
	counts := map[string]int64{}
	for name, n := range map[string]int64{"repeated_names": u.RepeatedNames, "names_by_case": u.NamesByCase,
		"lone_surrogates": u.LoneSurrogates, "invalid_utf8": u.InvalidUTF8, "records": u.Records + o.missed} {
		if n > 0 {
			counts[name] = n
		}
	}
	if len(counts) == 0 {
		return nil
	}
	return counts
}
