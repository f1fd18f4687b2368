package canary_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"yardstick/pkg/canary"
)

// spellings are what programs do with a text that holds a secret. They know nothing of canary's Forms.
var spellings = []struct {
	name  string
	spell func(text string) string
}{
	{"raw", func(t string) string { return t }},
	{"query", url.QueryEscape},
	{"path", url.PathEscape},
	{"lower percent", func(t string) string {
		var out strings.Builder
		for _, c := range []byte(t) {
			if strings.IndexByte("-_.~", c) >= 0 || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
				out.WriteByte(c)
			} else {
				fmt.Fprintf(&out, "%%%02x", c)
			}
		}
		return out.String()
	}},
	{"JSON", marshal},
	{"JSON in JSON", func(t string) string { return marshal(marshal(t)) }},
	{"JSON without HTML", func(t string) string {
		var out strings.Builder
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(t)
		return out.String()
	}},
	{"JSON of PHP", func(t string) string { // ASCII only, and solidus
		return strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(t), `"`), "/", `\/`)
	}},
	{"all units", func(t string) string { // what JSON escapes, as \u00XX
		var out strings.Builder
		for _, r := range t {
			if r < ' ' || r == '"' || r == '\\' {
				fmt.Fprintf(&out, `\u%04X`, r)
			} else {
				out.WriteRune(r)
			}
		}
		return out.String()
	}},
	{"Go", func(t string) string { return fmt.Sprintf("%q", t) }},
	{"XML", html.EscapeString},
	{"hex", func(t string) string { return hex.EncodeToString([]byte(t)) }},
	{"HEX", func(t string) string { return fmt.Sprintf("%X", t) }},
	{"bytes", func(t string) string { return fmt.Sprint([]byte(t)) }},
	{"base64", func(t string) string { return base64.StdEncoding.EncodeToString([]byte(t)) }},
	{"base64 of URLs", func(t string) string { return base64.RawURLEncoding.EncodeToString([]byte(t)) }},
	{"base64 in lines", func(t string) string { return lines(base64.StdEncoding.EncodeToString([]byte(t))) }},
}

