package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"yardstick/pkg/app"
)

// secrets are the commands `secret ...`.
type secrets struct {
	Put secretPut `cmd:"" help:"Put a new API key in place, once the vendor took it."`
}

// secretPut is the command `secret put`. The key itself is no argument.
type secretPut struct {
	Secret   text `arg:"" help:"The secret: an api_key_secret of the configuration, by name or ARN."`
	NoVerify bool `help:"Store the key without asking the vendor first. No session is made."`
}

// keyIsNoArgument is the answer to a command line that may hold the key itself. It shows nothing of it.
const keyIsNoArgument = "secret put takes the secret's name alone. A key is never an argument: other people on this machine can see the " +
	"arguments of a command, and a shell writes them down. Type it at the prompt, or give it on standard input (secret put NAME < FILE). " +
	"If what you typed was a key, generate another one."

func (p *secretPut) run(ctx context.Context, s *session) (exitCode, error) {
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	context.AfterFunc(ctx, release) // a second Ctrl-C does not wait for a store to end
	o, err := s.open(ctx)
	if err != nil {
		return failed, err
	}
	if err := errors.Join(p.put(ctx, s, o.App), o.close()); err != nil {
		return failed, err
	}
	return complete, nil
}

func (p *secretPut) put(ctx context.Context, s *session, a *app.App) error {
	name := string(p.Secret)
	if err := a.KnowsKeySecret(name); err != nil {
		return err
	}
	key, err := s.readKey(ctx, name)
	if err != nil {
		return err
	}
	told := map[app.KeyStep]string{
		app.TryingKey:      "asking the vendor whether it takes the key",
		app.StoringKey:     "storing the key in " + name,
		app.KeepingKey:     name + " holds this key already",
		app.StoringSession: "storing the session that the vendor gave for it",
	}
	done, err := a.PutKey(ctx, name, app.NewKey{Key: key, Untried: p.NoVerify,
		Tell: func(step app.KeyStep) { s.err.printf("%s\n", told[step]) }})
	if err != nil {
		return err
	}
	if s.JSON {
		_ = json.NewEncoder(s.out).Encode(done) // it keeps its own error
		return nil
	}
	s.printVerified(done)
	return nil
}

// printVerified tells which version holds the key, and what came of it for each account.
func (s *session) printVerified(v app.Verified) {
	s.out.printf("%s\n", wrapped(fmt.Sprintf("%s holds the key, in version %s.", v.Secret, v.KeyVersion[:min(8, len(v.KeyVersion))]), s.width))
	for _, a := range v.Accounts {
		s.out.printf("%s\n", wrapped(a.Source+"/"+a.Account+": "+became(a), s.width))
	}
}

// became is what came of a key for one account.
func became(a app.VerifiedAccount) string {
	const minutes = "2006-01-02 15:04 UTC"
	switch {
	case a.Session != nil:
		text := "session until " + a.Session.AccessExpiresAt.Format(minutes)
		if until := a.Session.RefreshExpiresAt; until != nil {
			text += ", to be refreshed until " + until.Format(minutes)
		}
		return fmt.Sprintf("%s; %s requests a minute.", text, number(a.Session.RequestsPerMinute))
	case a.Brands != nil && *a.Brands == 0:
		return "the key may read no brand at all; see that its scope includes them."
	case a.Brands != nil:
		return fmt.Sprintf("the key may read %s.", counted(*a.Brands, "brand"))
	case a.Source == app.ScrapRight:
		return "not tried; the next export exchanges it for a session."
	default:
		return "not tried; the next export calls with it."
	}
}

// maxKeyInput is far more than any key, in bytes.
const maxKeyInput = 64 << 10

// readKey reads the key: at a hidden prompt where standard input is a terminal, else all that comes there. Surrounding
// white space is dropped.
func (s *session) readKey(ctx context.Context, name string) (app.Secret, error) {
	typed, err := s.typed(ctx, name)
	if err != nil {
		return app.Secret{}, err
	}
	typed = bytes.TrimSpace(typed)
	switch {
	case len(typed) == 0:
		return app.Secret{}, &misuse{fault: "no key came on standard input, and nothing was changed; expected the API key for " + name, help: secretHelp}
	case len(typed) > maxKeyInput:
		return app.Secret{}, &misuse{fault: fmt.Sprintf("more than %s came on standard input, and nothing was changed; expected the API key for %s alone",
			size(maxKeyInput), name), help: secretHelp}
	}
	return app.NewSecret(string(typed)), nil
}

const secretHelp = "yardstick secret put"

func (s *session) typed(ctx context.Context, name string) ([]byte, error) {
	terminal, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(s.in, maxKeyInput+1)) })
	}
	fd := int(terminal.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	s.err.printf("API key for %s (it is not shown): ", name)
	defer s.err.printf("\n")
	typed, err := await(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if ctx.Err() != nil { // the reading goes on and would leave the terminal without an echo
		return nil, errors.Join(err, term.Restore(fd, shown))
	}
	return typed, err
}

// await waits for what is read, or for the end of ctx: a read of standard input cannot be broken off.
func await(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type input struct {
		text []byte
		err  error
	}
	came := make(chan input, 1)
	go func() {
		text, err := read()
		came <- input{text, err}
	}()
	select {
	case in := <-came:
		if in.err != nil {
			in.err = fmt.Errorf("read the key from standard input: %w", in.err)
		}
		return in.text, in.err
	case <-ctx.Done():
		return nil, errors.New("interrupted; nothing was changed")
	}
}
