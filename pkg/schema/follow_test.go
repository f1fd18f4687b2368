package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// pair observes each line twice: in the way that is fastest, and by parsing it.
type pair struct{ fast, parsed schema.Schema }

func (p *pair) observe(t interface {
	Helper()
	Fatalf(string, ...any)
}, line []byte) {
	t.Helper()
	got, want := p.fast.Observe(line), p.parsed.Parse(line)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%q: %v, parsed: %v", line, got, want)
	}
	if want, got := p.parsed.Document(), p.fast.Document(); !reflect.DeepEqual(got, want) {
		t.Fatalf("%q (-parsed +observed)\n%s", line, cmp.Diff(want, got))
	}
}

func (p *pair) reset() {
	p.fast.Reset()
	p.parsed.Reset()
}

// wide draws objects that are, one alone or some together, too wide to keep their names.
var wide = rapid.Custom(func(t *rapid.T) string {
	first, width := rapid.IntRange(0, 5).Draw(t, "first")*100, rapid.IntRange(1, 6).Draw(t, "width")*100
	members := []string{}
	for i := range width {
		members = append(members, fmt.Sprintf(`"n%d":1`, first+i))
	}
	form := rapid.SampledFrom([]string{`{"a":{%s},"b":1}`, `{"b":{"a":[{%s}]}}`, `[{%s}]`, `{"a":{"b":{%s},"é":{"A":1}}}`}).Draw(t, "form")
	return fmt.Sprintf(form, strings.Join(members, ","))
})

// spoilt draws a line that is like one that was there, less some bytes, or with others for them.
func spoilt(t *rapid.T, line string) string {
	from := rapid.IntRange(0, len(line)).Draw(t, "from")
	to := rapid.IntRange(from, min(len(line), from+3)).Draw(t, "to")
	return line[:from] + rapid.SampledFrom([]string{"", " ", "1", "0.5", "-", "é", "\xff", `\n`, `\u00`, `"`, ",", "}", `,"b":1`, "\n"}).Draw(t, "with") + line[to:]
}

func TestALineCountsTheSameWhetherItIsFollowedOrParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pair
		var before []string
		for range rapid.IntRange(1, 12).Draw(t, "lines") {
			var line string
			switch form := rapid.IntRange(0, 9).Draw(t, "as"); {
			case form < 4 || len(before) == 0:
				line = rapid.OneOf(values(3), values(3), wide).Draw(t, "line")
				before = append(before, line)
			case form < 7:
				line = rapid.SampledFrom(before).Draw(t, "again")
			default:
				line = spoilt(t, rapid.SampledFrom(before).Draw(t, "spoilt"))
			}
			p.observe(t, []byte(line))
			if rapid.IntRange(0, 9).Draw(t, "reset") == 0 {
				p.reset()
			}
		}
	})
}

// shape and reversed are lines with the same members.
const (
	shape    = `{"Id":1,"Name":"é","Lines":[{"Net":1.5,"Unit":"lb"},{"Net":2,"Note":null}],"Ok":true,"Tags":["a"],"Café":{"x":{}},"None":[]}`
	reversed = `{"None":[],"Café":{"x":{}},"Tags":["a"],"Ok":true,"Lines":[{"Unit":"lb","Net":2}],"Name":"é","Id":1}`
)

func TestLikeLinesAreFollowed(t *testing.T) {
	for name, line := range map[string]string{
		"the same":          shape,
		"other values":      `{"Id":-9007199254740993,"Name":"","Lines":[],"Ok":false,"Tags":[1,"b"],"Café":null,"None":0.6578947368421053}`,
		"other kinds":       `{"Id":{},"Name":[],"Lines":true,"Ok":1.0,"Tags":"x","Café":[],"None":{}}`,
		"long numbers":      `{"Id":99999999999999999999,"Name":12.34567890123456789012}`,
		"accents":           `{"Id":1,"Name":"Zoë Ångström, 北京 😀 und so weiter"}`,
		"escapes":           `{"Id":1,"Name":"a \"b\" c\\d\/e\b\f\n\r\t \u00e9\u20AC"}`,
		"members missing":   `{"Name":"x","Ok":true,"None":1}`,
		"another order":     `{"None":[],"Id":1,"Café":{"x":{}},"Ok":true,"Name":"x"}`,
		"no members at all": `{}`,
		"not even members":  `null`,
	} {
		s, p := of(t, shape, reversed), pair{}
		for _, line := range []string{line, shape, line, reversed, line} { // each time another order was the last
			if !s.Follows([]byte(line)) {
				t.Errorf("%s: it was not followed: %s", name, line)
			}
			p.observe(t, []byte(line))
		}
	}
}

