package localcloud

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// s3Error is an answer of S3 that tells what is wrong. Its fields are the members of the XML body; a client acts on
// Code.
type s3Error struct {
	XMLName       xml.Name `xml:"Error"`
	status        int
	Code          string
	Message       string
	Key           string `xml:",omitempty"`
	BucketName    string `xml:",omitempty"`
	Condition     string `xml:",omitempty"`
	Header        string `xml:",omitempty"`
	ArgumentName  string `xml:",omitempty"`
	ArgumentValue string `xml:",omitempty"`
	RequestID     string `xml:"RequestId"`
}

func (e *s3Error) Error() string { return e.Code + ": " + e.Message }

func noSuchKey(key string) error {
	return &s3Error{status: 404, Code: "NoSuchKey", Message: "The specified key does not exist.", Key: key}
}

func isNoSuchKey(err error) bool {
	e, ok := errors.AsType[*s3Error](err)
	return ok && e.Code == "NoSuchKey"
}

func noSuchBucket(bucket string) error {
	return &s3Error{status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist", BucketName: bucket}
}

func keyInTheWay(key string) error {
	return &s3Error{status: 400, Code: "InvalidArgument", Key: key, ArgumentName: "key",
		Message: "This key cannot be kept as a file: another object's key is a folder of it, or the other way round."}
}

func preconditionFailed(header string) error {
	return &s3Error{status: 412, Code: "PreconditionFailed", Condition: header,
		Message: "At least one of the pre-conditions you specified did not hold"}
}

// notImplemented refuses what is not built here; what names it.
func notImplemented(what string) *s3Error {
	return &s3Error{status: 501, Code: "NotImplemented", Message: "The local S3 has no " + what + "."}
}

func invalidRequest(format string, args ...any) error {
	return &s3Error{status: 400, Code: "InvalidRequest", Message: fmt.Sprintf(format, args...)}
}

func invalidArgument(name, value, message string) error {
	return &s3Error{status: 400, Code: "InvalidArgument", Message: message, ArgumentName: name, ArgumentValue: value}
}

// writeError answers an error; what is no *s3Error is InternalError, which clients try again.
func (s *s3Service) writeError(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	e, ok := errors.AsType[*s3Error](err)
	if !ok {
		s.log.Error("the local S3 failed", "method", r.Method, "path", r.URL.Path, "error", err)
		e = &s3Error{status: 500, Code: "InternalError", Message: err.Error()}
	}
	if r.Method == http.MethodHead || e.status == http.StatusNotModified { // neither has a body
		w.WriteHeader(e.status)
		return
	}
	answer := *e
	answer.RequestID = requestID
	s.writeXML(w, e.status, answer)
}

func (s *s3Service) writeXML(w http.ResponseWriter, status int, body any) {
	text, err := xml.Marshal(body)
	if err != nil {
		s.log.Error("an answer of the local S3 is no XML", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if _, err := w.Write(append([]byte(xml.Header), text...)); err != nil {
		s.log.Debug("the client did not take the answer", "error", err)
	}
}
