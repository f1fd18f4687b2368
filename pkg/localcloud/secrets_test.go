package localcloud_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
)

const name = "yardstick/scrapright/main/session"

func (w *world) putSecret(id, text string, token *string, labels ...string) (*secretsmanager.PutSecretValueOutput, error) {
	return w.secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: &id, SecretString: &text, ClientRequestToken: token, VersionStages: labels})
}

func (w *world) getSecret(id string, version, label *string) (*secretsmanager.GetSecretValueOutput, error) {
	return w.secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: &id, VersionId: version, VersionStage: label})
}

func (w *world) move(label string, to, from *string) error {
	_, err := w.secrets.UpdateSecretVersionStage(w.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: aws.String(name), VersionStage: &label, MoveToVersionId: to, RemoveFromVersionId: from})
	return err
}

// labels describes the secret by VersionId.
func (w *world) labels() map[string][]string {
	w.t.Helper()
	out, err := w.secrets.DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	w.check(err)
	return out.VersionIdsToStages
}

func (w *world) wantLabels(want map[string][]string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.labels()); diff != "" {
		w.t.Error(diff)
	}
}

func TestASecretComesBackByNameAndARN(t *testing.T) {
	w := newWorld(t)
	created, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name),
		SecretString: aws.String("s3cret"), ClientRequestToken: token("1"), Description: aws.String("the session")})
	w.check(err)
	arn := regexp.MustCompile(`^arn:aws:secretsmanager:us-east-1:000000000000:secret:` + name + `-[A-Za-z0-9]{6}$`)
	if !arn.MatchString(*created.ARN) {
		t.Errorf("the ARN is %s", *created.ARN)
	}
	partial := (*created.ARN)[:len(*created.ARN)-7]
	for _, id := range []string{name, *created.ARN, partial} {
		got := w.current(id)
		if *got.SecretString != "s3cret" || *got.VersionId != *token("1") || *got.Name != name || *got.ARN != *created.ARN ||
			!got.CreatedDate.Equal(start) || !cmp.Equal(got.VersionStages, []string{"AWSCURRENT"}) {
			t.Errorf("%s: got %+v", id, got)
		}
	}
	other := "arn:aws:secretsmanager:eu-west-1:000000000000:secret:" + name
	for _, id := range []string{"none", partial + "-AbCdEf", other, "yardstick", name + "/x", "../lock"} {
		_, err := w.getSecret(id, nil, nil)
		wantCode(t, err, "ResourceNotFoundException", "can't find the specified secret.")
	}
	_, err = w.getSecret("a name", nil, nil)
	wantCode(t, err, "ValidationException", "Invalid name")
	d, err := w.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	w.check(err)
	if *d.Description != "the session" || !d.CreatedDate.Equal(start) || !d.LastChangedDate.Equal(start) ||
		d.DeletedDate != nil || d.RotationEnabled != nil {
		t.Errorf("got %+v", d)
	}
}

func TestBinarySecrets(t *testing.T) {
	w := newWorld(t)
	_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretBinary: []byte{0, 1, 255}})
	w.check(err)
	if got := w.current(name); !cmp.Equal(got.SecretBinary, []byte{0, 1, 255}) || got.SecretString != nil {
		t.Errorf("got %+v", got)
	}
}

func TestTheTwoMeaningsOfNotFound(t *testing.T) {
	w := newWorld(t)
	_, err := w.getSecret(name, nil, nil)
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("got %v", err)
	}
	wantCode(t, err, "ResourceNotFoundException", "can't find the specified secret.")
	_, err = w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name)})
	w.check(err)
	_, err = w.getSecret(name, nil, nil)
	wantCode(t, err, "ResourceNotFoundException", "can't find the specified secret value for staging label: AWSCURRENT")
	_, err = w.getSecret(name, nil, aws.String("AWSPENDING"))
	wantCode(t, err, "ResourceNotFoundException", "staging label: AWSPENDING")
	_, err = w.getSecret(name, token("1"), nil)
	wantCode(t, err, "ResourceNotFoundException", "can't find the specified secret value for VersionId: "+*token("1"))
	_, err = w.putSecret(name, "first", token("1"))
	w.check(err)
	_, err = w.getSecret(name, token("1"), aws.String("AWSPREVIOUS"))
	wantCode(t, err, "InvalidRequestException", "VersionStage that is not associated")
	_, err = w.getSecret(name, token("1"), aws.String("AWSCURRENT"))
	w.check(err)
}

