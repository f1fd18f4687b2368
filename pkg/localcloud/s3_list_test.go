package localcloud_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// page is what a listing answers: keys and common prefixes, each in order.
type page struct{ Keys, Prefixes []string }

func (p *page) add(out *s3.ListObjectsV2Output) {
	for _, o := range out.Contents {
		p.Keys = append(p.Keys, *o.Key)
	}
	for _, c := range out.CommonPrefixes {
		p.Prefixes = append(p.Prefixes, *c.Prefix)
	}
}

// listModel is what S3 documents of a listing, done the plain way.
func listModel(keys []string, prefix, delimiter, after string) (p page) {
	for _, key := range slices.Sorted(slices.Values(keys)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= after {
			continue
		}
		if before, _, found := strings.Cut(rest, delimiter); delimiter != "" && found {
			if common := prefix + before + delimiter; !slices.Contains(p.Prefixes, common) {
				p.Prefixes = append(p.Prefixes, common)
			}
			continue
		}
		p.Keys = append(p.Keys, key)
	}
	return p
}

// listAll follows the continuation tokens, and checks that each page keeps its own promises.
func listAll(t *rapid.T, client *s3.Client, in *s3.ListObjectsV2Input) (all page) {
	for pages := 0; ; pages++ {
		out, err := client.ListObjectsV2(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		all.add(out)
		n := len(out.Contents) + len(out.CommonPrefixes)
		if n != int(*out.KeyCount) || n > int(*in.MaxKeys) || *out.IsTruncated != (out.NextContinuationToken != nil) {
			t.Fatalf("a page of %d, with KeyCount %d, of at most %d, truncated %v", n, *out.KeyCount, *in.MaxKeys, *out.IsTruncated)
		}
		if !*out.IsTruncated {
			return all
		}
		if n != int(*in.MaxKeys) || pages > 100 {
			t.Fatalf("page %d holds %d of %d and is truncated", pages, n, *in.MaxKeys)
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func TestListingIsWhatTheModelSays(t *testing.T) {
	w := newWorld(t)
	n := 0
	// "-", "." and "0" lie around "/" in the order of bytes, where a walk of folders and an order of keys part ways
	text := func(least, most int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.SampledFrom([]rune("a-./0ü")), least, most, -1)
	}
	rapid.Check(t, func(t *rapid.T) {
		n++
		name := fmt.Sprintf("bucket-%d", n)
		if err := w.cloud.CreateBucket(name); err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, key := range rapid.SliceOfNDistinct(text(1, 6), 0, 12, rapid.ID).Draw(t, "keys") {
			_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(key)})
			if err == nil { // else no file can have the name
				keys = append(keys, key)
			}
		}
		for range 4 {
			prefix, after := text(0, 3).Draw(t, "prefix"), text(0, 5).Draw(t, "start-after")
			delimiter := rapid.SampledFrom([]string{"", "/", "/", "a", "./"}).Draw(t, "delimiter")
			in := &s3.ListObjectsV2Input{Bucket: &name, MaxKeys: aws.Int32(rapid.Int32Range(1, 6).Draw(t, "max-keys"))}
			for value, field := range map[*string]**string{&prefix: &in.Prefix, &after: &in.StartAfter, &delimiter: &in.Delimiter} {
				if *value != "" {
					*field = value
				}
			}
			if diff := cmp.Diff(listModel(keys, prefix, delimiter, after), listAll(t, w.s3, in)); diff != "" {
				t.Fatalf("keys %q, prefix %q, delimiter %q, start-after %q:\n%s", keys, prefix, delimiter, after, diff)
			}
		}
	})
}

func TestAListingSaysWhatWasAskedAndFound(t *testing.T) {
	w := newWorld(t)
	w.put("a b/ü=1.txt", "hello", map[string]string{"rows": "1"})
	w.put("a b/x/y", "", nil)
	out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(bucket), Prefix: aws.String("a b/"), Delimiter: aws.String("/"), StartAfter: aws.String("a b/!"),
		EncodingType: types.EncodingTypeUrl, MaxKeys: aws.Int32(2000),
	})
	w.check(err)
	if *out.Name != bucket || *out.Prefix != "a+b/" || *out.Delimiter != "/" || *out.StartAfter != "a+b/%21" ||
		*out.MaxKeys != 1000 || *out.KeyCount != 2 || *out.IsTruncated || out.EncodingType != types.EncodingTypeUrl {
		t.Errorf("got %+v", out)
	}
	o := out.Contents[0]
	if key, err := url.QueryUnescape(*o.Key); err != nil || key != "a b/ü=1.txt" {
		t.Errorf("the key is %q", *o.Key)
	}
	if *o.Size != 5 || *o.ETag != etagOf("hello") || !o.LastModified.Equal(start) ||
		o.StorageClass != types.ObjectStorageClassStandard {
		t.Errorf("got %+v", o)
	}
	if *out.CommonPrefixes[0].Prefix != "a+b/x/" {
		t.Errorf("got %+v", out.CommonPrefixes)
	}
}

func TestOnePageHoldsAtMostAThousandKeys(t *testing.T) {
	w := newWorld(t)
	for i := range 1001 {
		w.write(w.file("s3", bucket, fmt.Sprintf("dt=%04d", i)), "x")
	}
	in := &s3.ListObjectsV2Input{Bucket: aws.String(bucket)}
	var pages []int32
	for p := s3.NewListObjectsV2Paginator(w.s3, in); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		w.check(err)
		pages = append(pages, *out.KeyCount)
	}
	if diff := cmp.Diff([]int32{1000, 1}, pages); diff != "" {
		t.Error(diff)
	}
}

func TestAPageOfNoKeys(t *testing.T) {
	w := newWorld(t)
	w.put("k", "v", nil)
	out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), MaxKeys: aws.Int32(0)})
	w.check(err)
	if *out.KeyCount != 0 || *out.IsTruncated || *out.MaxKeys != 0 {
		t.Errorf("got %+v", out)
	}
}

func TestListingArgumentsThatAreWrong(t *testing.T) {
	w := newWorld(t)
	w.put("a", "v", nil)
	w.put("b", "v", nil)
	first, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), MaxKeys: aws.Int32(1)})
	w.check(err)
	good := *first.NextContinuationToken
	for name, change := range map[string]func(*s3.ListObjectsV2Input){
		"no token":             func(in *s3.ListObjectsV2Input) { in.ContinuationToken = aws.String("") },
		"a token made up":      func(in *s3.ListObjectsV2Input) { in.ContinuationToken = aws.String("AAAAAAAAAAAAAAAAAAAA") },
		"a token cut short":    func(in *s3.ListObjectsV2Input) { in.ContinuationToken = aws.String(good[:len(good)-2]) },
		"a key as a token":     func(in *s3.ListObjectsV2Input) { in.ContinuationToken = aws.String("a/b c") },
		"another list's token": func(in *s3.ListObjectsV2Input) { in.ContinuationToken, in.Prefix = &good, aws.String("b") },
		"max-keys":             func(in *s3.ListObjectsV2Input) { in.MaxKeys = aws.Int32(-1) },
		"encoding-type":        func(in *s3.ListObjectsV2Input) { in.EncodingType = "base64" },
	} {
		in := &s3.ListObjectsV2Input{Bucket: aws.String(bucket)}
		change(in)
		_, err := w.s3.ListObjectsV2(t.Context(), in)
		if err == nil {
			t.Errorf("%s was taken", name)
			continue
		}
		wantCode(t, err, "InvalidArgument", "")
	}
}
