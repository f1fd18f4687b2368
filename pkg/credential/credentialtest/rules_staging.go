package credentialtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"yardstick/pkg/credential"
)

// pend stores value as the pending version of its own token.
func (b *bench) pend(ctx context.Context, value string) error {
	return b.staging.PutPending(ctx, b.name, credential.NewSecret(value), tokenOf(value), credential.Secret{})
}

func (b *bench) promote(ctx context.Context, to, from string) error {
	return b.staging.MoveLabel(ctx, b.name, credential.LabelCurrent, to, from)
}

func (b *bench) drop(ctx context.Context, from string) error {
	return b.staging.MoveLabel(ctx, b.name, credential.LabelPending, "", from)
}

// createAndPend leaves "first" as AWSCURRENT and "second" as AWSPENDING.
func (b *bench) createAndPend(ctx context.Context) error {
	if _, err := b.create(ctx, "first"); err != nil {
		return err
	}
	return b.pend(ctx, "second")
}

// labelled checks where the labels are: pairs of a version's value and its labels, which are separated by blanks.
func (b *bench) labelled(ctx context.Context, pairs ...string) error {
	want := make(map[string]string)
	for pair := range slices.Chunk(pairs, 2) {
		want[tokenOf(pair[0])] = pair[1]
	}
	return b.labelledByID(ctx, want)
}

func (b *bench) labelledByID(ctx context.Context, want map[string]string) error {
	d, err := b.staging.Describe(ctx, b.name)
	if err != nil {
		return err
	}
	got := make(map[string]string)
	for id, labels := range d.Labels {
		if len(labels) > 0 {
			got[id] = strings.Join(slices.Sorted(slices.Values(labels)), " ")
		}
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("labels are %v; want %v", got, want)
	}
	return nil
}

// readable checks what a version holds.
func (b *bench) readable(ctx context.Context, id, value string) error {
	v, err := b.staging.Read(ctx, b.name, id)
	if err != nil {
		return err
	}
	if v.ID != id || v.Value.Reveal() != value || !strings.HasPrefix(v.ARN, "arn:") {
		return fmt.Errorf("version %q of %q holds %q; want %q of an ARN with %q", v.ID, v.ARN, v.Value.Reveal(), id, value)
	}
	return nil
}

var stagingReadRules = []rule{
	{"Describe of an absent secret is ErrNotFound", func(ctx context.Context, b *bench) error {
		_, err := b.staging.Describe(ctx, b.name)
		return want(err, credential.ErrNotFound)
	}},
	{"Describe tells versions by their labels", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second", "third"); err != nil {
			return err
		}
		if err := b.useARN(ctx); err != nil {
			return err
		}
		d, err := b.staging.Describe(ctx, b.name)
		if err != nil || d.ARN != b.name || d.RotationEnabled {
			return fmt.Errorf("got ARN %q, rotation %v, error %v; want %q without rotation", d.ARN, d.RotationEnabled, err, b.name)
		}
		return b.labelled(ctx, "second", "AWSPREVIOUS", "third", "AWSCURRENT")
	}},
	{"Read reads any version, with labels and without", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second", "third"); err != nil {
			return err
		}
		return errors.Join(b.readable(ctx, tokenOf("first"), "first"), b.readable(ctx, tokenOf("second"), "second"),
			b.readable(ctx, tokenOf("third"), "third"))
	}},
	{"Read of what is not there is ErrNotFound", func(ctx context.Context, b *bench) error {
		_, err := b.staging.Read(ctx, b.name, tokenOf("first"))
		if err := want(err, credential.ErrNotFound); err != nil {
			return err
		}
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		_, err = b.staging.Read(ctx, b.name, tokenOf("second"))
		return want(err, credential.ErrNotFound)
	}},
}

