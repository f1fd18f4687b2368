package localcloud

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Staging labels that Secrets Manager moves by itself.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
	pending  = "AWSPENDING"
)

// Limits of Secrets Manager: labels of one version, and how many versions are kept for how long.
const (
	maxLabels    = 20
	keptVersions = 100
	keptFor      = 24 * time.Hour
)

// secret is a secret as its file keeps it.
type secret struct {
	ARN             string     `json:"arn"`
	Name            string     `json:"name"`
	Description     string     `json:"description,omitempty"`
	Created         time.Time  `json:"created"`
	Changed         time.Time  `json:"changed"`
	Marked          *time.Time `json:"deletion_date,omitempty"` // set where the secret is marked for deletion
	RotationEnabled bool       `json:"rotation_enabled,omitempty"`
	Versions        []*version `json:"versions"` // oldest first
}

// version is one value of a secret. One that a rotation has begun and not yet filled has none.
type version struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Labels  []string  `json:"labels,omitempty"` // sorted
	value
}

// value is a text, or bytes, or neither.
type value struct {
	Text   *string `json:"text,omitempty"`
	Binary []byte  `json:"binary,omitempty"`
}

func (v value) empty() bool { return v.Text == nil && v.Binary == nil }

func (v value) equal(other value) bool {
	if v.Text == nil || other.Text == nil {
		return v.Text == other.Text && bytes.Equal(v.Binary, other.Binary)
	}
	return *v.Text == *other.Text
}

func (s *secret) version(id string) *version {
	i := slices.IndexFunc(s.Versions, func(v *version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return s.Versions[i]
}

// holder is the version that has a label, or nil.
func (s *secret) holder(label string) *version {
	i := slices.IndexFunc(s.Versions, func(v *version) bool { return slices.Contains(v.Labels, label) })
	if i < 0 {
		return nil
	}
	return s.Versions[i]
}

// detach takes a label away from whichever version has it, and answers that version.
func (s *secret) detach(label string) *version {
	v := s.holder(label)
	if v != nil {
		v.Labels = slices.DeleteFunc(v.Labels, func(l string) bool { return l == label })
	}
	return v
}

// attach moves a label to a version. The version that AWSCURRENT leaves becomes AWSPREVIOUS, and is AWSPENDING no more.
func (s *secret) attach(label string, to *version) {
	from := s.detach(label)
	to.Labels = append(to.Labels, label)
	slices.Sort(to.Labels)
	if label != current || from == nil || from == to {
		return
	}
	s.attach(previous, from)
	if s.holder(pending) == from {
		s.detach(pending)
	}
}

// put stores a value as the version of that id. It answers false where the version is there already, with that value:
// then nothing moves.
func (s *secret) put(id string, v value, labels []string, now time.Time) (changed bool, err error) {
	to, makeCurrent := s.version(id), slices.Contains(labels, current)
	switch {
	case to != nil && !to.empty() && to.equal(v):
		return false, nil
	case to != nil && !to.empty():
		return false, &secretsError{Type: "ResourceExistsException",
			Message: fmt.Sprintf("The ClientRequestToken %s is in use for a version of %s with another value.", id, s.ARN)}
	case to == nil:
		makeCurrent = makeCurrent || len(s.Versions) == 0 // the first value is, whatever labels it is given
		to = &version{ID: id, Created: now}
		s.Versions = append(s.Versions, to)
	}
	to.value = v
	for _, label := range labels {
		if label != current {
			s.attach(label, to)
		}
	}
	if makeCurrent { // last, for it decides where AWSPREVIOUS goes
		s.attach(current, to)
	}
	if len(to.Labels) > maxLabels {
		return false, tooManyLabels(id)
	}
	s.Changed = now
	s.forget(now)
	return true, nil
}

// forget drops what Secrets Manager may drop: versions without a label, older than a day and not among the newest 100.
func (s *secret) forget(now time.Time) {
	old := len(s.Versions) - keptVersions
	kept := s.Versions[:0]
	for i, v := range s.Versions {
		if i >= old || len(v.Labels) > 0 || now.Sub(v.Created) <= keptFor {
			kept = append(kept, v)
		}
	}
	s.Versions = kept
}

// moveLabel is UpdateSecretVersionStage: a compare-and-swap of one label. An empty id stands for none.
func (s *secret) moveLabel(label, toID, fromID string, now time.Time) error {
	holder, to := s.holder(label), s.version(toID)
	if fromID != "" && (holder == nil || holder.ID != fromID) {
		return invalidParameter("The staging label %s is not attached to the version %s of RemoveFromVersionId.", label, fromID)
	}
	switch {
	case toID == "" && fromID == "":
		return invalidParameter("You must give MoveToVersionId, RemoveFromVersionId or both.")
	case toID == "" && label == current:
		return invalidParameter("The staging label AWSCURRENT can only be moved to another version, not removed.")
	case toID == "":
		s.detach(label)
	case to == nil:
		return invalidParameter("MoveToVersionId %s is no version of the secret.", toID)
	case holder == to:
		return nil
	case holder != nil && fromID == "":
		return invalidParameter("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached "+
			"to version %s, so you must explicitly reference that version in RemoveFromVersionId.", label, holder.ID)
	case label == current && to.empty():
		return invalidState("The version %s has no value yet and cannot be AWSCURRENT.", toID)
	default:
		if len(to.Labels) == maxLabels {
			return tooManyLabels(toID)
		}
		s.attach(label, to)
	}
	s.Changed = now
	return nil
}

func tooManyLabels(id string) error {
	return &secretsError{Type: "LimitExceededException",
		Message: fmt.Sprintf("The version %s would have more than %d staging labels.", id, maxLabels)}
}
