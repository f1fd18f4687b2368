package faultproxy_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"yardstick/pkg/bubble"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/localcloud"
)

const (
	address = "127.0.0.1:1002"
	name    = "a/secret"
	bucket  = "a-bucket"
)

// world is the real SDK before a Proxy before an embedded cloud. Nothing is sent twice by the SDK.
type world struct {
	*testing.T
	proxy   *faultproxy.Proxy
	secrets *secretsmanager.Client
	objects *s3.Client
}

// inWorld runs a test in fake time.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		proxy := faultproxy.New(newCloud(t, dir).Handler(), time.Now)
		var network bubble.Network
		network.Serve(t, address, proxy)
		test(newWorld(t, proxy, "http://"+address, network.Transport(t)))
	})
}

func newCloud(t *testing.T, dir string) *localcloud.Cloud {
	t.Helper()
	cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := cloud.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return cloud
}

func newWorld(t *testing.T, proxy *faultproxy.Proxy, endpoint string, transport http.RoundTripper) *world {
	t.Helper()
	key := credentials.NewStaticCredentialsProvider("local", "local", "")
	client := &http.Client{Transport: transport}
	return &world{T: t, proxy: proxy,
		secrets: secretsmanager.New(secretsmanager.Options{Region: "us-east-1", Credentials: key, HTTPClient: client,
			BaseEndpoint: &endpoint, Retryer: aws.NopRetryer{}}),
		objects: s3.New(s3.Options{Region: "us-east-1", Credentials: key, HTTPClient: client, BaseEndpoint: &endpoint,
			Retryer: aws.NopRetryer{}, UsePathStyle: true})}
}

func token(c string) *string { return aws.String(strings.Repeat(c, 32)) }

func (w *world) create(value string) {
	w.Helper()
	if _, err := w.secrets.CreateSecret(w.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name),
		SecretString: &value, ClientRequestToken: token("0")}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) put(ctx context.Context, value, c string) error {
	_, err := w.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String(name),
		SecretString: &value, ClientRequestToken: token(c)})
	return err
}

// holds is what the secret holds, asked past the faults.
func (w *world) holds() string {
	w.Helper()
	w.proxy.Fault(nil)
	out, err := w.secrets.GetSecretValue(w.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		w.Fatal(err)
	}
	return *out.SecretString
}

// onPut answers every PutSecretValue so.
func onPut(a *faultproxy.Answer) func(faultproxy.Call) *faultproxy.Answer {
	return func(c faultproxy.Call) *faultproxy.Answer {
		if c.Operation == "PutSecretValue" {
			return a
		}
		return nil
	}
}

func TestAFaultDecidesEffectAndAnswerApart(t *testing.T) {
	cases := []struct {
		name   string
		answer *faultproxy.Answer
		takes  bool   // effect
		code   string // of the error; "" and fails: the connection broke
		fails  bool
		status int // in the journal
	}{
		{"passes", nil, true, "", false, 200},
		{"zero answer passes", &faultproxy.Answer{}, true, "", false, 200},
		{"delayed", &faultproxy.Answer{Delay: time.Minute}, true, "", false, 200},
		{"refused", faultproxy.Refuse(500, "InternalServiceError"), false, "InternalServiceError", true, 500},
		{"throttled", faultproxy.Refuse(400, "ThrottlingException"), false, "ThrottlingException", true, 400},
		{"answer lost", faultproxy.Lose(), true, "", true, 0},
		{"dropped before", &faultproxy.Answer{Drop: true}, false, "", true, 0},
		{"carried out and belied", faultproxy.Belie(0, "InternalServiceError"), true, "InternalServiceError", true, 500},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.create("old")
				begun := time.Now()
				w.proxy.Fault(onPut(c.answer))
				err := w.put(w.Context(), "new", "1")
				if (err != nil) != c.fails {
					t.Fatalf("%v; expected an error: %v", err, c.fails)
				}
				if api, ok := errors.AsType[smithy.APIError](err); ok != (c.code != "") || ok && api.ErrorCode() != c.code {
					t.Errorf("%v; expected the code %q", err, c.code)
				}
				if c.answer != nil && time.Since(begun) != c.answer.Delay {
					t.Errorf("it took %v", time.Since(begun))
				}
				effect, want := 0, "old"
				if c.takes {
					effect, want = 200, "new"
				}
				journal := w.proxy.Of("PutSecretValue")
				if got := w.holds(); got != want || len(journal) != 1 || journal[0].Effect != effect || journal[0].Status != c.status ||
					journal[0].Acknowledged() != (c.takes && !c.fails) || journal[0].Answered.IsZero() != (c.status == 0) {
					t.Errorf("the secret holds %q, expected %q; journal %+v", got, want, journal)
				}
			})
		})
	}
}

