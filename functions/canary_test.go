package functions_test

import (
	"path/filepath"
	"strings"
	"testing"

	"yardstick/pkg/canary"
)

// cloudFolder names, in a function's environment, the folder of the cloud that it works in. No function reads it; by it the
// tests know which secrets must not be told.
const cloudFolder = "TEST_CLOUD_FOLDER"

// lookingFor is a scanner for the keys and tokens of a cloud's folder; without one, for the vendors' keys alone.
func lookingFor(t *testing.T, folder string) *canary.Scanner {
	t.Helper()
	secrets := canary.NewWatch(nil)
	secrets.Note("API key", yardKey)
	secrets.Note("API key", scrunchKey)
	if folder != "" {
		if err := secrets.NoteStored(folder); err != nil {
			t.Fatal(err)
		}
	}
	scanner, err := canary.New(secrets.Secrets())
	if err != nil {
		t.Fatal(err)
	}
	return scanner
}

// noSecretIsTold fails the test where a secret of the environment's cloud stands in what a function said.
func noSecretIsTold(t *testing.T, env []string, texts ...string) {
	t.Helper()
	folder := ""
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, cloudFolder+"="); ok {
			folder = value
		}
	}
	for _, found := range lookingFor(t, folder).Text("what the function said", strings.Join(texts, "\n")) {
		t.Error(found)
	}
}

// noSecretIsKept fails the test where a secret of a cloud stands in an object or its metadata.
func noSecretIsKept(t *testing.T, folder string) {
	t.Helper()
	for _, part := range []string{"s3", "s3-metadata"} {
		all, err := lookingFor(t, folder).Folder(filepath.Join(folder, part))
		if err != nil {
			t.Error(err)
		}
		for _, found := range all {
			t.Errorf("%s: %s", part, found)
		}
	}
}
