package credential_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/credential"
)

const storedSession = `{"version":1,"access_token":"A-1","access_expires_at":"2026-11-23T06:00:00Z",` +
	`"refresh_token":"R-1","refresh_expires_at":"2026-12-23T05:00:00Z","requests_per_minute":10,` +
	`"api_key_version":"v-key","obtained_at":"2026-11-23T05:00:00Z","obtained_by":"exchange"}`

func session() credential.Session {
	return credential.Session{
		AccessToken: credential.NewSecret("A-1"), AccessExpiresAt: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC),
		RefreshToken: credential.NewSecret("R-1"), RefreshExpiresAt: time.Date(2026, 12, 23, 5, 0, 0, 0, time.UTC),
		RequestsPerMinute: 10, KeyVersion: "v-key",
		ObtainedAt: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC), ObtainedBy: credential.ByExchange,
	}
}

func TestSessionIsWrittenAsTheContractHasIt(t *testing.T) {
	if got := credential.Encode(session(), credential.Secret{}).Reveal(); got != storedSession {
		t.Errorf("got  %s\nwant %s", got, storedSession)
	}
	empty := `{"version":1,"access_token":null,"access_expires_at":null,"refresh_token":null,"refresh_expires_at":null,` +
		`"requests_per_minute":0,"api_key_version":null,"obtained_at":null,"obtained_by":null}`
	if got := credential.Encode(credential.Session{}, credential.Secret{}).Reveal(); got != empty {
		t.Errorf("got  %s\nwant %s", got, empty)
	}
}

