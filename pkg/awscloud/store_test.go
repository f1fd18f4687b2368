package awscloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/snapshot"
)

var ok = answer(http.StatusOK, "", `ETag: "e1"`)

func put(ctx context.Context, s *awscloud.Store, o snapshot.PutOptions) (string, error) {
	return s.Put(ctx, "latest/x.json.gz", strings.NewReader("body"), o)
}

func TestPutSendsOneRequestWithItsConditionAndChecksum(t *testing.T) {
	for name, c := range map[string]struct {
		options snapshot.PutOptions
		header  map[string]string
	}{
		"unconditional": {
			snapshot.PutOptions{ContentType: "application/x-ndjson", Metadata: map[string]string{"Fetched-At": "now"}},
			map[string]string{
				"Content-Type": "application/x-ndjson", "X-Amz-Meta-Fetched-At": "now", "If-Match": "", "If-None-Match": "",
			},
		},
		"create only": {snapshot.PutOptions{CreateOnly: true}, map[string]string{"If-Match": "", "If-None-Match": "*"}},
		"if match":    {snapshot.PutOptions{IfMatch: "e0"}, map[string]string{"If-Match": `"e0"`, "If-None-Match": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			store, script := scriptedStore(t, ok)
			etag, err := put(t.Context(), store, c.options)
			if err != nil || etag != "e1" {
				t.Fatalf("got %q, %v", etag, err)
			}
			got := script.requests()
			if len(got) != 1 || got[0].Method != "PUT" || got[0].Path != "/acme/latest/x.json.gz" || got[0].Body != "body" {
				t.Fatalf("requests: %+v", got)
			}
			c.header["X-Amz-Checksum-Crc32"] = "26gLsg==" // of "body"
			for name, want := range c.header {
				if value := got[0].Header.Get(name); value != want {
					t.Errorf("%s: %q, expected %q", name, value, want)
				}
			}
		})
	}
}

func TestPutIsSentAgainAfterAConflict(t *testing.T) {
	conflict := s3Error(http.StatusConflict, "ConditionalRequestConflict")
	lost := s3Error(http.StatusPreconditionFailed, "PreconditionFailed")
	createOnly, ifMatch := snapshot.PutOptions{CreateOnly: true}, snapshot.PutOptions{IfMatch: "e0"}
	for name, c := range map[string]struct {
		options snapshot.PutOptions
		steps   []http.HandlerFunc
		methods string
		kind    error
	}{
		"and wins":          {createOnly, []http.HandlerFunc{conflict, conflict, ok}, "PUT PUT PUT", nil},
		"and loses":         {createOnly, []http.HandlerFunc{conflict, lost}, "PUT PUT", snapshot.ErrPrecondition},
		"without condition": {snapshot.PutOptions{}, []http.HandlerFunc{conflict, ok}, "PUT PUT", nil},
		"while the ETag stands": {
			ifMatch, []http.HandlerFunc{conflict, answer(http.StatusOK, "", `ETag: "e0"`), ok}, "PUT HEAD PUT", nil,
		},
		"not once the ETag changed": {
			ifMatch, []http.HandlerFunc{conflict, ok}, "PUT HEAD", snapshot.ErrPrecondition,
		},
		"not once the object is gone": {
			ifMatch, []http.HandlerFunc{conflict, answer(http.StatusNotFound, "")}, "PUT HEAD", snapshot.ErrNotFound,
		},
		"not once reading is denied": {
			ifMatch, []http.HandlerFunc{conflict, answer(http.StatusForbidden, "")}, "PUT HEAD", snapshot.ErrDenied,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, script := scriptedStore(t, c.steps...)
				etag, err := put(t.Context(), store, c.options)
				if !errors.Is(err, c.kind) || (err == nil) != (etag == "e1") {
					t.Errorf("got %q, %v; expected error %v", etag, err, c.kind)
				}
				if err != nil && !strings.HasPrefix(err.Error(), "put latest/x.json.gz") {
					t.Errorf("error %q does not say what was done", err)
				}
				if got := script.methods(); got != c.methods {
					t.Errorf("requests %s, expected %s", got, c.methods)
				}
				for _, r := range script.requests() {
					if r.Method == "PUT" && r.Body != "body" {
						t.Errorf("body %q was sent", r.Body)
					}
				}
			})
		})
	}
}

func TestPutGivesUpOnAConflictThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, script := scriptedStore(t, s3Error(http.StatusConflict, "ConditionalRequestConflict"))
		begin := time.Now()
		_, err := put(t.Context(), store, snapshot.PutOptions{CreateOnly: true})
		if err == nil || errors.Is(err, snapshot.ErrPrecondition) ||
			!strings.Contains(err.Error(), "ConditionalRequestConflict") {
			t.Errorf("got %v", err)
		}
		if got := script.methods(); got != "PUT PUT PUT PUT PUT" {
			t.Errorf("requests %s", got)
		}
		if took := time.Since(begin); took < 700*time.Millisecond || took > 1500*time.Millisecond {
			t.Errorf("waited %v in all, expected 0.75 s to 1.5 s", took)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	for name, c := range map[string]struct {
		step  http.HandlerFunc
		after string
	}{
		"conflict":   {s3Error(http.StatusConflict, "ConditionalRequestConflict"), ""},
		"slow down":  {s3Error(http.StatusServiceUnavailable, "SlowDown"), ", after SlowDown (request 4F2A)"},
		"no error":   {answer(http.StatusBadGateway, "<html>"), ", after an answer of status 502 that could not be read"},
		"no answer":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, `, after Put "http://`},
		"hanging on": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, _ := scriptedStore(t, c.step)
				ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
				defer cancel()
				begin := time.Now()
				_, err := put(ctx, store, snapshot.PutOptions{CreateOnly: true})
				want := "put latest/x.json.gz: context deadline exceeded" + c.after
				if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), want) || c.after == "" && err.Error() != want {
					t.Errorf("got %v", err)
				}
				if took := time.Since(begin); took > 40*time.Millisecond {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A server fault after the object was stored: the repetition meets the object that it made itself.
func TestAnOwnEarlierSuccessIsAPreconditionThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, script := scriptedStore(t,
			s3Error(http.StatusInternalServerError, "InternalError"),
			s3Error(http.StatusPreconditionFailed, "PreconditionFailed"))
		if _, err := put(t.Context(), store, snapshot.PutOptions{CreateOnly: true}); !errors.Is(err, snapshot.ErrPrecondition) {
			t.Errorf("got %v", err)
		}
		if got := script.methods(); got != "PUT PUT" {
			t.Errorf("requests %s", got)
		}
	})
}

func TestWhatFailsInPassingIsSentAgain(t *testing.T) {
	slow := s3Error(http.StatusServiceUnavailable, "SlowDown")
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, steps := range map[string][]http.HandlerFunc{
		"slow down":    {slow, slow, ok},
		"server fault": {s3Error(http.StatusInternalServerError, "InternalError"), answer(http.StatusBadGateway, "<html>"), ok},
		"broken off":   {hangUp, hangUp, ok},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, script := scriptedStore(t, steps...)
				if etag, err := put(t.Context(), store, snapshot.PutOptions{}); err != nil || etag != "e1" {
					t.Errorf("got %q, %v", etag, err)
				}
				for _, r := range script.requests() {
					if r.Body != "body" {
						t.Errorf("body %q was sent", r.Body)
					}
				}
			})
		})
	}
}

func TestAttemptsAreFiveUnlessTheOperatorSetsThem(t *testing.T) {
	for set, want := range map[string]int{"": 5, "2": 2} {
		t.Run("AWS_MAX_ATTEMPTS="+set, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				isolate(t)
				t.Setenv("AWS_MAX_ATTEMPTS", set)
				script := &script{steps: []http.HandlerFunc{s3Error(http.StatusServiceUnavailable, "SlowDown")}}
				store := awscloud.NewStore(s3.NewFromConfig(load(t, serve(t, script)...)), "acme")
				_, err := put(t.Context(), store, snapshot.PutOptions{})
				if err == nil || !strings.Contains(err.Error(), "SlowDown: words of S3 (request 4F2A, ") {
					t.Errorf("got %v", err)
				}
				if got := len(script.requests()); got != want {
					t.Errorf("%d requests, expected %d", got, want)
				}
			})
		})
	}
}

