package awscloud_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/snapshot/snapshottest"
)

func TestStoreKeepsTheContractOnLocalcloud(t *testing.T) {
	_, cfg := local(t)
	client := s3.NewFromConfig(cfg, s3.WithAPIOptions(smallPages))
	snapshottest.Suite(t, awscloud.NewStore(client, "acme"), snapshottest.Options{Keys: 5*pageSize + 7})
}

const pageSize = 20

// smallPages has listings come in pages of pageSize keys, so that a few files on disk fill several.
func smallPages(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("SmallPages", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if list, ok := in.Parameters.(*s3.ListObjectsV2Input); ok {
			list.MaxKeys = aws.Int32(pageSize)
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}

func TestVaultKeepsTheContractOnLocalcloud(t *testing.T) {
	cloud, cfg := local(t)
	judgeVault(t, secretsmanager.NewFromConfig(cfg), credentialtest.WithStartRotation(
		func(t *testing.T, name string) string { return startRotation(t, cloud, name) }))
}

// local starts localcloud with a bucket and configures clients for it.
func local(t *testing.T) (*localcloud.Cloud, aws.Config) {
	t.Helper()
	cloud, err := localcloud.Open(t.TempDir(), localcloud.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := cloud.CreateBucket("acme"); err != nil {
		t.Fatal(err)
	}
	endpoint, err := cloud.Start()
	if err != nil {
		t.Fatal(err)
	}
	return cloud, endpointConfig(t, endpoint, "local", "local")
}

func startRotation(t *testing.T, cloud *localcloud.Cloud, name string) (token string) {
	t.Helper()
	token, err := cloud.StartRotation(name)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// endpointConfig configures clients for a server at endpoint, as the product's are configured.
func endpointConfig(t *testing.T, endpoint, keyID, key string) aws.Config {
	t.Helper()
	isolate(t)
	return load(t,
		config.WithBaseEndpoint(endpoint),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(keyID, key, "")))
}

// judgeVault runs the suite, with the console's part done by the SDK.
func judgeVault(t *testing.T, client *secretsmanager.Client, options ...credentialtest.Option) {
	t.Helper()
	check := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	makeEmpty := func(t *testing.T, name string) {
		_, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name})
		check(t, err)
	}
	restore := func(t *testing.T, name, id string) {
		described, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name})
		check(t, err)
		_, err = client.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
			SecretId:            &name,
			VersionStage:        aws.String("AWSCURRENT"),
			MoveToVersionId:     &id,
			RemoveFromVersionId: aws.String(labelled(described.VersionIdsToStages, "AWSCURRENT")),
		})
		check(t, err)
	}
	markDeleted := func(t *testing.T, name string) {
		_, err := client.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name})
		check(t, err)
	}
	open := func(*testing.T) credential.Vault { return awscloud.NewVault(client) }
	credentialtest.Suite(t, open, "yardstick-test", append(options,
		credentialtest.WithEmpty(makeEmpty),
		credentialtest.WithRestore(restore),
		credentialtest.WithMarkDeleted(markDeleted),
		credentialtest.WithStaging(awscloud.NewVault(client)))...)
}

// labelled is the version that has a staging label.
func labelled(stages map[string][]string, label string) string {
	for id, labels := range stages {
		if slices.Contains(labels, label) {
			return id
		}
	}
	return ""
}
