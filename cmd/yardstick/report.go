package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"yardstick/pkg/app"
)

// report tells how the exports ended. An error says that nothing ran at all.
func (s *session) report(o *opened, outcomes []outcome) (exitCode, error) {
	code, err := s.judge(outcomes)
	if err != nil {
		return code, err
	}
	for i, x := range outcomes {
		switch {
		case x.refused():
		case s.JSON:
			s.printJSON(x)
		default:
			if len(outcomes) > 1 {
				s.out.printf("%s%s\n\n", strings.Repeat("\n", min(i, 1)), x.source)
			}
			s.printResult(o, x)
		}
	}
	return code, nil
}

// judge is the exit code of all outcomes together. What was refused is told, or is the error where nothing else was begun.
func (s *session) judge(outcomes []outcome) (exitCode, error) {
	code := complete
	var refusals []error
	for _, x := range outcomes {
		if x.refused() {
			refusals = append(refusals, x.err)
			continue
		}
		code = worse(code, x.code())
	}
	if len(refusals) == len(outcomes) {
		return failed, errors.Join(refusals...)
	}
	for _, refusal := range refusals { // an event may be about one source and name nothing that another has
		if codeOf(refusal) != badUsage {
			code = failed
		}
		s.tell("not run: " + refusal.Error())
	}
	return code, nil
}

// refused says that nothing ran, and nothing is left to run.
func (x *outcome) refused() bool { return x.result.Run == "" && x.goesOn == "" }

// code is the exit code of an export that ran.
func (x *outcome) code() exitCode {
	code, known := map[string]exitCode{"complete": complete, "busy": busy, "partial": partial}[string(x.result.Status)]
	if x.err != nil || !known {
		return failed
	}
	return code
}

func (s *session) printJSON(x outcome) {
	_ = json.NewEncoder(s.out).Encode(x.result) // it keeps its own error
	if x.err != nil {
		s.tell(x.err.Error())
	}
}

