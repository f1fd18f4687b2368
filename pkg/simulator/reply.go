package simulator

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// Reply is an answer as it is sent, before any compression.
type Reply struct {
	Status int
	Header http.Header // Content-Length is added to it
	Body   []byte

	// stream writes a long body in place of Body, in chunks and with no Content-Length. It ends at the writer's error.
	stream func(io.Writer) error
}

func jsonReply(status int, body []byte) *Reply {
	return &Reply{
		Status: status,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:   body,
	}
}

func (r *Reply) clone() *Reply {
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &Reply{Status: cmp.Or(r.Status, http.StatusOK), Header: header, Body: slices.Clone(r.Body)}
}

// render puts a body that would be streamed into Body.
func (r *Reply) render() {
	if r.stream == nil {
		return
	}
	var body bytes.Buffer
	_ = r.stream(&body) // a Buffer takes everything
	r.Body, r.stream = body.Bytes(), nil
}

// compress makes the body gzip, unless it has an encoding already.
func (r *Reply) compress() {
	if r.Header.Get("Content-Encoding") != "" || (len(r.Body) == 0 && r.stream == nil) {
		return
	}
	whole := r.stream
	if whole == nil {
		body := r.Body
		whole = func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		}
	}
	packed := &Reply{stream: func(w io.Writer) error { return pack(w, whole) }}
	if r.stream == nil {
		packed.render()
	}
	r.Body, r.stream = packed.Body, packed.stream
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Add("Vary", "Accept-Encoding")
}

func pack(w io.Writer, write func(io.Writer) error) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(write(z), z.Close())
}

// send sends an answer. It fails where the client is gone, and there is nobody to tell.
func send(w http.ResponseWriter, r *Reply) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	if r.stream == nil && len(r.Body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	if r.stream != nil {
		_ = r.stream(w)
		return
	}
	_, _ = w.Write(r.Body)
}

// drop closes the connection.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the server closes it then
	}
	_ = conn.Close()
}

// sendCut sends the first bytes of a body and closes the connection.
func sendCut(w http.ResponseWriter, r *Reply, cut Cut, at int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	r.render()
	header := r.Header.Clone()
	switch cut {
	case CutSized:
		header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	case CutChunked:
		header.Set("Transfer-Encoding", "chunked")
	}
	header.Set("Connection", "close")
	out := bufio.NewWriter(conn) // it keeps an error, which only says that the client is gone
	_, _ = fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", r.Status, http.StatusText(r.Status))
	_ = header.Write(out)
	_, _ = out.WriteString("\r\n")
	part := r.Body[:max(0, min(at, len(r.Body)))]
	if cut == CutChunked && len(part) > 0 {
		_, _ = fmt.Fprintf(out, "%x\r\n%s\r\n", len(part), part)
	} else {
		_, _ = out.Write(part)
	}
	_ = out.Flush()
}
