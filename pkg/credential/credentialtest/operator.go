package credentialtest

import (
	"fmt"

	"yardstick/pkg/credential"
)

// What follows is what people do at the console, past the Vault: it is neither recorded nor intercepted. A call that no
// console would allow panics: the test is wrong.

// MakeEmpty makes a secret without a value, as a template does.
func (m *Memory) MakeEmpty(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets[name] != nil {
		panic("there is already a secret " + name)
	}
	m.secrets[name] = newSecret(name)
}

// Store puts a value into a secret, which is made where it is absent, and returns the VersionId.
func (m *Memory) Store(name, value string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if s == nil {
		s = newSecret(name)
		m.secrets[name] = s
	}
	m.made++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", m.made)
	if err := s.put(credential.NewSecret(value), id, credential.LabelCurrent); err != nil {
		panic(err)
	}
	return id
}

// Restore moves AWSCURRENT to another version of the secret, as one does to bring a backup back.
func (m *Memory) Restore(name, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if _, ok := s.versions[id]; !ok {
		panic("no version " + id + " of " + name)
	}
	s.attach(credential.LabelCurrent, id)
}

// StartRotation does what Secrets Manager does before it calls a rotation function: rotation is on, and a new version
// without a value has AWSPENDING. It returns that version, which is the token of the four steps.
func (m *Memory) StartRotation(name string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if id := s.labels[credential.LabelPending]; id != "" && id != s.labels[credential.LabelCurrent] {
		panic("a rotation of " + name + " is in progress")
	}
	m.made++
	token = fmt.Sprintf("00000000-0000-4000-9000-%012d", m.made)
	s.rotates, s.versions[token] = true, credential.Secret{}
	s.attach(credential.LabelPending, token)
	return token
}

// StopRotation turns the rotation of a secret off, and leaves its versions as they are.
func (m *Memory) StopRotation(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets[name].rotates = false
}

// Labelled is the version that has a staging label; "" where there is none.
func (m *Memory) Labelled(name, label string) (id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if s == nil {
		return ""
	}
	return s.labels[label]
}

// MarkDeleted marks a secret for deletion: it can neither be read nor written, nor made anew.
func (m *Memory) MarkDeleted(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets[name].deleted = true
}

// Remove deletes a secret with all its versions, without a recovery window.
func (m *Memory) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.secrets, name)
}

// Held is what the secret's current version holds, and its VersionId; both are empty where there is none.
func (m *Memory) Held(name string) (value, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if s == nil {
		return "", ""
	}
	id = s.labels[credential.LabelCurrent]
	return s.versions[id].Reveal(), id
}

// Versions is how many versions the secret has.
func (m *Memory) Versions(name string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if s == nil {
		return 0
	}
	return len(s.versions)
}

// HoldsEver says that one of the secret's versions, current or not, satisfies is.
func (m *Memory) HoldsEver(name string, is func(value string) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.secrets[name]
	if s == nil {
		return false
	}
	for _, value := range s.versions {
		if is(value.Reveal()) {
			return true
		}
	}
	return false
}
