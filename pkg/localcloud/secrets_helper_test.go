package localcloud_test

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// token makes a ClientRequestToken of a short name.
func token(name string) *string {
	sum := sha256.Sum256([]byte(name))
	return aws.String(hex.EncodeToString(sum[:]))
}

func (w *world) createSecret(name, text string) *secretsmanager.CreateSecretOutput {
	w.t.Helper()
	out, err := w.secrets.CreateSecret(w.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text})
	w.check(err)
	return out
}

func (w *world) current(id string) *secretsmanager.GetSecretValueOutput {
	w.t.Helper()
	out, err := w.secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	w.check(err)
	return out
}
