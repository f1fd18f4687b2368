package credential_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
)

// newKey is the operator's. It begins like a token, so that the room finds it in the logs.
const newKey = "eyJ.new-key"

// generate has the vendor make the new key, which ends the old one.
func (r *room) generate() { r.yard.newKey(newKey) }

// put puts a key in place as the command line does.
func (r *room) put(l *credential.Ladder, key string) (credential.Session, error) {
	return l.PutKey(r.t.Context(), credential.NewKey{Key: credential.NewSecret(key)})
}

// holds checks what the key secret holds.
func (r *room) holds(want string) {
	r.t.Helper()
	if got, _ := r.vault.Held(keySecret); got != want {
		r.t.Errorf("the key secret holds %q; want %q", got, want)
	}
}

// hides checks that an error tells no key and no token.
func (r *room) hides(err error) {
	r.t.Helper()
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, "eyJ.") || strings.Contains(text, "K-1") || strings.Contains(text, "CANARY") {
			r.t.Errorf("a secret stands in %s", text)
		}
	}
}

// sequence records what is called in which order, and what is told in between.
func (r *room) sequence() *[]string {
	var did []string
	short := map[string]string{keySecret: "key", sessionSecret: "session"}
	r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
		if !c.Done {
			did = append(did, c.Op+" "+short[c.Name])
		}
		return nil
	})
	r.yard.fault = func(_ context.Context, call string, done bool) error {
		if !done {
			did = append(did, call)
		}
		return nil
	}
	return &did
}

func TestAKeyIsTriedBeforeItIsStored(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.generate()
		did := r.sequence()
		l := r.ladder()
		got, err := l.PutKey(t.Context(), credential.NewKey{Key: credential.NewSecret(newKey + "\n"),
			Tell: func(s credential.Step) { *did = append(*did, "told "+string(s)) }})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"Current session", "Current key", "told try", "exchange", "told store", "Put key", "told session", "Put session"}
		if !slices.Equal(*did, want) {
			t.Errorf("did %q; want %q", *did, want)
		}
		r.holds(`{"api_key":"` + newKey + `"}`)
		r.stands()
		_, version := r.vault.Held(keySecret)
		if got.AccessToken != r.held().AccessToken || got.KeyVersion != version || l.KeyVersion() != version || l.Limit() != 60 {
			t.Errorf("got a session of key version %s, %d requests a minute", got.KeyVersion, l.Limit())
		}
		before := r.counts()
		r.mustUse(r.ladder())
		r.want(before, counts{Reads: 2})
	})
}

func TestARefusedKeyChangesNothing(t *testing.T) {
	for name, refuse := range map[string]func(r *room){
		"refused": func(*room) {},
		"vendor down": func(r *room) {
			r.yard.fault = func(context.Context, string, bool) error { return errors.New("no luck") }
		},
		"answer lost": func(r *room) {
			r.generate()
			r.yard.fault = func(_ context.Context, _ string, done bool) error {
				if done {
					return errors.New("unexpected EOF")
				}
				return nil
			}
		},
		"no token in the answer": func(r *room) {
			r.generate()
			r.yard.alter = func(g *credential.Grant) { g.AccessToken = credential.Secret{} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				r.seed()
				key, version := r.vault.Held(keySecret)
				session, _ := r.vault.Held(sessionSecret)
				refuse(r)
				before := r.counts()
				_, err := r.put(r.ladder(), newKey)
				r.want(before, counts{Reads: 2, Exchanges: r.since(before).Exchanges})
				refused, is := errors.AsType[*credential.NewKeyRefused](err)
				if is != (name == "refused") || err == nil || !strings.Contains(err.Error(), "nothing was changed") || !strings.Contains(err.Error(), keySecret) {
					t.Errorf("got %v", err)
				}
				if is && (refused.Version != version || !errors.Is(err, credential.ErrRefused)) {
					t.Errorf("got %+v", refused)
				}
				r.hides(err)
				r.holds(key)
				if now, _ := r.vault.Held(sessionSecret); now != session {
					t.Error("the session was changed")
				}
			})
		})
	}
}

