package app_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/bubble"
	"yardstick/pkg/canary"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

const (
	yardAddress  = "127.0.0.1:1001"
	cloudAddress = "127.0.0.1:1002"
	bucket       = "acme-reporting"
	keySecret    = "yardstick/scrapright/main/api-key"
	sessSecret   = "yardstick/scrapright/main/session"
	apiKey       = "the-first-key-of-the-yard"
)

// noon is when the tests' world begins: a Wednesday.
var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

// world is yardstick between a simulated yard and an embedded cloud, on fake time. Whatever it logs at the finest level,
// answers and leaves in the bucket is looked through for secrets when the test ends.
type world struct {
	*testing.T
	yard    *simulator.Yard
	watch   *canary.Watch // before the vendor
	cloud   *localcloud.Cloud
	aws     *faultproxy.Proxy // before the cloud
	network *bubble.Network
	dir     string
	config  string // settings of the account, as YAML lines
	more    string // further accounts, as YAML
	stop    chan struct{}
	source  string       // exported by run
	log     *slog.Logger // beside the one that is looked through; nil: none
	logged  transcript
	said    transcript // results and errors
}

// inWorld runs a test in a bubble whose clock stands at noon. The yard is small and grants 6,000 requests a minute unless
// the test says otherwise.
func inWorld(t *testing.T, yard simulator.YardConfig, config string, test func(w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, network: &bubble.Network{}, dir: dir, config: config, stop: make(chan struct{}), source: app.ScrapRight}
		w.pass(time.Until(noon))
		yard.APIKey, yard.Now = apiKey, time.Now
		if yard.RequestsPerMinute == 0 {
			yard.RequestsPerMinute = 6000
		}
		if yard.Customers == 0 {
			yard.Customers, yard.Businesses, yard.TicketsPerDay = 12, 5, 8
		}
		w.yard = simulator.NewYard(yard)
		w.serve(yardAddress, w.yard)
		if err := w.open().CreateSecret(t.Context(), keySecret, `{"api_key":"`+apiKey+`"}`); err != nil {
			t.Fatal(err)
		}
		test(w)
	})
}

// serve puts the vendor and the cloud into the world.
func (w *world) serve(address string, vendor http.Handler) {
	w.Helper()
	cloud, err := localcloud.Open(w.dir, localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			w.Error(err)
		}
	})
	if err := cloud.CreateBucket(bucket); err != nil {
		w.Fatal(err)
	}
	w.cloud, w.watch, w.aws = cloud, canary.NewWatch(vendor), faultproxy.New(cloud.Handler(), time.Now)
	w.Cleanup(w.noSecretIsLeftBehind)
	w.network.Serve(w, address, w.watch)
	w.network.Serve(w, cloudAddress, w.aws)
}

// pass lets time go by.
func (w *world) pass(d time.Duration) { <-time.After(d) }

// options are those of an App in this world.
func (w *world) options() app.Options { return w.optionsWith(w.more) }

// optionsWith are options whose configuration has more at its end.
func (w *world) optionsWith(more string) app.Options {
	w.Helper()
	lines := strings.Split(strings.TrimSpace(w.config), "\n")
	text := fmt.Sprintf("version: 1\nbucket: %s\nscrapright:\n  - account: main\n    url: http://%s\n    api_key_secret: %s\n    session_secret: %s\n    %s\n%s",
		bucket, yardAddress, keySecret, sessSecret, strings.Join(lines, "\n    "), more)
	if w.source == app.Scrunch {
		text = fmt.Sprintf("version: 1\nbucket: %s\nscrunch:\n  - account: main\n    url: http://%s/v1\n    api_key_secret: %s\n    %s\n",
			bucket, scrunchAddress, scrunchSecret, strings.Join(lines, "\n    "))
	}
	return app.Options{Config: text, Endpoint: "http://" + cloudAddress, Transport: w.network.Transport(w), Stop: w.stop, Log: w.logger()}
}

func (w *world) open() opened {
	w.Helper()
	a, err := app.Open(w.Context(), w.options())
	if err != nil {
		w.Fatal(err)
	}
	return opened{a, &w.said}
}

// run exports, and fails the test unless the run ends in that status.
func (w *world) run(e app.Event, want export.Status) app.Result {
	w.Helper()
	result, err := w.open().Export(w.Context(), w.source, e)
	if result.Status != want {
		w.Fatalf("status %q (%v), expected %q\n%s", result.Status, err, want, show(result))
	}
	if failed := errors.As(err, new(*app.ExportFailed)); failed != (want == export.Failed) {
		w.Fatalf("status %q and error %v", result.Status, err)
	}
	return result
}

func show(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	return fmt.Sprint(string(text), err)
}

func (w *world) dataset(r app.Result, name string) export.DatasetResult {
	w.Helper()
	for _, d := range r.Accounts[0].Datasets {
		if d.Dataset == name {
			return d
		}
	}
	w.Fatalf("no dataset %s in %s", name, show(r))
	return export.DatasetResult{}
}

func (w *world) path(key string) string { return filepath.Join(w.dir, "s3", bucket, key) }

// lines are the lines of a data object.
func (w *world) lines(key string) []string {
	w.Helper()
	file, err := os.Open(w.path(key))
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		w.Fatal(err)
	}
	lines := []string{}
	reader := bufio.NewReader(plain)
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// bytes are an object's, "" where there is none.
func (w *world) bytes(key string) string {
	w.Helper()
	text, err := os.ReadFile(w.path(key))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.Fatal(err)
	}
	return string(text)
}

// keys are the bucket's keys below a prefix.
func (w *world) keys(prefix string) []string {
	w.Helper()
	var keys []string
	root := w.path("")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			key, relErr := filepath.Rel(root, path)
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
			return relErr
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return keys
}

func (w *world) ledger(dataset, month string) snapshot.Ledger {
	w.Helper()
	var l snapshot.Ledger
	text := w.bytes("_yardstick/ledger/scrapright/" + dataset + "/account=main/" + month + ".json")
	if text == "" {
		return l
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		w.Fatal(err)
	}
	return l
}

func (w *world) entry(dataset, day string) (snapshot.Entry, bool) {
	w.Helper()
	d, err := snapshot.ParseDay(day)
	if err != nil {
		w.Fatal(err)
	}
	e, ok := w.ledger(dataset, d.Month()).Days[d][dataset]
	return e, ok
}

func purchases(day string) string {
	return "scrapright/purchases/account=main/dt=" + day + "/purchases.json.gz"
}

func day(text string) snapshot.Day {
	d, err := snapshot.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// secret makes one call to Secrets Manager, as an operator's tools would.
func (w *world) secret(operation string, input map[string]any) {
	w.Helper()
	text, err := json.Marshal(input)
	if err != nil {
		w.Fatal(err)
	}
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, "http://"+cloudAddress+"/", bytes.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "secretsmanager."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=operator/20261118/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := w.network.Transport(w).RoundTrip(request)
	if err != nil {
		w.Fatal(err)
	}
	said, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
		w.Fatalf("%s: %d %s %v", operation, answer.StatusCode, said, err)
	}
}