func TestSessionIsReadBack(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want credential.Session
	}{
		"whole":           {storedSession, session()},
		"no value":        {"", credential.Session{}},
		"white space":     {" \n", credential.Session{}},
		"empty object":    {"{}", credential.Session{}},
		"other zone":      {strings.Replace(storedSession, "2026-11-23T06:00:00Z", "2026-11-23T00:00:00-06:00", 1), session()},
		"among others":    {`{"note":{"access_token":"no"},` + storedSession[1:], session()},
		"twice":           {`{"access_token":"older",` + storedSession[1:], session()},
		"newer format":    {strings.Replace(storedSession, `"version":1`, `"version":2`, 1), credential.Session{}},
		"without version": {strings.Replace(storedSession, `"version":1,`, ``, 1), session()},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := credential.ParseSession("s", version(tt.text))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestSessionMembersOfTheWrongTypeCountAsAbsent(t *testing.T) {
	for _, value := range []string{"null", "true", "[]", "{}", "12.5", "-3", `"\u0000x y"`, `"99-99-99"`} {
		text := regexp.MustCompile(`("access_token|access_expires_at|refresh_token|refresh_expires_at|requests_per_minute)":[^,}]+`).
			ReplaceAllString(storedSession, `$1":`+value)
		got, err := credential.ParseSession("s", version(text))
		if err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		want := session()
		want.RequestsPerMinute = 0
		want.AccessExpiresAt, want.RefreshExpiresAt = time.Time{}, time.Time{}
		want.RefreshToken, want.AccessToken = credential.Secret{}, credential.Secret{}
		if value == `"99-99-99"` { // as good a token as any
			want.RefreshToken, want.AccessToken = got.RefreshToken, got.AccessToken
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
}

func TestSomebodyElsesSecretIsNoSession(t *testing.T) {
	for text, found := range map[string]string{
		"canary-8d21f0":            "a text that is no JSON",
		`["canary-8d21f0"]`:        "a JSON array",
		`"canary-8d21f0"`:          "a JSON string",
		"null":                     "JSON null",
		"1":                        "a JSON number",
		"false":                    "a JSON boolean",
		`{"a":"canary-8d21f0"`:     "a text that is no JSON",
		`{"a":"canary-8d21f0"} {}`: "a text that is no JSON",
	} {
		s, err := credential.ParseSession("yardstick/session", version(text))
		form, ok := errors.AsType[*credential.FormError](err)
		if !ok || form.Found != found || form.Secret != "yardstick/session" || s != (credential.Session{}) {
			t.Errorf("%s: got %v, %v; want a FormError that found %s", text, s, err, found)
		}
		if err != nil && shows(err.Error()) {
			t.Errorf("the message holds content: %v", err)
		}
	}
}

func TestUnknownMembersSurviveByteForByte(t *testing.T) {
	before := "{ \"note\" : { \"b\" :1e5, \"a\": [ 1.0,\"\\u00e9\\ud800\" ] } ,\r\n\t\"access_token\":\"old\", \"n\":-0.00,\n" +
		"  \"\\u006fdd\": 123456789012345678901234567890 , \"refresh\\u005ftoken\" : {\"was\":1},\"Access_Token\":\"x\", \"n\":null }\n"
	want := "{ \"note\" : { \"b\" :1e5, \"a\": [ 1.0,\"\\u00e9\\ud800\" ] } ,\r\n\t\"access_token\":\"A-1\", \"n\":-0.00,\n" +
		"  \"\\u006fdd\": 123456789012345678901234567890 , \"refresh\\u005ftoken\" : \"R-1\",\"Access_Token\":\"x\", \"n\":null," +
		`"version":1,"access_expires_at":"2026-11-23T06:00:00Z","refresh_expires_at":"2026-12-23T05:00:00Z",` +
		`"requests_per_minute":10,"api_key_version":"v-key","obtained_at":"2026-11-23T05:00:00Z","obtained_by":"exchange"` + " }\n"
	if got := credential.Encode(session(), credential.NewSecret(before)).Reveal(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// The property: whatever object lies in the secret, a session is written over it, read back as it was, and no byte of
// another member changes.
func TestAnyDocumentCarriesASession(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := document(t)
		s := session()
		s.RequestsPerMinute = rapid.IntRange(0, 1e6).Draw(t, "limit")
		s.AccessToken = credential.NewSecret(rapid.StringMatching(`[!-~]{0,40}`).Draw(t, "token"))
		checkEncoding(t, before, s)
	})
}

func FuzzParseSession(f *testing.F) {
	for _, text := range []string{"", "{}", storedSession, `{"a":1 , "access_token" : 2}`, `{"access_token":1,"access_token":{}}`,
		"{\"\xff\":\"\xfe\"}", "[]", "{", `{"a":{"b":[1,2 ]} }`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := credential.ParseSession("s", version(text)); err != nil {
			if _, ok := errors.AsType[*credential.FormError](err); !ok {
				t.Fatalf("got %#v; want a FormError", err)
			}
			return
		}
		checkEncoding(t, text, session())
	})
}

type failer interface {
	Fatalf(format string, args ...any)
}

var knownMembers = []string{"version", "access_token", "access_expires_at", "refresh_token", "refresh_expires_at",
	"requests_per_minute", "api_key_version", "obtained_at", "obtained_by"}

// checkEncoding holds what encode writes against an independent reading: the decoder's own, token by token.
func checkEncoding(t failer, before string, s credential.Session) {
	after := credential.Encode(s, credential.NewSecret(before))
	if !json.Valid([]byte(after.Reveal())) {
		t.Fatalf("%q became %q, which is no JSON", before, after.Reveal())
	}
	got, err := credential.ParseSession("s", credential.Version{Value: after})
	if err != nil || got != s {
		t.Fatalf("%q became %q, which reads as %+v, %v", before, after.Reveal(), got, err)
	}
	if strings.TrimSpace(before) == "" {
		before = "{}"
	}
	if was, is := others(t, before), others(t, after.Reveal()); !slices.Equal(was, is) {
		t.Fatalf("other members were %q and became %q", was, is)
	}
	if again := credential.Encode(s, after); again != after {
		t.Fatalf("%q became %q when written again", after.Reveal(), again.Reveal())
	}
}

// others are the unknown members with their values' bytes, in order.
func others(t failer, text string) []string {
	dec := json.NewDecoder(strings.NewReader(text))
	if _, err := dec.Token(); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var all []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !slices.Contains(knownMembers, name.(string)) {
			all = append(all, fmt.Sprintf("%s:%s", name, value))
		}
	}
	return all
}

// document draws a JSON object: known and unknown names, any values, any white space.
func document(t *rapid.T) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t", "\r\n  "})
	value := rapid.SampledFrom([]string{"null", "1", "-0.0e1", `"x"`, `"\u0061\\\""`, `{"a" : [ 1 ,{}]}`, "[]", "{}", `"}{,:"`,
		`[ "access_token", {"access_token":"x"} ]`, "12345678901234567890123", `"` + "\u2028é" + `"`})
	name := rapid.OneOf(rapid.SampledFrom(knownMembers), rapid.SampledFrom([]string{"a", "", `\u0061`, "Version", "é", `\"`}))
	var out strings.Builder
	out.WriteString(space.Draw(t, "space") + "{" + space.Draw(t, "space"))
	for i := range rapid.IntRange(0, 12).Draw(t, "members") {
		if i > 0 {
			out.WriteString("," + space.Draw(t, "space"))
		}
		out.WriteString(`"` + name.Draw(t, "name") + `"` + space.Draw(t, "space") + ":" + space.Draw(t, "space"))
		out.WriteString(value.Draw(t, "value") + space.Draw(t, "space"))
	}
	return out.String() + "}" + space.Draw(t, "space")
}
