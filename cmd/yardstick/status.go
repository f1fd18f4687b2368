package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"yardstick/pkg/app"
)

// status is the command `status`.
type status struct {
	Open    bool `help:"Open the status as a page in the browser."`
	Publish bool `help:"Write it anew into the bucket under about/, where runs that change something keep it."`
}

func (c *status) run(ctx context.Context, s *session) (exitCode, error) {
	return s.lookInto(ctx, c.Publish, func(ctx context.Context, o *opened) (exitCode, error) {
		told, err := o.Status(ctx)
		if err != nil {
			return failed, err
		}
		if s.JSON {
			_ = json.NewEncoder(s.out).Encode(told) // it keeps its own error
		} else {
			s.printStatus(told)
		}
		if c.Publish {
			if err := o.PublishStatus(ctx, told); err != nil {
				return failed, err
			}
			s.tell("published under " + o.root + o.Configured.Prefix + "about/")
		}
		if c.Open {
			if err := s.openPage(ctx, told); err != nil {
				return failed, err
			}
		}
		if len(told.Troubles()) > 0 {
			return failed, nil
		}
		return complete, nil
	})
}

// printStatus writes tables of all accounts and runs, the legend of their marks, and what is wrong.
func (s *session) printStatus(told app.Status) {
	for _, source := range told.Sources {
		for _, a := range source.Accounts {
			s.printAccount(told.Time, source.Source, a)
		}
		s.printRuns(told.Time, source)
	}
	s.printLegend()
	for _, fault := range told.Faults {
		s.fact("Broken", fault)
	}
	if len(told.Faults) > 0 {
		s.out.printf("\n")
	}
	s.printVerdict(told)
}

// printVerdict writes the last line: whether all is well, and if not, why.
func (s *session) printVerdict(told app.Status) {
	troubles, code := told.Troubles(), complete
	word, text := "All is well", ": what is wanted was read lately, and nothing failed."
	if n := len(troubles); n > 0 {
		verb := " need"
		if n == 1 {
			verb = " needs"
		}
		word, text, code = counted(n, "thing"), verb+" attention: "+strings.Join(troubles, "; ")+".", failed
	}
	missing := 0
	for _, source := range told.Sources {
		for _, a := range source.Accounts {
			for _, d := range a.Datasets {
				missing += d.Count(app.DayMissing)
			}
		}
	}
	if missing > 0 {
		text += fmt.Sprintf(" The next runs read what is missing (%s).", counted(missing, "day"))
	}
	s.out.printf("%s\n", strings.Replace(wrapped(word+text, s.width), word, s.paint(code, word), 1))
}

// wide is how many columns a terminal has that shows the first day and the rows of each day too.
const wide = 132

func (s *session) printAccount(now time.Time, source string, a app.AccountStatus) {
	s.out.printf("%s\n\n", wrapped(fmt.Sprintf("%s/%s: today is %s in %s.", source, a.Account, a.Today, a.Timezone), s.width))
	last := fmt.Sprintf("LAST %d DAYS", shownDays)
	t := table{heading: []string{"DATASET", ">DAYS", last, ">ROWS", "READ"}}
	if s.broad() {
		t.heading = []string{"DATASET", "FROM", "TO", ">DAYS", last, "ROWS A DAY", ">ROWS", "READ"}
	}
	for _, d := range a.Datasets {
		days := daysOf(d)
		first, end, count := days.there()
		drawn, read := marks(days.last(a.Today)), readText(now, d)
		if s.broad() {
			t.add(d.Dataset, first, end, number(count), drawn, heights(days.last(a.Today)), number(d.Rows), read)
		} else {
			t.add(d.Dataset, number(count), drawn, number(d.Rows), read)
		}
	}
	s.out.printf("%s\n", s.drawn(t.fitted(s.width)))
	var lines []string
	for _, d := range a.Datasets {
		lines = append(lines, s.attention(d, a.Today)...)
	}
	if len(lines) > 0 {
		s.out.printf("%s\n\n", strings.Join(lines, "\n"))
	}
	if a.Error != nil {
		s.fact("Failed", fmt.Sprintf("%s, as a whole: %s: %s", ago(now, a.Error.Time), a.Error.Kind, a.Error.Error))
	}
	s.fact("Credential", credentialText(now, a))
	s.fact("Due", backlogText(a.Backlog))
	for _, note := range a.Notes {
		s.fact("Note", note)
	}
	s.out.printf("\n")
}

