package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/webhook"
)

var (
	sent   = time.Unix(1_795_000_000, 0)
	oldKey = []byte("the-first-key-of-32-bytes-------")
	newKey = []byte("the-second-key-of-32-bytes------")
)

const body = `{"account":"main","force":true}`

func whsec(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }

// sign is the standard's signature, reckoned here a second time.
func sign(key []byte, id, timestamp, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func secrets(t testing.TB, keys ...[]byte) webhook.Secrets {
	t.Helper()
	var list []string
	for _, key := range keys {
		list = append(list, `"`+whsec(key)+`"`)
	}
	s, err := webhook.ParseSecrets(`{"secrets":[` + strings.Join(list, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func header(id, timestamp, signature string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// verify is all that a receiver does; 0 stands for a webhook that is taken.
func verify(t testing.TB, h http.Header, body string, s webhook.Secrets, now time.Time) (status int, reason string) {
	t.Helper()
	m, err := webhook.Parse(h, []byte(body))
	if err == nil {
		err = m.Verify(s, now)
	}
	if err == nil {
		return 0, ""
	}
	rejection, ok := errors.AsType[*webhook.Rejection](err)
	if !ok {
		t.Fatalf("%T %v, expected a *Rejection", err, err)
	}
	return rejection.Status, rejection.Error()
}

// The signature was reckoned by another program: printf of the text, through openssl dgst -sha256 -mac HMAC.
func TestASignatureThatAnotherProgramReckonedIsTaken(t *testing.T) {
	s, err := webhook.ParseSecrets("whsec_dGhlLWZpcnN0LWtleS1vZi0zMi1ieXRlcy0tLS0tLS0=")
	if err != nil {
		t.Fatal(err)
	}
	h := header("msg_1", "1795000000", "v1,e+M/EuwPf41yHNnANW1W99Ge+C7DaKC0yHs4SrMSrYo=")
	if status, reason := verify(t, h, body, s, sent); status != 0 {
		t.Errorf("%d %s", status, reason)
	}
}

func TestWhichWebhooksAreTaken(t *testing.T) {
	const id, at = "msg_2ab-C", "1795000000"
	good := sign(oldKey, id, at, body)
	for _, c := range []struct {
		name                     string
		id, timestamp, signature string
		body                     string
		secrets                  [][]byte
		off                      time.Duration
		want                     int
	}{
		{"good", id, at, good, body, [][]byte{oldKey}, 0, 0},
		{"of an empty body", id, at, sign(oldKey, id, at, ""), "", [][]byte{oldKey}, 0, 0},
		{"of bytes that are no text", id, at, sign(oldKey, id, at, "\xff\x00.\n"), "\xff\x00.\n", [][]byte{oldKey}, 0, 0},
		{"five minutes old", id, at, good, body, [][]byte{oldKey}, 5 * time.Minute, 0},
		{"five minutes early", id, at, good, body, [][]byte{oldKey}, -5 * time.Minute, 0},
		{"older", id, at, good, body, [][]byte{oldKey}, 5*time.Minute + time.Second, 401},
		{"earlier", id, at, good, body, [][]byte{oldKey}, -5*time.Minute - time.Second, 401},
		{"by the first of two secrets", id, at, good, body, [][]byte{oldKey, newKey}, 0, 0},
		{"by the second of two secrets", id, at, good, body, [][]byte{newKey, oldKey}, 0, 0},
		{"by a secret that is gone", id, at, good, body, [][]byte{newKey}, 0, 401},
		{"no secrets", id, at, good, body, nil, 0, 401},
		{"two signatures, the second good", id, at, sign(newKey, id, at, body) + " " + good, body, [][]byte{oldKey}, 0, 0},
		{"two signatures, the first good", id, at, good + " " + sign(newKey, id, at, body), body, [][]byte{oldKey}, 0, 0},
		{"the good signature twice", id, at, good + " " + good, body, [][]byte{oldKey}, 0, 0},
		{"a secret twice", id, at, good, body, [][]byte{oldKey, oldKey}, 0, 0},
		{"another version beside it", id, at, "v1a,aGVsbG8= " + good + " v2,x", body, [][]byte{oldKey}, 0, 0},
		{"spaces round the signatures", id, at, "  " + good + "  ", body, [][]byte{oldKey}, 0, 0},
		{"another version alone", id, at, "v1a" + good[2:], body, [][]byte{oldKey}, 0, 400},
		{"a signature without a version", id, at, good[3:], body, [][]byte{oldKey}, 0, 400},
		{"another body", id, at, good, body + " ", [][]byte{oldKey}, 0, 401},
		{"another id", id + "x", at, good, body, [][]byte{oldKey}, 0, 401},
		{"another time", id, "1795000001", good, body, [][]byte{oldKey}, 0, 401},
		{"another spelling of the time", id, "01795000000", good, body, [][]byte{oldKey}, 0, 401},
		{"half a signature", id, at, good[:24], body, [][]byte{oldKey}, 0, 401},
		{"an empty signature", id, at, "v1,", body, [][]byte{oldKey}, 0, 401},
		{"a signature in hexadecimal", id, at, "v1,00ff", body, [][]byte{oldKey}, 0, 401},
		{"no id", "", at, good, body, [][]byte{oldKey}, 0, 400},
		{"no time", id, "", good, body, [][]byte{oldKey}, 0, 400},
		{"no signature", id, at, "", body, [][]byte{oldKey}, 0, 400},
		{"a time in words", id, "yesterday", good, body, [][]byte{oldKey}, 0, 400},
		{"a negative time", id, "-1", sign(oldKey, id, "-1", body), body, [][]byte{oldKey}, 0, 400},
		{"a time with a sign", id, "+1795000000", sign(oldKey, id, "+1795000000", body), body, [][]byte{oldKey}, 0, 400},
		{"a time with a fraction", id, at + ".5", sign(oldKey, id, at+".5", body), body, [][]byte{oldKey}, 0, 400},
		{"a time beyond all", id, "1795000000000", sign(oldKey, id, "1795000000000", body), body, [][]byte{oldKey}, 0, 400},
		{"an id with a full stop", "a.b", at, sign(oldKey, "a.b", at, body), body, [][]byte{oldKey}, 0, 400},
		{"an id with a space", "a b", at, sign(oldKey, "a b", at, body), body, [][]byte{oldKey}, 0, 400},
		{"an id beyond ASCII", "é", at, sign(oldKey, "é", at, body), body, [][]byte{oldKey}, 0, 400},
		{"the longest id", strings.Repeat("a", webhook.MaxID), at, sign(oldKey, strings.Repeat("a", webhook.MaxID), at, body), body, [][]byte{oldKey}, 0, 0},
		{"a longer id", strings.Repeat("a", webhook.MaxID+1), at, good, body, [][]byte{oldKey}, 0, 400},
		{"the longest signature", id, at, good + strings.Repeat(" ", webhook.MaxSignature-len(good)), body, [][]byte{oldKey}, 0, 0},
		{"a longer signature", id, at, good + strings.Repeat(" ", webhook.MaxSignature-len(good)+1), body, [][]byte{oldKey}, 0, 400},
		{"the longest body", id, at, sign(oldKey, id, at, strings.Repeat("x", webhook.MaxBody)), strings.Repeat("x", webhook.MaxBody), [][]byte{oldKey}, 0, 0},
		{"a longer body", id, at, sign(oldKey, id, at, strings.Repeat("x", webhook.MaxBody+1)), strings.Repeat("x", webhook.MaxBody+1), [][]byte{oldKey}, 0, 413},
	} {
		var s webhook.Secrets
		if c.secrets != nil {
			s = secrets(t, c.secrets...)
		}
		status, reason := verify(t, header(c.id, c.timestamp, c.signature), c.body, s, sent.Add(c.off))
		if status != c.want {
			t.Errorf("%s: %d %s, expected %d", c.name, status, reason, c.want)
		}
		if len(reason) > 150 || strings.Contains(reason, "whsec") || c.signature != "" && strings.Contains(reason, c.signature) {
			t.Errorf("%s: it says %q", c.name, reason)
		}
	}
}

// Signed text of one webhook, cut at another place, is another webhook.
func TestSignedTextIsCutInOneWayAlone(t *testing.T) {
	at := strconv.FormatInt(sent.Unix(), 10)
	inner := at + `.{"force":true}`
	signature := sign(oldKey, "msg", at, inner)
	if status, _ := verify(t, header("msg", at, signature), inner, secrets(t, oldKey), sent); status != 0 {
		t.Fatalf("%d", status)
	}
	if status, _ := verify(t, header("msg."+at, at, signature), `{"force":true}`, secrets(t, oldKey), sent); status != 400 {
		t.Errorf("%d, expected that an ID with a full stop is refused", status)
	}
}

func TestAHeaderThatCameTwiceIsRefused(t *testing.T) {
	at := strconv.FormatInt(sent.Unix(), 10)
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		h := header("msg", at, sign(oldKey, "msg", at, body))
		h.Add(name, h.Get(name))
		if status, reason := verify(t, h, body, secrets(t, oldKey), sent); status != 400 || !strings.Contains(reason, name) {
			t.Errorf("%s: %d %s", name, status, reason)
		}
	}
}

func TestAStrangerIsNotToldOfTheClock(t *testing.T) {
	at := strconv.FormatInt(sent.Unix(), 10)
	_, forged := verify(t, header("msg", at, sign(newKey, "msg", at, body)), body, secrets(t, oldKey), sent.Add(time.Hour))
	_, late := verify(t, header("msg", at, sign(oldKey, "msg", at, body)), body, secrets(t, oldKey), sent.Add(time.Hour))
	if strings.Contains(forged, "timestamp") || !strings.Contains(late, "timestamp") {
		t.Errorf("forged: %s; late: %s", forged, late)
	}
}

func FuzzParse(f *testing.F) {
	at := strconv.FormatInt(sent.Unix(), 10)
	f.Add("msg", at, sign(oldKey, "msg", at, body), body)
	f.Add("msg.1", "1e3", "v1,, v1 ,v1", "")
	f.Add("", "-0", "v1a,x v1,=", "\x00")
	s := secrets(f, oldKey, newKey)
	f.Fuzz(func(t *testing.T, id, timestamp, signature, body string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		genuine := false
		for entry := range strings.FieldsSeq(signature) {
			genuine = genuine || entry == sign(oldKey, id, timestamp, body) || entry == sign(newKey, id, timestamp, body)
		}
		status, reason := verify(t, h, body, s, sent)
		if status == 0 && !genuine {
			t.Errorf("a forged webhook was taken")
		}
		if status != 0 && (reason == "" || status != 400 && status != 401 && status != 413) {
			t.Errorf("%d %q", status, reason)
		}
	})
}
