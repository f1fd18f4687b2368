// Command empty is what .ci/start compares a function's start with: a handler that does nothing, beside the SDK clients
// that the export functions have. CALLS in its environment has it make calls to AWS first, one after another: a JSON list
// of calls as .ci/bench.d/start has noted them.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const bucket = "start"

type call struct {
	Operation string // s3's or secretsmanager's
	Key       string // or the prefix of a listing, or a secret's name
	After     string // of a listing
	Size      int    // of what is put
}

type handler struct {
	store *s3.Client
	vault *secretsmanager.Client
	calls []call
}

// Invoke makes the calls and answers an empty object.
func (h *handler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	for _, c := range h.calls {
		if err := h.call(ctx, c); err != nil {
			return nil, fmt.Errorf("%s %s: %w", c.Operation, c.Key, err)
		}
	}
	return []byte("{}"), nil
}

func (h *handler) call(ctx context.Context, c call) error {
	name := bucket
	switch c.Operation {
	case "GetObject":
		out, err := h.store.GetObject(ctx, &s3.GetObjectInput{Bucket: &name, Key: &c.Key})
		if err != nil {
			return err
		}
		defer func() { _ = out.Body.Close() }()
		_, err = io.ReadAll(out.Body)
		return err
	case "PutObject":
		_, err := h.store.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &c.Key, Body: bytes.NewReader(make([]byte, c.Size))})
		return err
	case "ListObjectsV2":
		_, err := h.store.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &name, Prefix: &c.Key, StartAfter: &c.After})
		return err
	case "GetSecretValue":
		_, err := h.vault.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &c.Key})
		return err
	default:
		return fmt.Errorf("unknown; say in .ci/bench.d/empty how to make it")
	}
}

func main() {
	h := &handler{}
	if text := os.Getenv("CALLS"); text != "" {
		if err := json.Unmarshal([]byte(text), &h.calls); err != nil {
			fmt.Fprintln(os.Stderr, "empty: CALLS:", err)
			os.Exit(1)
		}
	}
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "empty:", err)
		os.Exit(1)
	}
	h.store, h.vault = s3.NewFromConfig(c), secretsmanager.NewFromConfig(c)
	lambda.Start(h)
}
