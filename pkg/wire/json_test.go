package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

const bom = "\xef\xbb\xbf"

func isMalformed(err error) bool {
	known, ok := errors.AsType[*export.Error](err)
	return ok && known.Kind == export.Malformed
}

func TestADocumentIsOneValueAsSent(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1.50}`: "", " \t\r\n[1 , 2]\n": "[1 , 2]", bom + `{}`: `{}`, bom + " 7 ": "7", `null`: "", `"é\u00e9\ud800"`: "",
		`{"a":1,"a":2}`: "", "\"\xff\xfe\"": "", "-0.0e+00 ": "-0.0e+00",
	} {
		if want == "" {
			want = body
		}
		got, err := Document([]byte(body))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v; expected %q", body, got, err, want)
		}
	}
}

func TestWhatIsNoDocumentIsMalformed(t *testing.T) {
	for body, says := range map[string]string{
		``: "the answer is empty, expected JSON", " \n\t": "empty", bom: "empty", bom + " ": "empty",
		`{"secret":1`: "the answer is not whole JSON: it ends too early", `"a`: "it ends too early", `[1,`: "it ends too early", `tru`: "it ends too early",
		`{"secret":x}`: "broken syntax, at byte 10", `<html>`: "broken syntax, at byte 0", `{'secret':1}`: "broken syntax", bom + bom + `{}`: "broken syntax",
		"\"a\nb\"": "broken syntax", `01`: "something follows", `{}{}`: "something follows the JSON document", `[] secret`: "something follows",
		"{}\x00":                    "something follows",
		strings.Repeat("[", 20_000): "not whole JSON",
	} {
		_, err := Document([]byte(body))
		if !isMalformed(err) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40q: %v; expected %q", body, err, says)
		}
	}
}

// membersOf gives members as "name=value", by the function and by a Cutter that was at work before.
func membersOf(t *testing.T, v string, c *Cutter) (members []string, err error) {
	t.Helper()
	found, err := Members(jsontext.Value(v))
	again, againErr := c.Members(jsontext.Value(v))
	if (err == nil) != (againErr == nil) || !slices.EqualFunc(found, again, func(a, b Member) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }) {
		t.Errorf("%q: %v %v by the function, %v %v by a Cutter", v, found, err, again, againErr)
	}
	members = []string{}
	for _, m := range found {
		members = append(members, m.Name+"="+string(m.Value))
	}
	return members, err
}

func TestMembersStandAsSent(t *testing.T) {
	c := &Cutter{}
	for v, want := range map[string][]string{
		`{}`: {}, " { \n } ": {}, `{"a":1}`: {"a=1"}, ` { "b" : [ 1 , {} ] , "a" : 1.50e+02 } `: {"b=[ 1 , {} ]", "a=1.50e+02"},
		`{"a":1,"a":2,"A":3}`: {"a=1", "a=2", "A=3"}, `{"caf\u00e9":"\u00e9"}`: {`café="\u00e9"`}, `{"":null}`: {"=null"},
		`{"a\"b\\":{"c":"}"}}`: {`a"b\={"c":"}"}`}, "{\"\xff\":\"\xfe\"}": {"\ufffd=\"\xfe\""}, `{"\ud800":true}`: {"\ufffd=true"},
	} {
		for range 2 {
			got, err := membersOf(t, v, c)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%q: %v %s", v, err, diff)
			}
		}
	}
}

func TestWhatIsNoObjectHasNoMembers(t *testing.T) {
	c := &Cutter{}
	for v, says := range map[string]string{
		`[]`: "an array", `"{}"`: "a string", `12`: "a number", `-1`: "a number", `true`: "a boolean", `false`: "a boolean", `null`: "null", ``: "missing",
	} {
		if _, err := membersOf(t, v, c); err == nil || err.Error() != says {
			t.Errorf("%q: %v, expected %q", v, err, says)
		}
	}
	for _, v := range []string{`{"a"`, `{"a":`, `{1:2}`, `{"a":1,}`, `{"a":1 "b":2}`, `{]`} {
		if got, err := membersOf(t, v, c); err == nil {
			t.Errorf("%q has the members %q", v, got)
		}
	}
	if got, err := membersOf(t, `{"a":1}`, c); err != nil || len(got) != 1 {
		t.Errorf("%q, %v after what was broken", got, err)
	}
}

// Names that recur are remembered, and a record with others all the time does not make that grow.
func TestACutterRemembersSomeNamesOnly(t *testing.T) {
	c := &Cutter{}
	for i := range 3 * maxNames {
		name := strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		members, err := c.Members(jsontext.Value(`{"` + name + `":1}`))
		if err != nil || len(members) != 1 || members[0].Name != name {
			t.Fatalf("%v, %v; expected %s", members, err, name)
		}
	}
	if len(c.names) > maxNames {
		t.Errorf("%d names are remembered", len(c.names))
	}
}

func TestMembersOfRecurringNamesAllocateNothing(t *testing.T) {
	c := &Cutter{}
	record := jsontext.Value(`{"date":"20261117","prompt":"a \"text\" with é","branded":false,"responses":2,"deep":[{"a":1}]}`)
	for range 2 {
		if _, err := c.Members(record); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = c.Members(record) }); n != 0 {
		t.Errorf("%v allocations for each record", n)
	}
}

