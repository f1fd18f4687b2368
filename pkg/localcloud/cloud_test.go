package localcloud_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/localcloud"
)

var start = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

const bucket = "acme-reporting"

// world is a cloud over a folder of its own with one bucket, and the real SDK's clients of it.
type world struct {
	t        *testing.T
	dir      string
	cloud    *localcloud.Cloud
	endpoint string
	clock    *atomic.Pointer[time.Time]
	sync     bool // write through to the disk
	s3       *s3.Client
	secrets  *secretsmanager.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: new(atomic.Pointer[time.Time])}
	w.set(start)
	w.open()
	t.Cleanup(func() { w.close() })
	w.check(w.cloud.CreateBucket(bucket))
	return w
}

func (w *world) set(now time.Time) { w.clock.Store(&now) }

func (w *world) options() localcloud.Options {
	return localcloud.Options{Now: func() time.Time { return *w.clock.Load() }, NoSync: !w.sync}
}

// open opens the folder, for the first time or again.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.cloud, err = localcloud.Open(w.dir, w.options())
	w.check(err)
	w.endpoint, err = w.cloud.Start()
	w.check(err)
	c := sdkConfig(w.t, w.endpoint)
	w.s3, w.secrets = s3.NewFromConfig(c), secretsmanager.NewFromConfig(c)
}

func (w *world) close() {
	w.t.Helper()
	w.check(w.cloud.Close())
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// file is a path below the world's folder.
func (w *world) file(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

func (w *world) read(file string) string {
	w.t.Helper()
	text, err := os.ReadFile(file)
	w.check(err)
	return string(text)
}

func (w *world) write(file, text string) {
	w.t.Helper()
	w.check(os.MkdirAll(filepath.Dir(file), 0o700))
	w.check(os.WriteFile(file, []byte(text), 0o600))
}

func sdkConfig(t *testing.T, endpoint string) aws.Config {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context(), config.WithLogger(logging.Nop{}),
		config.WithRegion("us-east-1"), config.WithBaseEndpoint(endpoint), config.WithRetryMaxAttempts(1),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("test", "test", "")),
		config.WithSharedConfigFiles([]string{}), config.WithSharedCredentialsFiles([]string{}))
	if err != nil {
		t.Fatal(err)
	}
	c.HTTPClient = &http.Client{Transport: plainBodies{&http.Transport{}}}
	return c
}

// plainBodies sends requests without the WriteTo of the SDK's bodies. The SDK closes a request's body as soon as the
// answer's head is there, and WriteTo of a closed body fails with io.EOF: where net/http has yet to look behind the body's
// last byte, it takes the request for broken and closes the connection while a long answer is read. Clients that repeat
// a call do not notice; these here are to repeat nothing.
type plainBodies struct{ http.RoundTripper }

func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

// wantCode fails unless err is an API error of that code whose message holds a text.
func wantCode(t *testing.T, err error, code, text string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok || apiErr.ErrorCode() != code || !strings.Contains(apiErr.ErrorMessage(), text) {
		t.Errorf("got error %v, want %s with %q", err, code, text)
	}
}

// raw sends a request that the SDK would not send. Headers are "Name: value"; it is signed in form unless one says so.
func (w *world) raw(method, path, body string, headers ...string) (status int, answer string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.endpoint+path, strings.NewReader(body))
	w.check(err)
	service := "s3"
	for _, h := range headers {
		if strings.HasPrefix(h, "X-Amz-Target") {
			service = "secretsmanager"
		}
	}
	r.Header.Set("Authorization", authorization(service))
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Add(name, value)
		}
	}
	if r.Header.Get("Transfer-Encoding") == "chunked" {
		r.Header.Del("Transfer-Encoding")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
	}
	got, err := http.DefaultClient.Do(r)
	w.check(err)
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	w.check(err)
	return got.StatusCode, string(text)
}

func authorization(service string) string {
	return "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=00"
}

func TestOpenNeedsAClock(t *testing.T) {
	if c, err := localcloud.Open(t.TempDir(), localcloud.Options{}); err == nil {
		t.Errorf("opened without a clock: %v", c.Close())
	}
}

