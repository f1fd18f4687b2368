// Package credentialtest judges a credential.Vault and a credential.Staging: Suite holds the rules that every one of
// them keeps, and Memory is one that keeps them all, as strictly as Secrets Manager does, and fails on demand.
package credentialtest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"yardstick/pkg/credential"
)

const maxValue = 65536 // bytes; Secrets Manager's quota

var validName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

// The calls of a Vault and of a Staging, as Call.Op names them.
const (
	Current    = "Current"
	Put        = "Put"
	Create     = "Create"
	Describe   = "Describe"
	Read       = "Read"
	PutPending = "PutPending"
	MoveLabel  = "MoveLabel"
)

// Call is one call that a Memory took.
type Call struct {
	Op   string // one of the constants above
	Name string // as the caller gave it
	Nth  int    // how many calls of that Op there were so far, this one included
	Done bool   // it has taken effect: an error now is an answer that was lost
}

// Memory is a Vault and a Staging in memory, for tests. It is safe for concurrent use. The zero value is not usable:
// see NewMemory.
type Memory struct {
	mu        sync.Mutex
	secrets   map[string]*secret
	calls     []Call
	made      int // version IDs that were not chosen by a token
	intercept func(context.Context, Call) error
}

var (
	_ credential.Vault   = (*Memory)(nil)
	_ credential.Staging = (*Memory)(nil)
)

// NewMemory is a Vault without secrets.
func NewMemory() *Memory { return &Memory{secrets: make(map[string]*secret)} }

// Intercept has fault see every call twice: before it takes effect, when an error stops it, and, where it succeeded,
// after that, when an error is an answer that was lost. fault may block, and may change the Memory as another process
// would. nil ends it.
func (m *Memory) Intercept(fault func(context.Context, Call) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intercept = fault
}

// Calls are the calls so far, in order.
func (m *Memory) Calls() []Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls)
}

// Count is how many calls of that Op there were.
func (m *Memory) Count(op string) int {
	n := 0
	for _, c := range m.Calls() {
		if c.Op == op {
			n++
		}
	}
	return n
}

// Current implements credential.Vault.
func (m *Memory) Current(ctx context.Context, name string) (v credential.Version, err error) {
	err = m.call(ctx, Current, name, func() error {
		s, err := m.find(name)
		if err != nil {
			return err
		}
		v = credential.Version{ARN: s.arn}
		if id := s.labels[credential.LabelCurrent]; !s.versions[id].Empty() {
			v.ID, v.Value = id, s.versions[id]
		}
		return nil
	})
	if err != nil {
		return credential.Version{}, err
	}
	return v, nil
}

// Put implements credential.Vault.
func (m *Memory) Put(ctx context.Context, name string, value credential.Secret, token string) (string, error) {
	return token, m.call(ctx, Put, name, func() error {
		s, err := m.find(name)
		if err != nil {
			return err
		}
		return s.put(value, token, credential.LabelCurrent)
	})
}

// Create implements credential.Vault.
func (m *Memory) Create(ctx context.Context, name string, value credential.Secret, token string) (string, error) {
	return token, m.call(ctx, Create, name, func() error {
		if !validName.MatchString(name) {
			return fmt.Errorf("%q is no name for a new secret: %w", name, credential.ErrUnusable)
		}
		if _, err := m.find(name); !errors.Is(err, credential.ErrNotFound) {
			return fmt.Errorf("create %q: %w", name, credential.ErrExists)
		}
		s := newSecret(name)
		if err := s.put(value, token, credential.LabelCurrent); err != nil {
			return err
		}
		m.secrets[name] = s
		return nil
	})
}

// call records a call and lets it be intercepted.
func (m *Memory) call(ctx context.Context, op, name string, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	c := Call{Op: op, Name: name, Nth: 1}
	for _, before := range m.calls {
		if before.Op == op {
			c.Nth++
		}
	}
	m.calls = append(m.calls, c)
	fault := m.intercept
	m.mu.Unlock()
	if fault == nil {
		fault = func(context.Context, Call) error { return nil }
	}
	if err := fault(ctx, c); err != nil {
		return err
	}
	m.mu.Lock()
	err := effect()
	m.mu.Unlock()
	if err != nil {
		return err
	}
	c.Done = true
	return fault(ctx, c)
}

// find is the secret of that name or ARN. m.mu is held.
func (m *Memory) find(name string) (*secret, error) {
	s := m.secrets[name]
	for _, other := range m.secrets {
		if other.arn == name {
			s = other
		}
	}
	switch {
	case s == nil:
		return nil, fmt.Errorf("secret %q: %w", name, credential.ErrNotFound)
	case s.deleted:
		return nil, fmt.Errorf("secret %q is marked for deletion: %w", name, credential.ErrUnusable)
	}
	return s, nil
}
