package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"yardstick/pkg/awscloud"
)

// cloud is the SDK as it was set up, and the two clients that everything works with.
type cloud struct {
	sdk     aws.Config
	s3      *s3.Client
	secrets *secretsmanager.Client
}

// connect sets the SDK up from its own environment, or for one endpoint of our own with made-up credentials.
func connect(ctx context.Context, o Options) (cloud, error) {
	var options []func(*sdkconfig.LoadOptions) error
	if o.Endpoint != "" {
		options = append(options,
			sdkconfig.WithRegion("us-east-1"),
			sdkconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")),
			sdkconfig.WithSharedConfigFiles([]string{}), sdkconfig.WithSharedCredentialsFiles([]string{}))
	}
	c, err := sdkconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cloud{}, fmt.Errorf("set up the AWS SDK: %w", err)
	}
	if c.Region == "" {
		return cloud{}, errors.New("AWS_REGION: not set, expected the region of the bucket and the secrets, such as us-east-1 (or give --local DIR)")
	}
	return cloud{
		sdk: c,
		s3: s3.NewFromConfig(c, func(s *s3.Options) {
			if o.Endpoint != "" {
				s.BaseEndpoint = aws.String(o.Endpoint)
			}
			if o.Transport != nil {
				s.HTTPClient = &http.Client{Transport: o.Transport}
			}
		}),
		secrets: secretsmanager.NewFromConfig(c, func(s *secretsmanager.Options) {
			if o.Endpoint != "" {
				s.BaseEndpoint = aws.String(o.Endpoint)
			}
			if o.Transport != nil {
				s.HTTPClient = &http.Client{Transport: o.Transport}
			}
		}),
	}, nil
}

// reached is the SDK's configuration for a client of another service.
func (a *App) reached() aws.Config {
	c := a.cloud.sdk.Copy()
	if a.Endpoint != "" {
		c.BaseEndpoint = aws.String(a.Endpoint)
	}
	if a.Transport != nil {
		c.HTTPClient = &http.Client{Transport: a.Transport}
	}
	return c
}

// loadConfig gives the configuration's text: the value itself, or what lies at the s3:// URL or path that it names.
func loadConfig(ctx context.Context, value string, c cloud) ([]byte, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil, fmt.Errorf("%s: not set, expected the configuration in YAML or JSON, s3://bucket/key, or a file's path "+
			"(the command line also takes --config FILE)", ConfigVariable)
	}
	if place, ok := strings.CutPrefix(value, "s3://"); ok {
		return loadFromS3(ctx, place, c)
	}
	if isConfigText(value) {
		return []byte(value), nil
	}
	text, err := os.ReadFile(value)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w; expected a file, s3://bucket/key, or the configuration's text", err)
	}
	return text, nil
}

// isConfigText tells a configuration from the path of one.
func isConfigText(value string) bool {
	return strings.ContainsAny(value, "\n{") || strings.Contains(value, ": ")
}

func loadFromS3(ctx context.Context, place string, c cloud) ([]byte, error) {
	bucket, key, _ := strings.Cut(place, "/")
	if bucket == "" || key == "" {
		return nil, fmt.Errorf("configuration: found s3://%s, expected s3://bucket/key", place)
	}
	body, _, err := awscloud.NewStore(c.s3, bucket).Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("configuration s3://%s: %w", place, err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("configuration s3://%s: %w", place, err)
	}
	return text, nil
}
