package canary

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Watch is a vendor's http.Handler that notes every credential which passes in either direction: the headers X-Api-Key,
// X-Access-Token and Authorization, the form's refreshToken, and all tokens in the answers to a POST, those too that are
// cut off. So a test knows what to look for. It changes nothing, and is safe for concurrent use.
type Watch struct {
	next http.Handler

	mu   sync.Mutex
	seen map[string]string // secret -> kind
	came []string          // secrets in the order of coming
}

// NewWatch watches over next.
func NewWatch(next http.Handler) *Watch { return &Watch{next: next, seen: map[string]string{}} }

// Secrets are the credentials that passed so far, by names such as "access token 2", less those too short to look for
// and those that are the beginning of another.
func (w *Watch) Secrets() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	count := map[string]int{}
	for _, secret := range w.came {
		cut := slices.ContainsFunc(w.came, func(o string) bool { return o != secret && strings.HasPrefix(o, secret) })
		if !cut {
			kind := w.seen[secret]
			count[kind]++
			all[fmt.Sprintf("%s %d", kind, count[kind])] = secret
		}
	}
	return all
}

// Note adds a secret that need not pass, such as a key that is only stored.
func (w *Watch) Note(kind, secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.seen[secret]; len(secret) >= Shortest && !known {
		w.seen[secret], w.came = kind, append(w.came, secret)
	}
}

// ServeHTTP has next serve the request.
func (w *Watch) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.Note(apiKey, r.Header.Get("X-Api-Key"))
	w.Note(accessToken, strings.TrimPrefix(r.Header.Get("X-Access-Token"), "Bearer "))
	w.Note(apiKey, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if r.Method != http.MethodPost {
		w.next.ServeHTTP(out, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if form, err := url.ParseQuery(string(body)); err == nil {
		w.Note(refreshToken, form.Get("refreshToken"))
	}
	w.next.ServeHTTP(&copied{ResponseWriter: out, note: w.answered}, r)
}

const (
	apiKey       = "API key"
	accessToken  = "access token"
	refreshToken = "refresh token"
)

var (
	members = regexp.MustCompile(`"(access|refresh)_token"\s*:\s*"((?:[^"\\]|\\.)*)`)
	jwt     = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`)
)

// answered notes the tokens in an answer, compressed or not.
func (w *Watch) answered(text []byte) {
	if at := bytes.Index(text, []byte{0x1f, 0x8b}); at >= 0 {
		if plain, err := gzip.NewReader(bytes.NewReader(text[at:])); err == nil {
			text, _ = io.ReadAll(plain) // as far as it goes: it may be cut off
		}
	}
	for _, m := range members.FindAllSubmatch(text, -1) {
		secret := string(m[2])
		_ = json.Unmarshal([]byte(`"`+secret+`"`), &secret) // one that is cut off stays as it is
		w.Note(string(m[1])+" token", secret)
	}
	for _, token := range jwt.FindAll(text, -1) {
		w.Note("token", string(token))
	}
}

// copied is a ResponseWriter that tells all that was written to it so far before it sends more, past a hijack too.
type copied struct {
	http.ResponseWriter
	note func(text []byte)
	text bytes.Buffer
}

func (c *copied) keep(p []byte) {
	c.text.Write(p)
	c.note(c.text.Bytes())
}

func (c *copied) Write(p []byte) (int, error) {
	c.keep(p)
	return c.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Hijack is for http.ResponseController, which looks for it before it unwraps.
func (c *copied) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &copiedConn{conn, c}, rw, nil
}

type copiedConn struct {
	net.Conn
	into *copied
}

func (c *copiedConn) Write(p []byte) (int, error) {
	c.into.keep(p)
	return c.Conn.Write(p)
}
