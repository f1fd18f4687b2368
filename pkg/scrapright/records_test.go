package scrapright

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// texts are a page's records as they were sent.
func texts(p wire.Page) []string {
	all := []string{}
	for _, record := range p.Records {
		all = append(all, string(record))
	}
	return all
}

// counted is a page's total, -1 for none.
func counted(p wire.Page) int64 {
	if p.Total == nil {
		return -1
	}
	return *p.Total
}

func TestRecordsAndTotalAreFound(t *testing.T) {
	const none = -1
	one := []string{`{"Id":1}`}
	tests := []struct {
		name, body, records, total string
		want                       []string
		count                      int64
	}{
		{"Data is the array", `{"IsError":0,"Data":[{"Id":1}]}`, "", "", one, none},
		{"an empty day", `{"IsError":0,"Message":"","Data":[]}`, "", "", []string{}, none},
		{"IsError is missing", `{"Data":[{"Id":1}]}`, "", "", one, none},
		{"the only array of Data", `{"IsError":0,"Data":{"Page":1,"Items":[{"Id":1}],"Tags":["a"],"Sums":[1]}}`, "", "", one,
			none},
		{"the only array of Data, empty", `{"IsError":0,"Data":{"Page":1,"Items":[ ]}}`, "", "", []string{}, none},
		{"an array of texts behind much white space", `{"Data":{"Items":[{"Id":1}],"Tags":[` + strings.Repeat(" ", 99) + `"a"]}}`,
			"", "", one, none},
		{"an array of objects behind much white space", `{"Data":{"Items":[` + strings.Repeat("\n", 99) + `{"Id":1}]}}`, "", "",
			one, none},

		{"a total beside Data", `{"IsError":0,"Data":[{"Id":1}],"TotalCount":250}`, "", "", one, 250},
		{"a total before Data", `{"total":250,"Data":[{"Id":1}]}`, "", "", one, 250},
		{"a total beside the records in Data", `{"Data":{"Items":[{"Id":1}],"total_records":250}}`, "", "", one, 250},
		{"a total in the envelope of a nested array", `{"Data":{"Items":[{"Id":1}]},"RecordsTotal":250}`, "", "", one, 250},
		{"a total of 0", `{"Data":[],"TotalRows":0}`, "", "", []string{}, 0},
		{"a total as 2.5e2", `{"Data":[{"Id":1}],"totalItems":2.5e2}`, "", "", one, 250},
		{"two totals", `{"Data":[{"Id":1}],"Total":250,"TotalCount":3}`, "", "", one, none},
		{"two totals, one in the envelope", `{"Total":3,"Data":{"Items":[{"Id":1}],"TotalCount":250}}`, "", "", one, none},
		{"two totals in Data, one in the envelope", `{"Total":3,"Data":{"Items":[{"Id":1}],"TotalCount":250,"TotalRows":4}}`, "",
			"", one, none},
		{"a total of pages", `{"Data":[{"Id":1}],"TotalPages":3,"Count":1}`, "", "", one, none},
		{"a total that is a text", `{"Data":[{"Id":1}],"Total":"250"}`, "", "", one, none},
		{"a total that is negative", `{"Data":[{"Id":1}],"Total":-1}`, "", "", one, none},
		{"a total that is no whole number", `{"Data":[{"Id":1}],"Total":2.5}`, "", "", one, none},
		{"a total beyond all numbers", `{"Data":[{"Id":1}],"Total":1e400}`, "", "", one, none},
		{"a total beyond exact numbers", `{"Data":[{"Id":1}],"Total":1e20}`, "", "", one, none},
		{"a total in a record", `{"Data":[{"Id":1,"Total":9}]}`, "", "", []string{`{"Id":1,"Total":9}`}, none},

		{"by pointer", `{"IsError":0,"Data":{"A":[{"Id":1}],"B":[{}]}}`, "/Data/A", "", one, none},
		{"by pointer, outside Data", `{"IsError":0,"Rows":[{"Id":1}]}`, "/Rows", "", one, none},
		{"by pointer, with a total beside", `{"Data":{"A":[{"Id":1}],"B":[{}],"Total":7}}`, "/Data/A", "", one, 7},
		{"by pointer into an array", `{"Data":[[{"Id":2}],[{"Id":1}]]}`, "/Data/1", "", one, none},
		{"by pointer with escapes", `{"Data":{"a/b":{"~1":[{"Id":1}]}}}`, "/Data/a~1b/~01", "", one, none},
		{"by pointer to an empty name", `{"Data":{"":[{"Id":1}]}}`, "/Data/", "", one, none},
		{"by pointer, an escaped name", `{"D\u0061ta":[{"Id":1}]}`, "/Data", "", one, none},
		{"by pointer, Data null", `{"Data":null,"Rows":[]}`, "/Rows", "", []string{}, none},
		{"total by pointer", `{"Data":[{"Id":1}],"Page":{"All":250},"Total":3}`, "", "/Page/All", one, 250},
		{"total by pointer into an array", `{"Data":[{"Id":1}],"Sums":[1,250]}`, "", "/Sums/1", one, 250},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parse(tt.body, tt.records, tt.total)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, texts(p)); diff != "" {
				t.Errorf("records (-want +got)\n%s", diff)
			}
			if counted(p) != tt.count {
				t.Errorf("total %d; expected %d", counted(p), tt.count)
			}
		})
	}
}

