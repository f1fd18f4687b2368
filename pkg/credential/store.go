package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

const (
	// grace is what storing gets after the run's own time is over.
	grace = 3 * time.Second
	// rounds bounds how often a conditional write is tried: once more for every time that one version was restored, or
	// that another writer was first.
	rounds = 8
)

// errOvertaken says that another version of the session became current since it was read.
var errOvertaken = errors.New("another session was stored meanwhile")

// holding is what the session secret holds.
type holding struct {
	Version
	absent bool // there is no such secret
}

func (h holding) is(other holding) bool { return h.ID == other.ID && h.absent == other.absent }

// idempotency is the token of a write that replaces h. Whoever replaces the same version has the same token, and with
// one token only one value can be stored.
func (h holding) idempotency(name string) string {
	switch {
	case h.absent:
		return digest(name + "empty")
	case h.ID == "":
		return digest(h.ARN + "empty")
	default:
		return digest(h.ID)
	}
}

// another is the token to try when token is taken and yet the version that it replaces is current again: a restored
// backup. Its own name keeps it apart from the chain of ordinary writes, each of which is its predecessor's digest.
func another(token string) string { return digest(token + "restored") }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// read takes both secrets anew.
func (l *Ladder) read(ctx context.Context) error {
	key, version, err := ReadKey(ctx, l.cfg.Vault, l.cfg.KeySecret)
	if err != nil {
		return err
	}
	stored, s, err := l.readSession(ctx)
	if err != nil {
		return err
	}
	l.cfg.Holds(key)
	l.key, l.keyVersion = key, version
	l.tell(func(seen *report) { seen.keyVersion = version })
	ahead := l.have.unstored && stored.is(l.stored)
	l.stored = stored
	switch {
	case ahead: // the vault still holds what the pair in memory replaced
	case s.AccessToken == l.have.AccessToken && s.RefreshToken == l.have.RefreshToken:
		l.have.unstored = false // where it was, only the answers were lost
		l.tell(func(seen *report) { seen.renewable = s.renewable() })
	default:
		l.hold(s, false, false)
	}
	return nil
}

// readSession reads the session secret. One that is absent is no fault: it can be created.
func (l *Ladder) readSession(ctx context.Context) (holding, Session, error) {
	v, err := current(ctx, l.cfg.Vault, l.cfg.SessionSecret)
	if errors.Is(err, ErrNotFound) {
		return holding{absent: true}, Session{}, nil
	}
	if err != nil {
		return holding{}, Session{}, faultOf(ctx, l.cfg.SessionSecret, readingSession, err)
	}
	s, err := ParseSession(l.cfg.SessionSecret, v)
	if err != nil {
		return holding{}, Session{}, &SecretFault{l.cfg.SessionSecret, readingSession, err}
	}
	return holding{Version: v}, s, nil
}

// store puts a new pair into the vault, or finds that another process stored a live one first and takes that. Where
// neither works the pair is kept in memory, and StoreFault tells it.
func (l *Ladder) store(ctx context.Context, s Session) {
	ctx, cancel := l.outlive(ctx)
	defer cancel()
	err := errOvertaken
	for n := 0; n < rounds && errors.Is(err, errOvertaken); n++ {
		var other Session
		other, err = l.replace(ctx, s)
		if errors.Is(err, errOvertaken) && l.live(other, margin) {
			l.cfg.Log.Info("another process stored a session first", "token", other.AccessToken.Hash())
			l.hold(other, false, false)
			return
		}
	}
	l.hold(s, true, err != nil)
	if err == nil {
		l.cfg.Log.Debug("session stored", "token", s.AccessToken.Hash(), "version", l.stored.ID)
		return
	}
	fault := &SecretFault{Secret: l.cfg.SessionSecret, Doing: storing, Err: err}
	l.cfg.Log.Error("the new session is in memory only", "token", s.AccessToken.Hash(), "error", fault)
	l.tell(func(seen *report) { seen.fault = fault })
}

// replace writes s in place of l.stored, and of nothing else: where another version is current by now, l.stored
// becomes that one, and it returns what that holds with errOvertaken.
func (l *Ladder) replace(ctx context.Context, s Session) (other Session, err error) {
	value, token := s.encode(l.stored.Value), l.stored.idempotency(l.cfg.SessionSecret)
	for range rounds {
		id, err := l.stored.write(ctx, l.cfg.Vault, l.cfg.SessionSecret, value, token)
		if err == nil {
			l.stored = holding{Version: Version{ARN: l.stored.ARN, ID: id, Value: value}}
			return Session{}, nil
		}
		deleted := errors.Is(err, ErrNotFound) && !l.stored.absent
		if !errors.Is(err, ErrExists) && !deleted {
			return Session{}, err
		}
		now, other, err := l.readSession(ctx)
		switch {
		case err != nil:
			return Session{}, err
		case now.ID == token && now.Value == value: // ours: only the answer was lost
			l.stored = now
			return Session{}, nil
		case !now.is(l.stored):
			l.stored = now
			return other, errOvertaken
		case now.absent: // it is there, holds nothing yet, and this role is not told so
			l.stored.absent = false
		default:
			token = another(token)
		}
	}
	return Session{}, fmt.Errorf("%w, %d times, and yet the version that was read is current", ErrExists, rounds)
}

// write is one conditional write in place of h, repeated while the vault fails in passing: an answer that was lost does
// no harm, since the same token with the same value changes nothing.
func (h holding) write(ctx context.Context, vault Vault, name string, value Secret, token string) (id string, err error) {
	err = persist(ctx, func(ctx context.Context) error {
		if h.absent {
			id, err = vault.Create(ctx, name, value, token)
		} else {
			id, err = vault.Put(ctx, name, value, token)
		}
		return err
	})
	return id, err
}

// outlive is a context for one store: it goes on for a short while after ctx ended, because the vendor has already
// exchanged the old pair for the new one, which nobody else knows. All the same it ends after StoreTimeout.
func (l *Ladder) outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.StoreTimeout)
	stop := context.AfterFunc(ctx, func() {
		sleep(kept, grace)
		cancel()
	})
	return kept, func() { stop(); cancel() }
}
