package schema_test

import (
	"encoding/json"
	"testing"

	"yardstick/pkg/schema"

	"github.com/google/go-cmp/cmp"
)

func drifts(before, after *schema.Schema) []string {
	all := []string{}
	for _, d := range schema.Diff(before, after) {
		all = append(all, string(d.Change)+" "+d.Path)
	}
	return all
}

func TestDriftIsOfMembersAndTypes(t *testing.T) {
	for name, test := range map[string]struct {
		before, after []string
		want          []string
	}{
		"the same":                        {[]string{`{"a":1,"b":[{"c":null}]}`}, []string{`{"b":[{"c":null}],"a":7}`}, nil},
		"nothing read":                    {[]string{`{"a":1}`}, nil, nil},
		"nothing known":                   {nil, []string{`{"a":1}`}, nil},
		"a member more":                   {[]string{`{"a":1}`}, []string{`{"a":1,"b":{"c":1}}`, `{"a":1}`}, []string{"appeared b"}},
		"a member less":                   {[]string{`{"a":1,"b":{"c":1}}`, `{"a":1,"b":null}`}, []string{`{"a":1}`}, []string{"vanished b"}},
		"a member that some records have": {[]string{`{"a":1,"b":1}`, `{"a":1}`}, []string{`{"a":1}`}, nil},
		"renamed in case":                 {[]string{`{"Id":1}`}, []string{`{"id":1}`}, []string{"vanished Id", "appeared id"}},
		"within":                          {[]string{`{"a":[{"b":1,"c":{"d":1}}]}`}, []string{`{"a":[{"b":1,"c":{"e":1}},{"c":{}}]}`}, []string{"vanished a[].c.d", "appeared a[].c.e"}},
		"vanished within":                 {[]string{`{"a":[{"b":1},{"b":2}]}`}, []string{`{"a":[{}]}`}, []string{"vanished a[].b"}},
		"no elements":                     {[]string{`{"a":[{"b":1}]}`}, []string{`{"a":[]}`}, nil},
		"text for a number":               {[]string{`{"a":1}`}, []string{`{"a":"1"}`}, []string{"retyped a"}},
		"a list for its element":          {[]string{`{"a":{"b":1}}`}, []string{`{"a":[{"b":1}]}`}, []string{"retyped a"}},
		"a kind more":                     {[]string{`{"a":1}`}, []string{`{"a":1}`, `{"a":true}`}, []string{"retyped a"}},
		"a kind less":                     {[]string{`{"a":1}`, `{"a":true}`}, []string{`{"a":1}`}, nil},
		"a value where there was null":    {[]string{`{"a":null}`}, []string{`{"a":1}`}, []string{"retyped a"}},
		"null where there was a value":    {[]string{`{"a":1}`}, []string{`{"a":null}`}, nil},
		"a fraction":                      {[]string{`{"a":1}`}, []string{`{"a":1.5}`}, []string{"retyped a"}},
		"a whole number of decimals":      {[]string{`{"a":1.5}`}, []string{`{"a":2}`}, nil},
		"a larger id":                     {[]string{`{"a":1}`}, []string{`{"a":9007199254740993}`}, nil},
		"an id too large":                 {[]string{`{"a":1}`}, []string{`{"a":99999999999999999999}`}, []string{"retyped a"}},
		"more digits":                     {[]string{`{"a":1.5}`}, []string{`{"a":1.000000000000000000001}`}, []string{"retyped a"}},
		"another element":                 {[]string{`{"a":[1]}`}, []string{`{"a":["1"]}`}, []string{"retyped a[]"}},
		"odd names":                       {[]string{`{"":1,"a.b":1,"c\n":1}`}, []string{`{"\"q":1}`}, []string{`vanished ""`, `vanished "a.b"`, `vanished "c\n"`, `appeared "\"q"`}},
		"no object any more":              {[]string{`{"a":1}`}, []string{`[1]`}, []string{"retyped "}},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := of(t, test.before...), of(t, test.after...)
			got := drifts(before, after)
			if diff := cmp.Diff(append([]string{}, test.want...), got, cmp.Transformer("set", func(all []string) map[string]bool {
				set := map[string]bool{}
				for _, s := range all {
					set[s] = true
				}
				return set
			})); diff != "" {
				t.Errorf("(-expected +told)\n%s", diff)
			}
			before.Merge(after)
			if again := drifts(before, after); len(again) > 0 {
				t.Errorf("told again once it is merged: %q", again)
			}
		})
	}
}

func TestDriftHasCountsAndNoValues(t *testing.T) {
	text, err := json.Marshal(schema.Diff(of(t, `{"Price":1}`, `{"Price":null}`), of(t, `{"Price":"two","Unit":"lb"}`)))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"path":"Price","change":"retyped","before":{"integer":1,"null":1},"after":{"string":1}},` +
		`{"path":"Unit","change":"appeared","before":{},"after":{"string":1}}]`
	if string(text) != want {
		t.Errorf("found %s, expected %s", text, want)
	}
}
