package localcloud_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestWhatIsNotBuiltIsRefusedByName(t *testing.T) {
	w := newWorld(t)
	w.put("k", "v", nil)
	object, folder := "/"+bucket+"/k", "/"+bucket
	for _, c := range []struct {
		method, path, header, names string
	}{
		{http.MethodGet, "/", "", "list of buckets"},
		{http.MethodGet, folder, "", "GET of a bucket"}, // ListObjects, version 1
		{http.MethodGet, folder + "?location", "", "location"},
		{http.MethodGet, folder + "?list-type=2&fetch-owner=true", "", "fetch-owner"},
		{http.MethodDelete, folder, "", "DELETE of a bucket"},
		{http.MethodPost, folder + "?delete", "", "delete"},
		{http.MethodPut, folder + "?versioning", "", "versioning"},
		{http.MethodPut, folder, "X-Amz-Acl: public-read", "x-amz-acl"},
		{http.MethodPost, object + "?uploads", "", "uploads"},
		{http.MethodPut, object + "?partNumber=1&uploadId=x", "", "partNumber"},
		{http.MethodPut, object + "?tagging", "", "tagging"},
		{http.MethodPut, object + "?x-id=CopyObject", "", "x-id"},
		{http.MethodPut, object, "X-Amz-Copy-Source: /a/b", "x-amz-copy-source"},
		{http.MethodPut, object, "X-Amz-Acl: private", "x-amz-acl"},
		{http.MethodPut, object, "X-Amz-Server-Side-Encryption: aws:kms", "x-amz-server-side-encryption"},
		{http.MethodPut, object, "X-Amz-Tagging: a=b", "x-amz-tagging"},
		{http.MethodPut, object, "X-Amz-Trailer: x-amz-checksum-crc32", "x-amz-trailer"},
		{http.MethodPut, object, "Cache-Control: no-cache", "cache-control"},
		{http.MethodPut, object, "Content-Disposition: inline", "content-disposition"},
		{http.MethodPut, object, "If-Modified-Since: Mon, 23 Nov 2026 05:00:00 GMT", "if-modified-since"},
		{http.MethodPut, object, "Content-Encoding: aws-chunked", "aws-chunked"},
		{http.MethodGet, object + "?acl", "", "acl"},
		{http.MethodGet, object + "?versionId=1", "", "versionId"},
		{http.MethodGet, object + "?response-content-type=text/plain", "", "response-content-type"},
		{http.MethodGet, object, "If-Unmodified-Since: Mon, 23 Nov 2026 05:00:00 GMT", "if-unmodified-since"},
		{http.MethodGet, object, "If-Match: \"a\", \"b\"", "several ETags"},
		{http.MethodDelete, object, "If-Match: \"a\"", "if-match"},
		{http.MethodDelete, object + "?versionId=1", "", "versionId"},
		{http.MethodPatch, object, "", "PATCH of an object"},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{c.header}
		}
		status, answer := w.raw(c.method, c.path, "", headers...)
		refused := status == http.StatusNotImplemented && strings.Contains(answer, "<Code>NotImplemented</Code>")
		if !refused || !strings.Contains(answer, c.names) {
			t.Errorf("%s %s %s: got %d %s, want a refusal that says %q", c.method, c.path, c.header, status, answer, c.names)
		}
	}
	if g := w.get("k"); g.body != "v" {
		t.Errorf("a refused request left %q", g.body)
	}
}

func TestTheSDKsRefusedCallsReachItsCaller(t *testing.T) {
	w := newWorld(t)
	_, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("k"), CopySource: aws.String("a/b")})
	wantCode(t, err, "NotImplemented", "x-id")
	in := putInput("k", "v")
	in.StorageClass = types.StorageClassGlacier
	_, err = w.s3.PutObject(t.Context(), in)
	wantCode(t, err, "NotImplemented", "x-amz-storage-class")
	_, err = w.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String("k")})
	wantCode(t, err, "NotImplemented", "uploads")
}

