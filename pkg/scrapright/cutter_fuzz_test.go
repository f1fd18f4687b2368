package scrapright

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"yardstick/pkg/snapshot"
)

// FuzzRecordsBecomeLines holds the whole way from an answer to the lines of an object to its word, for records of any
// spelling: each becomes one line of its own, in its turn, of the same lexemes, and none is merged with another or
// dropped. encoding/json is the judge of what a record is and of what is white space in it.
func FuzzRecordsBecomeLines(f *testing.F) {
	const nested, bare = uint8(1), uint8(0)
	for _, records := range []string{
		`{"a":0.1000,"b":1E5,"c":-0,"d":18446744073709551617}` + "\x00" + `{ "Id" : 1 , "id":1, "Id":2 }`,
		`{"s":"\ud800 \u2028 \/ é"}` + "\x00{}\x00{}", "{\"bad\":\"\xff\xfe\"}\x00{\"\xff\":1}", `{"deep":[[[[{"x":[]}]]]]}`, `{"a":1}` + "\n\x00\r\t" + `{"a":1}`,
		`{"IsError":1,"Data":[{}],"Total":7}` + "\x00" + `{"Message":"x"}`, `{"a":"},{"}` + "\x00" + `{"b":"]"}`, "",
	} {
		f.Add([]byte(records), bare)
		f.Add([]byte(records), nested)
	}
	f.Fuzz(func(t *testing.T, text []byte, form uint8) {
		var sent []string
		for _, record := range bytes.Split(text, []byte{0}) {
			if json.Valid(record) && bytes.HasPrefix(bytes.TrimSpace(record), []byte("{")) {
				sent = append(sent, string(record))
			}
		}
		body := `{"IsError":0,"Message":"","Data":[` + strings.Join(sent, ",") + `]}`
		if form%2 == 1 {
			body = "\ufeff{\"Data\" : { \"Page\":1, \"Items\":\n[ " + strings.Join(sent, " ,\r\n") + " ] } ,\"IsError\":\"0\"}"
		}
		page, err := parse(body, "", "")
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if len(page.Records) != len(sent) {
			t.Fatalf("%d records of %q, %d were sent", len(page.Records), body, len(sent))
		}
		var lines []byte
		for _, record := range page.Records {
			line, err := new(snapshot.Encoder).Line(nil, record)
			if err != nil {
				t.Fatalf("%q: %v", record, err)
			}
			lines = append(append(lines, line...), '\n')
		}
		got := strings.SplitAfter(string(lines), "\n")
		if len(got) != len(sent)+1 {
			t.Fatalf("%d lines of %d records", len(got)-1, len(sent))
		}
		for i, record := range sent {
			var want bytes.Buffer
			if err := json.Compact(&want, []byte(record)); err != nil {
				t.Fatal(err)
			}
			if got[i] != want.String()+"\n" {
				t.Fatalf("record %d, %q, became %q", i+1, record, got[i])
			}
		}
	})
}
