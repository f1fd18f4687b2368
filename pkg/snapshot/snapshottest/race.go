package snapshottest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"yardstick/pkg/snapshot"
)

const racers = 16

func raceChecks() []check {
	return []check{
		{"race-create-only", raceCreateOnly},
		{"race-if-match", raceIfMatch},
		{"race-whole-objects", raceWholeObjects},
	}
}

// raceCreateOnly: of many that create one object at once, one wins.
func raceCreateOnly(ctx context.Context, s scope) error {
	return s.oneWins(ctx, snapshot.PutOptions{CreateOnly: true})
}

// raceIfMatch: of many that replace one version of an object at once, one wins.
func raceIfMatch(ctx context.Context, s scope) error {
	etag, err := s.put(ctx, "object", "before", snapshot.PutOptions{})
	if err != nil {
		return err
	}
	return s.oneWins(ctx, snapshot.PutOptions{IfMatch: etag})
}

func (s scope) oneWins(ctx context.Context, o snapshot.PutOptions) error {
	var mu sync.Mutex
	var winners, etags []string
	err := parallel(racers, names(racers), func(name string) error {
		etag, err := s.put(ctx, "object", name, o)
		if err != nil {
			return wantError(name, err, snapshot.ErrPrecondition)
		}
		mu.Lock()
		defer mu.Unlock()
		winners, etags = append(winners, name), append(etags, etag)
		return nil
	})
	if err != nil {
		return err
	}
	if len(winners) != 1 {
		return fmt.Errorf("%d of %d writers won: %v, expected one", len(winners), racers, winners)
	}
	body, info, err := s.get(ctx, "object")
	return errors.Join(err, same("body", body, winners[0]), same("ETag", info.ETag, etags[0]))
}

// raceWholeObjects: whoever reads while others write sees one writer's object: its body, its metadata and its size.
func raceWholeObjects(ctx context.Context, s scope) error {
	write := func(name string) error {
		body := wholeBody(name)
		_, err := s.put(ctx, "object", body, snapshot.PutOptions{Metadata: map[string]string{"by": name}})
		return err
	}
	if err := write("first"); err != nil {
		return err
	}
	return parallel(racers, names(racers), func(name string) error {
		if err := write(name); err != nil {
			return err
		}
		body, info, err := s.get(ctx, "object")
		return errors.Join(err,
			same("body of "+info.Metadata["by"], body, wholeBody(info.Metadata["by"])),
			same("size", info.Size, int64(len(body))))
	})
}

// names are as many different words.
func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("writer-%02d", i)
	}
	return all
}

// wholeBody is a body by which its writer is known, of a size of its own.
func wholeBody(name string) string {
	sum := 0
	for _, b := range []byte(name) {
		sum += int(b)
	}
	return strings.Repeat(name+"\n", 2000+sum)
}
