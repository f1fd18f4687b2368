package snapshot_test

import (
	"strings"
	"testing"

	"yardstick/pkg/snapshot"
)

func TestOmitLeavesOutWhatItNames(t *testing.T) {
	for _, c := range []struct {
		name, omit, record, want string
	}{
		{"only member", "/a", `{"a":1}`, `{}`},
		{"first member", "/a", `{"a":1,"b":2,"c":3}`, `{"b":2,"c":3}`},
		{"middle member", "/b", `{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`},
		{"last member", "/c", `{"a":1,"b":2,"c":3}`, `{"a":1,"b":2}`},
		{"first two", "/a /b", `{ "a" : 1 , "b" : 2 , "c" : 3 }`, `{"c":3}`},
		{"first and last", "/a /c", `{ "a" : 1 , "b" : 2 , "c" : 3 }`, `{"b":2}`},
		{"last two", "/b /c", `{ "a" : 1 , "b" : 2 , "c" : 3 }`, `{"a":1}`},
		{"every member", "/a /b /c", `{ "a" : 1 , "b" : 2 , "c" : 3 }`, `{}`},
		{"every occurrence", "/a", `{"a":1,"b":2,"a":{"a":3},"a":[]}`, `{"b":2}`},
		{"not another case", "/a", `{"A":1,"a":2}`, `{"A":1}`},
		{"not deeper", "/a", `{"b":{"a":1},"c":[{"a":2}]}`, `{"b":{"a":1},"c":[{"a":2}]}`},
		{"nested", "/a/b/c", `{"a":{"b":{"c":1,"d":2}},"c":3}`, `{"a":{"b":{"d":2}},"c":3}`},
		{"nested, all that is there", "/a/b", `{"a":{"b":1},"c":3}`, `{"a":{},"c":3}`},
		{"within every occurrence", "/a/b", `{"a":{"b":1},"a":{"b":2,"c":3}}`, `{"a":{},"a":{"c":3}}`},
		{"whole and part of it", "/a /a/b", `{"a":{"b":1},"c":2}`, `{"c":2}`},
		{"an object", "/a", `{"a":{"x":[1,{"y":"}"}]},"b":1}`, `{"b":1}`},
		{"text with brackets", "/a", `{"a":"\"},{[","b":1}`, `{"b":1}`},
		{"array index", "/a/1", `{"a":[0,1,2]}`, `{"a":[0,2]}`},
		{"first element", "/a/0", `{"a":[0,1,2]}`, `{"a":[1,2]}`},
		{"last element", "/a/2", `{"a":[ 0 , 1 , 2 ]}`, `{"a":[0,1]}`},
		{"only element", "/a/0", `{"a":[0]}`, `{"a":[]}`},
		{"indexes of the record as sent", "/a/0 /a/1", `{"a":[0,1,2,3]}`, `{"a":[2,3]}`},
		{"element of a high index", "/123", `[` + strings.Repeat(`0,`, 123) + `"x",1]`, `[` + strings.Repeat(`0,`, 123) + `1]`},
		{"member of an element", "/a/0/b", `{"a":[{"b":1,"c":2},{"b":3}]}`, `{"a":[{"c":2},{"b":3}]}`},
		{"array in an array", "/0/0", `[[1,2],[3]]`, `[[2],[3]]`},
		{"number as a name", "/a/0", `{"a":{"0":1,"00":2}}`, `{"a":{"00":2}}`},
		{"no index with zeros before", "/a/00", `{"a":[0,1]}`, `{"a":[0,1]}`},
		{"index past the end", "/a/9", `{"a":[0,1]}`, `{"a":[0,1]}`},
		{"end of an array", "/a/-", `{"a":[0,1]}`, `{"a":[0,1]}`},
		{"missing", "/x /a/x /a/b/x", `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{"through a scalar", "/a/b", `{"a":"b"}`, `{"a":"b"}`},
		{"of a scalar", "/a", `"a"`, `"a"`},
		{"empty name", "/", `{"":1,"a":2}`, `{"a":2}`},
		{"empty names", "//a", `{"":{"a":1,"b":2}}`, `{"":{"b":2}}`},
		{"tilde", "/a~0b", `{"a~b":1,"a~0b":2}`, `{"a~0b":2}`},
		{"slash", "/a~1b", `{"a/b":1,"a":{"b":2}}`, `{"a":{"b":2}}`},
		{"tilde and one", "/~01", `{"~1":1,"/":2}`, `{"/":2}`},
		{"escaped name", "/DriverLicense", `{"Driver\u004cicense":1,"DriverLicense":2,"x":3}`, `{"x":3}`},
		{"escaped slash in a name", "/a~1b", `{"a\/b":1}`, `{}`},
		{"name beyond ASCII", "/Größe", `{"Gr\u00f6\u00DFe":1,"Größe":2,"x":3}`, `{"x":3}`},
		{"surrogate pair in a name", "/😀", `{"\ud83d\ude00":1,"x":3}`, `{"x":3}`},
		{"space everywhere", "/b", " {\n \"a\" : 1 ,\n \"b\" : { \"c\" : [ ] } ,\n \"d\" : 2\n} ", `{"a":1,"d":2}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := line(t, encoder(t, strings.Fields(c.omit)...), c.record); got != c.want {
				t.Errorf("%s less %s is %s, expected %s", c.record, c.omit, got, c.want)
			}
		})
	}
}

func TestOmitRefusesWhatIsNoPointerToAMember(t *testing.T) {
	for _, pointer := range []string{"", "DriverLicense", "a/b", "#/a", "$.a", " /a", "/a~", "/a~2b", "/~a", "/a/~", "/~~0"} {
		e, err := snapshot.NewEncoder([]string{"/good", pointer})
		if err == nil || e != nil {
			t.Errorf("%q was taken", pointer)
		} else if said := err.Error(); !strings.HasPrefix(said, `omit "`+pointer+`": expected `) {
			t.Errorf("%q: %s", pointer, said)
		}
	}
}
