package localcloud

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"sync"
	"time"
)

// state is what S3 keeps beside the bytes of an object, and by what those bytes are known again.
type state struct {
	Size            int64             `json:"size"`
	FileTime        int64             `json:"file_time_ns"` // of the file's last change
	MD5             string            `json:"md5"`          // hex; the ETag
	Modified        time.Time         `json:"modified"`
	ContentType     string            `json:"content_type"`
	ContentEncoding string            `json:"content_encoding,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	Checksum        *checksum         `json:"checksum,omitempty"`
}

// sidecar is the file that keeps an object's state. A put writes the new state before the old one, and then the
// object: whichever bytes a crash leaves, their state is there.
type sidecar struct {
	Key    string  `json:"key"`
	States []state `json:"states"`
}

// objects keeps buckets. Its methods answer *s3Error where S3 has a name for the fault.
type objects struct {
	disk  *disk
	log   *slog.Logger
	seed  maphash.Seed
	locks [256]sync.Mutex // by key, so that a condition and its write are one step
}

func newObjects(d *disk, log *slog.Logger) *objects {
	return &objects{disk: d, log: log, seed: maphash.MakeSeed()}
}

// hold locks a key until release is called.
func (o *objects) hold(bucket, key string) (release func()) {
	m := &o.locks[maphash.String(o.seed, bucket+"/"+key)%uint64(len(o.locks))]
	m.Lock()
	return m.Unlock
}

func bucketPath(bucket string) string { return "s3/" + bucket }

func objectPath(bucket, key string) string { return "s3/" + bucket + "/" + key }

func sidecarPath(bucket, key string) string {
	sum := sha256.Sum256([]byte(key)) // a key may be longer than a file name
	return "s3-metadata/" + bucket + "/" + hex.EncodeToString(sum[:]) + ".json"
}

func (o *objects) createBucket(name string) error {
	if err := checkBucket(name); err != nil {
		return err
	}
	if err := o.disk.makeFolder(bucketPath(name)); err != nil {
		return fmt.Errorf("make the bucket %s: %w", name, err)
	}
	return nil
}

func (o *objects) checkBucketExists(bucket string) error {
	if !o.disk.isFolder(bucketPath(bucket)) {
		return noSuchBucket(bucket)
	}
	return nil
}

// open opens an object that the caller closes. NoSuchKey where there is none.
func (o *objects) open(bucket, key string) (*os.File, state, error) {
	defer o.hold(bucket, key)()
	return o.openHeld(bucket, key)
}

func (o *objects) openHeld(bucket, key string) (*os.File, state, error) {
	name := objectPath(bucket, key)
	info, err := o.disk.root.Lstat(name)
	if isMissing(err) || err == nil && !info.Mode().IsRegular() {
		return nil, state{}, noSuchKey(key)
	}
	if err != nil {
		return nil, state{}, err
	}
	f, err := o.disk.root.Open(name)
	if isMissing(err) {
		return nil, state{}, noSuchKey(key)
	}
	if err != nil {
		return nil, state{}, err
	}
	s, err := o.stateOf(bucket, key, f)
	if err != nil {
		return nil, state{}, errors.Join(fmt.Errorf("look at %s: %w", name, err), f.Close())
	}
	return f, s, nil
}

// stat tells an object's state. NoSuchKey where there is none.
func (o *objects) stat(bucket, key string) (state, error) {
	defer o.hold(bucket, key)()
	return o.statHeld(bucket, key)
}

func (o *objects) statHeld(bucket, key string) (state, error) {
	f, s, err := o.openHeld(bucket, key)
	if err != nil {
		return state{}, err
	}
	return s, f.Close()
}

// stateOf finds the state that belongs to the bytes of f: by size and time, and where that fails (the file was edited,
// copied or touched by hand) by their MD5. Bytes that no state knows were placed by hand and have no metadata.
func (o *objects) stateOf(bucket, key string, f *os.File) (state, error) {
	info, err := f.Stat()
	if err != nil {
		return state{}, err
	}
	size, fileTime := info.Size(), info.ModTime().UnixNano()
	known := o.readSidecar(bucket, key)
	for _, s := range known {
		if s.Size == size && s.FileTime == fileTime {
			return s, nil
		}
	}
	h := md5.New()
	if _, err := io.Copy(h, f); err != nil {
		return state{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return state{}, err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	found := state{Size: size, MD5: sum, Modified: info.ModTime().UTC(), ContentType: defaultContentType}
	for _, s := range known {
		if s.Size == size && s.MD5 == sum {
			found = s
			break
		}
	}
	found.FileTime = fileTime
	return found, o.writeSidecar(bucket, key, found)
}

// readSidecar answers the states that are known of an object. A sidecar that cannot be read counts as none: the object
// itself is what matters.
func (o *objects) readSidecar(bucket, key string) []state {
	name := sidecarPath(bucket, key)
	data, err := o.disk.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var s sidecar
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err == nil && s.Key != key {
		err = fmt.Errorf("it belongs to the key %q", s.Key)
	}
	if err != nil {
		o.log.Warn("the metadata of an object cannot be read; it counts as placed by hand",
			"bucket", bucket, "key", key, "file", name, "error", err)
		return nil
	}
	return s.States
}

func (o *objects) writeSidecar(bucket, key string, states ...state) error {
	data, err := json.MarshalIndent(sidecar{Key: key, States: states}, "", "  ")
	if err != nil {
		return err
	}
	return o.disk.write(sidecarPath(bucket, key), append(data, '\n'))
}

// put makes the temporary file tmp, which s describes, the object of a key, if the condition holds.
func (o *objects) put(bucket, key, tmp string, s state, c condition) error {
	defer o.hold(bucket, key)()
	if err := o.checkBucketExists(bucket); err != nil {
		return err
	}
	states := []state{s}
	old, err := o.statHeld(bucket, key)
	exists := err == nil
	if exists {
		states = append(states, old)
	} else if !isNoSuchKey(err) {
		return err
	}
	if err := c.checkPut(key, old.MD5, exists); err != nil {
		return err
	}
	if exists && old.Size == s.Size && old.FileTime == s.FileTime { // a coarse clock: tell the two files apart
		states[0].FileTime++
		t := time.Unix(0, states[0].FileTime)
		if err := o.disk.root.Chtimes(tmp, t, t); err != nil {
			return err
		}
	}
	if err := o.writeSidecar(bucket, key, states...); err != nil {
		return err
	}
	if err := o.disk.place(tmp, objectPath(bucket, key)); errors.Is(err, errInTheWay) {
		return keyInTheWay(key)
	} else if err != nil {
		return err
	}
	return nil
}

// remove deletes an object, which may be missing.
func (o *objects) remove(bucket, key string) error {
	defer o.hold(bucket, key)()
	if err := o.checkBucketExists(bucket); err != nil {
		return err
	}
	name := objectPath(bucket, key)
	if o.disk.isFolder(name) {
		return nil
	}
	if err := o.disk.remove(name); err != nil {
		return err
	}
	o.disk.prune(path.Dir(name), bucketPath(bucket))
	return o.disk.remove(sidecarPath(bucket, key))
}
