// Package functions_test runs the built functions as Lambda does: each `bootstrap` under a Runtime API of our own.
package functions_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// bootstrap builds the function in a folder as SAM does, but for this machine.
func bootstrap(t *testing.T, folder string) string {
	t.Helper()
	return build(t, readTemplate(t).functionOf(folder), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}

// answered is what a function answered to one invocation.
type answered struct {
	body      []byte
	errorType string // of an error; empty for a response
	message   string
}

// runtimeAPI is Lambda's Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for one function.
type runtimeAPI struct {
	events  chan []byte
	answers chan answered
	timeout time.Duration
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const root = "/2018-06-01/runtime/"
	switch path := strings.TrimPrefix(r.URL.Path, root); {
	case r.Method == http.MethodGet && path == "invocation/next":
		select {
		case event := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "11111111-2222-3333-4444-555555555555")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(a.timeout).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f")
			_, _ = w.Write(event) // a function that is gone is noticed by the missing answer
		case <-r.Context().Done():
		}
	case r.Method == http.MethodPost && (strings.HasSuffix(path, "/response") || strings.HasSuffix(path, "/error")):
		body, err := io.ReadAll(r.Body)
		got := answered{body: body}
		if strings.HasSuffix(path, "/error") {
			var told struct{ ErrorType, ErrorMessage string }
			err = errors.Join(err, json.Unmarshal(body, &told))
			got.errorType, got.message = told.ErrorType, told.ErrorMessage
		}
		if err != nil {
			got.message = "unreadable: " + err.Error()
		}
		w.WriteHeader(http.StatusAccepted)
		a.answers <- got
	default:
		http.Error(w, "unknown path "+r.URL.Path, http.StatusNotFound)
	}
}

// function is a running bootstrap. It logs at the finest level, and that and its answers are looked through for secrets.
type function struct {
	t    *testing.T
	api  *runtimeAPI
	log  *bytes.Buffer
	said bytes.Buffer // answers
	kill func()       // ends the process at once, by SIGKILL
}

// start runs a bootstrap until the test ends.
func start(t *testing.T, binary string, timeout time.Duration, env ...string) *function {
	t.Helper()
	f := &function{t: t, api: &runtimeAPI{events: make(chan []byte), answers: make(chan answered), timeout: timeout}, log: &bytes.Buffer{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: f.api, ReadHeaderTimeout: time.Minute}
	var group sync.WaitGroup
	group.Go(func() { _ = server.Serve(l) }) // it ends by Close
	command := exec.CommandContext(t.Context(), binary)
	command.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + l.Addr().String(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test", "AWS_LAMBDA_FUNCTION_NAME=f", "PATH=", "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir(), "AWS_LAMBDA_LOG_LEVEL=DEBUG", "AWS_LAMBDA_LOG_FORMAT=JSON"}, env...)
	command.Stdout, command.Stderr = f.log, f.log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	f.kill = sync.OnceFunc(func() {
		_ = command.Process.Kill() // it may have ended by itself
		_ = command.Wait()         // killed: the error says so
	})
	t.Cleanup(func() {
		f.kill()
		_ = server.Close()
		group.Wait()
		noSecretIsTold(t, env, f.log.String(), f.said.String())
		if t.Failed() {
			t.Logf("the function's log:\n%s", f.log)
		}
	})
	return f
}

// invoke hands an event to the function and waits for its answer.
func (f *function) invoke(event string) answered {
	f.t.Helper()
	got, err := f.call(event)
	if err != nil {
		f.t.Fatal(err)
	}
	return got
}

// call is invoke for goroutines.
func (f *function) call(event string) (answered, error) {
	limit := time.NewTimer(f.api.timeout + 10*time.Second)
	defer limit.Stop()
	select {
	case f.api.events <- []byte(event):
	case <-limit.C:
		return answered{}, errors.New("the function did not ask for its next invocation")
	}
	select {
	case got := <-f.api.answers:
		_, _ = fmt.Fprintf(&f.said, "%s %s %s\n", got.body, got.errorType, got.message)
		return got, nil
	case <-limit.C:
		return answered{}, errors.New("the function did not answer")
	}
}
