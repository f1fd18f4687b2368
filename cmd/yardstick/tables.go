package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"yardstick/pkg/app"
)

// tables is the command `tables`.
type tables struct {
	scope
	From day   `placeholder:"DATE" help:"Look only at days from this one on: quicker, but the types may not hold for earlier ones."`
	For  texts `placeholder:"READER,..." help:"Only for this reader (athena, duckdb, pandas or quicksight); repeat it for several."`
	Out  text  `placeholder:"DIR" help:"Write files into this folder, by reader and table, instead of standard output."`

	Publish bool `help:"Write them anew into the bucket under about/tables/ and about/schema/, where runs keep them, instead of standard output."`
}

// readers are what snippets are for.
var readers = [...]string{"athena", "duckdb", "pandas", "quicksight"}

// Validate is called by kong.
func (t *tables) Validate() error {
	for _, name := range t.For {
		if !slices.Contains(readers[:], string(name)) {
			return fmt.Errorf("--for: found %q, expected athena, duckdb, pandas or quicksight", name)
		}
	}
	return nil
}

func (t *tables) run(ctx context.Context, s *session) (exitCode, error) {
	if err := t.contradiction(s); err != nil {
		return badUsage, err
	}
	return s.lookInto(ctx, t.Publish, func(ctx context.Context, o *opened) (exitCode, error) {
		asked := app.Inferring{Source: string(t.Source), Account: string(t.Account), From: t.From.Day}
		for _, name := range t.Dataset {
			asked.Datasets = append(asked.Datasets, string(name))
		}
		follow, pause := s.progressOf(o)
		asked.Observe = follow
		err := o.Tables(ctx, asked, func(i app.Inferred) error {
			pause()
			s.tell(i.Source + " " + i.Dataset + ": " + counted(i.Objects, "object") + ", " + counted(i.Schema.Records(), "record"))
			return t.put(ctx, s, o, i)
		})
		pause()
		if err != nil {
			return failed, err
		}
		return complete, nil
	})
}

// progressOf draws a line of progress on a terminal: follow draws it, pause takes it away until the next follow.
func (s *session) progressOf(o *opened) (follow func(app.ReadProgress), pause func()) {
	if !s.live {
		return nil, func() {}
	}
	var draw func(app.ReadProgress)
	end := func() {}
	return func(p app.ReadProgress) {
			if draw == nil {
				draw, end = s.follow(o.Now)
			}
			draw(p)
		}, func() {
			end()
			draw, end = nil, func() {}
		}
}

func (t *tables) contradiction(s *session) error {
	fault := ""
	switch {
	case t.Out != "" && s.JSON:
		fault = "--json and --out exclude each other"
	case t.Publish && s.JSON:
		fault = "--json and --publish exclude each other"
	case t.Publish && t.Out != "":
		fault = "--out and --publish exclude each other"
	case t.Publish && t.From.Day != 0: // people who find it there take it for all days and accounts
		fault = "--from and --publish exclude each other"
	case t.Publish && t.Account != "":
		fault = "--account and --publish exclude each other"
	default:
		return nil
	}
	return &misuse{fault: fault + ": give one of the two", help: "yardstick tables"}
}

// put writes what was inferred of a dataset to where it is wanted.
func (t *tables) put(ctx context.Context, s *session, o *opened, i app.Inferred) error {
	if s.JSON {
		for _, x := range tableReports(i) {
			_ = json.NewEncoder(s.out).Encode(x) // it keeps its own error
		}
		return nil
	}
	switch {
	case t.Publish:
		if err := o.PublishTables(ctx, i, t.wants); err != nil {
			return err
		}
		return s.printTables(i)
	case t.Out != "":
		return t.write(s, i)
	}
	for _, x := range i.Tables {
		for _, f := range x.Files() {
			if !t.wants(f.Reader) {
				continue
			}
			if mark := map[string]string{".sql": "--", ".py": "#"}[filepath.Ext(f.Name)]; mark != "" { // JSON has no comments
				s.out.printf("%s ---- %s, %s\n", mark, x.Table.Name(), f.Reader)
			}
			s.out.printf("%s\n", f.Text)
		}
	}
	return s.out.err
}

func (t *tables) wants(reader string) bool {
	return len(t.For) == 0 || slices.Contains(t.For, text(reader))
}

// write writes a file for each reader and table, and the schema, into a folder.
func (t *tables) write(s *session, i app.Inferred) error {
	schema, err := json.MarshalIndent(i.Schema, "", "  ")
	if err != nil {
		return err
	}
	if err := t.save(filepath.Join("schema", i.Source, i.Dataset+".json"), string(schema)+"\n"); err != nil {
		return err
	}
	for _, x := range i.Tables {
		for _, f := range x.Files() {
			if !t.wants(f.Reader) {
				continue
			}
			if err := t.save(filepath.Join(f.Reader, f.Name), f.Text); err != nil {
				return err
			}
		}
	}
	return s.printTables(i)
}

func (s *session) printTables(i app.Inferred) error {
	for _, x := range i.Tables {
		s.out.printf("%s\n", x.Table.Name())
	}
	return s.out.err
}

func (t *tables) save(name, content string) error {
	path := filepath.Join(string(t.Out), name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		return fmt.Errorf("write into %s: %w", filepath.Dir(path), err)
	}
	return nil
}

// tableReport is one table as --json tells of it.
type tableReport struct {
	Source     string          `json:"source"`
	Dataset    string          `json:"dataset"`
	Table      string          `json:"table"`
	Latest     bool            `json:"latest"` // over the newest copies of a listing
	Objects    int             `json:"objects"`
	First      *app.Day        `json:"first"` // day that was read; null: none was
	Last       *app.Day        `json:"last"`
	Columns    []columnReport  `json:"columns"`
	Schema     json.Marshaler  `json:"schema"`
	Athena     string          `json:"athena"`
	DuckDB     string          `json:"duckdb"`
	Pandas     string          `json:"pandas"`
	QuickSight json.RawMessage `json:"quicksight"` // null where there is none
}

type columnReport struct {
	Name   string `json:"name"`
	Member string `json:"member"`
	Type   string `json:"type"`
}

func tableReports(i app.Inferred) (all []tableReport) {
	for _, x := range i.Tables {
		r := tableReport{Source: i.Source, Dataset: i.Dataset, Table: x.Table.Name(), Latest: x.Table.Latest, Objects: i.Objects,
			Columns: []columnReport{}, Schema: i.Schema, Athena: x.Athena(), DuckDB: x.DuckDB(), Pandas: x.Pandas(),
			QuickSight: json.RawMessage(strings.TrimSpace(x.Manifest()))}
		if i.First != 0 {
			r.First, r.Last = &i.First, &i.Last
		}
		if len(r.QuickSight) == 0 {
			r.QuickSight = json.RawMessage("null")
		}
		for _, c := range x.Table.Columns {
			r.Columns = append(r.Columns, columnReport{c.Name, c.Key(), c.Type.String()})
		}
		all = append(all, r)
	}
	return all
}
