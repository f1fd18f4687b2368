package about

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"yardstick/pkg/snapshot"
)

// Publish writes a Status into the bucket, for people and tools that read nothing else: the coverage table of each
// account, the page, and status.json last. Each object is replaced whole. It blocks for a request for each; one that fails
// ends it, and what was written before stays.
func Publish(ctx context.Context, store snapshot.Writer, layout snapshot.Layout, s Status) error {
	objects, err := s.objects(layout)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if _, err := store.Put(ctx, o.key, bytes.NewReader(o.body), snapshot.PutOptions{ContentType: o.kind}); err != nil {
			return fmt.Errorf("write %s: %w", o.key, err)
		}
	}
	return nil
}

type object struct {
	key, kind string
	body      []byte
}

// objects are those that tell a Status, in the order in which they are written.
func (s Status) objects(layout snapshot.Layout) ([]object, error) {
	var all []object
	for _, source := range s.Sources {
		for _, a := range source.Accounts {
			rows := slices.DeleteFunc(slices.Clone(s.Coverage), func(c Covered) bool { return c.Source != source.Source || c.Account != a.Account })
			table, err := EncodeCoverage(rows)
			if err != nil {
				return nil, err
			}
			all = append(all, object{layout.Coverage(source.Source, a.Account), "application/x-ndjson", table})
		}
	}
	page, err := Page(s)
	if err != nil {
		return nil, fmt.Errorf("draw the page: %w", err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the status: %w", err)
	}
	return append(all, object{layout.Page(), "text/html; charset=utf-8", page},
		object{layout.Status(), "application/json", append(text, '\n')}), nil
}
