package snapshot_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
)

// compressed is an object of a text, as another program may have made it: in two members.
func compressed(t rapid.TB, text string) io.Reader {
	t.Helper()
	var b bytes.Buffer
	for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
		w, err := stdgzip.NewWriterLevel(&b, stdgzip.HuffmanOnly)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return &b
}

func compare(t rapid.TB, dataset, before, after string) snapshot.Changes {
	t.Helper()
	c, err := snapshot.Compare(dataset, compressed(t, before), compressed(t, after))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func vanished(t rapid.TB, dataset, before, after string) int64 {
	t.Helper()
	return compare(t, dataset, before, after).Vanished
}

// oneALine are rows, from one a word.
func oneALine(words string) (text string) {
	for word := range strings.FieldsSeq(words) {
		text += word + "\n"
	}
	return text
}

// spelt are ids as one text.
func spelt(ids []json.RawMessage) string {
	var words []string
	for _, id := range ids {
		words = append(words, string(id))
	}
	return strings.Join(words, " ")
}

func TestCompareTellsWhichRowsWentAndWhichChanged(t *testing.T) {
	for _, c := range []struct {
		name, dataset, before, after string // rows, one a word
		vanished, changed            string // ids
	}{
		{"nothing", "purchases", `{"Id":1}`, `{"Id":1}`, ``, ``},
		{"one of each", "purchases", `{"Id":1} {"Id":2,"a":1} {"Id":3}`, `{"Id":3} {"Id":2,"a":2} {"Id":4}`, `1`, `2`},
		{"several, in the order of the earlier object", "customers",
			`{"Id":3} {"Id":1} {"a":1,"Id":9} {"Id":2} {"a":1,"Id":8}`, `{"a":2,"Id":8} {"a":2,"Id":9}`, `3 1 2`, `9 8`},
		{"as the vendor spelt them", "purchases", `{"Id":1.50} {"Id":"\u0061\/<&>"} {"Id":9007199254740993}`, ``,
			`1.50 "\u0061\/<&>" 9007199254740993`, ``},
		{"another spelling is another id", "purchases", `{"Id":1.0}`, `{"Id":1}`, `1.0`, ``},
		{"a member moved", "purchases", `{"Id":1,"a":1}`, `{"a":1,"Id":1}`, ``, `1`},
		{"another spelling of the name", "purchases", `{"Id":1}`, `{"ID":1}`, ``, `1`},
		{"no plain id", "purchases", `{"Id":1} {"Id":null}`, `{"Id":2}`, ``, ``},
		{"repeated ids", "purchases", `{"Id":1,"a":1} {"Id":1,"a":2}`, `{"Id":1,"a":3}`, ``, ``},
		{"repeated ids later", "purchases", `{"Id":1,"a":1}`, `{"Id":1,"a":2} {"Id":1,"a":3}`, ``, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compare(t, c.dataset, oneALine(c.before), oneALine(c.after))
			if spelt(got.VanishedIDs) != c.vanished || spelt(got.ChangedIDs) != c.changed || got.Truncated {
				t.Errorf("vanished %s, changed %s, truncated %v", spelt(got.VanishedIDs), spelt(got.ChangedIDs), got.Truncated)
			}
			if n := int64(len(got.ChangedIDs)); got.Changed != n {
				t.Errorf("%d changed, and %d ids", got.Changed, n)
			}
		})
	}
}

func TestCompareTellsAThousandIdsOfAKindAndCountsAll(t *testing.T) {
	var before, after strings.Builder
	for i := range 3100 {
		fmt.Fprintf(&before, "{\"Id\":%d}\n", i)
		if i >= 1500 && i < 3000 { // 1,600 go, 1,500 change
			fmt.Fprintf(&after, "{\"Id\":%d,\"a\":1}\n", i)
		}
	}
	c := compare(t, "purchases", before.String(), after.String())
	if c.Vanished != 1600 || c.Changed != 1500 || len(c.VanishedIDs) != 1000 || len(c.ChangedIDs) != 1000 || !c.Truncated {
		t.Errorf("%d vanished, %d ids; %d changed, %d ids; truncated %v",
			c.Vanished, len(c.VanishedIDs), c.Changed, len(c.ChangedIDs), c.Truncated)
	}
	long := `{"Id":"` + strings.Repeat("x", 300) + `"}` + "\n"
	if c := compare(t, "purchases", long, ""); c.Vanished != 1 || len(c.VanishedIDs) != 0 || !c.Truncated {
		t.Errorf("an id of 300 bytes: %d vanished, %d ids, truncated %v", c.Vanished, len(c.VanishedIDs), c.Truncated)
	}
}