func TestTheFirstValueOfAnEmptySecretIsCurrent(t *testing.T) {
	w := newWorld(t)
	_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name)})
	w.check(err)
	w.wantLabels(nil)
	_, err = w.putSecret(name, "first", token("1"), "AWSPENDING")
	w.check(err)
	w.wantLabels(map[string][]string{*token("1"): {"AWSCURRENT", "AWSPENDING"}})
}

func TestPutIsIdempotentByTokenAndValue(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v0")
	_, err := w.putSecret(name, "v1", token("1"))
	w.check(err)
	_, err = w.putSecret(name, "v2", token("2"))
	w.check(err)
	before := w.labels()
	again, err := w.putSecret(name, "v1", token("1")) // would move AWSCURRENT back if it moved anything
	w.check(err)
	if *again.VersionId != *token("1") || !cmp.Equal(again.VersionStages, []string{"AWSPREVIOUS"}) {
		t.Errorf("got %+v", again)
	}
	w.wantLabels(before)
	_, err = w.putSecret(name, "other", token("1"))
	if _, ok := errors.AsType[*types.ResourceExistsException](err); !ok {
		t.Errorf("got %v", err)
	}
	_, err = w.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(name), SecretBinary: []byte("v1"), ClientRequestToken: token("1")})
	wantCode(t, err, "ResourceExistsException", "")
	w.wantLabels(before)
}

func TestCreateIsIdempotentByTokenAndValue(t *testing.T) {
	w := newWorld(t)
	create := func(text, tokenName string) (*secretsmanager.CreateSecretOutput, error) {
		return w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: aws.String(name), SecretString: &text, ClientRequestToken: token(tokenName)})
	}
	first, err := create("v", "1")
	w.check(err)
	again, err := create("v", "1")
	w.check(err)
	if *first.ARN != *again.ARN || *first.VersionId != *again.VersionId {
		t.Errorf("got %+v, then %+v", first, again)
	}
	for _, c := range [][2]string{{"other", "1"}, {"v", "2"}, {"other", "2"}} {
		_, err = create(c[0], c[1])
		wantCode(t, err, "ResourceExistsException", name)
	}
}

func TestLabelsMoveAsSecretsManagerMovesThem(t *testing.T) {
	w := newWorld(t)
	_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretString: aws.String("v1"), ClientRequestToken: token("1")})
	w.check(err)
	v1, v2, v3 := *token("1"), *token("2"), *token("3")
	put := func(id string, labels ...string) {
		t.Helper()
		_, err := w.putSecret(name, "value of "+id, token(id), labels...)
		w.check(err)
	}
	put("2", "AWSPENDING", "MINE")
	w.wantLabels(map[string][]string{v1: {"AWSCURRENT"}, v2: {"AWSPENDING", "MINE"}})
	put("3", "AWSPENDING") // the newest put takes it
	w.wantLabels(map[string][]string{v1: {"AWSCURRENT"}, v2: {"MINE"}, v3: {"AWSPENDING"}})
	w.check(w.move("AWSCURRENT", &v3, &v1))
	w.wantLabels(map[string][]string{v1: {"AWSPREVIOUS"}, v2: {"MINE"}, v3: {"AWSCURRENT", "AWSPENDING"}})
	put("4") // AWSPENDING ends with the version that is current no more
	w.wantLabels(map[string][]string{v2: {"MINE"}, v3: {"AWSPREVIOUS"}, *token("4"): {"AWSCURRENT"}})
	w.check(w.move("AWSCURRENT", &v3, token("4"))) // a rollback
	w.wantLabels(map[string][]string{v2: {"MINE"}, v3: {"AWSCURRENT"}, *token("4"): {"AWSPREVIOUS"}})
	w.check(w.move("MINE", nil, &v2))
	w.wantLabels(map[string][]string{v3: {"AWSCURRENT"}, *token("4"): {"AWSPREVIOUS"}})

	list := func(deprecated bool) (ids []string) {
		out, err := w.secrets.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{
			SecretId: aws.String(name), IncludeDeprecated: &deprecated})
		w.check(err)
		for _, v := range out.Versions {
			ids = append(ids, *v.VersionId)
		}
		return ids
	}
	if diff := cmp.Diff([]string{v3, *token("4")}, list(false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{v1, v2, v3, *token("4")}, list(true)); diff != "" {
		t.Error(diff)
	}
	got, err := w.getSecret(name, &v2, nil) // deprecated, and still there
	if err != nil || *got.SecretString != "value of 2" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMovingALabelIsCompareAndSwap(t *testing.T) {
	w := newWorld(t)
	_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretString: aws.String("v1"), ClientRequestToken: token("1")})
	w.check(err)
	_, err = w.putSecret(name, "v2", token("2"), "NEXT")
	w.check(err)
	before := w.labels()
	for _, c := range []struct {
		name, label string
		to, from    *string
		code, says  string
	}{
		{"the holder is not named", "AWSCURRENT", token("2"), nil, "InvalidParameterException", "explicitly reference"},
		{"another is named", "AWSCURRENT", token("2"), token("2"), "InvalidParameterException", "not attached"},
		{"an own label too", "NEXT", token("1"), nil, "InvalidParameterException", *token("2")},
		{"neither version", "NEXT", nil, nil, "InvalidParameterException", "MoveToVersionId"},
		{"no such version", "NEXT", token("3"), token("2"), "InvalidParameterException", "no version"},
		{"removing AWSCURRENT", "AWSCURRENT", nil, token("1"), "InvalidParameterException", "AWSCURRENT"},
		{"removing what is not there", "OTHER", nil, token("1"), "InvalidParameterException", "not attached"},
		{"from where it is not", "OTHER", token("2"), token("1"), "InvalidParameterException", "not attached"},
		{"a version id that is too short", "NEXT", aws.String("x"), nil, "ValidationException", "moveToVersionId"},
	} {
		t.Run(c.name, func(t *testing.T) { wantCode(t, w.move(c.label, c.to, c.from), c.code, c.says) })
	}
	w.wantLabels(before)
	w.check(w.move("NEXT", token("2"), nil)) // it is there already
	w.check(w.move("OTHER", token("2"), nil))
	w.wantLabels(map[string][]string{*token("1"): {"AWSCURRENT"}, *token("2"): {"NEXT", "OTHER"}})
}

