package localcloud

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const arnPrefix = "arn:aws:secretsmanager:" + region + ":000000000000:secret:"

var (
	secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)
	arnSuffix  = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

const suffixLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// secretStore keeps secrets, one file each. Its methods answer *secretsError where Secrets Manager has a name for the
// fault.
type secretStore struct {
	disk  *disk
	now   func() time.Time
	newID func() string
	mu    sync.Mutex // held over each read-modify-write
}

func secretPath(name string) string { return "secretsmanager/" + name + ".json" }

// newARN ends in six characters that no earlier secret of the name had.
func (s *secretStore) newARN(name string) string {
	sum := sha256.Sum256([]byte(s.newID()))
	suffix := make([]byte, 6)
	for i := range suffix {
		suffix[i] = suffixLetters[int(sum[i])%len(suffixLetters)]
	}
	return arnPrefix + name + "-" + string(suffix)
}

// find reads the secret of a name, an ARN, or an ARN without its last six characters.
func (s *secretStore) find(id string) (*secret, error) {
	name, isARN := strings.CutPrefix(id, arnPrefix)
	if strings.HasPrefix(id, "arn:") && !isARN {
		return nil, noSuchSecret()
	}
	if !secretName.MatchString(name) {
		return nil, invalidName()
	}
	bare := arnSuffix.ReplaceAllString(name, "")
	if isARN && bare != name { // what looks like a whole ARN is taken for one, as AWS does
		found, err := s.read(bare)
		if err == nil && found.ARN != id {
			return nil, noSuchSecret()
		}
		return found, err
	}
	return s.read(name)
}

// findLive is find for what a secret marked for deletion does not take part in.
func (s *secretStore) findLive(id string) (*secret, error) {
	found, err := s.find(id)
	if err == nil && found.Marked != nil {
		return nil, invalidState("You can't perform this operation on the secret because it was marked for deletion.")
	}
	return found, err
}

// nameFault says why a name cannot be that of a file.
func nameFault(name string) string {
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return `an empty part (a "/" at its beginning or end, or two in a row)`
		case part == "." || part == "..":
			return `a part "` + part + `"`
		case len(part)+len(".json") > maxPartBytes:
			return "a part that is too long for the name of a file"
		}
	}
	return ""
}

func (s *secretStore) read(name string) (*secret, error) {
	if nameFault(name) != "" {
		return nil, noSuchSecret()
	}
	file := secretPath(name)
	data, err := s.disk.root.ReadFile(file)
	if isMissing(err) || s.disk.isFolder(file) {
		return nil, noSuchSecret()
	}
	if err != nil {
		return nil, err
	}
	var found secret
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("the secret's file %s is damaged; restore or delete it", file) // no word of its content
	}
	if found.Name != name || slices.Contains(found.Versions, nil) {
		return nil, fmt.Errorf("the file %s is not that of the secret %s; restore or delete it", file, name)
	}
	return &found, nil
}

func (s *secretStore) write(v *secret) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := s.disk.write(secretPath(v.Name), append(data, '\n')); errors.Is(err, errInTheWay) {
		return validation("The secret %s cannot be kept as a file: another secret's name is in its way.", v.Name)
	} else if err != nil {
		return fmt.Errorf("write the secret %s: %w", v.Name, err)
	}
	return nil
}

func (s *secretStore) delete(name string) error {
	file := secretPath(name)
	if err := s.disk.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete the secret %s: %w", name, err)
	}
	if err := s.disk.sync(path.Dir(file)); err != nil {
		return err
	}
	s.disk.prune(path.Dir(file), "secretsmanager")
	return nil
}

// startRotation is Cloud.StartRotation.
func (s *secretStore) startRotation(id string) (token string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLive(id)
	if err != nil {
		return "", fmt.Errorf("start the rotation of %s: %w", id, err)
	}
	if v := found.holder(pending); v != nil && v != found.holder(current) {
		return "", fmt.Errorf("start the rotation of %s: the rotation %s is in progress", id, v.ID)
	}
	v := &version{ID: s.newID(), Created: s.now().UTC()}
	found.Versions = append(found.Versions, v)
	found.attach(pending, v)
	found.RotationEnabled = true
	return v.ID, s.write(found)
}
