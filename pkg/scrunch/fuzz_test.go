package scrunch

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// isJSON says whether a text is one JSON document, repeated names and bytes that are no UTF-8 let through.
func isJSON(text []byte) bool { return json.Valid(text) }

// heard keeps the rows of an answer.
type heard []string

func (h *heard) glance([]byte) (int, error) { return 0, nil }

func (h *heard) add(record row, _ []wire.Member) error {
	*h = append(*h, string(record))
	return nil
}

// What is no array of objects is a failure of a kind; what is one gives each row once, byte for byte.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{`[]`, ` [ {"a":1} , {"b":[{}]} ] `, `[{}`, `[{},`, `[{}]]`, `[1]`, `{"detail":"no"}`, `{"detail":[{"msg":"no"}]}`,
		`null`, ``, `[{"a":1,"a":2}]`, "[{\"a\":\"\xff\"}]", `[{"a":"\ud800"}]`, `{"x":{"detail":1},"detail":{}}`, "\xef\xbb\xbf[]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var rows heard
		count, err := eachRow(bytes.NewReader(body), &rows)
		if count != len(rows) {
			t.Fatalf("%d rows told, %d came", count, len(rows))
		}
		if err != nil {
			_, said := errors.AsType[*saysNo](err)
			if !said && !isKind(err, export.Malformed) {
				t.Fatalf("%v has no kind", err)
			}
			return
		}
		var want []json.RawMessage
		if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\uFEFF")), &want); err != nil {
			t.Fatalf("taken, and no JSON: %v", err)
		}
		if !slices.EqualFunc(want, rows, func(w json.RawMessage, r string) bool { return string(w) == r && r[0] == '{' }) {
			t.Fatalf("%q, expected %q", rows, want)
		}
	})
}

// A page holds the records of items and a total, or is refused.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{`{"total":1,"items":[{"id":1}]}`, `{"items":[],"total":0,"limit":null}`, `{"total":1e2,"items":[ { } , {"a":[]} ]}`,
		`{"total":-1,"items":[]}`, `{"detail":"x"}`, `[]`, `{"total":0,"items":[]}x`, "\xef\xbb\xbf{}", `{"total":0,"items":[null]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parsePage(body)
		if err != nil {
			_, said := errors.AsType[*saysNo](err)
			if !said && !isKind(err, export.Malformed) {
				t.Fatalf("%v has no kind", err)
			}
			return
		}
		if !isJSON(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))) || p.Total == nil || *p.Total < 0 {
			t.Fatalf("%q was taken for a page with the total %v", body, p.Total)
		}
		for _, record := range p.Records {
			if !isJSON(record) || record[0] != '{' || !bytes.Contains(body, record) {
				t.Fatalf("%q is no record of %q", record, body)
			}
		}
	})
}

// The brand is put before a record's own members, which stay as they are.
func FuzzTag(f *testing.F) {
	for _, seed := range []string{`{}`, ` { "a" : 1 } `, `{"brand_id":1}`, `{"brand_name":null,"brand_id":"x"}`, `{"brand\u005fid":1,"a":{"brand_name":2}}`, `{"{":"{"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		if !isJSON(record) || jsontext.Value(record).Kind() != '{' {
			return
		}
		sink := &tagger{brand: Brand{ID: 101, Name: jsontext.Value(`"A\u00e9"`)}}
		own, err := sink.members(record)
		if err != nil {
			t.Fatalf("%q: %v", record, err)
		}
		sink.fit(own)
		tagged := sink.tag(record)
		got, err := wire.Members(tagged)
		if err != nil || !isJSON(tagged) {
			t.Fatalf("%q became %q: %v", record, tagged, err)
		}
		added := len(got) - len(own)
		for i, m := range own {
			if other := got[i+added]; other.Name != m.Name || !bytes.Equal(other.Value, m.Value) {
				t.Fatalf("%q became %q", record, tagged)
			}
		}
		for name, value := range map[string]string{"brand_id": "101", "brand_name": `"A\u00e9"`} {
			i := slices.IndexFunc(got, func(m wire.Member) bool { return m.Name == name })
			if i < 0 || i < added && string(got[i].Value) != value {
				t.Fatalf("%q became %q", record, tagged)
			}
		}
	})
}

// A brand has an id and a name, or is refused.
func FuzzBrand(f *testing.F) {
	for _, seed := range []string{`{"id":101,"name":"A"}`, `{"id":"101","name":"A"}`, `{"name":"A"}`, `{"id":1,"id":2,"name":"A","name":"B"}`, `[]`, `{"id":-0,"name":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		if !isJSON(record) {
			return
		}
		b, err := parseBrand(bytes.TrimSpace(record))
		if err != nil {
			if !isKind(err, export.Malformed) {
				t.Fatalf("%v has no kind", err)
			}
			return
		}
		if b.ID == 0 || b.Name.Kind() != '"' || !isJSON(b.Name) || !strings.Contains(string(record), string(b.Name)) {
			t.Fatalf("%q is the brand %d %q", record, b.ID, b.Name)
		}
	})
}