func TestUnknownMembersOfBothSecretsSurvive(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		const beside = `"owner" : {"id":1e2,"id":1E+2},"é":"\u00e9"`
		r.vault.Store(keySecret, "{\n  "+beside+",\n  \"api_key\":\t\"K-1\" , \"note\": null}\n")
		r.seedBeside(beside)
		r.generate()
		if _, err := r.put(r.ladder(), newKey); err != nil {
			t.Fatal(err)
		}
		r.holds("{\n  " + beside + ",\n  \"api_key\":\t\"" + newKey + "\" , \"note\": null}\n")
		if held, _ := r.vault.Held(sessionSecret); !strings.HasPrefix(held, "{"+beside+`,"version":1,`) {
			t.Errorf("the session secret holds %s", held)
		}
		r.stands()
	})
}

func TestABareKeyStaysBare(t *testing.T) {
	for held, want := range map[string]string{
		"K-1":                             newKey,
		"\ufeff K-1\r\n":                  "\ufeff " + newKey + "\r\n",
		"12345":                           newKey,
		`{"api_key":"K-1"}`:               `{"api_key":"` + newKey + `"}`,
		`{"api_key":null,"a":1}`:          `{"api_key":"` + newKey + `","a":1}`,
		`{"api_key":""}`:                  `{"api_key":"` + newKey + `"}`,
		`{"api_key":12}`:                  `{"api_key":"` + newKey + `"}`,
		`{}`:                              `{"api_key":"` + newKey + `"}`,
		"\ufeff{ \"apikey\":\"K-1\" }\n":  "\ufeff{ \"apikey\":\"K-1\",\"api_key\":\"" + newKey + "\" }\n",
		`{"\u0061pi_key":"\u004b-1"}`:     `{"\u0061pi_key":"` + newKey + `"}`,
		`{"x":{"api_key":1},"api_key":0}`: `{"x":{"api_key":1},"api_key":"` + newKey + `"}`,
		" \n":                             `{"api_key":"` + newKey + `"}`,
	} {
		in(t, func(t *testing.T, r *room) {
			r.vault.Store(keySecret, held)
			r.generate()
			if _, err := r.put(r.ladder(), newKey); err != nil {
				t.Errorf("%q: %v", held, err)
			}
			r.holds(want)
			r.stands()
		})
	}
}

func TestASecretOfAnotherFormIsLeftAlone(t *testing.T) {
	for held, found := range map[string]string{
		`["CANARY"]`:                          "a JSON array",
		`"CANARY"`:                            "a JSON string",
		`{"api_key":"CANARY"`:                 "a broken JSON object",
		`{"api_key":"CANARY","api_key":"b"}`:  "a JSON object with api_key more than once",
		`{"api_key":{"CANARY":1}}`:            "a JSON object whose api_key is a JSON object",
		`{"api_key":["CANARY"]}`:              "a JSON object whose api_key is a JSON array",
		"CANARY\x00\x01":                      "a text with control characters",
		"CANARY and more":                     "a text with white space inside",
		"\xff\xfeCANARY":                      "a text with characters beyond ASCII",
		"null":                                "JSON null",
		`{"api_key":"CANARY"} {"api_key":""}`: "a broken JSON object",
	} {
		for _, untried := range []bool{false, true} {
			in(t, func(t *testing.T, r *room) {
				r.vault.Store(keySecret, held)
				r.generate()
				before := r.counts()
				_, err := r.ladder().PutKey(t.Context(), credential.NewKey{Key: credential.NewSecret(newKey), Untried: untried})
				form, ok := errors.AsType[*credential.FormError](err)
				if !ok || form.Found != found || form.Secret != keySecret || !strings.Contains(err.Error(), "nothing was changed") {
					t.Errorf("%q: got %v; want a FormError that found %s", held, err, found)
				}
				if n := r.since(before); n.Exchanges+n.Writes != 0 {
					t.Errorf("%q: calls %+v", held, n)
				}
				r.hides(err)
				r.holds(held)
			})
		}
	}
}

func TestAKeyThatIsNoneIsRefusedWithoutItsText(t *testing.T) {
	for text, found := range map[string]string{
		"":                               "no value",
		" \n":                            "no value",
		"CANARY two":                     "a text with white space inside",
		`["CANARY"]`:                     "a JSON array",
		`{"apikey":"CANARY"}`:            "a JSON object without api_key",
		`{"api_key":"[CANARY"}`:          "a text that begins like JSON and is none",
		"CANARY\u00a0x":                  "a text with characters beyond ASCII",
		strings.Repeat("CANARY", 10_000): "a text of 60000 bytes",
	} {
		in(t, func(t *testing.T, r *room) {
			before := r.counts()
			_, err := credential.PutKey(t.Context(), r.vault, keySecret, credential.NewKey{Key: credential.NewSecret(text), Untried: true}, nil)
			bad, ok := errors.AsType[*credential.KeyFormError](err)
			if !ok || bad.Form.Found != found {
				t.Errorf("%.20q: got %v; want found %q", text, err, found)
			}
			r.hides(err)
			r.want(before, counts{})
		})
	}
}

