package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const arn = "arn:aws:secretsmanager:us-east-2:123456789012:secret:"

func TestNamesAndARNsOfOneSecretAreTheSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"yard/key", "yard/key", true},
		{"yard/key", "yard/Key", false},
		{"yard/key", arn + "yard/key-AbCd12", true},
		{"yard/key", arn + "yard/key", true}, // partial
		{"yard/key-AbCd12", arn + "yard/key-AbCd12", true},
		{"yard/key", arn + "yard/key-AbCd1", false},
		{"yard", arn + "yard/key-AbCd12", false},
		{arn + "yard/key-AbCd12", arn + "yard/key-AbCd12", true},
		{arn + "yard/key-AbCd12", arn + "yard/key", true},
		{arn + "yard-london", arn + "yard-berlin", false},
		{arn + "yard/key-AbCd12", strings.Replace(arn, "us-east-2", "us-west-2", 1) + "yard/key-AbCd12", false},
	} {
		if got := sameSecret(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
		if got := sameSecret(c.b, c.a); got != c.same {
			t.Errorf("%s and %s: %v", c.b, c.a, got)
		}
	}
}

// accounts are two of each source, with these secrets.
func accounts(keyA, sessionA, keyB, sessionB, keyC, keyD, hook string) string {
	yard := "  - {account: %s, url: https://acme.example, api_key_secret: %q, session_secret: %q}\n"
	brands := "  - {account: %s, api_key_secret: %q}\n"
	return "version: 1\nbucket: acme-reporting\n" +
		"scrapright:\n" + fmt.Sprintf(yard, "a", keyA, sessionA) + fmt.Sprintf(yard, "b", keyB, sessionB) +
		"scrunch:\n" + fmt.Sprintf(brands, "a", keyC) + fmt.Sprintf(brands, "d", keyD) +
		fmt.Sprintf("webhook: {secret: %q, functions: {scrunch: f}}\n", hook)
}

func TestSecretsAreSharedOnlyWhereTheyCanBe(t *testing.T) {
	for name, c := range map[string]struct{ text, key, with string }{
		"none":                  {accounts("ka", "sa", "kb", "sb", "kc", "kd", "h"), "", ""},
		"keys at Scrunch":       {accounts("ka", "sa", "kb", "sb", "k", "k", "h"), "", ""},
		"a key and the webhook": {accounts("ka", "sa", "kb", "sb", "kc", "k", "k"), "", ""},
		"sessions": {accounts("ka", "s", "kb", "s", "kc", "kd", "h"),
			"scrapright[1].session_secret", "scrapright[0].session_secret"},
		"sessions, one by ARN": {accounts("ka", arn+"s-AbCd12", "kb", "s", "kc", "kd", "h"),
			"scrapright[1].session_secret", "scrapright[0].session_secret"},
		"keys at ScrapRight": {accounts("k", "sa", "k", "sb", "kc", "kd", "h"),
			"scrapright[1].api_key_secret", "scrapright[0].api_key_secret"},
		"keys of both vendors": {accounts("ka", "sa", "k", "sb", "k", "kd", "h"),
			"scrunch[0].api_key_secret", "scrapright[1].api_key_secret"},
		"key and session": {accounts("x", "x", "kb", "sb", "kc", "kd", "h"),
			"scrapright[0].session_secret", "scrapright[0].api_key_secret"},
		"session and a Scrunch key": {accounts("ka", "x", "kb", "sb", "kc", "x", "h"),
			"scrunch[1].api_key_secret", "scrapright[0].session_secret"},
		"session and the webhook": {accounts("ka", "sa", "kb", "x", "kc", "kd", arn+"x-AbCd12"),
			"webhook.secret", "scrapright[1].session_secret"},
	} {
		t.Run(name, func(t *testing.T) {
			var expected []string
			if c.key != "" {
				expected = []string{c.key + ": found the secret that " + c.with + " names, expected a secret of its own"}
			}
			if diff := cmp.Diff(expected, faults(t, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASecretWithAFaultIsComparedWithNone(t *testing.T) {
	found := faults(t, accounts("a b", "a b", "kb", "sb", "kc", "kd", "h"))
	if len(found) != 2 || strings.Contains(strings.Join(found, ""), "of its own") {
		t.Errorf("%q", found)
	}
}

func TestAccountsOfOneSourceHaveNamesOfTheirOwn(t *testing.T) {
	text := accounts("ka", "sa", "kb", "sb", "kc", "kd", "h")
	text = strings.Replace(text, "account: b", "account: a", 1) // while scrunch's "a" is another source's
	expected := []string{`scrapright[1].account: found "a", the name of scrapright[0], expected a name of its own`}
	if diff := cmp.Diff(expected, faults(t, text)); diff != "" {
		t.Error(diff)
	}
	text = strings.Replace(text, "account: d", "account: a", 1)
	expected = append(expected, `scrunch[1].account: found "a", the name of scrunch[0], expected a name of its own`)
	if diff := cmp.Diff(expected, faults(t, text)); diff != "" {
		t.Error(diff)
	}
}
