package localcloud

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func newTestObjects(t *testing.T) *objects {
	t.Helper()
	d, err := openDisk(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.root.Close() })
	o := newObjects(d, slog.New(slog.DiscardHandler))
	if err := o.createBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	return o
}

// temporaryOf writes a temporary file of one fixed time.
func temporaryOf(t *testing.T, o *objects, text string) (tmp string, s state) {
	t.Helper()
	at := time.Unix(1_790_000_000, 0)
	f, tmp, err := o.disk.temporary()
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close(), o.disk.root.Chtimes(tmp, at, at)); err != nil {
		t.Fatal(err)
	}
	return tmp, state{Size: int64(len(text)), FileTime: at.UnixNano(), MD5: "of " + text}
}

func TestObjectsOfOneSizeAndTimeAreToldApart(t *testing.T) {
	o := newTestObjects(t)
	for _, text := range []string{"old", "new", "too"} {
		tmp, s := temporaryOf(t, o, text)
		if err := o.put("bucket", "k", tmp, s, condition{}); err != nil {
			t.Fatal(err)
		}
		if got, err := o.stat("bucket", "k"); err != nil || got.MD5 != s.MD5 {
			t.Errorf("got %+v, %v, want that of %q", got, err, text)
		}
		if states := o.readSidecar("bucket", "k"); len(states) == 2 && states[0].FileTime == states[1].FileTime {
			t.Errorf("%q and what was there before have one time", text)
		}
	}
}

func TestWhatIsPlacedIsWholeOrNotThere(t *testing.T) {
	o := newTestObjects(t)
	tmp, s := temporaryOf(t, o, "text")
	if err := o.put("none", "k", tmp, s, condition{}); err == nil {
		t.Error("a put into a bucket that is not there")
	}
	if o.disk.isFolder("s3/none") {
		t.Error("a put made a bucket")
	}
	if err := o.disk.root.Mkdir("s3/bucket/k", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := o.disk.write("s3/bucket/k/inner", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := o.disk.write("s3/bucket/k", []byte("x")); !errors.Is(err, errInTheWay) {
		t.Errorf("got %v", err)
	}
	if err := o.disk.root.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestBodiesThatCannotBeStored(t *testing.T) {
	o := newTestObjects(t)
	service := &s3Service{objects: o, now: time.Now, newID: newUUID, log: o.log, count: func(string) {}}
	put := func(change func(*http.Request)) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/bucket/k", strings.NewReader("body"))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host, Signature=0")
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		change(r)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	status, answer := put(func(r *http.Request) { r.ContentLength = 5<<30 + 1 })
	if status != 400 || !strings.Contains(answer, "EntityTooLarge") {
		t.Errorf("got %d %s", status, answer)
	}
	status, answer = put(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("bo")) })
	if status != 400 || !strings.Contains(answer, "IncompleteBody") {
		t.Errorf("got %d %s", status, answer)
	}
	status, answer = put(func(r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("bo"), iotest.ErrReader(errors.New("connection reset"))))
	})
	if status != 500 || !strings.Contains(answer, "connection reset") {
		t.Errorf("got %d %s", status, answer)
	}
	if _, err := o.stat("bucket", "k"); !isNoSuchKey(err) {
		t.Errorf("half a body was stored: %v", err)
	}
	entries, err := o.disk.root.Open("tmp")
	if err != nil {
		t.Fatal(err)
	}
	defer entries.Close()
	if left, err := entries.ReadDir(-1); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
