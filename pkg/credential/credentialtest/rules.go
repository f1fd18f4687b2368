package credentialtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardstick/pkg/credential"
)

var readRules = []rule{
	{"Current of an absent secret is ErrNotFound", func(ctx context.Context, b *bench) error {
		_, err := b.vault.Current(ctx, b.name)
		return want(err, credential.ErrNotFound)
	}},
	{"Current answers what was created", func(ctx context.Context, b *bench) error {
		id, err := b.create(ctx, "first")
		if err != nil {
			return err
		}
		v, err := b.vault.Current(ctx, b.name)
		if err != nil {
			return err
		}
		if v.ID != id || id != tokenOf("first") || !strings.HasPrefix(v.ARN, "arn:") {
			return fmt.Errorf("version %q of %q; want the token as the version and an ARN", v.ID, v.ARN)
		}
		return b.holds(ctx, "first", id)
	}},
	{"Current takes an ARN", func(ctx context.Context, b *bench) error {
		id, err := b.create(ctx, "first")
		if err != nil {
			return err
		}
		if err := b.useARN(ctx); err != nil {
			return err
		}
		return b.holds(ctx, "first", id)
	}},
	{"Current ends with its context", func(ctx context.Context, b *bench) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := b.vault.Current(ctx, b.name)
		return want(err, context.Canceled)
	}},
	{"Values come back byte for byte", func(ctx context.Context, b *bench) error {
		value := "{ \"a\" : 1e5,\t\"a\":\"\\u00e9é\\ud800\u2028\" }\r\n "
		id, err := b.vault.Create(ctx, b.name, credential.NewSecret(value), tokenOf("first"))
		if err != nil {
			return err
		}
		return b.holds(ctx, value, id)
	}},
}

var writeRules = []rule{
	{"Put becomes current", func(ctx context.Context, b *bench) error {
		return b.putAll(ctx, "first", "second", "third")
	}},
	{"Put takes an ARN", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		if err := b.useARN(ctx); err != nil {
			return err
		}
		id, err := b.put(ctx, "second")
		if err != nil {
			return err
		}
		return b.holds(ctx, "second", id)
	}},
	{"Put on an absent secret is ErrNotFound", func(ctx context.Context, b *bench) error {
		_, err := b.put(ctx, "first")
		if err := want(err, credential.ErrNotFound); err != nil {
			return err
		}
		_, err = b.vault.Current(ctx, b.name)
		return want(err, credential.ErrNotFound)
	}},
	{"Put again with the same token and value changes nothing", func(ctx context.Context, b *bench) error {
		return b.putAll(ctx, "first", "second", "second")
	}},
	{"Put again of an earlier version moves no label", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second", "third"); err != nil {
			return err
		}
		if id, err := b.put(ctx, "second"); err != nil || id != tokenOf("second") {
			return fmt.Errorf("version %q, error %v; want the earlier version and no error", id, err)
		}
		return b.holds(ctx, "third", tokenOf("third"))
	}},
	{"Put with a taken token and another value is ErrExists", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second"); err != nil {
			return err
		}
		_, err := b.vault.Put(ctx, b.name, credential.NewSecret("other"), tokenOf("second"))
		if err := want(err, credential.ErrExists); err != nil {
			return err
		}
		return b.holds(ctx, "second", tokenOf("second"))
	}},
	{"Put with the token of an earlier version is ErrExists", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second", "third"); err != nil {
			return err
		}
		_, err := b.vault.Put(ctx, b.name, credential.NewSecret("other"), tokenOf("second"))
		if err := want(err, credential.ErrExists); err != nil {
			return err
		}
		return b.holds(ctx, "third", tokenOf("third"))
	}},
	{"Put takes 65,536 bytes", func(ctx context.Context, b *bench) error {
		return b.putAll(ctx, "first", strings.Repeat("x", maxValue))
	}},
	{"Put of 65,537 bytes is ErrUnusable", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first"); err != nil {
			return err
		}
		_, err := b.put(ctx, strings.Repeat("x", maxValue+1))
		if err := want(err, credential.ErrUnusable); err != nil {
			return err
		}
		return b.holds(ctx, "first", tokenOf("first"))
	}},
	{"Put refuses a token of 31 characters", func(ctx context.Context, b *bench) error { return b.refusesToken(ctx, 31) }},
	{"Put refuses a token of 65 characters", func(ctx context.Context, b *bench) error { return b.refusesToken(ctx, 65) }},
}

