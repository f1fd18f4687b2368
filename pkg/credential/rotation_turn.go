package credential

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// turn is one invocation of one step.
type turn struct {
	*Rotation
	token         string // the version under rotation
	rotationToken Secret
	log           *slog.Logger

	// ladder reads both secrets and stores what becomes AWSCURRENT by Put; it is never climbed, so that no refresh
	// token is spent.
	ladder *Ladder

	labels  Description
	pending Version // the version under rotation; without a value where it was not filled yet
	session Session // what pending holds
}

func (t *turn) take(ctx context.Context, step string) (Outcome, error) {
	do, known := map[string]func(context.Context) (Outcome, error){
		"createSecret": t.create,
		"setSecret":    t.set,
		"testSecret":   t.test,
		"finishSecret": t.finish,
	}[step]
	if !known {
		return "", fmt.Errorf("%w: there is no such step; expected createSecret, setSecret, testSecret or finishSecret",
			ErrNotRotating)
	}
	if open, err := t.look(ctx); err != nil || !open {
		return OutcomeNothing, err
	}
	return do(ctx)
}

// look reads labels and pending version, and says whether the rotation is still to be done.
func (t *turn) look(ctx context.Context) (open bool, err error) {
	if err := t.read(ctx); err != nil {
		return false, err
	}
	labels, filled := t.labels.Labels[t.token], !t.pending.Value.Empty()
	switch {
	case !t.labels.RotationEnabled:
		return false, fmt.Errorf("%w: the secret's rotation is off", ErrNotRotating)
	case slices.Contains(labels, LabelCurrent):
		return !filled, nil
	case slices.Contains(labels, LabelPending):
		return true, nil
	case t.session.ObtainedBy == ByRotation:
		// A rotation has filled this version and ended, but its last answer was lost: that must not fail for ever.
		return false, nil
	case filled:
		return false, fmt.Errorf("%w: the version has not the staging label %s", ErrNotRotating, LabelPending)
	}
	return false, fmt.Errorf("%w: the secret has no such version", ErrNotRotating)
}

func (t *turn) read(ctx context.Context) error {
	err := persist(ctx, func(ctx context.Context) (err error) {
		t.labels, err = t.Staging.Describe(ctx, t.SessionSecret)
		return err
	})
	if err != nil {
		return fmt.Errorf("describe the session's secret: %w", err)
	}
	if err := t.readPending(ctx); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read the pending session: %w", err)
	}
	return nil
}

// readPending reads the version under rotation. ErrNotFound where it holds nothing yet.
func (t *turn) readPending(ctx context.Context) error {
	err := persist(ctx, func(ctx context.Context) (err error) {
		t.pending, err = t.Staging.Read(ctx, t.SessionSecret, t.token)
		return err
	})
	if err != nil {
		return err
	}
	if t.session, err = ParseSession(t.SessionSecret, t.pending); err != nil {
		t.log.Warn("the pending version holds no session, and is not used", "version", t.token, "error", err)
	}
	return nil
}

// verdict is what is to become of the pending session.
type verdict int

const (
	dead      verdict = iota // of no use, and AWSCURRENT holds nothing newer
	good                     // it is the newest one
	contested                // AWSCURRENT holds one of the same second: only the vendor can tell
	overtaken                // AWSCURRENT holds a newer one
)

// judge weighs the pending session against the one that is AWSCURRENT, as both were last read.
func (t *turn) judge() verdict {
	stored := t.ladder.have.Session
	storedLive, live := t.live(stored), t.live(t.session)
	order := stored.ObtainedAt.Compare(t.session.ObtainedAt)
	switch {
	case storedLive && order == 0 && live:
		return contested
	case storedLive && order >= 0:
		return overtaken
	case order > 0 && t.ladder.rejected[stored.AccessToken]:
		return dead // finishSecret is not told of the rejection, and would leave that one in place
	case live:
		return good
	}
	return dead
}

