package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
	"yardstick/pkg/golden"
	"yardstick/pkg/simulator"
)

const (
	oldKey    = "canary-the-old-key"
	freshKey  = "canary-the-fresh-key"
	yardKeyIn = "yard/key"
	brandKey  = "scrunch/key"
)

// office is where an operator sits: both vendors take the fresh key alone, and the secrets still hold the old one.
type office struct {
	yard   *simulator.Yard
	dir    string
	config string
	cloud  *local.Cloud
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{dir: t.TempDir()}
	o.yard = simulator.NewYard(simulator.YardConfig{APIKey: freshKey, Now: time.Now, RequestsPerMinute: 6000})
	scrunch := simulator.NewScrunch(simulator.ScrunchConfig{Keys: []simulator.ScrunchKey{{Key: freshKey}}, Now: time.Now})
	urls := []string{}
	for _, start := range []func() (string, func(), error){o.yard.Start, scrunch.Start} {
		url, stop, err := start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		urls = append(urls, url)
	}
	o.config = fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrapright:\n  - {account: main, url: %s, api_key_secret: %s, session_secret: yard/session}\n"+
		"scrunch:\n  - {account: main, url: %s, api_key_secret: %s}\n", urls[0], yardKeyIn, urls[1], brandKey)
	var err error
	if o.cloud, err = local.OpenCloud(o.dir, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.cloud.Close() })
	a, err := o.cloud.Open(t.Context(), app.Options{Config: o.config})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{yardKeyIn: `{"owner":"billing","api_key":"` + oldKey + `"}`, brandKey: oldKey + "\n"} {
		if err := a.CreateSecret(t.Context(), name, value); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": o.cloud.Endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
		"AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, cloudFolder: o.dir} {
		t.Setenv(name, value)
	}
	return o
}

// put calls `secret put` with the key on standard input, and looks for it in all that was said.
func (o *office) put(t *testing.T, stdin io.Reader, args ...string) call {
	t.Helper()
	var stdout bytes.Buffer
	stderr := new(watch)
	code := run(t.Context(), append([]string{"secret", "put"}, args...), stdin, &stdout, stderr, environment(o.config))
	c := call{code, stdout.String(), stderr.String(), o.dir}
	if said := c.stdout + c.stderr; strings.Contains(said, "canary") || strings.Contains(said, "eyJ") {
		t.Errorf("a secret was shown:\n%s", said)
	}
	return c
}

// holds checks what a secret's current version holds: nothing else is among the stored texts that has not.
func (o *office) holds(t *testing.T, name, text string) {
	t.Helper()
	stored, err := os.ReadFile(filepath.Join(o.dir, "secretsmanager", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`"(?:Text|text)":\s*"((?:[^"\\]|\\.)*)"`).FindAllSubmatch(stored, -1)
	if got := strings.NewReplacer(`\"`, `"`, `\n`, "\n").Replace(string(newest[len(newest)-1][1])); got != text {
		t.Errorf("%s holds %q, expected %q", name, got, text)
	}
}

func TestSecretPutTriesStoresAndTells(t *testing.T) {
	o := newOffice(t)
	c := o.put(t, strings.NewReader("\n  "+freshKey+"\r\n"), yardKeyIn).expect(t, complete)
	version := regexp.MustCompile(`version [0-9a-f]{8}\.`)
	golden.Compare(t, "testdata/secret-put.txt", timeless(version.ReplaceAllString(c.stdout, "version #."), o.dir))
	golden.Compare(t, "testdata/secret-put-progress.txt", c.stderr)
	o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+freshKey+`"}`)

	again := decoded[app.Verified](t, o.put(t, strings.NewReader(freshKey), yardKeyIn, "--json", "-v").expect(t, complete, "holds this key already"))
	if len(again) != 1 || again[0].Secret != yardKeyIn || again[0].KeyVersion == "" || again[0].Accounts[0].Session == nil {
		t.Errorf("%+v", again)
	}
	exchanges := o.yard.Count(simulator.TokenEndpoint)
	yardstick(t, o.config, "export", "--source", "scrapright", "--dataset", "businesses").expect(t, complete)
	if n := o.yard.Count(simulator.TokenEndpoint); n != exchanges || exchanges != 2 {
		t.Errorf("%d exchanges, and %d after an export", exchanges, n)
	}

	c = o.put(t, strings.NewReader(freshKey), brandKey).expect(t, complete)
	if !strings.HasSuffix(c.stdout, "\nscrunch/main: the key may read 3 brands.\n") {
		t.Errorf("standard output:\n%s", c.stdout)
	}
	o.holds(t, brandKey, freshKey+"\n")
}

