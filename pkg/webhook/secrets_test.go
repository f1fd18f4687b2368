package webhook_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"yardstick/pkg/webhook"
)

func TestTheFormsOfSecrets(t *testing.T) {
	a, b := whsec(oldKey), whsec(newKey)
	long := strings.Repeat(`"`+a+`",`, 10)
	for _, c := range []struct{ name, text, found string }{
		{"bare", a, ""},
		{"bare, with white space round it", " \n" + a + "\n", ""},
		{"bare, after a byte order mark", "\ufeff" + a, ""},
		{"one in a list", `{"secrets":["` + a + `"]}`, ""},
		{"two in a list", `{"secrets":["` + a + `","` + b + `"]}`, ""},
		{"beside other members", `{"owner":"x","secrets":["` + a + `"],"Secrets":1}`, ""},
		{"ten", `{"secrets":[` + strings.TrimSuffix(long, ",") + `]}`, ""},
		{"the shortest", whsec(make([]byte, 24)), ""},
		{"the longest", whsec(make([]byte, 64)), ""},
		{"too short", whsec(make([]byte, 23)), "a key of 23 bytes"},
		{"too long", whsec(make([]byte, 65)), "a key of 65 bytes"},
		{"nothing", " ", "no value"},
		{"another kind", "whpk_" + a[6:], "a text that does not begin with whsec_"},
		{"no base64", "whsec_%%%", "a text that is no base64 after whsec_"},
		{"base64 for URLs", "whsec_" + base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 24)), "a text that is no base64 after whsec_"},
		{"a line's end inside", a[:20] + "\n" + a[20:], "a text that is no base64 after whsec_"},
		{"no padding", strings.TrimRight(a, "="), "a text that is no base64 after whsec_"},
		{"broken", `{"secrets":["` + a, "a broken JSON object"},
		{"two objects", `{"secrets":["` + a + `"]}{}`, "a broken JSON object"},
		{"no member", `{"secret":"` + a + `"}`, "a JSON object without secrets"},
		{"spelt otherwise", `{"Secrets":["` + a + `"]}`, "a JSON object without secrets"},
		{"the member twice", `{"secrets":["` + a + `"],"secrets":["` + b + `"]}`, "a JSON object with secrets more than once"},
		{"a text for a list", `{"secrets":"` + a + `"}`, "a JSON object whose secrets is no list of texts"},
		{"null in the list", `{"secrets":[null]}`, "a JSON object whose secrets is no list of texts"},
		{"an empty list", `{"secrets":[]}`, "a JSON object whose secrets is empty"},
		{"null for a list", `{"secrets":null}`, "a JSON object whose secrets is empty"},
		{"eleven", `{"secrets":[` + long + `"` + a + `"]}`, "11 secrets, which is more than 10"},
		{"the second is none", `{"secrets":["` + a + `","x"]}`, "as secret 2 of 2 a text that does not begin with whsec_"},
	} {
		_, err := webhook.ParseSecrets(c.text)
		fault, ok := errors.AsType[*webhook.FormError](err)
		switch {
		case c.found == "" && err != nil, c.found != "" && (!ok || fault.Found != c.found):
			t.Errorf("%s: %v, expected %q", c.name, err, c.found)
		case err != nil && (strings.Contains(err.Error(), a[10:18]) || !strings.Contains(err.Error(), "expected")):
			t.Errorf("%s: it says %v", c.name, err)
		}
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	var out bytes.Buffer
	s := secrets(t, oldKey)
	inside := struct{ held webhook.Secrets }{s}
	log := slog.New(slog.NewMultiHandler(slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)))
	log.Info("x", "s", s, "inside", inside)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		fmt.Fprintf(&out, verb+verb+verb, s, inside, &inside)
	}
	if err := json.NewEncoder(&out).Encode([]any{s, inside}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, form := range []string{string(oldKey), whsec(oldKey)[6:20], fmt.Sprintf("%x", oldKey)[:16], "116 104 101", strconv.Itoa(int(oldKey[0])) + ","} {
		if strings.Contains(text, form) {
			t.Errorf("it shows %q:\n%s", form, text)
		}
	}
	if !strings.Contains(text, "REDACTED") {
		t.Errorf("%s", text)
	}
}

// shapes are all that may be told of what is no secret.
var shapes = regexp.MustCompile(`^(no value|a broken JSON object|a JSON object (without secrets|with secrets more than once|` +
	`whose secrets is (empty|no list of texts))|\d+ secrets, which is more than 10|(as secret \d+ of \d+ )?(a key of \d+ bytes|` +
	`a text that (does not begin with|is no base64 after) whsec_))$`)

func FuzzParseSecrets(f *testing.F) {
	f.Add(whsec(oldKey))
	f.Add(`{"secrets":["` + whsec(oldKey) + `",null,{}],"a":1}`)
	f.Add("\ufeff{}")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := webhook.ParseSecrets(text)
		if err == nil {
			if !strings.Contains(text, "whsec_") && !strings.Contains(text, `\u`) {
				t.Errorf("%q was taken", text)
			}
			return
		}
		fault, ok := errors.AsType[*webhook.FormError](err)
		if !ok {
			t.Fatalf("%T %v", err, err)
		}
		if !shapes.MatchString(fault.Found) {
			t.Errorf("%q tells %q", text, fault.Found)
		}
	})
}
