package simulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// front is what stands before the work of every simulated vendor: the log of requests, the faults, and the sending.
type front struct {
	gzip    bool // compress answers for clients that take it
	journal journal
	faults  faults
}

// answer sends what work gives for a request, unless a fault takes its place. A request whose work is not done is
// counted by count.
func (f *front) answer(w http.ResponseWriter, r *http.Request, q Request, work func(*Answer) *Reply, count func()) {
	answer := f.faults.ask(q)
	reply := outcome(answer, work, count)
	if reply != nil && f.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		reply.compress()
	}
	if !wait(r.Context(), answer) || reply == nil {
		drop(w)
		return
	}
	f.journal.answered(q.N, reply.Status)
	if answer.Cut != NoCut {
		sendCut(w, reply, answer.Cut, answer.CutAt)
		return
	}
	send(w, reply)
}

// outcome does what a request asks for, unless a fault takes its place, and says what to send: nil for nothing.
func outcome(answer *Answer, work func(*Answer) *Reply, count func()) *Reply {
	var reply *Reply
	if answer.Act || (answer.Reply == nil && !answer.Drop) {
		reply = work(answer)
	} else {
		count()
	}
	if answer.Drop {
		return nil
	}
	if answer.Reply != nil {
		reply = answer.Reply.clone()
	}
	if answer.Rewrite != nil {
		reply.render()
		answer.Rewrite(reply)
	}
	return reply
}

// wait holds the answer back as a fault asks. It is false when the client has gone away meanwhile.
func wait(ctx context.Context, answer *Answer) bool {
	if answer.Delay > 0 {
		timer := time.NewTimer(answer.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	if answer.Until == nil {
		return true
	}
	select {
	case <-answer.Until:
		return true
	case <-ctx.Done():
		return false
	}
}

// listen serves a vendor on a free port of 127.0.0.1, and tells its address with no slash at the end. stop ends the
// server and every connection at once, returns when it has ended, and may be called again.
func listen(vendor http.Handler) (url string, stop func(), err error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("starting a simulated vendor: %w", err)
	}
	server := &http.Server{Handler: vendor, ReadHeaderTimeout: 30 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // it ends by stop, and with no other error than ErrServerClosed
	}()
	stop = sync.OnceFunc(func() {
		_ = server.Close() // the listener is closed either way
		<-ended
	})
	return "http://" + l.Addr().String(), stop, nil
}