var pendingRules = []rule{
	{"PutPending leaves AWSCURRENT where it is", func(ctx context.Context, b *bench) error {
		if err := b.createAndPend(ctx); err != nil {
			return err
		}
		return errors.Join(b.holds(ctx, "first", tokenOf("first")), b.readable(ctx, tokenOf("second"), "second"),
			b.labelled(ctx, "first", "AWSCURRENT", "second", "AWSPENDING"))
	}},
	{"PutPending takes AWSPENDING from the version before", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.pend(ctx, "third")); err != nil {
			return err
		}
		return b.labelled(ctx, "first", "AWSCURRENT", "third", "AWSPENDING")
	}},
	{"PutPending again with the same token and value changes nothing", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.pend(ctx, "third"), b.pend(ctx, "second")); err != nil {
			return err
		}
		return b.labelled(ctx, "first", "AWSCURRENT", "third", "AWSPENDING")
	}},
	{"PutPending with a taken token and another value is ErrExists", func(ctx context.Context, b *bench) error {
		if err := b.createAndPend(ctx); err != nil {
			return err
		}
		for _, taken := range []string{"first", "second"} {
			err := b.staging.PutPending(ctx, b.name, credential.NewSecret("other"), tokenOf(taken), credential.Secret{})
			if err := errors.Join(want(err, credential.ErrExists), b.readable(ctx, tokenOf(taken), taken)); err != nil {
				return err
			}
		}
		return b.labelled(ctx, "first", "AWSCURRENT", "second", "AWSPENDING")
	}},
	{"PutPending on an absent secret is ErrNotFound", func(ctx context.Context, b *bench) error {
		return want(b.pend(ctx, "first"), credential.ErrNotFound)
	}},
	{"Put passes a pending version by", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.putAll(ctx, "third")); err != nil {
			return err
		}
		return b.labelled(ctx, "first", "AWSPREVIOUS", "second", "AWSPENDING", "third", "AWSCURRENT")
	}},
}

var moveRules = []rule{
	{"MoveLabel makes a pending version current", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.promote(ctx, tokenOf("second"), tokenOf("first"))); err != nil {
			return err
		}
		return errors.Join(b.holds(ctx, "second", tokenOf("second")),
			b.labelled(ctx, "first", "AWSPREVIOUS", "second", "AWSCURRENT AWSPENDING"))
	}},
	{"MoveLabel again changes nothing", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.promote(ctx, tokenOf("second"), tokenOf("first")),
			b.promote(ctx, tokenOf("second"), tokenOf("first"))); err != nil {
			return err
		}
		return b.labelled(ctx, "first", "AWSPREVIOUS", "second", "AWSCURRENT AWSPENDING")
	}},
	{"MoveLabel of a label that is elsewhere is ErrMoved", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.putAll(ctx, "third")); err != nil {
			return err
		}
		return errors.Join(want(b.promote(ctx, tokenOf("second"), tokenOf("first")), credential.ErrMoved),
			b.labelled(ctx, "first", "AWSPREVIOUS", "second", "AWSPENDING", "third", "AWSCURRENT"))
	}},
	{"MoveLabel that names no version which has the label is ErrMoved", func(ctx context.Context, b *bench) error {
		if err := b.createAndPend(ctx); err != nil {
			return err
		}
		return errors.Join(want(b.promote(ctx, tokenOf("second"), ""), credential.ErrMoved),
			b.labelled(ctx, "first", "AWSCURRENT", "second", "AWSPENDING"))
	}},
	{"MoveLabel to no version is ErrUnusable", func(ctx context.Context, b *bench) error {
		if err := b.createAndPend(ctx); err != nil {
			return err
		}
		return errors.Join(want(b.promote(ctx, tokenOf("third"), tokenOf("first")), credential.ErrUnusable),
			b.labelled(ctx, "first", "AWSCURRENT", "second", "AWSPENDING"))
	}},
	{"MoveLabel takes a label off", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.drop(ctx, tokenOf("second")), b.drop(ctx, tokenOf("second"))); err != nil {
			return err
		}
		return errors.Join(b.labelled(ctx, "first", "AWSCURRENT"), b.readable(ctx, tokenOf("second"), "second"))
	}},
	{"MoveLabel takes no label off another version", func(ctx context.Context, b *bench) error {
		if err := errors.Join(b.createAndPend(ctx), b.pend(ctx, "third")); err != nil {
			return err
		}
		return errors.Join(want(b.drop(ctx, tokenOf("second")), credential.ErrMoved),
			b.labelled(ctx, "first", "AWSCURRENT", "third", "AWSPENDING"))
	}},
	{"MoveLabel takes AWSCURRENT off no version", func(ctx context.Context, b *bench) error {
		if err := b.createAndPend(ctx); err != nil {
			return err
		}
		return errors.Join(want(b.promote(ctx, "", tokenOf("first")), credential.ErrUnusable),
			b.labelled(ctx, "first", "AWSCURRENT", "second", "AWSPENDING"))
	}},
	{"Of concurrent moves from one version one wins", func(ctx context.Context, b *bench) error {
		return b.raceMoves(ctx)
	}},
}

