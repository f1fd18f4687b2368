package localcloud_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func newRecorder(t *testing.T, h http.Handler, method, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w.Result()
}

type got struct {
	*s3.GetObjectOutput
	body string
}

func etagOf(body string) string {
	sum := md5.Sum([]byte(body))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func putInput(key, body string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(body)}
}

func (w *world) put(key, body string, metadata map[string]string) {
	w.t.Helper()
	in := putInput(key, body)
	in.Metadata = metadata
	_, err := w.s3.PutObject(w.t.Context(), in)
	w.check(err)
}

func (w *world) tryGet(in *s3.GetObjectInput) (got, error) {
	out, err := w.s3.GetObject(w.t.Context(), in)
	if err != nil {
		return got{}, err
	}
	body, err := io.ReadAll(out.Body)
	return got{out, string(body)}, errors.Join(err, out.Body.Close())
}

func (w *world) get(key string) got {
	w.t.Helper()
	g, err := w.tryGet(&s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	w.check(err)
	return g
}

func (w *world) getError(key string) error {
	_, err := w.tryGet(&s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	return err
}

func (w *world) delete(key string) error {
	_, err := w.s3.DeleteObject(w.t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key})
	return err
}

func TestAnObjectComesBackAsItWasPut(t *testing.T) {
	w := newWorld(t)
	in := putInput("scrunch/a b/ü+=%&?#/día=1/x.json.gz", "hello")
	in.ContentType, in.ContentEncoding = aws.String("application/x-ndjson"), aws.String("identity")
	in.Metadata = map[string]string{"rows": "3", "Fetched-At": "2026-11-23T05:00:00Z"}
	put, err := w.s3.PutObject(t.Context(), in)
	w.check(err)
	if *put.ETag != etagOf("hello") || aws.ToString(put.ChecksumCRC32) != "NhCmhg==" {
		t.Errorf("PutObject answered ETag %s and CRC32 %s", *put.ETag, aws.ToString(put.ChecksumCRC32))
	}
	if text := w.read(w.file("s3", bucket, *in.Key)); text != "hello" {
		t.Errorf("the file holds %q", text)
	}
	g := w.get(*in.Key)
	if g.body != "hello" || *g.ETag != etagOf("hello") || *g.ContentType != "application/x-ndjson" ||
		*g.ContentEncoding != "identity" || *g.ContentLength != 5 || !g.LastModified.Equal(start) ||
		aws.ToString(g.ChecksumCRC32) != "NhCmhg==" {
		t.Errorf("got %+v", g)
	}
	if diff := cmp.Diff(map[string]string{"rows": "3", "fetched-at": "2026-11-23T05:00:00Z"}, g.Metadata); diff != "" {
		t.Error(diff)
	}
	h, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: in.Key})
	w.check(err)
	if *h.ETag != *g.ETag || *h.ContentLength != 5 || !h.LastModified.Equal(start) || h.Metadata["rows"] != "3" {
		t.Errorf("HeadObject answered %+v", h)
	}
}

func TestAPutReplacesTheWholeObject(t *testing.T) {
	w := newWorld(t)
	w.put("k", "one", map[string]string{"a": "1"})
	w.set(start.Add(time.Hour))
	w.put("k", "two!", map[string]string{"b": "2"})
	g := w.get("k")
	if g.body != "two!" || !g.LastModified.Equal(start.Add(time.Hour)) || *g.ContentType != "application/octet-stream" {
		t.Errorf("got %+v", g)
	}
	if diff := cmp.Diff(map[string]string{"b": "2"}, g.Metadata); diff != "" {
		t.Error(diff)
	}
}

func TestAMissingObject(t *testing.T) {
	w := newWorld(t)
	_, isKey := errors.AsType[*types.NoSuchKey](w.getError("none/at/all"))
	if !isKey {
		t.Errorf("GetObject: %v", w.getError("none/at/all"))
	}
	_, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("none")})
	if _, ok := errors.AsType[*types.NotFound](err); !ok {
		t.Errorf("HeadObject: %v", err)
	}
	w.check(w.delete("none/x"))
}

