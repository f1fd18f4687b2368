package table_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	inferred "yardstick/pkg/schema"
	"yardstick/pkg/table"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seen is what was seen of lines.
func seen(t interface{ Fatal(...any) }, lines ...string) inferred.Document {
	s := &inferred.Schema{}
	for _, line := range lines {
		if err := s.Observe([]byte(line)); err != nil {
			t.Fatal(line, err)
		}
	}
	return s.Document()
}

// purchases is the table that a yard's lines call for.
func purchases(t interface{ Fatal(...any) }, lines ...string) table.Table {
	return table.ScrapRight()[0].Infer(seen(t, lines...))
}

func TestTypesThatLoseNoValue(t *testing.T) {
	for values, want := range map[string]string{
		`1`:                            "bigint",
		`1 null`:                       "bigint",
		`9223372036854775807 -5`:       "bigint",
		`9223372036854775808`:          "string",
		`1 9223372036854775808`:        "string",
		`1.5`:                          "double",
		`1840.40 2.8200`:               "double",
		`1.5 9007199254740992`:         "double",
		`1.5 9007199254740993`:         "string",
		`1e400`:                        "string",
		`12.34567890123456789`:         "string",
		`true false null`:              "boolean",
		`true 1`:                       "string",
		`"a"`:                          "string",
		`"a" 1`:                        "string",
		`null`:                         "string",
		`[]`:                           "array<string>",
		`[1,null] [2] null []`:         "array<bigint>",
		`[1] [2.5]`:                    "array<double>",
		`[1] ["a"]`:                    "array<string>",
		`[[1]] [[]]`:                   "array<array<bigint>>",
		`[1] 1`:                        "string",
		`{"a":1}`:                      "struct<a:bigint>",
		`{"a":1} {"B":true} null`:      "struct<b:boolean,a:bigint>", // in the order of the names, where lines tell of none
		`{"a":[{"b":1.5}]}`:            "struct<a:array<struct<b:double>>>",
		`[{"a":1},{"a":"x"}]`:          "array<struct<a:string>>",
		`{"a":{"x":1}} {"a":1}`:        "struct<a:string>",
		`{"a":1} 1`:                    "string",
		`{"a":1} [{"a":1}]`:            "string",
		`{}`:                           "string",
		`{"a":1,"A":2}`:                "string",
		`{"a":1} {"A":2}`:              "string",
		`[{"a":{}}]`:                   "array<struct<a:string>>",
		`{"a b":1,"c.d":2,"e:f>":3}`:   "struct<a_b:bigint,c_d:bigint,e_f_:bigint>",
		`{` + wide("n", 600) + `:1}`:   "string",
		`[{` + wide("n", 600) + `:1}]`: "array<string>",
	} {
		var lines []string
		for value := range strings.FieldsSeq(strings.ReplaceAll(values, "a b", "a\\u0020b")) {
			lines = append(lines, `{"x":`+value+`}`)
		}
		if got := spelt(purchases(t, lines...).Columns); len(got) != 1 || got[0] != "x "+want {
			t.Errorf("%.60s is %q, expected %s", values, got, want)
		}
	}
}

