package canary

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// secretMember is a member of a stored value that is secret itself.
var secretMember = regexp.MustCompile(`"(api_key|access_token|refresh_token)"\s*:\s*"((?:[^"\\]|\\.)*)"`)

// NoteStored notes the keys and tokens in every version of every secret that an embedded cloud keeps in its folder. A
// value that is no JSON object is a secret as a whole. A folder without secrets is no error.
func (w *Watch) NoteStored(folder string) error {
	return filepath.WalkDir(filepath.Join(folder, "secretsmanager"), func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // the caller names the folder
		if err != nil {
			return err
		}
		var secret struct {
			Versions []struct {
				Text   string `json:"text"`
				Binary []byte `json:"binary"`
			} `json:"versions"`
		}
		if err := json.Unmarshal(text, &secret); err != nil {
			return fmt.Errorf("%s is not the file of a secret: %w", path, err)
		}
		for _, v := range secret.Versions {
			w.noteValue(v.Text + string(v.Binary))
		}
		return nil
	})
}

func (w *Watch) noteValue(value string) {
	members := secretMember.FindAllStringSubmatch(value, -1)
	for _, m := range members {
		secret := m[2]
		_ = json.Unmarshal([]byte(`"`+secret+`"`), &secret) // what is not JSON is taken as it is
		kind := strings.ReplaceAll(m[1], "_", " ")
		if kind == "api key" {
			kind = apiKey
		}
		w.Note(kind, strings.TrimSpace(secret))
	}
	if bare := strings.Trim(value, "\ufeff \t\r\n"); len(members) == 0 && !strings.HasPrefix(bare, "{") {
		w.Note("bare text of a secret", bare)
	}
}