func TestPointersThatLeadNowhere(t *testing.T) {
	tests := []struct{ name, body, records, total, says string }{
		{"missing", `{"Data":{"A":[]}}`, "/Data/B", "", "there is nothing at records /Data/B"},
		{"beneath a missing one", `{"Data":{"A":[]}}`, "/Rows/B/C", "", "there is nothing at records /Rows/B/C"},
		{"beneath a number", `{"Data":7}`, "/Data/B", "", "there is nothing at records /Data/B"},
		{"an index too high", `{"Data":[[]]}`, "/Data/1", "", "there is nothing at records /Data/1"},
		{"an index with a zero before", `{"Data":[[],[]]}`, "/Data/01", "", "there is nothing at records /Data/01"},
		{"an index behind the last", `{"Data":[[]]}`, "/Data/-", "", "there is nothing at records /Data/-"},
		{"a negative index", `{"Data":[[]]}`, "/Data/-1", "", "there is nothing at records /Data/-1"},
		{"another case", `{"Data":{"items":[]}}`, "/Data/Items", "", "there is nothing at records /Data/Items"},
		{"an object", `{"Data":{"A":{"Name":"` + canary + `"}}}`, "/Data/A", "", "the records are an object, expected an array"},
		{"null", `{"Data":null}`, "/Data", "", "the records are null"},
		{"a text", `{"Data":"` + canary + `"}`, "/Data", "", "the records are a string"},
		{"two of the name", `{"Data":{"A":[{"Name":"` + canary + `"}],"A":[]}}`, "/Data/A", "",
			"records /Data/A names 2 values: A stands there more than once"},
		{"two of the name above", `{"Data":{"A":{"B":[]},"A":{}}}`, "/Data/A/B", "", "A stands there more than once"},
		{"total missing", `{"Data":[]}`, "", "/Total", "total /Total is missing"},
		{"total a text", `{"Data":[],"Total":"` + canary + `"}`, "", "/Total",
			"total /Total is a string, expected a whole number"},
		{"total negative", `{"Data":[],"Total":-4242}`, "", "/Total",
			"total /Total is a number, expected a whole number, 0 or more"},
		{"total null", `{"Data":[],"Total":null}`, "", "/Total", "total /Total is null"},
		{"total twice", `{"Data":[],"Sum":{"All":1,"All":2}}`, "", "/Sum/All", "total /Sum/All names 2 values"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(tt.body, tt.records, tt.total)
			if kindOfError(err) != export.Malformed || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v; expected a malformed answer: %s", err, tt.says)
			}
			if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "4242") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func TestRecordsAreTheBytesThatWereSent(t *testing.T) {
	records := []string{
		`{"a":0.1000,"b":1E5,"c":-0,"d":123456789012345678901234567890.123456789012345678901234567890}`,
		`{ "Id" : 18446744073709551617 , "id":1, "Id":2 }`,
		"{\"s\":\"\\ud800 \\u2028 \\/ \u2028 é\",\n\t\"n\": null}",
		"{\"bad\":\"\xff\xfe\"}", "{\"\xff\":1}",
		`{"deep":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `}`,
		`{"long":"` + strings.Repeat("x", 1<<20) + `"}`,
		`{}`,
	}
	for _, body := range []string{
		`{"IsError":0,"Data":[` + strings.Join(records, ",") + `]}`,
		"\ufeff{\"Data\" : { \"Items\":\n[ " + strings.Join(records, " ,\r\n") + " ] } }",
	} {
		p, err := parse(body, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(records, texts(p)); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzPage(f *testing.F) {
	for _, body := range []string{
		`{"IsError":0,"Message":"Success.","Data":[{"Id":1},{"Id":2}],"TotalCount":5}`,
		`{"Data":{"Rows":[{"Id":1, "n":-0.10e+1 , "s":"\ud800é"}],"TotalCount":5},"IsError":"0"}`,
		"\ufeff{\"IsError\":null,\"Data\":[ ]} ", `{"IsError":1,"Message":"no"}`, `{"IsError":0,"Data":{"A":[],"B":[{}]}}`,
		`{"Data":[{"a":1},{"a":1}]}{}`, `{"Data":[{"a":"`, `{"Data":[[{"x":[{}]}]],"Data":1}`, "", "null", `[{}]`, "{\"\xff\":1,\"Data\":[{}]}",
	} {
		for _, records := range []string{"", "/Data", "/Data/Rows", "/Data/0"} {
			f.Add([]byte(body), records, "")
		}
	}
	f.Add([]byte(`{"Data":[{}],"T":[1,2]}`), "", "/T/1")
	f.Fuzz(func(t *testing.T, body []byte, records, total string) {
		if records != "" && records[0] != '/' || total != "" && total[0] != '/' {
			return // the configuration takes no such pointer
		}
		p, err := parse(string(body), records, total)
		if err != nil {
			if kind := kindOfError(err); kind != export.Malformed && kind != export.VendorError {
				t.Fatalf("kind %q", kind)
			}
			return
		}
		var top map[string]json.RawMessage
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(body), "\ufeff")), &top); err != nil {
			t.Fatalf("encoding/json reads no answer: %v", err)
		}
		for i, record := range p.Records {
			if !json.Valid(record) || record[0] != '{' {
				t.Errorf("record %d is no object: %q", i+1, record)
			}
		}
		if records != "" && records != "/Data" {
			return
		}
		candidates := []json.RawMessage{top["Data"]}
		if json.Unmarshal(top["Data"], new([]json.RawMessage)) != nil {
			candidates = memberValues(t, top["Data"])
		}
		same := func(a json.RawMessage, b jsontext.Value) bool { return bytes.Equal(a, b) }
		for _, candidate := range candidates {
			var want []json.RawMessage
			if json.Unmarshal(candidate, &want) == nil && slices.EqualFunc(want, p.Records, same) {
				return
			}
		}
		t.Errorf("no array of Data holds the records %q", texts(p))
	})
}

// memberValues are the values of an object's members, of repeated names too.
func memberValues(t *testing.T, object json.RawMessage) (values []json.RawMessage) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		t.Fatalf("records in neither an array nor an object: %v %v", open, err)
	}
	for d.More() {
		var value json.RawMessage
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}
