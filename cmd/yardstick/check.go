package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
)

// check is the command `check`.
type check struct {
	Stack text `placeholder:"NAME" help:"Compare the CloudFormation stack of this name too, with your own AWS credentials."`
}

func (c *check) run(ctx context.Context, s *session) (exitCode, error) {
	if c.Stack != "" && s.Local != "" {
		return badUsage, &misuse{fault: "--stack: with --local there is no stack; give one of the two", help: "yardstick check"}
	}
	return s.look(ctx, func(ctx context.Context, a *app.App) (exitCode, error) {
		stack := ""
		if c.Stack != "" {
			stack = ", the stack " + string(c.Stack)
		}
		s.err.printf("looking at bucket, secrets%s and the yards' own references\n", stack)
		report := local.Check(ctx, a, string(c.Stack))
		switch {
		case ctx.Err() != nil: // what was found is that it was interrupted
		case s.JSON:
			_ = json.NewEncoder(s.out).Encode(report) // it keeps its own error
		default:
			s.printFindings(report)
		}
		if report.Worst() == app.Fault {
			return failed, nil
		}
		return complete, nil
	})
}

// printFindings writes a line for each finding, under a heading for each account, and one sentence.
func (s *session) printFindings(r app.Report) {
	subjects := 0
	for _, f := range r.Findings {
		subjects = max(subjects, len(f.Subject))
	}
	counts, account := map[app.Level]int{}, ""
	for i, f := range r.Findings {
		counts[f.Level]++
		if i > 0 && len(r.Findings[i-1].Change) > 0 {
			s.out.printf("\n")
		}
		if of := strings.Trim(f.Source+"/"+f.Account, "/"); of != account {
			account = of
			s.out.printf("\n%s\n\n", account)
		}
		start := fmt.Sprintf("%-5s  %-*s  ", f.Level, subjects, f.Subject)
		text := broken(start+f.Message, s.width, strings.Repeat(" ", len(start)), "")
		s.out.printf("%s\n", strings.Replace(text, string(f.Level), s.paint(endOf(f.Level), string(f.Level)), 1))
		if len(f.Change) > 0 {
			s.out.printf("\n    %s\n", strings.Join(f.Change, "\n    "))
		}
	}
	verdict := "No fault found"
	if n := counts[app.Fault]; n > 0 {
		verdict = counted(n, "fault") + " found"
	}
	s.out.printf("\n%s: %d ok, %s.\n", s.paint(endOf(r.Worst()), verdict), counts[app.OK], counted(counts[app.Warn], "warning"))
}

// endOf is the exit code whose colour a level has.
func endOf(l app.Level) exitCode {
	return map[app.Level]exitCode{app.OK: complete, app.Warn: partial, app.Fault: failed}[l]
}
