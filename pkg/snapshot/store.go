package snapshot

import (
	"context"
	"errors"
	"io"
	"iter"
)

// Errors that a Store answers, found with errors.Is through whatever wraps them.
var (
	// ErrNotFound says that there is no object of that key.
	ErrNotFound = errors.New("no such object")
	// ErrPrecondition says that a conditional Put lost: the object is there already (CreateOnly), or is not the
	// one that IfMatch names.
	ErrPrecondition = errors.New("the object is not the one that was expected")
	// ErrDenied says that the role may not do this.
	ErrDenied = errors.New("access denied")
)

// Info describes one object. List leaves ContentType and Metadata empty, as S3 does.
type Info struct {
	Key         string
	Size        int64
	ETag        string // without quotes
	ContentType string
	Metadata    map[string]string // names in lower case
}

// PutOptions says how an object is written. The zero value writes without a condition.
type PutOptions struct {
	CreateOnly  bool   // only if there is no object of that key
	IfMatch     string // only if the object has this ETag; empty: no such condition
	ContentType string
	Metadata    map[string]string
}

// Reader reads a bucket. Reads are strongly consistent, as S3's are.
type Reader interface {
	// Get opens an object. The caller closes the body. ErrNotFound where there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Head tells an object's Info without its body. ErrNotFound where there is none.
	Head(ctx context.Context, key string) (Info, error)
	// List goes through the keys that begin with prefix and sort after the key `after` (empty: from the first),
	// in the order of their bytes. An error ends it.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]
}

// Writer writes a bucket.
type Writer interface {
	// Put writes an object whole, in one atomic step, from body's beginning to its end, and answers its ETag. A
	// condition that does not hold is ErrPrecondition, or ErrNotFound where IfMatch names an object that is gone.
	// A request that failed in passing is sent again; ErrPrecondition may thus speak of the caller's own object.
	Put(ctx context.Context, key string, body io.ReadSeeker, o PutOptions) (etag string, err error)
	// Delete removes an object. A missing one is no error.
	Delete(ctx context.Context, key string) error
}

// Store is a bucket: S3, or a stand-in that passes the same contract suite (snapshottest). It is safe for
// concurrent use.
type Store interface {
	Reader
	Writer
}
