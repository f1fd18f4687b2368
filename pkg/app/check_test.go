package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// check looks once, and shows that looking left the world as it was: no call to the vendor, nothing written.
func (w *world) check() []string {
	w.Helper()
	calls, before := len(w.yard.Requests()), w.cloud.Requests()
	report := w.open().Check(w.Context())
	if n := len(w.yard.Requests()) - calls; n != 0 {
		w.Errorf("the check called the vendor %d times", n)
	}
	for operation, n := range w.cloud.Requests() {
		reads := []string{"s3:ListObjectsV2", "s3:GetObject", "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}
		if n != before[operation] && !slices.Contains(reads, operation) {
			w.Errorf("the check did %s", operation)
		}
	}
	w.keepsSecrets(show(report))
	return said(report)
}

// said are the findings as lines, version ids left out.
func said(r app.Report) []string {
	versions := regexp.MustCompile(`version [0-9a-z-]{8}`)
	lines := []string{}
	for _, f := range r.Findings {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s/%s %s: %s", f.Level, f.Source, f.Account, f.Subject,
			versions.ReplaceAllString(f.Message, "version #"))))
	}
	return lines
}

// keepsSecrets fails the test where a text holds the API key or a token that is stored.
func (w *world) keepsSecrets(text string) {
	w.Helper()
	secrets := []string{apiKey}
	tokens := regexp.MustCompile(`(?:access|refresh)_token\\*":\s*\\*"([^"\\]+)`)
	err := filepath.WalkDir(filepath.Join(w.dir, "secretsmanager"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		stored, err := os.ReadFile(path)
		for _, match := range tokens.FindAllSubmatch(stored, -1) {
			secrets = append(secrets, string(match[1]))
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			w.Errorf("a secret stands in %s", text)
		}
	}
}

// expect compares the finding of one subject.
func (w *world) expect(subject, want string) {
	w.Helper()
	for _, line := range w.check() {
		if strings.Contains(line, " "+subject+": ") {
			if !strings.Contains(line, want) {
				w.Errorf("found %q\nexpected %q", line, want)
			}
			return
		}
	}
	w.Errorf("no finding about %s", subject)
}

func TestCheckBeforeTheFirstRun(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "timezone: America/Chicago", func(w *world) {
		want := []string{
			"ok / bucket: s3://acme-reporting/ can be listed and holds nothing yet; whether the role may write there is not tried",
			"ok scrapright/main api_key_secret: yardstick/scrapright/main/api-key holds an API key (version #); whether ScrapRight takes it is not tried",
			"warn scrapright/main session_secret: yardstick/scrapright/main/session is not there yet; the next export creates it, if its role may",
			"ok scrapright/main renewal: the next export exchanges the API key",
			"ok scrapright/main pace: 10 requests a minute, assumed until the first grant",
			"ok scrapright/main timezone: America/Chicago",
			"ok scrapright/main lease: free; no run has held the account yet",
		}
		if diff := cmp.Diff(want, w.check()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestCheckAfterARun(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		run := w.run(app.Event{}, export.Complete).Run
		want := []string{
			"ok / bucket: s3://acme-reporting/ can be listed and holds something already; whether the role may write there is not tried",
			"ok scrapright/main api_key_secret: yardstick/scrapright/main/api-key holds an API key (version #); whether ScrapRight takes it is not tried",
			"ok scrapright/main session_secret: yardstick/scrapright/main/session (version #) holds a live session until 2026-11-18 13:00 UTC (in 1 h 0 min)",
			"ok scrapright/main renewal: exports use the session until 2026-11-18 12:58 UTC (in 58 min) and then refresh it, " +
				"by 2026-12-18 12:00 UTC (in 30 days) at the latest; past that the API key is exchanged",
			"ok scrapright/main pace: 6000 requests a minute, as granted",
			"warn scrapright/main timezone: UTC, as it is where nothing is configured: days end at midnight UTC; set it to the yard's own, such as America/Chicago",
			"ok scrapright/main lease: free; run " + run + " held the account last",
		}
		if diff := cmp.Diff(want, w.check()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestCheckForecastsWhatBecomesOfTheSession(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18\nrequests_per_minute: 30", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.expect("pace", "ok scrapright/main pace: 30 requests a minute by requests_per_minute, below 6000 as granted")
		w.pass(time.Hour - time.Minute)
		w.expect("session_secret", "(version #) holds a session with too little time left, until 2026-11-18 13:00 UTC (in 1 min)")
		w.expect("renewal", "the next export refreshes the session, by 2026-12-18 12:00 UTC (in 30 days) at the latest; past that the API key is exchanged")
		w.pass(30 * 24 * time.Hour)
		w.expect("session_secret", "ok scrapright/main session_secret: yardstick/scrapright/main/session (version #) holds a session that ended at 2026-11-18 13:00 UTC (30 days ago)")
		w.expect("renewal", "ok scrapright/main renewal: the next export exchanges the API key")
		w.secret("PutSecretValue", map[string]any{"SecretId": keySecret, "SecretString": "another-key",
			"ClientRequestToken": strings.Repeat("another-version-", 3)})
		w.expect("session_secret", "(version #) holds a session of API key version #, and another- is current")
		w.expect("renewal", "ok scrapright/main renewal: the next export exchanges the new API key")
	})
}

func TestCheckKnowsARefreshTokenThatWasSentBefore(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.run(app.Event{}, export.Complete)
		var session struct {
			Token string `json:"refresh_token"`
		}
		if err := json.Unmarshal([]byte(w.value(sessSecret)), &session); err != nil {
			t.Fatal(err)
		}
		lease := w.bytes("_yardstick/leases/scrapright/main.json")
		noted := strings.Replace(lease, `"version":1`, `"version":1,"notes":["`+hashOf(session.Token)+`"]`, 1)
		if err := os.WriteFile(w.path("_yardstick/leases/scrapright/main.json"), []byte(noted), 0o600); err != nil || noted == lease {
			t.Fatalf("%v: %s", err, lease)
		}
		w.expect("renewal", "exports use the session until 2026-11-18 12:58 UTC (in 58 min) and then exchange the API key")
		w.pass(time.Hour)
		w.expect("renewal", "the next export exchanges the API key: the stored refresh token was sent before, and may be spent")
	})
}

func TestCheckTellsOfSecretsByTheirFormOnly(t *testing.T) {
	for _, c := range []struct{ key, session, about, want string }{
		{key: `["` + apiKey + `"]`, about: "api_key_secret", want: `fault scrapright/main api_key_secret: read the API key: secret "` + keySecret + `" holds a JSON array; expected {"api_key":"..."}`},
		{key: " ", about: "api_key_secret", want: "holds no value"},
		{session: "{}", about: "session_secret", want: "ok scrapright/main session_secret: yardstick/scrapright/main/session holds no session"},
		{session: apiKey, about: "session_secret", want: "fault scrapright/main session_secret: read the session: "},
		{session: `{"version":1,"access_token":"` + apiKey + `","access_expires_at":"2026-11-18T12:30:00Z","api_key_version":"` + firstVersion + `"}`,
			about: "session_secret", want: "holds a live session until 2026-11-18 12:30 UTC (in 30 min)"},
		{session: `{"version":1,"access_token":"` + apiKey + `","access_expires_at":"2026-11-18T12:30:00Z","api_key_version":"` + firstVersion + `"}`,
			about: "renewal", want: "ok scrapright/main renewal: exports use the session until 2026-11-18 12:28 UTC (in 28 min) and then exchange the API key"},
		{session: `{"version":1,"refresh_token":"` + apiKey + `","refresh_expires_at":"2026-11-19T12:30:00Z","api_key_version":"` + firstVersion + `"}`,
			about: "session_secret", want: "ok scrapright/main session_secret: yardstick/scrapright/main/session (version #) holds no access token"},
		{session: `{"version":1,"access_token":"` + apiKey + `","access_expires_at":"2026-11-18T12:30:00Z","api_key_version":"x"}`,
			about: "pace", want: "warn scrapright/main pace: 10 requests a minute, assumed: the last grant named no usable limit"},
		{key: " ", session: `{"version":1,"access_token":"` + apiKey + `","access_expires_at":"2026-11-18T12:30:00Z","api_key_version":"x"}`,
			about: "session_secret", want: "warn scrapright/main session_secret: yardstick/scrapright/main/session (version #) holds a session of API key version x; whether that is the current one cannot be seen"},
	} {
		inWorld(t, simulator.YardConfig{}, "", func(w *world) {
			if c.key != "" {
				w.secret("PutSecretValue", map[string]any{"SecretId": keySecret, "SecretString": c.key, "ClientRequestToken": strings.Repeat("k", 32)})
			}
			if c.session != "" {
				if err := w.open().CreateSecret(w.Context(), sessSecret, c.session); err != nil {
					t.Fatal(err)
				}
			}
			w.expect(c.about, c.want)
		})
	}
}

// firstVersion is the VersionId that the world's API key has: the token that CreateSecret makes it with.
var firstVersion = fmt.Sprintf("%x", sha256.Sum256([]byte(keySecret)))

func TestCheckNamesMissingSecretsOfEveryAccount(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.more = "  - {account: other, url: http://" + yardAddress + ", api_key_secret: no-such-key, session_secret: no-such-session}\n"
		found := strings.Join(w.check(), "\n")
		for _, want := range []string{
			"ok scrapright/main api_key_secret: ",
			`fault scrapright/other api_key_secret: read the API key: secret "no-such-key": `,
			"; create it, or correct its name in the configuration",
			"warn scrapright/other session_secret: no-such-session is not there yet",
		} {
			if !strings.Contains(found, want) {
				t.Errorf("found\n%s\nexpected %q", found, want)
			}
		}
	})
}

