package sheet_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/sheet"
)

// table is the CSV of lines, after a first column.
func table(s *sheet.Sheet, lead string, lines ...string) (string, error) {
	for _, line := range lines {
		if err := s.Note([]byte(line)); err != nil {
			return "", err
		}
	}
	text := s.Header()
	for _, line := range lines {
		var err error
		if text, err = s.Row(text, [][]byte{[]byte(lead)}, []byte(line)); err != nil {
			return "", err
		}
	}
	return string(text), nil
}

func TestRows(t *testing.T) {
	for _, test := range []struct {
		name  string
		safe  bool
		lines []string
		want  string
	}{
		{"no line", false, nil, "dt\r\n"},
		{"no member", false, []string{`{}`}, "dt\r\nD\r\n"},
		{"columns by first appearance", false, []string{`{"b":1,"a":2}`, `{"c":3,"a":4}`}, "dt,b,a,c\r\nD,1,2,\r\nD,,4,3\r\n"},
		{"numbers as spelt", false, []string{`{"a":1.50,"b":-0.0,"c":12345678901234567890.10,"d":1E+400}`},
			"dt,a,b,c,d\r\nD,1.50,-0.0,12345678901234567890.10,1E+400\r\n"},
		{"null, missing and empty", false, []string{`{"a":null,"b":""}`, `{}`}, "dt,a,b\r\nD,,\"\"\r\nD,,\r\n"},
		{"booleans", false, []string{`{"a":true,"b":false}`}, "dt,a,b\r\nD,true,false\r\n"},
		{"nested", false, []string{`{"a":{"x":[1,"y"]},"b":[],"c":[1.0]}`}, "dt,a,b,c\r\nD,\"{\"\"x\"\":[1,\"\"y\"\"]}\",[],[1.0]\r\n"},
		{"escapes", false, []string{`{"a":"\u00e9\t\/\ud83d\ude42","b":"x\"y"}`}, "dt,a,b\r\nD,é\t/🙂,\"x\"\"y\"\r\n"},
		{"ends of lines", false, []string{`{"a":"1\n2","b":"1\r\n2","c":"1\r2"}`}, "dt,a,b,c\r\nD,\"1\n2\",\"1\r\n2\",\"1\r2\"\r\n"},
		{"blanks at an end", false, []string{`{"a":" x","b":"x ","c":"x y"}`}, "dt,a,b,c\r\nD,\" x\",\"x \",x y\r\n"},
		{"the end of a PostgreSQL copy", false, []string{`{"a":"\\."}`}, "dt,a\r\nD,\"\\.\"\r\n"},
		{"case stays apart", false, []string{`{"Id":1,"id":2}`, `{"ID":3}`}, "dt,Id,id,ID\r\nD,1,2,\r\nD,,,3\r\n"},
		{"repeated names", false, []string{`{"a":1}`, `{"a":2,"b":3,"a":4}`, `{"a":5,"a":6,"a":7}`}, "dt,a,b,a,a\r\nD,1,,,\r\nD,2,3,4,\r\nD,5,,6,7\r\n"},
		{"one name in several spellings", false, []string{`{"a":1}`, `{"\u0061":2}`}, "dt,a\r\nD,1\r\nD,2\r\n"},
		{"a name of the first column", false, []string{`{"dt":1}`}, "dt,dt\r\nD,1\r\n"},
		{"names are texts", false, []string{`{"a,\"b":1,"":2}`}, "dt,\"a,\"\"b\",\"\"\r\nD,1,2\r\n"},
		{"formulas", false, []string{`{"=a":"=1+1","b":"-x"}`}, "dt,=a,b\r\nD,=1+1,-x\r\n"},
		{"formulas made safe", true, []string{`{"=a":"=1+1","b":"-x","c":"+1","d":"@x","e":"\tx","f":"\r=","g":"a=","h":-1,"i":""}`},
			"dt,'=a,b,c,d,e,f,g,h,i\r\nD,'=1+1,'-x,'+1,'@x,'\tx,\"'\r=\",a=,-1,\"\"\r\n"},
		{"a line with its end", false, []string{"{\"a\":1}\n"}, "dt,a\r\nD,1\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sheet.New("dt")
			s.Safe = test.safe
			got, err := table(s, "D", test.lines...)
			if err != nil || got != test.want || s.Broken() != 0 {
				t.Errorf("%v, %d broken\n%q, expected\n%q", err, s.Broken(), got, test.want)
			}
		})
	}
}

func TestWhatIsNoUnicodeIsReplacedAndCounted(t *testing.T) {
	s := sheet.New("dt")
	got, err := table(s, "D", `{"a":"x\ud800y\udc00","b":"\ud83d\ude42","c":"�"}`, "{\"a\":\"\xff\",\"b\":[\"\xff\"],\"c\":[\"\\ud800\"]}")
	if err != nil {
		t.Fatal(err)
	}
	want := "dt,a,b,c\r\nD,x�y�,🙂,�\r\nD,�,\"[\"\"�\"\"]\",\"[\"\"\\ud800\"\"]\"\r\n"
	if got != want || s.Broken() != 3 {
		t.Errorf("%d values, expected 3\n%q, expected\n%q", s.Broken(), got, want)
	}
}

func TestNamesThatAreNoUnicodeStayApart(t *testing.T) {
	got, err := table(sheet.New("dt"), "D", `{"\ud800":1}`, `{"\ud801":2,"\ud800":3}`)
	if want := "dt,�,�\r\nD,1,\r\nD,3,2\r\n"; err != nil || got != want {
		t.Errorf("%v %q, expected %q", err, got, want)
	}
}

