package localcloud

import (
	"errors"
	"io/fs"
	"iter"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of keys: S3's own, and that of a file's name.
const (
	maxKeyBytes  = 1024
	maxPartBytes = 255
)

// checkKey refuses the keys that S3 refuses, and those that cannot be a file of the same name.
func checkKey(key string) error {
	if len(key) > maxKeyBytes {
		return &s3Error{status: 400, Code: "KeyTooLongError", Message: "Your key is too long; at most 1024 bytes are allowed."}
	}
	if fault := keyFault(key); fault != "" {
		return &s3Error{status: 400, Code: "InvalidArgument", Key: key, ArgumentName: "key",
			Message: "This key cannot be kept as a file: " + fault + "."}
	}
	return nil
}

func keyFault(key string) string {
	if !utf8.ValidString(key) {
		return "it is not UTF-8"
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff }) {
		return "it holds a control character"
	}
	for part := range strings.SplitSeq(key, "/") {
		switch {
		case part == "":
			return `it has an empty part (a "/" at its beginning or end, or two in a row)`
		case part == "." || part == "..":
			return `it has a part "` + part + `"`
		case len(part) > maxPartBytes:
			return "a part between slashes is longer than 255 bytes"
		}
	}
	return ""
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// checkBucket holds a name to the rules for general purpose buckets.
func checkBucket(name string) error {
	valid := bucketName.MatchString(name) && !strings.Contains(name, "..")
	if _, err := netip.ParseAddr(name); err == nil || !valid {
		return &s3Error{status: 400, Code: "InvalidBucketName", BucketName: name,
			Message: "The specified bucket is not valid: 3 to 63 characters of a-z, 0-9, dot and hyphen are."}
	}
	return nil
}

// keys goes through a bucket's keys that begin with prefix and sort after the key `after`, in the order of their
// bytes. An error ends it.
func (o *objects) keys(bucket, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		walk{o, bucket, prefix, after, yield}.folder("")
	}
}

type walk struct {
	objects               *objects
	bucket, prefix, after string
	yield                 func(string, error) bool
}

// folder goes through the keys below a folder, whose name is empty or ends in "/". False says to stop.
func (w walk) folder(name string) bool {
	entries, err := w.entries(name)
	if err != nil {
		w.yield("", err)
		return false
	}
	for _, key := range entries {
		if strings.HasSuffix(key, "/") {
			inPrefix := strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)
			passed := key < w.after && !strings.HasPrefix(w.after, key)
			if inPrefix && !passed && !w.folder(key) {
				return false
			}
		} else if key > w.after && strings.HasPrefix(key, w.prefix) && !w.yield(key, nil) {
			return false
		}
	}
	return true
}

// entries lists a folder as keys; those of folders end in "/", which puts all keys into the order of their bytes. What
// cannot be an object is left out.
func (w walk) entries(folder string) ([]string, error) {
	f, err := w.objects.disk.root.Open(objectPath(w.bucket, folder))
	if isMissing(err) && folder != "" { // its last object was deleted meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := f.ReadDir(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(found))
	for _, e := range found {
		if key, ok := w.key(folder, e); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func (w walk) key(folder string, e fs.DirEntry) (string, bool) {
	key := folder + e.Name()
	fault := keyFault(key)
	if !e.Type().IsRegular() && !e.IsDir() {
		fault = "it is no regular file"
	}
	if fault != "" {
		w.objects.log.Warn("a file in a bucket's folder cannot be an object and is left out",
			"bucket", w.bucket, "file", key, "fault", fault)
		return "", false
	}
	if e.IsDir() {
		key += "/"
	}
	return key, true
}
