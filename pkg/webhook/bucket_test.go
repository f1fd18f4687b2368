package webhook_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// bucket is a Store in memory, as strict as S3.
type bucket struct {
	pause time.Duration     // of each request on its way there
	put   func(n int) fate  // of the nth Put; nil: all are carried out
	get   func(n int) error // of the nth Get; nil: all are carried out
	lost  func(key string)  // called after a Put that lost its condition

	mu         sync.Mutex
	lying      map[string]lying
	puts, gets int
}

type lying struct {
	text []byte
	info snapshot.Info
}

// laid has the ETag of its bytes, as S3's objects have.
func laid(key string, text []byte) lying {
	return lying{text, snapshot.Info{Key: key, Size: int64(len(text)), ETag: fmt.Sprintf("%x", md5.Sum(text))}}
}

// fate is what befalls a Put.
type fate int

const (
	carriedOut fate = iota
	denied          // not carried out
	answerLost      // carried out, which the caller never learns
	sentAgain       // carried out, and a second time by the client, whose condition does not hold any more
)

var errLost = errors.New("the connection broke")

func newBucket() *bucket { return &bucket{lying: map[string]lying{}} }

func (b *bucket) Put(ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (string, error) {
	if err := b.travel(ctx); err != nil {
		return "", err
	}
	_, err := body.Seek(0, io.SeekStart)
	text, readErr := io.ReadAll(body)
	if err := errors.Join(err, readErr); err != nil {
		return "", err
	}
	etag, err := b.write(key, text, o)
	if b.lost != nil && errors.Is(err, snapshot.ErrPrecondition) {
		b.lost(key)
	}
	return etag, err
}

func (b *bucket) write(key string, text []byte, o snapshot.PutOptions) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.puts++
	var befalls fate
	if b.put != nil {
		befalls = b.put(b.puts)
	}
	there, ok := b.lying[key]
	switch {
	case befalls == denied:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrDenied)
	case o.CreateOnly && ok, o.IfMatch != "" && ok && o.IfMatch != there.info.ETag:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrPrecondition)
	case o.IfMatch != "" && !ok:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrNotFound)
	}
	there = laid(key, text)
	there.info.ContentType, there.info.Metadata = o.ContentType, maps.Clone(o.Metadata)
	b.lying[key] = there
	switch befalls {
	case answerLost:
		return "", fmt.Errorf("put %s: %w", key, errLost)
	case sentAgain:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrPrecondition)
	}
	return there.info.ETag, nil
}

// travel takes the time of a request.
func (b *bucket) travel(ctx context.Context) error {
	if b.pause > 0 {
		select {
		case <-time.After(b.pause):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (b *bucket) Get(ctx context.Context, key string) (io.ReadCloser, snapshot.Info, error) {
	if err := b.travel(ctx); err != nil {
		return nil, snapshot.Info{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gets++
	if b.get != nil {
		if err := b.get(b.gets); err != nil {
			return nil, snapshot.Info{}, fmt.Errorf("get %s: %w", key, err)
		}
	}
	there, ok := b.lying[key]
	if !ok {
		return nil, snapshot.Info{}, fmt.Errorf("get %s: %w", key, snapshot.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(there.text)), there.info, nil
}

func (b *bucket) Head(ctx context.Context, key string) (snapshot.Info, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	there, ok := b.lying[key]
	if !ok {
		return snapshot.Info{}, errors.Join(ctx.Err(), snapshot.ErrNotFound)
	}
	return there.info, ctx.Err()
}

func (b *bucket) List(ctx context.Context, prefix, after string) iter.Seq2[snapshot.Info, error] {
	return func(yield func(snapshot.Info, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(snapshot.Info{}, err)
			return
		}
		b.mu.Lock()
		there := maps.Clone(b.lying)
		b.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(there)) {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			info := there[key].info
			info.ContentType, info.Metadata = "", nil
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (b *bucket) Delete(ctx context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() == nil {
		delete(b.lying, key)
	}
	return ctx.Err()
}

// lay puts an object there, whoever wrote it.
func (b *bucket) lay(key, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lying[key] = laid(key, []byte(text))
}

// lies is the object's text; "" where there is none.
func (b *bucket) lies(key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.lying[key].text)
}

// What these tests claim in knows no better than S3.
func TestTheBucketOfTheseTestsKeepsTheContract(t *testing.T) {
	snapshottest.Suite(t, newBucket(), snapshottest.Options{})
}
