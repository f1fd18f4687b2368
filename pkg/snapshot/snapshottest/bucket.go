package snapshottest

import (
	"bytes"
	"cmp"
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

	"yardstick/pkg/snapshot"
)

// Bucket is a Store in memory that keeps the whole contract. The zero Bucket is empty. It is safe for concurrent use.
type Bucket struct {
	mu      sync.Mutex
	objects map[string]object
}

type object struct {
	text []byte
	info snapshot.Info
}

// Lay puts an object there, whoever wrote it, and answers its ETag. What info says is told of the object, but for the size; an
// ETag that is not set is the one that S3 would give it.
func (b *Bucket) Lay(info snapshot.Info, text []byte) (etag string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lay(info, text)
}

func (b *Bucket) lay(info snapshot.Info, text []byte) (etag string) {
	info.Size = int64(len(text))
	info.ETag = cmp.Or(info.ETag, fmt.Sprintf("%x", md5.Sum(text)))
	info.Metadata = maps.Clone(info.Metadata)
	if b.objects == nil {
		b.objects = map[string]object{}
	}
	b.objects[info.Key] = object{append([]byte{}, text...), info}
	return info.ETag
}

// Text is what an object holds; nil where there is none.
func (b *Bucket) Text(key string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.objects[key].text)
}

// Keys are those of all objects, in order.
func (b *Bucket) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

// Put is that of snapshot.Writer.
func (b *Bucket) Put(ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (etag string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	_, err = body.Seek(0, io.SeekStart)
	text, readErr := io.ReadAll(body)
	if err := errors.Join(err, readErr); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	there, ok := b.objects[key]
	switch {
	case o.CreateOnly && ok, o.IfMatch != "" && ok && o.IfMatch != there.info.ETag:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrPrecondition)
	case o.IfMatch != "" && !ok:
		return "", fmt.Errorf("put %s: %w", key, snapshot.ErrNotFound)
	}
	return b.lay(snapshot.Info{Key: key, ContentType: o.ContentType, Metadata: o.Metadata}, text), nil
}

// Get is that of snapshot.Reader.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, snapshot.Info, error) {
	there, err := b.read(ctx, key)
	if err != nil {
		return nil, snapshot.Info{}, err
	}
	return io.NopCloser(bytes.NewReader(there.text)), there.info, nil
}

// Head is that of snapshot.Reader.
func (b *Bucket) Head(ctx context.Context, key string) (snapshot.Info, error) {
	there, err := b.read(ctx, key)
	return there.info, err
}

func (b *Bucket) read(ctx context.Context, key string) (object, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	there, ok := b.objects[key]
	switch {
	case ctx.Err() != nil:
		return object{}, ctx.Err()
	case !ok:
		return object{}, fmt.Errorf("read %s: %w", key, snapshot.ErrNotFound)
	}
	return there, nil
}

// List is that of snapshot.Reader. It goes through what was there when it began.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[snapshot.Info, error] {
	return func(yield func(snapshot.Info, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(snapshot.Info{}, err)
			return
		}
		b.mu.Lock()
		there := maps.Clone(b.objects)
		b.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(there)) {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			info := there[key].info
			info.ContentType, info.Metadata = "", nil // a listing tells neither
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Delete is that of snapshot.Writer.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() == nil {
		delete(b.objects, key)
	}
	return ctx.Err()
}
