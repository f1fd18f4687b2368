package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"yardstick/pkg/golden"
	"yardstick/pkg/schema"

	"github.com/google/go-cmp/cmp"
)

// of is the schema of lines.
func of(t testing.TB, lines ...string) *schema.Schema {
	t.Helper()
	s := &schema.Schema{}
	for _, line := range lines {
		if err := s.Observe([]byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return s
}

// spelt is a schema as it is written.
func spelt(t testing.TB, s *schema.Schema) string {
	t.Helper()
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// purchases have what a yard sends, and what it might: ids beyond 64 bits, a member that is sometimes an object.
var purchases = []string{
	`{"Id":134750000001,"TicketNumber":"20261123-0001","BusinessId":null,"Lines":[{"Line":1,"Net":120.0,"Price":2.8200}],"Seller":"Tran","IsVoid":false}`,
	`{"Id":18446744073709551616,"TicketNumber":"20261123-0002","BusinessId":501,"Lines":[],"Seller":{"First":"Quentin"},"IsVoid":true}`,
	`{"Id":9007199254740993,"TicketNumber":"20261123-0003","Weigher":"tk","BusinessId":null,"Lines":[{"Line":1,"Net":12.345678901234567891,"Price":3},` +
		`{"Line":2,"Net":7,"Price":null}],"Seller":null,"isVoid":true,"IsVoid":true}`,
	`{"Id":1,"Id":2,"Seller":"\ud83d","Lines":[]}`,
}

func TestSchemaIsGoldenAndHasNoValue(t *testing.T) {
	text := spelt(t, of(t, purchases...))
	golden.Compare(t, "testdata/purchases.json", text)
	for _, value := range []string{"Tran", "Quentin", "134750000001", "20261123", "2.82", "tk"} {
		if strings.Contains(text, value) {
			t.Errorf("the schema holds the value %s", value)
		}
	}
}

func TestASchemaThatWasReadBackGoesOn(t *testing.T) {
	var read schema.Schema
	if err := json.Unmarshal([]byte(spelt(t, of(t, purchases[:2]...))), &read); err != nil {
		t.Fatal(err)
	}
	for _, line := range purchases[2:] {
		if err := read.Observe([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(spelt(t, of(t, purchases...)), spelt(t, &read)); diff != "" {
		t.Errorf("(-observed at once +read back between)\n%s", diff)
	}
}

func TestNoSchemaIsRefusedByWhatItIs(t *testing.T) {
	for text, told := range map[string]string{
		`{"version":2,"records":0,"kinds":{}}`:                                     "found version 2, expected 1",
		`{"version":1,"records":1,"kinds":{"date":1}}`:                             `found 1 of kind "date"`,
		`{"version":1,"records":1,"kinds":{"object":-1}}`:                          `found -1 of kind "object"`,
		`{"version":1,"kinds":{"object":1},"members":[{"name":"a"},{"name":"a"}]}`: `found member "a" twice`,
		`[]`: "cannot unmarshal array",
	} {
		s := of(t, `{"a":1}`)
		if err := json.Unmarshal([]byte(text), s); err == nil || !strings.Contains(err.Error(), told) {
			t.Errorf("%s: %v, expected %q", text, err, told)
		}
		if s.Records() != 1 {
			t.Errorf("%s: the schema lost what it had", text)
		}
	}
}

func TestKindsOfNumbers(t *testing.T) {
	for want, numbers := range map[schema.Kind][]string{
		schema.Integer:       {"0", "-0", "7", "-9007199254740992", "9007199254740992"},
		schema.Integer64:     {"9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808"},
		schema.IntegerBeyond: {"9223372036854775808", "-9223372036854775809", "18446744073709551615", strings.Repeat("9", 400)},
		schema.Decimal: {"0.0", "-0.0", "0e999999999999999999999", "1.5", "338.40", "2.8200", "120.0", "0.1", "1e3", "1E+3", "0.6578947368421053",
			"1.7976931348623157e308", "5e-324", "0.000001000", "100000000000000000000.0", "1.0" + strings.Repeat("0", 400)},
		schema.DecimalBeyond: {"12.34567890123456789", "0.10000000000000000001", "1e400", "-1e400", "1e-400", "4e-324", "1e99999999999999999999",
			"9007199254740993.0", "0." + strings.Repeat("0", 400) + "1", "1." + strings.Repeat("0", 40) + "1"},
	} {
		for _, number := range numbers {
			if got := of(t, number).Document().Kinds; len(got) != 1 || got[want] != 1 {
				t.Errorf("%.40s is %v, expected %s", number, got, want)
			}
		}
	}
}

func TestRecordsThatSomeReadersCannotTakeAreCounted(t *testing.T) {
	for line, want := range map[string]schema.Unreadable{
		`{"a":1,"a":2}`:                               {Records: 1, RepeatedNames: 1},
		`{"a":1,"\u0061":2}`:                          {Records: 1, RepeatedNames: 1},
		`{"a":1,"A":2}`:                               {Records: 1, NamesByCase: 1},
		`{"a":1,"A":2,"a":3}`:                         {Records: 1, RepeatedNames: 1, NamesByCase: 1},
		`{"é":1,"É":2}`:                               {Records: 1, NamesByCase: 1},
		`{"k":1,"K":2}`:                               {Records: 1, NamesByCase: 1},
		`{"a":1,"b":{"A":2}}`:                         {},
		`{"a":[{"x":1},{"x":2},{"X":3}]}`:             {},
		`{"a":[{"x":1,"X":1},{"x":2,"X":1},{"X":3}]}`: {Records: 1, NamesByCase: 1},
		`{"a":"\ud83d\ude00","b":"\\ud83d"}`:          {},
		`{"a":"\ud83d"}`:                              {Records: 1, LoneSurrogates: 1},
		`{"a":"\ude00\ud83d"}`:                        {Records: 1, LoneSurrogates: 1},
		`{"a":"\ud83d\u0041"}`:                        {Records: 1, LoneSurrogates: 1},
		`{"a":"\ud83d\\ude00"}`:                       {Records: 1, LoneSurrogates: 1},
		`{"a":"\uD83Dx"}`:                             {Records: 1, LoneSurrogates: 1},
		`{"\ud83d":1}`:                                {Records: 1, LoneSurrogates: 1},
		"{\"a\":\"\xff\"}":                            {Records: 1, InvalidUTF8: 1},
		"{\"a\":\"\xff\",\"b\":\"\\udc00\",\"b\":1}":  {Records: 1, InvalidUTF8: 1, LoneSurrogates: 1, RepeatedNames: 1},
	} {
		s := of(t, line)
		if got := s.Unreadable(); got != want {
			t.Errorf("%s: %+v, expected %+v", line, got, want)
		}
		again := of(t, line, line)
		twice := schema.Unreadable{Records: 2 * want.Records, RepeatedNames: 2 * want.RepeatedNames, NamesByCase: 2 * want.NamesByCase,
			LoneSurrogates: 2 * want.LoneSurrogates, InvalidUTF8: 2 * want.InvalidUTF8}
		if got := again.Unreadable(); got != twice {
			t.Errorf("%s seen twice: %+v, expected %+v", line, got, twice)
		}
	}
}

// The names of a dictionary are data: they are in no schema, and cost no memory.
func TestNamesOfADictionaryAreNotKept(t *testing.T) {
	line := func(first, n int) string {
		var members []string
		for i := range n {
			members = append(members, `"seller `+strings.Repeat("x", first+i)+`":{"paid":1}`)
		}
		return `{"by_seller":{` + strings.Join(members, ",") + `},"id":1}`
	}
	s := of(t, line(0, 200), line(100, 200), `{"id":2,"by_seller":{"A":1,"a":2,"a":3}}`)
	d := s.Document()
	if len(d.Members) != 2 || !d.Members[0].Open || d.Members[0].Members != nil || d.Members[0].Records != 3 {
		t.Errorf("found %d members, expected an open object and an id", len(d.Members))
	}
	if strings.Contains(spelt(t, s), "seller x") {
		t.Error("the schema holds names of a dictionary")
	}
	if u := s.Unreadable(); u.RepeatedNames != 1 || u.NamesByCase != 1 {
		t.Errorf("%+v, expected the faults of the dictionary", u)
	}
}

func TestALineThatIsNotOneValueCountsForNothingAndIsNotQuoted(t *testing.T) {
	s := of(t, `{"a":1}`)
	before := spelt(t, s)
	for _, line := range []string{``, ` `, `{`, `{"secret":1`, `{"secret":01}`, `{"secret":tru}`, `{"a":1}{"secret":2}`, `{"a":1} secret`, `secret`, `]`, `{"a",1}`,
		"{\"a\":\"\x01\"}", strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)} {
		err := s.Observe([]byte(line))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40s: %v, expected an error that does not quote it", line, err)
		}
	}
	if diff := cmp.Diff(before, spelt(t, s)); diff != "" {
		t.Error(diff)
	}
	if err := s.Observe([]byte(strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999))); err != nil {
		t.Error(err)
	}
}
