package snapshot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCollisionsAreNamed(t *testing.T) {
	for _, c := range []struct {
		name, omit, record string
		want               []string
	}{
		{"none", "", `{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}],"ab":5}`, nil},
		{"repeated", "", `{"a":1,"b":2,"a":3}`, []string{"a"}},
		{"in another case", "", `{"PurchaseId":1,"purchaseID":2}`, []string{"purchaseid"}},
		{"three times", "", `{"a":1,"A":2,"a":3}`, []string{"a"}},
		{"several, sorted", "", `{"b":1,"a":2,"A":3,"B":4}`, []string{"a", "b"}},
		{"nested", "", `{"x":[{"y":{"a":1,"A":2}}]}`, []string{"a"}},
		{"after an inner object", "", `{"a":1,"x":{"b":1},"A":2}`, []string{"a"}},
		{"inner and outer", "", `{"a":{"a":1},"b":{"A":1}}`, nil},
		{"escaped", "", `{"a":1,"\u0041":2}`, []string{"a"}},
		{"escaped before plain", "", `{"\u0041":1,"a":2}`, []string{"a"}},
		{"beyond ASCII", "", `{"größe":1,"GRÖßE":2,"x":3}`, []string{"größe"}},
		{"Kelvin", "", `{"k":1,"\u212a":2}`, []string{"k"}},
		{"letters alike in 5 bits", "", `{"@a":1,"` + "`" + `a":2,"[":3,"{":4,"_":5}`, nil},
		{"empty name", "", `{"":1,"":2}`, []string{""}},
		{"prefix", "", `{"ab":1,"abc":2,"a":3}`, nil},
		{"left out", "/a", `{"a":1,"a":2,"b":3}`, nil},
		{"one of two left out", "/A", `{"a":1,"A":2}`, nil},
		{"inside what is left out", "/a", `{"a":{"x":1,"X":2,"y":[{"z":1,"z":2}]},"b":3}`, nil},
		{"after what is left out", "/a", `{"a":{"x":1},"b":{"x":1,"X":2}}`, []string{"x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := encoder(t, strings.Fields(c.omit)...)
			line(t, e, c.record)
			if diff := cmp.Diff(c.want, e.Collisions(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.record, diff)
			}
		})
	}
}

func TestCollisionsGatherOverAllLinesUpToTwenty(t *testing.T) {
	e := encoder(t)
	line(t, e, `{"z":1,"Z":2}`)
	line(t, e, `{"a":1}`)
	line(t, e, `{"A":1}`) // of another record
	line(t, e, `{"b":1,"B":2}`)
	if diff := cmp.Diff([]string{"b", "z"}, e.Collisions()); diff != "" {
		t.Error(diff)
	}
	for i := range 30 {
		line(t, e, fmt.Sprintf(`{"m%02d":1,"M%02d":2}`, i, i))
	}
	if names := e.Collisions(); len(names) != 20 || names[0] != "b" || names[18] != "m17" || names[19] != "z" {
		t.Errorf("%q", names)
	}
}

// Names of inner objects lie beside those of the outer one, and must not be taken for its own.
func TestInnerObjectsLeaveNoNamesBehind(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, `"outer%d":{"m%d":[{"m%d":0}]},`, i, i, i+300)
	}
	for i := range 600 {
		fmt.Fprintf(&b, `"m%d":0,`, i)
	}
	e := encoder(t)
	line(t, e, `{`+b.String()+`"other":0}`)
	if names := e.Collisions(); len(names) != 0 {
		t.Errorf("%q", names)
	}
}

func TestCollisionsAreFoundInWideObjects(t *testing.T) {
	for _, width := range []int{1, 40, 511, 512, 513, 514, 1000, 20_000} {
		for _, again := range []string{"m0", "M0", fmt.Sprintf("M%d", width-1), fmt.Sprintf(`\u004d%d`, width/2)} {
			var b strings.Builder
			for i := range width {
				fmt.Fprintf(&b, `"m%d":0,`, i)
			}
			e := encoder(t)
			line(t, e, `{`+b.String()+`"other":0}`)
			if names := e.Collisions(); len(names) != 0 {
				t.Fatalf("%d members: %q", width, names)
			}
			line(t, e, `{`+b.String()+`"`+again+`":0}`)
			if names := e.Collisions(); len(names) != 1 || names[0] != strings.ToLower(unquoted(`"`+again+`"`)) {
				t.Fatalf("%d members and %s: %q", width, again, names)
			}
		}
	}
}