func TestElementsStandAsSent(t *testing.T) {
	for v, want := range map[string][]string{
		`[]`: nil, ` [ ] `: nil, `[1]`: {"1"}, `[ 1 , [2, 3] , {"a": 1} , null ]`: {"1", "[2, 3]", `{"a": 1}`, "null"},
	} {
		found, err := Elements(jsontext.Value(v))
		var got []string
		for _, e := range found {
			got = append(got, string(e))
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", v, err, diff)
		}
	}
	for v, says := range map[string]string{`{}`: "an object", `null`: "null", `"a"`: "a string", ``: "missing"} {
		if _, err := Elements(jsontext.Value(v)); err == nil || err.Error() != says {
			t.Errorf("%q: %v, expected %q", v, err, says)
		}
	}
	for _, v := range []string{`[1`, `[1,]`, `[1 2]`, `[}`} {
		if got, err := Elements(jsontext.Value(v)); err == nil {
			t.Errorf("%q has the elements %q", v, got)
		}
	}
}

func TestTheRecordThatIsNoObjectIsNamed(t *testing.T) {
	record := func(all ...string) (values []jsontext.Value) {
		for _, v := range all {
			values = append(values, jsontext.Value(v))
		}
		return values
	}
	if err := Objects(record(`{}`, ` {"a":1}`)); err != nil {
		t.Error(err)
	}
	if err := Objects(record(`{}`, `"secret"`, `1`)); !isMalformed(err) || err.Error() != "record 2 is a string, expected an object" {
		t.Error(err)
	}
}

func TestWholeNumbers(t *testing.T) {
	for v, want := range map[string]int64{
		`0`: 0, `-0`: 0, `7`: 7, ` 12 `: 12, `9223372036854775807`: 1<<63 - 1, `1e3`: 1000, `25.0`: 25, `1.5e1`: 15, `9007199254740991.0`: 1<<53 - 1,
		`-1`: -1, `1.5`: -1, `1e-1`: -1, `9223372036854775808`: -1, `1e300`: -1, `1e999`: -1, `9007199254740992.0`: -1,
		`"1"`: -1, `true`: -1, `null`: -1, `[]`: -1, ``: -1,
	} {
		if got := Whole(jsontext.Value(v)); got != want {
			t.Errorf("%s: %d, expected %d", v, got, want)
		}
	}
}

func TestTextIsWhatAStringSays(t *testing.T) {
	for v, want := range map[string]string{
		`""`: "", `"a"`: "a", `"\u0061\n\/\\\""`: "a\n/\\\"", `"\ud83d\ude00 é"`: "😀 é", `"\ud800x"`: "\ufffdx", "\"\xffx\"": "\ufffdx", `null`: "", `12`: "", `["a"]`: "",
	} {
		if got := Text(jsontext.Value(v)); got != want {
			t.Errorf("%s: %q, expected %q", v, got, want)
		}
	}
}

func TestShownTextIsOneLineAndCut(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", " a \n\tb\r\n ": "a b", "a\x00\x1b[31mb\u202e\ufeffc": "a[31mbc", "\ufffdx\u00a0y": "x y",
		strings.Repeat("é", 10): strings.Repeat("é", 10), strings.Repeat("é", 11): strings.Repeat("é", 9) + "…",
	} {
		if got := Shown(text, 10); got != want {
			t.Errorf("%q: %q, expected %q", text, got, want)
		}
	}
}

// A document, its members and its elements agree with another reader of JSON.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[1,{"c":null}]}`, `[ 1 , "x" , {} ]`, bom + `{"a":"\u00e9","a":2}`, `{"\ud800":1}`, "\"\xff\"", `1e5`, `{} {}`, `[1,`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		whole, err := Document(body)
		if err != nil {
			if !isMalformed(err) || strings.ContainsAny(err.Error(), "\n") {
				t.Fatalf("%v", err)
			}
			return
		}
		plain := bytes.TrimSpace(bytes.TrimPrefix(body, []byte(bom)))
		if !json.Valid(plain) || !bytes.Equal(plain, whole) {
			t.Fatalf("%q was taken for %q", body, whole)
		}
		switch whole.Kind() {
		case '{':
			agree(t, whole)
		case '[':
			var want []json.RawMessage
			got, err := Elements(whole)
			if jsonErr := json.Unmarshal(whole, &want); err != nil || jsonErr != nil || !slices.EqualFunc(want, got, sameJSON) {
				t.Fatalf("%q: %q, %v; expected %q", whole, got, err, want)
			}
		default:
			if n := Whole(whole); n >= 0 && whole.Kind() != '0' {
				t.Fatalf("%q is the number %d", whole, n)
			}
		}
	})
}

func sameJSON(want json.RawMessage, got jsontext.Value) bool { return bytes.Equal(want, got) }

// agree compares an object's members with encoding/json, which keeps the last one of a name.
func agree(t *testing.T, whole jsontext.Value) {
	t.Helper()
	members, err := Members(whole)
	if err != nil {
		t.Fatalf("%q: %v", whole, err)
	}
	got := map[string]json.RawMessage{}
	for _, m := range members {
		got[m.Name] = json.RawMessage(m.Value)
	}
	want := map[string]json.RawMessage{}
	if err := json.Unmarshal(whole, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q: %s", whole, diff)
	}
}