// broad says whether there is room for the wide table.
func (s *session) broad() bool { return s.width == 0 || s.width >= wide }

// fact writes a line with its subject, the further ones below its text.
func (s *session) fact(subject, text string) {
	const column = 12
	line := broken(fmt.Sprintf("%-*s%s", column, subject, text), s.width, strings.Repeat(" ", column), "")
	for _, word := range []struct {
		text string
		code exitCode
	}{{"Failed", failed}, {"Broken", failed}, {"Warning", partial}, {refused, failed}} {
		if subject == word.text || word.text == refused {
			line = strings.Replace(line, word.text, s.paint(word.code, word.text), 1)
		}
	}
	s.out.printf("%s\n", line)
}

// refused is a word that catches the eye.
const refused = "REFUSED"

// readText is how long ago the dataset was read last.
func readText(now time.Time, d app.DatasetStatus) string {
	text := "never"
	switch {
	case d.ReadAt != nil:
		text = ago(now, *d.ReadAt)
	case d.Count(app.DayFailed) > 0:
		text = "not known"
	}
	if d.Stale {
		return "STALE " + strings.TrimSuffix(text, " ago")
	}
	return text
}

// ago is an age, from two days on in days.
func ago(now, then time.Time) string {
	const day = 24 * time.Hour
	switch age := now.Sub(then); {
	case age < time.Minute: // a run's clock may be ahead
		return "just now"
	case age < 2*day:
		return length(age.Truncate(time.Minute)) + " ago"
	default:
		return length(age.Truncate(day)) + " ago"
	}
}

func credentialText(now time.Time, a app.AccountStatus) string {
	text := map[string]string{
		app.CredentialGood:    "ok: the vendor took it when it was last asked",
		app.CredentialRefused: refused + " by the vendor: put a new API key in place with `yardstick secret put`",
		app.CredentialUnknown: "not known: no run has asked the vendor, or the last one failed before its answers could tell",
	}[a.Credential.State]
	if until := a.Credential.RenewableUntil; until != nil && until.After(now) {
		left := until.Sub(now).Round(time.Hour)
		text += fmt.Sprintf("; the session can be refreshed until %s (in %s)", until.Format(time.DateOnly), length(left))
	}
	return text
}

func backlogText(b app.Backlog) string {
	if b.Parts == 0 && b.Verify == 0 {
		return "nothing"
	}
	var kinds []string
	for _, k := range []struct {
		n    int
		what string
	}{{b.Missing, "missing"}, {b.Open, "of today"}, {b.Parts - b.Missing - b.Open, "to read again"}, {b.Verify, "to verify"}} {
		if k.n > 0 {
			kinds = append(kinds, number(k.n)+" "+k.what)
		}
	}
	text := fmt.Sprintf("%s (%s): %s", counted(b.Parts+b.Verify, "window"), strings.Join(kinds, ", "), atLeast(counted(b.Requests, "request"), b.AtLeast))
	switch {
	case b.Hours == nil:
	case *b.Hours == 0:
		text += ", about a minute at the granted pace"
	default:
		text += ", " + atLeast(length(time.Duration(*b.Hours*float64(time.Hour)).Round(time.Minute)), b.AtLeast) + " at the granted pace"
	}
	return text
}

const (
	shownRuns     = 5 // of each source
	shownWarnings = 3 // of the newest run
)

func (s *session) printRuns(now time.Time, source app.SourceStatus) {
	if len(source.Runs) == 0 {
		s.out.printf("%s: no run in the last 31 days.\n\n", source.Source)
		return
	}
	s.out.printf("Last runs of %s:\n\n", source.Source)
	t := table{heading: []string{"WHEN", "STATUS", ">WRITTEN", ">ROWS", ">REQUESTS", ">REMAINING", ">ERRORS", ">WARNINGS", "RUN"}}
	for _, r := range source.Runs[:min(shownRuns, len(source.Runs))] {
		t.add(ago(now, r.Time), r.Status, number(r.Written), number(r.Rows), number(r.Requests), number(r.Remaining),
			number(len(r.Errors)), number(len(r.Warnings)), r.Run)
	}
	columns := len(t.heading)
	if !s.broad() {
		columns-- // the names of the runs
	}
	s.out.printf("%s\n", t.text(columns))
	for _, warning := range source.Runs[0].Warnings[:min(shownWarnings, len(source.Runs[0].Warnings))] {
		s.fact("Warning", warning)
	}
	if len(source.Runs[0].Warnings) > 0 {
		s.out.printf("\n")
	}
}
