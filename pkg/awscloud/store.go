package awscloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"yardstick/pkg/snapshot"
)

// ErrNoBucket says that the bucket itself does not exist. Head cannot tell that from a missing object, since the
// answer to a HEAD has no body: it says snapshot.ErrNotFound.
var ErrNoBucket = errors.New("no such bucket")

const (
	codeConflict = "ConditionalRequestConflict" // docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

	conflictAttempts = 5
	conflictWait     = 100 * time.Millisecond // before the first repetition; doubled for each further one

	hintMissing = "a role without s3:ListBucket is told this of a missing key too"
	hintIfMatch = "a write with If-Match needs s3:GetObject too"
	hintRegion  = "the bucket is in another region than AWS_REGION says"
)

// Store is one S3 bucket as a snapshot.Store. Make it with NewStore. It is safe for concurrent use.
type Store struct {
	client *s3.Client
	bucket string
}

var _ snapshot.Store = (*Store)(nil)

// NewStore is the bucket of that name, reached through client. Nothing is asked of S3 yet. The client has to come
// from config.LoadDefaultConfig: only then does each write carry a checksum that S3 verifies.
func NewStore(client *s3.Client, bucket string) *Store {
	return &Store{client: client, bucket: bucket}
}

// Put writes an object in one PutObject request with a checksum. Beside the errors of snapshot.Writer it answers
// snapshot.ErrDenied and ErrNoBucket. Where another write of the same key is under way (409), it is sent again after
// a short wait, up to five times, and with IfMatch only while the object still has that ETag.
//
// A server fault after the object was stored makes the repetition of a conditional write lose against itself; the
// caller sees ErrPrecondition and judges by what is there.
func (s *Store) Put(ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions) (string, error) {
	operation := "put " + key
	if o.CreateOnly && o.IfMatch != "" {
		return "", &failure{operation: operation, said: "CreateOnly and IfMatch exclude each other"}
	}
	for attempt := 1; ; attempt++ {
		out, err := s.putOnce(ctx, key, body, o)
		switch {
		case err == nil && unquote(out.ETag) == "":
			return "", &failure{operation: operation, said: "S3 answered without an ETag; the object may or may not be there"}
		case err == nil:
			return unquote(out.ETag), nil
		case code(err) != codeConflict || attempt == conflictAttempts:
			hint := ""
			if o.IfMatch != "" {
				hint = hintIfMatch
			}
			return "", s.fail(operation, err, hint)
		}
		if err := s.waitOut(ctx, key, o.IfMatch, attempt); err != nil {
			return "", err
		}
	}
}

func (s *Store) putOnce(
	ctx context.Context, key string, body io.ReadSeeker, o snapshot.PutOptions,
) (*s3.PutObjectOutput, error) {
	size, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("measure the body: %w", err)
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("rewind the body: %w", err)
	}
	in := &s3.PutObjectInput{
		Bucket:        &s.bucket,
		Key:           &key,
		Body:          body,
		ContentLength: &size,
		Metadata:      lowerNames(o.Metadata),
	}
	if o.ContentType != "" {
		in.ContentType = &o.ContentType
	}
	if o.CreateOnly {
		in.IfNoneMatch = aws.String("*")
	}
	if o.IfMatch != "" {
		in.IfMatch = aws.String(`"` + o.IfMatch + `"`)
	}
	return s.client.PutObject(ctx, in, storeOptions)
}

// waitOut lets a conflicting write finish, and answers an error where no repetition can win any more.
func (s *Store) waitOut(ctx context.Context, key, ifMatch string, attempt int) error {
	wait := conflictWait << (attempt - 1)
	timer := time.NewTimer(wait/2 + rand.N(wait/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return s.fail("put "+key, ctx.Err(), "")
	case <-timer.C:
	}
	if ifMatch == "" {
		return nil
	}
	info, err := s.Head(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("put %s after a conflicting write: %w", key, err)
	case info.ETag != ifMatch:
		return &failure{
			operation: "put " + key,
			kind:      snapshot.ErrPrecondition,
			said:      fmt.Sprintf("a conflicting write replaced ETag %s by %s", ifMatch, info.ETag),
		}
	}
	return nil
}

// Get opens an object. The body is a stream: the SDK compares its checksum, and its length, at the end of it, so that
// only a body read to io.EOF is whole. Its errors name the key. The context has to last until the body is closed.
// Beside the errors of snapshot.Reader it answers snapshot.ErrDenied and ErrNoBucket.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, snapshot.Info, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}, storeOptions)
	if err != nil {
		return nil, snapshot.Info{}, s.fail("get "+key, err, hintMissing)
	}
	return &objectBody{store: s, key: key, ReadCloser: out.Body}, snapshot.Info{
		Key:         key,
		Size:        aws.ToInt64(out.ContentLength),
		ETag:        unquote(out.ETag),
		ContentType: aws.ToString(out.ContentType),
		Metadata:    lowerNames(out.Metadata),
	}, nil
}