func TestEveryCallClassifiesItsErrors(t *testing.T) {
	kinds := []error{snapshot.ErrDenied, snapshot.ErrNotFound, snapshot.ErrPrecondition, awscloud.ErrNoBucket}
	calls := map[string]func(context.Context, *awscloud.Store) error{
		"put": func(ctx context.Context, s *awscloud.Store) error {
			_, err := put(ctx, s, snapshot.PutOptions{})
			return err
		},
		"get": func(ctx context.Context, s *awscloud.Store) error {
			_, _, err := s.Get(ctx, "latest/x.json.gz")
			return err
		},
		"head": func(ctx context.Context, s *awscloud.Store) error {
			_, err := s.Head(ctx, "latest/x.json.gz")
			return err
		},
		"list": func(ctx context.Context, s *awscloud.Store) error {
			_, err := keys(ctx, s, "latest/x.json.gz")
			return err
		},
		"delete": func(ctx context.Context, s *awscloud.Store) error { return s.Delete(ctx, "latest/x.json.gz") },
	}
	for _, c := range []struct {
		step  http.HandlerFunc
		calls string
		kind  error
		words string
	}{
		{s3Error(403, "AccessDenied"), "put list delete", snapshot.ErrDenied, "access denied: AccessDenied: words of S3 (request"},
		{s3Error(403, "AccessDenied"), "get", snapshot.ErrDenied, "without s3:ListBucket"},
		{answer(403, ""), "head", snapshot.ErrDenied, "without s3:ListBucket"},
		{s3Error(404, "NoSuchBucket"), "put get list delete", awscloud.ErrNoBucket, `no such bucket "acme"`},
		{s3Error(404, "NoSuchKey"), "get", snapshot.ErrNotFound, "no such object"},
		{answer(404, ""), "head", snapshot.ErrNotFound, "no such object"},
		{s3Error(301, "PermanentRedirect"), "put get list delete", nil, "another region"},
		{s3Error(400, "InvalidRequest"), "put get list delete", nil, "InvalidRequest: words of S3 (request 4F2A)"},
	} {
		for call := range strings.FieldsSeq(c.calls) {
			t.Run(call+" "+c.words, func(t *testing.T) {
				store, _ := scriptedStore(t, c.step)
				err := calls[call](t.Context(), store)
				if err == nil {
					t.Fatal("no error")
				}
				for _, kind := range kinds {
					if errors.Is(err, kind) != (kind == c.kind) {
						t.Errorf("%v: is %v: %v", err, kind, errors.Is(err, kind))
					}
				}
				if !strings.HasPrefix(err.Error(), call+" latest/x.json.gz: ") || !strings.Contains(err.Error(), c.words) {
					t.Errorf("error %q", err)
				}
				for _, header := range []string{"AKIDEXAMPLE", "session-token", "Authorization"} {
					if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, header) {
						t.Errorf("error %q shows a header of the request", text)
					}
				}
			})
		}
	}
}

func TestADeniedConditionalPutNamesTheRightThatItNeeds(t *testing.T) {
	store, _ := scriptedStore(t, s3Error(403, "AccessDenied"))
	_, err := put(t.Context(), store, snapshot.PutOptions{IfMatch: "e0"})
	if !errors.Is(err, snapshot.ErrDenied) || !strings.Contains(err.Error(), "s3:GetObject") {
		t.Errorf("got %v", err)
	}
}