func TestASecretMarkedForDeletionIsUnusableUntilRestored(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v1")
	id := aws.String(name)
	deleted, err := w.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{
		SecretId: id, RecoveryWindowInDays: aws.Int64(7)})
	w.check(err)
	if want := start.Add(7 * 24 * time.Hour); !deleted.DeletionDate.Equal(want) {
		t.Errorf("the deletion date is %v, want %v", deleted.DeletionDate, want)
	}
	_, get := w.getSecret(name, nil, nil)
	_, put := w.putSecret(name, "v2", token("2"))
	move := w.move("MINE", token("2"), nil)
	_, create := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: id, SecretString: aws.String("v")})
	_, again := w.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: id})
	_, rotate := w.cloud.StartRotation(name)
	for _, err := range []error{get, put, move} {
		wantCode(t, err, "InvalidRequestException", "marked for deletion")
	}
	wantCode(t, create, "InvalidRequestException", "scheduled for deletion")
	wantCode(t, again, "InvalidRequestException", "")
	if rotate == nil {
		t.Error("its rotation was started")
	}
	d, err := w.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id})
	if err != nil || !d.DeletedDate.Equal(*deleted.DeletionDate) {
		t.Errorf("got %+v, %v", d, err)
	}
	_, err = w.secrets.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: id})
	w.check(err)
	if got := w.current(name); *got.SecretString != "v1" {
		t.Errorf("got %+v", got)
	}
}

func TestForcedDeletionLeavesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.createSecret(name, "v1")
	in := &secretsmanager.DeleteSecretInput{SecretId: aws.String(name), ForceDeleteWithoutRecovery: aws.Bool(true)}
	for range 2 { // also where there is none
		_, err := w.secrets.DeleteSecret(t.Context(), in)
		w.check(err)
	}
	if left, err := w.names("secretsmanager"); err != nil || len(left) != 0 {
		t.Errorf("got %q, %v", left, err)
	}
	after := w.createSecret(name, "v2")
	if *after.ARN == *before.ARN {
		t.Error("a new secret of the name has the old one's ARN")
	}
	_, err := w.getSecret(*before.ARN, nil, nil)
	wantCode(t, err, "ResourceNotFoundException", "")
	in.RecoveryWindowInDays = aws.Int64(7)
	_, err = w.secrets.DeleteSecret(t.Context(), in)
	wantCode(t, err, "InvalidParameterException", "")
	_, err = w.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{
		SecretId: aws.String(name), RecoveryWindowInDays: aws.Int64(6)})
	wantCode(t, err, "InvalidParameterException", "between 7 and 30")
}

