package awscloud

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"yardstick/pkg/credential"
)

// maxValue is the longest value that Secrets Manager stores, in bytes (its API reference, PutSecretValue,
// SecretString).
const maxValue = 65536

const (
	hintUndescribed = "or it holds no value yet; a role with secretsmanager:DescribeSecret is told which"
	hintIdentity    = "the AWS credentials themselves were refused"
	hintForm        = "the name, the token or the value is not of a form that Secrets Manager takes"
)

// Vault is Secrets Manager as a credential.Vault and a credential.Staging. Make it with NewVault. It is safe for concurrent use.
type Vault struct{ client *secretsmanager.Client }

var _ credential.Vault = (*Vault)(nil)

// NewVault is the Secrets Manager that client reaches. Nothing is asked of it yet.
func NewVault(client *secretsmanager.Client) *Vault { return &Vault{client: client} }

// Current reads the version labelled AWSCURRENT; a binary secret is read as text. The service gives one answer for
// "no such secret" and "no value yet", so that a second call, DescribeSecret, has to tell them apart. Where the role
// may not make that call, it is ErrNotFound and the message names both: such a role reads secrets that others fill.
// Other errors are ErrDenied, ErrUnusable, or of no kind.
func (v *Vault) Current(ctx context.Context, name string) (credential.Version, error) {
	operation := "read secret " + name
	out, err := v.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId:     &name,
		VersionStage: aws.String(credential.LabelCurrent),
	}, vaultOptions)
	if code(err) == "ResourceNotFoundException" {
		return v.emptyOrAbsent(ctx, name, err)
	}
	if err != nil {
		return credential.Version{}, failVault(operation, err)
	}
	return versionOf(operation, out)
}

// versionOf takes a version out of an answer, which has to have an ID and a value.
func versionOf(operation string, out *secretsmanager.GetSecretValueOutput) (credential.Version, error) {
	id := aws.ToString(out.VersionId)
	if id == "" || out.SecretString == nil && out.SecretBinary == nil {
		return credential.Version{}, &failure{
			operation: operation, said: "Secrets Manager answered without a version or a value",
		}
	}
	text := aws.ToString(out.SecretString)
	if out.SecretString == nil {
		text = string(out.SecretBinary)
	}
	return credential.Version{ARN: aws.ToString(out.ARN), ID: id, Value: credential.NewSecret(text)}, nil
}

// emptyOrAbsent tells an empty secret from an absent one; absent is what GetSecretValue said.
func (v *Vault) emptyOrAbsent(ctx context.Context, name string, absent error) (credential.Version, error) {
	operation := "read secret " + name
	out, err := v.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name}, vaultOptions)
	if err == nil && out.DeletedDate != nil {
		return credential.Version{}, markedForDeletion(operation)
	}
	if err == nil {
		return credential.Version{ARN: aws.ToString(out.ARN)}, nil
	}
	failed := failVault(operation, err)
	if !errors.Is(failed, credential.ErrDenied) {
		return credential.Version{}, failed
	}
	f := failVault(operation, absent)
	f.hint = hintUndescribed
	return credential.Version{}, f
}

// Put stores value as the new AWSCURRENT by PutSecretValue with token as ClientRequestToken, which makes every
// repetition harmless. Errors are those of credential.Vault, or of no kind; a message never holds the value.
func (v *Vault) Put(ctx context.Context, name string, value credential.Secret, token string) (string, error) {
	operation := "store secret " + name
	if err := refuse(operation, value); err != nil {
		return "", err
	}
	out, err := v.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:           &name,
		SecretString:       aws.String(value.Reveal()),
		ClientRequestToken: &token,
	}, vaultOptions)
	if err != nil {
		return "", failVault(operation, err).without(value, err)
	}
	return stored(operation, out.VersionId)
}

