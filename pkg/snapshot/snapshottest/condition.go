package snapshottest

import (
	"context"
	"errors"

	"yardstick/pkg/snapshot"
)

func conditionChecks() []check {
	return []check{
		{"create-only", createOnly},
		{"create-only-after-delete", createOnlyAfterDelete},
		{"if-match", ifMatch},
		{"if-match-missing", ifMatchMissing},
	}
}

// createOnly: the first wins, and the object stays the first one's.
func createOnly(ctx context.Context, s scope) error {
	create := func(by string) (string, error) {
		return s.put(ctx, "object", by, snapshot.PutOptions{CreateOnly: true, Metadata: map[string]string{"by": by}})
	}
	first, err := create("first")
	if err != nil {
		return err
	}
	_, err = create("second")
	body, info, getErr := s.get(ctx, "object")
	return errors.Join(
		wantError("second create", err, snapshot.ErrPrecondition), getErr,
		same("body", body, "first"), same("ETag", info.ETag, first),
		same("metadata", info.Metadata, map[string]string{"by": "first"}))
}

func createOnlyAfterDelete(ctx context.Context, s scope) error {
	if err := s.fill(ctx, "object"); err != nil {
		return err
	}
	if err := s.store.Delete(ctx, s.prefix+"object"); err != nil {
		return err
	}
	if _, err := s.put(ctx, "object", "again", snapshot.PutOptions{CreateOnly: true}); err != nil {
		return err
	}
	return s.wantBody(ctx, "object", "again")
}

// ifMatch: the right ETag replaces the object, an old or a wrong one leaves it alone.
func ifMatch(ctx context.Context, s scope) error {
	first, err := s.put(ctx, "object", "first", snapshot.PutOptions{})
	if err != nil {
		return err
	}
	second, err := s.put(ctx, "object", "second", snapshot.PutOptions{IfMatch: first})
	if err != nil {
		return err
	}
	_, stale := s.put(ctx, "object", "third", snapshot.PutOptions{IfMatch: first})
	_, wrong := s.put(ctx, "object", "third", snapshot.PutOptions{IfMatch: "d41d8cd98f00b204e9800998ecf8427e"})
	body, info, err := s.get(ctx, "object")
	return errors.Join(err,
		wantError("stale ETag", stale, snapshot.ErrPrecondition),
		wantError("wrong ETag", wrong, snapshot.ErrPrecondition),
		same("body", body, "second"), same("ETag", info.ETag, second))
}

// ifMatchMissing: an ETag of what never was, or is gone, is ErrNotFound and writes nothing.
func ifMatchMissing(ctx context.Context, s scope) error {
	gone, err := s.put(ctx, "gone", "body", snapshot.PutOptions{})
	if err != nil {
		return err
	}
	if err := s.store.Delete(ctx, s.prefix+"gone"); err != nil {
		return err
	}
	_, goneErr := s.put(ctx, "gone", "body", snapshot.PutOptions{IfMatch: gone})
	_, neverErr := s.put(ctx, "never", "body", snapshot.PutOptions{IfMatch: gone})
	return errors.Join(
		wantError("ETag of a deleted object", goneErr, snapshot.ErrNotFound),
		wantError("ETag of no object", neverErr, snapshot.ErrNotFound),
		s.wantKeys(ctx, "", ""))
}