func TestPutRefusesWhatCannotBeRight(t *testing.T) {
	t.Run("no ETag", func(t *testing.T) {
		store, _ := scriptedStore(t, answer(http.StatusOK, ""))
		if _, err := put(t.Context(), store, snapshot.PutOptions{}); err == nil || !strings.Contains(err.Error(), "ETag") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("two conditions", func(t *testing.T) {
		store, script := scriptedStore(t, ok)
		_, err := put(t.Context(), store, snapshot.PutOptions{CreateOnly: true, IfMatch: "e0"})
		if err == nil || script.methods() != "" {
			t.Errorf("got %v after %q", err, script.methods())
		}
	})
	t.Run("body that cannot be read again", func(t *testing.T) {
		store, script := scriptedStore(t, ok)
		broken := errors.New("file already closed")
		_, err := store.Put(t.Context(), "k", unseekable{broken}, snapshot.PutOptions{})
		if !errors.Is(err, broken) || script.methods() != "" {
			t.Errorf("got %v after %q", err, script.methods())
		}
	})
}

type unseekable struct{ err error }

func (u unseekable) Read([]byte) (int, error)       { return 0, u.err }
func (u unseekable) Seek(int64, int) (int64, error) { return 0, u.err }

func TestABodyThatIsNotWholeIsAnErrorOfItsReader(t *testing.T) {
	for name, c := range map[string]struct {
		step http.HandlerFunc
		want func(error) bool
	}{
		"cut short": {cut("bo", 2, `ETag: "e1"`), func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"other bytes than were stored": {
			answer(http.StatusOK, "b0dy", `ETag: "e1"`, "X-Amz-Checksum-Crc32: 26gLsg=="),
			func(err error) bool { return err != nil && strings.Contains(err.Error(), "checksum did not match") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, _ := scriptedStore(t, c.step)
			body, info, err := store.Get(t.Context(), "latest/x.json.gz")
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if info.Size != 4 {
				t.Errorf("size %d", info.Size)
			}
			_, err = io.ReadAll(body)
			if !c.want(err) || !strings.HasPrefix(err.Error(), "read latest/x.json.gz: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func keys(ctx context.Context, s *awscloud.Store, prefix string) ([]string, error) {
	var all []string
	for info, err := range s.List(ctx, prefix, "") {
		if err != nil {
			return all, err
		}
		all = append(all, info.Key)
	}
	return all, nil
}

func page(next string, names ...string) http.HandlerFunc {
	xml := "<?xml version=\"1.0\"?><ListBucketResult><Name>acme</Name>"
	for _, name := range names {
		xml += "<Contents><Key>" + name + "</Key><ETag>&quot;e1&quot;</ETag><Size>4</Size></Contents>"
	}
	if next != "" {
		xml += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + next + "</NextContinuationToken>"
	}
	return answer(http.StatusOK, xml+"</ListBucketResult>", "Content-Type: application/xml")
}

func TestListFollowsPagesOnlyAsFarAsTheyAreWanted(t *testing.T) {
	store, script := scriptedStore(t, page("t1", "a", "b"), page("", "c"))
	for info, err := range store.List(t.Context(), "", "0") {
		if err != nil || info.ETag != "e1" || info.Size != 4 {
			t.Fatalf("%+v, %v", info, err)
		}
		if info.Key == "b" {
			break
		}
	}
	if got := script.requests(); len(got) != 1 || !strings.Contains(got[0].Query, "start-after=0") {
		t.Errorf("requests %+v", got)
	}
	store, _ = scriptedStore(t, page("t1", "a", "b"), page("t2"), page("", "c"))
	if got, err := keys(t.Context(), store, ""); err != nil || strings.Join(got, "") != "abc" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAListingThatCannotGoOnIsAnErrorAndNotAShortListing(t *testing.T) {
	truncated := answer(http.StatusOK,
		"<ListBucketResult><Contents><Key>a</Key></Contents><IsTruncated>true</IsTruncated></ListBucketResult>")
	for name, steps := range map[string][]http.HandlerFunc{
		"no token":             {truncated},
		"the same token again": {page("t1", "a"), page("t1", "b")},
		"a later page fails":   {page("t1", "a"), s3Error(403, "AccessDenied")},
	} {
		t.Run(name, func(t *testing.T) {
			store, _ := scriptedStore(t, steps...)
			if got, err := keys(t.Context(), store, ""); err == nil || len(got) == 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestAnAnswerCutOffIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, script := scriptedStore(t, cut("<ListBucketResult><Contents><Key>a</Key>", 100), page("", "a", "b"))
		if got, err := keys(t.Context(), store, ""); err != nil || len(got) != 2 || len(script.requests()) != 2 {
			t.Errorf("got %v, %v after %s", got, err, script.methods())
		}
	})
}

func TestNoRequestOfTheStoreIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cfg, _ := configure(t, []http.HandlerFunc{s3Error(http.StatusServiceUnavailable, "SlowDown"), ok}, logTo(&log))
		if _, err := put(t.Context(), awscloud.NewStore(s3.NewFromConfig(cfg), "acme"), snapshot.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if text := log.String(); !strings.Contains(text, "attempt 2") || strings.Contains(text, "session-token") ||
			strings.Contains(text, "AKIDEXAMPLE") || strings.Contains(text, "body") {
			t.Errorf("logged:\n%s", text)
		}
	})
}

// The spool is a file that its owner reads again after a Put that lost.
func TestPutLeavesItsBodyOpen(t *testing.T) {
	store, _ := scriptedStore(t, s3Error(http.StatusPreconditionFailed, "PreconditionFailed"))
	body := &closable{Reader: strings.NewReader("body")}
	_, err := store.Put(t.Context(), "k", body, snapshot.PutOptions{CreateOnly: true})
	if !errors.Is(err, snapshot.ErrPrecondition) {
		t.Errorf("got %v", err)
	}
	if body.closed {
		t.Error("the body was closed")
	}
}

type closable struct {
	*strings.Reader
	closed bool
}

func (c *closable) Close() error {
	c.closed = true
	return nil
}
