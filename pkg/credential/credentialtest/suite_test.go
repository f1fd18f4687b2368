package credentialtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/credential"
)

func TestMemoryKeepsEveryRule(t *testing.T) {
	m := NewMemory()
	Suite(t, func(*testing.T) credential.Vault { return m }, "suite", means(m)...)
}

func means(m *Memory) []Option {
	return []Option{
		WithEmpty(func(_ *testing.T, name string) { m.MakeEmpty(name) }),
		WithRestore(func(_ *testing.T, name, id string) { m.Restore(name, id) }),
		WithMarkDeleted(func(_ *testing.T, name string) { m.MarkDeleted(name) }),
		WithStaging(m),
		WithStartRotation(func(_ *testing.T, name string) string { return m.StartRotation(name) }),
	}
}

// lax is a Memory whose calls may be replaced by worse ones.
type lax struct {
	*Memory
	current func(m *Memory, ctx context.Context, name string) (credential.Version, error)
	put     func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) (string, error)
	create  func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) (string, error)
	move    func(m *Memory, ctx context.Context, name, label, to, from string) error
	pend    func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) error
}

func (l lax) Current(ctx context.Context, name string) (credential.Version, error) {
	if l.current != nil {
		return l.current(l.Memory, ctx, name)
	}
	return l.Memory.Current(ctx, name)
}

func (l lax) Put(ctx context.Context, name string, value credential.Secret, token string) (string, error) {
	if l.put != nil {
		return l.put(l.Memory, ctx, name, value, token)
	}
	return l.Memory.Put(ctx, name, value, token)
}

func (l lax) Create(ctx context.Context, name string, value credential.Secret, token string) (string, error) {
	if l.create != nil {
		return l.create(l.Memory, ctx, name, value, token)
	}
	return l.Memory.Create(ctx, name, value, token)
}

func (l lax) MoveLabel(ctx context.Context, name, label, to, from string) error {
	if l.move != nil {
		return l.move(l.Memory, ctx, name, label, to, from)
	}
	return l.Memory.MoveLabel(ctx, name, label, to, from)
}

func (l lax) PutPending(
	ctx context.Context, name string, value credential.Secret, token string, rotationToken credential.Secret,
) error {
	if l.pend != nil {
		return l.pend(l.Memory, ctx, name, value, token)
	}
	return l.Memory.PutPending(ctx, name, value, token, rotationToken)
}

var laxVaults = []struct {
	name   string
	vault  lax
	broken []string
}{
	{"a put with a taken token overwrites", lax{
		put: func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) (string, error) {
			id, err := m.Put(ctx, name, value, token)
			if errors.Is(err, credential.ErrExists) {
				m.mu.Lock()
				defer m.mu.Unlock()
				s, _ := m.find(name)
				s.versions[token], s.labels[credential.LabelCurrent], err = value, token, nil
			}
			return id, err
		},
	}, []string{
		"Put with a taken token and another value is ErrExists",
		"Put with the token of an earlier version is ErrExists",
		"A token taken by Create is taken for Put",
		"Of concurrent puts with one token one wins",
		"A token stays taken after AWSCURRENT was moved back",
	}},
	{"a repeated put moves the label", lax{
		put: func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) (string, error) {
			id, err := m.Put(ctx, name, value, token)
			if err == nil {
				m.mu.Lock()
				defer m.mu.Unlock()
				s, _ := m.find(name)
				s.attach(credential.LabelCurrent, token)
			}
			return id, err
		},
	}, []string{"Put again of an earlier version moves no label"}},
	{"a put creates", lax{
		put: func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) (string, error) {
			if id, err := m.Create(ctx, name, value, token); err == nil {
				return id, nil
			}
			return m.Put(ctx, name, value, token)
		},
	}, []string{"Put on an absent secret is ErrNotFound"}},
	{"an empty secret is not found", lax{
		current: func(m *Memory, ctx context.Context, name string) (credential.Version, error) {
			v, err := m.Current(ctx, name)
			if err == nil && v.ID == "" {
				return credential.Version{}, credential.ErrNotFound
			}
			return v, err
		},
	}, []string{"Current of a secret without a value has no ID"}},
	{"a label moves from wherever it is", lax{
		move: func(m *Memory, ctx context.Context, name, label, to, _ string) error {
			return m.MoveLabel(ctx, name, label, to, m.Labelled(name, label))
		},
	}, []string{
		"MoveLabel of a label that is elsewhere is ErrMoved",
		"MoveLabel that names no version which has the label is ErrMoved",
		"MoveLabel takes no label off another version",
		"Of concurrent moves from one version one wins",
	}},
	{"a label moves only once", lax{
		move: func(m *Memory, ctx context.Context, name, label, to, from string) error {
			if from != "" && m.Labelled(name, label) != from {
				return credential.ErrMoved
			}
			return m.MoveLabel(ctx, name, label, to, from)
		},
	}, []string{"MoveLabel again changes nothing", "MoveLabel takes a label off"}},
	{"a pending value becomes current", lax{
		pend: func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) error {
			_, err := m.Put(ctx, name, value, token)
			return err
		},
	}, nil},
	{"a value is trimmed", lax{
		create: func(m *Memory, ctx context.Context, name string, value credential.Secret, token string) (string, error) {
			text := value.Reveal()
			return m.Create(ctx, name, credential.NewSecret(text[:len(text)-1]+"."), token)
		},
	}, nil},
}

