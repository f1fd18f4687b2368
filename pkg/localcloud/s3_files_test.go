package localcloud_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// names lists a folder of the world.
func (w *world) names(folder string) (names []string, err error) {
	entries, err := os.ReadDir(w.file(folder))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// sidecar finds the one metadata file of the bucket.
func (w *world) sidecar() string {
	w.t.Helper()
	files, err := filepath.Glob(w.file("s3-metadata", bucket, "*"))
	w.check(err)
	if len(files) != 1 {
		w.t.Fatalf("got the metadata files %q, want one", files)
	}
	return files[0]
}

func (w *world) list() map[string]string {
	w.t.Helper()
	out, err := w.s3.ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	w.check(err)
	etags := map[string]string{}
	for _, o := range out.Contents {
		etags[*o.Key] = *o.ETag
	}
	return etags
}

func TestAFileEditedByHandIsNoticed(t *testing.T) {
	w := newWorld(t)
	w.put("k", "one", map[string]string{"rows": "1"})
	file := w.file("s3", bucket, "k")
	edited := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	w.write(file, "two")
	w.check(os.Chtimes(file, edited, edited))
	for range 2 { // the second time from what the first one noted
		g := w.get("k")
		if g.body != "two" || *g.ETag != etagOf("two") || len(g.Metadata) != 0 || *g.ContentType != "binary/octet-stream" ||
			!g.LastModified.Equal(edited) || g.ChecksumCRC32 != nil {
			t.Errorf("got %+v", g)
		}
	}
	stale := putInput("k", "three")
	stale.IfMatch = aws.String(etagOf("one"))
	_, err := w.s3.PutObject(t.Context(), stale)
	wantCode(t, err, "PreconditionFailed", "")
	if diff := cmp.Diff(map[string]string{"k": etagOf("two")}, w.list()); diff != "" {
		t.Error(diff)
	}
}

func TestAFileTouchedByHandKeepsItsMetadata(t *testing.T) {
	w := newWorld(t)
	w.put("k", "one", map[string]string{"rows": "1"})
	w.check(os.Chtimes(w.file("s3", bucket, "k"), start, start))
	if g := w.get("k"); g.Metadata["rows"] != "1" || *g.ETag != etagOf("one") || !g.LastModified.Equal(start) {
		t.Errorf("got %+v", g)
	}
}

func TestAFilePlacedOrDeletedByHandIsNoticed(t *testing.T) {
	w := newWorld(t)
	w.write(w.file("s3", bucket, "by", "hand.txt"), "hello")
	if diff := cmp.Diff(map[string]string{"by/hand.txt": etagOf("hello")}, w.list()); diff != "" {
		t.Error(diff)
	}
	created := putInput("by/hand.txt", "x")
	created.IfNoneMatch = aws.String("*")
	_, err := w.s3.PutObject(t.Context(), created)
	wantCode(t, err, "PreconditionFailed", "")
	w.check(os.RemoveAll(w.file("s3", bucket, "by")))
	wantCode(t, w.getError("by/hand.txt"), "NoSuchKey", "")
	if got := w.list(); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	w.check(os.Mkdir(w.file("s3", "made-by-hand"), 0o700))
	_, err = w.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("made-by-hand")})
	w.check(err)
}

func TestWhatIsNoObjectIsNotListed(t *testing.T) {
	w := newWorld(t)
	w.put("k", "v", nil)
	w.write(w.file("outside"), "secret")
	w.check(os.Symlink(w.file("outside"), w.file("s3", bucket, "link")))
	w.check(os.Symlink(w.dir, w.file("s3", bucket, "linked-folder")))
	w.check(os.Mkdir(w.file("s3", bucket, "empty"), 0o700))
	w.write(w.file("s3", bucket, "line\nbreak"), "x")
	if diff := cmp.Diff(map[string]string{"k": etagOf("v")}, w.list()); diff != "" {
		t.Error(diff)
	}
	wantCode(t, w.getError("link"), "NoSuchKey", "")
	if err := w.getError("linked-folder/outside"); err == nil {
		t.Error("a link led outside of the folder")
	}
	if _, err := w.s3.PutObject(t.Context(), putInput("linked-folder/x", "v")); err == nil {
		t.Error("an object was written through a link that leads outside")
	}
	w.put("empty", "an empty folder is in nobody's way", nil)
}

