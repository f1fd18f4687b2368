package swagger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	// Start is where a yard tells its reference, below its URL (page "Getting API Access & Authentication").
	Start = "/api/v1/swagger"

	maxRequests = 8
)

// What is asked next: descriptions before pages, pages before scripts.
const (
	document = iota
	page
	script
	kinds
)

// reader looks for a yard's descriptions.
type reader struct {
	fetch Fetch
	yard  *url.URL
	found *Reference

	left      int // requests
	seen      map[string]bool
	queue     [kinds][]string
	elsewhere []string
	faults    []error
}

// Read finds and reads the reference of the yard at that URL, in at most 8 requests to the yard's host. Where several
// descriptions are named, it reads them all.
//
// The error is a *StatusError where the yard does not hand it out, a *NotFoundError where what it answers leads to
// none, or fetch's own. Beside what could be read, what could not is in the Reference's Notes.
func Read(ctx context.Context, yard string, fetch Fetch) (*Reference, error) {
	base, err := url.Parse(yard)
	if err != nil {
		return nil, fmt.Errorf("the yard's url: %w", err)
	}
	r := &reader{fetch: fetch, yard: base, found: &Reference{}, left: maxRequests, seen: map[string]bool{}}
	start := base.EscapedPath() + Start
	r.want(page, start)
	for path, kind, ok := r.next(); ok; path, kind, ok = r.next() {
		if err := r.visit(ctx, path, kind); err != nil {
			r.faults = append(r.faults, err)
		}
		if ctx.Err() != nil {
			return nil, errors.Join(r.faults...)
		}
	}
	return r.result(start)
}

func (r *reader) result(start string) (*Reference, error) {
	switch {
	case len(r.found.Sources) > 0:
		for _, fault := range r.faults {
			r.found.Notes = append(r.found.Notes, fault.Error())
		}
		for _, host := range r.elsewhere {
			r.found.Notes = append(r.found.Notes, "a description at "+host+" is not asked: it is another host")
		}
		return r.found, nil
	case len(r.faults) == 1 && len(r.elsewhere) == 0:
		return nil, r.faults[0]
	default:
		return nil, &NotFoundError{Path: start, Elsewhere: r.elsewhere, Faults: r.faults}
	}
}

func (r *reader) want(kind int, path string) {
	if !r.seen[path] {
		r.seen[path] = true
		r.queue[kind] = append(r.queue[kind], path)
	}
}

// next is what to ask now. Once there is a description, only others that were named beside it are asked.
func (r *reader) next() (path string, kind int, ok bool) {
	for kind, paths := range r.queue {
		switch {
		case len(paths) == 0:
			continue
		case kind != document && len(r.found.Sources) > 0:
			return "", 0, false
		case r.left == 0:
			r.faults = append(r.faults, fmt.Errorf("%s was not asked: %d requests led no further", paths[0], maxRequests))
			return "", 0, false
		}
		r.left--
		r.queue[kind] = paths[1:]
		return paths[0], kind, true
	}
	return "", 0, false
}

func (r *reader) visit(ctx context.Context, path string, kind int) error {
	answer, err := r.fetch(ctx, path)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return &StatusError{Path: path, Status: answer.Status}
	}
	if answer.Path == "" {
		answer.Path = path
	}
	described, err := parse(answer.Body)
	switch {
	case errors.Is(err, errNoDescription):
		return r.follow(answer, kind)
	case err != nil:
		return fmt.Errorf("%s: %w", answer.Path, err)
	}
	r.found.take(described, answer.Path, r.yard)
	return nil
}

// follow notes where an answer that is no description leads.
func (r *reader) follow(answer Answer, kind int) error {
	from, err := r.yard.Parse(answer.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", answer.Path, err)
	}
	named := findLinks(string(answer.Body))
	for _, at := range named.documents {
		r.lead(document, from, at)
	}
	if kind != page {
		if len(named.documents) == 0 && kind == document {
			return fmt.Errorf("%s is no description", answer.Path)
		}
		return nil
	}
	for _, at := range named.pages {
		r.lead(page, from, at)
	}
	for _, at := range named.scripts {
		r.lead(script, from, at)
	}
	return nil
}

// lead notes one address, if it is the yard's. Only its path is kept: it is always the yard that is asked.
func (r *reader) lead(kind int, from *url.URL, at string) {
	target, err := from.Parse(at)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" {
		return
	}
	if !sameServer(target, r.yard) {
		host := target.Scheme + "://" + target.Host
		if kind != script && !slices.Contains(r.elsewhere, host) { // viewers load their libraries from anywhere
			r.elsewhere = append(r.elsewhere, host)
		}
		return
	}
	path := target.EscapedPath()
	if path == "" {
		path = "/"
	}
	if target.RawQuery != "" {
		path += "?" + target.RawQuery
	}
	r.want(kind, path)
}

// sameServer compares host and port. A server behind a proxy often takes itself for plain http: of the schemes' own
// ports one is as good as the other.
func sameServer(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "80" && p != "443" {
			return p
		}
		return ""
	}
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}