func TestSuiteFindsLaxVaults(t *testing.T) {
	for _, tt := range laxVaults {
		t.Run(tt.name, func(t *testing.T) {
			tt.vault.Memory = NewMemory()
			b := &bench{t: t, vault: tt.vault}
			for _, option := range means(tt.vault.Memory) {
				option(b)
			}
			b.staging = tt.vault
			var broken []string
			for i, r := range b.rules() {
				own := *b
				own.name = fmt.Sprint("rule", i)
				if err := r.check(t.Context(), &own); err != nil {
					broken = append(broken, r.name)
				}
			}
			if tt.broken == nil { // too broken to list
				if len(broken) == 0 {
					t.Error("no rule noticed")
				}
				return
			}
			if diff := cmp.Diff(sorted(tt.broken), sorted(broken)); diff != "" {
				t.Errorf("rules broken (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSuiteTakesKnownDeviations(t *testing.T) {
	for _, tt := range laxVaults[:2] {
		v := tt.vault
		v.Memory = NewMemory()
		options := append(means(v.Memory), WithDeviations(tt.broken...))
		Suite(t, func(*testing.T) credential.Vault { return v }, "lax", options...)
	}
}

func TestADeviationThatIsNoneAnyMoreFails(t *testing.T) {
	if verdict(true, nil) == nil {
		t.Error("a rule that is kept by now was let pass as a deviation")
	}
	if err := verdict(true, errors.New("broken")); err != nil {
		t.Error("a known deviation failed:", err)
	}
	if verdict(false, errors.New("broken")) == nil {
		t.Error("a broken rule passed")
	}
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

func TestInterceptSeesACallBeforeAndAfter(t *testing.T) {
	m := NewMemory()
	m.Store("s", "old")
	lost := errors.New("answer lost")
	m.Intercept(func(_ context.Context, c Call) error {
		if c.Op == Put && c.Done && c.Nth == 1 {
			return lost
		}
		return nil
	})
	token := tokenOf("new")
	if _, err := m.Put(t.Context(), "s", credential.NewSecret("new"), token); !errors.Is(err, lost) {
		t.Fatalf("got %v; want the fault", err)
	}
	if value, id := m.Held("s"); value != "new" || id != token {
		t.Errorf("holds %q in %q; want the new value although the answer was lost", value, id)
	}
	if _, err := m.Put(t.Context(), "s", credential.NewSecret("new"), token); err != nil {
		t.Errorf("the repeated put: %v", err)
	}
	if m.Versions("s") != 2 || m.Count(Put) != 2 {
		t.Errorf("%d versions after %d puts; want 2 and 2", m.Versions("s"), m.Count(Put))
	}
}
