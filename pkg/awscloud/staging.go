package awscloud

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"yardstick/pkg/credential"
)

var _ credential.Staging = (*Vault)(nil)

// Describe tells the secret's versions and their staging labels by DescribeSecret. Errors are those of
// credential.Staging, or of no kind.
func (v *Vault) Describe(ctx context.Context, name string) (credential.Description, error) {
	operation := "describe secret " + name
	out, err := v.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name}, vaultOptions)
	if err != nil {
		return credential.Description{}, failVault(operation, err)
	}
	if out.DeletedDate != nil {
		return credential.Description{}, markedForDeletion(operation)
	}
	return credential.Description{
		ARN: aws.ToString(out.ARN), RotationEnabled: aws.ToBool(out.RotationEnabled), Labels: out.VersionIdsToStages,
	}, nil
}

func markedForDeletion(operation string) *failure {
	return &failure{operation: operation, kind: credential.ErrUnusable, said: "it is marked for deletion"}
}

// Read reads one version by its id. The service gives one answer for "no such secret", "no such version" and "no value
// yet"; all three are ErrNotFound. Other errors are ErrDenied, ErrUnusable, or of no kind.
func (v *Vault) Read(ctx context.Context, name, id string) (credential.Version, error) {
	operation := fmt.Sprintf("read version %s of secret %s", id, name)
	out, err := v.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name, VersionId: &id},
		vaultOptions)
	if err != nil {
		return credential.Version{}, failVault(operation, err)
	}
	return versionOf(operation, out)
}

// PutPending stores value by PutSecretValue with token as ClientRequestToken and AWSPENDING as the only label, and with
// the RotationToken where there is one. Errors are those of credential.Staging, or of no kind; a message holds neither
// the value nor the RotationToken.
func (v *Vault) PutPending(
	ctx context.Context, name string, value credential.Secret, token string, rotationToken credential.Secret,
) error {
	operation := fmt.Sprintf("store pending version %s of secret %s", token, name)
	if err := refuse(operation, value); err != nil {
		return err
	}
	in := &secretsmanager.PutSecretValueInput{
		SecretId:           &name,
		SecretString:       aws.String(value.Reveal()),
		ClientRequestToken: &token,
		VersionStages:      []string{credential.LabelPending},
	}
	if !rotationToken.Empty() {
		in.RotationToken = aws.String(rotationToken.Reveal())
	}
	if _, err := v.client.PutSecretValue(ctx, in, vaultOptions); err != nil {
		return failVault(operation, err).without(value, err)
	}
	return nil
}

// MoveLabel moves a staging label by UpdateSecretVersionStage. RemoveFromVersionId is sent wherever there is a version
// to name, so that a label which moved meanwhile is never taken from its new place. Errors are those of
// credential.Staging, or of no kind.
func (v *Vault) MoveLabel(ctx context.Context, name, label, to, from string) error {
	operation := fmt.Sprintf("move %s of secret %s from version %q to %q", label, name, from, to)
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &name, VersionStage: &label}
	if to != "" {
		in.MoveToVersionId = &to
	}
	if from != "" {
		in.RemoveFromVersionId = &from
	}
	_, err := v.client.UpdateSecretVersionStage(ctx, in, vaultOptions)
	if err == nil {
		return nil
	}
	f := failVault(operation, err)
	switch code(err) {
	case "InvalidParameterException", "InvalidRequestException":
		return v.moved(ctx, f, name, label, to, from)
	}
	return f
}

// moved tells a lost compare-and-swap from a request that is wrong in itself. The service's reference names no code for
// either, so that only the labels themselves can tell.
func (v *Vault) moved(ctx context.Context, refused *failure, name, label, to, from string) error {
	d, err := v.Describe(ctx, name)
	if err != nil {
		return err
	}
	holder := ""
	for id, labels := range d.Labels {
		if slices.Contains(labels, label) {
			holder = id
		}
	}
	switch holder {
	case to: // as it should be: the answer to an earlier attempt was lost, or another did the same
		return nil
	case from:
		return refused
	}
	refused.kind, refused.hint = credential.ErrMoved, ""
	return refused
}
