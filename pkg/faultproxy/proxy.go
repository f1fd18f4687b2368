// Package faultproxy stands between the AWS SDK and a cloud and lets calls fail on demand, for tests: refused, answered
// too late, carried out and the answer lost, or held while a test kills whoever made them. What is not told to fail
// passes through unchanged.
package faultproxy

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Proxy is an http.Handler in front of a cloud's: Secrets Manager and S3 in path style behind one endpoint. It serves
// over pipes in fake time as over sockets, by HTTP/1.1. It is safe for concurrent use.
type Proxy struct {
	next http.Handler
	now  func() time.Time

	turn   sync.Mutex // decide is called by one call at a time
	mu     sync.Mutex // guards what follows
	decide func(Call) *Answer
	calls  []Call
	nth    map[string]int // by operation
}

// New is a Proxy before next that lets everything pass. now is the clock of its journal.
func New(next http.Handler, now func() time.Time) *Proxy {
	return &Proxy{next: next, now: now, nth: map[string]int{}}
}

// Fault has decide asked about every call before anything is done for it; nil ends that. decide answers nil for a call
// that passes. It is called for one call at a time and may use the Proxy's journal.
func (p *Proxy) Fault(decide func(Call) *Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = decide
}

// Calls is the journal: every call so far, in the order of arrival.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Of are the journal's calls of one operation, such as "PutSecretValue".
func (p *Proxy) Of(operation string) []Call {
	return slices.DeleteFunc(p.Calls(), func(c Call) bool { return c.Operation != operation })
}

// ServeHTTP takes one call, and does with it what the fault in force tells.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // to the end: only then the server notices a client that goes
	if err != nil {
		return // it has gone already
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := p.arrived(describe(r, body))
	answer := p.ask(call)
	if !pause(r.Context(), answer.Delay) || !answer.Before.keep(r.Context(), call) {
		drop(w)
		return
	}
	if answer.passes() {
		p.next.ServeHTTP(&observed{ResponseWriter: w, effect: p.effect(call.N), said: p.said(call.N)}, r)
		return
	}
	own := &recorded{header: http.Header{}, status: http.StatusOK}
	if answer.Act || answer.After != nil {
		p.next.ServeHTTP(&observed{ResponseWriter: own, effect: p.effect(call.N)}, r)
	}
	switch {
	case !answer.After.keep(r.Context(), call) || answer.Drop:
		drop(w)
	case answer.Code != "":
		p.said(call.N)(answer.status())
		answer.refuse(w, call)
	default:
		p.said(call.N)(own.status)
		own.send(w)
	}
}

func (p *Proxy) arrived(c Call) Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nth[c.Operation]++
	c.N, c.Nth, c.Time = len(p.calls)+1, p.nth[c.Operation], p.now()
	p.calls = append(p.calls, c)
	return c
}

func (p *Proxy) ask(c Call) *Answer {
	p.mu.Lock()
	decide := p.decide
	p.mu.Unlock()
	if decide == nil {
		return &Answer{}
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	if answer := decide(c); answer != nil {
		return answer
	}
	return &Answer{}
}

// effect notes what the cloud answered to the nth call.
func (p *Proxy) effect(n int) func(status int) {
	return func(status int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls[n-1].Effect = status
	}
}

// said notes what the client is answered to the nth call.
func (p *Proxy) said(n int) func(status int) {
	return func(status int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls[n-1].Status, p.calls[n-1].Answered = status, p.now()
	}
}

// observed is a ResponseWriter that tells the status before it is sent.
type observed struct {
	http.ResponseWriter
	effect, said func(status int) // said may be nil
	told         bool
}

func (o *observed) WriteHeader(status int) {
	if !o.told && status >= http.StatusOK {
		o.told = true
		o.effect(status)
		if o.said != nil {
			o.said(status)
		}
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(p []byte) (int, error) {
	if !o.told {
		o.WriteHeader(http.StatusOK)
	}
	return o.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// recorded is an answer that is kept until it is known what becomes of it.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorded) WriteHeader(status int)      { r.status = status }

func (r *recorded) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) // a client that is gone needs no answer
}

// drop closes the connection without a word.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // not HTTP/1.1: no fault can be faithful then, and a test must notice
		http.Error(w, fmt.Sprintf("faultproxy: the connection cannot be dropped: %v", err), http.StatusNotImplemented)
		return
	}
	_ = conn.Close() // the client may have been first
}
