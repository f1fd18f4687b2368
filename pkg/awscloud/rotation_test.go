package awscloud_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/credential"
	"yardstick/pkg/localcloud"
)

// moves are the UpdateSecretVersionStage requests of a client.
type moves struct {
	mu  sync.Mutex
	all []secretsmanager.UpdateSecretVersionStageInput
	// before is called before each of them is sent.
	before func()
}

func (m *moves) record(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RecordMoves", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if move, ok := in.Parameters.(*secretsmanager.UpdateSecretVersionStageInput); ok {
			m.mu.Lock()
			m.all = append(m.all, *move)
			m.mu.Unlock()
			if m.before != nil {
				m.before()
			}
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}

// vendor gives out numbered tokens, and takes each of them.
type vendor struct{ made int }

func (v *vendor) Exchange(context.Context, credential.Secret) (credential.Grant, error) {
	v.made++
	return credential.Grant{
		AccessToken:  credential.NewSecret(fmt.Sprint("access-", v.made)),
		RefreshToken: credential.NewSecret(fmt.Sprint("refresh-", v.made)),
		AccessFor:    time.Hour, RefreshFor: 24 * time.Hour, RequestsPerMinute: 60,
	}, nil
}

func (v *vendor) Refresh(ctx context.Context, _ credential.Secret) (credential.Grant, error) {
	return v.Exchange(ctx, credential.Secret{})
}

// account is one account on localcloud, with the real SDK between.
type account struct {
	t      *testing.T
	cloud  *localcloud.Cloud
	client *secretsmanager.Client // sees what the rotation does not record
	moves  moves
	now    time.Time
	config credential.Config
	rotate credential.Rotation
}

func newAccount(t *testing.T) *account {
	t.Helper()
	cloud, cfg := local(t)
	a := &account{t: t, cloud: cloud, client: secretsmanager.NewFromConfig(cfg), now: time.Now()}
	vault := awscloud.NewVault(secretsmanager.NewFromConfig(cfg, secretsmanager.WithAPIOptions(a.moves.record)))
	issuer, clock := &vendor{}, func() time.Time { return a.now }
	const key = "yardstick/scrapright/main/api-key"
	a.config = credential.Config{Vault: vault, KeySecret: key, SessionSecret: secretName, Issuer: issuer, Now: clock}
	a.rotate = credential.Rotation{Vault: vault, Staging: vault, KeySecret: key, SessionSecret: secretName, Issuer: issuer,
		Probe: func(context.Context, credential.Secret) error { return nil }, Now: clock}
	for name, value := range map[string]*string{key: aws.String("K-1"), secretName: nil} {
		_, err := a.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: value})
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// export has a run use the account after d.
func (a *account) export(d time.Duration) {
	a.t.Helper()
	a.now = a.now.Add(d)
	if _, err := credential.New(a.config).Token(a.t.Context()); err != nil {
		a.t.Error(err)
	}
}

func (a *account) steps(token string, steps ...string) {
	a.t.Helper()
	for _, step := range steps {
		if _, err := a.rotate.Step(a.t.Context(), step, token, credential.Secret{}); err != nil {
			a.t.Error(err)
		}
	}
}

// labels are those of the session secret's versions.
func (a *account) labels() map[string][]string {
	a.t.Helper()
	d, err := a.client.DescribeSecret(a.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretName)})
	if err != nil {
		a.t.Fatal(err)
	}
	return d.VersionIdsToStages
}

func TestRotationAlwaysSendsRemoveFromVersionId(t *testing.T) {
	all := []string{"createSecret", "setSecret", "testSecret", "finishSecret"}
	// Each tells the label's moves as "label from to"; 1 and 2 stand for what exports stored, T for the rotation's token.
	for name, c := range map[string]struct {
		happens func(a *account, token string)
		want    []string
	}{
		"promoted": {func(a *account, token string) { a.steps(token, all...) }, []string{"AWSCURRENT 1 T"}},
		"each step twice": {func(a *account, token string) {
			for _, step := range all {
				a.steps(token, step, step)
			}
		}, []string{"AWSCURRENT 1 T"}},
		"overtaken": {func(a *account, token string) {
			a.steps(token, all[:3]...)
			a.export(time.Hour)
			a.steps(token, "finishSecret", "finishSecret")
		}, []string{"AWSPENDING T -"}},
		"overtaken at the last moment": {func(a *account, token string) {
			a.moves.before = func() {
				a.moves.before = nil
				a.export(time.Hour)
			}
			a.steps(token, all...)
		}, []string{"AWSCURRENT 1 T", "AWSPENDING T -"}},
		"of no use": {func(a *account, token string) {
			a.steps(token, all[:2]...)
			a.now = a.now.Add(time.Hour)
			a.steps(token, all...)
		}, []string{"AWSPENDING T -"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			a.export(0)
			a.now = a.now.Add(10 * time.Minute)
			first := labelled(a.labels(), "AWSCURRENT")
			token := startRotation(t, a.cloud, secretName)
			c.happens(a, token)
			names := map[string]string{first: "1", token: "T", "": "-"}
			var got []string
			for _, move := range a.moves.all {
				if aws.ToString(move.RemoveFromVersionId) == "" {
					t.Errorf("%s was moved without RemoveFromVersionId", *move.VersionStage)
				}
				got = append(got, *move.VersionStage+" "+names[aws.ToString(move.RemoveFromVersionId)]+" "+
					names[aws.ToString(move.MoveToVersionId)])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("moves (-want +got):\n%s", diff)
			}
			labels := a.labels()
			if pending := labelled(labels, "AWSPENDING"); pending != "" && pending != labelled(labels, "AWSCURRENT") {
				t.Errorf("labels %v", labels)
			}
		})
	}
}

// Where no version is AWSCURRENT there is none to name, and leaving the member out says just that: where one came to be
// meanwhile, the request is refused.
func TestRotationOfAnEmptySecretNamesNoVersion(t *testing.T) {
	a := newAccount(t)
	token := startRotation(t, a.cloud, secretName)
	a.moves.before = func() {
		a.moves.before = nil
		a.export(0)
	}
	a.steps(token, "createSecret", "setSecret", "testSecret")
	a.now = a.now.Add(time.Second)
	a.steps(token, "finishSecret")
	if n := len(a.moves.all); n != 2 || a.moves.all[0].RemoveFromVersionId != nil ||
		aws.ToString(a.moves.all[1].RemoveFromVersionId) != token {
		t.Errorf("%d moves: %+v", n, a.moves.all)
	}
	if labels := a.labels(); len(labels[token]) != 0 || labelled(labels, "AWSCURRENT") == "" {
		t.Errorf("labels %v", labels)
	}
}
