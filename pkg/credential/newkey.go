package credential

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// keyTime is what storing an API key gets, all attempts together. Once begun it goes on when the caller's context ends:
// half a store would leave nobody knowing which key is in place.
const keyTime = 30 * time.Second

// NewKey is an API key that an operator puts in place of another.
type NewKey struct {
	Key     Secret     // as typed: the bare key, or any other form that ParseKey takes
	Untried bool       // it is stored without asking the vendor first
	Tell    func(Step) // told what comes next, before it is begun; nil = nobody
}

// Step is a part of putting a new key in place.
type Step string

// The steps, in their order. Each is told at most once.
const (
	TryingKey      Step = "try"     // the vendor is asked whether it takes the key
	StoringKey     Step = "store"   // the key is stored in its secret
	KeepingKey     Step = "keep"    // in place of StoringKey: the secret holds this very key already
	StoringSession Step = "session" // the session that the trial brought is stored
)

func (n NewKey) tell(s Step) {
	if n.Tell != nil {
		n.Tell(s)
	}
}

// parse is the bare key. It has to be one that may stand alone in a secret, whatever form it was typed in.
func (n NewKey) parse(name string) (Secret, error) {
	key, err := ParseKey(name, Version{Value: n.Key})
	if err == nil {
		key, err = ParseKey(name, Version{Value: key})
	}
	if form, ok := errors.AsType[*FormError](err); ok {
		return Secret{}, &KeyFormError{form}
	}
	return key, err
}

// PutKey puts a new API key into the secret of that name, and returns the VersionId that it has there. The vendor is
// asked first, by try, unless the key is Untried: where that fails, nothing is written. Nothing else in the secret
// changes: of a JSON object only the value of api_key (added where there is none), of a bare key the key. A secret
// without a value gets {"api_key":"..."}, and so does one that is absent, which is created. The same key is not stored
// again.
//
// The store is conditional on the version that was read. A writer who was first is respected: what that one changed
// beside the key is kept, and another key of that one is a *KeyConflict. What fails in passing is tried again, and an
// answer that was lost is read back, so that no error means that nothing is known.
//
// Errors: *KeyFormError, *NewKeyRefused, *KeyConflict, *SecretFault (with a *FormError where the secret holds something
// else, which stays), those of try, and that of ctx. It blocks for vault and vendor until ctx ends, and is safe for
// concurrent use.
func PutKey(
	ctx context.Context, vault Vault, name string, n NewKey, try func(ctx context.Context, key Secret) error,
) (version string, err error) {
	key, err := n.parse(name)
	if err != nil {
		return "", err
	}
	p := keyPut{vault: vault, name: name, key: key}
	if err := p.read(ctx); err != nil {
		return "", err
	}
	if !n.Untried {
		n.tell(TryingKey)
		if err := p.try(ctx, try); err != nil {
			return "", err
		}
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("%s: %w", storingKey, err)
	}
	if p.held == key {
		n.tell(KeepingKey)
		return p.there.ID, nil
	}
	n.tell(StoringKey)
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyTime)
	defer cancel()
	return p.store(kept)
}

// keyPut is a key on its way into a secret.
type keyPut struct {
	vault Vault
	name  string
	key   Secret

	there holding // what the secret holds, as last read
	held  Secret  // the key in it; empty where it has none
	value Secret  // what is to be stored in place of it
}

// read looks what the secret holds, and sees to it that a key has a place in it.
func (p *keyPut) read(ctx context.Context) error {
	v, err := current(ctx, p.vault, p.name)
	absent := errors.Is(err, ErrNotFound)
	if err != nil && !absent {
		return faultOf(ctx, p.name, readingKey, err)
	}
	p.there = holding{Version: v, absent: absent}
	p.held, _ = ParseKey(p.name, v) // what is of another form holds no key
	text, found := withKey(v.Value.Reveal(), p.key)
	if found != "" {
		fault := &SecretFault{p.name, storingKey, &FormError{Secret: p.name, Found: found, Expected: keyForm}}
		return fmt.Errorf("%w; nothing was changed: see what it is, put {} into the secret where nobody needs it, and try again", fault)
	}
	p.value = NewSecret(text)
	return nil
}

func (p *keyPut) try(ctx context.Context, try func(context.Context, Secret) error) error {
	err := try(ctx, p.key)
	if errors.Is(err, ErrRefused) {
		return &NewKeyRefused{KeySecret: p.name, Version: p.there.ID, Err: err}
	}
	if err != nil {
		return fmt.Errorf("try the new API key for secret %q: %w; nothing was changed", p.name, err)
	}
	return nil
}

// store writes p.value in place of p.there.
func (p *keyPut) store(ctx context.Context) (version string, err error) {
	before, token := p.held, p.there.idempotency(p.name)
	for range rounds {
		id, err := p.there.write(ctx, p.vault, p.name, p.value, token)
		if err == nil {
			return id, nil
		}
		if final(err) && !errors.Is(err, ErrExists) {
			return "", &SecretFault{p.name, storingKey, err}
		}
		replaced := p.there
		if again := p.read(ctx); again != nil {
			return "", fmt.Errorf("%w (%w); which key is in place is not known: try again, which does no harm", again, err)
		}
		switch {
		case p.held == p.key: // only the answer was lost, or another writer stored the same one
			return p.there.ID, nil
		case !errors.Is(err, ErrExists): // nothing was stored, or something that was stored over since
			return "", &SecretFault{p.name, storingKey, err}
		case p.held != before:
			return "", &KeyConflict{KeySecret: p.name, Version: p.there.ID}
		case !p.there.is(replaced): // something beside the key was changed
			token = p.there.idempotency(p.name)
		case p.there.absent: // it is there, holds nothing yet, and this role is not told so
			p.there.absent = false
		default:
			token = another(token)
		}
	}
	return "", &SecretFault{p.name, storingKey, fmt.Errorf("%w, %d times", ErrExists, rounds)}
}

// withKey is text, which a secret holds, with the key in its place; or what was found where a key has none. All else
// stays byte for byte.
func withKey(text string, key Secret) (changed, found string) {
	inner, placed := trim(text), key.Reveal()
	switch {
	case inner == "":
		return `{"api_key":` + quote(placed) + `}`, ""
	case strings.HasPrefix(inner, "{"):
		placed, found = withKeyMember(inner, key)
	default:
		_, err := ParseKey("", Version{Value: NewSecret(inner)})
		if form, ok := errors.AsType[*FormError](err); ok {
			found = form.Found
		}
	}
	return strings.Replace(text, inner, placed, 1), found
}

func withKeyMember(object string, key Secret) (changed, found string) {
	doc, err := parseDocument(object)
	if err != nil {
		return "", "a broken JSON object"
	}
	values := doc.values("api_key")
	switch {
	case len(values) > 1:
		return "", "a JSON object with api_key more than once"
	case len(values) == 1 && strings.ContainsAny(values[0][:1], "{["): // more than a key, which somebody may need
		return "", "a JSON object whose api_key is " + jsonShape(values[0])
	}
	return doc.with([]field{{"api_key", quote(key.Reveal())}}), ""
}