// wide are so many members' names, with values but for the last.
func wide(prefix string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"` + prefix + strconv.Itoa(i) + `":1,`)
	}
	return b.String() + `"last"`
}

func TestATableOfNoRecordsOrOfOtherValuesStaysWholeLines(t *testing.T) {
	for _, lines := range [][]string{nil, {`[1]`}, {`{"a":1}`, `null`}, {`{}`}, {`{` + wide("n", 6000) + `:1}`}} {
		if x := purchases(t, lines...); !x.Lines() {
			t.Errorf("%.40q: %d columns, expected whole lines", lines, len(x.Columns))
		}
	}
}

// Where the vendor's document has a type, it stays as long as it takes what was seen.
func TestKnownTypesStayAsLongAsTheyTakeAllThatWasSeen(t *testing.T) {
	responses := named(t, table.Scrunch(nil), "scrunch_responses")
	if diff := cmp.Diff(responses, responses.Infer(seen(t, `{"id":1,"tags":[],"citations":[{"url":"u","title":null}],"shopping_results":null}`))); diff != "" {
		t.Errorf("(-known +inferred)\n%s", diff)
	}
	columns := responses.Infer(seen(t, `{"id":99999999999999999999,"prompt_id":1.5,"country":7,"tags":["a",1],"query_fanout":[],"rank":1,`+
		`"citations":[{"url":"u","rank":1}],"competitors":[{"id":"x"}],"shopping_results":[{"rating":5,"reviews":"many"}]}`)).Columns
	got := map[string]string{}
	for _, c := range columns {
		got[c.Name] = c.Type.String()
	}
	for name, want := range map[string]string{"id": "string", "prompt_id": "double", "country": "string", "tags": "array<string>", "query_fanout": "array<string>",
		"rank": "bigint", "citations": "array<struct<url:string,domain:string,source_type:string,title:string,snippet:string,rank:bigint>>",
		"competitors": "array<struct<id:string,name:string,present:boolean,position:string,sentiment:string>>", "persona_id": "bigint",
		"shopping_results": "array<struct<url:string,title:string,image:string,all_images:array<string>,description:string,rating:double,reviews:string," +
			"purchasing_options:array<struct<price:double,currency:string,url:string,merchant:string>>>>"} {
		if got[name] != want {
			t.Errorf("%s is %s, expected %s", name, got[name], want)
		}
	}
	if columns[len(columns)-1].Name != "rank" || columns[0].Name != "brand_id" {
		t.Errorf("found %q, expected the known columns first", spelt(columns))
	}
}

func TestColumnNamesAreOneForAMemberAtEveryDepth(t *testing.T) {
	x := purchases(t, `{"Id":1,"ID":2,"account":"a","dt":"b","a-b":1,"a.b":2,"":3,"Ünï":4,"Lines":[{"id":5,"Id":6}],"Sub":{"Id":7,"dt":8}}`)
	want := []string{"id bigint", "id_2 bigint", "account_2 string", "dt_2 string", "a_b bigint", "a_b_2 bigint", "_ bigint", "_n_ bigint",
		"lines array<string>", "sub struct<id:bigint,dt_2:bigint>"}
	if diff := cmp.Diff(want, spelt(x.Columns)); diff != "" {
		t.Errorf("(-expected +found)\n%s", diff)
	}
	keys := []string{}
	for _, c := range x.Columns {
		keys = append(keys, c.Key())
	}
	if diff := cmp.Diff([]string{"Id", "ID", "account", "dt", "a-b", "a.b", "", "Ünï", "Lines", "Sub"}, keys); diff != "" {
		t.Errorf("(-members +keys)\n%s", diff)
	}
}

// lost says what of a value a column of a type does not have, by the rules of OpenX; "" where nothing.
func lost(of table.Type, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		if of.Kind == table.Boolean {
			return ""
		}
	case json.Number:
		if held(of.Kind, v.String()) {
			return ""
		}
	case []any:
		if of.Kind == table.Array {
			for _, element := range v {
				if what := lost(*of.Element, element); what != "" {
					return "[]" + what
				}
			}
			return ""
		}
	case map[string]any:
		if of.Kind == table.Struct {
			return lostMembers(of.Members, v)
		}
	}
	if of.Kind == table.String {
		return ""
	}
	return " has a value that a " + of.String() + " does not hold"
}

func lostMembers(columns []table.Column, record map[string]any) string {
	for name, value := range record {
		i := slices.IndexFunc(columns, func(c table.Column) bool { return c.Key() == name })
		if i < 0 {
			return "." + name + " has no column"
		}
		if what := lost(columns[i].Type, value); what != "" {
			return "." + name + what
		}
	}
	return ""
}

// held says whether a number is the same once it was read as a type and shown again.
func held(k table.Kind, number string) bool {
	sent, ok := new(big.Rat).SetString(number)
	if !ok {
		return false
	}
	switch k {
	case table.Bigint:
		_, err := strconv.ParseInt(number, 10, 64)
		return err == nil
	case table.Double:
		value, err := strconv.ParseFloat(number, 64)
		shown, _ := new(big.Rat).SetString(strconv.FormatFloat(value, 'g', -1, 64))
		return err == nil && shown.Cmp(sent) == 0
	}
	return k == table.String
}

var drawnScalars = []string{`null`, `true`, `"x"`, `0`, `-7`, `12.50`, `9007199254740992`, `9007199254740993`, `99999999999999999999`, `0.1`,
	`0.12345678901234567890`, `4e-324`, `9007199254740993.0`}

// drawn draws JSON whose objects have no name twice.
func drawn(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		switch form := rapid.IntRange(0, 5).Draw(t, "form"); {
		case depth == 0 || form < 2:
			return rapid.SampledFrom(drawnScalars).Draw(t, "scalar")
		case form == 2:
			return "[" + strings.Join(rapid.SliceOfN(drawn(depth-1), 0, 3).Draw(t, "elements"), ",") + "]"
		default:
			return drawnObject(t, depth)
		}
	})
}

func drawnObject(t *rapid.T, depth int) string {
	var members []string
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "A", "b", "dt", "a.b", "", "Lines"}), 0, 4, rapid.ID).Draw(t, "names") {
		members = append(members, strconv.Quote(name)+":"+drawn(depth-1).Draw(t, "value"))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func TestNoValueThatWasSeenIsLostByItsType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		for range rapid.IntRange(1, 5).Draw(t, "lines") {
			lines = append(lines, drawnObject(t, 3))
		}
		of := rapid.SampledFrom([]table.Table{table.ScrapRight()[0], {Source: "scrunch", Dataset: "x", Columns: []table.Column{
			{Name: "a", Type: table.Type{Kind: table.Bigint}}, {Name: "lines", Type: table.Type{Kind: table.Array, Element: &table.Type{Kind: table.Double}}}}}}).Draw(t, "table")
		x := of.Infer(seen(t, lines...))
		if x.Lines() {
			return
		}
		for _, line := range lines {
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			var record map[string]any
			if err := d.Decode(&record); err != nil {
				t.Fatal(err)
			}
			if what := lostMembers(x.Columns, record); what != "" {
				t.Fatalf("%s: %s\ncolumns %q", line, what, spelt(x.Columns))
			}
		}
	})
}

// A member comes, goes and changes its type. The DDL follows, and lines that were written before can be read under it.
func TestTheDDLFollowsDriftAndEarlierLinesStayReadable(t *testing.T) {
	before := []string{`{"Id":1,"Net":120.0,"Paid":"Check","Seller":{"Id":7}}`, `{"Id":2,"Net":7,"Paid":"Cash","Seller":null}`}
	for name, test := range map[string]struct {
		after string
		want  map[string]string // statement's column -> type, of those that differ; "" was not there
		drift []string
	}{
		"nothing": {`{"Id":3,"Net":1,"Paid":"Cash","Seller":{"Id":8}}`, nil, nil},
		"added":   {`{"Id":3,"Net":1,"Paid":"Cash","Seller":{"Id":8,"Vip":true},"Scale":4}`, map[string]string{"seller": "struct<id:bigint,vip:boolean>", "scale": "bigint"}, []string{"appeared Scale", "appeared Seller.Vip"}},
		"removed": {`{"Id":3,"Net":1,"Seller":{"Id":8}}`, nil, []string{"vanished Paid"}},
		"retyped": {`{"Id":18446744073709551616,"Net":"1","Paid":null,"Seller":"Tran"}`, map[string]string{"id": "string", "net": "string", "seller": "string"}, []string{"retyped Id", "retyped Net", "retyped Seller"}},
		"widened": {`{"Id":3.5,"Net":1,"Paid":"Cash","Seller":{"Id":8}}`, map[string]string{"id": "double"}, []string{"retyped Id"}},
	} {
		t.Run(name, func(t *testing.T) {
			old, now := columnsOf(t, purchases(t, before...)), columnsOf(t, purchases(t, append(before, test.after)...))
			for column, of := range test.want {
				old[column] = of
			}
			if diff := cmp.Diff(old, now); diff != "" {
				t.Errorf("columns of the DDL (-expected +found)\n%s", diff)
			}
			x := purchases(t, append(before, test.after)...)
			for _, line := range append(before, test.after) {
				d := json.NewDecoder(strings.NewReader(line))
				d.UseNumber()
				var record map[string]any
				if err := d.Decode(&record); err != nil {
					t.Fatal(err)
				}
				if what := lostMembers(x.Columns, record); what != "" {
					t.Errorf("%s: %s", line, what)
				}
			}
			var told []string
			a, b := &inferred.Schema{}, &inferred.Schema{}
			for _, line := range before {
				_ = a.Observe([]byte(line))
			}
			_ = b.Observe([]byte(test.after))
			for _, d := range inferred.Diff(a, b) {
				told = append(told, string(d.Change)+" "+d.Path)
			}
			if diff := cmp.Diff(test.drift, told); diff != "" {
				t.Errorf("drift (-expected +told)\n%s", diff)
			}
		})
	}
}

// columnsOf reads the columns out of a table's DDL.
func columnsOf(t *testing.T, x table.Table) map[string]string {
	t.Helper()
	_, text, _ := strings.Cut(table.Snippets{Table: x}.Athena(), "(\n")
	text, _, ok := strings.Cut(text, "\n)\n")
	if !ok {
		t.Fatalf("no columns in %s", text)
	}
	found := map[string]string{}
	for line := range strings.Lines(text) {
		name, of, _ := strings.Cut(strings.Trim(line, " ,\n"), " ")
		found[strings.Trim(name, "`")] = of
	}
	return found
}