// printResult writes what was done where, what failed, what to look at, and one sentence.
func (s *session) printResult(o *opened, x outcome) {
	t := table{heading: []string{"ACCOUNT", "DATASET", ">WRITTEN", ">UNCHANGED", ">ROWS", ">REMAINING", ">FAILED", "PLACE"}}
	for _, a := range x.result.Accounts {
		for _, d := range a.Datasets {
			t.add(a.Account, d.Dataset, number(d.Written), number(d.Unchanged), number(d.Rows), number(d.Remaining),
				number(len(d.Failed)), o.place(x.source, d.Dataset, a.Account))
		}
	}
	if len(t.rows) > 0 {
		s.out.printf("%s\n", t.fitted(s.width))
	}
	for _, line := range x.failures() {
		s.out.printf("%s\n", wrapped("failed: "+line, s.width))
	}
	for _, w := range x.result.Warnings {
		place := strings.Join(strings.Fields(fmt.Sprintf("%s/%s %s %s %s", x.source, w.Account, w.Dataset, w.Day, unlike(w.Part, w.Dataset))), " ")
		s.out.printf("%s\n", wrapped(fmt.Sprintf("warning: %s: %s: %s", place, w.Kind, w.Message), s.width))
	}
	if len(x.failures())+len(x.result.Warnings) > 0 {
		s.out.printf("\n")
	}
	word, rest := x.sentence()
	s.out.printf("%s\n", strings.Replace(wrapped(word+rest, s.width), word, s.paint(x.code(), word), 1))
	if next := cmp.Or(x.goesOn, s.next(x)); next != "" {
		s.out.printf("\nTo go on:\n%s\n", broken(next, s.width, "  ", ` \`))
	}
}

func unlike(part, dataset string) string {
	if part == dataset {
		return ""
	}
	return part
}

// failures is all that failed, a line each.
func (x *outcome) failures() []string {
	if x.err == nil {
		return nil
	}
	err := x.err
	if fault, ok := errors.AsType[*app.ExportFailed](err); ok { // its own message is cut short
		err = fault.Err
	}
	return strings.Split(err.Error(), "\n")
}

// totals sums a result up.
type totals struct {
	written, unchanged, failed, requests, runs int
	rows, vanished                             int64
	broken, held                               []string // accounts
}

func (x *outcome) totals() totals {
	t := totals{runs: x.runs}
	for _, a := range x.result.Accounts {
		t.requests += a.Requests
		if a.Error != nil {
			t.broken = append(t.broken, a.Account)
		}
		if a.Status == "busy" {
			t.held = append(t.held, a.Account)
		}
		for _, d := range a.Datasets {
			t.written += d.Written
			t.unchanged += d.Unchanged
			t.failed += len(d.Failed)
			t.rows += d.Rows
			t.vanished += d.Vanished
		}
	}
	return t
}

// sentence says how the run ended, in one word and the rest of a sentence.
func (x *outcome) sentence() (word, rest string) {
	t := x.totals()
	remaining := counted(x.result.Remaining, "window")
	switch x.code() {
	case complete:
		if t.requests == 0 {
			return "Complete", ": nothing was due."
		}
		return "Complete", ": " + t.done() + "."
	case partial:
		if x.result.Run == "" {
			return "Partial", ": it was stopped before this source was begun."
		}
		rest := fmt.Sprintf(": %s; %s to go.", t.done(), remaining)
		if x.result.Next == nil {
			rest += " The same command goes on from there."
		}
		return "Partial", rest
	case busy:
		return "Busy", fmt.Sprintf(": another run holds %s, where nothing was done; %s. Try again when it has ended.",
			strings.Join(t.held, ", "), t.done())
	default:
		left := remaining + " to go"
		if x.result.Remaining == 0 && len(t.broken) > 0 {
			left = "what is left is not known"
		}
		return "Failed", fmt.Sprintf(": %s; %s; %s.", t.faults(), t.done(), left)
	}
}

// done is what was written and read.
func (t totals) done() string {
	if t.written == 0 {
		text := "nothing changed since the last reading; no data object was written"
		if t.unchanged == 0 {
			return "no data object was written"
		}
		return fmt.Sprintf("%s (%s unchanged, %s, %s)", text, counted(t.unchanged, "window"), counted(t.rows, "row"), t.asked())
	}
	text := counted(t.written, "object") + " written"
	if t.unchanged > 0 {
		text += ", " + number(t.unchanged) + " unchanged"
	}
	text += fmt.Sprintf(", %s read with %s", counted(t.rows, "row"), t.asked())
	if t.vanished > 0 {
		text += fmt.Sprintf("; %s vanished since the last reading", counted(t.vanished, "row"))
	}
	return text
}

// asked is what the vendor was asked.
func (t totals) asked() string {
	if t.runs == 0 {
		return counted(t.requests, "request")
	}
	return counted(t.requests, "request") + " in " + counted(t.runs, "run")
}

func (t totals) faults() string {
	var faults []string
	if len(t.broken) > 0 {
		faults = append(faults, "account "+strings.Join(t.broken, ", "))
	}
	if t.failed > 0 {
		faults = append(faults, counted(t.failed, "window"))
	}
	if len(faults) == 0 {
		return "the run's result is not kept"
	}
	return strings.Join(faults, " and ") + " as told above"
}

// next is the command line that continues exactly the work that was asked for and cut short.
func (s *session) next(x outcome) string {
	if x.result.Next == nil {
		return ""
	}
	return s.line("export", x.source, *x.result.Next, "")
}

// line is the command line of a command that exports what an event says, with a time limit, if there is one.
func (s *session) line(command, source string, e app.Event, limit string) string {
	words := []string{"yardstick", command}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name, quoted(value))
		}
	}
	if s.configFlag {
		flag("config", string(s.Config))
	}
	flag("local", string(s.Local))
	flag("source", source)
	flag("account", e.Account)
	for _, dataset := range e.Datasets {
		flag("dataset", dataset)
	}
	flag("from", e.From.String())
	flag("to", e.To.String())
	if e.Force {
		words = append(words, "--force")
	}
	flag("time-limit", limit)
	return strings.Join(words, " ")
}
