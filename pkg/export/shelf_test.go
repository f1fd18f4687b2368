package export

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"yardstick/pkg/snapshot"
)

// shelf is a Store in memory, for one run at a time.
type shelf map[string]thing

type thing struct {
	text []byte
	info snapshot.Info
}

// lay puts an object there with an ETag of the test's own.
func (s shelf) lay(key, etag string, text []byte, metadata map[string]string) {
	s[key] = thing{text, snapshot.Info{Key: key, Size: int64(len(text)), ETag: etag, Metadata: metadata}}
}

func (s shelf) Get(_ context.Context, key string) (io.ReadCloser, snapshot.Info, error) {
	there, ok := s[key]
	if !ok {
		return nil, snapshot.Info{}, fmt.Errorf("get %s: %w", key, snapshot.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(there.text)), there.info, nil
}

func (s shelf) Head(_ context.Context, key string) (snapshot.Info, error) {
	there, ok := s[key]
	if !ok {
		return snapshot.Info{}, fmt.Errorf("head %s: %w", key, snapshot.ErrNotFound)
	}
	return there.info, nil
}

func (s shelf) List(_ context.Context, prefix, after string) iter.Seq2[snapshot.Info, error] {
	return func(yield func(snapshot.Info, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(s)) {
			info := s[key].info
			info.Metadata = nil // a listing tells none
			if strings.HasPrefix(key, prefix) && key > after && !yield(info, nil) {
				return
			}
		}
	}
}

func (s shelf) Put(_ context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (string, error) {
	there, ok := s[key]
	switch {
	case o.CreateOnly && ok, o.IfMatch != "" && ok && o.IfMatch != there.info.ETag:
		return "", snapshot.ErrPrecondition
	case o.IfMatch != "" && !ok:
		return "", snapshot.ErrNotFound
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	etag := fmt.Sprintf("%s-%d", key, len(there.info.ETag)+1)
	s.lay(key, etag, text, o.Metadata)
	return etag, nil
}

func (s shelf) Delete(_ context.Context, key string) error {
	delete(s, key)
	return nil
}
