package table

import (
	"encoding/json"
	"strings"

	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
)

// Place is where tables lie.
type Place struct {
	Bucket   string // of S3, for what reads nothing else
	Root     string // what stands before a key for tools: s3://bucket/, or a folder's path that ends in "/"
	Layout   snapshot.Layout
	Accounts []string // the partitions that Athena looks for
	First    string   // the first day that Athena looks for, such as 2026-01-01
}

// Snippets spells, for each reader, how it reads a table. All of them are text to be run as it stands. Names of members
// are in them as literals of each language, so that no name is taken for more.
type Snippets struct {
	Table  Table
	Place  Place
	Schema schema.Document // of the lines, by which Table was inferred
}

// files is what the keys of the table's objects match, account and dt with *.
func (s Snippets) files() string {
	return s.Place.Root + s.Table.Partition(s.Place.Layout, "*", "*") + "*.json.gz"
}

// note puts a text behind a comment mark, line by line.
func note(mark, text string) string {
	return mark + " " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+mark+" ") + "\n"
}

// labels are the columns' names for readers that leave names as the lines have them: the member's, unless that is, but for
// case, a partition's or another column's.
func (s Snippets) labels() []string {
	taken := map[string]bool{"filename": true}
	for _, c := range s.Table.Partitions() {
		taken[c.Name] = true
	}
	all := make([]string, len(s.Table.Columns))
	for i, c := range s.Table.Columns {
		label := c.Key()
		if label == "" || taken[strings.ToLower(label)] {
			label = c.Name
		}
		for taken[strings.ToLower(label)] {
			label += "_"
		}
		all[i], taken[strings.ToLower(label)] = label, true
	}
	return all
}

// Manifest is a QuickSight manifest of the newest copies of a listing, as JSON. Days are no data set of QuickSight's own
// S3 connector, since it reads prefixes whole and cannot tell days apart; it is empty for them.
func (s Snippets) Manifest() string {
	if !s.Table.Latest {
		return ""
	}
	manifest := map[string]any{
		"fileLocations":        []any{map[string]any{"URIPrefixes": []string{"s3://" + s.Place.Bucket + "/" + s.Table.Location(s.Place.Layout)}}},
		"globalUploadSettings": map[string]string{"format": "JSON"},
	}
	text, _ := json.MarshalIndent(manifest, "", "  ") // maps of text have no error
	return string(text) + "\n"
}