func TestTheSameKeyIsNotStoredAgain(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		_, version := r.vault.Held(keySecret)
		before := r.counts()
		var told []credential.Step
		s, err := r.ladder().PutKey(t.Context(), credential.NewKey{Key: credential.NewSecret("K-1"), Tell: func(s credential.Step) { told = append(told, s) }})
		if err != nil || s.KeyVersion != version {
			t.Fatal(s.KeyVersion, err)
		}
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
		if !slices.Equal(told, []credential.Step{credential.TryingKey, credential.KeepingKey, credential.StoringSession}) {
			t.Errorf("told %q", told)
		}
		r.stands()
	})
}

func TestAnUntriedKeyMakesNoSession(t *testing.T) {
	in(t, func(t *testing.T, r *room) {
		r.seed()
		r.generate()
		r.vault.Remove(sessionSecret) // nobody asks for it
		before := r.counts()
		l := r.ladder()
		s, err := l.PutKey(t.Context(), credential.NewKey{Key: credential.NewSecret(newKey), Untried: true})
		_, version := r.vault.Held(keySecret)
		if err != nil || s != (credential.Session{}) || l.KeyVersion() != version {
			t.Fatal(s, err)
		}
		r.want(before, counts{Reads: 1, Writes: 1})
		before = r.counts()
		r.mustUse(r.ladder())
		r.want(before, counts{Reads: 2, Writes: 1, Exchanges: 1})
	})
}

func TestAMissingKeySecretIsCreatedWhereTheRoleMay(t *testing.T) {
	for name, prepare := range map[string]func(r *room){
		"absent": func(r *room) { r.vault.Remove(keySecret) },
		"empty":  func(r *room) { r.vault.Remove(keySecret); r.vault.MakeEmpty(keySecret) },
		"empty, and the role is not told so": func(r *room) {
			r.vault.Remove(keySecret)
			r.vault.MakeEmpty(keySecret)
			r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
				if _, version := r.vault.Held(keySecret); c.Op == credentialtest.Current && c.Name == keySecret && version == "" {
					return credential.ErrNotFound
				}
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, r *room) {
				prepare(r)
				r.generate()
				if _, err := r.put(r.ladder(), newKey); err != nil {
					t.Fatal(err)
				}
				r.holds(`{"api_key":"` + newKey + `"}`)
				r.stands()
			})
		})
	}
	in(t, func(t *testing.T, r *room) {
		r.vault.Remove(keySecret)
		r.generate()
		r.vault.Intercept(func(_ context.Context, c credentialtest.Call) error {
			if c.Op == credentialtest.Create {
				return credential.ErrDenied
			}
			return nil
		})
		_, err := r.put(r.ladder(), newKey)
		if fault, ok := errors.AsType[*credential.SecretFault](err); !ok || fault.Secret != keySecret || !strings.Contains(err.Error(), "allow the role to put values into it") {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzWithKey(f *testing.F) {
	for _, text := range []string{"", "K-1", "\ufeff K-1\n", `{"api_key":"K-1"}`, "{ \"a\" : [1e9, {}] ,\n\"api_key\":\"\\u004b\" }", `["K"]`, `{"api_key":{}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one, two := credential.NewSecret("first-key"), credential.NewSecret("second-key")
		first, found := credential.WithKey(text, one)
		if found != "" {
			return
		}
		if key, err := credential.ParseKey("s", version(first)); err != nil || key != one {
			t.Fatalf("%q became %q, which holds %q, %v", text, first, key.Reveal(), err)
		}
		second, found := credential.WithKey(first, two)
		if found != "" || strings.Replace(second, "second-key", "first-key", 1) != first && strings.Count(first, "first-key") == 1 {
			t.Fatalf("%q became %q and then %q, %s", text, first, second, found)
		}
		if trimmed := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")); !strings.HasPrefix(trimmed, "{") && trimmed != "" &&
			first != strings.Replace(text, trimmed, "first-key", 1) {
			t.Fatalf("%q became %q", text, first)
		}
	})
}
