package snapshot_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
)

func encoder(t testing.TB, omit ...string) *snapshot.Encoder {
	t.Helper()
	e, err := snapshot.NewEncoder(omit)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func line(t testing.TB, e *snapshot.Encoder, record string) string {
	t.Helper()
	text, err := e.Line(nil, []byte(record))
	if err != nil {
		t.Fatalf("%.80q: %v", record, err)
	}
	return string(text)
}

func TestLineKeepsEveryLexeme(t *testing.T) {
	for name, lexeme := range map[string]string{
		"integer above 2^53":   `9007199254740993`,
		"integer above 2^64":   `-18446744073709551617`,
		"trailing zeros":       `0.1000`,
		"exponent":             `1E5`,
		"exponent with sign":   `1.0e+005`,
		"minus zero":           `-0`,
		"30 decimals":          `3.141592653589793238462643383279`,
		"beyond every float":   `1e400`,
		"literals":             `[null,true,false]`,
		"escapes":              `"\"\\\/\b\f\n\r\t\u0041\u00E9\u00e9"`,
		"escaped slash":        `"\/"`,
		"bare slash":           `"/"`,
		"escape before quote":  `"\\"`,
		"two escapes at end":   `"\\\""`,
		"HTML":                 `"<a href='x'>&amp;</a>"`,
		"lone surrogates":      `"\ud800 \udfff \udc00\ud800"`,
		"surrogate pair":       `"\ud83d\ude00"`,
		"beyond ASCII":         `"Größe 東京 🚚"`,
		"not UTF-8":            "\"\xff\xfe\xc3\"",
		"line separators":      "\"\u2028\u2029\u0085\"",
		"byte order mark":      "\"\ufeff\"",
		"delete":               "\"\x7f\"",
		"white space in text":  `"  a , b : [ ] { }  "`,
		"1 MB of text":         `"` + strings.Repeat(`0123456789\u0041é `, 1<<16) + `"`,
		"200 levels":           strings.Repeat(`[{"a":`, 100) + `0` + strings.Repeat(`}]`, 100),
		"empty":                `[{},[],"",{"":{}}]`,
		"repeated names":       `{"a":1,"a":2,"a":1}`,
		"names in other case":  `{"Id":1,"ID":2,"id":3}`,
		"escaped names":        `{"\u0061":1,"a":2,"\n":3,"\ud800":4}`,
		"names out of order":   `{"b":1,"a":2,"10":3,"9":4}`,
		"10,000 levels":        strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000),
		"many siblings":        `[` + strings.Repeat(`[],{"":[]},{},`, 5_000) + `0]`,
		"many members":         `{` + strings.Repeat(`"a":0,`, 999) + `"b":1}`,
		"control as an escape": `"\u000a\u0000"`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []string{"%s", ` { "x" : %s , "y" : [ %s ] } `, "\r\n[\t%s,\n%s ]\n"} {
				if len(lexeme) >= 20_000 && form != "%s" { // 10,000 levels cannot be deeper, and 1 MB takes its time
					continue
				}
				record := strings.ReplaceAll(form, "%s", lexeme)
				want := strings.ReplaceAll(strings.Map(func(r rune) rune {
					if strings.ContainsRune(" \t\r\n", r) {
						return -1
					}
					return r
				}, form), "%s", lexeme)
				if got := line(t, encoder(t), record); got != want {
					t.Errorf("%.200q became %.200q, expected %.200q", record, got, want)
				}
			}
		})
	}
}