func TestOddLinesAreNotFollowedAndCountForNothing(t *testing.T) {
	for name, line := range map[string]string{
		"white space":           `{"Id": 1}`,
		"white space at an end": `{"Id":1} `,
		"a line's end":          `{"Id":1}` + "\n",
		"an unknown member":     `{"Id":1,"New":1}`,
		"a member twice":        `{"Id":1,"Id":1}`,
		"members by case":       `{"Id":1,"id":1}`,
		"a member's other name": `{"\u0049d":1}`,
		"a member further on":   `{"Id":1,"Name":1,"Lines":1,"Ok":1,"Tags":1,"Café":{"x":1},"None":[1]}`,
		"half a character":      `{"Id":1,"Name":"\ud83d"}`,
		"no UTF-8":              "{\"Id\":1,\"Name\":\"\xff\"}",
		"a control character":   "{\"Id\":1,\"Name\":\"a\x1fbcdefghijk\"}",
		"no escape":             `{"Id":1,"Name":"\x"}`,
		"half an escape":        `{"Id":1,"Name":"\u00g0"}`,
		"an escape at the end":  `{"Id":1,"Name":"\`,
		"a part of one":         `{"Id":1,"Name":"\u00e`,
		"a text at the end":     `{"Id":1,"Name":"abcdefghi`,
		"a number at the end":   `{"Id":1`,
		"an exponent":           `{"Id":1e5}`,
		"a zero before":         `{"Id":01}`,
		"no digit":              `{"Id":-}`,
		"no digit after":        `{"Id":1.}`,
		"no digit before":       `{"Id":.5}`,
		"half a word":           `{"Id":1,"Ok":tru}`,
		"a longer word":         `{"Id":1,"Ok":truer}`,
		"a comma too many":      `{"Id":1,}`,
		"a wrong bracket":       `{"Id":1]`,
		"a wrong one within":    `{"Id":1,"Tags":["a"}}`,
		"no value":              `{"Id":}`,
		"no colon":              `{"Id"}`,
		"a name that is none":   `{Id:1}`,
		"a name without an end": `{"Idxx`,
		"something more":        `{"Id":1}{}`,
		"nothing":               ``,
	} {
		s := of(t, shape, `{}`)
		before := spelt(t, s)
		if s.Follows([]byte(line)) {
			t.Errorf("%s: it was followed: %s", name, line)
		}
		if diff := cmp.Diff(before, spelt(t, s)); diff != "" {
			t.Errorf("%s: it counts\n%s", name, diff)
		}
		p := pair{}
		p.observe(t, []byte(shape))
		p.observe(t, []byte(line))
	}
}

// ahead draws a record, what may stand first in it, and what may stand behind it.
func ahead(t *rapid.T, before *[]string) (head, record, behind string) {
	record = rapid.OneOf(values(2), rapid.SampledFrom(slices.Concat(*before, []string{shape}))).Draw(t, "record")
	if rapid.IntRange(0, 4).Draw(t, "spoilt") == 0 {
		record = spoilt(t, record)
	}
	*before = append(*before, record)
	head = rapid.SampledFrom([]string{``, `{`, `{"Id":7,`, `{"brand":"é","Ok":{},`, `{"brand":1}`, `{"brand":`}).Draw(t, "head")
	return head, record, rapid.SampledFrom([]string{``, `,{"a":1}`, `]`, `}`, ` `}).Draw(t, "behind")
}

// headed is a record's line.
func headed(head, record string) string {
	if len(head) > 1 {
		return head + strings.TrimPrefix(record, "{")
	}
	return record
}

// Records that are followed, several before they are kept, count as their lines do, behind a head too, and are cut into
// their own members. Those that are not kept count for nothing.
func TestRecordsAreFollowedBeforeTheyAreKept(t *testing.T) {
	kept := 0
	rapid.Check(t, func(t *rapid.T) {
		var fast, parsed schema.Schema
		var before, lines []string
		shapes := map[int]string{}
		for range rapid.IntRange(1, 12).Draw(t, "records") {
			head, record, behind := ahead(t, &before)
			text := record + behind
			found := fast.Follow([]byte(head), []byte(text))
			length := found.Length
			if length > 0 && text[0] == '{' {
				holdMembers(t, head, text, found, shapes)
				lines = append(lines, headed(head, text[:length]))
			}
			switch {
			case length > 0 && text[0] == '{' && rapid.Bool().Draw(t, "later"):
				continue
			case length == 0 || text[0] != '{':
				fast.Leave()
				lines = nil
				if line := headed(head, record); fast.Observe([]byte(line)) == nil {
					lines = []string{line}
				}
			}
			for _, line := range lines {
				fast.Keep() // does nothing after Observe
				kept++
				if err := parsed.Parse([]byte(line)); err != nil {
					t.Fatalf("%q is taken: %v", line, err)
				}
			}
			lines = nil
			if want, got := parsed.Document(), fast.Document(); !reflect.DeepEqual(got, want) {
				t.Fatalf("%q (-parsed +followed)\n%s", before, cmp.Diff(want, got))
			}
		}
	})
	if kept == 0 {
		t.Error("no record was kept")
	}
}

// holdMembers holds the members of a record that was found against those that encoding/json sees, and its shape against
// those before.
func holdMembers(t *rapid.T, head, text string, found snapshot.Found, shapes map[int]string) {
	t.Helper()
	record := text[:found.Length]
	var got []string
	for _, v := range found.Values {
		got = append(got, string(v.Of([]byte(text))))
	}
	if _, want := members(t, record); !slices.Equal(got, want) {
		t.Fatalf("%q has the values %q, expected %q", record, got, want)
	}
	names, _ := members(t, headed(head, record))
	if before, known := shapes[found.Shape]; found.Shape == 0 || known && before != fmt.Sprint(names) {
		t.Fatalf("%q behind %q is of the shape %d, which has the names %s", record, head, found.Shape, before)
	}
	shapes[found.Shape] = fmt.Sprint(names)
}

// members are the names and values of an object.
func members(t *rapid.T, record string) (names, values []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(record))
	_, _ = d.Token()
	for d.More() {
		var value json.RawMessage
		name, err := d.Token()
		if err := errors.Join(err, d.Decode(&value)); err != nil {
			t.Fatalf("%q: %v", record, err)
		}
		names, values = append(names, fmt.Sprintf("%q", name)), append(values, string(value))
	}
	return names, values
}

