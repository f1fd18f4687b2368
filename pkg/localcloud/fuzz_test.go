package localcloud

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"reflect"
	"testing"
)

// FuzzS3Request holds what the parser lets through to what the rest relies on: a known operation, and a bucket and a
// key that name a file inside the folder.
func FuzzS3Request(f *testing.F) {
	f.Add("PUT", "/bucket/a/b.json.gz", "x-id=PutObject", "If-None-Match", "*")
	f.Add("GET", "/bucket", "list-type=2&prefix=a%2F", "X-Amz-Acl", "private")
	f.Add("GET", "/bucket/../lock", "", "Range", "bytes=0-1")
	f.Add("HEAD", "/bucket//", "acl", "", "")
	f.Fuzz(func(t *testing.T, method, target, query, header, value string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: target, RawQuery: query}, Header: http.Header{}}
		r.Header.Set(header, value)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host, Signature=0")
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		request, err := parseS3(r)
		if err != nil {
			if _, ok := err.(*s3Error); !ok {
				t.Fatalf("an error that S3 has no name for: %v", err)
			}
			return
		}
		if request.name == "" || request.serve == nil || checkBucket(request.bucket) != nil {
			t.Fatalf("let through: %+v", request)
		}
		name := objectPath(request.bucket, request.key)
		if request.key == "" {
			name = bucketPath(request.bucket)
		}
		if !filepath.IsLocal(name) || path.Clean(name) != name {
			t.Fatalf("let through the name %q", name)
		}
	})
}

func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	f.Add("AWS4-HMAC-SHA256 Credential=,=,")
	f.Fuzz(func(t *testing.T, text string) {
		h := http.Header{"Authorization": {text}}
		if checkSigned(h, "s3") == nil && checkSigned(h, "other") == nil {
			t.Fatalf("%q is signed for two services", text)
		}
	})
}

func FuzzRange(f *testing.F) {
	f.Add("bytes=0-1", int64(10))
	f.Add("bytes=-5", int64(0))
	f.Add("bytes=5-", int64(4))
	f.Add("bytes=4611686018427387903-4611686018427387903", int64(1))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		r, err := rangeOf(header, size)
		if err == nil && (r.first < 0 || r.length < 0 || r.first+r.length > size || r.given && r.length == 0) {
			t.Fatalf("%q of %d bytes is %+v", header, size, r)
		}
	})
}

// FuzzListing checks that no token but one that was given out is taken, and that such a one comes back whole.
func FuzzListing(f *testing.F) {
	f.Add("prefix=a&max-keys=3&delimiter=%2F", "a/b")
	f.Add("continuation-token=AAAA&start-after=x", "")
	f.Fuzz(func(t *testing.T, query, last string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		page, _, err := listingOf("bucket", values)
		if err != nil {
			return
		}
		if page.MaxKeys < 0 || page.MaxKeys > maxListKeys {
			t.Fatalf("MaxKeys is %d", page.MaxKeys)
		}
		values.Set("continuation-token", page.token(last))
		_, after, err := listingOf("bucket", values)
		if last != "" && (err != nil || after != last) {
			t.Fatalf("a token for %q gives %q, %v", last, after, err)
		}
		page.Prefix += "x"
		if _, ok := page.openToken(values.Get("continuation-token")); ok {
			t.Fatal("a token was taken for another listing")
		}
	})
}

func FuzzSecretsInput(f *testing.F) {
	f.Add([]byte(`{"SecretId":"a","SecretString":"v","ClientRequestToken":"t","VersionStages":["A"]}`))
	f.Add([]byte(`{"SecretId":"a","SecretBinary":"dg==","secretid":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := decodeInput[putValueInput](body)
		if err != nil {
			return
		}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeInput[putValueInput](text)
		if err != nil || !reflect.DeepEqual(in, again) {
			t.Fatalf("%s reads as %+v, and %s as %+v, %v", body, in, text, again, err)
		}
	})
}
