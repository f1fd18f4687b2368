package snapshottest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

func listChecks() []check {
	return []check{
		{"list-prefix", listPrefix},
		{"list-after", listAfter},
		{"list-order-of-bytes", listOrder},
		{"list-many-pages", listManyPages},
		{"list-stops", listStops},
		{"list-again", listAgain},
	}
}

// listPrefix: a prefix is any beginning of a key, not only a folder.
func listPrefix(ctx context.Context, s scope) error {
	keys := []string{"dt=2026-10-31/a", "dt=2026-11-01/a", "dt=2026-11-02/a", "dt=2026-12-01/a"}
	if err := s.fill(ctx, keys...); err != nil {
		return err
	}
	return errors.Join(
		s.wantKeys(ctx, "", "", keys...),
		s.wantKeys(ctx, "dt=2026-11-", "", keys[1], keys[2]),
		s.wantKeys(ctx, "dt=2026-11-02/", "", keys[2]),
		s.wantKeys(ctx, "dt=2026-11-02/a", "", keys[2]),
		s.wantKeys(ctx, "dt=2026-11-02/ab", ""),
		s.wantKeys(ctx, "t=2026", ""))
}

// listAfter: a listing begins behind a key, whether that key is there or not.
func listAfter(ctx context.Context, s scope) error {
	if err := s.fill(ctx, "a/1", "a/2", "a/3", "b/1"); err != nil {
		return err
	}
	return errors.Join(
		s.wantKeys(ctx, "", "a/2", "a/3", "b/1"),
		s.wantKeys(ctx, "", "a/25", "a/3", "b/1"),
		s.wantKeys(ctx, "", "a/~", "b/1"),
		s.wantKeys(ctx, "a/", "a/1", "a/2", "a/3"),
		s.wantKeys(ctx, "a/", "a/3"),
		s.wantKeys(ctx, "b/", "a/2", "b/1"),
		s.wantKeys(ctx, "a/", "b/0"))
}

// listOrder: bytes decide, not folders, letters or languages.
func listOrder(ctx context.Context, s scope) error {
	keys := []string{
		"a b/1", "a+b/1", "a-b/1", "a.b", "a/1", "a/1=", "a/10", "a/2", "a/A", "a/b/c", "a/é", "a/東", "a/🚚",
		"a0", "a=b/1", "aA", "a_", "aa",
	}
	slices.Sort(keys)
	if err := s.fill(ctx, keys...); err != nil {
		return err
	}
	broken := []error{s.wantKeys(ctx, "", "", keys...)}
	for i, key := range keys {
		broken = append(broken, s.wantKeys(ctx, "", key, keys[i+1:]...))
	}
	return errors.Join(broken...)
}

// listManyPages: what needs several answers of the server comes whole, once and in order.
func listManyPages(ctx context.Context, s scope) error {
	keys := make([]string, s.keys)
	for i := range keys {
		keys[i] = fmt.Sprintf("dt=%03d/part-%d", i/7, i%7)
	}
	if err := s.fill(ctx, keys...); err != nil {
		return err
	}
	slices.Sort(keys)
	return errors.Join(
		s.wantKeys(ctx, "", "", keys...),
		s.wantKeys(ctx, "dt=", keys[9], keys[10:]...))
}

// listStops: a caller may leave a listing at any key.
func listStops(ctx context.Context, s scope) error {
	if err := s.fill(ctx, "1", "2", "3"); err != nil {
		return err
	}
	var got []string
	for info, err := range s.store.List(ctx, s.prefix, "") {
		if err != nil {
			return err
		}
		got = append(got, strings.TrimPrefix(info.Key, s.prefix))
		if len(got) == 2 {
			break
		}
	}
	return same("keys until left", got, []string{"1", "2"})
}

// listAgain: the same iterator lists what is there when it is ranged over.
func listAgain(ctx context.Context, s scope) error {
	listing := s.store.List(ctx, s.prefix, "")
	for i, want := range [][]string{nil, {"1"}, {"1", "2"}} {
		if i > 0 {
			if err := s.fill(ctx, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		var got []string
		for info, err := range listing {
			if err != nil {
				return err
			}
			got = append(got, strings.TrimPrefix(info.Key, s.prefix))
		}
		if err := same("keys", got, want); err != nil {
			return err
		}
	}
	return nil
}