func TestCheckTellsWhoHoldsTheAccount(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		const lease = `{"version":1,"holder":"20261118T120000Z-4f2a","expires_at":"2026-11-18T12:05:00Z","released":false,"requests":[]}`
		put := func(text string) {
			path := w.path("_yardstick/leases/scrapright/main.json")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put(lease)
		w.expect("lease", "ok scrapright/main lease: run 20261118T120000Z-4f2a is at work on the account, until 2026-11-18 12:05 UTC (in 5 min) at the latest")
		w.pass(time.Hour)
		w.expect("lease", "warn scrapright/main lease: run 20261118T120000Z-4f2a did not give the account back and lost it at 2026-11-18 12:05 UTC (55 min ago)")
		put("[]")
		w.expect("lease", "warn scrapright/main lease: read _yardstick/leases/scrapright/main.json: the object is not what yardstick writes there")
	})
}

// denies answers every S3 call like a role without rights.
type denies struct{ http.RoundTripper }

func (d denies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Amz-Target") != "" {
		return d.RoundTripper.RoundTrip(r)
	}
	const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`
	return &http.Response{StatusCode: http.StatusForbidden, Status: "403 Forbidden", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestCheckTellsWhatIsWrongWithTheBucket(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		for _, c := range []struct {
			bucket string
			denied bool
			want   string
		}{
			{"no-such-bucket", false, "fault / bucket: no-such-bucket does not exist; create it, or correct bucket in the configuration"},
			{bucket, true, "fault / bucket: acme-reporting: list reports/: access denied"},
		} {
			var transport http.RoundTripper = w.network.Transport(w)
			if c.denied {
				transport = denies{transport}
			}
			a, err := app.Open(w.Context(), app.Options{Endpoint: "http://" + cloudAddress, Transport: transport, Config: fmt.Sprintf(
				"{version: 1, bucket: %s, prefix: reports, scrapright: [{account: main, url: 'http://%s', api_key_secret: %s, session_secret: %s}]}",
				c.bucket, yardAddress, keySecret, sessSecret)})
			if err != nil {
				t.Fatal(err)
			}
			report := a.Check(w.Context())
			if got := said(report)[0]; !strings.HasPrefix(got, c.want) || report.Worst() != app.Fault {
				t.Errorf("found %q and worst %s, expected %q", got, report.Worst(), c.want)
			}
		}
	})
}

func TestCheckLooksAtWhatWebhooksAreSignedWith(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "", func(w *world) {
		w.more = "webhook: {secret: hooks, functions: {scrapright: f}}\n"
		w.expect("webhook.secret", `fault / webhook.secret: hooks: `)
		if err := w.open().CreateSecret(w.Context(), "hooks", "not-one"); err != nil {
			t.Fatal(err)
		}
		w.expect("webhook.secret", `fault / webhook.secret: hooks: it holds `)
		w.secret("PutSecretValue", map[string]any{"SecretId": "hooks", "ClientRequestToken": strings.Repeat("w", 32),
			"SecretString": "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 24)))})
		w.expect("webhook.secret", "ok / webhook.secret: hooks holds what webhooks are signed with (version #)")
	})
}

func TestReportsKeepTheirForm(t *testing.T) {
	report := app.Report{Version: 1, Findings: []app.Finding{
		{Level: app.OK, Subject: "bucket", Message: "m"},
		{Level: app.Warn, Source: "scrapright", Account: "main", Subject: "purchases", Message: "m", Change: []string{"scrapright:"}}}}
	got, err := json.Marshal(report)
	const want = `{"version":1,"findings":[{"level":"ok","subject":"bucket","message":"m"},` +
		`{"level":"warn","source":"scrapright","account":"main","subject":"purchases","message":"m","change":["scrapright:"]}]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if report.Worst() != app.Warn || (app.Report{}).Worst() != app.OK {
		t.Errorf("worst is %s, and of nothing %s", report.Worst(), app.Report{}.Worst())
	}
}