// Records of one form have one shape: only so can one be known by it.
func TestARecordLikeTheOneBeforeHasItsShape(t *testing.T) {
	s := of(t, `{"brand":1,"a":1,"b":"x"}`, `{"brand":1,"b":1,"a":null}`)
	shapes := []int{}
	for _, record := range []string{`{"a":1,"b":2}`, `{"a":2,"b":"y"}`, `{"a":2}`, `{"a":null}`, `{"b":1,"a":1}`, `{"c":1,"a":1}`, `{"b":1,"a":1}`} {
		shapes = append(shapes, s.Follow([]byte(`{"brand":1,`), []byte(record)).Shape)
	}
	for i, same := range []bool{true, false, true, false, false, false} {
		if shapes[i] == shapes[i+1] != same {
			t.Errorf("shapes %d: %d and %d are of the same shape: %v, expected %v", shapes, i, i+1, !same, same)
		}
	}
	if shapes[4] != shapes[6] || shapes[5] != 0 {
		t.Errorf("shapes %d", shapes)
	}
}

// What a member's first spelling had is a fault of the records that have it, and of no others.
func TestAFaultOfASpellingIsOfItsRecordsOnly(t *testing.T) {
	s := of(t, `{"\ud83d":1}`, `{"\ufffd":1}`, `{"�":1}`)
	if got, want := s.Unreadable(), (schema.Unreadable{Records: 1, LoneSurrogates: 1}); got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
}

func FuzzFollow(f *testing.F) {
	for _, line := range []string{shape, `{"Id":2,"Name":"\ud83d"}`, `{"a":[1,-0.5e-3]}`, `[[],[0.17105263157894737]]`, strings.Repeat("[", 40)} {
		f.Add([]byte(shape), []byte(line))
		f.Add([]byte(line), []byte(line))
	}
	f.Fuzz(func(t *testing.T, before, line []byte) {
		var p pair
		p.observe(t, before)
		p.observe(t, line)
		p.reset()
		p.observe(t, line)
		p.observe(t, before)
		p.observe(t, line)
	})
}
