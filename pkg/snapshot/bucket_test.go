package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/snapshot"
)

// bucket is the product's Store, over the SDK and a wire that can fail, to an S3 of the test's own.
type bucket struct {
	*awscloud.Store
	cloud *localcloud.Cloud
	wire  *wire
}

func openBucket(t *testing.T) *bucket {
	t.Helper()
	for _, pair := range os.Environ() { // the AWS settings of whoever runs the tests
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // put back in the end
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	cloud, err := localcloud.Open(t.TempDir(), localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := cloud.CreateBucket("acme"); err != nil {
		t.Fatal(err)
	}
	endpoint, err := cloud.Start()
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{next: transport}
	atOnce := func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	cfg, err := config.LoadDefaultConfig(t.Context(),
		config.WithRegion("us-east-1"),
		config.WithSharedConfigFiles([]string{}),
		config.WithSharedCredentialsFiles([]string{}),
		config.WithBaseEndpoint(endpoint),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")),
		config.WithHTTPClient(&http.Client{Transport: w}),
		config.WithRetryer(atOnce))
	if err != nil {
		t.Fatal(err)
	}
	return &bucket{Store: awscloud.NewStore(s3.NewFromConfig(cfg), "acme"), cloud: cloud, wire: w}
}

// wire carries requests to S3. What is set on it befalls the next request of a method.
type wire struct {
	next http.RoundTripper
	mu   sync.Mutex
	fate map[string]func(*http.Request) (*http.Response, error)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	fate := w.fate[r.Method]
	delete(w.fate, r.Method)
	w.mu.Unlock()
	if fate == nil {
		return w.next.RoundTrip(r)
	}
	return fate(r)
}

func (w *wire) set(method string, fate func(*http.Request) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fate == nil {
		w.fate = map[string]func(*http.Request) (*http.Response, error){}
	}
	w.fate[method] = fate
}

// loseAnswer has the next request of the method done, and its answer lost. Before it is sent again, then is called.
func (w *wire) loseAnswer(method string, then func()) {
	w.set(method, func(r *http.Request) (*http.Response, error) {
		response, err := w.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		then()
		return answer(r, http.StatusInternalServerError, "InternalError"), nil
	})
}

// deny refuses the next request of the method.
func (w *wire) deny(method string) {
	w.set(method, func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusForbidden, "AccessDenied"), nil
	})
}

// breakOff cuts the next answer to a GET in the middle of its body.
func (w *wire) breakOff() {
	w.set(http.MethodGet, func(r *http.Request) (*http.Response, error) {
		response, err := w.next.RoundTrip(r)
		if err == nil {
			half := io.LimitReader(response.Body, response.ContentLength/2)
			response.Body = struct {
				io.Reader
				io.Closer
			}{half, response.Body}
		}
		return response, err
	})
}

func answer(r *http.Request, status int, code string) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader("<Error><Code>" + code + "</Code><Message>as the test says</Message></Error>")),
	}
}

// put writes an object without a condition, as some other program does.
func (b *bucket) put(t testing.TB, key, text string) (etag string) {
	t.Helper()
	etag, err := b.Put(context.Background(), key, strings.NewReader(text), snapshot.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return etag
}

// get reads an object; none is "".
func (b *bucket) get(t testing.TB, key string) (string, snapshot.Info) {
	t.Helper()
	body, info, err := b.Get(context.Background(), key)
	if errors.Is(err, snapshot.ErrNotFound) {
		return "", snapshot.Info{}
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text), info
}

func (b *bucket) remove(t testing.TB, key string) {
	t.Helper()
	if err := b.Delete(context.Background(), key); err != nil {
		t.Fatal(err)
	}
}

// puts is how many objects were written, or tried to be.
func (b *bucket) puts() int { return b.cloud.Requests()["s3:PutObject"] }

// wantError compares an error's kind and asks for words that it has to say.
func wantError(t testing.TB, what string, err, kind error, says ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got error %v, expected %v", what, err, kind)
		return
	}
	for _, words := range says {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got error %q, expected it to say %q", what, err, words)
		}
	}
}

// gzipped is a data object as a spool makes it.
func gzipped(t testing.TB, records ...string) (snapshot.Content, io.ReadSeeker) {
	t.Helper()
	s := openSpool(t)
	add(t, s, records...)
	content, compressed, _ := object(t, s)
	return content, bytes.NewReader(compressed)
}
