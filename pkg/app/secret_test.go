package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// TestSecretsStaySecret looks for the key and all tokens, in the spellings that they could leak in, through the log at its
// finest level, the results and every object with its metadata.
func TestSecretsStaySecret(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-16", func(w *world) {
		var log bytes.Buffer
		w.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		said := show(w.run(app.Event{}, export.Complete))
		w.pass(2 * time.Hour)
		said += show(w.run(app.Event{}, export.Complete)) // refreshed
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint == simulator.Purchases {
				return simulator.Refuse(500, "no luck")
			}
			return nil
		})
		w.pass(2 * time.Hour)
		said += show(w.run(app.Event{}, export.Failed))
		secrets := append(w.tokens(), apiKey)
		if len(secrets) < 5 || !strings.Contains(log.String(), "level=DEBUG") {
			t.Fatalf("%d secrets, %d bytes of log", len(secrets), log.Len())
		}
		for _, secret := range secrets {
			w.scan("the log", log.String(), secret)
			w.scan("a result", said, secret)
			for name, text := range w.everything() {
				w.scan(name, text, secret)
			}
		}
	})
}

// tokens are all tokens that the session secret ever held.
func (w *world) tokens() []string {
	w.Helper()
	var found []string
	for _, text := range w.files("secretsmanager") {
		found = append(found, regexp.MustCompile(`eyJ[A-Za-z0-9_.-]{20,}`).FindAllString(text, -1)...)
	}
	return found
}

func (w *world) files(folder string) map[string]string {
	w.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(w.dir, folder), func(path string, entry fs.DirEntry, err error) error {
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

// everything is every object, data uncompressed, and every object's metadata.
func (w *world) everything() map[string]string {
	w.Helper()
	all := w.files("s3-metadata")
	for name, text := range w.files("s3") {
		if key, ok := strings.CutSuffix(name, ".json.gz"); ok && text != "" {
			text = strings.Join(w.lines(strings.TrimPrefix(key, w.path("")+"/")+".json.gz"), "\n")
		}
		all[name] = text
	}
	return all
}

func (w *world) scan(where, text, secret string) {
	w.Helper()
	quoted, err := json.Marshal(secret)
	if err != nil {
		w.Fatal(err)
	}
	for _, spelt := range []string{secret, url.QueryEscape(secret), strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret))[:16]} {
		if strings.Contains(text, spelt) {
			w.Errorf("%s holds a secret", where)
		}
	}
}