// Head tells an object's Info. Beside the errors of snapshot.Reader it answers snapshot.ErrDenied.
func (s *Store) Head(ctx context.Context, key string) (snapshot.Info, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key}, storeOptions)
	if err != nil {
		return snapshot.Info{}, s.fail("head "+key, err, hintMissing)
	}
	return snapshot.Info{
		Key:         key,
		Size:        aws.ToInt64(out.ContentLength),
		ETag:        unquote(out.ETag),
		ContentType: aws.ToString(out.ContentType),
		Metadata:    lowerNames(out.Metadata),
	}, nil
}

// List goes through the keys page by page (up to 1,000 keys each, as ListObjectsV2 gives them); the next page is asked
// for when its first key is wanted. Errors are snapshot.ErrDenied, ErrNoBucket, or of no kind.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[snapshot.Info, error] {
	return func(yield func(snapshot.Info, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}
		if after != "" {
			in.StartAfter = &after
		}
		for more := true; more; {
			page, err := s.client.ListObjectsV2(ctx, in, storeOptions)
			if err != nil {
				yield(snapshot.Info{}, s.fail("list "+prefix, err, ""))
				return
			}
			for _, object := range page.Contents {
				info := snapshot.Info{
					Key:  aws.ToString(object.Key),
					Size: aws.ToInt64(object.Size),
					ETag: unquote(object.ETag),
				}
				if !yield(info, nil) {
					return
				}
			}
			more = aws.ToBool(page.IsTruncated)
			if more && aws.ToString(page.NextContinuationToken) == aws.ToString(in.ContinuationToken) {
				yield(snapshot.Info{}, &failure{operation: "list " + prefix, said: "S3 says there is more and gives no way on"})
				return
			}
			in.ContinuationToken = page.NextContinuationToken
		}
	}
}

// Delete removes an object; a missing one is no error. It answers snapshot.ErrDenied and ErrNoBucket.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key}, storeOptions)
	if err == nil {
		return nil
	}
	failed := s.fail("delete "+key, err, "")
	if errors.Is(failed, snapshot.ErrNotFound) {
		return nil
	}
	return failed
}

// storeOptions are laid over the client's own for every call.
func storeOptions(o *s3.Options) {
	o.ClientLogMode &= aws.LogRetries
	o.DisableLogOutputChecksumValidationSkipped = true
	repeat(&o.Retryer, &o.APIOptions)
	if o.RetryMaxAttempts == 0 {
		o.RetryMaxAttempts = defaultAttempts
	}
}

// fail classifies err by S3's answer. deniedHint is added where the answer is 403.
func (s *Store) fail(operation string, err error, deniedHint string) error {
	f := &failure{operation: operation, said: describe(err)}
	if ended(err) != nil || !errors.Is(err, context.DeadlineExceeded) { // no connection's timeout passes for the context's end
		f.causes = []error{err}
	}
	if code(err) == "NoSuchBucket" {
		f.kind = fmt.Errorf("%w %q", ErrNoBucket, s.bucket)
		return f
	}
	switch status(err) {
	case http.StatusMovedPermanently:
		f.hint = hintRegion
	case http.StatusForbidden:
		f.kind, f.hint = snapshot.ErrDenied, deniedHint
	case http.StatusNotFound:
		f.kind = snapshot.ErrNotFound
	case http.StatusPreconditionFailed:
		f.kind = snapshot.ErrPrecondition
	}
	return f
}

// objectBody gives errors of the stream the name of the object.
type objectBody struct {
	io.ReadCloser
	store *Store
	key   string
}

// Read reads on; any error but io.EOF says that the object was not read whole.
func (b *objectBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.store.fail("read "+b.key, err, "")
	}
	return n, err
}

func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// lowerNames gives metadata names the one spelling in which they can be compared: S3 keeps them in lower case, other
// servers as they came.
func lowerNames(metadata map[string]string) map[string]string {
	lower := make(map[string]string, len(metadata))
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		lower[strings.ToLower(name)] = metadata[name]
	}
	return lower
}
