package credentialtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"

	"yardstick/pkg/credential"
)

// Option tells Suite more about the Vault than its interface does.
type Option func(*bench)

// WithEmpty gives the way to make a secret without a value, and has the rules about such secrets judged.
func WithEmpty(makeEmpty func(t *testing.T, name string)) Option {
	return func(b *bench) { b.makeEmpty = makeEmpty }
}

// WithRestore gives the way to move AWSCURRENT to an earlier version, and has the rules about that judged.
func WithRestore(restore func(t *testing.T, name, id string)) Option {
	return func(b *bench) { b.restore = restore }
}

// WithMarkDeleted gives the way to mark a secret for deletion, and has the rules about that judged.
func WithMarkDeleted(markDeleted func(t *testing.T, name string)) Option {
	return func(b *bench) { b.markDeleted = markDeleted }
}

// WithStaging gives the same Vault as a rotation sees it, and has the rules of a credential.Staging judged.
func WithStaging(staging credential.Staging) Option {
	return func(b *bench) { b.staging = staging }
}

// WithStartRotation gives the way to begin a rotation as Secrets Manager does, and, beside WithStaging, has the rules
// about that judged.
func WithStartRotation(startRotation func(t *testing.T, name string) (token string)) Option {
	return func(b *bench) { b.startRotation = startRotation }
}

// WithDeviations names rules that this Vault is known to break, exactly as they are written in the lists of rules.
// They are judged all the same, and fail where they are kept by now, so that the list stays true. It is for emulators.
func WithDeviations(rules ...string) Option {
	return func(b *bench) { b.deviations = append(b.deviations, rules...) }
}

// Suite judges the Vault that open gives, one subtest a rule. Secrets are named prefix/..., with names of their own in
// every run, so that it can run against a server that others use; nothing is cleaned up. Rules that need more than the
// interface offers run where an option provides it.
func Suite(t *testing.T, open func(t *testing.T) credential.Vault, prefix string, options ...Option) {
	b := bench{}
	for _, option := range options {
		option(&b)
	}
	rules := b.rules()
	for _, name := range b.deviations {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == name }) {
			t.Errorf("there is no rule %q to deviate from", name)
		}
	}
	run := rand.Text()[:8]
	for i, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			own := b
			own.t, own.vault = t, open(t)
			own.name = fmt.Sprintf("%s/%s/rule%02d", prefix, run, i)
			err := r.check(t.Context(), &own)
			known := slices.Contains(b.deviations, r.name)
			if known && err != nil {
				t.Log("known deviation:", err)
			}
			if err := verdict(known, err); err != nil {
				t.Error(err)
			}
		})
	}
}

// rules are those that b has the means to check.
func (b *bench) rules() []rule {
	rules := slices.Concat(readRules, writeRules, createRules, raceRules)
	if b.makeEmpty != nil {
		rules = append(rules, emptyRules...)
	}
	if b.restore != nil {
		rules = append(rules, restoreRules...)
	}
	if b.markDeleted != nil {
		rules = append(rules, deletedRules...)
	}
	if b.staging != nil {
		rules = append(rules, b.stagingRules()...)
	}
	return rules
}

func (b *bench) stagingRules() []rule {
	rules := slices.Concat(stagingReadRules, pendingRules, moveRules)
	if b.startRotation != nil {
		rules = append(rules, rotationRules...)
	}
	if b.startRotation != nil && b.makeEmpty != nil {
		rules = append(rules, emptyRotationRules...)
	}
	if b.markDeleted != nil {
		rules = append(rules, deletedStagingRules...)
	}
	return rules
}

// verdict is what is wrong where a rule's check ended with err.
func verdict(known bool, err error) error {
	switch {
	case !known:
		return err
	case err == nil:
		return errors.New("the Vault keeps this rule by now: take it off the list of deviations")
	default:
		return nil
	}
}
