package scrapright

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/credential"
	"yardstick/pkg/export"
)

// tokenAnswer is the documented answer to both token calls, with other Data.
func tokenAnswer(data string) []byte {
	return []byte(`{"IsError":0,"Message":"Token generated successfully.","Data":` + data + `}`)
}

func TestGrants(t *testing.T) {
	full := credential.Grant{AccessToken: credential.NewSecret("a"), RefreshToken: credential.NewSecret("r"),
		AccessFor: time.Hour, RefreshFor: 30 * 24 * time.Hour, RequestsPerMinute: 10}
	const rest = `"expires_in":3600,"refresh_token_expires_in":2592000,"requestLimitPerMinute":10`
	withoutTokens := func(g *credential.Grant) { g.AccessToken, g.RefreshToken = credential.Secret{}, credential.Secret{} }
	with := func(change func(*credential.Grant)) credential.Grant {
		g := full
		change(&g)
		return g
	}
	tests := []struct {
		name, data string
		want       credential.Grant
	}{
		{"as documented", `{"access_token":"a","refresh_token":"r","token_type":"Bearer",` + rest + `}`, full},
		{"in another order, with more", `{` + rest + `,"scope":[{"x":1}],"refresh_token":"r","access_token":"a"}`, full},
		{"numbers spelt otherwise", `{"access_token":"a","refresh_token":"r","expires_in":3.6e3,` +
			`"refresh_token_expires_in":2592000.0,"requestLimitPerMinute":1E1}`, full},
		{"escapes", `{"access_token":"\u0061","refresh_token":"r",` + rest + `}`, full},
		{"no limit", `{"access_token":"a","refresh_token":"r","expires_in":3600,"refresh_token_expires_in":2592000}`,
			with(func(g *credential.Grant) { g.RequestsPerMinute = 0 })},
		{"no tokens", `{` + rest + `}`, with(withoutTokens)},
		{"tokens that are no text", `{"access_token":7,"refresh_token":null,` + rest + `}`, with(withoutTokens)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseGrant(tokenAnswer(tt.data), nil)
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; expected %+v", got, err, tt.want)
			}
		})
	}
}

func TestNumbersThatAreOfNoUseLeaveAGrantForTheLadderToJudge(t *testing.T) {
	for _, spelt := range []string{`null`, `"3600"`, `-5`, `0`, `0.5`, `1e400`, `[]`, `true`} {
		data := strings.ReplaceAll(`{"access_token":"a","expires_in":X,"refresh_token_expires_in":X,"requestLimitPerMinute":X}`, "X", spelt)
		g, err := parseGrant(tokenAnswer(data), nil)
		if err != nil || g.AccessFor > 0 || g.RefreshFor > 0 || g.RequestsPerMinute > 0 {
			t.Errorf("%s: %+v, %v; expected nothing usable", spelt, g, err)
		}
	}
}

func TestALifetimeBeyondAllTimeIsALongOne(t *testing.T) {
	for _, spelt := range []string{`9223372037`, `18446744074`, `1e15`, `9223372036854775807`} {
		g, err := parseGrant(tokenAnswer(`{"access_token":"a","expires_in":`+spelt+`}`), nil)
		if years := g.AccessFor.Hours() / 24 / 365; err != nil || years < 200 {
			t.Errorf("%s seconds: %s, %v; expected centuries", spelt, g.AccessFor, err)
		}
	}
}

func TestTokenAnswersThatAreNone(t *testing.T) {
	tests := []struct {
		name, body string
		refused    bool
		says       string
	}{
		{"the vendor says no", `{"IsError":1,"Message":"Invalid API key ` + secretToken + `.","Data":null}`, true,
			"Invalid API key REDACTED."},
		{"the vendor says no, in text", `{"Data":{"access_token":"a"},"Message":"no","IsError":"true"}`, true,
			"the vendor says no: no"},
		{"empty", ``, false, "the answer is empty"},
		{"HTML", `<html>` + secretToken + `</html>`, false, "not whole JSON"},
		{"Data null", `{"IsError":0,"Data":null}`, false, "Data holds no tokens: null"},
		{"Data missing", `{"IsError":0}`, false, "Data holds no tokens: missing"},
		{"Data a list", `{"IsError":0,"Data":[{"access_token":"` + secretToken + `"}]}`, false, "Data holds no tokens: an array"},
		{"cut", `{"IsError":0,"Data":{"access_token":"` + secretToken, false, "it ends too early"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseGrant([]byte(tt.body), hiding(secretToken))
			if err == nil || errors.Is(err, credential.ErrRefused) != tt.refused || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v; expected refused %v: %s", err, tt.refused, tt.says)
			}
			if !tt.refused && kindOfError(err) != export.Malformed {
				t.Errorf("kind %q", kindOfError(err))
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows a token: %v", err)
			}
		})
	}
}

func FuzzGrant(f *testing.F) {
	f.Add([]byte(documentedGrant))
	for _, data := range []string{`null`, `{}`, `[]`, `{"access_token":"\ud800"}`,
		`{"expires_in":1e99,"requestLimitPerMinute":-3}`, `{"expires_in":9223372036854775807}`} {
		f.Add(tokenAnswer(data))
	}
	f.Add([]byte(`{"IsError":1,"Message":"no"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := parseGrant(body, hiding(secretToken))
		if err == nil {
			if g.AccessFor < -time.Second || g.RefreshFor < -time.Second || g.RequestsPerMinute < -1 {
				t.Errorf("%+v", g)
			}
			return
		}
		if !errors.Is(err, credential.ErrRefused) && kindOfError(err) != export.Malformed {
			t.Errorf("%v is neither refused nor malformed", err)
		}
		if g != (credential.Grant{}) || strings.Contains(err.Error(), secretToken) {
			t.Errorf("%+v, %v", g, err)
		}
	})
}
