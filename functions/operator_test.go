package functions_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// secrets is Secrets Manager as an operator's own tools see it.
func (d deployment) secrets() *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{Region: "us-east-1", BaseEndpoint: aws.String(d.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("operator", "operator", "")})
}

// secret is the current value of a secret.
func (d deployment) secret(t *testing.T, name string) string {
	t.Helper()
	got, err := d.secrets().GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(got.SecretString)
}

// putSecret stores a value as an operator does, and answers its version.
func (d deployment) putSecret(t *testing.T, name, value string) (version string) {
	t.Helper()
	got, err := d.secrets().PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(got.VersionId)
}
