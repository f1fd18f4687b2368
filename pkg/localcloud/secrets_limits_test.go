package localcloud_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLimitsOfSecrets(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v1")
	_, err := w.putSecret(name, strings.Repeat("x", 65536), token("full"))
	w.check(err)
	_, err = w.putSecret(name, strings.Repeat("x", 65537), nil)
	wantCode(t, err, "ValidationException", "65536")
	_, err = w.putSecret(name, strings.Repeat("ü", 32769), nil) // bytes count
	wantCode(t, err, "ValidationException", "65536")
	_, err = w.putSecret(name, strings.Repeat("\x01", 65536), nil) // six bytes each on the wire
	w.check(err)
	_, err = w.putSecret(name, "v", aws.String("short"))
	wantCode(t, err, "ValidationException", "greater than or equal to 32")
	_, err = w.putSecret(name, "v", aws.String(strings.Repeat("t", 65)))
	wantCode(t, err, "ValidationException", "less than or equal to 64")
	_, err = w.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(name)})
	wantCode(t, err, "InvalidRequestException", "either SecretString or SecretBinary")
	_, err = w.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(name), SecretString: aws.String("v"), SecretBinary: []byte("v")})
	wantCode(t, err, "InvalidRequestException", "both")
	_, err = w.putSecret("none", "v", nil)
	wantCode(t, err, "ResourceNotFoundException", "")
	for length, says := range map[int]string{35: "equal to 36", 36: "", 256: "", 257: "equal to 256"} {
		_, err = w.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(name),
			SecretString: aws.String("v"), RotationToken: aws.String(strings.Repeat("r", length))})
		if says != "" {
			wantCode(t, err, "ValidationException", says)
		} else {
			w.check(err)
		}
	}
}

func TestAVersionHasAtMostTwentyLabels(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v1")
	var labels []string
	for i := range 20 {
		labels = append(labels, fmt.Sprintf("label-%02d", i))
	}
	_, err := w.putSecret(name, "v2", token("2"), labels...)
	w.check(err)
	wantCode(t, w.move("one-more", token("2"), nil), "LimitExceededException", "20")
	_, err = w.putSecret(name, "v3", token("3"), append(labels, "one-more")...)
	wantCode(t, err, "ValidationException", "versionStages")
	_, err = w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("empty")})
	w.check(err)
	_, err = w.putSecret("empty", "v", nil, labels...) // AWSCURRENT comes on top of the first value
	wantCode(t, err, "LimitExceededException", "20")
}

func TestNamesOfSecrets(t *testing.T) {
	w := newWorld(t)
	create := func(name string) error {
		_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("v")})
		return err
	}
	for name, says := range map[string]string{
		"a b": "Invalid name", "ä": "Invalid name",
		"a//b": "empty part", "/a": "empty part", "../a": `part ".."`,
		strings.Repeat("x", 251): "too long", strings.Repeat("x/", 256) + "x": "512",
	} {
		wantCode(t, create(name), "ValidationException", says)
	}
	w.check(create("a/_+=.@!-9"))
	w.check(create("ends-in-sixsix"))
	w.check(create("b"))
	w.check(create("b/c")) // a secret's name may be a folder of another's
	w.check(create("d.json/e"))
	wantCode(t, create("d"), "ValidationException", "in its way")
	_, err := w.getSecret("arn:aws:secretsmanager:us-east-1:000000000000:secret:ends-in-sixsix", nil, nil)
	wantCode(t, err, "ResourceNotFoundException", "") // taken for a whole ARN, as in AWS
}

func TestOldVersionsWithoutLabelsAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v")
	for i := range 120 {
		_, err := w.putSecret(name, "v", token(fmt.Sprint(i)))
		w.check(err)
	}
	count := func() int {
		out, err := w.secrets.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{
			SecretId: aws.String(name), IncludeDeprecated: aws.Bool(true)})
		w.check(err)
		return len(out.Versions)
	}
	if n := count(); n != 121 {
		t.Errorf("%d versions within a day, want all 121", n)
	}
	w.set(start.Add(25 * time.Hour))
	_, err := w.putSecret(name, "v", token("last"))
	w.check(err)
	if n := count(); n != 100 {
		t.Errorf("%d versions after a day, want 100", n)
	}
}

func TestOfManyWritersWithOneTokenOneWins(t *testing.T) {
	w := newWorld(t)
	w.createSecret(name, "v0")
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := w.putSecret(name, fmt.Sprint("writer ", i), token("next")); err == nil {
				won.Add(1)
			} else {
				wantCode(t, err, "ResourceExistsException", "")
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d writers won", n)
	}
}

