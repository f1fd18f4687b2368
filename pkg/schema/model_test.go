package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"yardstick/pkg/schema"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// names that are the same, or nearly, however they are spelt
var names = []string{`"a"`, `"A"`, `"\u0061"`, `"b"`, `"Lines"`, `"lines"`, `"é"`, `"\ud83d"`, `""`, `"a.b"`}

var scalars = []string{`null`, `true`, `"x"`, `"\udc00"`, `0`, `12.50`, `9007199254740993`, `99999999999999999999`, `1e400`, `0.12345678901234567890`}

// values draws JSON, at times with an object so wide that its names are not kept.
func values(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		form := rapid.IntRange(0, 9).Draw(t, "form")
		switch {
		case depth == 0 || form < 4:
			return rapid.SampledFrom(scalars).Draw(t, "scalar")
		case form < 6:
			return "[" + strings.Join(rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "elements"), ",") + "]"
		}
		var members []string
		if rapid.IntRange(0, 30).Draw(t, "wide") == 0 {
			first := rapid.IntRange(0, 3).Draw(t, "first") * 100
			for i := range rapid.IntRange(100, 300).Draw(t, "width") {
				members = append(members, fmt.Sprintf(`"n%d":1`, first+i))
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "members") {
			members = append(members, rapid.SampledFrom(names).Draw(t, "name")+":"+values(depth-1).Draw(t, "value"))
		}
		return "{" + strings.Join(members, ",") + "}"
	})
}

func TestTheOrderOfMergingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(values(3), 0, 12).Draw(t, "lines")
		parts := [3]*schema.Schema{{}, {}, {}}
		whole := &schema.Schema{}
		for _, line := range lines {
			part := parts[rapid.IntRange(0, 2).Draw(t, "part")]
			if whole.Observe([]byte(line)) != nil || part.Observe([]byte(line)) != nil {
				t.Fatalf("%s was refused", line)
			}
		}
		want := text(t, whole)
		stored := &schema.Schema{} // as a run finds what earlier ones saw
		if err := json.Unmarshal([]byte(text(t, parts[2])), stored); err != nil {
			t.Fatal(err)
		}
		parts[2] = stored
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
			merged := &schema.Schema{}
			for _, i := range order {
				merged.Merge(parts[i])
			}
			if diff := cmp.Diff(want, text(t, merged)); diff != "" {
				t.Fatalf("order %v (-observed by one +merged)\n%s", order, diff)
			}
		}
		last := &schema.Schema{} // 0 + (1 + 2)
		last.Merge(parts[1])
		last.Merge(parts[2])
		parts[0].Merge(last)
		if diff := cmp.Diff(want, text(t, parts[0])); diff != "" {
			t.Fatalf("the last two first (-observed by one +merged)\n%s", diff)
		}
	})
}

func text(t *rapid.T, s *schema.Schema) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// count is an oracle: encoding/json's tokens, counted by path and kind.
func count(d *json.Decoder, path string, into map[string]int64) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	kind := schema.Null
	switch v := token.(type) {
	case json.Delim:
		kind = schema.Array
		if v == '{' {
			kind = schema.Object
		}
		for d.More() {
			below := path + "[]"
			if kind == schema.Object {
				name, err := d.Token()
				if err != nil {
					return err
				}
				below = path + "/" + strconv.Quote(name.(string))
			}
			if err := count(d, below, into); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return err
		}
	case string:
		kind = schema.String
	case bool:
		kind = schema.Boolean
	case json.Number:
		kind = kindOf(v.String())
	}
	into[path+" "+string(kind)]++
	return nil
}

// kindOf decides by exact arithmetic.
func kindOf(number string) schema.Kind {
	if n, whole := new(big.Int).SetString(number, 10); whole {
		switch {
		case !n.IsInt64():
			return schema.IntegerBeyond
		case n.CmpAbs(big.NewInt(1<<53)) > 0:
			return schema.Integer64
		}
		return schema.Integer
	}
	digits, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	if strings.Trim(digits, "-0.") == "" {
		return schema.Decimal
	}
	if e, err := strconv.Atoi(exponent); exponent != "" && (err != nil || e > 1000+len(digits) || e < -1000-len(digits)) {
		return schema.DecimalBeyond // too far for arithmetic, and for a double
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return schema.DecimalBeyond
	}
	sent, _ := new(big.Rat).SetString(number)
	shown, _ := new(big.Rat).SetString(strconv.FormatFloat(value, 'g', -1, 64))
	if sent.Cmp(shown) == 0 {
		return schema.Decimal
	}
	return schema.DecimalBeyond
}

// flat is a schema as the oracle counts; ok is false where an object is open.
func flat(v schema.Value, path string, into map[string]int64) (ok bool) {
	ok = !v.Open
	for kind, n := range v.Kinds {
		into[path+" "+string(kind)] = n
	}
	for _, m := range v.Members {
		ok = flat(m.Value, path+"/"+strconv.Quote(m.Name), into) && ok
	}
	if v.Elements != nil {
		ok = flat(*v.Elements, path+"[]", into) && ok
	}
	return ok
}

func agrees(t interface {
	Helper()
	Fatalf(string, ...any)
	Fatal(...any)
}, line []byte) {
	t.Helper()
	s := &schema.Schema{}
	err := s.Observe(line)
	if valid := json.Valid(line); valid != (err == nil) {
		t.Fatalf("valid is %t: %v", valid, err)
	}
	if err != nil || !utf8.Valid(line) {
		return
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	want, got := map[string]int64{}, map[string]int64{}
	if err := count(d, "", want); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if !flat(s.Document().Value, "", got) {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-encoding/json +schema)\n%s", diff)
	}
}

func TestKindsAreThoseOfEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agrees(t, []byte(values(4).Draw(t, "line")))
	})
}

func FuzzObserve(f *testing.F) {
	for _, line := range append(purchases, `{"a":[1,-0.5e-3,{"b":[]}]}`, `"\ud800"`, ` [ ] `, `{"a":1}x`, "\xff", `1e-400`, `-`, `{"a":{}}{}`) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) { agrees(t, line) })
}