func TestAFolderIsOpenOnce(t *testing.T) {
	w := newWorld(t)
	_, err := localcloud.Open(w.dir, w.options())
	locked, ok := errors.AsType[*localcloud.Locked](err)
	if !ok {
		t.Fatalf("got %v, want *Locked", err)
	}
	if diff := cmp.Diff(localcloud.Locked{Dir: w.dir, PID: os.Getpid()}, *locked); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{w.dir, fmt.Sprint(os.Getpid()), "choose another folder"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	w.close()
	w.open() // the lock is free again
}

func TestALockFileWithoutAProcessIsNoLock(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lock"), []byte("4194304999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := localcloud.Open(dir, localcloud.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestAClosedCloudServesNothing(t *testing.T) {
	w := newWorld(t)
	w.close()
	if _, err := w.cloud.Start(); err == nil {
		t.Error("a closed cloud started")
	}
	if err := w.cloud.CreateBucket("another"); err == nil {
		t.Error("a closed cloud made a bucket")
	}
	answer := newRecorder(t, w.cloud.Handler(), http.MethodGet, "/")
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got status %d, want 503", answer.StatusCode)
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	w := newWorld(t)
	w.close()
	w.sync = true
	w.open()
	w.put("a/b.txt", "hello", map[string]string{"rows": "1"})
	created := w.createSecret("yardstick/webhook", "s3cret")
	w.close()
	w.open()
	if got := w.get("a/b.txt"); got.body != "hello" || got.Metadata["rows"] != "1" {
		t.Errorf("got %+v", got)
	}
	if got := w.current("yardstick/webhook"); *got.SecretString != "s3cret" || *got.ARN != *created.ARN {
		t.Errorf("got %+v", got)
	}
}

func TestRequestsAreCountedByOperation(t *testing.T) {
	w := newWorld(t)
	w.put("k", "v", nil)
	_ = w.get("k")
	_, _ = w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("none")})
	w.createSecret("s", "v")
	w.raw(http.MethodGet, "/"+bucket+"?acl", "")
	w.raw(http.MethodPost, "/", "{}", "X-Amz-Target: secretsmanager.RotateSecret")
	want := map[string]int{
		"s3:PutObject": 1, "s3:GetObject": 1, "s3:HeadObject": 1, "s3:unsupported": 1,
		"secretsmanager:CreateSecret": 1, "secretsmanager:unsupported": 1,
	}
	if diff := cmp.Diff(want, w.cloud.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestAnswersCarryTheirIDAndErrorType(t *testing.T) {
	w := newWorld(t)
	answer := newRecorder(t, w.cloud.S3(), http.MethodGet, "/"+bucket+"/k")
	id := answer.Header.Get("X-Amz-Request-Id")
	body, err := io.ReadAll(answer.Body)
	if err != nil || id == "" || !strings.Contains(string(body), "<RequestId>"+id+"</RequestId>") {
		t.Errorf("id %q, body %s, %v", id, body, err)
	}
	answer = newRecorder(t, w.cloud.SecretsManager(), http.MethodPost, "/")
	if answer.Header.Get("X-Amzn-Requestid") == "" || answer.Header.Get("X-Amzn-Errortype") != "UnknownOperationException" {
		t.Errorf("got %v", answer.Header)
	}
}

func TestIDsComeFromTheOption(t *testing.T) {
	o := localcloud.Options{Now: time.Now, NewID: func() string { return "00000000-0000-4000-8000-000000000001" }}
	c, err := localcloud.Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if id := newRecorder(t, c.S3(), http.MethodGet, "/").Header.Get("X-Amz-Request-Id"); id != o.NewID() {
		t.Errorf("got %q", id)
	}
}

// pipes is a listener over net.Pipe, for time that stands still but for its own.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

func TestItServesOverPipesInFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, err := localcloud.Open(t.TempDir(), localcloud.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		l := pipes{make(chan net.Conn), make(chan struct{})}
		served := make(chan error)
		go func() { served <- cloud.Serve(l) }()
		transport := &http.Transport{DialContext: l.dial}
		client := s3.NewFromConfig(sdkConfig(t, "http://127.0.0.1:1"), func(o *s3.Options) {
			o.HTTPClient = &http.Client{Transport: transport}
		})
		time.Sleep(time.Hour) // fake
		_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)})
		if err != nil {
			t.Error(err)
		}
		_, err = client.PutObject(t.Context(), putInput("k", "v"))
		if err != nil {
			t.Error(err)
		}
		head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
		if err != nil || !head.LastModified.Equal(time.Now()) {
			t.Errorf("got %+v, %v; want the bubble's time", head, err)
		}
		transport.CloseIdleConnections()
		if err := errors.Join(cloud.Close(), <-served); err != nil {
			t.Error(err)
		}
	})
}
