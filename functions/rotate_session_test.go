package functions_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

var rotationSteps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// rotates is a deployment whose session secret Secrets Manager rotates.
type rotates struct {
	yardDeployment
	t      *testing.T
	binary string
	arn    string
	token  string // of the rotation in progress
}

func deployRotation(t *testing.T, yard simulator.YardConfig) *rotates {
	t.Helper()
	r := &rotates{yardDeployment: deployYardOf(t, yard), t: t, binary: bootstrap(t, "rotate-session")}
	created, err := r.secrets().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("yard/session")})
	if err != nil {
		t.Fatal(err)
	}
	r.arn = aws.ToString(created.ARN)
	return r
}

// begin is what Secrets Manager does before it calls the function.
func (r *rotates) begin() {
	r.t.Helper()
	var err error
	if r.token, err = r.cloud.StartRotation(r.arn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rotates) event(step string) string {
	return fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`, step, r.arn, r.token)
}

// step invokes one step and answers its outcome.
func (r *rotates) step(f *function, step string) string {
	r.t.Helper()
	got := f.invoke(r.event(step))
	var told struct{ Outcome string }
	if got.errorType != "" || json.Unmarshal(got.body, &told) != nil {
		r.t.Fatalf("%s: %s: %s%s", step, got.errorType, got.message, got.body)
	}
	return told.Outcome
}

// over checks that the rotation has ended as Secrets Manager understands it, with a session that the yard takes.
func (r *rotates) over() {
	r.t.Helper()
	about, err := r.secrets().DescribeSecret(r.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &r.arn})
	if err != nil {
		r.t.Fatal(err)
	}
	for id, labels := range about.VersionIdsToStages {
		if text := strings.Join(labels, " "); strings.Contains(text, "AWSPENDING") && !strings.Contains(text, "AWSCURRENT") {
			r.t.Errorf("version %s is still pending", id)
		}
	}
	r.sessionStands(r.t)
}

func TestTheBuiltFunctionRotatesASession(t *testing.T) {
	r := deployRotation(t, simulator.YardConfig{})
	f := start(t, r.binary, time.Minute, r.env...)
	r.begin()
	for _, step := range rotationSteps {
		first, again := r.step(f, step), r.step(f, step)
		want := map[string][2]string{"createSecret": {"created", "kept"}, "setSecret": {"nothing to do", "nothing to do"},
			"testSecret": {"tested", "tested"}, "finishSecret": {"promoted", "nothing to do"}}[step]
		if got := [2]string{first, again}; got != want {
			t.Errorf("%s twice: %q, expected %q", step, got, want)
		}
	}
	r.over()
	if text := r.secret(t, "yard/session"); !strings.Contains(text, `"obtained_by":"rotation"`) {
		t.Errorf("AWSCURRENT is not the session of the rotation")
	}
	if export := parseEnd(t, start(t, bootstrap(t, "scrapright-export"), time.Minute, r.env...).invoke(`{}`)); export.Accounts[0].Session != "cached" {
		t.Errorf("the next export: %+v, expected the rotated session to be used", export)
	}
}

func TestTheBuiltFunctionBearsStepsOutOfOrder(t *testing.T) {
	r := deployRotation(t, simulator.YardConfig{})
	f := start(t, r.binary, time.Minute, r.env...)
	for _, order := range [][][2]string{
		{{"testSecret", "nothing to do"}, {"createSecret", "created"}, {"finishSecret", "promoted"}, {"testSecret", "nothing to do"},
			{"createSecret", "nothing to do"}, {"setSecret", "nothing to do"}},
		{{"setSecret", "nothing to do"}, {"createSecret", "created"}, {"testSecret", "tested"}, {"createSecret", "kept"},
			{"finishSecret", "promoted"}, {"finishSecret", "nothing to do"}},
	} {
		r.begin()
		if got := f.invoke(r.event("finishSecret")); got.errorType != "RotationFailed" || !strings.Contains(got.message, "createSecret comes first") {
			t.Errorf("finishSecret first of all: %s %s%s", got.errorType, got.message, got.body)
		}
		for _, step := range order {
			if got := r.step(f, step[0]); got != step[1] {
				t.Errorf("%s: %q, expected %q", step[0], got, step[1])
			}
		}
		r.over()
	}
}

// The export stands still at three of its requests, and a step of the rotation is done at each.
func TestARotationDuringARunningExportStrandsNeither(t *testing.T) {
	for name, ends := range map[string]bool{"an exchange leaves sessions alone": false, "an exchange ends earlier sessions": true} {
		t.Run(name, func(t *testing.T) {
			r := deployRotation(t, simulator.YardConfig{ExchangeEndsSessions: ends})
			rotation := start(t, r.binary, time.Minute, r.env...)
			var reached, released [3]chan struct{}
			for i := range reached {
				reached[i], released[i] = make(chan struct{}), make(chan struct{})
			}
			n := 0
			r.yard.Fault(func(q simulator.Request) *simulator.Answer {
				if q.Endpoint != simulator.Purchases {
					return nil
				}
				if n++; n%4 != 0 || n/4 > len(reached) {
					return nil
				}
				close(reached[n/4-1])
				return &simulator.Answer{Until: released[n/4-1]}
			})
			export := start(t, bootstrap(t, "scrapright-export"), time.Minute, r.env...)
			ended := make(chan answered, 1)
			go func() {
				got, err := export.call(`{}`)
				if err != nil {
					got.errorType, got.message = "none", err.Error()
				}
				ended <- got
			}()
			for i, steps := range [][]string{{"createSecret", "setSecret"}, {"testSecret"}, {"finishSecret"}} {
				<-reached[i]
				if i == 0 {
					r.begin()
				}
				for _, step := range steps {
					r.step(rotation, step)
				}
				close(released[i])
			}
			if got := parseEnd(t, <-ended); got.Status != "complete" {
				t.Errorf("the export: %+v", got)
			}
			r.over()
			if got := parseEnd(t, export.invoke(`{}`)); got.Status != "complete" || got.Accounts[0].Session != "cached" {
				t.Errorf("the next export: %+v, expected the stored session to be used", got)
			}
		})
	}
}

// Each step is killed at each of its calls to Secrets Manager, before and after that takes effect; then the rotation is
// repeated from its beginning, as Secrets Manager does.
func TestTheBuiltFunctionBearsAKillAtEachStep(t *testing.T) {
	r := deployRotation(t, simulator.YardConfig{ExchangeEndsSessions: true})
	proxy := r.faulty(t)
	kills := map[string]int{}
	for i, step := range rotationSteps {
		for n := 1; ; n++ {
			killed := false
			for _, after := range []bool{false, true} {
				r.begin()
				if r.killAt(proxy, rotationSteps[:i], step, n, after) {
					killed, kills[step] = true, kills[step]+1
				}
				f := start(t, r.binary, time.Minute, r.env...)
				for _, step := range rotationSteps {
					r.step(f, step)
				}
				r.over()
			}
			if !killed {
				break
			}
		}
	}
	for _, step := range rotationSteps {
		if kills[step] < 4 {
			t.Errorf("%s was killed %d times: the test shows little", step, kills[step])
		}
	}
}

// killAt does some steps, and kills the function at the nth call that the next one makes. It answers whether the step
// made so many.
func (r *rotates) killAt(proxy *faultproxy.Proxy, before []string, step string, n int, after bool) bool {
	r.t.Helper()
	f := start(r.t, r.binary, time.Minute, r.env...)
	defer f.kill()
	for _, step := range before {
		r.step(f, step)
	}
	hold, calls := faultproxy.NewHold(), 0
	proxy.Fault(func(faultproxy.Call) *faultproxy.Answer {
		switch calls++; {
		case calls != n:
			return nil
		case after:
			return &faultproxy.Answer{After: hold}
		default:
			return &faultproxy.Answer{Before: hold}
		}
	})
	defer proxy.Fault(nil)
	ended := make(chan error, 1)
	go func() {
		_, err := f.call(r.event(step))
		ended <- err
	}()
	select {
	case <-hold.Held():
		return true
	case err := <-ended:
		if err != nil {
			r.t.Error(err)
		}
		return false
	}
}

func TestRotationFailedNamesStepSecretAndVersion(t *testing.T) {
	r := deployRotation(t, simulator.YardConfig{})
	f := start(t, r.binary, time.Minute, r.env...)
	expect := func(event, errorType string, says ...string) {
		t.Helper()
		got := f.invoke(event)
		if got.errorType != errorType {
			t.Errorf("%s: error type %q (%s), expected %s", event, got.errorType, got.message, errorType)
		}
		for _, part := range says {
			if !strings.Contains(got.message, part) {
				t.Errorf("%s: %q, expected %q in it", event, got.message, part)
			}
		}
	}
	expect(`{}`, "EventInvalid", "Step", "SecretId", "ClientRequestToken")
	expect(`{"Step":"createSecret","SecretId":"yard/other","ClientRequestToken":"t"}`, "EventInvalid", "yard/other", "yard/session")
	r.token = strings.Repeat("a", 36)
	expect(r.event("createSecret"), "RotationFailed", "createSecret", "yard/session", r.token, "RotateSecret")
	r.begin()
	expect(r.event("promoteSecret"), "RotationFailed", "promoteSecret", "createSecret, setSecret, testSecret or finishSecret")
	r.yard.Revoke("another-key")
	expect(r.event("createSecret"), "RotationFailed", "createSecret", "yard/session", "yard/key", "generate a new key")
}
