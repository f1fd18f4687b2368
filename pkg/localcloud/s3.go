package localcloud

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// defaultContentType is what S3 says of an object that was stored without a type.
const defaultContentType = "binary/octet-stream"

// s3Service answers S3 requests.
type s3Service struct {
	objects *objects
	now     func() time.Time
	newID   func() string
	log     *slog.Logger
	count   func(operation string)
}

// s3Request is a request that is understood: an operation on a bucket or an object.
type s3Request struct {
	*http.Request
	s3Operation
	bucket, key string // key is empty where the operation is the bucket's
	values      url.Values
}

// s3Operation says what a request of its name may carry; whatever else it carries is refused.
type s3Operation struct {
	name    string
	query   []string // parameters
	headers []string // x-amz- headers and those that change what happens; one that ends in "-" stands for all that begin so
	serve   func(*s3Service, http.ResponseWriter, *s3Request) error
}

func (s *s3Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.newID()
	w.Header().Set("X-Amz-Request-Id", id)
	request, err := parseS3(r)
	operation := "unsupported"
	if err == nil {
		operation = request.name
	}
	s.count("s3:" + operation)
	if err == nil {
		err = request.serve(s, w, request)
	}
	if err != nil {
		s.writeError(w, r, id, err)
	}
	s.log.Debug("s3 request", "operation", operation, "method", r.Method, "path", r.URL.Path, "id", id, "error", err)
}

// parseS3 understands a request, or says what is wrong with it.
func parseS3(r *http.Request) (*s3Request, error) {
	if err := checkS3Signed(r.Header); err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &s3Error{status: 400, Code: "InvalidURI", Message: "The query cannot be read: " + err.Error() + "."}
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // "/bucket/" is the bucket
	operation, ok := operationOf(r.Method, bucket, key, values)
	if !ok {
		return nil, notImplemented(r.Method + " of " + subject(bucket, key) + queryNames(values))
	}
	request := &s3Request{Request: r, s3Operation: operation, bucket: bucket, key: key, values: values}
	if err := request.check(); err != nil {
		return nil, err
	}
	return request, nil
}

func checkS3Signed(h http.Header) error {
	err := checkSigned(h, "s3")
	switch {
	case errors.Is(err, errUnsigned):
		return &s3Error{status: 403, Code: "AccessDenied", Message: "Access Denied: " + err.Error() + "."}
	case err != nil:
		return &s3Error{status: 400, Code: "AuthorizationHeaderMalformed", Message: err.Error() + "."}
	case h.Get("X-Amz-Content-Sha256") == "":
		return invalidRequest("Missing required header for this request: x-amz-content-sha256")
	}
	return nil
}

func subject(bucket, key string) string {
	switch {
	case key != "":
		return "an object"
	case bucket != "":
		return "a bucket"
	}
	return "the list of buckets"
}

// queryNames names what was asked for, such as "?acl".
func queryNames(values url.Values) string {
	if len(values) == 0 {
		return ""
	}
	return " with ?" + strings.Join(slices.Sorted(maps.Keys(values)), "&")
}

func operationOf(method, bucket, key string, values url.Values) (s3Operation, bool) {
	switch {
	case key != "":
		return objectOperation(method)
	case bucket == "":
		return s3Operation{}, false
	case method == http.MethodPut:
		return s3Operation{name: "CreateBucket", serve: (*s3Service).createBucket}, true
	case method == http.MethodHead:
		return s3Operation{name: "HeadBucket", serve: (*s3Service).headBucket}, true
	case method == http.MethodGet && values.Get("list-type") == "2":
		return s3Operation{name: "ListObjectsV2", serve: (*s3Service).listObjects, query: []string{
			"list-type", "prefix", "delimiter", "start-after", "max-keys", "continuation-token", "encoding-type",
		}}, true
	}
	return s3Operation{}, false
}

func objectOperation(method string) (s3Operation, bool) {
	switch method {
	case http.MethodPut:
		return s3Operation{name: "PutObject", serve: (*s3Service).putObject, headers: []string{
			"if-match", "if-none-match", "content-encoding", "content-md5",
			"x-amz-meta-", "x-amz-checksum-", "x-amz-sdk-checksum-algorithm",
		}}, true
	case http.MethodGet:
		return s3Operation{name: "GetObject", serve: (*s3Service).getObject, headers: []string{
			"if-match", "if-none-match", "range", "x-amz-checksum-mode",
		}}, true
	case http.MethodHead:
		return s3Operation{name: "HeadObject", serve: (*s3Service).getObject, headers: []string{
			"if-match", "if-none-match", "x-amz-checksum-mode",
		}}, true
	case http.MethodDelete:
		return s3Operation{name: "DeleteObject", serve: (*s3Service).deleteObject}, true
	}
	return s3Operation{}, false
}

// check refuses parameters and headers that the operation does not know, and keys and buckets that cannot be.
func (r *s3Request) check() error {
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		given := r.values[name]
		switch {
		case name == "x-id" && given[0] == r.name: // the SDK's own name for the operation
		case !slices.Contains(r.query, name):
			return notImplemented(r.name + " with the query parameter " + name)
		case len(given) > 1:
			return invalidArgument(name, strings.Join(given, ","), "The query parameter is given more than once.")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name := strings.ToLower(name); meansSomething(name) && !r.takes(name) {
			e := notImplemented(r.name + " with the header " + name)
			e.Header = name
			return e
		}
	}
	if err := checkBucket(r.bucket); err != nil {
		return err
	}
	if r.key != "" {
		return checkKey(r.key)
	}
	return nil
}

// meansSomething says that a header, spelt in lower case, changes what S3 does.
func meansSomething(header string) bool {
	switch header {
	case "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-user-agent":
		return false // of the signature, or of no consequence
	case "range", "cache-control", "expires", "content-md5", "content-encoding", "content-disposition", "content-language":
		return true
	}
	return strings.HasPrefix(header, "x-amz-") || strings.HasPrefix(header, "if-")
}

func (r *s3Request) takes(header string) bool {
	return slices.ContainsFunc(r.headers, func(known string) bool {
		return header == known || strings.HasSuffix(known, "-") && strings.HasPrefix(header, known)
	})
}
