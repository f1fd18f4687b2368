package awscloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/credential"
)

const (
	versionA      = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	versionB      = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
	versionC      = "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
	rotationToken = "r-5f1e8a27-4aaa-8aaa-aaaa-aaaaaaaaaaaa"
)

// stagingCalls are the calls of a Staging, by the beginning of what their errors say.
var stagingCalls = map[string]func(context.Context, *awscloud.Vault) error{
	"describe secret": func(ctx context.Context, v *awscloud.Vault) error {
		_, err := v.Describe(ctx, secretName)
		return err
	},
	"read version": func(ctx context.Context, v *awscloud.Vault) error {
		_, err := v.Read(ctx, secretName, versionA)
		return err
	},
	"store pending version": func(ctx context.Context, v *awscloud.Vault) error {
		return v.PutPending(ctx, secretName, credential.NewSecret(value), token, credential.NewSecret(rotationToken))
	},
	"move AWSCURRENT": func(ctx context.Context, v *awscloud.Vault) error {
		return v.MoveLabel(ctx, secretName, "AWSCURRENT", versionB, versionA)
	},
}

// sent is the body of a script's first request.
func sent(t *testing.T, s *script) (body map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.requests()[0].Body), &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestStagingCallsSendWhatTheyAreGiven(t *testing.T) {
	pending := map[string]any{"SecretId": secretName, "SecretString": value, "ClientRequestToken": token,
		"VersionStages": []any{"AWSPENDING"}}
	withToken := map[string]any{"RotationToken": rotationToken}
	for name, member := range pending {
		withToken[name] = member
	}
	for name, c := range map[string]struct {
		call   func(context.Context, *awscloud.Vault) error
		target string
		want   map[string]any
	}{
		"describe": {stagingCalls["describe secret"], "DescribeSecret", map[string]any{"SecretId": secretName}},
		"read": {stagingCalls["read version"], "GetSecretValue",
			map[string]any{"SecretId": secretName, "VersionId": versionA}},
		"put with a RotationToken": {stagingCalls["store pending version"], "PutSecretValue", withToken},
		"put without one": {func(ctx context.Context, v *awscloud.Vault) error {
			return v.PutPending(ctx, secretName, credential.NewSecret(value), token, credential.Secret{})
		}, "PutSecretValue", pending},
		"move": {stagingCalls["move AWSCURRENT"], "UpdateSecretVersionStage", map[string]any{"SecretId": secretName,
			"VersionStage": "AWSCURRENT", "MoveToVersionId": versionB, "RemoveFromVersionId": versionA}},
		"remove": {func(ctx context.Context, v *awscloud.Vault) error {
			return v.MoveLabel(ctx, secretName, "AWSPENDING", "", versionA)
		}, "UpdateSecretVersionStage", map[string]any{"SecretId": secretName,
			"VersionStage": "AWSPENDING", "RemoveFromVersionId": versionA}},
	} {
		t.Run(name, func(t *testing.T) {
			vault, script := scriptedVault(t, current)
			if err := c.call(t.Context(), vault); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(c.want, sent(t, script)); diff != "" || operations(script) != c.target {
				t.Errorf("%s (-want +got):\n%s", operations(script), diff)
			}
		})
	}
}

func TestEveryStagingCallClassifiesItsErrors(t *testing.T) {
	kinds := []error{credential.ErrNotFound, credential.ErrExists, credential.ErrDenied, credential.ErrUnusable,
		credential.ErrMoved}
	for code, want := range map[string]error{
		"ResourceNotFoundException": credential.ErrNotFound,
		"ResourceExistsException":   credential.ErrExists,
		"AccessDeniedException":     credential.ErrDenied,
		"DecryptionFailure":         credential.ErrUnusable,
		"SurpriseException":         nil,
	} {
		for call, do := range stagingCalls {
			vault, _ := scriptedVault(t, secretsError(400, code, "words of the service"))
			err := do(t.Context(), vault)
			if err == nil || !strings.HasPrefix(err.Error(), call+" ") || !strings.Contains(err.Error(), secretName) {
				t.Errorf("%s, %s: %v", call, code, err)
			}
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == want) {
					t.Errorf("%s, %s: is %v: %v", call, code, kind, errors.Is(err, kind))
				}
			}
		}
	}
}

// The service names no code for a compare-and-swap that was lost: only the labels tell it from a bad request.
func TestALostCompareAndSwapIsToldByTheLabels(t *testing.T) {
	labels := func(text string) http.HandlerFunc {
		return answer(http.StatusOK, `{"ARN":"a","VersionIdsToStages":{`+text+`}}`)
	}
	const currentOn = `":["AWSCURRENT"]`
	for name, c := range map[string]struct {
		labels http.HandlerFunc
		want   error
	}{
		"the label is elsewhere":         {labels(`"` + versionC + currentOn), credential.ErrMoved},
		"the label is nowhere":           {labels(`"` + versionC + `":["AWSPREVIOUS"]`), credential.ErrMoved},
		"the label is where it was":      {labels(`"` + versionA + currentOn), credential.ErrUnusable},
		"the label is where it is to be": {labels(`"` + versionB + currentOn), nil},
		"the secret is going":            {answer(http.StatusOK, `{"ARN":"a","DeletedDate":1.7e9}`), credential.ErrUnusable},
		"the labels cannot be read":      {denied, credential.ErrDenied},
	} {
		for _, code := range []string{"InvalidParameterException", "InvalidRequestException"} {
			t.Run(name+" "+code, func(t *testing.T) {
				vault, script := scriptedVault(t, secretsError(400, code, "words"), c.labels)
				err := vault.MoveLabel(t.Context(), secretName, "AWSCURRENT", versionB, versionA)
				if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
					t.Errorf("got %v; want %v", err, c.want)
				}
				if errors.Is(err, credential.ErrMoved) != errors.Is(c.want, credential.ErrMoved) {
					t.Errorf("got %v; want %v", err, c.want)
				}
				if got := operations(script); got != "UpdateSecretVersionStage DescribeSecret" {
					t.Errorf("calls %s", got)
				}
			})
		}
	}
}

func TestAPendingValueThatCannotBeStoredIsNotSent(t *testing.T) {
	vault, script := scriptedVault(t, written)
	for _, text := range []string{"", strings.Repeat("x", 65537)} {
		err := vault.PutPending(t.Context(), secretName, credential.NewSecret(text), token, credential.Secret{})
		if !errors.Is(err, credential.ErrUnusable) || strings.Contains(err.Error(), "xx") {
			t.Errorf("got %v", err)
		}
	}
	if got := operations(script); got != "" {
		t.Errorf("sent %s", got)
	}
}