func TestTheFileHoldsTheWholeSecret(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v1")
	_, err := w.putSecret(name, "v2", token("2"))
	w.check(err)
	file := w.file("secretsmanager", name+".json")
	var kept struct {
		Versions []struct {
			Text   string
			Labels []string
		}
	}
	w.check(json.Unmarshal([]byte(w.read(file)), &kept))
	if len(kept.Versions) != 2 || kept.Versions[1].Text != "v2" || !cmp.Equal(kept.Versions[1].Labels, []string{"AWSCURRENT"}) {
		t.Errorf("got %+v", kept)
	}
	w.write(file, strings.ReplaceAll(w.read(file), `"v2"`, `"by hand"`))
	if got := w.current(name); *got.SecretString != "by hand" {
		t.Errorf("an edit by hand is not seen: %+v", got)
	}
	for _, damaged := range []string{`{"name": "s3cret`, `{"name": "other"}`, `{"name": "` + name + `", "versions": [null]}`} {
		w.write(file, damaged)
		_, err = w.getSecret(name, nil, nil)
		wantCode(t, err, "InternalServiceError", "secretsmanager/"+name+".json")
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
	w.check(os.Remove(file))
	_, err = w.getSecret(name, nil, nil)
	wantCode(t, err, "ResourceNotFoundException", "")
}

func TestSecretsManagerRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v1")
	const target, jsonType = "X-Amz-Target: secretsmanager.", "Content-Type: application/x-amz-json-1.1"
	id := `"SecretId":"` + name + `"`
	for _, c := range []struct{ name, target, body, code, says string }{
		{"an unknown operation", "RotateSecret", `{` + id + `}`, "UnknownOperationException", "RotateSecret"},
		{"an unknown member", "GetSecretValue", `{` + id + `,"Region":"x"}`, "SerializationException", `"Region"`},
		{"a member in another case", "GetSecretValue", `{"secretId":"x"}`, "SerializationException", `"secretId"`},
		{"a member that is not built", "ListSecretVersionIds", `{` + id + `,"MaxResults":1}`,
			"SerializationException", "MaxResults"},
		{"no object", "GetSecretValue", `null`, "SerializationException", ""},
		{"no JSON", "GetSecretValue", `{"SecretId":`, "SerializationException", ""},
		{"another type", "GetSecretValue", `{"SecretId":1}`, "SerializationException", "SecretId"},
		{"bad base64", "PutSecretValue", `{` + id + `,"SecretBinary":"%"}`, "SerializationException", ""},
		{"no SecretId", "GetSecretValue", `{}`, "ValidationException", "secretId"},
		{"no token", "PutSecretValue", `{` + id + `,"SecretString":"v"}`, "InvalidRequestException", "ClientRequestToken"},
		{"an empty text", "PutSecretValue", `{` + id + `,"SecretString":"","ClientRequestToken":"` + *token("x") + `"}`,
			"ValidationException", "secretString"},
	} {
		status, answer := w.raw(http.MethodPost, "/", c.body, target+c.target, jsonType)
		var got struct {
			Type    string `json:"__type"`
			Message string
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Errorf("%s: %v in %s", c.name, err, answer)
		}
		if status != http.StatusBadRequest || got.Type != c.code || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: got %d %+v, want %s with %q", c.name, status, got, c.code, c.says)
		}
	}
	for headers, code := range map[string]string{
		"Authorization: ":               "MissingAuthenticationTokenException",
		"Content-Type: text/plain":      "SerializationException",
		"Authorization: Bearer of news": "IncompleteSignatureException",
	} {
		given := []string{target + "GetSecretValue", jsonType}
		if name, _, _ := strings.Cut(headers, ":"); !strings.HasSuffix(headers, ": ") {
			given = append(given, name+": ")
		}
		_, answer := w.raw(http.MethodPost, "/", `{`+id+`}`, append(given, headers)...)
		if !strings.Contains(answer, code) {
			t.Errorf("%s: got %s, want %s", headers, answer, code)
		}
	}
	_, answer := w.raw(http.MethodPost, "/x", `{`+id+`}`, target+"GetSecretValue", jsonType)
	if !strings.Contains(answer, "UnknownOperationException") {
		t.Errorf("another path: got %s", answer)
	}
}