// live says that time is left to the session, and that it came from the current API key.
func (t *turn) live(s Session) bool {
	return t.ladder.live(s, min(margin, s.AccessExpiresAt.Sub(s.ObtainedAt)/2))
}

// create makes the pending session. One that is there cannot be changed any more, so that it is kept, or, where it is
// of no use, passed by.
func (t *turn) create(ctx context.Context) (Outcome, error) {
	if err := t.ladder.read(ctx); err != nil {
		return "", err
	}
	if t.pending.Value.Empty() {
		return t.fill(ctx)
	}
	switch t.judge() {
	case good, contested:
		return OutcomeKept, nil
	case overtaken:
		return OutcomeOvertaken, nil
	}
	return t.replace(ctx)
}

// fill puts a new session into the pending version. Its unknown members are those of AWSCURRENT.
func (t *turn) fill(ctx context.Context) (Outcome, error) {
	s, err := t.exchange(ctx)
	if err != nil {
		return "", err
	}
	value := s.encode(t.ladder.stored.Value)
	err = persist(ctx, func(ctx context.Context) error {
		return t.Staging.PutPending(ctx, t.SessionSecret, value, t.token, t.rotationToken)
	})
	if err == nil {
		return OutcomeCreated, nil
	}
	if t.readPending(ctx) != nil {
		return "", faultOf(ctx, t.SessionSecret, storing, err)
	}
	if t.pending.Value == value { // only the answer was lost
		return OutcomeCreated, nil
	}
	t.log.Info("another invocation made the pending session", "token", t.session.AccessToken.Hash())
	return OutcomeKept, nil
}

// exchange gives the API key, as it was read, for a new session.
func (t *turn) exchange(ctx context.Context) (Session, error) {
	version, asked := t.ladder.keyVersion, t.Now()
	grant, err := t.Issuer.Exchange(ctx, t.ladder.key)
	if errors.Is(err, ErrRefused) {
		return Session{}, &Refused{KeySecret: t.KeySecret, Version: version, Err: err}
	}
	if err == nil {
		err = grant.fault(ByRotation)
	}
	if err != nil {
		return Session{}, fmt.Errorf("exchange the API key: %w", err)
	}
	t.log.Info("API key exchanged", "version", version,
		"token", grant.AccessToken.Hash(), "refresh", grant.RefreshToken.Hash())
	return grant.session(asked, ByRotation, version, t.log), nil
}

// replace is for a pending session that is of no use: it expired, came from another API key, or the vendor rejects it.
// Under its token nothing else can be stored, and Secrets Manager would repeat the rotation with that token for ever. So
// a new session is stored as AWSCURRENT in the ordinary way, unless a live one became that meanwhile, and finishSecret
// finds the pending one overtaken.
func (t *turn) replace(ctx context.Context) (Outcome, error) {
	t.log.Warn("the pending session is of no use; a new one is stored as "+LabelCurrent,
		"token", t.session.AccessToken.Hash(), "version", t.token)
	s, err := t.exchange(ctx)
	if err != nil {
		return "", err
	}
	t.ladder.store(ctx, s)
	return OutcomeReplaced, t.ladder.StoreFault()
}

// set has nothing to do: the exchange has set the session at the vendor already.
func (*turn) set(context.Context) (Outcome, error) { return OutcomeNothing, nil }

// test tries the session that finishSecret will leave as AWSCURRENT. A version without a value is no fault and asks
// nobody: Secrets Manager makes one for this step alone when rotation is set up without rotating at once.
func (t *turn) test(ctx context.Context) (Outcome, error) {
	if t.pending.Value.Empty() {
		return OutcomeNothing, nil
	}
	replaced := false
	for n := 0; n < maxExchanges; {
		if err := t.ladder.read(ctx); err != nil {
			return "", err
		}
		session, outcome := t.session, OutcomeTested
		switch t.judge() {
		case overtaken:
			session, outcome = t.ladder.have.Session, OutcomeOvertaken
		case dead:
			if _, err := t.replace(ctx); err != nil {
				return "", err
			}
			session, replaced = t.ladder.have.Session, true
			n++
		}
		if replaced {
			outcome = OutcomeReplaced
		}
		if err := t.probe(ctx, session); !errors.Is(err, ErrRefused) {
			return outcome, err
		}
	}
	return "", t.exhausted()
}