func TestTheJournalTellsCallsApart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.create("old")
		if err := w.put(w.Context(), "new", "1"); err != nil {
			t.Fatal(err)
		}
		if w.put(w.Context(), "other", "1") == nil {
			t.Error("the cloud took two values for one token")
		}
		w.holds()
		key := aws.String("a/key")
		_, put := w.objects.PutObject(w.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: key, Body: strings.NewReader("text")})
		_, head := w.objects.HeadObject(w.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: key})
		_, list := w.objects.ListObjectsV2(w.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
		out, get := w.objects.GetObject(w.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: key})
		if err := errors.Join(put, head, list, get); err != nil {
			t.Fatal(err)
		}
		_ = out.Body.Close()
		var got []string
		for i, c := range w.proxy.Calls() {
			if c.N != i+1 || c.Nth != len(slices.DeleteFunc(w.proxy.Calls(), func(o faultproxy.Call) bool { return o.N > c.N || o.Operation != c.Operation })) {
				t.Errorf("call %d is numbered %d, %d", i, c.N, c.Nth)
			}
			got = append(got, strings.Join([]string{c.Service, c.Operation, c.Secret + c.Bucket, c.Key, c.Value, c.Token[:min(1, len(c.Token))]}, " "))
		}
		want := []string{"secretsmanager CreateSecret a/secret  old 0", "secretsmanager PutSecretValue a/secret  new 1",
			"secretsmanager PutSecretValue a/secret  other 1", "secretsmanager GetSecretValue a/secret   ",
			"s3 PutObject a-bucket a/key  ", "s3 HeadObject a-bucket a/key  ", "s3 ListObjectsV2 a-bucket   ", "s3 GetObject a-bucket a/key  "}
		if !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if c := w.proxy.Calls()[2]; c.Effect != 400 || c.Status != 400 || c.Acknowledged() {
			t.Errorf("a call that the cloud refused: %+v", c)
		}
	})
}

func TestS3ErrorsComeInTheFormOfS3(t *testing.T) {
	inWorld(t, func(w *world) {
		w.proxy.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if c.Key == "" {
				return faultproxy.Refuse(503, "SlowDown")
			}
			return faultproxy.Refuse(403, "AccessDenied")
		})
		_, list := w.objects.ListObjectsV2(w.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
		_, head := w.objects.HeadObject(w.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
		if api, ok := errors.AsType[smithy.APIError](list); !ok || api.ErrorCode() != "SlowDown" {
			t.Errorf("list: %v", list)
		}
		if !strings.Contains(head.Error(), "403") {
			t.Errorf("head: %v", head)
		}
	})
}

func TestAHeldCallWaitsBeforeOrAfterItsEffect(t *testing.T) {
	for _, after := range []bool{false, true} {
		inWorld(t, func(w *world) {
			w.create("old")
			hold := faultproxy.NewHold()
			answer := &faultproxy.Answer{Before: hold}
			if after {
				answer = &faultproxy.Answer{After: hold}
			}
			w.proxy.Fault(onPut(answer))
			done := make(chan error)
			go func() { done <- w.put(w.Context(), "new", "1") }()
			if c := <-hold.Held(); c.Value != "new" {
				t.Errorf("held: %+v", c)
			}
			if got, want := w.holds(), map[bool]string{false: "old", true: "new"}[after]; got != want {
				t.Errorf("while it is held the secret holds %q, expected %q", got, want)
			}
			hold.Release()
			hold.Release()
			if err := <-done; err != nil || w.holds() != "new" {
				t.Errorf("released: %v, %q", err, w.holds())
			}
		})
	}
}

// TestAHeldCallOfAClientThatIsGoneEndsWithoutEffect goes over a socket, as a killed process's calls do.
func TestAHeldCallOfAClientThatIsGoneEndsWithoutEffect(t *testing.T) {
	for _, after := range []bool{false, true} {
		ended := make(chan struct{}, 8)
		proxy := faultproxy.New(newCloud(t, t.TempDir()).Handler(), time.Now)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			proxy.ServeHTTP(w, r)
			ended <- struct{}{}
		}))
		w := newWorld(t, proxy, server.URL, &http.Transport{})
		w.create("old")
		<-ended
		hold := faultproxy.NewHold()
		answer := &faultproxy.Answer{Before: hold}
		if after {
			answer = &faultproxy.Answer{After: hold}
		}
		proxy.Fault(onPut(answer))
		ctx, kill := context.WithCancel(t.Context())
		go func() { <-hold.Held(); kill() }()
		if err := w.put(ctx, "new", "1"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		<-ended // without any release
		if got, want := w.holds(), map[bool]string{false: "old", true: "new"}[after]; got != want {
			t.Errorf("held after its effect: %v, and the secret holds %q, expected %q", after, got, want)
		}
		if c := proxy.Of("PutSecretValue")[0]; c.Status != 0 {
			t.Errorf("the journal tells of an answer: %+v", c)
		}
		server.Close()
	}
}