func TestALineThatIsNoObjectIsAnErrorWithoutItsValues(t *testing.T) {
	for _, line := range []string{``, `4711`, `[4711]`, `"4711"`, `{"a":4711`, `{"a":4711}{}`, `{"a":4711,}`, `{"a" 4711}`, `null`, `{"a":"4711` + "\n" + `"}`} {
		err := sheet.New("dt").Note([]byte(line))
		if err == nil || !strings.HasPrefix(err.Error(), "the line is no JSON object") || strings.Contains(err.Error(), "4711") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestALineThatWasNotNotedIsAnError(t *testing.T) {
	s := sheet.New("dt")
	if err := s.Note([]byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`{"b":1}`, `{"a":1,"a":2}`} {
		if row, err := s.Row([]byte("before"), [][]byte{nil}, []byte(line)); err == nil || string(row) != "before" {
			t.Errorf("%s: %q %v", line, row, err)
		}
	}
}

// member of a record, as the model has it.
type member struct{ name, value string }

func lexemes() *rapid.Generator[string] {
	text := rapid.Custom(func(t *rapid.T) string {
		quoted, err := json.Marshal(rapid.StringOf(rapid.RuneFrom([]rune("a,\"\n\r\t =+-@'é🙂\x00\\;|"))).Draw(t, "text"))
		if err != nil {
			t.Fatal(err)
		}
		return string(quoted)
	})
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?`)
	return rapid.OneOf(text, number, rapid.SampledFrom([]string{"null", "true", "false", `""`}))
}

// said is what a scalar says, as a cell of CSV has it.
func said(t *rapid.T, lexeme string) string {
	switch {
	case lexeme == "null":
		return ""
	case lexeme[0] != '"':
		return lexeme
	}
	var text string
	if err := json.Unmarshal([]byte(lexeme), &text); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestScalarsReadBackAsTheyWere reads the CSV with a reader of others. That one takes a line break in a value for \n
// whatever it is, so \r is looked at in TestRows.
func TestScalarsReadBackAsTheyWere(t *testing.T) {
	names := []string{"a", "A", "b", "dt", "x,y", `q"`, "=n", ""}
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		var records [][]member
		var columns []member // a name, and which of the times that it is there
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			var record []member
			times := map[string]int{}
			for range rapid.IntRange(0, 6).Draw(t, "members") {
				m := member{rapid.SampledFrom(names).Draw(t, "name"), lexemes().Draw(t, "value")}
				record = append(record, m)
				times[m.name]++
				column := member{m.name, fmt.Sprint(times[m.name])}
				if !contains(columns, column) {
					columns = append(columns, column)
				}
			}
			records = append(records, record)
			lines = append(lines, line(record))
		}
		want := [][]string{{"dt"}}
		for _, c := range columns {
			want[0] = append(want[0], c.name)
		}
		for _, record := range records {
			row := []string{"2026-11-22"}
			for _, c := range columns {
				row = append(row, flat(said(t, value(record, c))))
			}
			want = append(want, row)
		}
		text, err := table(sheet.New("dt"), "2026-11-22", lines...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v\n%q\n%s", err, text, diff)
		}
	})
}

func contains(all []member, one member) bool {
	for _, m := range all {
		if m == one {
			return true
		}
	}
	return false
}

func line(record []member) string {
	var parts []string
	for _, m := range record {
		name, _ := json.Marshal(m.name)
		parts = append(parts, string(name)+":"+m.value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// value is what a record has in a column, null where it has nothing.
func value(record []member, column member) string {
	times := 0
	for _, m := range record {
		if m.name == column.name {
			times++
			if fmt.Sprint(times) == column.value {
				return m.value
			}
		}
	}
	return "null"
}

func flat(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func FuzzRow(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":"x,\"y\"\n","c":null,"d":[1,{"e":2}],"a":"=1"}`, `{"\ud800":"\udc00"}`, "{\"a\":\"\xff\"}", `{}`, `[]`, `{"a"`, `{"":""}`, "{}\f"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, line []byte, safe bool) {
		before := bytes.Clone(line)
		s := sheet.New("account", "dt")
		s.Safe = safe
		err := s.Note(line)
		if valid := object(line); (err == nil) != valid {
			t.Fatalf("%q: %v, and that it is an object is %v", line, err, valid)
		}
		if err != nil {
			return
		}
		row, err := s.Row(nil, [][]byte{[]byte("main"), []byte("2026-11-22")}, line)
		if err != nil || !bytes.Equal(line, before) {
			t.Fatalf("%q, was %q: %v", line, before, err)
		}
		text := append(s.Header(), row...)
		if !utf8.Valid(text) {
			t.Fatalf("%q is no UTF-8", text)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) || rows[1][0] != "main" {
			t.Fatalf("%q: %q %v", text, rows, err)
		}
		if safe {
			for _, cell := range rows[0] {
				if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
					t.Fatalf("%q is not safe", cell)
				}
			}
		}
	})
}

// object says whether a text is one JSON object, by another way of reading.
func object(text []byte) bool {
	v := jsontext.Value(bytes.Clone(text))
	err := v.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	return err == nil && v.Kind() == '{'
}

func BenchmarkRow(b *testing.B) {
	line := []byte(`{"Id":134470000001,"TicketNumber":"20261026-0001","Date":"2026-10-26T08:01:13","CustomerId":1203,"Lines":[{"Metal":"Copper #1","Net":120.50,"Price":3.10}],"Total":373.55,"Paid":true,"Note":null}`)
	s := sheet.New("account", "dt")
	if err := s.Note(line); err != nil {
		b.Fatal(err)
	}
	lead := [][]byte{[]byte("main"), []byte("2026-11-22")}
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	var row []byte
	for b.Loop() {
		var err error
		if row, err = s.Row(row[:0], lead, line); err != nil {
			b.Fatal(err)
		}
	}
}
