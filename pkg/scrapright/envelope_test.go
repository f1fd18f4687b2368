package scrapright

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/wire"
)

// secretToken is the token that the answers of these tests were asked for with.
const secretToken = "eyJ.canary+token/1=.x"

func hiding(secret string) *rest.Veil {
	v := &rest.Veil{}
	v.Hide(secret)
	return v
}

// parse reads an answer as a page, with records and total where the pointers say.
func parse(body, records, total string) (wire.Page, error) {
	return (&finder{records: records, total: total}).page([]byte(body), hiding(secretToken))
}

// kindOfError is the kind of a failure, "" for none, and its text where it has no kind.
func kindOfError(err error) export.Kind {
	if known, ok := errors.AsType[*export.Error](err); ok {
		return known.Kind
	}
	if err != nil {
		return export.Kind(err.Error())
	}
	return ""
}

func TestIsErrorInAnySpelling(t *testing.T) {
	spellings := map[string]bool{ // true: it is an error
		`0`: false, `-0`: false, `0.0`: false, `0e5`: false, `false`: false, `null`: false,
		`"0"`: false, `" 0 "`: false, `"false"`: false, `"False"`: false, `""`: false,
		`1`: true, `2`: true, `-1`: true, `0.5`: true, `1e400`: true, `true`: true,
		`"1"`: true, `"true"`: true, `"True"`: true, `"yes"`: true, `"\u0031"`: true, `[]`: true, `{}`: true, `[0]`: true,
	}
	for spelt, isError := range spellings {
		for _, body := range []string{
			`{"IsError":` + spelt + `,"Message":"so it is","Data":[{"Id":1}]}`,
			`{"Data":[{"Id":1}],"Message":"so it is","IsError":` + spelt + `}`,
			"\ufeff \n{ \"Data\" : [ {\"Id\":1} ] , \"IsError\" : " + spelt + " , \"Message\" : \"so it is\" } \r\n",
		} {
			p, err := parse(body, "", "")
			switch {
			case isError && (kindOfError(err) != export.VendorError || !strings.Contains(err.Error(), "so it is")):
				t.Errorf("%s: %v; expected the vendor's error with its message", body, err)
			case !isError && (err != nil || len(p.Records) != 1):
				t.Errorf("%s: %v; expected one record", body, err)
			}
		}
	}
}

func TestAnErrorWithoutDataOrMessageIsAnError(t *testing.T) {
	for body, says := range map[string]string{
		`{"IsError":1}`:                            "(no message)",
		`{"IsError":1,"Data":null}`:                "(no message)",
		`{"IsError":1,"Message":null,"Data":[{}]}`: "(no message)",
		`{"IsError":1,"Message":["no"]}`:           "(no message)",
		`{"IsError":1,"Message":" \u0000\n "}`:     "(no message)",
		`{"IsError":true,"Message":"no"}`:          "the vendor says no: no",
	} {
		if _, err := parse(body, "", ""); kindOfError(err) != export.VendorError || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; expected %q", body, err, says)
		}
	}
}

// canary stands wherever a record's values are: no error may show it.
const canary = "CANARY-42"

