package localcloud

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const checksumPrefix = "x-amz-checksum-"

// nvme is the polynomial of CRC-64/NVME, reversed.
const nvme = 0x9a6c9329ac4bc9b5

// checksum is an x-amz-checksum- header.
type checksum struct {
	Algorithm string `json:"algorithm"` // in lower case
	Value     string `json:"value"`     // base64
}

func (c checksum) header() string { return checksumPrefix + c.Algorithm }

func newChecksumHash(algorithm string) (hash.Hash, bool) {
	switch algorithm {
	case "crc32":
		return crc32.NewIEEE(), true
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli)), true
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(nvme)), true
	case "sha1":
		return sha1.New(), true
	case "sha256":
		return sha256.New(), true
	}
	return nil, false
}

// digests is what a body must come to, and what it comes to as it is written through.
type digests struct {
	md5      hash.Hash // always: it is the ETag
	wantMD5  []byte    // nil: not asked for
	sha256   hash.Hash // of x-amz-content-sha256; nil: not asked for
	wantHash string
	sum      hash.Hash // of the checksum; nil: not asked for
	checksum *checksum
}

// digestsOf reads from the headers what the body must come to.
func digestsOf(h http.Header) (*digests, error) {
	d := &digests{md5: md5.New()}
	if values, ok := h["Content-Md5"]; ok {
		sum, err := base64.StdEncoding.DecodeString(values[0])
		if err != nil || len(sum) != md5.Size {
			return nil, &s3Error{status: 400, Code: "InvalidDigest", Message: "The Content-MD5 you specified was invalid."}
		}
		d.wantMD5 = sum
	}
	if err := d.readPayloadHash(h.Get("X-Amz-Content-Sha256")); err != nil {
		return nil, err
	}
	return d, d.readChecksum(h)
}

func (d *digests) readPayloadHash(text string) error {
	switch sum, err := hex.DecodeString(text); {
	case text == "UNSIGNED-PAYLOAD":
	case strings.HasPrefix(text, "STREAMING-"):
		return notImplemented("aws-chunked body (x-amz-content-sha256: " + text +
			"); send the body plain, as the SDK does over http")
	case err != nil || len(sum) != sha256.Size:
		return invalidArgument("x-amz-content-sha256", text,
			"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-... or a SHA-256 in hex.")
	default:
		d.sha256, d.wantHash = sha256.New(), strings.ToLower(text)
	}
	return nil
}

func (d *digests) readChecksum(h http.Header) error {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if name := strings.ToLower(name); strings.HasPrefix(name, checksumPrefix) {
			names = append(names, name)
		}
	}
	declared, isDeclared := h["X-Amz-Sdk-Checksum-Algorithm"]
	if len(names) > 1 {
		return invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
	}
	if len(names) == 0 {
		if isDeclared {
			return invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* header was found.")
		}
		return nil
	}
	c := checksum{Algorithm: strings.TrimPrefix(names[0], checksumPrefix), Value: h.Get(names[0])}
	sum, known := newChecksumHash(c.Algorithm)
	if !known {
		return invalidRequest("The header %s is not known; crc32, crc32c, crc64nvme, sha1 and sha256 are.", names[0])
	}
	if isDeclared && !strings.EqualFold(declared[0], c.Algorithm) {
		return invalidRequest("x-amz-sdk-checksum-algorithm is %s, and the checksum is %s.", declared[0], names[0])
	}
	if value, err := base64.StdEncoding.DecodeString(c.Value); err != nil || len(value) != sum.Size() {
		return invalidRequest("Value for %s header is invalid.", names[0])
	}
	d.sum, d.checksum = sum, &c
	return nil
}

// Write takes a part of the body. It never fails.
func (d *digests) Write(p []byte) (int, error) {
	for _, h := range []hash.Hash{d.md5, d.sha256, d.sum} {
		if h != nil {
			h.Write(p)
		}
	}
	return len(p), nil
}

// check says whether the body came to what was asked.
func (d *digests) check() error {
	sum := d.md5.Sum(nil)
	if d.sha256 != nil && hex.EncodeToString(d.sha256.Sum(nil)) != d.wantHash {
		return &s3Error{status: 400, Code: "XAmzContentSHA256Mismatch",
			Message: "The provided 'x-amz-content-sha256' header does not match what was computed."}
	}
	if d.wantMD5 != nil && string(sum) != string(d.wantMD5) {
		return &s3Error{status: 400, Code: "BadDigest", Message: "The Content-MD5 you specified did not match what we received."}
	}
	if d.sum != nil && base64.StdEncoding.EncodeToString(d.sum.Sum(nil)) != d.checksum.Value {
		return &s3Error{status: 400, Code: "BadDigest",
			Message: "The " + strings.ToUpper(d.checksum.Algorithm) + " you specified did not match the calculated checksum."}
	}
	return nil
}