func TestADeletedObjectIsGoneWithItsFolders(t *testing.T) {
	w := newWorld(t)
	w.put("a/b/c", "x", nil)
	w.check(w.delete("a/b/c"))
	wantCode(t, w.getError("a/b/c"), "NoSuchKey", "")
	w.put("a", "no folder is in the way", nil)
	if g := w.get("a"); g.body != "no folder is in the way" || len(g.Metadata) != 0 {
		t.Errorf("got %+v", g)
	}
}

func TestBuckets(t *testing.T) {
	w := newWorld(t)
	none := aws.String("not-there")
	in := putInput("k", "v")
	in.Bucket = none
	_, err := w.s3.PutObject(t.Context(), in)
	wantCode(t, err, "NoSuchBucket", "")
	_, err = w.tryGet(&s3.GetObjectInput{Bucket: none, Key: aws.String("k")})
	wantCode(t, err, "NoSuchBucket", "")
	_, err = w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: none, Key: aws.String("k")})
	wantCode(t, err, "NoSuchBucket", "")
	_, err = w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: none})
	wantCode(t, err, "NoSuchBucket", "")
	_, err = w.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: none})
	if _, ok := errors.AsType[*types.NotFound](err); !ok {
		t.Errorf("HeadBucket: %v", err)
	}
	for range 2 { // in us-east-1 a bucket of one's own may be made again
		_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: none,
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
		w.check(err)
	}
	_, err = w.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: none})
	w.check(err)
	for _, name := range []string{"ab", "Acme", "a..b", "10.0.0.1", "-abc", strings.Repeat("a", 64)} {
		if err := w.cloud.CreateBucket(name); err == nil || !strings.Contains(err.Error(), "InvalidBucketName") {
			t.Errorf("CreateBucket(%q): %v", name, err)
		}
	}
}

func TestPutConditions(t *testing.T) {
	w := newWorld(t)
	createOnly := func(key string) error {
		in := putInput(key, "created")
		in.IfNoneMatch = aws.String("*")
		_, err := w.s3.PutObject(t.Context(), in)
		return err
	}
	ifMatch := func(key, etag string) error {
		in := putInput(key, "replaced")
		in.IfMatch = aws.String(etag)
		_, err := w.s3.PutObject(t.Context(), in)
		return err
	}
	w.check(createOnly("k"))
	wantCode(t, createOnly("k"), "PreconditionFailed", "")
	wantCode(t, ifMatch("none", etagOf("created")), "NoSuchKey", "")
	wantCode(t, ifMatch("k", etagOf("other")), "PreconditionFailed", "")
	if g := w.get("k"); g.body != "created" {
		t.Errorf("a lost condition wrote %q", g.body)
	}
	w.check(ifMatch("k", etagOf("created")))
	w.check(ifMatch("k", strings.Trim(etagOf("replaced"), `"`))) // quotes may be left out

	both := putInput("k", "x")
	both.IfMatch, both.IfNoneMatch = aws.String(etagOf("replaced")), aws.String("*")
	_, err := w.s3.PutObject(t.Context(), both)
	wantCode(t, err, "NotImplemented", "both")
	other := putInput("k", "x")
	other.IfNoneMatch = aws.String(etagOf("x"))
	_, err = w.s3.PutObject(t.Context(), other)
	wantCode(t, err, "NotImplemented", "")
	wantCode(t, ifMatch("k", "*"), "NotImplemented", "")
	if g := w.get("k"); g.body != "replaced" {
		t.Errorf("a refused put wrote %q", g.body)
	}
}

