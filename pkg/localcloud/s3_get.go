package localcloud

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// getObject answers an object, or its headers alone where the method is HEAD.
func (s *s3Service) getObject(w http.ResponseWriter, r *s3Request) error {
	withChecksum, err := checksumMode(r.Header)
	if err != nil {
		return err
	}
	if err := s.objects.checkBucketExists(r.bucket); err != nil {
		return err
	}
	f, st, err := s.objects.open(r.bucket, r.key)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	w.Header().Set("ETag", `"`+st.MD5+`"`)
	if err := checkGetConditions(r.Header, st.MD5); err != nil {
		return err
	}
	part, err := rangeOf(r.Header.Get("Range"), st.Size)
	if err != nil {
		return err
	}
	setObjectHeaders(w.Header(), st)
	status := http.StatusOK
	if part.given {
		w.Header().Set("Content-Range", part.contentRange(st.Size))
		status = http.StatusPartialContent
	} else if withChecksum { // of the whole object: it says nothing of a part
		setChecksum(w.Header(), st.Checksum)
	}
	w.Header().Set("Content-Length", strconv.FormatInt(part.length, 10))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, io.NewSectionReader(f, part.first, part.length)); err != nil {
		s.log.Warn("an object was not sent whole", "bucket", r.bucket, "key", r.key, "error", err)
	}
	return nil
}

func checksumMode(h http.Header) (bool, error) {
	switch mode := h.Get("X-Amz-Checksum-Mode"); mode {
	case "":
		return false, nil
	case "ENABLED":
		return true, nil
	default:
		return false, invalidArgument("x-amz-checksum-mode", mode, "x-amz-checksum-mode must be ENABLED.")
	}
}

// checkGetConditions reads If-Match and If-None-Match, each one ETag or "*".
func checkGetConditions(h http.Header, etag string) error {
	holds := func(value string) bool { return value == "*" || unquote(value) == etag }
	match, none := h.Get("If-Match"), h.Get("If-None-Match")
	switch {
	case strings.Contains(match+none, ","):
		return notImplemented("condition with several ETags")
	case match != "" && !holds(match):
		return preconditionFailed("If-Match")
	case none != "" && holds(none):
		return &s3Error{status: http.StatusNotModified, Code: "NotModified", Message: "Not Modified"}
	}
	return nil
}

func setObjectHeaders(h http.Header, st state) {
	h.Set("Accept-Ranges", "bytes")
	h.Set("Last-Modified", st.Modified.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", st.ContentType)
	if st.ContentEncoding != "" {
		h.Set("Content-Encoding", st.ContentEncoding)
	}
	for name, value := range st.Metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
}

func setChecksum(h http.Header, c *checksum) {
	if c != nil {
		h.Set(c.header(), c.Value)
		h.Set(checksumPrefix+"type", "FULL_OBJECT")
	}
}

// byteRange is a part of an object, or the whole of it.
type byteRange struct {
	first, length int64
	given         bool
}

func (b byteRange) contentRange(size int64) string {
	return "bytes " + strconv.FormatInt(b.first, 10) + "-" + strconv.FormatInt(b.first+b.length-1, 10) +
		"/" + strconv.FormatInt(size, 10)
}

// rangeOf reads a Range header of the form bytes=FIRST-LAST, bytes=FIRST- or bytes=-LENGTH.
func rangeOf(header string, size int64) (byteRange, error) {
	if header == "" {
		return byteRange{length: size}, nil
	}
	unsatisfiable := &s3Error{status: http.StatusRequestedRangeNotSatisfiable, Code: "InvalidRange",
		Message: "The requested range is not satisfiable: " + header + " of " + strconv.FormatInt(size, 10) + " bytes"}
	spec, ok := strings.CutPrefix(header, "bytes=")
	from, to, isRange := strings.Cut(spec, "-")
	first, firstErr := strconv.ParseUint(from, 10, 62)
	last, lastErr := strconv.ParseUint(to, 10, 62)
	switch {
	case !ok || !isRange || from != "" && firstErr != nil || to != "" && lastErr != nil || from == "" && to == "":
		return byteRange{}, notImplemented("range of this form: " + header)
	case from == "":
		first = uint64(max(0, size-int64(last)))
		last = uint64(size) - 1
	case to == "" || last >= uint64(size):
		last = uint64(size) - 1
	}
	if first >= uint64(size) || last < first {
		return byteRange{}, unsatisfiable
	}
	return byteRange{first: int64(first), length: int64(last-first) + 1, given: true}, nil
}
