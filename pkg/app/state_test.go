package app_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// put writes an object as another tool would, with metadata.
func (w *world) put(key string, body []byte, metadata map[string]string) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPut, "http://"+cloudAddress+"/"+bucket+"/"+key, bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=operator/20261118/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	request.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	for name, value := range metadata {
		request.Header.Set("X-Amz-Meta-"+name, value)
	}
	answer, err := w.network.Transport(w).RoundTrip(request)
	if err != nil {
		w.Fatal(err)
	}
	said, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
		w.Fatalf("put %s: %d %s %v", key, answer.StatusCode, said, err)
	}
}

func TestARestoredObjectIsKnownByItsMetadataAndCostsNoRequest(t *testing.T) {
	const restored = "2026-11-12"
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-10\nrefresh: 1000h", func(w *world) {
		w.run(app.Event{}, export.Complete)
		was, _ := w.entry("purchases", restored)
		var other bytes.Buffer // the same lines, compressed by another tool: another ETag
		zip, err := gzip.NewWriterLevel(&other, gzip.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(zip, strings.Join(w.lines(purchases(restored)), "\n")+"\n")
		if err := errors.Join(err, zip.Close()); err != nil {
			t.Fatal(err)
		}
		w.put(purchases(restored), other.Bytes(), map[string]string{"rows": "8", "sha256": "another"})
		w.pass(time.Minute)
		if d := w.dataset(w.run(app.Event{}, export.Complete), "purchases"); d.Written != 1 {
			t.Errorf("an object of unknown content was not read again: %s", show(d))
		}
		w.put(purchases(restored), other.Bytes(), map[string]string{"rows": strconv.FormatInt(was.Rows, 10), "sha256": was.SHA256})
		w.pass(time.Minute)
		if r := w.run(app.Event{}, export.Complete); r.Accounts[0].Requests != 2 || w.dataset(r, "purchases").Written != 0 {
			t.Errorf("a restored object cost requests: %s", show(r))
		}
		if now, _ := w.entry("purchases", restored); now.ETag == was.ETag || now.SHA256 != was.SHA256 {
			t.Errorf("the ETag was not adopted: %s", show(now))
		}
		if !bytes.Equal(other.Bytes(), []byte(w.bytes(purchases(restored)))) {
			t.Error("the restored object was written again")
		}
	})
}

func TestOneRefusedAccountLeavesTheOthersDone(t *testing.T) {
	const west = `  - account: west
    url: http://` + yardAddress + `
    api_key_secret: yardstick/scrapright/west/api-key
    session_secret: yardstick/scrapright/west/session
    start: 2026-11-17
`
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
		w.more = west
		w.replaceSecret("yardstick/scrapright/west/api-key", "no-key-of-this-yard")
		r := w.run(app.Event{}, export.Failed)
		if len(r.Accounts) != 2 || r.Accounts[0].Status != export.Complete || r.Accounts[1].Status != export.Failed ||
			r.Accounts[1].Error.Kind != export.CredentialRefused || r.Accounts[0].Datasets[0].Written != 2 || r.Remaining != 4 {
			t.Errorf("%s", show(r))
		}
	})
}

func TestAStoppedRunWritesWhatItReadAndSaysPartial(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "", func(w *world) {
		time.AfterFunc(90*time.Second, func() { close(w.stop) })
		r := w.run(app.Event{}, export.Partial)
		if d := w.dataset(r, "purchases"); d.Written == 0 || d.Written+d.Remaining != 31 || len(w.keys("scrapright/purchases/")) != d.Written {
			t.Errorf("%s", show(d))
		}
		w.stop = make(chan struct{})
		w.run(app.Event{}, export.Complete)
	})
}

func TestALedgerThatCannotBeReadIsNamedAndKept(t *testing.T) {
	const key = "_yardstick/ledger/scrapright/purchases/account=main/2026-11.json"
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-10", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.put(key, []byte(`{"version":7,"days":{}}`), nil)
		r := w.run(app.Event{}, export.Failed)
		if d := w.dataset(r, "purchases"); len(d.Failed) != 1 || d.Failed[0].Kind != export.Storage || !strings.Contains(d.Failed[0].Error, key) {
			t.Errorf("%s", show(r))
		}
		if w.bytes(key) != `{"version":7,"days":{}}` {
			t.Error("the ledger was overwritten")
		}
	})
}

func TestTheConfigurationComesAsTextFileOrObject(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		const text = "version: 1\nbucket: elsewhere\nscrapright: [{account: a, url: 'https://yard.example', api_key_secret: k, session_secret: s}]\n"
		file := filepath.Join(w.dir, "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.put("config/yardstick.yaml", []byte(text), nil)
		open := func(value string) (*app.App, error) {
			return app.Open(w.Context(), app.Options{Config: value, Endpoint: "http://" + cloudAddress, Transport: w.network.Transport(w)})
		}
		for _, value := range []string{text, `{"version":1,"bucket":"elsewhere","scrapright":[{"account":"a","url":"https://yard.example","api_key_secret":"k","session_secret":"s"}]}`,
			file, "s3://" + bucket + "/config/yardstick.yaml"} {
			if a, err := open(value); err != nil || a.Configured.Bucket != "elsewhere" {
				t.Errorf("%.30q: %v", value, err)
			}
		}
		for value, says := range map[string]string{
			filepath.Join(w.dir, "none.yaml"):    "none.yaml",
			"s3://" + bucket + "/none.yaml":      "none.yaml",
			"s3://only-a-bucket":                 "s3://bucket/key",
			"version: 1\nbucket: b":              "scrapright",
			"version: 1\nbukket: elsewhere-else": "bukket",
		} {
			if _, err := open(value); !errors.As(err, new(*app.ConfigInvalid)) || !strings.Contains(err.Error(), says) {
				t.Errorf("%.30q: %v, expected a ConfigInvalid that says %q", value, err, says)
			}
		}
	})
}