func TestLineRefusesWhatIsNotOneValue(t *testing.T) {
	for _, record := range []string{
		``, ` `, `{`, `[`, `"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{,"a":1}`, `[1,]`,
		`[,1]`, `[1 2]`, `[1,,2]`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{1:2}`, `{"a":}`, `{"a"::1}`, `{:1}`, `"abc`, `"abc\`,
		`"abc\"`, "\"a\nb\"", "\"a\\\nb\"", "\"a\\\rb\"", "\"a\\", "\"\x00\"", "{\"a\nb\":1}", `1 2`, `{} {}`, `{}{}`, `{},`,
		`]`, `}`, `,`, `:`, `{"a":1]`, `[1}`, `{"a":[1}`, "\ufeff{}", "\x00", "{}\x00",
	} {
		for _, omit := range [][]string{nil, {"/a"}, {"/0"}} {
			e := encoder(t, omit...)
			kept := []byte("before")
			got, err := e.Line(kept, []byte(record))
			if err == nil || string(got) != "before" {
				t.Errorf("%q, less %q, became %q, %v", record, omit, got, err)
			} else if !strings.Contains(err.Error(), fmt.Sprintf("of %d", len(record))) {
				t.Errorf("%q: the error does not say where: %v", record, err)
			}
			if got := line(t, e, ` [ 1 ] `); len(omit) == 0 && got != "[1]" {
				t.Errorf("after the error a record became %s", got)
			}
		}
	}
}

func TestLineRefusesBottomlessNesting(t *testing.T) {
	for _, part := range []string{`[`, `{"a":`, `[{"a":`} {
		_, err := encoder(t).Line(nil, bytes.Repeat([]byte(part), 1_000_000))
		if err == nil || !strings.Contains(err.Error(), "nested more than 10000 deep") {
			t.Errorf("%s a million times: %v", part, err)
		}
	}
}

func TestLineErrorsQuoteNothing(t *testing.T) {
	_, err := encoder(t).Line(nil, []byte(`{"license":"D1234567" "x"}`))
	if err == nil || strings.Contains(err.Error(), "license") || strings.Contains(err.Error(), "D1234567") {
		t.Error(err)
	}
}

func TestLineAppends(t *testing.T) {
	e := encoder(t, "/b")
	text, err := e.Line([]byte("before "), []byte(`{"a": 1, "b": 2}`))
	if err != nil || string(text) != `before {"a":1}` {
		t.Errorf("%s, %v", text, err)
	}
	record := []byte(`{"a": 1, "b": 2}`)
	if _, err := e.Line(nil, record); err != nil || string(record) != `{"a": 1, "b": 2}` {
		t.Errorf("the record became %s, %v", record, err)
	}
}

func TestZeroEncoderOmitsNothing(t *testing.T) {
	var e snapshot.Encoder
	if got := line(t, &e, ` {"a" : 1} `); got != `{"a":1}` {
		t.Error(got)
	}
	if names := e.Collisions(); names == nil || len(names) != 0 {
		t.Errorf("%v", names)
	}
}

func TestLineIsTheRecordLessSpaceAndOmissions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record, omit := values(4).Draw(t, "record"), pointers().Draw(t, "omit")
		var text strings.Builder
		record.write(&text, func() string { return rapid.StringMatching("[ \t\r\n]{0,2}").Draw(t, "space") })

		plain, err := new(snapshot.Encoder).Line(nil, []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		compact, err := jsontext.AppendFormat(nil, []byte(text.String()), asSent...)
		if err != nil || string(compact) != record.compact() {
			t.Fatalf("jsontext made %s of %s, %v", compact, record.compact(), err)
		}
		if !bytes.Equal(plain, compact) {
			t.Fatalf("got %s\nexpected %s", plain, compact)
		}

		e, err := snapshot.NewEncoder(omit)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Line(nil, []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		rest := record.without(omit, nil)
		if want := rest.compact(); string(got) != want {
			t.Fatalf("less %q\ngot %s\nexpected %s", omit, got, want)
		}
		found := map[string]bool{}
		rest.collisions(found)
		want := slices.Sorted(maps.Keys(found))
		if diff := cmp.Diff(want, e.Collisions(), cmpopts.EquateEmpty()); diff != "" && len(want) <= 20 {
			t.Fatalf("collisions of %s (-want +got)\n%s", rest.compact(), diff)
		}
	})
}
