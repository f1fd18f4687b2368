// Package snapshottest holds the contract of snapshot.Store as a suite of checks: what passes it may stand in for S3.
package snapshottest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yardstick/pkg/snapshot"
)

// Options says how the suite is run. The zero value is right for a store that keeps the whole contract.
type Options struct {
	// Deviations names the checks that this store is known to break. Such a check has to fail: one that passes is
	// reported, so that the list stays true.
	Deviations []string
	// Keys is how many keys the check of a listing of several pages writes; 0 means 1,050, which is more than S3 gives
	// in a page.
	Keys int
}

// check is one promise of the contract. It answers what was broken.
type check struct {
	name string
	run  func(ctx context.Context, s scope) error
}

func checks() []check {
	return slices.Concat(objectChecks(), conditionChecks(), listChecks(), raceChecks())
}

// Suite runs every check as a subtest against store, each under a key prefix of its own, which it empties in the end.
// The role has to be allowed everything under "snapshottest-". It fails t and does not stop at the first broken check.
func Suite(t *testing.T, store snapshot.Store, o Options) {
	t.Helper()
	if o.Keys == 0 {
		o.Keys = 1050
	}
	all := checks()
	for _, name := range o.Deviations {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			t.Errorf("deviation %q: there is no check of that name", name)
		}
	}
	root := "snapshottest-" + strings.ToLower(rand.Text()[:10]) + "/"
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			s := scope{store: store, prefix: root + c.name + "/", keys: o.Keys, large: 5<<20 + 7}
			t.Cleanup(func() { s.sweep(context.WithoutCancel(t.Context()), t) })
			judge(t, c.run(t.Context(), s), slices.Contains(o.Deviations, c.name))
		})
	}
}

// judge reports a broken check, and a deviation that is none.
func judge(t *testing.T, err error, deviates bool) {
	t.Helper()
	switch {
	case err != nil && deviates:
		t.Logf("deviates, as listed: %v", err)
	case err != nil:
		t.Error(err)
	case deviates:
		t.Error("is listed as a deviation and passes: take it off the list")
	}
}

// scope is the part of a store that belongs to one check. Keys are given and answered without its prefix.
type scope struct {
	store  snapshot.Store
	prefix string
	keys   int // to write for a listing of several pages
	large  int // bytes of a large body
}

func (s scope) put(ctx context.Context, key, body string, o snapshot.PutOptions) (string, error) {
	return s.store.Put(ctx, s.prefix+key, strings.NewReader(body), o)
}

// fill puts an object at each key, whose body is the key.
func (s scope) fill(ctx context.Context, keys ...string) error {
	return parallel(16, keys, func(key string) error {
		_, err := s.put(ctx, key, key, snapshot.PutOptions{})
		return err
	})
}

// get reads an object whole.
func (s scope) get(ctx context.Context, key string) (string, snapshot.Info, error) {
	body, info, err := s.store.Get(ctx, s.prefix+key)
	if err != nil {
		return "", snapshot.Info{}, err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	info.Key = strings.TrimPrefix(info.Key, s.prefix)
	return string(text), info, err
}

// list collects a listing; after is "" or a key.
func (s scope) list(ctx context.Context, prefix, after string) ([]snapshot.Info, error) {
	if after != "" {
		after = s.prefix + after
	}
	var infos []snapshot.Info
	for info, err := range s.store.List(ctx, s.prefix+prefix, after) {
		if err != nil {
			return nil, err
		}
		info.Key = strings.TrimPrefix(info.Key, s.prefix)
		infos = append(infos, info)
	}
	return infos, nil
}

// wantKeys compares a listing's keys and their order.
func (s scope) wantKeys(ctx context.Context, prefix, after string, want ...string) error {
	infos, err := s.list(ctx, prefix, after)
	if err != nil {
		return err
	}
	var got []string
	for _, info := range infos {
		got = append(got, info.Key)
	}
	return same(fmt.Sprintf("keys that begin with %q after %q", prefix, after), got, want)
}

// wantBody compares an object's bytes.
func (s scope) wantBody(ctx context.Context, key, want string) error {
	got, _, err := s.get(ctx, key)
	if err != nil {
		return err
	}
	return same("body of "+key, got, want)
}

// sweep removes what a check wrote.
func (s scope) sweep(ctx context.Context, t *testing.T) {
	infos, err := s.list(ctx, "", "")
	if err == nil {
		err = parallel(16, infos, func(info snapshot.Info) error { return s.store.Delete(ctx, s.prefix+info.Key) })
	}
	if err != nil {
		t.Errorf("remove what the check wrote: %v", err)
	}
}

// same is nil where got is what was wanted. Long texts are compared without being printed.
func same[T any](what string, got, want T) error {
	g, text := any(got).(string)
	w, _ := any(want).(string)
	if text && len(g)+len(w) > 1000 {
		if !bytes.Equal([]byte(g), []byte(w)) {
			return fmt.Errorf("%s: %d bytes differ from the %d expected", what, len(g), len(w))
		}
		return nil
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("%s (-want +got):\n%s", what, diff)
	}
	return nil
}

// wantError is nil where err is of the kind expected.
func wantError(what string, err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("%s: got error %q, expected %q", what, fmt.Sprint(err), want)
}

// parallel does work on every item, so many at once, and joins the errors.
func parallel[T any](workers int, items []T, work func(T) error) error {
	next := make(chan T)
	broken := make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for item := range next {
				broken[i] = errors.Join(broken[i], work(item))
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	all.Wait()
	return errors.Join(broken...)
}
