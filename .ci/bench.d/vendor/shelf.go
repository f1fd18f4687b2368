package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// shelf keeps the answers of the vendors that stand behind it. It is safe for concurrent use.
type shelf struct {
	mu    sync.Mutex
	pages map[string]*page // by path and query in order
	made  int              // answers that a vendor had to make, of all methods
	sent  int64            // bytes of bodies from the shelf
	asked int              // requests answered from the shelf
}

// page is an answer, and the http.ResponseWriter that it is made through.
type page struct {
	status int
	header http.Header
	body   bytes.Buffer
	place  int // in the order of first asking
}

func (p *page) Header() http.Header            { return p.header }
func (p *page) WriteHeader(status int)         { p.status = status }
func (p *page) Write(part []byte) (int, error) { return p.body.Write(part) }

func newShelf() *shelf { return &shelf{pages: map[string]*page{}} }

// before answers what was asked before from the shelf, and has a vendor answer everything else. A GET that carries
// a credential is shelved if it went well.
func (s *shelf) before(vendor http.Handler, credential string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get(credential) == "" {
			s.count()
			vendor.ServeHTTP(w, r)
			return
		}
		name := r.URL.Path + "?" + r.URL.Query().Encode()
		p := s.find(name)
		if p == nil {
			s.count()
			p = &page{status: http.StatusOK, header: http.Header{}}
			vendor.ServeHTTP(p, r)
			s.keep(name, p)
		}
		maps.Copy(w.Header(), p.header)
		w.Header().Set("Content-Length", strconv.Itoa(p.body.Len()))
		w.WriteHeader(p.status)
		_, _ = w.Write(p.body.Bytes()) // a client that is gone is its own matter
	})
}

func (s *shelf) find(name string) *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pages[name]
	if p != nil {
		s.asked, s.sent = s.asked+1, s.sent+int64(p.body.Len())
	}
	return p
}

func (s *shelf) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
}

func (s *shelf) keep(name string, p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.status == http.StatusOK {
		p.place = len(s.pages)
		s.pages[name] = p
	}
}

// ServeHTTP tells what lies on the shelf, in the order of first asking, and how often a vendor had to be asked.
func (s *shelf) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	type shelved struct {
		Name  string `json:"name"`
		Bytes int    `json:"bytes"`
	}
	s.mu.Lock()
	names := slices.SortedFunc(maps.Keys(s.pages), func(a, b string) int { return s.pages[a].place - s.pages[b].place })
	pages := make([]shelved, len(names))
	for i, name := range names {
		pages[i] = shelved{name, s.pages[name].body.Len()}
	}
	told := map[string]any{"pages": pages, "made": s.made, "asked": s.asked, "sent": s.sent}
	s.mu.Unlock()
	if err := json.NewEncoder(w).Encode(told); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
