package rest

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestAVeilHidesWhatItWasTold(t *testing.T) {
	v := &Veil{}
	v.Hide("key+1/", "", "abc", "key+1/long", "second token")
	for text, want := range map[string]string{
		"the key+1/ is void":                "the REDACTED is void",
		"key+1/long and key%2B1%2F":         "REDACTED and REDACTED",
		"key+\u200b1/ with\nwhat is unseen": "REDACTED with what is unseen",
		"abc is too short to be a secret":   "abc is too short to be a secret",
		"the second  token":                 "the REDACTED",
		"?t=second+token":                   "?t=REDACTED",
	} {
		if got := v.Show(text, 200); got != want {
			t.Errorf("%q is shown as %q, expected %q", text, got, want)
		}
	}
	if got := v.Show("cut before key+1/long", 14); got != "cut before RE…" {
		t.Errorf("%q", got)
	}
	if got := (*Veil)(nil).Show("a\n key+1/", 200); got != "a key+1/" {
		t.Errorf("a nil veil shows %q", got)
	}
}

func TestAVeilKeepsTheLastSecrets(t *testing.T) {
	v := &Veil{}
	v.Hide("the oldest one", "told again")
	for i := range maxHidden {
		v.Hide("told again", fmt.Sprintf("number-%03d", i))
	}
	got := v.Show("the oldest one, told again, number-000, number-063", 200)
	if !strings.HasPrefix(got, "the oldest one, REDACTED, number-000, REDACTED") {
		t.Errorf("%q", got)
	}
}

func TestASecretOfACallIsHiddenInTheAnswersToLaterOnes(t *testing.T) {
	c := &Client{veil: &Veil{}}
	first, later := secretRequest("POST"), Request{Method: "GET", Path: "/x"}
	c.veil.cover(&first)
	c.veil.cover(&later)
	shown := c.Veil().Show(strings.Join(canaries[:4], ", "), 200)
	if strings.Contains(shown, "canary") || strings.Count(shown, "REDACTED") != 4 {
		t.Errorf("%q", shown)
	}
}

func TestASecretIsHiddenHoweverItIsSpelt(t *testing.T) {
	const secret = `KEYab+/="zz%41\99&`
	v := &Veil{}
	v.Hide(secret)
	percent := func(text, format string) string {
		var out strings.Builder
		for _, b := range []byte(text) {
			if strings.IndexByte(`+/="%\&`, b) >= 0 {
				fmt.Fprintf(&out, format, b)
			} else {
				out.WriteByte(b)
			}
		}
		return out.String()
	}
	lower, upper := percent(secret, "%%%02x"), percent(secret, "%%%02X")
	spellings := []string{secret, lower, upper, percent(secret, `\u%04x`), percent(secret, "&#x%X;"), percent(secret, "&#%d;"),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, "/", `\/`).Replace(secret), html.EscapeString(secret),
		percent(lower, "%%%02X"), percent(percent(secret, `\u%04x`), `\u%04X`), percent(html.EscapeString(secret), "%%%02x"),
		percent(percent(secret, "%%%x"), `\u%04x`)}
	for _, spelt := range spellings {
		if got := v.Show("key "+spelt+" is void, "+spelt, 2000); got != "key REDACTED is void, REDACTED" {
			t.Errorf("%q is shown as %q", spelt, got)
		}
	}
	for _, plain := range []string{"100 % of %zz, &nbsp &none; \\ and \\u00 \\uzzzz end\\", "%", "&", "\\"} {
		if got := v.Show(plain, 2000); got != plain {
			t.Errorf("%q is shown as %q", plain, got)
		}
	}
}

func FuzzVeil(f *testing.F) {
	for _, seed := range []string{"", "%2b", `\u002B`, "&#x2B;&amp;", "%25%32%35", `\\u0041`, "&am%70;", "\\", "\xff%ff"} {
		f.Add(seed, "secret+key/")
	}
	f.Fuzz(func(t *testing.T, text, secret string) {
		v := &Veil{}
		v.Hide(secret)
		if len(secret) < minSecret || strings.Contains(redacted, secret) {
			return
		}
		for _, layers := range spellings() {
			if s := spell(text, layers...); len(s.at) != len(s.says)+1 || s.at[len(s.says)] != len(text) || !slices.IsSorted(s.at) {
				t.Fatalf("%q: %d places of %d bytes: %v", text, len(s.at), len(s.says), s.at)
			}
		}
		v.Show(text, 100)
		if got := v.Show(url.QueryEscape(secret), 1000); utf8.ValidString(secret) && strings.ContainsFunc(secret, unicode.IsLetter) && got == secret {
			t.Fatalf("%q is shown", secret)
		}
	})
}
