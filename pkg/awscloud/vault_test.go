package awscloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/credential"
	"yardstick/pkg/snapshot"
)

const (
	secretName = "yardstick/scrapright/main/session"
	secretARN  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:" + secretName + "-AbCdEf"
	token      = "0123456789abcdef0123456789abcdef"
	value      = `{"refresh_token":"r-5f1e8a27"}`
)

var (
	current = answer(http.StatusOK, fmt.Sprintf(
		`{"ARN":%q,"Name":%q,"VersionId":"v1","SecretString":%q,"VersionStages":["AWSCURRENT"]}`, secretARN, secretName, value))
	written   = answer(http.StatusOK, fmt.Sprintf(`{"ARN":%q,"Name":%q,"VersionId":%q}`, secretARN, secretName, token))
	described = answer(http.StatusOK, fmt.Sprintf(`{"ARN":%q,"Name":%q}`, secretARN, secretName))
	notFound  = secretsError(400, "ResourceNotFoundException", "no such thing")
	denied    = secretsError(400, "AccessDeniedException", "not authorized")
)

// vaultCalls are the calls of a Vault, each with name, value and token of the constants above.
var vaultCalls = map[string]func(context.Context, *awscloud.Vault) error{
	"read": func(ctx context.Context, v *awscloud.Vault) error {
		_, err := v.Current(ctx, secretName)
		return err
	},
	"store": func(ctx context.Context, v *awscloud.Vault) error {
		_, err := v.Put(ctx, secretName, credential.NewSecret(value), token)
		return err
	},
	"create": func(ctx context.Context, v *awscloud.Vault) error {
		_, err := v.Create(ctx, secretName, credential.NewSecret(value), token)
		return err
	},
}

// operations are the actions that a script was asked for.
func operations(s *script) string {
	var all []string
	for _, r := range s.requests() {
		all = append(all, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager."))
	}
	return strings.Join(all, " ")
}

// wantRequest compares the members of the last request.
func wantRequest(t *testing.T, s *script, want map[string]string) {
	t.Helper()
	requests := s.requests()
	var got map[string]string
	if err := json.Unmarshal([]byte(requests[len(requests)-1].Body), &got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sent %v, expected %v", got, want)
	}
}

func TestCurrentReadsTheVersionLabelledCurrent(t *testing.T) {
	binary := answer(http.StatusOK, `{"ARN":"a","VersionId":"v1","SecretBinary":"YmFyZS1rZXk="}`)
	for name, c := range map[string]struct {
		step http.HandlerFunc
		want string
	}{
		"text":   {current, value},
		"binary": {binary, "bare-key"},
		"empty":  {answer(http.StatusOK, `{"ARN":"a","VersionId":"v1","SecretString":""}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			vault, script := scriptedVault(t, c.step)
			got, err := vault.Current(t.Context(), secretName)
			if err != nil || got.ID != "v1" || got.ARN == "" || got.Value.Reveal() != c.want {
				t.Errorf("got %+v %q, %v", got, got.Value.Reveal(), err)
			}
			wantRequest(t, script, map[string]string{"SecretId": secretName, "VersionStage": "AWSCURRENT"})
		})
	}
}

func TestCurrentTellsAnEmptySecretFromNone(t *testing.T) {
	for name, c := range map[string]struct {
		describe http.HandlerFunc
		arn      string
		kind     error
		words    string
	}{
		"empty":          {described, secretARN, nil, ""},
		"absent":         {notFound, "", credential.ErrNotFound, "no such secret"},
		"not to be told": {denied, "", credential.ErrNotFound, "; or it holds no value yet; a role with"},
		"deleted":        {answer(200, `{"ARN":"a","DeletedDate":1.7e9}`), "", credential.ErrUnusable, "marked for deletion"},
		"refused":        {secretsError(400, "InvalidRequestException", "why"), "", credential.ErrUnusable, "why"},
	} {
		t.Run(name, func(t *testing.T) {
			vault, script := scriptedVault(t, notFound, c.describe)
			got, err := vault.Current(t.Context(), secretName)
			if !errors.Is(err, c.kind) || errors.Is(err, credential.ErrDenied) || got.ARN != c.arn || got.ID != "" {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("error %q", err)
			}
			if got := operations(script); got != "GetSecretValue DescribeSecret" {
				t.Errorf("calls %s", got)
			}
		})
	}
}

func TestPutAndCreateSendTheTokenAndAnswerTheVersion(t *testing.T) {
	vault, script := scriptedVault(t, written)
	id, err := vault.Put(t.Context(), secretARN, credential.NewSecret(value), token)
	if err != nil || id != token || operations(script) != "PutSecretValue" {
		t.Errorf("got %q, %v after %s", id, err, operations(script))
	}
	wantRequest(t, script, map[string]string{"SecretId": secretARN, "SecretString": value, "ClientRequestToken": token})

	vault, script = scriptedVault(t, written)
	id, err = vault.Create(t.Context(), secretName, credential.NewSecret(value), token)
	if err != nil || id != token || operations(script) != "CreateSecret" {
		t.Errorf("got %q, %v after %s", id, err, operations(script))
	}
	wantRequest(t, script, map[string]string{"Name": secretName, "SecretString": value, "ClientRequestToken": token})
}

func TestEveryCallOfTheVaultClassifiesItsErrors(t *testing.T) {
	kinds := []error{credential.ErrNotFound, credential.ErrExists, credential.ErrDenied, credential.ErrUnusable}
	for _, c := range []struct {
		code  string
		calls string
		kind  error
	}{
		{"ResourceNotFoundException", "read store", credential.ErrNotFound},
		{"ResourceExistsException", "store create", credential.ErrExists},
		{"AccessDeniedException", "read store create", credential.ErrDenied},
		{"UnrecognizedClientException", "read store create", credential.ErrDenied},
		{"InvalidRequestException", "read store create", credential.ErrUnusable},
		{"DecryptionFailure", "read", credential.ErrUnusable},
		{"EncryptionFailure", "store create", credential.ErrUnusable},
		{"InvalidParameterException", "read store create", credential.ErrUnusable},
		{"ValidationException", "read store create", credential.ErrUnusable},
		{"PreconditionNotMetException", "store create", nil},
	} {
		for call := range strings.FieldsSeq(c.calls) {
			t.Run(call+" "+c.code, func(t *testing.T) {
				vault, _ := scriptedVault(t, secretsError(400, c.code, "words of the service"))
				err := vaultCalls[call](t.Context(), vault)
				if err == nil {
					t.Fatal("no error")
				}
				for _, kind := range kinds {
					if errors.Is(err, kind) != (kind == c.kind) {
						t.Errorf("%v: is %v: %v", err, kind, errors.Is(err, kind))
					}
				}
				if !strings.HasPrefix(err.Error(), call+" secret "+secretName+": ") || !strings.Contains(err.Error(), c.code) ||
					!strings.Contains(err.Error(), "(request 4f2a)") {
					t.Errorf("error %q", err)
				}
			})
		}
	}
}

func TestTheVaultSendsAgainWhatFailsInPassing(t *testing.T) {
	passing := []http.HandlerFunc{
		secretsError(400, "ThrottlingException", "slower"),
		secretsError(500, "InternalServiceError", "oh"),
		cut(`{"ARN":"a","VersionId":"v`, 100),
	}
	for call, last := range map[string]http.HandlerFunc{"read": current, "store": written, "create": written} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				vault, script := scriptedVault(t, append(passing[:len(passing):len(passing)], last)...)
				if err := vaultCalls[call](t.Context(), vault); err != nil {
					t.Error(err)
				}
				requests := script.requests()
				for _, r := range requests {
					if r.Body != requests[0].Body {
						t.Errorf("sent %s and then %s", requests[0].Body, r.Body)
					}
				}
				if len(requests) != 4 {
					t.Errorf("%d requests", len(requests))
				}
			})
		})
	}
}

