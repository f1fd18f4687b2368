package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"yardstick/pkg/app"
)

// exitCode is how the process ends.
type exitCode int

// The exit codes are public surface.
const (
	complete exitCode = iota
	failed
	badUsage // or configuration: nothing was done
	partial
	busy
	// pipeClosed is how a shell tells of a program whose reader went away: 128 and SIGPIPE. On standard output proper the
	// signal itself ends the process.
	pipeClosed exitCode = 141
)

// worse is the worse of two ends of work that was begun.
func worse(a, b exitCode) exitCode {
	badness := []exitCode{complete, busy, partial, failed, badUsage}
	return slices.MaxFunc([]exitCode{a, b}, func(a, b exitCode) int {
		return cmp.Compare(slices.Index(badness, a), slices.Index(badness, b))
	})
}

// command is what a subcommand of the command line does. An error is told by run; the code of an error that is nil
// counts.
type command interface {
	run(ctx context.Context, s *session) (exitCode, error)
}

// session is one call of the command line: what it writes to and the flags that all commands share.
type session struct {
	*console
	common
	in io.Reader // standard input
}

// run is the whole program. It blocks until the command is done, and answers how the process shall end.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) exitCode {
	c := newConsole(stdout, stderr, env)
	code, err := execute(ctx, args, stdin, c, env)
	if err != nil {
		c.tell(err.Error())
		code = codeOf(err)
	}
	if err := c.out.err; errors.Is(err, syscall.EPIPE) {
		code = pipeClosed
	} else if err != nil {
		c.tell("write the results: " + err.Error())
		code = failed
	}
	return code
}

func execute(ctx context.Context, args []string, in io.Reader, c *console, env func(string) string) (exitCode, error) {
	if len(args) == 0 {
		_, err := parse([]string{"--help"}, c.err)
		return badUsage, err
	}
	line, err := parse(args, c.out)
	if line == nil || err != nil {
		return complete, err
	}
	line.configFlag = line.Config != ""
	line.Config = cmp.Or(line.Config, text(env(app.ConfigVariable)))
	return line.chosen.run(ctx, &session{console: c, common: line.common, in: in})
}

// parse reads the command line. Where help was asked for, it is written and the answer is nil.
func parse(args []string, help io.Writer) (*commandLine, error) {
	line, helped := &commandLine{}, false
	parser, err := kong.New(line, kong.Name("yardstick"), kong.Description(about), kong.Writers(help, help),
		kong.Exit(func(int) { helped = true }), kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}))
	if err != nil {
		return nil, fmt.Errorf("set up the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil, nil
	}
	if err != nil {
		return nil, misused(err)
	}
	line.chosen = parsed.Selected().Target.Addr().Interface().(command)
	return line, nil
}

// misuse is a command line that cannot be understood.
type misuse struct {
	fault string
	help  string // where to read on
}

func (e *misuse) Error() string { return fmt.Sprintf("%s\nTry: %s --help", e.fault, e.help) }

func misused(err error) error {
	m := &misuse{fault: strings.Replace(err.Error(), `expected value value but got "EOL" (<EOL>)`, "expected a value, found none", 1), help: "yardstick"}
	if fault, ok := errors.AsType[*kong.ParseError](err); ok && fault.Context != nil && fault.Context.Selected() != nil {
		m.help = fault.Context.Selected().FullPath()
	}
	if strings.HasPrefix(m.help, "yardstick secret") && mayHoldAKey(m.fault) {
		m.fault = keyIsNoArgument
	}
	return m
}

// mayHoldAKey says that a fault repeats an argument which is none of the command's own.
func mayHoldAKey(fault string) bool {
	return strings.HasPrefix(fault, "unexpected argument") || strings.Contains(fault, "bool value must be") ||
		strings.HasPrefix(fault, "unknown flag") && !strings.Contains(fault, `did you mean "--`)
}

func codeOf(err error) exitCode {
	_, usage := errors.AsType[*misuse](err)
	_, config := errors.AsType[*app.ConfigInvalid](err)
	_, event := errors.AsType[*app.EventInvalid](err)
	_, key := errors.AsType[*app.KeyFormError](err)
	_, reading := errors.AsType[*app.ReadInvalid](err)
	if usage || config || event || key || reading {
		return badUsage
	}
	return failed
}
