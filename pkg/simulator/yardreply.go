package simulator

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// envelope is what every answer but a listing's is wrapped in.
type envelope struct {
	IsError int
	Message string
	Data    json.RawMessage
}

// refusal is an error as the vendor tells it.
func refusal(status int, message string) *Reply {
	body, err := json.Marshal(envelope{IsError: 1, Message: message, Data: json.RawMessage("null")})
	if err != nil { // a string always marshals
		panic(err)
	}
	return jsonReply(status, body)
}

func notFound() *Reply { return refusal(http.StatusNotFound, "The requested resource was not found.") }

// only lets one method pass.
func only(method string, c *call, serve func(*call) *Reply) *Reply {
	if c.Method == method {
		return serve(c)
	}
	reply := refusal(http.StatusMethodNotAllowed, "The method "+c.Method+" is not allowed here.")
	reply.Header.Set("Allow", method)
	return reply
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
	return &Reply{Status: or(r.Status, http.StatusOK), Header: header, Body: slices.Clone(r.Body)}
}

// compress makes the body gzip, unless it has an encoding already.
func (r *Reply) compress() {
	if r.Header.Get("Content-Encoding") != "" || len(r.Body) == 0 {
		return
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil { // the level is a valid one
		panic(err)
	}
	_, _ = z.Write(r.Body) // a Buffer takes everything
	_ = z.Close()
	r.Body = packed.Bytes()
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Add("Vary", "Accept-Encoding")
}

func send(w http.ResponseWriter, r *Reply) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	if len(r.Body) == 0 {
		w.WriteHeader(r.Status)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // it fails where the client is gone, and there is nobody to tell
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
	header := r.Header.Clone()
	switch cut {
	case CutSized:
		header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	case CutChunked:
		header.Set("Transfer-Encoding", "chunked")
	}
	header.Set("Connection", "close")
	out := bufio.NewWriter(conn)
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", r.Status, http.StatusText(r.Status))
	_ = header.Write(out) // here and below: out keeps an error, which only says that the client is gone
	_, _ = out.WriteString("\r\n")
	part := r.Body[:max(0, min(at, len(r.Body)))]
	if cut == CutChunked && len(part) > 0 {
		fmt.Fprintf(out, "%x\r\n%s\r\n", len(part), part)
	} else {
		_, _ = out.Write(part)
	}
	_ = out.Flush()
}
