package localcloud

import (
	"encoding/xml"
	"io"
	"net/http"
)

const region = "us-east-1"

// createBucket makes a bucket; in us-east-1 one that exists already is no error.
func (s *s3Service) createBucket(w http.ResponseWriter, r *s3Request) error {
	if err := checkBucketConfiguration(r.Body); err != nil {
		return err
	}
	if err := s.objects.createBucket(r.bucket); err != nil {
		return err
	}
	w.Header().Set("Location", "/"+r.bucket)
	w.WriteHeader(http.StatusOK)
	return nil
}

// checkBucketConfiguration takes an empty body, or one that names a region and nothing else.
func checkBucketConfiguration(body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, 1<<16))
	if err != nil {
		return &s3Error{status: 400, Code: "IncompleteBody", Message: "The body cannot be read: " + err.Error() + "."}
	}
	if len(text) == 0 {
		return nil
	}
	var configuration struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
		Other              []struct{ XMLName xml.Name } `xml:",any"`
	}
	if err := xml.Unmarshal(text, &configuration); err != nil {
		return &s3Error{status: 400, Code: "MalformedXML",
			Message: "The XML you provided was not well-formed or did not validate."}
	}
	if len(configuration.Other) > 0 {
		return notImplemented("CreateBucket with " + configuration.Other[0].XMLName.Local)
	}
	return nil
}

func (s *s3Service) headBucket(w http.ResponseWriter, r *s3Request) error {
	if err := s.objects.checkBucketExists(r.bucket); err != nil {
		return err
	}
	w.Header().Set("X-Amz-Bucket-Region", region)
	w.WriteHeader(http.StatusOK)
	return nil
}