func TestSecretPutThatIsRefusedChangesNothing(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{yardKeyIn, brandKey} {
		o.put(t, strings.NewReader("canary-of-another-organization"), name, "-v").
			expect(t, failed, name, "401", "nothing was changed, version ", "see that the key was copied whole").silent(t)
	}
	o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+oldKey+`"}`)
	o.holds(t, brandKey, oldKey+"\n")
}

func TestSecretPutWithoutATrialMakesNoSession(t *testing.T) {
	o := newOffice(t)
	c := o.put(t, strings.NewReader(freshKey), yardKeyIn, "--no-verify").expect(t, complete)
	if n := len(o.yard.Requests()); n > 0 || !strings.Contains(c.stdout, "scrapright/main: not tried; the next export exchanges it for a session.") {
		t.Errorf("%d requests, standard output:\n%s", n, c.stdout)
	}
	o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+freshKey+`"}`)
}

func TestSecretPutWorksOverAFolder(t *testing.T) {
	o := newOffice(t)
	if err := o.cloud.Close(); err != nil { // one process at a time works with it
		t.Fatal(err)
	}
	o.put(t, strings.NewReader(freshKey), yardKeyIn, "--local", o.dir).expect(t, complete)
	o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+freshKey+`"}`)
}

func TestSecretPutTakesNoKeyAsAnArgument(t *testing.T) {
	o := newOffice(t)
	for _, args := range []string{"yard/key canary-key", "yard/key --canary-key", "yard/key -canary", "yard/key -- canary", "--json yard/key a canary",
		"yard/key --no-verify=canary-key", "yard/key --json=CANARY"} {
		o.put(t, strings.NewReader(freshKey), strings.Fields(args)...).
			expect(t, badUsage, "A key is never an argument", "Try: yardstick secret put --help").silent(t)
	}
	yardstick(t, o.config, "secret", "canary-key").expect(t, badUsage, "A key is never an argument")
	o.put(t, strings.NewReader(freshKey)).expect(t, badUsage, `expected "<secret>"`)
	o.put(t, strings.NewReader(freshKey), "canary-key").expect(t, badUsage, `expected one of ["scrunch/key" "yard/key"]`)
	o.put(t, strings.NewReader(freshKey), "yard/session").expect(t, badUsage, `expected one of ["scrunch/key" "yard/key"]`)
	if n := len(o.yard.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestSecretPutRefusesWhatIsNoKey(t *testing.T) {
	o := newOffice(t)
	for stdin, told := range map[string]string{
		"":                           "no key came on standard input, and nothing was changed; expected the API key for yard/key",
		" \n\t":                      "no key came on standard input",
		"canary one\ncanary":         "the new key is a text with white space inside; expected ",
		`["canary"]`:                 "the new key is a JSON array; expected ",
		`{"apikey":"canary"}`:        "the new key is a JSON object without api_key",
		"canary\x00":                 "the new key is a text with control characters",
		strings.Repeat("c", 0x20000): "more than 66 kB came on standard input",
	} {
		o.put(t, strings.NewReader(stdin), yardKeyIn).expect(t, badUsage, told).silent(t)
	}
	o.put(t, unreadable{}, yardKeyIn).expect(t, failed, "read the key from standard input: disk on fire").silent(t)
	o.holds(t, yardKeyIn, `{"owner":"billing","api_key":"`+oldKey+`"}`)
	if n := len(o.yard.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// unreadable is a standard input that cannot be read.
type unreadable struct{}

func (unreadable) Read([]byte) (int, error) { return 0, fmt.Errorf("disk on fire") }

func TestWhatBecameOfAKeyIsTold(t *testing.T) {
	none, brands := 0, 1
	for _, test := range []struct {
		a    app.VerifiedAccount
		want string
	}{
		{app.VerifiedAccount{Source: app.ScrapRight, Session: &app.VerifiedSession{AccessExpiresAt: time.Unix(0, 0).UTC(), RequestsPerMinute: 10}},
			"session until 1970-01-01 00:00 UTC; 10 requests a minute."},
		{app.VerifiedAccount{Source: app.Scrunch, Brands: &brands}, "the key may read 1 brand."},
		{app.VerifiedAccount{Source: app.Scrunch, Brands: &none}, "the key may read no brand at all; see that its scope includes them."},
		{app.VerifiedAccount{Source: app.Scrunch}, "not tried; the next export calls with it."},
	} {
		if got := became(test.a); got != test.want {
			t.Errorf("%q, expected %q", got, test.want)
		}
	}
}
