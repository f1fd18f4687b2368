package credential_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

func TestParseKeyTakesBothForms(t *testing.T) {
	for name, text := range map[string]string{
		"object":                         `{"api_key":"K-1"}`,
		"object among others":            "{\n \"owner\": \"ops\", \"api_key\": \"K-1\", \"x\": [1, {\"api_key\": 2}]\n}\n",
		"object with padded key":         `{"api_key":" K-1\n"}`,
		"object with escapes":            `{"\u0061pi_key":"\u004b-1"}`,
		"bare":                           "K-1",
		"bare with surrounding space":    "\r\n\t K-1 \n",
		"bare after a byte order mark":   "\ufeffK-1\n",
		"object after a byte order mark": "\ufeff" + `{"api_key":"K-1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			key, err := credential.ParseKey("s", version(text))
			if err != nil || key.Reveal() != "K-1" {
				t.Errorf("got %q, %v", key.Reveal(), err)
			}
		})
	}
	for _, text := range []string{"12345678", "a.b-c_d~e+f/g==", `k{}"[]`, strings.Repeat("k", 8000)} {
		if key, err := credential.ParseKey("s", version(text)); err != nil || key.Reveal() != text {
			t.Errorf("bare key %.20q: got %.20q, %v", text, key.Reveal(), err)
		}
	}
}

