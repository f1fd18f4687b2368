package snapshottest

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"yardstick/pkg/snapshot"
)

// memory is a store that keeps the contract, but for the faults that are switched on.
type memory struct {
	mu      sync.Mutex
	objects map[string]kept
	faults
}

type kept struct {
	body string
	info snapshot.Info
}

// faults are promises to break, each as some server was seen to break it.
type faults struct {
	ignoreCreateOnly, ignoreIfMatch, createOnIfMatch      bool
	mergeMetadata, quoteETags, oneETag, upperNames        bool
	failDeleteMissing, keepDeleted                        bool
	ignoreAfter, afterIsInclusive, foldersFirst, onePage  bool
	foldCase, dropContentType, seekNothing, ignoreContext bool
}

func newMemory(f faults) *memory { return &memory{objects: map[string]kept{}, faults: f} }

func (m *memory) fold(key string) string {
	if m.foldCase {
		return strings.ToLower(key)
	}
	return key
}

func (m *memory) Put(ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (string, error) {
	if !m.ignoreContext && ctx.Err() != nil {
		return "", ctx.Err()
	}
	if !m.seekNothing {
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key = m.fold(key)
	old, there := m.objects[key]
	switch {
	case o.CreateOnly && there && !m.ignoreCreateOnly:
		return "", snapshot.ErrPrecondition
	case o.IfMatch != "" && !there && !m.createOnIfMatch:
		return "", snapshot.ErrNotFound
	case o.IfMatch != "" && there && o.IfMatch != old.info.ETag && !m.ignoreIfMatch:
		return "", snapshot.ErrPrecondition
	}
	info := snapshot.Info{
		Key: key, Size: int64(len(text)), ETag: m.etag(text), ContentType: o.ContentType, Metadata: map[string]string{},
	}
	if m.mergeMetadata {
		maps.Copy(info.Metadata, old.info.Metadata)
	}
	if m.dropContentType {
		info.ContentType = "binary/octet-stream"
	}
	for name, value := range o.Metadata {
		if m.upperNames {
			name = strings.ToUpper(name)
		}
		info.Metadata[name] = value
	}
	m.objects[key] = kept{string(text), info}
	return info.ETag, nil
}

func (m *memory) etag(text []byte) string {
	sum := md5.Sum(text)
	tag := hex.EncodeToString(sum[:])
	switch {
	case m.oneETag:
		return "same"
	case m.quoteETags:
		return `"` + tag + `"`
	}
	return tag
}

func (m *memory) Get(ctx context.Context, key string) (io.ReadCloser, snapshot.Info, error) {
	info, err := m.Head(ctx, key)
	if err != nil {
		return nil, info, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[m.fold(key)]
	return io.NopCloser(strings.NewReader(o.body)), o.info, nil
}

func (m *memory) Head(ctx context.Context, key string) (snapshot.Info, error) {
	if !m.ignoreContext && ctx.Err() != nil {
		return snapshot.Info{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, there := m.objects[m.fold(key)]
	if !there {
		return snapshot.Info{}, snapshot.ErrNotFound
	}
	return o.info, nil
}

func (m *memory) List(ctx context.Context, prefix, after string) iter.Seq2[snapshot.Info, error] {
	return func(yield func(snapshot.Info, error) bool) {
		if !m.ignoreContext && ctx.Err() != nil {
			yield(snapshot.Info{}, ctx.Err())
			return
		}
		for i, info := range m.infos(prefix, after) {
			if m.onePage && i == 20 || !yield(info, nil) {
				return
			}
		}
	}
}

func (m *memory) infos(prefix, after string) []snapshot.Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	var infos []snapshot.Info
	for key, o := range m.objects {
		behind := key > after || m.ignoreAfter || m.afterIsInclusive && key == after
		if strings.HasPrefix(key, m.fold(prefix)) && behind {
			infos = append(infos, snapshot.Info{Key: key, Size: o.info.Size, ETag: o.info.ETag})
		}
	}
	slices.SortFunc(infos, func(a, b snapshot.Info) int {
		if m.foldersFirst {
			return slices.Compare(strings.Split(a.Key, "/"), strings.Split(b.Key, "/"))
		}
		return strings.Compare(a.Key, b.Key)
	})
	return infos
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if !m.ignoreContext && ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.objects[m.fold(key)]; !there && m.failDeleteMissing {
		return snapshot.ErrNotFound
	}
	if !m.keepDeleted {
		delete(m.objects, m.fold(key))
	}
	return nil
}