func TestARotation(t *testing.T) {
	w := newWorld(t)
	_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretString: aws.String("v1"), ClientRequestToken: token("1")})
	w.check(err)
	next, err := w.cloud.StartRotation(name)
	w.check(err)
	d, err := w.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	w.check(err)
	want := map[string][]string{*token("1"): {"AWSCURRENT"}, next: {"AWSPENDING"}}
	if !aws.ToBool(d.RotationEnabled) || !cmp.Equal(want, d.VersionIdsToStages) {
		t.Errorf("got %+v", d)
	}
	_, err = w.getSecret(name, &next, aws.String("AWSPENDING"))
	wantCode(t, err, "ResourceNotFoundException", "VersionId")
	_, err = w.getSecret(name, nil, aws.String("AWSPENDING"))
	wantCode(t, err, "ResourceNotFoundException", "AWSPENDING")
	wantCode(t, w.move("AWSCURRENT", &next, token("1")), "InvalidRequestException", "no value")
	if _, err := w.cloud.StartRotation(name); err == nil || !strings.Contains(err.Error(), next) {
		t.Errorf("a second rotation: %v", err)
	}
	_, err = w.putSecret(name, "v2", &next, "AWSPENDING")
	w.check(err)
	w.check(w.move("AWSCURRENT", &next, token("1")))
	w.wantLabels(map[string][]string{*token("1"): {"AWSPREVIOUS"}, next: {"AWSCURRENT", "AWSPENDING"}})
	next, err = w.cloud.StartRotation(name) // the one before is done
	w.check(err)
	_, err = w.putSecret(name, "v3", &next, "AWSPENDING")
	w.check(err)
	w.check(w.move("AWSPENDING", nil, &next)) // so is one that leaves nothing pending
	if _, err := w.cloud.StartRotation(name); err != nil {
		t.Error(err)
	}
	if _, err := w.cloud.StartRotation("none"); err == nil {
		t.Error("a rotation of no secret")
	}
}

// TestLabelsKeepTheirRules moves labels at random, and holds each state to what is documented of labels.
func TestLabelsKeepTheirRules(t *testing.T) {
	w := newWorld(t)
	secrets := 0
	rapid.Check(t, func(t *rapid.T) {
		secrets++
		id := fmt.Sprint("secret-", secrets)
		w.createSecret(id, "v")
		currentID := *w.current(id).VersionId
		ids := []string{currentID}
		label := rapid.SampledFrom([]string{"AWSCURRENT", "AWSPREVIOUS", "AWSPENDING", "MINE"})
		for i := range rapid.IntRange(1, 8).Draw(t, "steps") {
			before := currentID
			if rapid.Bool().Draw(t, "put") {
				next := *token(fmt.Sprint(i))
				labels := rapid.SliceOfNDistinct(label, 0, 3, rapid.ID).Draw(t, "labels")
				if len(labels) == 0 {
					labels = nil // AWSCURRENT by default; an empty list is refused
				}
				if _, err := w.putSecret(id, "v", &next, labels...); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, next)
			} else {
				moved, to, from := label.Draw(t, "label"), rapid.SampledFrom(ids).Draw(t, "to"), rapid.SampledFrom(ids).Draw(t, "from")
				_, err := w.secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
					SecretId: &id, VersionStage: &moved, MoveToVersionId: &to, RemoveFromVersionId: &from})
				t.Logf("move %s to %s from %s: %v", moved, to, from, err)
			}
			currentID = checkLabels(t, w, id, before)
		}
	})
}

// checkLabels answers the version that is current.
func checkLabels(t *rapid.T, w *world, id, before string) (currentID string) {
	d, err := w.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id})
	if err != nil {
		t.Fatal(err)
	}
	holders := map[string][]string{}
	for version, labels := range d.VersionIdsToStages {
		for _, l := range labels {
			holders[l] = append(holders[l], version)
		}
	}
	for l, versions := range holders {
		if len(versions) != 1 {
			t.Fatalf("%s is on %q", l, versions)
		}
	}
	if len(holders["AWSCURRENT"]) != 1 {
		t.Fatalf("nothing is current in %v", d.VersionIdsToStages)
	}
	currentID = holders["AWSCURRENT"][0]
	if currentID != before && !slices.Contains(d.VersionIdsToStages[before], "AWSPREVIOUS") {
		t.Fatalf("%s was current and is not AWSPREVIOUS in %v", before, d.VersionIdsToStages)
	}
	return currentID
}