func TestOfManyConditionalPutsOneWins(t *testing.T) {
	w := newWorld(t)
	race := func(name string, condition func(*s3.PutObjectInput)) {
		var won atomic.Int32
		var winner atomic.Value
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				body := name + " " + string(rune('A'+i))
				in := putInput("lease.json", body)
				in.Metadata = map[string]string{"writer": body}
				condition(in)
				_, err := w.s3.PutObject(t.Context(), in)
				if err == nil {
					won.Add(1)
					winner.Store(body)
				} else {
					wantCode(t, err, "PreconditionFailed", "")
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Fatalf("%s: %d puts won", name, n)
		}
		if g := w.get("lease.json"); g.body != winner.Load() || g.Metadata["writer"] != g.body {
			t.Errorf("%s: the object is %q of %q, the winner %q", name, g.body, g.Metadata["writer"], winner.Load())
		}
	}
	race("create", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
	before := *w.get("lease.json").ETag
	race("replace", func(in *s3.PutObjectInput) { in.IfMatch = aws.String(before) })
}

func TestReadersSeeWholeObjectsWhileWritersReplaceThem(t *testing.T) {
	w := newWorld(t)
	body := func(c string) string { return strings.Repeat(c, 100_000) }
	w.put("k", body("a"), map[string]string{"letter": "a"})
	var wg sync.WaitGroup
	for _, c := range []string{"b", "c"} {
		wg.Go(func() {
			for range 10 {
				w.put("k", body(c), map[string]string{"letter": c})
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			for range 10 {
				if g := w.get("k"); g.body != body(g.Metadata["letter"]) || *g.ETag != etagOf(g.body) {
					t.Errorf("%d bytes beginning %.3q, with metadata %q and ETag %s",
						len(g.body), g.body, g.Metadata["letter"], *g.ETag)
				}
			}
		})
	}
	wg.Wait()
}

func TestChecksumsOfTheSDKAreVerifiedAndAnswered(t *testing.T) {
	w := newWorld(t)
	for _, algorithm := range []types.ChecksumAlgorithm{
		types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme,
		types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256,
	} {
		in := putInput(string(algorithm), "123456789")
		in.ChecksumAlgorithm = algorithm
		_, err := w.s3.PutObject(t.Context(), in)
		w.check(err)
		g := w.get(string(algorithm)) // the SDK compares body and checksum
		checksums := []*string{g.ChecksumCRC32, g.ChecksumCRC32C, g.ChecksumCRC64NVME, g.ChecksumSHA1, g.ChecksumSHA256}
		if n := len(checksums) - countNil(checksums); n != 1 {
			t.Errorf("%s: %d checksums came back", algorithm, n)
		}
	}
	// the check value in the catalogue of CRCs: ae8b14860a799888
	if g := w.get("CRC64NVME"); *g.ChecksumCRC64NVME != "rosUhgp5mIg=" {
		t.Errorf("CRC64NVME is %s", *g.ChecksumCRC64NVME)
	}
}

func countNil(values []*string) (n int) {
	for _, v := range values {
		if v == nil {
			n++
		}
	}
	return n
}

func TestADamagedBodyIsRefused(t *testing.T) {
	w := newWorld(t)
	other := md5.Sum([]byte("other"))
	for _, c := range []struct{ header, code string }{
		{"X-Amz-Checksum-Crc32: AAAAAA==", "BadDigest"},
		{"X-Amz-Checksum-Crc32c: AAAAAA==", "BadDigest"},
		{"X-Amz-Checksum-Crc64nvme: AAAAAAAAAAA=", "BadDigest"},
		{"X-Amz-Checksum-Sha1: AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "BadDigest"},
		{"X-Amz-Checksum-Sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "BadDigest"},
		{"X-Amz-Checksum-Crc32: AAAA", "InvalidRequest"},
		{"X-Amz-Checksum-Crc32: not base64", "InvalidRequest"},
		{"X-Amz-Checksum-Xxhash3: AAAAAAAAAAA=", "InvalidRequest"},
		{"X-Amz-Sdk-Checksum-Algorithm: CRC32", "InvalidRequest"},
		{"Content-Md5: " + base64.StdEncoding.EncodeToString(other[:]), "BadDigest"},
		{"Content-Md5: AAAA", "InvalidDigest"},
		{"X-Amz-Content-Sha256: " + strings.Repeat("0", 64), "XAmzContentSHA256Mismatch"},
		{"X-Amz-Content-Sha256: abc", "InvalidArgument"},
	} {
		headers := []string{c.header}
		if strings.HasPrefix(c.header, "X-Amz-Content-Sha256") {
			headers = []string{"X-Amz-Content-Sha256: ", c.header}
		}
		status, answer := w.raw(http.MethodPut, "/"+bucket+"/k", "body", headers...)
		if status != http.StatusBadRequest || !strings.Contains(answer, "<Code>"+c.code+"</Code>") {
			t.Errorf("%s: got %d %s, want %s", c.header, status, answer, c.code)
		}
	}
	for _, headers := range [][]string{
		{"X-Amz-Checksum-Crc32: AAAAAA==", "X-Amz-Checksum-Crc32c: AAAAAA=="},
		{"X-Amz-Checksum-Crc32: AAAAAA==", "X-Amz-Sdk-Checksum-Algorithm: SHA256"},
	} {
		status, answer := w.raw(http.MethodPut, "/"+bucket+"/k", "body", headers...)
		if status != http.StatusBadRequest || !strings.Contains(answer, "<Code>InvalidRequest</Code>") {
			t.Errorf("%s: got %d %s", headers, status, answer)
		}
	}
	wantCode(t, w.getError("k"), "NoSuchKey", "")
	sum := md5.Sum([]byte("body"))
	status, answer := w.raw(http.MethodPut, "/"+bucket+"/k", "body", "Content-Md5: "+base64.StdEncoding.EncodeToString(sum[:]))
	if status != http.StatusOK {
		t.Errorf("a right Content-MD5: %d %s", status, answer)
	}
}

func TestMetadataHasLimits(t *testing.T) {
	w := newWorld(t)
	in := putInput("k", "v")
	in.Metadata = map[string]string{"a": strings.Repeat("x", 1023), "b": strings.Repeat("y", 1023)}
	_, err := w.s3.PutObject(t.Context(), in)
	w.check(err)
	in = putInput("k", "v")
	in.Metadata = map[string]string{"a": strings.Repeat("x", 1023), "b": strings.Repeat("y", 1024)}
	_, err = w.s3.PutObject(t.Context(), in)
	wantCode(t, err, "MetadataTooLarge", "2048")
	in = putInput("k", "v")
	in.Metadata = map[string]string{"a": "ü"}
	_, err = w.s3.PutObject(t.Context(), in)
	wantCode(t, err, "InvalidArgument", "ASCII")
}

func TestGetConditionsAndRanges(t *testing.T) {
	w := newWorld(t)
	w.put("k", "0123456789", nil)
	w.put("empty", "", nil)
	get := func(key string, change func(*s3.GetObjectInput)) (got, error) {
		in := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}
		change(in)
		return w.tryGet(in)
	}
	for spec, want := range map[string]string{
		"bytes=0-0": "0", "bytes=2-4": "234", "bytes=7-": "789", "bytes=-3": "789", "bytes=8-99": "89",
		"bytes=-99": "0123456789",
	} {
		g, err := get("k", func(in *s3.GetObjectInput) { in.Range = &spec })
		if err != nil || g.body != want || *g.ContentLength != int64(len(want)) || !strings.HasSuffix(*g.ContentRange, "/10") {
			t.Errorf("%s: got %q, %v", spec, g.body, err)
		}
	}
	for _, spec := range []string{"bytes=10-", "bytes=-0", "bytes=4-2"} {
		_, err := get("k", func(in *s3.GetObjectInput) { in.Range = &spec })
		wantCode(t, err, "InvalidRange", spec)
	}
	for _, spec := range []string{"bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=a-b", "bytes"} {
		_, err := get("k", func(in *s3.GetObjectInput) { in.Range = &spec })
		wantCode(t, err, "NotImplemented", spec)
	}
	_, err := get("empty", func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=0-") })
	wantCode(t, err, "InvalidRange", "")
	if g, err := get("empty", func(*s3.GetObjectInput) {}); err != nil || g.body != "" || *g.ContentLength != 0 {
		t.Errorf("an empty object: %+v, %v", g, err)
	}
	etag := etagOf("0123456789")
	_, err = get("k", func(in *s3.GetObjectInput) { in.IfMatch = &etag })
	w.check(err)
	_, err = get("k", func(in *s3.GetObjectInput) { in.IfMatch = aws.String(`"x"`) })
	wantCode(t, err, "PreconditionFailed", "")
	_, err = get("k", func(in *s3.GetObjectInput) { in.IfNoneMatch = &etag })
	wantCode(t, err, "NotModified", "")
	_, err = get("k", func(in *s3.GetObjectInput) { in.IfNoneMatch = aws.String(`"x"`) })
	w.check(err)
	_, err = w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("k"), IfMatch: aws.String(`"x"`)})
	wantCode(t, err, "PreconditionFailed", "")
}

func TestALargeObjectStreams(t *testing.T) {
	w := newWorld(t)
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
	in := putInput("big", "")
	in.Body = bytes.NewReader(body)
	_, err := w.s3.PutObject(t.Context(), in)
	w.check(err)
	if g := w.get("big"); g.body != string(body) {
		t.Errorf("got %d bytes back", len(g.body))
	}
}