func TestTheVaultEndsWithItsContext(t *testing.T) {
	for call, do := range vaultCalls {
		t.Run(call, func(t *testing.T) {
			vault, _ := scriptedVault(t, current)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := do(ctx, vault); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A network without a way to AWS is a fault that has to be told; the end of a run's time is none.
func TestAConnectionsTimeoutIsNotTheContextsEnd(t *testing.T) {
	cfg := unreachable(t)
	vault, store := awscloud.NewVault(secretsmanager.NewFromConfig(cfg)), awscloud.NewStore(s3.NewFromConfig(cfg), "acme")
	calls := map[string]func() error{
		"put":  func() error { _, err := put(t.Context(), store, snapshot.PutOptions{}); return err },
		"head": func() error { _, err := store.Head(t.Context(), "k"); return err },
	}
	for call, do := range vaultCalls {
		calls[call] = func() error { return do(t.Context(), vault) }
	}
	for call, do := range calls {
		if err := do(); err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "i/o timeout") {
			t.Errorf("%s: got %v", call, err)
		}
	}
}

// Whoever reads that a time ran out wants to know on what.
func TestADeadlineInAWaitSaysWhatWasWaitedOut(t *testing.T) {
	for name, c := range map[string]struct {
		step http.HandlerFunc
		want string
	}{
		"server fault": {secretsError(500, "InternalServiceError", "words of the service"), ", after InternalServiceError (request 4f2a)"},
		"no JSON":      {answer(http.StatusBadGateway, "<html>"), ", after an answer of status 502 that could not be read"},
		"broken off":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, `, after Post "http://127.0.0.1/": EOF`},
	} {
		for call, do := range vaultCalls {
			t.Run(name+" to "+call, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					vault, _ := scriptedVault(t, c.step)
					ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
					defer cancel()
					err := do(ctx, vault)
					if !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), ": context deadline exceeded"+c.want) {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

func TestAnAnswerWithoutAVersionIsAnError(t *testing.T) {
	for call, do := range vaultCalls {
		for _, body := range []string{"", "{}", `{"ARN":"a"}`, `{"SecretString":"` + "s" + `"}`} {
			vault, _ := scriptedVault(t, answer(http.StatusOK, body))
			if err := do(t.Context(), vault); err == nil || !strings.Contains(err.Error(), "without a version") {
				t.Errorf("%s answered with %q: %v", call, body, err)
			}
		}
	}
}

func TestWhatSecretsManagerWouldNotTakeIsNotSent(t *testing.T) {
	vault, script := scriptedVault(t, written)
	long := credential.NewSecret(strings.Repeat("x", 65537))
	_, tooLong := vault.Put(t.Context(), secretName, long, token)
	_, tooLongToo := vault.Create(t.Context(), secretName, long, token)
	_, nothing := vault.Put(t.Context(), secretName, credential.Secret{}, token)
	_, arn := vault.Create(t.Context(), secretARN, credential.NewSecret(value), token)
	for _, err := range []error{tooLong, tooLongToo, nothing, arn} {
		if !errors.Is(err, credential.ErrUnusable) || strings.Contains(err.Error(), "xx") {
			t.Errorf("got %v", err)
		}
	}
	if got := operations(script); got != "" {
		t.Errorf("sent %s", got)
	}
}

// TestNoValueIsInAnyErrorOrLog has the service quote the value in every way it could, with every log of the SDK on.
func TestNoValueIsInAnyErrorOrLog(t *testing.T) {
	quoted := fmt.Sprintf("Value '%s' at 'secretString' failed to satisfy a constraint", value)
	answers := map[string]http.HandlerFunc{
		"validation":    secretsError(400, "ValidationException", quoted),
		"parameter":     secretsError(400, "InvalidParameterException", quoted),
		"serialization": secretsError(400, "SerializationException", quoted),
		"unknown code":  secretsError(400, "SurpriseException", quoted),
		"server fault":  secretsError(500, "InternalServiceError", quoted),
		"no JSON":       answer(http.StatusOK, `{"SecretString":`+value),
		"wrong type":    answer(http.StatusOK, `{"ARN":`+value+`,"VersionId":`+value+`}`),
		"error no JSON": answer(http.StatusBadRequest, value),
		"success":       current,
	}
	calls := maps.Clone(vaultCalls)
	maps.Copy(calls, stagingCalls)
	for name, step := range answers {
		for call, do := range calls {
			for _, limit := range []time.Duration{time.Hour, 20 * time.Millisecond} { // the short one ends in a wait, where there is one
				t.Run(fmt.Sprintf("%s to %s in %v", name, call, limit), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var log bytes.Buffer
						cfg, script := configure(t, []http.HandlerFunc{step}, logTo(&log))
						ctx, cancel := context.WithTimeout(t.Context(), limit)
						defer cancel()
						err := do(ctx, awscloud.NewVault(secretsmanager.NewFromConfig(cfg)))
						if (err == nil) != (name == "success") || len(script.requests()) == 0 {
							t.Fatalf("%d requests, %v", len(script.requests()), err)
						}
						slog.New(slog.NewJSONHandler(&log, nil)).Error("run", "error", err)
						logEveryError(&log, err)
						if strings.Contains(log.String(), "r-5f1e8a27") {
							t.Errorf("the value is in:\n%s", log.String())
						}
					})
				})
			}
		}
	}
}

// A refusal is quoted because it names the role and the right that it lacks, unless it repeats what was sent.
func TestARefusalIsQuotedUnlessItRepeatsTheValue(t *testing.T) {
	const says = "User: arn:aws:sts::000000000000:assumed-role/r is not authorized to perform secretsmanager:PutSecretValue"
	for _, call := range []string{"store", "create", "store pending version"} {
		do := vaultCalls[call]
		if do == nil {
			do = stagingCalls[call]
		}
		vault, _ := scriptedVault(t, secretsError(400, "AccessDeniedException", says))
		if err := do(t.Context(), vault); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; expected the service's words", call, err)
		}
		vault, _ = scriptedVault(t, secretsError(400, "AccessDeniedException", says+" with "+value))
		err := do(t.Context(), vault)
		if !errors.Is(err, credential.ErrDenied) || strings.Contains(err.Error(), "5f1e8a27") || strings.Contains(err.Error(), "User") {
			t.Errorf("%s: %v; expected the code alone", call, err)
		}
	}
}

// logEveryError prints err and all that it wraps, in every way.
func logEveryError(log *bytes.Buffer, err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(log, "%v %+v %#v %q\n", err, err, err, err)
	if broken, ok := err.(interface{ Unwrap() []error }); ok {
		for _, cause := range broken.Unwrap() {
			logEveryError(log, cause)
		}
	}
	logEveryError(log, errors.Unwrap(err))
}