func TestParseKeyNamesTheWrongFormAndNeverTheContent(t *testing.T) {
	tests := map[string]struct{ text, found string }{
		"nothing":               {"", "no value"},
		"white space":           {" \n\t", "no value"},
		"byte order mark alone": {"\ufeff", "no value"},
		"empty object":          {"{}", "a JSON object without api_key"},
		"other member":          {`{"canary-8d21f0":"canary-8d21f0"}`, "a JSON object without api_key"},
		"other spelling":        {`{"API_KEY":"canary-8d21f0"}`, "a JSON object without api_key"},
		"nested":                {`{"x":{"api_key":"canary-8d21f0"}}`, "a JSON object without api_key"},
		"key twice":             {`{"api_key":"canary-8d21f0","api_key":"b"}`, "a JSON object with api_key more than once"},
		"empty key":             {`{"api_key":" "}`, "a JSON object whose api_key is empty"},
		"null key":              {`{"api_key":null}`, "a JSON object whose api_key is JSON null"},
		"number key":            {`{"api_key":12}`, "a JSON object whose api_key is a JSON number"},
		"object key":            {`{"api_key":{"a":"canary-8d21f0"}}`, "a JSON object whose api_key is a JSON object"},
		"array key":             {`{"api_key":["canary-8d21f0"]}`, "a JSON object whose api_key is a JSON array"},
		"boolean key":           {`{"api_key":true}`, "a JSON object whose api_key is a JSON boolean"},
		"broken object":         {`{"api_key":"canary-8d21f0"`, "a broken JSON object"},
		"object and more":       {`{"api_key":"canary-8d21f0"} x`, "a broken JSON object"},
		"array":                 {`["canary-8d21f0"]`, "a JSON array"},
		"string":                {`"canary-8d21f0"`, "a JSON string"},
		"null":                  {"null", "JSON null"},
		"boolean":               {"true", "a JSON boolean"},
		"broken array":          {`["canary-8d21f0"`, "a text that begins like JSON and is none"},
		"broken string":         {`"canary-8d21f0`, "a text that begins like JSON and is none"},
		"inner space":           {"canary-8d21f0 b", "a text with white space inside"},
		"two lines":             {"canary-8d21f0\nb", "a text with white space inside"},
		"header injection":      {`{"api_key":"canary-8d21f0\r\nHost: x"}`, "a text with white space inside"},
		"control character":     {"canary-8d21f0\x00b", "a text with control characters"},
		"delete":                {"canary-8d21f0\x7fb", "a text with control characters"},
		"beyond ASCII":          {"canary-8d21f0é", "a text with characters beyond ASCII"},
		"too long":              {strings.Repeat("k", 8001), "a text of 8001 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			key, err := credential.ParseKey("yardstick/key", version(tt.text))
			form, ok := errors.AsType[*credential.FormError](err)
			if !ok || !key.Empty() {
				t.Fatalf("got %q, %v; want a FormError", key.Reveal(), err)
			}
			if form.Found != tt.found || form.Secret != "yardstick/key" {
				t.Errorf("got %+v; want found %q", form, tt.found)
			}
			if !strings.Contains(form.Expected, `{"api_key":"..."}`) {
				t.Errorf("the form expected is not told: %q", form.Expected)
			}
			if shows(err.Error()) {
				t.Errorf("the message holds content: %v", err)
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	for _, text := range []string{"", "K-1", `{"api_key":"K-1"}`, `{"api_key":1}`, "[", "\ufeff K\n",
		`{"a":"` + canary + `"}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := credential.ParseKey("s", version(text))
		if (err == nil) == key.Empty() {
			t.Fatalf("key %q with error %v", key.Reveal(), err)
		}
		for _, c := range []byte(key.Reveal()) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("%q cannot be sent in a header", key.Reveal())
			}
		}
		if form, ok := errors.AsType[*credential.FormError](err); err != nil && (!ok || form.Found == "") {
			t.Fatalf("got %#v; want a FormError that says what was found", err)
		}
		if shows(text) && err != nil && shows(err.Error()) {
			t.Fatalf("the message holds content: %v", err)
		}
	})
}

func TestReadKeyTellsWhatIsWrongAndWhatToDo(t *testing.T) {
	tests := map[string]struct {
		prepare func(m *credentialtest.Memory)
		is      error
		says    string
	}{
		"absent":     {func(*credentialtest.Memory) {}, credential.ErrNotFound, "create it"},
		"empty":      {func(m *credentialtest.Memory) { m.MakeEmpty("key") }, nil, "holds no value; expected {"},
		"wrong form": {func(m *credentialtest.Memory) { m.Store("key", "[]") }, nil, "holds a JSON array; expected {"},
		"deleted": {func(m *credentialtest.Memory) {
			m.Store("key", "K-1")
			m.MarkDeleted("key")
		}, credential.ErrUnusable, "marked for deletion"},
		"denied": {func(m *credentialtest.Memory) {
			m.Intercept(func(context.Context, credentialtest.Call) error { return credential.ErrDenied })
		}, credential.ErrDenied, "allow the role to read it"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := credentialtest.NewMemory()
			tt.prepare(m)
			_, _, err := credential.ReadKey(t.Context(), m, "key")
			fault, ok := errors.AsType[*credential.SecretFault](err)
			if !ok || fault.Secret != "key" || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %#v; want a SecretFault that is %v", err, tt.is)
			}
			if !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `secret "key"`) {
				t.Errorf("the message %q lacks %q or the name", err, tt.says)
			}
		})
	}
}

func TestReadKeyBearsAVaultThatFailsInPassing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := credentialtest.NewMemory()
		id := m.Store("key", "K-1")
		m.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Nth <= 3 {
				return errors.New("throttled")
			}
			return nil
		})
		key, version, err := credential.ReadKey(t.Context(), m, "key")
		if err != nil || key.Reveal() != "K-1" || version != id {
			t.Errorf("got %q of version %s, %v", key.Reveal(), version, err)
		}
	})
}

func TestReadKeyBlamesNoSecretForTheEndOfItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := credential.ReadKey(ctx, credentialtest.NewMemory(), "key")
	if _, blamed := errors.AsType[*credential.SecretFault](err); blamed || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want the context's end alone", err)
	}
}

func version(text string) credential.Version {
	return credential.Version{ARN: "arn:aws:s", ID: "v", Value: credential.NewSecret(text)}
}
