package faultproxy

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// The services, as Call.Service names them.
const (
	S3             = "s3"
	SecretsManager = "secretsmanager"
)

// Call is one call that arrived.
type Call struct {
	N         int       // from 1, over all calls of this Proxy
	Nth       int       // from 1, over the calls of this Operation
	Time      time.Time // of its arrival
	Service   string    // S3 or SecretsManager
	Operation string    // as the SDK names it: "PutSecretValue", "PutObject", "ListObjectsV2" ...

	Secret string // SecretId, or the Name of CreateSecret, as it was sent: a name or an ARN
	Token  string // ClientRequestToken
	Value  string // SecretString: a secret, for tests to compare and not to print

	Bucket, Key string // of S3

	// Effect is the status that the cloud itself answered; 0 where the call never reached it, or is on its way. Below
	// 300 the call took effect.
	Effect int
	// Status is what the client is answered, noted before it is sent; 0 where nothing was, as Answered is zero then.
	Status   int
	Answered time.Time
}

// Acknowledged says that the call took effect and the client was told so.
func (c Call) Acknowledged() bool { return took(c.Effect) && took(c.Status) }

func took(status int) bool { return status/100 == 2 }

// describe understands a request as far as a test may want to tell calls apart.
func describe(r *http.Request, body []byte) Call {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ := strings.Cut(target, ".")
		c := Call{Service: SecretsManager, Operation: operation}
		var in struct{ SecretId, Name, ClientRequestToken, SecretString string } //nolint:revive // the service's spelling
		_ = json.Unmarshal(body, &in)                                            // what cannot be read, the cloud itself refuses
		c.Secret, c.Token, c.Value = in.SecretId, in.ClientRequestToken, in.SecretString
		if c.Secret == "" {
			c.Secret = in.Name
		}
		return c
	}
	c := Call{Service: S3}
	c.Bucket, c.Key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c.Operation = operationOf(r, c.Key)
	return c
}

// operationOf is the SDK's name of an S3 request. It puts most of them into the query by itself.
func operationOf(r *http.Request, key string) string {
	query := r.URL.Query()
	switch {
	case query.Get("x-id") != "":
		return query.Get("x-id")
	case query.Get("list-type") == "2":
		return "ListObjectsV2"
	}
	kind := "Object"
	if key == "" {
		kind = "Bucket"
	}
	verb := map[string]string{http.MethodPut: "Put", http.MethodGet: "Get", http.MethodHead: "Head", http.MethodDelete: "Delete"}[r.Method]
	if verb == "Put" && kind == "Bucket" {
		verb = "Create"
	}
	return verb + kind
}