func TestVanishedCountsTheRowsThatWent(t *testing.T) {
	for _, c := range []struct {
		name, dataset, before, after string // rows, one a word
		want                         int64
	}{
		{"nothing", "purchases", ``, ``, 0},
		{"only new ones", "purchases", ``, `{"Id":1} {"Id":2}`, 0},
		{"all", "purchases", `{"Id":1} {"Id":2}`, ``, 2},
		{"all, without ids", "purchases", `{"a":1} {"a":2}`, ``, 2},
		{"one, in another order", "purchases", `{"Id":1} {"Id":2} {"Id":3}`, `{"Id":3} {"Id":1}`, 1},
		{"one went and one came", "purchases", `{"Id":1} {"Id":2}`, `{"Id":1} {"Id":3}`, 1},
		{"one went and two were changed", "purchases",
			`{"Id":1,"a":1} {"Id":2,"a":1} {"Id":3,"a":1}`, `{"Id":2,"a":2} {"Id":3,"a":2}`, 1},
		{"changed, without ids", "purchases", `{"a":1} {"a":2}`, `{"a":1} {"a":3}`, 0},
		{"fewer, without ids", "purchases", `{"a":1} {"a":2} {"a":3}`, `{"a":4} {"a":5}`, 1},
		{"equal rows", "purchases", `{"a":1} {"a":1} {"a":1}`, `{"a":1}`, 2},

		{"singular with Id", "purchases",
			`{"a":1,"PurchaseId":1} {"a":1,"PurchaseId":2}`, `{"a":1,"PurchaseId":1} {"a":1,"PurchaseId":3}`, 1},
		{"singular with _id", "customers", `{"customer_id":1}`, `{"customer_id":2}`, 1},
		{"in capitals", "customers", `{"CUSTOMER_ID":1}`, `{"CUSTOMER_ID":2}`, 1},
		{"businesses", "businesses", `{"BusinessId":1}`, `{"BusinessId":2}`, 1},
		{"responses", "responses", `{"response_id":"x"}`, `{"response_id":"y"}`, 1},
		{"dataset of two words", "brand_daily", `{"brand_daily_id":1}`, `{"brand_daily_id":2}`, 1},
		{"id of something else", "purchases", `{"CustomerId":1}`, `{"CustomerId":2}`, 0},
		{"id with a line in it", "purchases", `{"i_d":1}`, `{"i_d":2}`, 0},
		{"nested id", "purchases", `{"a":{"Id":1}}`, `{"a":{"Id":2}}`, 0},
		{"escaped name", "purchases", `{"\u0049d":1}`, `{"\u0049d":2}`, 1},

		{"ids as text", "purchases", `{"Id":"a"} {"Id":"b"}`, `{"Id":"c"} {"Id":"b"}`, 1},
		{"large ids", "purchases", `{"Id":9007199254740993}`, `{"Id":9007199254740992}`, 1},
		{"id of null in one row", "purchases", `{"Id":1} {"Id":null}`, `{"Id":3} {"Id":null}`, 0},
		{"id that is an object", "purchases", `{"Id":{"a":1}}`, `{"Id":{"a":2}}`, 0},
		{"first candidate is null", "purchases", `{"Id":null,"PurchaseId":1}`, `{"Id":null,"PurchaseId":2}`, 1},
		{"a row without", "purchases", `{"Id":1} {"a":1}`, `{"Id":2} {"a":1}`, 0},
		{"repeated ids before", "purchases", `{"Id":1,"a":1} {"Id":1,"a":2}`, `{"Id":2,"a":1}`, 1},
		{"repeated ids after", "purchases", `{"Id":1}`, `{"Id":2,"a":1} {"Id":2,"a":2}`, 0},
		{"another order of members", "purchases", `{"Id":1,"PurchaseId":7} {"Id":2,"PurchaseId":8}`,
			`{"PurchaseId":7,"Id":1} {"PurchaseId":8,"Id":2}`, 0},
		{"another spelling of the name", "purchases", `{"Id":1} {"Id":2}`, `{"id":1} {"id":3}`, 1},
		{"repeated member", "purchases", `{"Id":1,"Id":2}`, `{"Id":1,"Id":3}`, 0},
		{"no objects", "purchases", `1 "a" [{"Id":1}]`, `2 "a" [{"Id":2}]`, 0},
		{"no JSON", "purchases", `{"Id" {"Id":2}`, `{"Id":3}`, 1},
		{"lone surrogates", "purchases", `{"\ud800":"\udfff","Id":1}`, `{"\ud800":"\udfff","Id":2}`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := vanished(t, c.dataset, oneALine(c.before), oneALine(c.after)); got != c.want {
				t.Errorf("of %s, with %s after: %d vanished, expected %d", c.before, c.after, got, c.want)
			}
		})
	}
}

func TestVanishedTakesALastLineWithoutItsEnd(t *testing.T) {
	c := compare(t, "purchases", "{\"Id\":1}\n{\"Id\":2}\n", "{\"Id\":1}\n{\"Id\":2}")
	if c.Vanished != 0 || c.Changed != 0 {
		t.Errorf("%d vanished, %d changed", c.Vanished, c.Changed)
	}
}

func TestVanishedReadsLinesOfAnyLength(t *testing.T) {
	for _, length := range []int{60_000, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300_000} {
		long := `{"a":"` + strings.Repeat("x", length-len(`{"a":"","Id":1}`+"\n")) + `","Id":1}` + "\n"
		if got := vanished(t, "purchases", long+`{"Id":2}`, `{"Id":2}`+"\n"); got != 1 {
			t.Errorf("a line of %d bytes: %d vanished, expected 1", len(long), got)
		}
	}
}

