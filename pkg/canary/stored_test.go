package canary_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/canary"
)

func TestWhatIsStoredIsKnown(t *testing.T) {
	folder := t.TempDir()
	keep := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, "secretsmanager", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	watch := canary.NewWatch(nil)
	if err := watch.NoteStored(folder); err != nil || len(watch.Secrets()) != 0 {
		t.Errorf("nothing is stored: %v %q", err, watch.Secrets())
	}
	keep("a/key.json", `{"versions":[{"id":"1","text":"{ \"note\":\"no secret\", \"api_key\" : \"odd\\\"key\\\\one\"}"},{"id":"2","text":" the bare key \n"},{"id":"3"}]}`)
	keep("a/session.json", `{"versions":[{"text":"{\"access_token\":\"the-first-access\",\"refresh_token\":\"the-first-refresh\",\"api_key_version\":\"no secret\"}"},
		{"text":"{\"access_token\":\"the-second-access\",\"refresh_token\":null}"},{"text":"{}"},{"binary":"aW4gYmluYXJ5IGZvcm0="}]}`)
	if err := watch.NoteStored(folder); err != nil {
		t.Fatal(err)
	}
	want := []string{"in binary form", "odd\"key\\one", "the bare key", "the-first-access", "the-first-refresh", "the-second-access"}
	if got := slices.Sorted(maps.Values(watch.Secrets())); !slices.Equal(got, want) {
		t.Errorf("%q, expected %q", got, want)
	}
	if watch.Secrets()["access token 2"] != "the-second-access" {
		t.Errorf("%q", watch.Secrets())
	}
	keep("torn.json", `{"versions":[`)
	if err := watch.NoteStored(folder); err == nil || !strings.Contains(err.Error(), "torn.json") {
		t.Errorf("a secret that cannot be read: %v", err)
	}
}
