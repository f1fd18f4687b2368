package awscloud_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"

	"yardstick/pkg/awscloud"
)

// seen is one request that a script answered.
type seen struct {
	Method string
	Path   string
	Query  string
	Header http.Header
	Body   string
}

// script is a server of one test: it answers the first request by the first step, and so on; the last step answers all
// further requests. It speaks over pipes, so that a test in a bubble has its waits for nothing.
type script struct {
	mu    sync.Mutex
	steps []http.HandlerFunc
	seen  []seen
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	step := s.steps[min(len(s.seen), len(s.steps)-1)]
	s.seen = append(s.seen, seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), string(body)})
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	step(w, r)
}

// requests are those answered so far.
func (s *script) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.seen...)
}

// methods are the requests' methods in one word each, which is most of the story of S3.
func (s *script) methods() string {
	var all []string
	for _, r := range s.requests() {
		all = append(all, r.Method)
	}
	return strings.Join(all, " ")
}

// configure makes a configuration as the product does, against a script, with extra on top.
func configure(t *testing.T, steps []http.HandlerFunc, extra ...func(*config.LoadOptions) error) (aws.Config, *script) {
	t.Helper()
	isolate(t)
	s := &script{steps: steps}
	return load(t, append(serve(t, s), extra...)...), s
}

// serve starts a script and gives the options by which a client reaches it.
func serve(t *testing.T, s *script) []func(*config.LoadOptions) error {
	t.Helper()
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: s}
	done := make(chan error)
	go func() { done <- server.Serve(pipes) }()
	transport := &http.Transport{DialContext: pipes.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Errorf("serve: %v", err)
		}
	})
	return []func(*config.LoadOptions) error{
		config.WithHTTPClient(&http.Client{Transport: transport}),
		config.WithBaseEndpoint("http://127.0.0.1"),
		config.WithLogger(logging.Nop{}),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret-key", "session-token")),
	}
}

// load is config.LoadDefaultConfig away from the files and the metadata service of the machine.
func load(t *testing.T, options ...func(*config.LoadOptions) error) aws.Config {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), append([]func(*config.LoadOptions) error{
		config.WithRegion("us-east-1"),
		config.WithSharedConfigFiles([]string{}),
		config.WithSharedCredentialsFiles([]string{}),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// unreachable is a configuration by which no connection is ever made: each attempt ends by the dialer's own timeout.
func unreachable(t *testing.T) aws.Config {
	t.Helper()
	isolate(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	dialer := &net.Dialer{Timeout: time.Nanosecond}
	return load(t,
		config.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}),
		config.WithBaseEndpoint("http://127.0.0.1:9"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret-key", "session-token")))
}

// isolate hides the AWS settings of whoever runs the tests.
func isolate(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func scriptedStore(t *testing.T, steps ...http.HandlerFunc) (*awscloud.Store, *script) {
	t.Helper()
	cfg, s := configure(t, steps)
	return awscloud.NewStore(s3.NewFromConfig(cfg), "acme"), s
}

func scriptedVault(t *testing.T, steps ...http.HandlerFunc) (*awscloud.Vault, *script) {
	t.Helper()
	cfg, s := configure(t, steps)
	return awscloud.NewVault(secretsmanager.NewFromConfig(cfg)), s
}

// logTo turns on every log that the SDK has, but for that of signing, which belongs to a client's making.
func logTo(w io.Writer) func(*config.LoadOptions) error {
	return func(o *config.LoadOptions) error {
		everything := aws.LogRetries | aws.LogRequestWithBody | aws.LogResponseWithBody
		o.ClientLogMode = &everything
		o.Logger = logging.NewStandardLogger(w)
		return nil
	}
}

// answer is a step: status, header lines "Name: value", and a body.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// s3Error is a step: an error as S3 sends it.
func s3Error(status int, code string) http.HandlerFunc {
	return answer(status, fmt.Sprintf(
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>words of S3</Message></Error>", code),
		"Content-Type: application/xml", "X-Amz-Request-Id: 4F2A")
}

// secretsError is a step: an error as Secrets Manager sends it.
func secretsError(status int, code, message string) http.HandlerFunc {
	return answer(status, fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message),
		"Content-Type: application/x-amz-json-1.1", "X-Amzn-Requestid: 4f2a")
}

// cut is a step: it promises more bytes than it sends, and hangs up.
func cut(body string, more int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(http.StatusOK, body, append(header, fmt.Sprintf("Content-Length: %d", len(body)+more))...)(w, r)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// pipeListener gives a server connections that are no sockets: in a bubble of testing/synctest time goes on while
// they are waited for.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
