package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/canary"
)

// transcript is a text for several writers. The zero value is empty.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// say notes what was answered.
func (t *transcript) say(answers ...any) {
	for _, answer := range answers {
		text, err := json.Marshal(answer)
		_, _ = fmt.Fprintf(t, "%s %v %+v\n", text, err, answer)
	}
}

// opened is an App whose answers are noted.
type opened struct {
	*app.App
	said *transcript
}

func (o opened) Export(ctx context.Context, source string, e app.Event) (app.Result, error) {
	result, err := o.App.Export(ctx, source, e)
	o.said.say(result, err)
	return result, err
}

func (o opened) Plan(ctx context.Context, source string, e app.Event, length time.Duration) (app.Forecast, error) {
	f, err := o.App.Plan(ctx, source, e, length)
	o.said.say(f, err)
	return f, err
}

func (o opened) Check(ctx context.Context) app.Report {
	report := o.App.Check(ctx)
	o.said.say(report)
	return report
}

// logger writes at the finest level into what is looked through, and into the test's own log where it has one.
func (w *world) logger() *slog.Logger {
	finest := &slog.HandlerOptions{Level: slog.LevelDebug}
	handlers := []slog.Handler{slog.NewJSONHandler(&w.logged, finest), slog.NewTextHandler(&w.logged, finest)}
	if w.log != nil {
		handlers = append(handlers, w.log.Handler())
	}
	return slog.New(slog.NewMultiHandler(handlers...))
}

// secrets are those that are stored and all that passed between yardstick and the vendor, by names.
func (w *world) secrets() map[string]string {
	w.Helper()
	if err := w.watch.NoteStored(w.dir); err != nil {
		w.Fatal(err)
	}
	return w.watch.Secrets()
}

// scan looks through everything that yardstick leaves behind outside of its secrets: log, answers, objects, metadata.
func (w *world) scan(s *canary.Scanner) ([]canary.Finding, error) {
	found := append(s.Text("the log", w.logged.String()), s.Text("results and errors", w.said.String())...)
	folders, err := os.ReadDir(w.dir)
	for _, folder := range folders {
		if !folder.IsDir() || folder.Name() == "secretsmanager" {
			continue
		}
		inside, folderErr := s.Folder(filepath.Join(w.dir, folder.Name()))
		found, err = append(found, inside...), errors.Join(err, folderErr)
	}
	return found, err
}

// noSecretIsLeftBehind fails the test where a key or a token is found.
func (w *world) noSecretIsLeftBehind() {
	w.Helper()
	scanner, err := canary.New(w.secrets())
	if err != nil {
		w.Fatal(err)
	}
	found, err := w.scan(scanner)
	if err != nil {
		w.Error(err)
	}
	for _, f := range found[:min(len(found), 10)] {
		w.Errorf("%d secrets leaked: %s", len(found), f)
	}
}

// files are the texts of a folder of the cloud, by path.
func (w *world) files(folder string) map[string]string {
	w.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(w.dir, folder), func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // a folder is made with its first file
		}
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// hashOf is how the simulated vendor's journal tells a credential: Request.Credential.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:4])
}

// versions are the VersionIds of a secret, oldest first.
func (w *world) versions(name string) (ids []string) {
	w.Helper()
	var stored struct{ Versions []struct{ ID string } }
	text := w.files("secretsmanager")[filepath.Join(w.dir, "secretsmanager", name+".json")]
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		w.Fatal(err)
	}
	for _, v := range stored.Versions {
		ids = append(ids, v.ID)
	}
	return ids
}
