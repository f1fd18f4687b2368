package main

import (
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yardstick/pkg/app"

	"github.com/alecthomas/kong"
)

// commandLine is every command and flag; kong reads it.
type commandLine struct {
	common

	Demo     demo      `cmd:"" help:"Show a whole export of a simulated yard, on this machine alone."`
	Export   exportRun `cmd:"" help:"Export what is due to the bucket, as the Lambda functions do."`
	Backfill backfill  `cmd:"" help:"Export a range of days, in as many runs as that takes."`
	Plan     plan      `cmd:"" help:"Tell what an export would do now, with how many requests, in what time."`
	Check    check     `cmd:"" help:"Look whether configuration, secrets, bucket and vendor fit together."`
	Status   status    `cmd:"" help:"Tell what is in the bucket, how fresh it is, and what is missing or failed."`
	Read     read      `cmd:"" help:"Write records that were exported to standard output, as lines or as CSV."`
	Tables   tables    `cmd:"" help:"Make tables of what was exported for Athena, DuckDB, pandas and QuickSight."`
	Secret   secrets   `cmd:"" help:"Put a new API key in place."`

	chosen command
}

// common are the flags of all commands.
type common struct {
	Config  text `placeholder:"FILE" help:"The configuration: a file, s3://bucket/key, or its text. Default: $$YARDSTICK_CONFIG."`
	JSON    bool `name:"json" help:"Results as JSON, one object a line, and nothing else on standard output."`
	Local   text `placeholder:"DIR" help:"Work with an S3 and a Secrets Manager of this folder instead of AWS."`
	Verbose bool `short:"v" help:"Tell on standard error all that is done."`

	configFlag bool // Config was given as a flag
}

// scope says which tables a command is about.
type scope struct {
	Source  text  `placeholder:"NAME" help:"Only this source, such as scrapright. Default: all that are configured."`
	Account text  `placeholder:"NAME" help:"Only this account."`
	Dataset texts `placeholder:"NAME,..." help:"Only this dataset; repeat it for several."`
}

// selection says which work a command is about.
type selection struct {
	scope
	From  day  `placeholder:"DATE" help:"Only days from this one on (YYYY-MM-DD), before the configured start too."`
	To    day  `placeholder:"DATE" help:"Only days up to this one, inclusive."`
	Force bool `help:"Read again what is settled or fresh."`
}

// Validate is called by kong.
func (s *selection) Validate() error { return forward(s.From, s.To) }

// forward says whether a range of days, where both ends are given, has any.
func forward(from, to day) error {
	if from.Day != 0 && to.Day != 0 && from.Day > to.Day {
		return fmt.Errorf("--from %s is after --to %s", from, to)
	}
	return nil
}

func (s *selection) event() app.Event {
	e := s.scope.event()
	e.From, e.To, e.Force = s.From.Day, s.To.Day, s.Force
	return e
}

func (s *scope) event() app.Event {
	e := app.Event{Account: string(s.Account)}
	for _, name := range s.Dataset {
		e.Datasets = append(e.Datasets, string(name))
	}
	return e
}

// sources are the configured sources that the command is about.
func (s *scope) sources(a *app.App) ([]string, error) {
	configured := a.Sources()
	if s.Source == "" {
		return configured, nil
	}
	if !slices.Contains(configured, string(s.Source)) {
		return nil, &misuse{fault: fmt.Sprintf("--source: found %q, expected one that the configuration has accounts of: %q", s.Source, configured),
			help: "yardstick"}
	}
	return []string{string(s.Source)}, nil
}

// text is a flag's value that is not empty: an empty one is a variable that was not set, and not a wish for everything.
type text string

// UnmarshalText is called by kong.
func (t *text) UnmarshalText(value []byte) error {
	if len(value) == 0 {
		return errors.New("found an empty text, expected a value")
	}
	*t = text(value)
	return nil
}

// many are the values of a flag that may be repeated, or have several with commas between them; none of them is empty.
type many[T any, P interface {
	*T
	encoding.TextUnmarshaler
}] []T

// Decode is called by kong.
func (m *many[T, P]) Decode(ctx *kong.DecodeContext) error {
	var all string
	if err := ctx.Scan.PopValueInto("value", &all); err != nil {
		return err
	}
	for value := range strings.SplitSeq(all, ",") {
		var one T
		if err := P(&one).UnmarshalText([]byte(value)); err != nil {
			return err
		}
		*m = append(*m, one)
	}
	return nil
}

type texts = many[text, *text]

// brand is the id of a brand.
type brand int64

// UnmarshalText is called by kong.
func (b *brand) UnmarshalText(value []byte) error {
	id, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return fmt.Errorf("found %q, expected a brand's id such as 101", value)
	}
	*b = brand(id)
	return nil
}

// day is a date on the command line.
type day struct{ app.Day }

// UnmarshalText is called by kong.
func (d *day) UnmarshalText(value []byte) error {
	if len(value) == 0 {
		return errors.New("found an empty text, expected a date such as 2026-11-22")
	}
	if err := d.Day.UnmarshalText(value); err != nil {
		return err
	}
	if string(value) < "1970" {
		return fmt.Errorf("found %s, expected a date from 1970 on", value)
	}
	return nil
}

// span is a length of time on the command line.
type span time.Duration

// shortestRun leaves a run time to write and to give its leases back.
const shortestRun = time.Second

// UnmarshalText is called by kong.
func (s *span) UnmarshalText(value []byte) error {
	d, err := time.ParseDuration(string(value))
	if err != nil {
		return fmt.Errorf("%q is not a length of time; expected one such as 90s, 10m or 1h30m", value)
	}
	if d < shortestRun {
		return fmt.Errorf("found %s, expected %s or more", value, shortestRun)
	}
	*s = span(d)
	return nil
}
