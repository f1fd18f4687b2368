package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// bucket is a Store in memory to which requests take their time, and fail.
type bucket struct {
	snapshottest.Bucket
	pause time.Duration     // of each request on its way there
	put   func(n int) fate  // of the nth Put; nil: all are carried out
	get   func(n int) error // of the nth Get; nil: all are carried out
	lost  func(key string)  // called after a Put that lost its condition

	mu         sync.Mutex
	puts, gets int
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

func newBucket() *bucket { return &bucket{} }

func (b *bucket) Put(ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (string, error) {
	if err := b.travel(ctx); err != nil {
		return "", err
	}
	befalls := b.befalls()
	if befalls == denied {
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrDenied)
	}
	etag, err := b.Bucket.Put(ctx, key, body, o)
	if b.lost != nil && errors.Is(err, snapshot.ErrPrecondition) {
		b.lost(key)
	}
	switch {
	case err != nil:
	case befalls == answerLost:
		return "", fmt.Errorf("put %s: %w", key, errLost)
	case befalls == sentAgain:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrPrecondition)
	}
	return etag, err
}

func (b *bucket) befalls() fate {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.puts++; b.put == nil {
		return carriedOut
	}
	return b.put(b.puts)
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
	return b.Bucket.Get(ctx, key)
}

// lay puts an object there, whoever wrote it.
func (b *bucket) lay(key, text string) { b.Lay(snapshot.Info{Key: key}, []byte(text)) }

// lies is the object's text; "" where there is none.
func (b *bucket) lies(key string) string { return string(b.Text(key)) }