var createRules = []rule{
	{"Create of what exists is ErrExists", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		_, err := b.create(ctx, "second")
		if err := want(err, credential.ErrExists); err != nil {
			return err
		}
		return b.holds(ctx, "first", tokenOf("first"))
	}},
	{"Create with the same token and another value is ErrExists", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		_, err := b.vault.Create(ctx, b.name, credential.NewSecret("other"), tokenOf("first"))
		if err := want(err, credential.ErrExists); err != nil {
			return err
		}
		return b.holds(ctx, "first", tokenOf("first"))
	}},
	// Whether it succeeds or is ErrExists is left open: a caller has to read after either.
	{"Create again changes nothing", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		id, err := b.create(ctx, "first")
		if err == nil && id != tokenOf("first") || err != nil && !errors.Is(err, credential.ErrExists) {
			return fmt.Errorf("version %q, error %v; want the same version or ErrExists", id, err)
		}
		return b.holds(ctx, "first", tokenOf("first"))
	}},
	{"Create takes every character that a name may have", func(ctx context.Context, b *bench) error {
		b.name += "/aZ09_+=.@-x"
		id, err := b.create(ctx, "first")
		if err != nil {
			return err
		}
		return b.holds(ctx, "first", id)
	}},
	{"Create by an ARN is ErrUnusable", func(ctx context.Context, b *bench) error {
		b.name = "arn:aws:secretsmanager:us-east-1:000000000000:secret:" + b.name + "-AbCdEf"
		_, err := b.create(ctx, "first")
		return want(err, credential.ErrUnusable)
	}},
	{"A token taken by Create is taken for Put", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		_, err := b.vault.Put(ctx, b.name, credential.NewSecret("other"), tokenOf("first"))
		return want(err, credential.ErrExists)
	}},
}

var raceRules = []rule{
	{"Of concurrent puts with one token one wins", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		return b.race(ctx, b.vault.Put)
	}},
	{"Of concurrent creates one wins", func(ctx context.Context, b *bench) error { return b.race(ctx, b.vault.Create) }},
}

var emptyRules = []rule{
	{"Current of a secret without a value has no ID", func(ctx context.Context, b *bench) error {
		b.makeEmpty(b.t, b.name)
		v, err := b.vault.Current(ctx, b.name)
		if err != nil {
			return err
		}
		if v.ID != "" || !v.Value.Empty() || !strings.HasPrefix(v.ARN, "arn:") {
			return fmt.Errorf("version %q of %q, empty %v; want an ARN alone", v.ID, v.ARN, v.Value.Empty())
		}
		return nil
	}},
	{"Put fills a secret without a value", func(ctx context.Context, b *bench) error {
		b.makeEmpty(b.t, b.name)
		id, err := b.put(ctx, "first")
		if err != nil {
			return err
		}
		return b.holds(ctx, "first", id)
	}},
	{"Create of a secret without a value is ErrExists", func(ctx context.Context, b *bench) error {
		b.makeEmpty(b.t, b.name)
		_, err := b.create(ctx, "first")
		return want(err, credential.ErrExists)
	}},
}

var restoreRules = []rule{
	{"Current follows AWSCURRENT back", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second"); err != nil {
			return err
		}
		b.restore(b.t, b.name, tokenOf("first"))
		return b.holds(ctx, "first", tokenOf("first"))
	}},
	{"A token stays taken after AWSCURRENT was moved back", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second"); err != nil {
			return err
		}
		b.restore(b.t, b.name, tokenOf("first"))
		_, err := b.vault.Put(ctx, b.name, credential.NewSecret("other"), tokenOf("second"))
		if err := want(err, credential.ErrExists); err != nil {
			return err
		}
		return b.holds(ctx, "first", tokenOf("first"))
	}},
	{"Put after AWSCURRENT was moved back becomes current", func(ctx context.Context, b *bench) error {
		if err := b.putAll(ctx, "first", "second"); err != nil {
			return err
		}
		b.restore(b.t, b.name, tokenOf("first"))
		return b.putAll(ctx, "third")
	}},
}

var deletedRules = []rule{
	{"Current of a secret marked for deletion is ErrUnusable", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		b.markDeleted(b.t, b.name)
		_, err := b.vault.Current(ctx, b.name)
		return want(err, credential.ErrUnusable)
	}},
	{"Put on a secret marked for deletion is ErrUnusable", func(ctx context.Context, b *bench) error {
		if _, err := b.create(ctx, "first"); err != nil {
			return err
		}
		b.markDeleted(b.t, b.name)
		_, err := b.put(ctx, "second")
		return want(err, credential.ErrUnusable)
	}},
}
