package localcloud

import (
	"cmp"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Limits of S3: of one PutObject, and of all user metadata of an object, names and values together.
const (
	maxObjectBytes   = 5 << 30
	maxMetadataBytes = 2 << 10
)

// condition is what must be true of an object for a write to it. The zero value is always true.
type condition struct {
	createOnly bool
	ifMatch    string // an ETag without quotes; empty: no such condition
}

func (c condition) checkPut(key, etag string, exists bool) error {
	switch {
	case c.createOnly && exists:
		return preconditionFailed("If-None-Match")
	case c.ifMatch != "" && !exists:
		return noSuchKey(key)
	case c.ifMatch != "" && c.ifMatch != etag:
		return preconditionFailed("If-Match")
	}
	return nil
}

// conditionOf reads the conditions of a put. Of If-None-Match only "*" is known, of If-Match only one ETag.
func conditionOf(h http.Header) (condition, error) {
	match, none := h.Get("If-Match"), h.Get("If-None-Match")
	refuse := func(header, why string) error {
		return &s3Error{status: 501, Code: "NotImplemented", Header: header,
			Message: "A header you provided implies functionality that is not implemented: " + why + "."}
	}
	switch {
	case match != "" && none != "":
		return condition{}, refuse("If-Match,If-None-Match", "both conditions in one request")
	case none != "" && none != "*":
		return condition{}, refuse("If-None-Match", `a value other than "*"`)
	case match == "*" || strings.Contains(match, ","):
		return condition{}, refuse("If-Match", "a value other than one ETag")
	}
	return condition{createOnly: none != "", ifMatch: unquote(match)}, nil
}

func unquote(etag string) string {
	if len(etag) >= 2 && strings.HasPrefix(etag, `"`) && strings.HasSuffix(etag, `"`) {
		return etag[1 : len(etag)-1]
	}
	return etag
}

func (s *s3Service) putObject(w http.ResponseWriter, r *s3Request) error {
	if err := checkBody(r.Request); err != nil {
		return err
	}
	c, err := conditionOf(r.Header)
	if err != nil {
		return err
	}
	digests, err := digestsOf(r.Header)
	if err != nil {
		return err
	}
	metadata, err := metadataOf(r.Header)
	if err != nil {
		return err
	}
	if err := s.objects.checkBucketExists(r.bucket); err != nil {
		return err
	}
	etag, err := s.store(r, c, digests, metadata)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+etag+`"`)
	setChecksum(w.Header(), digests.checksum)
	w.WriteHeader(http.StatusOK)
	return nil
}

// checkBody looks at what the headers say of the body, before any of it is read.
func checkBody(r *http.Request) error {
	switch {
	case r.ContentLength < 0:
		return &s3Error{status: 411, Code: "MissingContentLength", Message: "You must provide the Content-Length HTTP header."}
	case r.ContentLength > maxObjectBytes:
		return &s3Error{status: 400, Code: "EntityTooLarge",
			Message: "Your proposed upload exceeds the maximum allowed size, 5 GiB."}
	case strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked"):
		return notImplemented("aws-chunked body; send the body plain, as the SDK does over http")
	}
	return nil
}

// metadataOf reads the user metadata. Names are in lower case, as S3 keeps them. What is not ASCII is refused: S3 gives
// it back in another form.
func metadataOf(h http.Header) (map[string]string, error) {
	metadata, size := map[string]string{}, 0
	for name, values := range h {
		name, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-")
		if !ok {
			continue
		}
		value := strings.Join(values, ",")
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, invalidArgument("x-amz-meta-"+name, "",
				"User metadata must be printable ASCII here; S3 would answer it encoded.")
		}
		metadata[name] = value
		size += len(name) + len(value)
	}
	if size > maxMetadataBytes {
		return nil, &s3Error{status: 400, Code: "MetadataTooLarge",
			Message: "Your metadata headers exceed the maximum allowed metadata size, 2048 bytes."}
	}
	return metadata, nil
}

// store writes the body to a temporary file, checks it, and puts it in its place.
func (s *s3Service) store(r *s3Request, c condition, d *digests, metadata map[string]string) (etag string, err error) {
	f, tmp, err := s.objects.disk.temporary()
	if err != nil {
		return "", err
	}
	defer func() {
		if err := s.objects.disk.discard(tmp); err != nil {
			s.log.Warn("a temporary file stays until the folder is opened again", "file", tmp, "error", err)
		}
	}()
	err = receive(f, d, r.Request)
	info, statErr := f.Stat()
	if err := cmp.Or(err, errors.Join(statErr, f.Close())); err != nil {
		return "", err
	}
	st := state{
		Size: info.Size(), FileTime: info.ModTime().UnixNano(), MD5: hex.EncodeToString(d.md5.Sum(nil)), Modified: s.now().UTC(),
		ContentType:     cmp.Or(r.Header.Get("Content-Type"), defaultContentType),
		ContentEncoding: r.Header.Get("Content-Encoding"), Metadata: metadata, Checksum: d.checksum,
	}
	return st.MD5, s.objects.put(r.bucket, r.key, tmp, st, c)
}

// receive copies a body to a file and holds it to its length and digests.
func receive(f io.Writer, d *digests, r *http.Request) error {
	n, err := io.Copy(io.MultiWriter(f, d), r.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && n != r.ContentLength {
		return &s3Error{status: 400, Code: "IncompleteBody",
			Message: "You did not provide the number of bytes specified by the Content-Length HTTP header"}
	}
	if err != nil {
		return err
	}
	return d.check()
}

// deleteObject removes an object; a missing one is no error.
func (s *s3Service) deleteObject(w http.ResponseWriter, r *s3Request) error {
	if err := s.objects.remove(r.bucket, r.key); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
