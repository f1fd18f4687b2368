package simulator

import (
	"sync"
	"time"
)

// Answer says how a simulated vendor departs from its own behaviour for one request. The parts can be combined, and are
// gone through in this order: the request's work is done, unless Reply or Drop stand in its place without Act; the
// answer is made; Delay and Until are waited for; it is sent, whole or Cut, or the connection is dropped. The zero
// Answer changes nothing. A request whose work is not done counts against the rate limit all the same. Rows and Rewrite
// may be called for several requests at once.
type Answer struct {
	Page int                          // serve this page, counted from 1, in place of the one asked for
	Rows func(page []string) []string // change the records of the page before they are put into the envelope

	Reply   *Reply       // send this in place of the real answer, and do none of the work
	Act     bool         // do the work all the same: with Reply or Drop, its outcome is lost
	Rewrite func(*Reply) // change what is about to be sent, real or not

	Delay time.Duration   // hold the answer back; it ends early when the client goes
	Until <-chan struct{} // hold the answer back until this is closed, or the client goes

	// Drop closes the connection and sends nothing. (Go's http.Transport sends a GET again by itself when that
	// happens on a connection which it had used before.)
	Drop  bool
	Cut   Cut // how the body is cut short
	CutAt int // how many of its bytes are sent
}

// Cut is a way for a body to end too early. The connection is closed after it.
type Cut int

// The cuts. NoCut is the zero value.
const (
	NoCut      Cut = iota
	CutSized       // Content-Length tells the whole length
	CutChunked     // chunks, without the one that ends them
	CutUnsized     // neither: the body ends with the connection, which looks like the end of a whole one
)

// Lose is a fault that does the work and drops the connection in place of an answer.
func Lose() *Answer { return &Answer{Act: true, Drop: true} }

// faults asks a test how to misbehave.
type faults struct {
	mu   sync.Mutex
	f    func(Request) *Answer
	turn sync.Mutex // f is called by one request at a time
}

func (f *faults) set(to func(Request) *Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.f = to
}

// ask gives the Answer for r, never nil.
func (f *faults) ask(r Request) *Answer {
	f.mu.Lock()
	decide := f.f
	f.mu.Unlock()
	if decide == nil {
		return &Answer{}
	}
	f.turn.Lock()
	defer f.turn.Unlock()
	if answer := decide(r); answer != nil {
		return answer
	}
	return &Answer{}
}

// Fault has decide asked about every request before anything is done for it; nil ends that. decide answers nil for the
// vendor's own behaviour. Its calls come one at a time, in the order of Request.N as far as requests come one after the
// other; it may call every method of the simulated vendor.
func (f *front) Fault(decide func(Request) *Answer) { f.faults.set(decide) }