func TestACrashLeavesTheOldObjectOrTheNewOneWithItsOwnMetadata(t *testing.T) {
	w := newWorld(t)
	file := w.file("s3", bucket, "k")
	w.put("k", "old", map[string]string{"version": "old"})
	old, err := os.Stat(file)
	w.check(err)
	w.put("k", "new", map[string]string{"version": "new"})

	t.Run("before the object is replaced", func(t *testing.T) {
		replaced, err := os.Stat(file)
		w.check(err)
		w.write(file, "old")
		w.check(os.Chtimes(file, old.ModTime(), old.ModTime()))
		if g := w.get("k"); g.body != "old" || g.Metadata["version"] != "old" || *g.ETag != etagOf("old") {
			t.Errorf("got %+v", g)
		}
		w.write(file, "new")
		w.check(os.Chtimes(file, replaced.ModTime(), replaced.ModTime()))
	})
	t.Run("after it", func(t *testing.T) {
		if g := w.get("k"); g.body != "new" || g.Metadata["version"] != "new" || *g.ETag != etagOf("new") {
			t.Errorf("got %+v", g)
		}
	})
	for name, text := range map[string]string{
		"torn": `{"key":"k","sta`, "another's": `{"key":"other","states":[]}`, "empty": "",
	} {
		t.Run("with a sidecar that is "+name, func(t *testing.T) {
			w.write(w.sidecar(), text)
			if g := w.get("k"); g.body != "new" || *g.ETag != etagOf("new") || len(g.Metadata) != 0 {
				t.Errorf("got %+v", g)
			}
		})
	}
	t.Run("without a sidecar", func(t *testing.T) {
		w.check(os.Remove(w.sidecar()))
		if g := w.get("k"); g.body != "new" || *g.ETag != etagOf("new") || len(g.Metadata) != 0 {
			t.Errorf("got %+v", g)
		}
	})
}

func TestLeftoversOfACrashAreCleared(t *testing.T) {
	w := newWorld(t)
	w.put("k", "v", nil)
	w.close()
	w.write(w.file("tmp", "HALFWRITTEN"), strings.Repeat("x", 1000))
	w.open()
	if left, err := w.names("tmp"); err != nil || len(left) != 0 {
		t.Errorf("got %q, %v", left, err)
	}
	if diff := cmp.Diff(map[string]string{"k": etagOf("v")}, w.list()); diff != "" {
		t.Error(diff)
	}
}

func TestABrokenUploadLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.put("k", "old", nil)
	status, _ := w.raw("PUT", "/"+bucket+"/k", "new", "X-Amz-Checksum-Crc32: AAAAAA==")
	if status != 400 {
		t.Errorf("got status %d", status)
	}
	if g := w.get("k"); g.body != "old" {
		t.Errorf("got %q", g.body)
	}
	if left, err := w.names("tmp"); err != nil || len(left) != 0 {
		t.Errorf("got %q, %v", left, err)
	}
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	w := newWorld(t)
	w.put("a/k", "v", nil)
	w.createSecret("yardstick/webhook", "s3cret")
	for name, want := range map[string]os.FileMode{
		"secretsmanager": 0o700, "secretsmanager/yardstick": 0o700, "secretsmanager/yardstick/webhook.json": 0o600,
		"s3": 0o700, "s3/" + bucket + "/a/k": 0o600, "lock": 0o600,
	} {
		info, err := os.Stat(w.file(name))
		w.check(err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", name, got, want)
		}
	}
}