func marshal(t string) string {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func lines(t string) string {
	var out strings.Builder
	for len(t) > 76 {
		out.WriteString(t[:76] + "\r\n")
		t = t[76:]
	}
	return out.String() + t
}

const token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ5YXJkIiwianRpIjoiN1ZYUTRBIn0.pQr-5t_UvWxYz0123456789abcdefghijklmnop"

// kept are secrets that spelling changes, and one that it does not.
var kept = map[string]string{
	"the token":   token,
	"the odd key": `k3y/+="q"<&>\` + "\tümläut\u2028😀~%7e",
	"the short":   "sh0rt:/4",
}

func scanner(t testing.TB, secrets map[string]string) *canary.Scanner {
	t.Helper()
	s, err := canary.New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// named says that the findings name this secret and no other.
func named(found []canary.Finding, name string) bool {
	return len(found) > 0 && !slices.ContainsFunc(found, func(f canary.Finding) bool { return f.Secret != name })
}

func TestEachSpellingIsFoundAtEachOffset(t *testing.T) {
	s := scanner(t, kept)
	for name, secret := range kept {
		for _, c := range spellings {
			if c.name == "base64 in lines" && len(secret) < 48 {
				continue // the end of a line may tear it up; longer ones have a piece inside a line
			}
			if c.name == "JSON of PHP" && strings.Contains(secret, "😀") {
				continue // Go's \U0001f600 is not JSON's
			}
			for before := range 70 {
				text := c.spell(strings.Repeat("-", before) + secret + strings.Repeat(".", before%5))
				if found := s.Text("here", text); !named(found, name) {
					t.Errorf("%s as %s behind %d bytes: %v", name, c.name, before, found)
				}
			}
		}
	}
}

// TestEveryFormIsLookedFor plants one form at a time: no other form finds it under that name.
func TestEveryFormIsLookedFor(t *testing.T) {
	for name, secret := range kept {
		s, forms := scanner(t, kept), canary.Forms(secret)
		for _, form := range forms {
			found := s.Text("here", "..."+form.Text+"...")
			if !slices.ContainsFunc(found, func(f canary.Finding) bool { return f.Secret == name && f.Form == form.Name }) {
				t.Errorf("%s, %s: %v", name, form.Name, found)
			}
		}
		if name == "the odd key" && len(forms) < 25 {
			t.Errorf("%d forms", len(forms))
		}
	}
}

func TestACleanTextIsClean(t *testing.T) {
	s := scanner(t, kept)
	dice := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 200_000)
	for i := range random {
		random[i] = byte(dice.Uint32())
	}
	clean := []string{"", "x", string(random), hex.EncodeToString(random), base64.StdEncoding.EncodeToString(random),
		`{"level":"DEBUG","msg":"session refreshed","spent":"a1b2c3d4","token":"REDACTED"}`, token[1:23], strings.Repeat("eyJ", 1000)}
	for name, secret := range kept {
		for _, form := range canary.Forms(secret) { // one character changed in every piece
			text := []byte(form.Text)
			for i := 4; i < len(text); i += 8 {
				text[i] ^= 0x15
			}
			clean = append(clean, string(text), name, form.Name)
		}
	}
	for _, text := range clean {
		if found := s.Text("here", text); len(found) > 0 {
			t.Errorf("%.60q: %v", text, found)
		}
	}
}

func TestAPartThatIsLongEnoughIsFound(t *testing.T) {
	s := scanner(t, map[string]string{"the token": token})
	for at := range len(token) - 47 {
		if found := s.Text("here", "vendor says: "+token[at:at+47]+"…"); !named(found, "the token") {
			t.Errorf("47 bytes from %d on: %v", at, found)
		}
	}
}

func TestNoFindingHoldsTheSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringN(12, 80, -1).Filter(func(s string) bool { return len(s) >= 12 }).Draw(t, "secret")
		c := rapid.SampledFrom(spellings[:3]).Draw(t, "spelling")
		s, err := canary.New(map[string]string{"it": secret})
		if err != nil {
			t.Fatal(err)
		}
		found := s.Text("here", c.spell(rapid.String().Draw(t, "before"))+c.spell(secret)+c.spell(rapid.String().Draw(t, "behind")))
		if len(found) == 0 {
			t.Fatalf("%q as %s is not found", secret, c.name)
		}
		if text := fmt.Sprint(found); strings.Contains(text, secret) || !strings.Contains(text, "it (") {
			t.Fatalf("a finding tells the secret: %s", text)
		}
	})
}

func TestTokensThatBeginAlikeAreToldApart(t *testing.T) {
	one, two := token[:40]+strings.Repeat("A1b2C3", 10), token[:40]+strings.Repeat("Z9y8X7", 10)
	s := scanner(t, map[string]string{"one": one, "two": two, "one again": one})
	found := s.Text("here", two)
	if !slices.ContainsFunc(found, func(f canary.Finding) bool { return f.Secret == "two" }) ||
		slices.ContainsFunc(found, func(f canary.Finding) bool { return strings.HasPrefix(f.Secret, "one") }) {
		t.Errorf("%v", found)
	}
	if found := s.Text("here", token[:40]); len(found) == 0 || !strings.Contains(found[0].Secret, "several") {
		t.Errorf("what they have in common: %v", found)
	}
	if missing := s.Missing(s.Text("here", two)); !slices.Equal(missing, []string{"one", "one again"}) {
		t.Errorf("missing %q", missing)
	}
	if missing := s.Missing(s.Text("here", two+" "+one)); len(missing) != 0 {
		t.Errorf("missing %q", missing)
	}
}

func TestASecretThatIsTooShortIsAnError(t *testing.T) {
	if _, err := canary.New(map[string]string{"pin": "1234567"}); err == nil || !strings.Contains(err.Error(), "pin") ||
		strings.Contains(err.Error(), "1234567") {
		t.Errorf("%v", err)
	}
}

func compressed(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := io.WriteString(zip, text); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAReaderIsReadThroughInPieces(t *testing.T) {
	s := scanner(t, kept)
	for _, before := range []int{0, 1, 4090, 4096 - 50, 32*1024 - 9, 100_000} {
		text := strings.Repeat("-", before) + token + strings.Repeat("-", 70_000)
		twice := slices.Concat(compressed(t, "nothing"), compressed(t, text))
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
			"in halves": iotest.HalfReader(strings.NewReader(text)), "second member of gzip": bytes.NewReader(twice),
			"gzip in gzip": bytes.NewReader(compressed(t, string(twice))), "with data and EOF": iotest.DataErrReader(strings.NewReader(text))} {
			found, err := s.Reader("here", r)
			if err != nil || !named(found, "the token") {
				t.Errorf("%s, behind %d bytes: %v %v", name, before, found, err)
			}
			if at := found[0].Offset; !strings.Contains(name, "gzip") && at != int64(before) {
				t.Errorf("%s: found at %d, expected %d", name, at, before)
			}
		}
	}
	if _, err := s.Reader("here", iotest.ErrReader(io.ErrUnexpectedEOF)); err != io.ErrUnexpectedEOF {
		t.Errorf("%v", err)
	}
}

func TestCompressedDataThatIsDamagedIsAnErrorAndReadAsFarAsItGoes(t *testing.T) {
	s := scanner(t, kept)
	whole := compressed(t, token+strings.Repeat("random", 1000))
	for name, text := range map[string][]byte{"cut": whole[:len(whole)-9], "no header": {0x1f, 0x8b, 0, 0}} {
		found, err := s.Reader("here", bytes.NewReader(append(text, token...)))
		if err == nil || !strings.Contains(err.Error(), "here") || len(found) == 0 {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}

func TestAFolderIsLookedThroughWithItsNames(t *testing.T) {
	s, root := scanner(t, kept), t.TempDir()
	for name, text := range map[string][]byte{"a/clean.json": []byte("nothing"), "a/log": []byte("x" + marshal(kept["the odd key"])),
		"a/b/day.json.gz": compressed(t, "line\n"+token), "a/" + url.PathEscape(kept["the short"]) + "/k": nil} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := s.Folder(root)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range found {
		got[f.Secret] = f.Place
	}
	if len(got) != 3 || got["the odd key"] != "a/log" || got["the token"] != "a/b/day.json.gz (uncompressed)" ||
		!strings.Contains(got["the short"], "name") {
		t.Errorf("%v", found)
	}
	if len(s.Missing(found)) != 0 {
		t.Errorf("missing %q", s.Missing(found))
	}
	if _, err := s.Folder(filepath.Join(root, "none")); err == nil {
		t.Error("a folder that is not there was looked through")
	}
}
