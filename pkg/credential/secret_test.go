package credential_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"yardstick/pkg/credential"
)

const canary = "canary-8d21f0"

// envelope holds a Secret in every way that a printer may meet one.
type envelope struct {
	Public  credential.Secret
	private credential.Secret
	Pointer *credential.Secret
	List    []credential.Secret
	Map     map[credential.Secret]credential.Secret
	Any     any
	Version credential.Version
	Session credential.Session
}

func sealed() envelope {
	s := credential.NewSecret(canary)
	return envelope{
		Public: s, private: s, Pointer: &s, List: []credential.Secret{s},
		Map: map[credential.Secret]credential.Secret{s: s}, Any: s,
		Version: credential.Version{Value: s}, Session: credential.Session{AccessToken: s, RefreshToken: s},
	}
}

func TestSecretPrintsNothingForAnyVerb(t *testing.T) {
	e := sealed()
	for _, v := range []any{e, &e, e.Public, &e.Public, e.List, e.Map, [1]any{e.private}} {
		for verb := 'A'; verb <= 'z'; verb++ {
			for _, flags := range []string{"", "+", "#", "-10", "010", ".30", "# "} {
				format := "%" + flags + string(verb)
				if got := fmt.Sprintf(format, v); shows(got) {
					t.Errorf("%s of %T shows the secret: %s", format, v, got)
				}
			}
		}
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(format, e.Public); got != "REDACTED" {
			t.Errorf("%s prints %s", format, got)
		}
	}
}

// shows finds the canary raw and in hex, which %x prints.
func shows(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary))
}

func TestSecretPrintsNothingInDocumentsAndLogs(t *testing.T) {
	e := sealed()
	var out bytes.Buffer
	asJSON, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	asXML, err := xml.Marshal(e.Public)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asXML)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("here", "secret", e.Public, "any", e.Any, "all", e, "session", e.Session, "error",
			fmt.Errorf("wrapped: %v: %w", e.Public, errors.New(e.Public.String())))
	}
	if text := out.String(); shows(text) || !strings.Contains(text, "REDACTED") {
		t.Errorf("got %s", text)
	}
}

func TestSecretPrintsNothingInAPanic(t *testing.T) {
	if os.Getenv("CREDENTIAL_TEST_PANIC") != "" {
		panic(sealed().Public)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSecretPrintsNothingInAPanic$")
	cmd.Env = append(os.Environ(), "CREDENTIAL_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: ") {
		t.Fatalf("no panic: %v\n%s", err, out)
	}
	if shows(string(out)) {
		t.Errorf("the panic shows the secret:\n%s", out)
	}
}

func TestSecretIsComparedByWhatItHolds(t *testing.T) {
	a, same, other := credential.NewSecret("a"), credential.NewSecret("a"), credential.NewSecret("b")
	if a != same || !a.Equal(same) || a == other || a.Equal(other) {
		t.Error("secrets compare wrongly")
	}
	zero := credential.NewSecret("")
	if zero != (credential.Secret{}) || !zero.Empty() || zero.Reveal() != "" || a.Empty() {
		t.Error("the empty secret is not the zero value")
	}
	if a.Reveal() != "a" {
		t.Error("Reveal does not give the secret out")
	}
}

func TestSecretHashTellsGenerationsApart(t *testing.T) {
	a, b := credential.NewSecret("a").Hash(), credential.NewSecret("b").Hash()
	if a == b || len(a) != 8 || a != "ca978112" { // SHA-256 of "a" begins with it
		t.Errorf("hashes %s and %s", a, b)
	}
	if none := (credential.Secret{}).Hash(); none != "none" {
		t.Errorf("hash of nothing is %s", none)
	}
}