func TestMalformedRequests(t *testing.T) {
	w := newWorld(t)
	w.put("k", "v", nil)
	object := "/" + bucket + "/k"
	streaming := []string{"X-Amz-Content-Sha256: ", "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
	for _, c := range []struct {
		name, method, path string
		headers            []string
		status             int
		code               string
	}{
		{"no signature", http.MethodGet, object, []string{"Authorization: "}, 403, "AccessDenied"},
		{"another scheme", http.MethodGet, object, []string{"Authorization: ",
			"Authorization: Basic dGVzdA=="}, 400, "AuthorizationHeaderMalformed"},
		{"half a signature", http.MethodGet, object, []string{"Authorization: ",
			"Authorization: AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/s3/aws4_request"}, 400, "AuthorizationHeaderMalformed"},
		{"a signature for another service", http.MethodGet, object, []string{"Authorization: ",
			"Authorization: " + authorization("secretsmanager")}, 400, "AuthorizationHeaderMalformed"},
		{"no payload hash", http.MethodGet, object, []string{"X-Amz-Content-Sha256: "}, 400, "InvalidRequest"},
		{"a chunked body", http.MethodPut, object, []string{"Transfer-Encoding: chunked"}, 411, "MissingContentLength"},
		{"a streaming signature", http.MethodPut, object, streaming, 501, "NotImplemented"},
		{"a parameter twice", http.MethodGet, "/" + bucket + "?list-type=2&prefix=a&prefix=b", nil, 400, "InvalidArgument"},
		{"a bad escape in the query", http.MethodGet, "/" + bucket + "?list-type=2&prefix=%zz", nil, 400, "InvalidURI"},
		{"a bucket that cannot be", http.MethodPut, "/Bucket/k", nil, 400, "InvalidBucketName"},
		{"a checksum mode", http.MethodGet, object, []string{"X-Amz-Checksum-Mode: on"}, 400, "InvalidArgument"},
		{"an unknown bucket configuration", http.MethodPut, "/new-bucket", nil, 400, "MalformedXML"},
	} {
		status, answer := w.raw(c.method, c.path, "body", c.headers...)
		if status != c.status || !strings.Contains(answer, "<Code>"+c.code+"</Code>") || !strings.Contains(answer, "<RequestId>") {
			t.Errorf("%s: got %d %s, want %d %s", c.name, status, answer, c.status, c.code)
		}
	}
	status, answer := w.raw(http.MethodPut, "/new-bucket", "<CreateBucketConfiguration><Tags/></CreateBucketConfiguration>")
	if status != http.StatusNotImplemented || !strings.Contains(answer, "Tags") {
		t.Errorf("a bucket with tags: %d %s", status, answer)
	}
}

func TestKeysThatCannotBeFilesAreRefused(t *testing.T) {
	w := newWorld(t)
	for key, says := range map[string]string{
		"a//b": "empty part", "/a": "empty part", "a/": "empty part",
		"../a": `part "..`, "a/../b": `part "..`, "a/./b": `part "."`,
		"..": `part "..`, "a\x00b": "control character", "a\nb": "control character", "a\xffb": "UTF-8",
		strings.Repeat("x", 256): "255 bytes", strings.Repeat("x/", 512) + "x": "1024 bytes",
	} {
		_, err := w.s3.PutObject(t.Context(), putInput(key, "v"))
		code := "InvalidArgument"
		if len(key) > 1024 {
			code = "KeyTooLongError"
		}
		wantCode(t, err, code, says)
		wantCode(t, w.getError(key), code, says)
	}
	w.put(strings.Repeat("x", 255)+"/"+strings.Repeat("y", 255), "the longest parts", nil)
	w.put("..a/b../...", "dots alone are no fault", nil)
}

func TestAKeyThatIsAFolderOfAnother(t *testing.T) {
	w := newWorld(t)
	w.put("a", "file", nil)
	w.put("b/c", "file", nil)
	for _, key := range []string{"a/b", "a/b/c", "b"} {
		_, err := w.s3.PutObject(t.Context(), putInput(key, "v"))
		wantCode(t, err, "InvalidArgument", "folder")
		wantCode(t, w.getError(key), "NoSuchKey", "")
		w.check(w.delete(key))
	}
	if w.get("a").body != "file" || w.get("b/c").body != "file" {
		t.Error("the objects that were there first have changed")
	}
	if left, _ := w.names("tmp"); len(left) != 0 {
		t.Errorf("temporary files stay: %q", left)
	}
}
