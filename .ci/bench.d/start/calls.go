package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// call is a call to AWS, as .ci/bench.d/empty makes it again.
type call struct {
	Operation, Key, After string
	Size                  int
}

// counter serves AWS and notes the calls. It is safe for concurrent use.
type counter struct {
	http.Handler
	mu    sync.Mutex
	calls []call
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	made := describe(r)
	c.mu.Lock()
	c.calls = append(c.calls, made)
	c.mu.Unlock()
	c.Handler.ServeHTTP(w, r)
}

// take answers the calls since it was asked last.
func (c *counter) take() []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := c.calls
	c.calls = nil
	return made
}

func describe(r *http.Request) call {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ := strings.Cut(target, ".")
		return call{Operation: operation, Key: secretOf(r)}
	}
	key := strings.TrimPrefix(r.URL.Path, "/"+bucket+"/")
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPut:
		return call{Operation: "PutObject", Key: key, Size: int(r.ContentLength)}
	case query.Has("list-type"):
		return call{Operation: "ListObjectsV2", Key: query.Get("prefix"), After: query.Get("start-after")}
	case r.Method == http.MethodGet:
		return call{Operation: "GetObject", Key: key}
	}
	return call{Operation: r.Method, Key: key}
}

// secretOf is the secret that a request names. The request can be read again.
func secretOf(r *http.Request) string {
	var in struct{ SecretId string }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		return err.Error() // the program that makes the call again will tell
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return in.SecretId
}

// again are the same calls for another program, which does no harm by them: what it puts goes elsewhere.
func again(calls []call) (string, error) {
	var others []call
	for _, c := range calls {
		if c.Operation == "PutObject" {
			c.Key = "empty/" + c.Key
		}
		others = append(others, c)
	}
	text, err := json.Marshal(others)
	return string(text), err
}
