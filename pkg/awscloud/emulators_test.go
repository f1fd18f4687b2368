//go:build emulators

package awscloud_test

import (
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/snapshot/snapshottest"
)

func TestStoreKeepsTheContractOnAnotherServer(t *testing.T) {
	client := s3.NewFromConfig(reach(t, "YARDSTICK_TEST_S3_ENDPOINT"))
	bucket := "yardstick-" + strings.ToLower(rand.Text()[:10])
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	snapshottest.Suite(t, awscloud.NewStore(client, bucket), snapshottest.Options{
		Deviations: deviations("YARDSTICK_TEST_S3_DEVIATIONS"),
	})
	if _, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Error(err)
	}
}

func TestVaultKeepsTheContractOnAnotherServer(t *testing.T) {
	client := secretsmanager.NewFromConfig(reach(t, "YARDSTICK_TEST_SECRETS_ENDPOINT"))
	judgeVault(t, client, credentialtest.WithDeviations(deviations("YARDSTICK_TEST_SECRETS_DEVIATIONS")...))
}

// deviations are the lines of a variable: what the server at hand is known to break. Unset: nothing.
func deviations(variable string) []string {
	return slices.Collect(func(yield func(string) bool) {
		for line := range strings.Lines(os.Getenv(variable)) {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	})
}

// reach configures clients for the endpoint that a variable names.
func reach(t *testing.T, variable string) aws.Config {
	t.Helper()
	return endpointConfig(t, need(t, variable),
		need(t, "YARDSTICK_TEST_ACCESS_KEY_ID"), need(t, "YARDSTICK_TEST_SECRET_ACCESS_KEY"))
}

func need(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set; .ci/emulators sets it", variable)
	}
	return value
}
