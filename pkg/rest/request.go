package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Request is one call. However it is printed or logged it shows its method and path only.
type Request struct {
	Method string      // GET or POST; empty: GET
	Path   string      // below the BaseURL, with "%2F" for a "/" inside a name; begins with one "/" and holds no ".."
	Query  url.Values  // sent in the order of its names
	Header http.Header // may hold secrets
	Form   url.Values  // body of a POST; may hold secrets
	// Once says that the server may see this request at most once: it is repeated only when the connection was never
	// made. Not after a 429 either: that the server did nothing then is its word alone. It is sent over a new connection, since one kept alive may turn out to be dead only
	// after the request was written. No redirect is followed.
	Once bool
	// Into takes the body of a 2xx answer as it arrives, in place of Response.Body, for answers too large to be held.
	// It is called once for each attempt that gets so far, and begins anew each time. An error of its own is final and
	// comes out of Do as it is; one of the body's reading is a *TransportError, and the request is repeated.
	Into func(h http.Header, body io.Reader) error
	// Buffer takes the body of a 2xx answer in place of new memory, and what it held is gone. Response.Body is good until
	// its next use.
	Buffer *bytes.Buffer
	// Token marks a call that sends or fetches credentials: no redirect is followed.
	Token bool
}

// String is the method and path.
func (r Request) String() string { return r.method() + " " + r.Path }

// Format prints the method and path for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is the method and path.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// Response is a whole answer. Its body may hold secrets: however it is printed or logged it shows status and size only.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // decompressed; a byte order mark is left where it was
}

// String is the status and the size of the body.
func (r Response) String() string { return fmt.Sprintf("%d, %d bytes", r.Status, len(r.Body)) }

// Format prints the status and the size of the body for every verb.
func (r Response) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is the status and the size of the body.
func (r Response) LogValue() slog.Value { return slog.StringValue(r.String()) }

// call is a Request on its way: its URL changes with redirects.
type call struct {
	Request
	veil *Veil
	base *url.URL
	url  *url.URL
	hops int
	sent int // requests sent for it so far
}

func (c *Client) prepare(r Request) (*call, error) {
	path, err := parsePath(r.Path)
	if err = errors.Join(err, r.check()); err != nil {
		return nil, fmt.Errorf("request %s: %w", r, err)
	}
	r.Method = r.method()
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Del("Accept-Encoding") // the transport decompresses only what it asked for itself
	if c.userAgent != "" && r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", c.userAgent)
	}
	if len(r.Form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	u := *c.base
	u.Path, u.RawPath = c.base.Path+path, c.base.EscapedPath()+escape(r.Path)
	u.RawQuery = r.Query.Encode()
	c.veil.cover(&r)
	return &call{Request: r, veil: c.veil, base: c.base, url: &u}, nil
}

// escape escapes what may not stand in a URL's path, and leaves what is escaped already.
func escape(path string) string {
	var out strings.Builder
	for _, b := range []byte(path) {
		if b <= ' ' || b >= 0x7f || strings.IndexByte("\"<>^`{|}", b) >= 0 {
			fmt.Fprintf(&out, "%%%02X", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}

func (r Request) check() error {
	var faults []error
	if m := r.method(); m != http.MethodGet && m != http.MethodPost {
		faults = append(faults, fmt.Errorf("the method is %q; expected GET or POST", m))
	} else if m == http.MethodGet && len(r.Form) > 0 {
		faults = append(faults, errors.New("a GET has a form; expected POST"))
	}
	for name, values := range r.Header {
		if name == "" || strings.ContainsFunc(name, notToken) {
			faults = append(faults, fmt.Errorf("%q is no header name", name))
		}
		if slices.ContainsFunc(values, func(v string) bool { return strings.ContainsFunc(v, unicode.IsControl) }) {
			faults = append(faults, fmt.Errorf("the value of header %s holds a line break or another control character; "+
				"expected one line of text", name))
		}
	}
	return errors.Join(faults...)
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// httpRequest is the call as net/http sends it. Its body cannot be rewound, not even the empty one of a GET: the
// transport would otherwise send it again by itself on a connection that died, unseen by pace and count.
func (c *call) httpRequest(ctx context.Context) *http.Request {
	req := &http.Request{Method: c.Method, URL: c.url, Host: c.url.Host, Header: c.Header}
	form := c.Form.Encode()
	switch {
	case form != "" || c.Method == http.MethodGet:
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
	default:
		req.Body = http.NoBody
	}
	return req.WithContext(ctx)
}

func parseBase(text string) (*url.URL, error) {
	refuse := func(found string) (*url.URL, error) {
		return nil, fmt.Errorf("the base URL %s; expected https://host[:port][/base]", found)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text would repeat the URL, which may hold a password
		return refuse("cannot be read")
	case u.User != nil:
		return refuse("holds a user or password")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse(fmt.Sprintf("has the scheme %q", u.Scheme))
	case u.Hostname() == "" || u.Opaque != "":
		return refuse("has no host")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return refuse(fmt.Sprintf("is plain http to %s, which is no loopback address", u.Host))
	case u.RawQuery != "" || u.ForceQuery:
		return refuse("holds a query")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return refuse("holds a fragment")
	case u.Path != "":
		if _, err := parsePath(u.EscapedPath()); err != nil {
			return refuse("has a bad path: " + err.Error())
		}
	}
	bare := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	bare.RawPath = strings.TrimRight(u.RawPath, "/")
	return bare, nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// parsePath unescapes a path and refuses one that could lead away from the base, however its dots are spelt.
func parsePath(escaped string) (string, error) {
	path, err := url.PathUnescape(escaped)
	isSlash := func(r rune) bool { return r == '/' || r == '\\' } // some servers take both
	switch {
	case err != nil:
		return "", fmt.Errorf("the path %q is escaped wrongly", escaped)
	case !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"):
		return "", fmt.Errorf(`the path %q is not relative to the base URL; expected one "/" at its beginning`, escaped)
	case strings.ContainsAny(escaped, "?#"):
		return "", fmt.Errorf("the path %q holds a query or fragment", escaped)
	case strings.ContainsRune(path, '\\') || strings.ContainsFunc(path, unicode.IsControl):
		return "", fmt.Errorf("the path %q holds a backslash or control character", escaped)
	case slices.Contains(strings.FieldsFunc(path, isSlash), ".."):
		return "", fmt.Errorf(`the path %q holds ".."`, escaped)
	}
	return path, nil
}