// Create makes a secret with a first value by CreateSecret with token as ClientRequestToken. Errors are those of
// credential.Vault, or of no kind; a message never holds the value. An ARN is ErrUnusable: it names only what exists.
func (v *Vault) Create(ctx context.Context, name string, value credential.Secret, token string) (string, error) {
	operation := "create secret " + name
	if strings.HasPrefix(name, "arn:") {
		return "", &failure{
			operation: operation,
			kind:      credential.ErrUnusable,
			said:      "an ARN cannot be created; create the secret by its name, or configure the name in place of the ARN",
		}
	}
	if err := refuse(operation, value); err != nil {
		return "", err
	}
	out, err := v.client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name:               &name,
		SecretString:       aws.String(value.Reveal()),
		ClientRequestToken: &token,
	}, vaultOptions)
	if err != nil {
		return "", failVault(operation, err).without(value, err)
	}
	return stored(operation, out.VersionId)
}

// refuse keeps back what Secrets Manager would not store: its own refusal could quote the value.
func refuse(operation string, value credential.Secret) error {
	size := len(value.Reveal())
	if size > 0 && size <= maxValue {
		return nil
	}
	return &failure{
		operation: operation,
		kind:      credential.ErrUnusable,
		said:      fmt.Sprintf("the value has %d bytes, expected 1 to %d", size, maxValue),
	}
}

func stored(operation string, id *string) (string, error) {
	if aws.ToString(id) == "" {
		return "", &failure{operation: operation, said: "Secrets Manager answered without a version; the value may be stored"}
	}
	return *id, nil
}

// vaultOptions are laid over the client's own for every call: nothing of a request or an answer is ever logged.
func vaultOptions(o *secretsmanager.Options) {
	o.ClientLogMode = 0
	repeat(&o.Retryer, &o.APIOptions)
	if o.RetryMaxAttempts == 0 {
		o.RetryMaxAttempts = defaultAttempts
	}
}

// kindOf tells what a caller may act on from the service's code (docs.aws.amazon.com/secretsmanager/latest/apireference:
// the errors of the operations that are called here, and the common ones). The service's words may be
// quoted where they name roles and secrets; where they may name what was sent, a value with it, they are not.
func kindOf(code string) (kind error, hint string, quotable bool) { //nolint:revive,staticcheck // the kind is what is asked for, not a failure
	switch code {
	case "ResourceNotFoundException":
		return credential.ErrNotFound, "", true
	case "ResourceExistsException":
		return credential.ErrExists, "", true
	case "AccessDeniedException":
		return credential.ErrDenied, "", true
	case "UnrecognizedClientException", "ExpiredTokenException":
		return credential.ErrDenied, hintIdentity, true
	case "InvalidSignatureException":
		return credential.ErrDenied, hintIdentity, false
	case "InvalidRequestException", "DecryptionFailure", "EncryptionFailure":
		return credential.ErrUnusable, "", true
	case "InvalidParameterException", "ValidationException":
		return credential.ErrUnusable, hintForm, false
	}
	return nil, "", false
}

// without keeps back the service's words where they repeat a part of the value that was sent.
func (f *failure) without(value credential.Secret, err error) *failure {
	const piece = 12 // shorter ones come about by chance
	text := value.Reveal()
	for i := 0; i+piece <= len(text); i++ {
		if strings.Contains(f.said, text[i:i+piece]) {
			f.said = code(err) + trail(err)
			break
		}
	}
	return f
}

// failVault classifies err by the service's code. Its chain holds no SDK error, since those may carry a part of the
// answer, and with it a value.
func failVault(operation string, err error) *failure {
	kind, hint, quotable := kindOf(code(err))
	f := &failure{operation: operation, kind: kind, hint: hint}
	if end := ended(err); end != nil {
		f.causes = []error{end}
	}
	_, unreadable := errors.AsType[*smithy.DeserializationError](err)
	switch {
	case unreadable:
		f.said = "the answer could not be read" + trail(err)
	case code(err) != "" && !quotable:
		f.said = code(err) + trail(err)
	default:
		f.said = describe(err)
	}
	return f
}