func TestVanishedRefusesWhatIsNoWholeObject(t *testing.T) {
	whole := func() io.Reader { return compressed(t, "{\"Id\":1}\n") }
	for name, c := range map[string]struct {
		object func() io.Reader
		want   string
	}{
		"empty":    {func() io.Reader { return strings.NewReader("") }, "expected gzip"},
		"no gzip":  {func() io.Reader { return strings.NewReader("{\"Id\":1}\n{\"Id\":2}\n") }, "gzip"},
		"cut":      {func() io.Reader { return io.LimitReader(whole(), 30) }, "EOF"},
		"cut head": {func() io.Reader { return io.LimitReader(whole(), 5) }, "EOF"},
	} {
		if got, err := snapshot.Compare("purchases", c.object(), whole()); err == nil || got.Vanished != 0 ||
			!strings.HasPrefix(err.Error(), "the earlier object: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s before: %d, %v", name, got.Vanished, err)
		}
		if got, err := snapshot.Compare("purchases", whole(), c.object()); err == nil || got.Vanished != 0 ||
			!strings.HasPrefix(err.Error(), "the later object: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s after: %d, %v", name, got.Vanished, err)
		}
	}
}

// row is a row of few ids and fewer contents, so that rows repeat and change.
type row struct {
	id    int // 0: none
	value int
}

func (r row) String() string {
	if r.id == 0 {
		return fmt.Sprintf(`{"value":%d}`, r.value)
	}
	return fmt.Sprintf(`{"value":%d,"PurchaseId":%d}`, r.value, r.id)
}

// modelChanges compares as Compare does, with maps and whole rows.
func modelChanges(before, after []row) (c snapshot.Changes) {
	plain := true
	later := map[int]row{}
	for _, rows := range [][]row{before, after} {
		clear(later)
		for _, r := range rows {
			_, repeated := later[r.id]
			plain = plain && r.id != 0 && !repeated
			later[r.id] = r
		}
	}
	if !plain {
		c.Vanished = int64(max(0, len(before)-len(after)))
		return c
	}
	for _, r := range before {
		id := json.RawMessage(strconv.Itoa(r.id))
		switch now, there := later[r.id]; {
		case !there:
			c.Vanished++
			c.VanishedIDs = append(c.VanishedIDs, id)
		case now != r:
			c.Changed++
			c.ChangedIDs = append(c.ChangedIDs, id)
		}
	}
	return c
}

func TestCompareTellsWhatASlowModelTells(t *testing.T) {
	table := rapid.Custom(func(t *rapid.T) []row {
		each := rapid.Custom(func(t *rapid.T) row {
			return row{rapid.IntRange(0, 20).Draw(t, "id"), rapid.IntRange(0, 2).Draw(t, "value")}
		})
		if rapid.Bool().Draw(t, "ids") {
			each = each.Filter(func(r row) bool { return r.id > 0 })
			return rapid.SliceOfDistinct(each, func(r row) int { return r.id }).Draw(t, "rows")
		}
		return rapid.SliceOf(each).Draw(t, "rows")
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := table.Draw(t, "before"), table.Draw(t, "after")
		if rapid.Bool().Draw(t, "some stay") {
			after = append(after, before[:len(before)/2]...)
		}
		text := func(rows []row) string {
			var b strings.Builder
			for _, r := range rows {
				fmt.Fprintln(&b, r)
			}
			return b.String()
		}
		if diff := cmp.Diff(modelChanges(before, after), compare(t, "purchases", text(before), text(after))); diff != "" {
			t.Fatalf("%s\nbefore\n%safter\n%s", diff, text(before), text(after))
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add("purchases", []byte("{\"Id\":1}\n{\"Id\":2}\n"), []byte("{\"Id\":2}\n"))
	f.Add("businesses", []byte("{\"BusinessId\":\"\\ud800\"}\n\n"), []byte("{\"a\":"))
	f.Fuzz(func(t *testing.T, dataset string, before, after []byte) {
		c := compare(t, dataset, string(before), string(after))
		if rows := int64(bytes.Count(before, []byte("\n"))) + 1; c.Vanished < 0 || c.Changed < 0 || c.Vanished+c.Changed > rows {
			t.Errorf("%d vanished and %d changed of %d", c.Vanished, c.Changed, rows)
		}
		for _, id := range slices.Concat(c.VanishedIDs, c.ChangedIDs) {
			if !bytes.Contains(before, id) || !json.Valid(id) {
				t.Errorf("%q is no id of the earlier object", id)
			}
		}
		if c := compare(t, dataset, string(before), string(before)); c.Vanished != 0 || c.Changed != 0 {
			t.Errorf("%d of an object are not in itself, %d differ", c.Vanished, c.Changed)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	text := strings.Repeat(purchase+"\n", 1000)
	object, err := io.ReadAll(compressed(b, text))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(2 * len(text)))
	for b.Loop() {
		if c, err := snapshot.Compare("purchases", bytes.NewReader(object), bytes.NewReader(object)); c.Vanished != 0 || err != nil {
			b.Fatal(c, err)
		}
	}
}
