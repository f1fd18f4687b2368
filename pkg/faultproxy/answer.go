package faultproxy

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"sync"
	"time"
)

// Answer says how the Proxy departs from passing a call on. The parts can be combined, and are gone through in this
// order: Delay and Before are waited for; the call takes effect, unless Code or Drop stand in its place without Act;
// After is waited for; it is answered. The zero Answer lets the call pass.
type Answer struct {
	Delay  time.Duration // hold the call back before it takes effect; it ends early, without effect, when the client goes
	Before *Hold         // hold the call back before it takes effect; likewise

	Act    bool   // let the call take effect although Code or Drop take its own answer's place
	Code   string // AWS's code for an error that is answered, such as "InternalServiceError"
	Status int    // of that error; 0 = 500
	Says   string // message of that error; "" = that a test asked for it

	After *Hold // hold the answer back once the call took effect, which it does then without Act
	Drop  bool  // close the connection without an answer
}

// Refuse is an error that is answered before the call takes effect.
func Refuse(status int, code string) *Answer { return &Answer{Status: status, Code: code} }

// Lose lets a call take effect and closes the connection in place of an answer.
func Lose() *Answer { return &Answer{Act: true, Drop: true} }

// Belie lets a call take effect and answers an error all the same.
func Belie(status int, code string) *Answer { return &Answer{Act: true, Status: status, Code: code} }

// passes says that the call has its own answer in the end.
func (a *Answer) passes() bool { return !a.Act && a.Code == "" && !a.Drop && a.After == nil }

func (a *Answer) status() int { return cmp.Or(a.Status, http.StatusInternalServerError) }

// refuse answers the error in the service's own form.
func (a *Answer) refuse(w http.ResponseWriter, c Call) {
	message := cmp.Or(a.Says, "The fault that the test asked for.")
	if c.Service == SecretsManager {
		text, err := json.Marshal(map[string]string{"__type": a.Code, "Message": message})
		write(w, a.status(), "application/x-amz-json-1.1", text, err)
		return
	}
	text, err := xml.Marshal(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: a.Code, Message: message})
	if c.Operation == "HeadObject" || c.Operation == "HeadBucket" {
		text = nil // an answer to HEAD has no body
	}
	write(w, a.status(), "application/xml", text, err)
}

func write(w http.ResponseWriter, status int, kind string, text []byte, err error) {
	if err != nil {
		drop(w)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no answer
}

// Hold keeps calls until it is released or their clients are gone, for tests that kill a process in the middle of a
// call. Make it with NewHold. It is safe for concurrent use.
type Hold struct {
	held     chan Call
	released chan struct{}
	release  sync.Once
}

// NewHold is a Hold that keeps every call that comes to it.
func NewHold() *Hold { return &Hold{held: make(chan Call, 64), released: make(chan struct{})} }

// Held tells of each call as soon as it is held.
func (h *Hold) Held() <-chan Call { return h.held }

// Release lets go what is held, and whatever comes later. It may be called again.
func (h *Hold) Release() { h.release.Do(func() { close(h.released) }) }

// keep waits for the release, and says whether the client is still there. A nil Hold keeps nothing.
func (h *Hold) keep(ctx context.Context, c Call) bool {
	if h == nil {
		return true
	}
	select {
	case h.held <- c:
	case <-ctx.Done():
		return false
	}
	select {
	case <-h.released:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause waits, and says whether the client is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
