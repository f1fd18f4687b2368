package credentialtest

import (
	"context"
	"fmt"
	"slices"

	"yardstick/pkg/credential"
)

const labelPrevious = "AWSPREVIOUS"

// secret is one secret with all its versions: none is ever dropped.
type secret struct {
	arn      string
	versions map[string]credential.Secret // an empty Secret is a version without a value
	labels   map[string]string            // staging label to VersionId
	rotates  bool
	deleted  bool
}

func newSecret(name string) *secret {
	return &secret{
		arn:      "arn:aws:secretsmanager:us-east-1:000000000000:secret:" + name + "-AbCdEf",
		versions: make(map[string]credential.Secret),
		labels:   make(map[string]string),
	}
}

// put is PutSecretValue with one label.
func (s *secret) put(value credential.Secret, token, label string) error {
	if len(token) < 32 || len(token) > 64 {
		return fmt.Errorf("a token of %d characters; 32 to 64 are allowed", len(token))
	}
	if n := len(value.Reveal()); n > maxValue || n == 0 {
		return fmt.Errorf("a value of %d bytes: %w", n, credential.ErrUnusable)
	}
	stored := s.versions[token]
	switch {
	case stored == value:
		return nil // and no label moves
	case !stored.Empty():
		return fmt.Errorf("version %s: %w", token, credential.ErrExists)
	}
	first := len(s.versions) == 0
	s.versions[token] = value
	s.attach(label, token)
	if first {
		s.attach(credential.LabelCurrent, token)
	}
	return nil
}

// attach moves a label to a version. The version that AWSCURRENT leaves becomes AWSPREVIOUS, and is AWSPENDING no more.
func (s *secret) attach(label, id string) {
	from := s.labels[label]
	s.labels[label] = id
	if label != credential.LabelCurrent || from == "" || from == id {
		return
	}
	s.labels[labelPrevious] = from
	if s.labels[credential.LabelPending] == from {
		delete(s.labels, credential.LabelPending)
	}
}

// Describe implements credential.Staging.
func (m *Memory) Describe(ctx context.Context, name string) (d credential.Description, err error) {
	err = m.call(ctx, Describe, name, func() error {
		s, err := m.find(name)
		if err != nil {
			return err
		}
		d = credential.Description{ARN: s.arn, RotationEnabled: s.rotates, Labels: make(map[string][]string)}
		for label, id := range s.labels {
			d.Labels[id] = append(d.Labels[id], label)
		}
		for _, labels := range d.Labels {
			slices.Sort(labels)
		}
		return nil
	})
	if err != nil {
		return credential.Description{}, err
	}
	return d, nil
}

// Read implements credential.Staging.
func (m *Memory) Read(ctx context.Context, name, id string) (v credential.Version, err error) {
	err = m.call(ctx, Read, name, func() error {
		s, err := m.find(name)
		if err != nil {
			return err
		}
		if s.versions[id].Empty() {
			return fmt.Errorf("version %q of %q: %w", id, name, credential.ErrNotFound)
		}
		v = credential.Version{ARN: s.arn, ID: id, Value: s.versions[id]}
		return nil
	})
	if err != nil {
		return credential.Version{}, err
	}
	return v, nil
}

// PutPending implements credential.Staging.
func (m *Memory) PutPending(
	ctx context.Context, name string, value credential.Secret, token string, _ credential.Secret,
) error {
	return m.call(ctx, PutPending, name, func() error {
		s, err := m.find(name)
		if err != nil {
			return err
		}
		return s.put(value, token, credential.LabelPending)
	})
}

// MoveLabel implements credential.Staging.
func (m *Memory) MoveLabel(ctx context.Context, name, label, to, from string) error {
	return m.call(ctx, MoveLabel, name, func() error {
		s, err := m.find(name)
		if err != nil {
			return err
		}
		value, there := s.versions[to]
		switch {
		case to != "" && !there:
			return fmt.Errorf("%q is no version of %q: %w", to, name, credential.ErrUnusable)
		case s.labels[label] == to:
			return nil
		case s.labels[label] != from:
			return fmt.Errorf("%s of %q is on %q: %w", label, name, s.labels[label], credential.ErrMoved)
		case label == credential.LabelCurrent && value.Empty():
			return fmt.Errorf("%s of %q has to be on a version with a value: %w", label, name, credential.ErrUnusable)
		case to == "":
			delete(s.labels, label)
		default:
			s.attach(label, to)
		}
		return nil
	})
}
