package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"yardstick/pkg/canary"
)

// cloudFolder names, in the environment, the folder of the embedded cloud that a test put up. The program does not read
// it; by it the tests know which secrets must not be told.
const cloudFolder = "TEST_CLOUD_FOLDER"

// folderOf is the folder of the embedded cloud that a call of the program works in: its own, or the test's.
func folderOf(args []string) string {
	for _, flag := range []string{"--dir", "--local"} {
		if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
			return args[i+1]
		}
	}
	return os.Getenv(cloudFolder)
}

// noSecretIsTold fails the test where a key or a token of the call's cloud stands in what the program said, or in an object
// or its metadata.
func (c call) noSecretIsTold(t *testing.T) {
	t.Helper()
	if c.cloud == "" {
		return
	}
	secrets := canary.NewWatch(nil)
	if err := secrets.NoteStored(c.cloud); err != nil {
		t.Fatal(err)
	}
	scanner, err := canary.New(secrets.Secrets())
	if err != nil {
		t.Fatal(err)
	}
	found := append(scanner.Text("standard output", c.stdout), scanner.Text("standard error", c.stderr)...)
	for _, part := range []string{"s3", "s3-metadata"} {
		kept, err := scanner.Folder(filepath.Join(c.cloud, part))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a call that failed early has no objects, or no folder
			t.Error(err)
		}
		found = append(found, kept...)
	}
	for _, f := range found {
		t.Error(f)
	}
}
