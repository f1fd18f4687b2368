package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

const (
	patience = time.Minute      // for an answer
	timeout  = 15 * time.Minute // of an invocation, as in template.yaml
)

// start is what a process took.
type start struct {
	ready  time.Duration // until it asked for an event
	answer time.Duration // until its answer was there
	cpu    time.Duration // user and system
	body   []byte        // of the answer
}

// runtimeAPI is Lambda's Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for one invocation.
type runtimeAPI struct {
	event   string
	asked   chan time.Time // once
	answers chan answer    // once
}

type answer struct {
	at   time.Time
	how  string // response or error
	body []byte
	err  error
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	if r.Method != http.MethodGet {
		body, err := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		a.answers <- answer{now, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], body, err}
		return
	}
	select {
	case a.asked <- now:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "11111111-2222-3333-4444-555555555555")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(now.Add(timeout).UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:start")
		_, _ = io.WriteString(w, a.event) // a function that is gone is noticed by the missing answer
	default: // there is no second event: the process is killed while it waits
		<-r.Context().Done()
	}
}

// begin starts a binary, waits for its answer to one event, and kills it.
func begin(binary, event string, env []string) (start, error) {
	api := &runtimeAPI{event: event, asked: make(chan time.Time, 1), answers: make(chan answer, 1)}
	address, stop, err := serve(api)
	if err != nil {
		return start{}, err
	}
	defer stop()
	var log bytes.Buffer
	command := exec.Command(binary)
	command.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + address, "AWS_LAMBDA_FUNCTION_NAME=start", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_LEVEL=INFO",
		"PATH=/usr/bin:/bin", "HOME=/"}, env...)
	command.Stdout, command.Stderr = &log, &log
	began := time.Now()
	if err := command.Start(); err != nil {
		return start{}, err
	}
	got := answer{err: fmt.Errorf("no answer within %v", patience)}
	select {
	case got = <-api.answers:
	case <-time.After(patience):
	}
	_ = command.Process.Kill() // it may have ended by itself
	_ = command.Wait()         // killed: the error says so
	if got.err == nil && got.how != "response" {
		got.err = fmt.Errorf("it answered %s: %s", got.how, got.body)
	}
	if got.err != nil {
		return start{}, fmt.Errorf("%s: %w; its log: %s", binary, got.err, &log)
	}
	used := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return start{(<-api.asked).Sub(began), got.at.Sub(began), used, got.body}, nil
}

// serve serves on a free port of loopback until stop.
func serve(h http.Handler) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return l.Addr().String(), func() {
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // it served no more, and what was measured is worth nothing
		}
	}, nil
}
