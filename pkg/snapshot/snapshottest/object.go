package snapshottest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"yardstick/pkg/snapshot"
)

const missing = "dt=2026-11-22/missing.json"

func objectChecks() []check {
	return []check{
		{"round-trip", roundTrip},
		{"empty-body", emptyBody},
		{"large-body", largeBody},
		{"body-from-its-beginning", bodyFromBeginning},
		{"overwrite-replaces-metadata", overwriteReplacesMetadata},
		{"missing-object", missingObject},
		{"delete", deleteObject},
		{"special-keys", specialKeys},
		{"cancelled", cancelled},
	}
}

// roundTrip: Get, Head and List tell what Put was given, and one ETag.
func roundTrip(ctx context.Context, s scope) error {
	const key, body = "account=main/dt=2026-11-22/purchases.json.gz", "{\"PurchaseId\":1}\n\x00\xff\n"
	metadata := map[string]string{
		"rows": "1", "fetched-at": "2026-11-23T05:00:00Z", "run": "20261123T050000Z-4f2a", "format": "1",
	}
	etag, err := s.put(ctx, key, body, snapshot.PutOptions{ContentType: "application/x-ndjson", Metadata: metadata})
	if err != nil {
		return err
	}
	if etag == "" || strings.ContainsRune(etag, '"') {
		return fmt.Errorf("put answered the ETag %q, expected one without quotes", etag)
	}
	want := snapshot.Info{
		Key: key, Size: int64(len(body)), ETag: etag, ContentType: "application/x-ndjson", Metadata: metadata,
	}
	got, info, err := s.get(ctx, key)
	if err != nil {
		return err
	}
	head, err := s.store.Head(ctx, s.prefix+key)
	if err != nil {
		return err
	}
	head.Key = strings.TrimPrefix(head.Key, s.prefix)
	listed, err := s.list(ctx, "", "")
	return errors.Join(err,
		same("body", got, body),
		same("info of Get", info, want),
		same("info of Head", head, want),
		same("info of List", listed, []snapshot.Info{{Key: key, Size: want.Size, ETag: etag}}))
}

func emptyBody(ctx context.Context, s scope) error {
	etag, err := s.put(ctx, "empty", "", snapshot.PutOptions{})
	if err != nil {
		return err
	}
	body, info, err := s.get(ctx, "empty")
	return errors.Join(err, same("body", body, ""), same("size", info.Size, 0), same("ETag", info.ETag, etag))
}

func largeBody(ctx context.Context, s scope) error {
	bytes := make([]byte, s.large)
	_, _ = rand.NewChaCha8([32]byte{}).Read(bytes)
	if _, err := s.put(ctx, "large", string(bytes), snapshot.PutOptions{}); err != nil {
		return err
	}
	return s.wantBody(ctx, "large", string(bytes))
}

// bodyFromBeginning: a reader that was read before is written whole.
func bodyFromBeginning(ctx context.Context, s scope) error {
	body := strings.NewReader("from the beginning")
	if _, err := body.Seek(5, io.SeekStart); err != nil {
		return err
	}
	if _, err := s.store.Put(ctx, s.prefix+"object", body, snapshot.PutOptions{}); err != nil {
		return err
	}
	return s.wantBody(ctx, "object", "from the beginning")
}

// overwriteReplacesMetadata: nothing of the old object is left in the new one.
func overwriteReplacesMetadata(ctx context.Context, s scope) error {
	old, err := s.put(ctx, "object", "a longer first body", snapshot.PutOptions{
		ContentType: "application/json", Metadata: map[string]string{"rows": "1", "old": "yes"},
	})
	if err != nil {
		return err
	}
	etag, err := s.put(ctx, "object", "second", snapshot.PutOptions{
		ContentType: "text/html", Metadata: map[string]string{"rows": "2"},
	})
	if err != nil {
		return err
	}
	if etag == old {
		return fmt.Errorf("another body has the same ETag %q", etag)
	}
	body, info, err := s.get(ctx, "object")
	return errors.Join(err, same("body", body, "second"), same("info", info, snapshot.Info{
		Key: "object", Size: 6, ETag: etag, ContentType: "text/html", Metadata: map[string]string{"rows": "2"},
	}))
}

func missingObject(ctx context.Context, s scope) error {
	_, _, getErr := s.get(ctx, missing)
	_, headErr := s.store.Head(ctx, s.prefix+missing)
	return errors.Join(
		wantError("get", getErr, snapshot.ErrNotFound),
		wantError("head", headErr, snapshot.ErrNotFound),
		s.wantKeys(ctx, "", ""))
}

// deleteObject: what is deleted is gone from every view at once; deleting again is no error.
func deleteObject(ctx context.Context, s scope) error {
	if err := s.fill(ctx, "kept", "gone"); err != nil {
		return err
	}
	for range 2 {
		if err := s.store.Delete(ctx, s.prefix+"gone"); err != nil {
			return err
		}
	}
	_, _, getErr := s.get(ctx, "gone")
	_, headErr := s.store.Head(ctx, s.prefix+"gone")
	return errors.Join(
		wantError("get", getErr, snapshot.ErrNotFound),
		wantError("head", headErr, snapshot.ErrNotFound),
		s.wantKeys(ctx, "", "", "kept"))
}

// specialKeys: every character of a key is kept as it is, those of the key grammar and those of an operator's prefix.
func specialKeys(ctx context.Context, s scope) error {
	keys := []string{
		"scrunch/brands/account=main/dt=2026-11-22/brand-101.json.gz",
		"_yardstick/runs/dt=2026-11-23/20261123T050000Z-4f2a.json",
		"with space/a b  c",
		"plus+sign/a+b",
		"percent/100%/%2F%20",
		"reserved/&?#[]@!$'(),;:~*",
		"quotes/\"<>`{}|^",
		"unicode/Zürich/東京/🚚",
	}
	if err := s.fill(ctx, keys...); err != nil {
		return err
	}
	var broken []error
	for _, key := range keys {
		_, err := s.store.Head(ctx, s.prefix+key)
		broken = append(broken, err, s.wantBody(ctx, key, key), s.wantKeys(ctx, key, "", key))
	}
	return errors.Join(broken...)
}

// cancelled: a call whose context has ended does nothing and says so.
func cancelled(ctx context.Context, s scope) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, putErr := s.put(ended, "object", "body", snapshot.PutOptions{})
	_, _, getErr := s.get(ended, "object")
	_, headErr := s.store.Head(ended, s.prefix+"object")
	_, listErr := s.list(ended, "", "")
	deleteErr := s.store.Delete(ended, s.prefix+"object")
	return errors.Join(
		wantError("put", putErr, context.Canceled),
		wantError("get", getErr, context.Canceled),
		wantError("head", headErr, context.Canceled),
		wantError("list", listErr, context.Canceled),
		wantError("delete", deleteErr, context.Canceled),
		s.wantKeys(ctx, "", ""))
}
