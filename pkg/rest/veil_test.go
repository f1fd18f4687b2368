package rest

import (
	"fmt"
	"strings"
	"testing"
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
