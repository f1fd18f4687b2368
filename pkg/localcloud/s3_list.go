package localcloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxListKeys is the most that one page of a listing holds, whatever is asked for.
const maxListKeys = 1000

// listing is a page of ListObjectsV2, as it is asked for and answered.
type listing struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

func (s *s3Service) listObjects(w http.ResponseWriter, r *s3Request) error {
	page, after, err := listingOf(r.bucket, r.values)
	if err != nil {
		return err
	}
	if err := s.objects.checkBucketExists(r.bucket); err != nil {
		return err
	}
	if err := s.fill(page, after); err != nil {
		return err
	}
	page.encode()
	s.writeXML(w, http.StatusOK, page)
	return nil
}

// listingOf reads what is asked for, and after which key or common prefix it begins.
func listingOf(bucket string, values url.Values) (*listing, string, error) {
	page := &listing{
		Name: bucket, Prefix: values.Get("prefix"), Delimiter: values.Get("delimiter"),
		StartAfter: values.Get("start-after"), EncodingType: values.Get("encoding-type"), MaxKeys: maxListKeys,
	}
	if text := values.Get("max-keys"); values.Has("max-keys") {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return nil, "", invalidArgument("max-keys", text, "max-keys must be an integer between 0 and 2147483647.")
		}
		page.MaxKeys = min(int(n), maxListKeys)
	}
	if values.Has("encoding-type") && page.EncodingType != "url" {
		return nil, "", invalidArgument("encoding-type", page.EncodingType, "Invalid Encoding Method specified in Request")
	}
	after := page.StartAfter
	if values.Has("continuation-token") {
		page.ContinuationToken = values.Get("continuation-token")
		page.StartAfter = "" // it began the first page
		last, ok := page.openToken(page.ContinuationToken)
		if !ok {
			return nil, "", invalidArgument("continuation-token", "", "The continuation token provided is incorrect")
		}
		after = last
	}
	return page, after, nil
}

// token is the opaque continuation token for what follows a key or common prefix. It is good for this listing only.
func (p *listing) token(last string) string {
	return base64.RawURLEncoding.EncodeToString(append(p.fingerprint(last), last...))
}

func (p *listing) openToken(token string) (last string, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) <= 8 {
		return "", false
	}
	last = string(data[8:])
	return last, bytes.Equal(data[:8], p.fingerprint(last))
}

func (p *listing) fingerprint(last string) []byte {
	sum := sha256.Sum256([]byte(strings.Join([]string{p.Name, p.Prefix, p.Delimiter, last}, "\x00")))
	return sum[:8]
}

// fill puts keys and common prefixes after `after` into the page, until it is full or they end.
func (s *s3Service) fill(p *listing, after string) error {
	if p.MaxKeys == 0 {
		return nil
	}
	last, skip := after, ""
	if p.ContinuationToken != "" && p.isCommonPrefix(after) {
		skip = after
	}
	for key, err := range s.objects.keys(p.Name, p.Prefix, after) {
		if err != nil {
			return err
		}
		if skip != "" && strings.HasPrefix(key, skip) {
			continue
		}
		if p.KeyCount == p.MaxKeys {
			p.IsTruncated, p.NextContinuationToken = true, p.token(last)
			return nil
		}
		if prefix, ok := p.rollUp(key); ok {
			p.CommonPrefixes = append(p.CommonPrefixes, commonPrefix{prefix})
			last, skip = prefix, prefix
		} else if listed, err := s.listed(p.Name, key); isNoSuchKey(err) { // deleted meanwhile
			continue
		} else if err != nil {
			return err
		} else {
			p.Contents = append(p.Contents, listed)
			last = key
		}
		p.KeyCount++
	}
	return nil
}

// rollUp answers the common prefix of a key: up to the first delimiter behind the listing's prefix.
func (p *listing) rollUp(key string) (string, bool) {
	if p.Delimiter == "" {
		return "", false
	}
	before, _, found := strings.Cut(key[len(p.Prefix):], p.Delimiter)
	return p.Prefix + before + p.Delimiter, found
}

// isCommonPrefix says that a continuation token was made of a common prefix and not of a key.
func (p *listing) isCommonPrefix(last string) bool {
	if !strings.HasPrefix(last, p.Prefix) {
		return false
	}
	prefix, ok := p.rollUp(last)
	return ok && prefix == last
}

func (s *s3Service) listed(bucket, key string) (listedObject, error) {
	st, err := s.objects.stat(bucket, key)
	if err != nil {
		return listedObject{}, err
	}
	return listedObject{
		Key: key, LastModified: st.Modified.UTC().Format("2006-01-02T15:04:05.000Z"),
		ETag: `"` + st.MD5 + `"`, Size: st.Size, StorageClass: "STANDARD",
	}, nil
}

// encode spells names as encoding-type=url asks.
func (p *listing) encode() {
	if p.EncodingType == "" {
		return
	}
	spell := func(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "%2F", "/") }
	p.Prefix, p.Delimiter, p.StartAfter = spell(p.Prefix), spell(p.Delimiter), spell(p.StartAfter)
	for i := range p.Contents {
		p.Contents[i].Key = spell(p.Contents[i].Key)
	}
	for i := range p.CommonPrefixes {
		p.CommonPrefixes[i].Prefix = spell(p.CommonPrefixes[i].Prefix)
	}
}