func TestAnswersThatAreNotWhatIsDocumented(t *testing.T) {
	tests := []struct{ name, body, says string }{
		{"empty", "", "the answer is empty"},
		{"white space", " \r\n\t", "the answer is empty"},
		{"a byte order mark alone", "\ufeff", "the answer is empty"},
		{"two byte order marks", "\ufeff\ufeff{}", "not whole JSON"},
		{"cut in a record", `{"IsError":0,"Data":[{"Name":"` + canary, "it ends too early"},
		{"cut behind a record", `{"IsError":0,"Data":[{"Name":"` + canary + `"},`, "it ends too early"},
		{"cut before the end", `{"IsError":0,"Data":[{"Name":"` + canary + `"}]`, "it ends too early"},
		{"broken", `{"IsError":0,"Data":[{"Name":"` + canary + `",]}`, "broken syntax, at byte"},
		{"a value without a name", `{"IsError":0,"Data":[{"` + canary + `"}]}`, "broken syntax, at byte"},
		{"two documents", `{"IsError":0,"Data":[]}{"IsError":0,"Data":[{"Name":"` + canary + `"}]}`, "something follows"},
		{"text behind", `{"IsError":0,"Data":[]}` + canary, "something follows"},
		{"a byte behind", "{\"IsError\":0,\"Data\":[]}\x00", "something follows"},
		{"HTML", "<html><body>" + canary + "</body></html>", "not whole JSON"},
		{"an array", `[{"Name":"` + canary + `"}]`, "the answer is an array"},
		{"a string", `"` + canary + `"`, "the answer is a string"},
		{"a number", `4242`, "the answer is a number"},
		{"null", `null`, "the answer is null"},
		{"true", `true`, "the answer is a boolean"},
		{"no Data", `{"IsError":0,"Message":"` + canary + `"}`, "Data is missing"},
		{"Data in another case", `{"IsError":0,"data":[{"Name":"` + canary + `"}]}`, "Data is missing"},
		{"Data null", `{"IsError":0,"Data":null}`, "Data is null"},
		{"Data a string", `{"IsError":0,"Data":"` + canary + `"}`, "Data is a string"},
		{"Data a number", `{"IsError":0,"Data":4242}`, "Data is a number"},
		{"Data true", `{"IsError":0,"Data":true}`, "Data is a boolean"},
		{"Data an empty object", `{"IsError":0,"Data":{}}`, "Data is an object without an array of objects"},
		{"Data one record", `{"IsError":0,"Data":{"Id":1,"Name":"` + canary + `"}}`,
			"Data is an object without an array of objects"},
		{"Data with an array of texts", `{"IsError":0,"Data":{"Items":["` + canary + `"]}}`,
			"Data is an object without an array of objects"},
		{"Data twice", `{"IsError":0,"Data":[],"Data":[{"Name":"` + canary + `"}]}`, "Data stands in the answer twice"},
		{"Data twice, spelt in two ways", `{"Data":[],"D\u0061ta":[]}`, "Data stands in the answer twice"},
		{"IsError twice", `{"IsError":0,"IsError":1,"Data":[]}`, "IsError stands in the answer twice"},
		{"another member twice", `{"IsError":0,"Data":[],"Next":1,"Next":2}`, "Next stands in the answer twice"},
		{"a record that is a text", `{"IsError":0,"Data":[{},"` + canary + `"]}`, "record 2 is a string, expected an object"},
		{"a record that is a list", `{"IsError":0,"Data":[{},{},["` + canary + `"]]}`,
			"record 3 is an array, expected an object"},
		{"a record that is null", `{"IsError":0,"Data":[null]}`, "record 1 is null, expected an object"},
		{"two candidates", `{"IsError":0,"Data":{"Items":[{"Name":"` + canary + `"}],"N":1,"Others":[{}]}}`,
			"(Items, Others); name one in the dataset's `records`, such as /Data/Items"},
		{"two candidates, both empty", `{"IsError":0,"Data":{"Items":[],"Others":[]}}`, "(Items, Others)"},
		{"one candidate twice", `{"IsError":0,"Data":{"Items":[{}],"Items":[{}]}}`, "(Items, Items)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(tt.body, "", "")
			if kindOfError(err) != export.Malformed || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v; expected a malformed answer: %s", err, tt.says)
			}
			if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "4242") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

// Every prefix of an answer is cut JSON, and never fewer records.
func TestAnAnswerCutAnywhereIsMalformed(t *testing.T) {
	body := `{"IsError":0,"Message":"ok","Data":[{"Id":1,"a":[1,{"b":null}]},{"Id":2,"s":"\u00e9\"}]"}],"TotalCount":2}`
	if p, err := parse(body, "", ""); err != nil || len(p.Records) != 2 {
		t.Fatal(err)
	}
	for n := range len(body) {
		if _, err := parse(body[:n], "", ""); kindOfError(err) != export.Malformed {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
}

func TestAMessageIsOneShortLineWithoutTheSecretSent(t *testing.T) {
	say := func(message string) string {
		t.Helper()
		_, err := parse(`{"IsError":1,"Message":"`+message+`"}`, "", "")
		said, ok := errors.AsType[*saysNo](err)
		if !ok {
			t.Fatal(err)
		}
		return said.message
	}
	for message, want := range map[string]string{
		`line one\r\nline two\tand\u0000more`:                   "line one line two andmore",
		`\u001b[31mred\u202egnp.exe\ufeff`:                      "[31mredgnp.exe",
		`two\u2028lines`:                                        "two lines",
		`lone \ud800 half`:                                      "lone half",
		`caf\u00e9`:                                             "café",
		`token ` + secretToken + ` is bad`:                      "token REDACTED is bad",
		`token eyJ.canary%2Btoken%2F1%3D.x is bad`:              "token REDACTED is bad",
		secretToken + secretToken:                               "REDACTEDREDACTED",
		strings.Repeat("a", 195) + secretToken + ` and so much`: strings.Repeat("a", 195) + "REDA…",
	} {
		if got := say(message); got != want {
			t.Errorf("%s: %q; expected %q", message, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("é", 5000),
		strings.Repeat(`\ud83d\ude00`, 300)} {
		got := say(long)
		if n := utf8.RuneCountInString(got); n != 200 {
			t.Errorf("%d characters; expected 200", n)
		}
		if strings.ContainsFunc(got, unicode.IsControl) || !utf8.ValidString(got) {
			t.Errorf("%q", got)
		}
	}
}

func TestANameInAnErrorIsShort(t *testing.T) {
	name := strings.Repeat("n", 5000)
	for _, body := range []string{
		`{"` + name + `":1,"` + name + `":2}`,
		`{"IsError":0,"Data":{"` + name + `":[{}],"x` + name + `":[{}]}}`,
	} {
		if _, err := parse(body, "", ""); err == nil || len(err.Error()) > 400 {
			t.Errorf("%v; expected a short error", err)
		}
	}
}