// exhausted is the answer when new sessions are of no use.
func (t *turn) exhausted() error {
	return &Refused{KeySecret: t.KeySecret, Version: t.ladder.keyVersion,
		Err: fmt.Errorf("%w: it rejected the tokens that it had just given for it, %d times", ErrRefused, maxExchanges)}
}

// probe tries a session. One that the vendor rejects counts as dead from then on.
func (t *turn) probe(ctx context.Context, s Session) error {
	err := t.Probe(ctx, s.AccessToken)
	if err == nil {
		t.log.Debug("the vendor takes the session", "token", s.AccessToken.Hash())
		return nil
	}
	if errors.Is(err, ErrRefused) {
		t.ladder.rejected[s.AccessToken] = true
	}
	t.log.Info("the session failed its test", "token", s.AccessToken.Hash(), "error", err)
	return fmt.Errorf("try the session at the vendor: %w", err)
}

// finish leaves one session as AWSCURRENT and nothing pending. Where the labels moved since they were read it decides
// anew.
func (t *turn) finish(ctx context.Context) (Outcome, error) {
	for range rounds {
		if t.pending.Value.Empty() {
			return "", errUnfilled
		}
		outcome, err := t.settle(ctx)
		if !errors.Is(err, ErrMoved) && !errors.Is(err, errOvertaken) {
			return outcome, err
		}
		t.log.Info("the labels moved meanwhile; decided anew", "version", t.token, "error", err)
		if open, err := t.look(ctx); err != nil || !open {
			return OutcomeNothing, err
		}
	}
	return "", fmt.Errorf("%w, %d times", ErrMoved, rounds)
}

// settle decides by what is there, and moves the labels.
func (t *turn) settle(ctx context.Context) (Outcome, error) {
	if err := t.ladder.read(ctx); err != nil {
		return "", err
	}
	outcome := OutcomeOvertaken
	switch t.judge() {
	case good:
		return OutcomePromoted, t.promote(ctx)
	case contested:
		err := t.probe(ctx, t.session)
		if err == nil {
			return OutcomePromoted, t.promote(ctx)
		}
		if !errors.Is(err, ErrRefused) {
			return "", err
		}
	case dead:
		var err error
		if outcome, err = t.test(ctx); err != nil {
			return "", err
		}
	}
	return outcome, t.unlabel(ctx)
}

// promote makes the pending session AWSCURRENT. Where somebody changed another member of the secret since createSecret
// copied it, the pending version lacks that change: then the session is stored over what is AWSCURRENT now.
func (t *turn) promote(ctx context.Context) error {
	stored := t.ladder.stored
	if t.session.encode(stored.Value) == t.pending.Value {
		from := stored.ID
		if from == "" { // a version without a value may have the label all the same
			from = t.labels.holder(LabelCurrent)
		}
		return t.move(ctx, LabelCurrent, t.token, from)
	}
	if _, err := t.ladder.replace(ctx, t.session); errors.Is(err, errOvertaken) {
		return err
	} else if err != nil {
		return faultOf(ctx, t.SessionSecret, storing, err)
	}
	return t.unlabel(ctx)
}

// unlabel ends the rotation without promoting: "no version is pending" counts as ended, just as "the pending version is
// AWSCURRENT" does.
func (t *turn) unlabel(ctx context.Context) error { return t.move(ctx, LabelPending, "", t.token) }

// move moves a label, again while the vault fails in passing.
func (t *turn) move(ctx context.Context, label, to, from string) error {
	err := persist(ctx, func(ctx context.Context) error {
		return t.Staging.MoveLabel(ctx, t.SessionSecret, label, to, from)
	})
	if err != nil {
		return fmt.Errorf("move a staging label: %w", err)
	}
	return nil
}
