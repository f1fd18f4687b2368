package about

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"yardstick/pkg/snapshot"
)

// Publish writes a Status into the bucket, for people and tools that read nothing else: the coverage table of each
// account, its tables of changes, the page, and status.json last. Each object is replaced whole, whatever is there. It
// blocks for a request for each; one that fails ends it, and what was written before stays.
func Publish(ctx context.Context, store snapshot.Writer, layout snapshot.Layout, s Status) error {
	objects, err := s.objects(layout, func(string, string) bool { return true })
	if err != nil {
		return err
	}
	for _, o := range objects {
		o.Keep = false // all of the bucket was looked at
		if err := o.put(ctx, store); err != nil {
			return err
		}
	}
	return nil
}

// Object is one of those that tell of the bucket.
type Object struct {
	Key, Type string // Type is the content type
	Body      []byte
	Keep      bool // what is there stays
}

// Put writes objects whole, sixteen side by side, over whatever is there unless they say Keep. After the first error no other is begun.
func Put(ctx context.Context, store snapshot.Writer, objects ...Object) error {
	var jobs []func(context.Context) error
	for _, o := range objects {
		jobs = append(jobs, func(ctx context.Context) error { return o.put(ctx, store) })
	}
	return sideBySide(ctx, jobs)
}

func (o Object) put(ctx context.Context, store snapshot.Writer) error {
	_, err := store.Put(ctx, o.Key, bytes.NewReader(o.Body), snapshot.PutOptions{ContentType: o.Type, CreateOnly: o.Keep})
	if err == nil || o.Keep && errors.Is(err, snapshot.ErrPrecondition) {
		return nil
	}
	return fmt.Errorf("write %s: %w", o.Key, err)
}

// objects are those that tell a Status, in the order in which they are written: with the coverage of those accounts of a
// source that are wanted.
func (s Status) objects(layout snapshot.Layout, wanted func(source, account string) bool) ([]Object, error) {
	var all []Object
	for _, source := range s.Sources {
		for _, a := range source.Accounts {
			if !wanted(source.Source, a.Account) {
				continue
			}
			tables, err := s.tables(layout, source.Source, a.Account)
			if err != nil {
				return nil, err
			}
			all = append(all, tables...)
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
	return append(all, Object{Key: layout.Page(), Type: "text/html; charset=utf-8", Body: page},
		Object{Key: layout.Status(), Type: "application/json", Body: append(text, '\n')}), nil
}

const tableType = "application/x-ndjson"

// tables are an account's: its coverage, and the changes of each month that has some.
func (s Status) tables(layout snapshot.Layout, source, account string) ([]Object, error) {
	rows := slices.DeleteFunc(slices.Clone(s.Coverage), func(c Covered) bool { return c.Source != source || c.Account != account })
	table, err := EncodeCoverage(rows)
	if err != nil {
		return nil, err
	}
	all := []Object{{Key: layout.Coverage(source, account), Type: tableType, Body: table}}
	months := map[string][]Revised{}
	for _, r := range s.Changes {
		if r.Source == source && r.Account == account {
			months[r.Day.Month()] = append(months[r.Day.Month()], r)
		}
	}
	if s.Untold[source+"/"+account] && len(months) == 0 { // who reads all months shall find a table
		if table, err = encodeTable(nil, appendRevised); err != nil {
			return nil, err
		}
		key := layout.Changes(source, account, snapshot.DayOf(s.Time).Month())
		all = append(all, Object{Key: key, Type: tableType, Body: table, Keep: true})
	}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		if table, err = encodeTable(months[month], appendRevised); err != nil {
			return nil, err
		}
		all = append(all, Object{Key: layout.Changes(source, account, month), Type: tableType, Body: table})
	}
	return all, nil
}