// raceMoves has eight processes move AWSCURRENT at once, each to a version of its own: one succeeds, all others are
// told.
func (b *bench) raceMoves(ctx context.Context) error {
	if _, err := b.create(ctx, "first"); err != nil {
		return err
	}
	errs := make([]error, 8)
	mover := func(i int) string { return fmt.Sprint("mover ", i) }
	for i := range errs {
		if err := b.pend(ctx, mover(i)); err != nil {
			return err
		}
	}
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = b.promote(ctx, tokenOf(mover(i)), tokenOf("first")) })
	}
	group.Wait()
	winner, winners := "", 0
	for i, err := range errs {
		if err == nil {
			winner = mover(i)
			winners++
		} else if err := want(err, credential.ErrMoved); err != nil {
			return err
		}
	}
	if winners != 1 {
		return fmt.Errorf("%d movers won; want 1", winners)
	}
	return b.holds(ctx, winner, tokenOf(winner))
}

// rotationRules are about secrets whose rotation Secrets Manager has begun.
var rotationRules = []rule{
	{"A rotation begins with a pending version without a value", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		token := b.startRotation(b.t, b.name)
		d, err := b.staging.Describe(ctx, b.name)
		if err != nil || !d.RotationEnabled {
			return fmt.Errorf("rotation %v, error %v; want it to be on", d.RotationEnabled, err)
		}
		_, err = b.staging.Read(ctx, b.name, token)
		return errors.Join(want(err, credential.ErrNotFound),
			want(b.promote(ctx, token, tokenOf("first")), credential.ErrUnusable),
			b.labelledByID(ctx, map[string]string{tokenOf("first"): "AWSCURRENT", token: "AWSPENDING"}))
	}},
	{"PutPending fills the version that a rotation began", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		token := b.startRotation(b.t, b.name)
		err := b.staging.PutPending(ctx, b.name, credential.NewSecret("second"), token, credential.Secret{})
		if err != nil {
			return err
		}
		return errors.Join(b.readable(ctx, token, "second"), b.holds(ctx, "first", tokenOf("first")),
			b.labelledByID(ctx, map[string]string{tokenOf("first"): "AWSCURRENT", token: "AWSPENDING"}))
	}},
}

// emptyRotationRules are about the rotation of a secret that holds no value yet.
var emptyRotationRules = []rule{
	{"An empty secret's pending version becomes current from nowhere", func(ctx context.Context, b *bench) error {
		b.makeEmpty(b.t, b.name)
		token := b.startRotation(b.t, b.name)
		err := b.staging.PutPending(ctx, b.name, credential.NewSecret("first"), token, credential.Secret{})
		if err != nil {
			return err
		}
		if err := b.promote(ctx, token, ""); err != nil {
			return err
		}
		return b.holds(ctx, "first", token)
	}},
}

var deletedStagingRules = []rule{
	{"A secret marked for deletion is ErrUnusable to a rotation", func(ctx context.Context, b *bench) error {
		if err := b.createAndPend(ctx); err != nil {
			return err
		}
		b.markDeleted(b.t, b.name)
		_, described := b.staging.Describe(ctx, b.name)
		_, read := b.staging.Read(ctx, b.name, tokenOf("second"))
		for _, err := range []error{described, read, b.pend(ctx, "third"), b.promote(ctx, tokenOf("second"), tokenOf("first"))} {
			if err := want(err, credential.ErrUnusable); err != nil {
				return err
			}
		}
		return nil
	}},
}
